"""Rules on data sets, asked about messages whose data set has been scanned."""

import pytest

import build
import data_sets
from dicomsniff.association.association import Association
from dicomsniff.dimse.message import DataSetInfo
from dicomsniff.dimse.scan.outline import DataSetOutline, DataSetProblem
from dicomsniff.findings import data_set_rules
from dicomsniff.findings.catalogue import RULES
from dicomsniff.findings.collector import Collector
from dicomsniff.findings.engine import find_final, find_now
from dicomsniff.findings.rule import declared_in
from findings.traffic import asked_and_answered, released, talked
from pipeline import findings_of, only, remember

OTHERWISE, NESTED = "data-set-announced-otherwise", "data-set-minor-value"
CODES = [rule.code for rule in declared_in(data_set_rules) if rule.code not in (OTHERWISE, NESTED)]


def judged(*problems: str, status: int = 0) -> Association:
    """An association with one C-STORE, whose data set has problems of these kinds."""
    found = only(asked_and_answered(build.store_rsp(1, status)))
    collector = Collector()
    remember([found], collector)
    listed = tuple(DataSetProblem(code, f"{code} at byte {at}", at) for at, code in enumerate(problems))
    outline = DataSetOutline(None, False, "", 4, 0, listed, {}, None, {}, (), {}, {}, False, "")
    for entry in found.timeline:
        if getattr(entry.event, "name", "") == "C-STORE-RQ":
            entry.event.data_set = DataSetInfo(length=4, fragments=1, outline=outline)
        find_now(collector, found, entry)
    find_final(collector, found)
    return found


def test_the_rules_are_in_the_catalogue():
    assert {rule.code for rule in RULES if rule.code.startswith("data-set-")} == {
        *CODES,
        OTHERWISE,
        NESTED,
        "data-set-missing",
        "data-set-not-allowed",
        "data-set-unannounced",
    }


@pytest.mark.parametrize("code", CODES)
def test_a_problem_of_a_data_set_is_a_finding_of_its_message(code):
    (finding,) = findings_of(judged(code)).all
    assert finding.code == code
    assert finding.message == f"C-STORE-RQ: {code} at byte 0"
    assert finding.message_number == 1


def test_a_minor_value_of_an_object_is_told_where_it_was_refused():
    assert findings_of(judged(NESTED)).all == []
    found = [each for each in findings_of(judged(NESTED, status=0xC000)).causes if each.code == "likely-reason"]
    assert [each.message for each in found] == [
        f"in the data set of C-STORE-RQ, {NESTED} at byte 0: likely why STORESCP (10.0.0.2:104) answered with a failure"
    ]


def test_a_data_set_without_problems_raises_nothing():
    assert findings_of(judged()).all == []


def test_problems_of_a_kind_are_told_once_per_data_set():
    (finding,) = findings_of(judged(*["data-set-order"] * 5)).all
    assert finding.message.endswith("at byte 0; 4 more like it")


def test_a_wrong_transfer_syntax_is_the_cause_of_what_cannot_be_read():
    (cause,) = findings_of(judged("data-set-bad-vr", "data-set-wrong-syntax", "data-set-truncated-element")).causes
    assert cause.code == "data-set-wrong-syntax"
    assert {each.code for each in cause.followers} == {"data-set-bad-vr", "data-set-truncated-element"}


def test_a_failure_follows_from_the_data_set_that_was_refused():
    (cause,) = findings_of(judged("data-set-undelimited", status=0xC000)).causes
    assert [cause.code, *(each.code for each in cause.followers)] == ["data-set-undelimited", "status-failure"]


@pytest.mark.parametrize(
    ("sop_class", "instance", "differs"),
    [
        (build.CT_IMAGE_STORAGE, "1.2.3", ""),
        (build.CT_IMAGE_STORAGE, "1.2.4", "SOP instance"),
        ("1.2.840.10008.5.1.4.1.1.4", "1.2.3", "SOP class"),
        ("1.2.840.10008.5.1.4.1.1.4", "1.2.33", "SOP class and SOP instance"),
        ("", "1.2.3", ""),  # what the data set does not say contradicts nothing
    ],
)
def test_an_object_is_the_one_its_command_names(sop_class, instance, differs):
    uids = [(0x00080016, sop_class), (0x00080018, instance)]
    padded = [(tag, uid.encode() + b"\0" * (len(uid) % 2)) for tag, uid in uids]
    data = b"".join(data_sets.bare(tag, value) for tag, value in padded) + build.pixels(100)
    refused = build.message(3, build.store_rsp(1, 0xA900 if differs else 0))
    found = only(released(talked((0, build.message(3, build.store_rq(), data)), (1, refused))))
    told = [(each.code, each.message) for finding in findings_of(found).causes for each in finding.all()]
    verb = "differ" if " and " in differs else "differs"
    which = "MR Image Storage, not CT Image Storage" if "class" in differs else "1.2.4, not 1.2.3"
    said = [(OTHERWISE, f"C-STORE-RQ: the {differs} of its data set {verb} from the command's: {which}")]
    assert told[:1] == (said if differs else [])
    assert [code for code, _ in told[1:]] == (["status-failure"] if differs else [])
    assert len(findings_of(found).causes) == bool(differs)
