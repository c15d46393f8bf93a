"""Requests without a response: which are foreseen, which are faults."""

import build
from dicomsniff.findings.finding import Severity
from findings.traffic import COMMITMENT, SECOND, event_report, opened
from pipeline import findings_of, only


def unanswered(*turns: tuple[int, bytes], pause: int = 0) -> list[Severity]:
    """How bad it is that a request got no response, in an association of storage commitment on which this is sent."""
    talk = opened(build.associate_rq(build.proposal(1, COMMITMENT)), build.associate_ac())
    for side, data in turns:
        (talk.server if side else talk.client)(data)
        talk.wait(pause)
    association = only(talk.close().packets)
    return [finding.severity for finding in findings_of(association).all if finding.code == "request-unanswered"]


REPORT, RELEASE, RELEASED = (1, event_report()), (0, build.release_rq()), (1, build.release_rp())


def test_an_event_report_that_crosses_a_release_request_is_foreseen():
    assert unanswered(RELEASE, REPORT, RELEASED) == [Severity.NOTE]
    assert unanswered(REPORT, RELEASE, RELEASED) == [Severity.NOTE]


def test_an_event_report_that_was_known_before_the_release_is_not_answered():
    assert unanswered(REPORT, RELEASE, RELEASED, pause=SECOND) == [Severity.ERROR]


def test_another_request_that_crosses_a_release_request_is_not_foreseen():
    assert unanswered((1, build.message(1, build.echo_rq())), RELEASE, RELEASED) == [Severity.ERROR]
