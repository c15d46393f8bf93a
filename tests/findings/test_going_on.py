"""What goes on is not in trouble: how an association does that is not over, and a capture that was stopped."""

import pytest

import build
from dicomsniff.association.association import Association
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import plain
from dicomsniff.findings.verdicts import verdict as marked_verdict
from pipeline import batch
from replayed import replay

SECOND = 1_000_000_000


def asking() -> build.Talk:
    """An association in which a C-ECHO-RQ is not answered yet."""
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    talk.client(build.message(1, build.echo_rq()))
    return talk


def watched(talk: build.Talk, *, watches: bool = True) -> Analyzer:
    analyzer = Analyzer(watches=watches)
    analyzer.feed(batch(build.frames(talk.packets)))
    return analyzer


def verdict(analyzer: Analyzer, association: Association, now: int) -> str:
    return plain(marked_verdict(association, analyzer.found.of(association), now))


def test_what_is_under_way_is_said_to_go_on() -> None:
    analyzer = watched(asking())
    (association,) = analyzer.associations
    now = association.start_time + 2_300_000_000
    assert verdict(analyzer, association, now) == "going on for 2.30 s: 1 C-ECHO, no response"
    assert association.outcome == "unfinished"
    assert analyzer.found.of(association).all == []


def test_who_has_waited_long_is_said_to_wait() -> None:
    analyzer = watched(asking())
    (association,) = analyzer.associations
    now = association.end_time + 31 * SECOND
    assert "C-ECHO-RQ 1 has waited 31.0 s for its final response" in verdict(analyzer, association, now)


def test_who_waits_for_an_association_is_said_to_wait() -> None:
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    analyzer = watched(talk)
    (association,) = analyzer.associations
    now = association.end_time + 31 * SECOND
    assert "A-ASSOCIATE-RQ has waited 31.0 s for its answer" in verdict(analyzer, association, now)
    assert verdict(analyzer, association, association.end_time + SECOND).startswith("going on for 1.00 s")


@pytest.mark.parametrize(
    ("watches", "waited", "severity"),
    [(True, 2, Severity.NOTE), (True, 40, Severity.WARNING), (False, 2, Severity.WARNING)],
)
def test_a_live_capture_that_is_stopped_blames_nobody_who_may_yet_answer(
    watches: bool, waited: int, severity: Severity
) -> None:
    talk = asking()
    talk.wait(waited * SECOND)
    other = build.Talk(client=("10.9.0.1", 4711), server=("10.9.0.2", 80), start=talk.time).open()
    talk.packets += other.packets
    analyzer = watched(talk, watches=watches)
    analyzer.close()
    (association,) = analyzer.associations
    assert [(each.code, each.severity) for each in analyzer.found.of(association).all] == [
        ("capture-ends-early", severity)
    ]


@pytest.mark.parametrize(("length", "what"), [(3, "a PDU header"), (20, "A-ASSOCIATE-AC")])
def test_a_capture_that_ends_in_the_middle_of_a_pdu_says_in_which(length: int, what: str) -> None:
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac()[:length])
    analyzer = watched(talk, watches=False)
    analyzer.close()
    (association,) = analyzer.associations
    (found,) = analyzer.found.of(association).all
    before = "before an answer to A-ASSOCIATE-RQ (right after it)"
    assert plain(found.message) == f"the capture ends within {what}, {before}"


def test_what_was_going_on_when_a_live_capture_ended_is_not_in_trouble() -> None:
    capture = replay(asking().packets)
    for _ in capture.blocks():
        pass
    assert capture.analyzer.verdict == "1 association was going on when the capture ended; 1 C-ECHO"


def test_of_a_file_the_end_is_not_in_the_capture() -> None:
    analyzer = watched(asking(), watches=False)
    analyzer.close()
    assert analyzer.verdict.startswith("1 association without an end in the capture")
