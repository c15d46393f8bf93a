"""What a user identity has to do with how an association went."""

import pytest

import build
from dicomsniff.findings.finding import Severity
from findings.traffic import associate_ac, associate_rq, echoed, identity, identity_response, opened, released, talked
from pipeline import codes, findings_of, only
from unmarked import verdict

ASKED, SILENT = associate_rq(more=(identity(2, 1),)), associate_rq(more=(identity(2, 0),))


def rejected(*codes: int, request: bytes = SILENT) -> str:
    return verdict(
        only(talked((0, request), (1, build.associate_rj(*codes)), talk=build.Talk().open()).close().packets)
    )


@pytest.mark.parametrize(
    ("rejection", "likely"), [((1, 2, 1), "probably"), ((1, 1, 1), "perhaps"), ((1, 1, 7), ""), ((2, 3, 2), "")]
)
def test_a_refusal_without_a_reason_may_be_for_the_identity(rejection, likely):
    said = f"{likely} the user identity (a user name and passcode) was not accepted"
    assert (said in rejected(*rejection)) == bool(likely)


def test_a_refusal_of_a_call_without_identity_is_not_put_down_to_one():
    assert rejected(1, 2, 1, request=associate_rq()) == "rejected: no reason given"


@pytest.mark.parametrize("ends", [(0, build.abort()), (0, b"")], ids=["aborts", "closes"])
def test_an_identity_that_was_not_confirmed_is_why_the_requestor_broke_off(ends):
    talk = talked(ends, talk=opened(ASKED, associate_ac())) if ends[1] else opened(ASKED, associate_ac())
    association = only(talk.close().packets)
    cause = next(each for each in findings_of(association).causes if each.code == "identity-ignored")
    assert cause.severity is Severity.WARNING
    assert {each.code for each in cause.followers} & {"association-aborted", "association-not-released"}
    assert cause.message in verdict(association)


def test_an_identity_that_was_not_confirmed_and_did_not_matter_is_a_note():
    association = only(released(echoed(opened(ASKED, associate_ac()))))
    assert [each.severity for each in findings_of(association).all if each.code == "identity-ignored"] == [
        Severity.NOTE
    ]


@pytest.mark.parametrize(
    ("request_", "answer"), [(ASKED, associate_ac(more=(identity_response(),))), (SILENT, associate_ac())]
)
def test_an_identity_that_was_confirmed_or_not_to_be_is_no_cause(request_, answer):
    association = only(talked((0, build.abort()), talk=opened(request_, answer)).close().packets)
    assert "identity-ignored" not in codes(association)


def test_silence_where_an_identity_was_to_be_confirmed_is_told():
    talk = build.Talk().open()
    talk.client(ASKED)
    talk.server(b"")
    association = only(talk.close().packets)
    assert "identity-ignored" in codes(association)
    assert "perhaps it refuses the identity in silence" in verdict(association)


@pytest.mark.parametrize(
    ("request_", "turn", "told"),
    [
        (ASKED, (1, build.abort(2, 0)), True),
        (ASKED, (1, build.abort()), True),
        (ASKED, (0, build.abort()), False),
        (SILENT, (1, build.abort(2, 0)), False),
        (associate_rq(), (1, build.abort(2, 0)), False),
    ],
)
def test_an_abort_where_an_identity_was_to_be_confirmed_is_told(request_, turn, told):
    association = only(talked((0, request_), turn, talk=build.Talk().open()).end(turn[0]).packets)
    said = "perhaps it refuses, or does not know, identities"
    assert (said in verdict(association)) is told
    causes = [each for each in findings_of(association).causes if each.code == "identity-ignored"]
    assert [each.severity for each in causes] == [Severity.WARNING] * told
    assert all("aborted" in follower.code for each in causes for follower in each.followers)
