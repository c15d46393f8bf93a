"""Say where the time of an association went, how its TCP connection fared, and when an answer came."""

from typing import NamedTuple

from dicomsniff.association.association import Association
from dicomsniff.association.timing import Part, Timing
from dicomsniff.findings.slowness import slow_because
from dicomsniff.quantities import counted, duration
from dicomsniff.side import SIDES, Side
from dicomsniff.tcp.health import StreamHealth

WORTH_SAYING = 100_000_000
"""Time (ns) from which on an association's time is broken down in text."""
NEAR = 5
"""How many times nearer the capture must be to one side than to the other to say so."""
APART = 200_000
"""Round trip (ns) from side to side below which the two are as good as one place."""


def time_text(association: Association) -> str:
    """Break an association's time down in one line; empty where it is short and nothing dominates it."""
    timing = association.timing
    if not all(map(association.hears, SIDES)):
        return ""  # who knows when the other side said what?
    if timing.total < WORTH_SAYING and not slow_because(association):
        return ""
    said = ", ".join(f"{name} {duration(time)}" for name, time, _ in time_parts(timing) if 50 * time >= timing.total)
    answers = [
        f"{service or 'others'} answered in {duration(each.median)} (median of {each.count}), "
        f"at worst {duration(each.worst)} (message {each.worst_message}){_first_text(timing, service)}"
        for service, each in timing.latencies.items()
        if each.count > 1
    ]
    return "; ".join([said, *answers])


class TimePart(NamedTuple):
    """What some of an association's time (ns) was spent on, and its share of the whole (0 to 1)."""

    name: str
    time: int
    share: float


class Answers(NamedTuple):
    """How long the answers to one service took, in ns: half, and 9 of 10, took no longer than this.

    `message` is the number of the one that took longest.
    """

    service: str
    number: int
    median: int
    ninth: int
    worst: int
    message: int


def time_parts(timing: Timing) -> list[TimePart]:
    """Name what an association's time was spent on, the longest part first."""
    total = max(timing.total, 1)
    parts = [TimePart(part_name(*key, timing), time, time / total) for key, time in timing.spent.items()]
    return sorted(parts, key=lambda part: -part.time)


def answers(timing: Timing) -> list[Answers]:
    """Return how long answers took, service by service."""
    return [
        Answers(service or "others", each.count, each.median, each.percentile(90), each.worst, each.worst_message)
        for service, each in timing.latencies.items()
    ]


def _first_text(timing: Timing, service: str) -> str:
    """Say when the first of several responses came."""
    first = timing.first_latencies.get(service)
    return f"; the first of several responses after {duration(first.median)}" if first is not None else ""


def nearest_side(association: Association) -> str:
    """Say which side the capture was made nearer to: `requestor`, `acceptor`, `between`; empty where unknown."""
    there, back = (association.tcp[side].round_trip_time if association.tcp else None for side in SIDES)
    if there is None or back is None or there + back < APART:
        return ""
    if there > NEAR * back:
        return "requestor"
    return "acceptor" if back > NEAR * there else "between"


def latency_text(latency: int | None) -> str:
    """Say when an answer began (ns after the last byte of its request); a peer may answer before the request's end."""
    if latency is None:
        return ""
    when = "after the request" if latency >= 0 else "before the request ended"
    return f"{duration(abs(latency))} {when}"


def tcp_text(health: StreamHealth) -> str:
    """Say how TCP fared in one direction, where it is worth saying; empty where it is not."""
    counts = (
        (health.retransmitted, "segment sent again", "segments sent again"),
        (health.out_of_order, "segment out of order", "segments out of order"),
        (health.duplicate_acks, "duplicate acknowledgement", "duplicate acknowledgements"),
        (health.zero_windows, "time the receiver's window was closed", "times the receiver's window was closed"),
        (health.missing, "byte missing", "bytes missing"),
    )
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)


def part_name(part: Part, side: Side | None, timing: Timing) -> str:
    """Name a part of the time, and how many pauses it is made of."""
    count = timing.pauses.get((part, side), 0)
    times = f" ({counted(count, 'pause')})" if count else ""
    if side is None:
        return _NAMES[part]
    if part is Part.THINKING:
        return f"{side.value} thinking"
    return f"{_NAMES[part].format(side.value, side.other.value)}{times}"


_NAMES = {
    Part.HANDSHAKE: "TCP handshake",
    Part.NEGOTIATION: "negotiation",
    Part.NETWORK: "round trips between turns",
    Part.TRANSFER: "transfer to the {1}",
    Part.RETRANSMISSION: "waiting for what the {0} sent again",
    Part.WINDOW: "waiting for the {1} to read",
    Part.DELAYED_ACK: "waiting for delayed acknowledgements of the {1}",
    Part.ROUND_TRIP: "waiting for acknowledgements of the {1}",
    Part.PAUSE: "{0} pausing while sending",
    Part.IDLE: "idle",
    Part.RELEASE: "release",
    Part.AFTER: "after the end",
}
