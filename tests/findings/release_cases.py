"""For every rule on releases the smallest traffic that raises it, and some that just does not."""

from collections.abc import Callable

import build
from findings.traffic import COMMITMENT, event_report, event_report_rsp, opened, talked

ASK, GRANT = build.release_rq(), build.release_rp()
ECHO, ECHOED = build.message(1, build.echo_rq()), build.message(1, build.echo_rsp())


def ended(*turns: tuple[int, bytes], talk: build.Talk | None = None) -> list[build.Packet]:
    return talked(*turns, talk=talk).close().packets


def _reported_late() -> list[build.Packet]:
    """The acceptor's event report crosses the requestor's A-RELEASE-RQ (PS3.4 J.3.3.1.2)."""
    talk = opened(build.associate_rq(build.proposal(1, COMMITMENT)), build.associate_ac())
    return ended((1, event_report()), (0, ASK), (0, event_report_rsp()), (1, GRANT), talk=talk)


def closed_before(asks: bytes, *, reset: bool, side: int = 0) -> list[build.Packet]:
    """A side asks to release and closes at once; the answer comes all the same."""
    talk = talked((side, asks))
    talk.finish(side)
    (talk.client if side else talk.server)(GRANT)
    if reset:
        return talk.reset(side).packets
    talk.finish(1 - side)
    return talk.packets


def partly_refused() -> build.Talk:
    return opened(answer=build.associate_ac(build.answer(1), build.answer(3, 3)))


CASES: dict[str, tuple[Callable[[], list[build.Packet]], Callable[[], list[build.Packet]]]] = {
    "release-too-early": (
        lambda: ended((0, ECHO), (0, ASK), (1, ECHOED), (1, GRANT)),
        lambda: ended((0, ECHO), (1, ECHOED), (0, ASK), (1, GRANT)),
    ),
    "release-by-acceptor": (
        lambda: ended((1, ASK), (0, GRANT)),
        lambda: ended((0, ASK), (1, ASK), (0, GRANT), (1, GRANT)),
    ),
    "release-repeated": (
        lambda: ended((0, ASK), (0, ASK), (0, ASK), (1, GRANT)),
        lambda: ended((0, ASK), (1, ASK), (0, GRANT), (1, GRANT)),
    ),
    "release-answer-order": (
        lambda: ended((0, ASK), (1, ASK), (1, GRANT), (0, GRANT)),
        lambda: ended((1, ASK), (0, ASK), (0, GRANT), (1, GRANT)),
    ),
    "release-not-awaited": (
        lambda: closed_before(ASK, reset=True),
        lambda: ended((0, ASK), (1, GRANT)),
    ),
    "released-unused": (
        lambda: ended((0, ASK), (1, GRANT), talk=partly_refused()),
        lambda: ended((0, ECHO), (1, ECHOED), (0, ASK), (1, GRANT), talk=partly_refused()),
    ),
    "release-collision": (
        lambda: ended((0, ASK), (1, ASK), (0, GRANT), (1, GRANT)),
        lambda: ended((0, ASK), (0, ASK), (1, GRANT)),
    ),
}

TOLD = [
    # what is sent, and what is found of it, in order: code, whose, text
    ("the acceptor releases while it is asked", [(0, ECHO), (1, ASK), (1, ECHOED), (0, GRANT)], "release-too-early",
     "acceptor", "C-ECHO-RQ 1 waited for its response; only the requestor may begin a release"),
    ("the acceptor releases while it asks", [(1, ECHO), (1, ASK), (0, ECHOED), (0, GRANT)], "release-too-early",
     "acceptor", "C-ECHO-RQ 1 was outstanding"),
    ("the requestor releases and is never answered", [(0, ECHO), (0, ASK), (1, GRANT)], "release-too-early",
     "requestor", "C-ECHO-RQ 1 was outstanding"),
    ("two requests are open", [(0, ECHO), (0, build.message(1, build.echo_rq(2))), (0, ASK), (1, GRANT)],
     "release-too-early", "requestor", "C-ECHO-RQ 1 and 1 other request was outstanding"),
    ("the acceptor asks thrice", [(1, ASK), (1, ASK), (1, ASK), (0, GRANT)], "release-repeated", "acceptor",
     "sent A-RELEASE-RQ again, before an answer to the first (and 1 like it)"),
    ("data follows the sender's own request to release", [(0, ASK), (0, ECHO), (1, GRANT)], "pdata-after-release",
     "requestor", "sent P-DATA-TF after its own A-RELEASE-RQ"),
    ("the acceptor's data follows its own request to release", [(1, ASK), (1, ECHO), (0, GRANT)],
     "pdata-after-release", "acceptor", "sent P-DATA-TF after its own A-RELEASE-RQ"),
]  # fmt: skip
