"""Rules on data sets, asked about messages whose data set has been scanned."""

from types import SimpleNamespace

import pytest

import build
from dicomsniff.association.association import Association
from dicomsniff.findings.catalogue import RULES
from dicomsniff.findings.data_set_rules import RULES as DATA_SET_RULES
from dicomsniff.findings.engine import find_final, find_now
from findings.traffic import asked_and_answered
from pipeline import only

CODES = [rule.code for rule in DATA_SET_RULES]


def judged(*problems: str, status: int = 0) -> Association:
    """An association with one C-STORE, whose data set has problems of these kinds."""
    found = only(asked_and_answered(build.store_rsp(1, status)))
    found.found.clear()
    found.findings.clear()
    listed = [SimpleNamespace(code=code, text=f"{code} at byte {at}", offset=at) for at, code in enumerate(problems)]
    outline = SimpleNamespace(problems=tuple(listed))
    for entry in found.timeline:
        if getattr(entry.event, "name", "") == "C-STORE-RQ":
            entry.event.data_set = SimpleNamespace(length=4, fragments=1, missing=0, outline=outline)
        find_now(found, entry)
    find_final(found)
    return found


def test_the_rules_are_in_the_catalogue():
    assert {rule.code for rule in RULES if rule.code.startswith("data-set-")} == {
        *CODES,
        "data-set-missing",
        "data-set-unannounced",
    }


@pytest.mark.parametrize("code", CODES)
def test_a_problem_of_a_data_set_is_a_finding_of_its_message(code):
    (finding,) = judged(code).found
    assert finding.code == code
    assert finding.message == f"C-STORE-RQ: {code} at byte 0"
    assert finding.message_number == 1


def test_a_data_set_without_problems_raises_nothing():
    assert judged().found == []


def test_problems_of_a_kind_are_told_once_per_data_set():
    (finding,) = judged(*["data-set-order"] * 5).found
    assert finding.message.endswith("at byte 0; 4 more like it")


def test_a_wrong_transfer_syntax_is_the_cause_of_what_cannot_be_read():
    (cause,) = judged("data-set-bad-vr", "data-set-wrong-syntax", "data-set-truncated-element").findings
    assert cause.code == "data-set-wrong-syntax"
    assert {each.code for each in cause.followers} == {"data-set-bad-vr", "data-set-truncated-element"}


def test_a_failure_follows_from_the_data_set_that_was_refused():
    (cause,) = judged("data-set-undelimited", status=0xC000).findings
    assert [cause.code, *(each.code for each in cause.followers)] == ["data-set-undelimited", "status-failure"]
