"""Times of two associations that differ by an order of magnitude."""

from collections.abc import Iterator
from statistics import median_low

from dicomsniff.association.timing import Part
from dicomsniff.comparing.difference import Difference, Kind, Weight, both
from dicomsniff.comparing.subject import Subject
from dicomsniff.dimse.message import number_of
from dicomsniff.dimse.operations import Operation
from dicomsniff.quantities import byte_size, duration
from dicomsniff.side import SIDES, Side

MAGNITUDE = 10
"""How many times longer is an order of magnitude."""
NOTICEABLE = 50_000_000
"""Time (ns) below which nobody notices how long an answer took."""
_PARTS = (
    (Part.HANDSHAKE, "TCP handshake"),
    (Part.NEGOTIATION, "answer to A-ASSOCIATE-RQ"),
    (Part.RELEASE, "answer to A-RELEASE-RQ"),
)


def compare_latencies(name: str, good: list[Operation], bad: list[Operation]) -> Iterator[Difference]:
    """Yield how long answers took, where that differs by an order of magnitude: in the middle, or at worst."""
    waits = both(_latencies, (good, bad))
    if not waits[0] or not waits[1]:
        return
    middle = both(lambda each: median_low(latency for latency, _ in each), waits)
    worst = both(lambda each: max(each, key=lambda pair: pair[0]), waits)
    numbers = number_of(worst[0][1].final), number_of(worst[1][1].final)
    if (weight := _weight_of_times(*middle)) is not None:
        said = _middle_text(middle[0], len(waits[0])), _middle_text(middle[1], len(waits[1]))
        yield Difference(Kind.LATENCY, weight, f"time to answer {name}", *said, messages=numbers)
    elif (weight := _weight_of_times(worst[0][0], worst[1][0])) is not None:
        said = both(lambda each: duration(each[0]), worst)
        yield Difference(Kind.LATENCY, weight, f"longest time to answer {name}", *said, messages=numbers)


def compare_times(good: Subject, bad: Subject) -> Iterator[Difference]:
    """Yield other times that differ by an order of magnitude: of negotiation, of pauses, of transfers."""
    timings = good.association.timing, bad.association.timing
    for part, about in _PARTS:
        spent = both(lambda each: each.part(part), timings)  # noqa: B023  called at once
        if all(spent) and (weight := _weight_of_times(*spent)) is not None:
            yield Difference(Kind.PACE, weight, f"time of {about}", *both(duration, spent))
    waits = both(lambda each: each.longest_request(Side.REQUESTOR).length, timings)
    if all(waits) and (weight := _weight_of_times(*waits)) is not None:
        yield Difference(Kind.PACE, weight, "longest time of the requestor before it asks", *both(duration, waits))
    for side in SIDES:
        rates = timings[0].throughput(side), timings[1].throughput(side)
        if rates[0] is None or rates[1] is None:
            continue
        if max(rates[0], rates[1]) >= MAGNITUDE * min(rates[0], rates[1]):
            weight = Weight.TELLING if rates[1] < rates[0] else Weight.SLIGHT
            said = f"{byte_size(int(rates[0]))}/s", f"{byte_size(int(rates[1]))}/s"
            yield Difference(Kind.PACE, weight, f"throughput of the {side.value}", *said)


def _latencies(operations: list[Operation]) -> list[tuple[int, Operation]]:
    found = [(each.final_latency, each) for each in operations]
    return [(latency, each) for latency, each in found if latency is not None and latency >= 0]


def _weight_of_times(good: int, bad: int) -> Weight | None:
    less, more = sorted((good, bad))
    if more < NOTICEABLE or more < MAGNITUDE * less:
        return None
    return Weight.TELLING if bad > good else Weight.SLIGHT


def _middle_text(time: int, count: int) -> str:
    return duration(time) + (f" (median of {count})" if count > 1 else "")
