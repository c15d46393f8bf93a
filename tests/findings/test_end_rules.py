"""How associations end: whoever closed TCP first is named, not whoever noticed it."""

import pytest

import build
from dicomsniff.findings.finding import Severity
from findings.end_traffic import closed_and_aborted
from findings.traffic import IDENTIFIER, SEARCH, match, opened
from pipeline import findings_of, only
from unmarked import verdict

ENDS = ("STORESCU (10.0.0.1:40001)", "STORESCP (10.0.0.2:104)")


@pytest.mark.parametrize("closer", [0, 1])
def test_an_abort_follows_from_what_the_other_side_closed_before(closer):
    (cause,) = findings_of(only(closed_and_aborted(closer, 1 - closer))).causes
    without = "closed the TCP connection without A-RELEASE-RQ or A-ABORT"
    assert cause.message == f"{ENDS[closer]} {without}; {ENDS[1 - closer]} aborted 30.0 s later"
    assert (cause.code, cause.worst) == ("closed-before-abort", Severity.ERROR)


@pytest.mark.parametrize("aborter", [0, 1])
def test_an_abort_within_a_query_says_how_many_matches_had_come(aborter):
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_FIND)), build.associate_ac())
    talk.client(build.message(1, build.command_set(SEARCH), IDENTIFIER))
    for _ in range(3):
        talk.server(match(0xFF00, data=IDENTIFIER))
    (talk.server if aborter else talk.client)(build.abort())
    assert "a final response to C-FIND-RQ 1, after 3 matches" in verdict(only(talk.end(aborter).packets))
