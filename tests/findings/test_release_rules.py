"""Who may ask for a release, when, and who answers; each rule with the sides swapped."""

import pytest

import build
from dicomsniff.findings.finding import Severity
from findings.release_cases import ASK, ECHO, ECHOED, GRANT, TOLD, ended
from pipeline import findings_of, only


@pytest.mark.parametrize(("turns", "code", "side", "text"), [each[1:] for each in TOLD], ids=[each[0] for each in TOLD])
def test_whoever_breaks_the_rules_of_release_is_named(turns, code, side, text):
    (found,) = [each for each in findings_of(only(ended(*turns))).all if each.code == code]
    assert found.side is not None
    assert found.side.value == side
    assert text in found.message


def test_a_request_that_is_never_answered_after_an_early_release_follows_from_it():
    (finding,) = findings_of(only(ended((0, ECHO), (0, ASK), (1, GRANT)))).causes
    assert finding.code == "release-too-early"
    assert [each.code for each in finding.followers] == ["request-unanswered"]


def test_a_release_is_asked_for_many_times_and_told_once():
    found = findings_of(only(ended(*[(0, ASK)] * 67, (1, GRANT)))).all
    assert [(each.code, each.message.rpartition(" (")[2]) for each in found] == [
        ("release-repeated", "and 65 like it)")
    ]


def test_an_answer_that_the_capture_lost_makes_no_release_too_early():
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1)))
    talk.server(build.associate_ac(build.answer(1)))
    talk.client(ECHO)
    talk.lose(1, len(build.message(1, build.echo_rsp())))
    talk.acknowledge(0)
    talk.client(ASK)
    talk.server(GRANT)
    found = only(talk.close().packets)
    assert [each.code for each in findings_of(found).all if each.severity is not Severity.NOTE] == ["bytes-missing"]


def test_an_abort_after_a_second_request_to_release_follows_from_it():
    found = only(ended((0, ASK), (0, ASK), (1, build.abort(2, 2))))
    assert [(each.code, [one.code for one in each.followers]) for each in findings_of(found).causes] == [
        ("release-repeated", ["provider-aborted"])
    ]


def test_a_response_behind_the_release_follows_from_the_release_that_did_not_wait_for_it():
    (cause,) = findings_of(only(ended((0, ECHO), (0, ASK), (1, GRANT), (1, ECHOED)))).causes
    assert (cause.code, [each.code for each in cause.followers]) == ("release-too-early", ["pdata-after-release"])
