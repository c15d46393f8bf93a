"""Exchanges to compare, as a good side and a bad one, and what the comparison says of them."""

from collections.abc import Iterable, Sequence

import build
from dicomsniff.comparing.comparison import compare_associations
from dicomsniff.comparing.difference import Difference, Weight
from dicomsniff.comparing.subject import Subject
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.findings.parts import plain
from findings.traffic import CT
from pipeline import analyze

MR = "1.2.840.10008.5.1.4.1.1.4"
PROPOSED = build.associate_rq(build.proposal(1), build.proposal(3, CT), build.proposal(5, MR))
ACCEPTED = build.associate_ac(build.answer(1), build.answer(3), build.answer(5))
Exchange = Sequence[tuple[bytes, bytes] | tuple[bytes, bytes, int]]
"""What the requestor says and the acceptor answers, and how long (ns) that takes it."""


def echoed(number: int = 1) -> tuple[bytes, bytes]:
    return build.message(1, build.echo_rq(number)), build.message(1, build.echo_rsp(number))


def stored(
    number: int = 1, status: int = 0, *, sop_class: str = CT, data: bytes | None = None, **more: str
) -> tuple[bytes, bytes]:
    context, instance = 3 if sop_class == CT else 5, f"1.2.3.{number}"
    asked = build.store_rq(number, instance, sop_class)
    answer = build.store_rsp(number, status, instance, sop_class, **more)
    return build.message(context, asked, data or build.pixels(20)), build.message(context, answer)


def exchanged(
    *exchange: tuple[bytes, bytes] | tuple[bytes, bytes, int],
    proposed: bytes = PROPOSED,
    answered: bytes = ACCEPTED,
    port: int = 40001,
    start: int = build.START,
) -> list[build.Packet]:
    """An association that is released."""
    talk = build.Talk(client=("10.0.0.1", port), start=start).open()
    talk.client(proposed)
    talk.server(answered)
    for asked, answer, *wait in exchange:
        talk.client(asked)
        talk.wait(sum(wait))
        talk.server(answer)
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return talk.close().packets


def subject(analyzer: Analyzer) -> Subject:
    (association,) = analyzer.associations
    return Subject(association, analyzer.found.of(association))


def differences(good: Iterable[build.Packet], bad: Iterable[build.Packet]) -> list[Difference]:
    return compare_associations(subject(analyze(good)), subject(analyze(bad)))


def lines(good: Iterable[build.Packet], bad: Iterable[build.Packet], *, weight: Weight | None = None) -> list[str]:
    """What differs, in lines; of one weight, where that is asked for."""
    found = differences(good, bad)
    return [plain(each.line) for each in found if weight in (None, each.weight)]
