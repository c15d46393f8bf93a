"""Findings beside associations."""

import gc
import pickle

import build
from dicomsniff.findings import collector
from dicomsniff.findings.collector import Collector, Findings
from findings.traffic import asked_and_answered
from pipeline import analyze

FAILING = build.store_rsp(1, 0xA700, comment="disk full")


def test_findings_are_there_as_long_as_their_association():
    analyzer = analyze(asked_and_answered(FAILING))
    (association,) = analyzer.associations
    found = analyzer.found.of(association)
    assert found.all
    assert analyzer.found.of(association) is found
    analyzer.pop_closed()
    del association
    gc.collect()
    assert pickle.loads(pickle.dumps(analyzer.found)).__getstate__() == []


def test_two_analyzers_know_nothing_of_each_other():
    analyzer = analyze(asked_and_answered(FAILING))
    (association,) = analyzer.associations
    assert analyzer.found.of(association).all
    assert Collector().of(association).all == []


def test_findings_are_pickled_with_their_associations():
    analyzer = analyze(asked_and_answered(FAILING))
    (association,) = analyzer.associations
    copy, found = pickle.loads(pickle.dumps((association, analyzer.found)))
    codes = [each.code for each in analyzer.found.of(association).all]
    assert [each.code for each in found.of(copy).all] == codes
    (failure,) = [each for each in found.of(copy).all if each.code == "status-failure"]
    assert any(failure.about is message for message in copy.messages)
    assert found.of(association).all == []


def test_links_neighbours_overview_and_findings_can_be_pickled():
    analyzer = analyze(asked_and_answered(FAILING))
    for part in (analyzer.links, analyzer.neighbours, analyzer.overview, analyzer.findings, analyzer.associations):
        pickle.loads(pickle.dumps(part))
    assert pickle.loads(pickle.dumps(analyzer.overview)).text([], []) == analyzer.overview.text([], [])


def test_asking_about_an_association_takes_no_memory():
    analyzer = analyze(asked_and_answered(build.store_rsp(1, 0)))
    (association,) = analyzer.associations
    found = Collector()
    assert found.of(association).all == []
    assert found.__getstate__() == []


def test_what_is_not_listed_is_counted_by_severity():
    analyzer = analyze(asked_and_answered(FAILING))
    (association,) = analyzer.associations
    (failure,) = [each for each in analyzer.found.of(association).all if each.code == "status-failure"]
    found = Findings()
    listed = found.add([failure] * (collector.MAX_FINDINGS + 3))
    assert (len(listed), dict(found.unlisted)) == (collector.MAX_FINDINGS, {"error": 3})
