"""Say where the time of an association went, and why it was slow, in words and in JSON."""

from dicomsniff.association.association import Association
from dicomsniff.association.latency import Latency
from dicomsniff.association.timing import IN_TRANSFER, STALLS, Part, Timing, operation_time
from dicomsniff.dimse.operations import Operation
from dicomsniff.export import Json, direction
from dicomsniff.findings.slowness import slow_because
from dicomsniff.quantities import counted, duration, seconds
from dicomsniff.side import SIDES, Side

WORTH_SAYING = 100_000_000
"""Time (ns) from which on an association's time is broken down in text."""
NEAR = 5
"""How many times nearer the capture must be to one side than to the other to say so."""
APART = 200_000
"""Round trip (ns) from side to side below which the two are as good as one place."""

_Key = tuple[Part, Side | None]


def time_text(association: Association) -> str:
    """Break an association's time down in one line; empty where it is short and nothing dominates it."""
    timing = association.timing
    if timing.total < WORTH_SAYING and not slow_because(association):
        return ""
    parts = [(time, _part_name(key, timing)) for key, time in timing.spent.items() if 50 * time >= timing.total]
    said = ", ".join(f"{name} {duration(time)}" for time, name in sorted(parts, key=lambda part: -part[0]))
    answers = [
        f"{service or 'others'} answered in {duration(each.median)} (median of {each.count}), "
        f"at worst {duration(each.worst)} (message {each.worst_message}){_first_text(timing, service)}"
        for service, each in timing.latencies.items()
        if each.count > 1
    ]
    return "; ".join([said, *answers])


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


def timing_json(association: Association) -> Json:
    """Describe where the time went, in seconds: the parts add up to `total`."""
    timing = association.timing
    return {
        "total": seconds(timing.total),
        "handshake": seconds(timing.part(Part.HANDSHAKE)),
        "negotiation": seconds(timing.part(Part.NEGOTIATION)),
        "requestor_thinking": seconds(timing.part(Part.THINKING, Side.REQUESTOR)),
        "acceptor_thinking": seconds(timing.part(Part.THINKING, Side.ACCEPTOR)),
        "network": seconds(timing.part(Part.NETWORK)),
        "idle": seconds(timing.part(Part.IDLE)),
        "release": seconds(timing.part(Part.RELEASE)),
        "after": seconds(timing.part(Part.AFTER)),
        **{direction(side): _transfer_json(timing, side) for side in SIDES},
        "latency": _latency_json(timing.latencies),
        "first_response_latency": _latency_json(timing.first_latencies),
        "captured_near": nearest_side(association) or None,
        "slow_because": slow_because(association).removeprefix("slow because ") or None,
    }


def _latency_json(latencies: dict[str, Latency]) -> list[Json]:
    return [
        {
            "service": service,
            "count": each.count,
            "median": seconds(each.median),
            "worst": seconds(each.worst),
            "worst_message": each.worst_message,
        }
        for service, each in latencies.items()
    ]


def operation_timing_json(operation: Operation) -> Json:
    """Describe where an operation's time went, in seconds."""
    return {name: seconds(value) for name, value in operation_time(operation)._asdict().items()}


def _transfer_json(timing: Timing, side: Side) -> Json:
    rate = timing.throughput(side)
    said: Json = {part.value: seconds(timing.part(part, side)) for part in IN_TRANSFER}
    said["pauses"] = sum(timing.count(part, side) for part in STALLS.values())
    said["message_bytes"] = timing.bytes[side]
    said["bytes_per_second"] = None if rate is None else round(rate)
    return said


def _part_name(key: _Key, timing: Timing) -> str:
    part, side = key
    count = timing.pauses.get(key, 0)
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
