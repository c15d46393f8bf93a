"""Where the time of an association or operation went -> JSON, in seconds."""

from dicomsniff.association.association import Association
from dicomsniff.association.latency import Latency
from dicomsniff.association.timing import IN_TRANSFER, STALLS, Part, Timing, operation_time
from dicomsniff.dimse.operations import Operation
from dicomsniff.export import Json, direction
from dicomsniff.findings.slowness import slow_because
from dicomsniff.quantities import in_seconds
from dicomsniff.side import SIDES, Side
from dicomsniff.words.times import nearest_side


def timing_json(association: Association) -> Json:
    """Describe where the time went, in seconds: the parts add up to `total`."""
    timing = association.timing
    return {
        "total": in_seconds(timing.total),
        "handshake": in_seconds(timing.part(Part.HANDSHAKE)),
        "negotiation": in_seconds(timing.part(Part.NEGOTIATION)),
        "requestor_thinking": in_seconds(timing.part(Part.THINKING, Side.REQUESTOR)),
        "acceptor_thinking": in_seconds(timing.part(Part.THINKING, Side.ACCEPTOR)),
        "network": in_seconds(timing.part(Part.NETWORK)),
        "idle": in_seconds(timing.part(Part.IDLE)),
        "release": in_seconds(timing.part(Part.RELEASE)),
        "after": in_seconds(timing.part(Part.AFTER)),
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
            "median": in_seconds(each.median),
            "worst": in_seconds(each.worst),
            "worst_message": each.worst_message,
        }
        for service, each in latencies.items()
    ]


def operation_timing_json(operation: Operation) -> Json:
    """Describe where an operation's time went, in seconds."""
    return {name: in_seconds(value) for name, value in operation_time(operation)._asdict().items()}


def _transfer_json(timing: Timing, side: Side) -> Json:
    rate = timing.throughput(side)
    said: Json = {part.value: in_seconds(timing.part(part, side)) for part in IN_TRANSFER}
    said["pauses"] = sum(timing.count(part, side) for part in STALLS.values())
    said["message_bytes"] = timing.bytes[side]
    said["bytes_per_second"] = None if rate is None else round(rate)
    return said
