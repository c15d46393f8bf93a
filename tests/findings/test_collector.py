"""Findings beside associations."""

import gc
import pickle
import weakref

import build
from dicomsniff.findings import collector
from dicomsniff.findings.collector import Findings, findings_of
from findings.traffic import asked_and_answered
from pipeline import analyze, only


def failed():
    return only(asked_and_answered(build.store_rsp(1, 0xA700, comment="disk full")))


def test_findings_go_with_their_association():
    association = failed()
    assert findings_of(association).all
    gc.collect()
    kept, gone = len(collector._FOUND), weakref.ref(association)
    del association
    gc.collect()
    assert gone() is None
    assert len(collector._FOUND) == kept - 1


def test_who_pickles_an_association_takes_its_findings_along():
    association = failed()
    copy = pickle.loads(pickle.dumps(association))
    assert [each.code for each in findings_of(copy).all] == [each.code for each in findings_of(association).all]
    (failure,) = [each for each in findings_of(copy).all if each.code == "status-failure"]
    assert any(failure.about is message for message in copy.messages)
    assert findings_of(copy) is not findings_of(association)


def test_links_neighbours_overview_and_findings_can_be_pickled():
    analyzer = analyze(asked_and_answered(build.store_rsp(1, 0xA700)))
    for part in (analyzer.links, analyzer.neighbours, analyzer.overview, analyzer.findings, analyzer.associations):
        pickle.loads(pickle.dumps(part))
    assert pickle.loads(pickle.dumps(analyzer.overview)).text([], []) == analyzer.overview.text([], [])


def test_an_association_without_findings_takes_no_memory_for_them():
    association = only(asked_and_answered(build.store_rsp(1, 0)))
    findings_of(association)
    assert (association in collector._FOUND) == bool(findings_of(association).all)


def test_what_is_not_listed_is_counted_by_severity():
    (failure,) = [each for each in findings_of(failed()).all if each.code == "status-failure"]
    found = Findings()
    listed = found.add([failure] * (collector.MAX_FINDINGS + 3))
    assert (len(listed), dict(found.unlisted)) == (collector.MAX_FINDINGS, {"error": 3})
