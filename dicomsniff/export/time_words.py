"""Say where the time of an association went, and why it was slow, in words and in JSON."""

from dicomsniff.association.association import Association
from dicomsniff.association.state import State
from dicomsniff.association.timing import IN_TRANSFER, STALLS, Part, Timing, operation_time
from dicomsniff.dimse.operations import Operation
from dicomsniff.export import Json
from dicomsniff.quantities import counted, duration, seconds, size
from dicomsniff.tcp.pauses import NEVER

LONG = 1_000_000_000
"""Time (ns) that something must have taken to be called slow."""
WORTH_SAYING = 100_000_000
"""Time (ns) from which on an association's time is broken down in text."""
SLOW_RATE = 1_250_000
"""Bytes per second below which a transfer is slow by itself: 10 Mbit/s."""
NEAR = 5
"""How many times nearer the capture must be to one side than to the other to say so."""
APART = 200_000
"""Round trip (ns) from side to side below which the two are as good as one place."""

_SIDES = {True: "requestor", False: "acceptor"}
_Key = tuple[Part, bool | None]


def time_text(association: Association) -> str:
    """Break an association's time down in one line; empty where it is short and nothing dominates it."""
    timing = association.timing
    if timing.total < WORTH_SAYING and not slow_because(association):
        return ""
    parts = [(time, _part_name(key, timing)) for key, time in timing.spent.items() if 50 * time >= timing.total]
    said = ", ".join(f"{name} {duration(time)}" for time, name in sorted(parts, key=lambda part: -part[0]))
    answers = [
        f"{service or 'others'} answered in {duration(each.median)} (median of {each.count}), "
        f"at worst {duration(each.worst)} (message {each.worst_message})"
        for service, each in timing.latencies.items()
        if each.count > 1
    ]
    return "; ".join([said, *answers])


def slow_because(association: Association) -> str:
    """Say in one line what took most of the time an association was busy; empty where nothing did, or it was short.

    Time before the association idled, and after it was over, is nobody's delay. A capture that misses bytes, or one
    side, cannot tell who kept whom waiting.
    """
    timing = association.timing
    busy = timing.total - timing.part(Part.IDLE) - timing.part(Part.AFTER)
    if association.missing_bytes or not _both_seen(association):
        return ""
    said = _dominating(association, busy)
    return f"slow because {said}" if said else ""


def nearest_side(association: Association) -> str:
    """Say which side the capture was made nearer to: `requestor`, `acceptor`, `between`; empty where unknown."""
    there, back = (association.tcp[side].round_trip_time if association.tcp else None for side in (True, False))
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
        "requestor_thinking": seconds(timing.part(Part.THINKING, True)),
        "acceptor_thinking": seconds(timing.part(Part.THINKING, False)),
        "network": seconds(timing.part(Part.NETWORK)),
        "idle": seconds(timing.part(Part.IDLE)),
        "release": seconds(timing.part(Part.RELEASE)),
        "after": seconds(timing.part(Part.AFTER)),
        "requestor-to-acceptor": _transfer_json(timing, from_requestor=True),
        "acceptor-to-requestor": _transfer_json(timing, from_requestor=False),
        "latency": [
            {
                "service": service,
                "count": each.count,
                "median": seconds(each.median),
                "worst": seconds(each.worst),
                "worst_message": each.worst_message,
            }
            for service, each in timing.latencies.items()
        ],
        "captured_near": nearest_side(association) or None,
        "slow_because": slow_because(association).removeprefix("slow because ") or None,
    }


def operation_timing_json(operation: Operation) -> Json:
    """Describe where an operation's time went, in seconds."""
    return {name: seconds(value) for name, value in operation_time(operation)._asdict().items()}


def _transfer_json(timing: Timing, *, from_requestor: bool) -> Json:
    rate = timing.throughput(from_requestor=from_requestor)
    said: Json = {part.value: seconds(timing.part(part, from_requestor)) for part in IN_TRANSFER}
    said["pauses"] = sum(timing.count(part, from_requestor) for part in STALLS.values())
    said["message_bytes"] = timing.bytes[from_requestor]
    said["bytes_per_second"] = None if rate is None else round(rate)
    return said


def _both_seen(association: Association) -> bool:
    tcp = association.tcp
    return all(tcp[side].sent_at != NEVER or tcp[not side].acked_at != NEVER for side in tcp)


def _dominating(association: Association, busy: int) -> str:
    """Say what took more than half of the busy time (ns), beginning with what explains it best."""
    timing = association.timing
    for part, words in _REASONS:
        spent = [(timing.part(part, side), side) for side in (True, False, None)]
        if part in STALLS.values():  # both directions of one trouble count together, the worse one is named
            spent = [(timing.part(part), max(spent[:2], key=lambda each: each[0])[1])]
        for time, side in spent:
            if time > LONG and 2 * time > busy:
                return words(association, side, _of(time, busy))
    for sender in (True, False):
        time = timing.transfer_time(from_requestor=sender)
        if time > LONG and 2 * time > busy and _rate(timing, sender) < SLOW_RATE:
            return _transferring(association, sender, _of(time, busy))
    return ""


def _of(time: int, whole: int) -> str:
    return f"{time / 1e9:.1f} of {whole / 1e9:.1f} s"


def _handshaking(_: Association, __: bool | None, time: str) -> str:
    return f"the TCP handshake took {time}"


def _negotiating(association: Association, _: bool | None, time: str) -> str:
    if association.state is State.REQUESTED:
        return f"the acceptor left A-ASSOCIATE-RQ unanswered for {time}"
    return f"the acceptor took {time} to answer A-ASSOCIATE-RQ"


def _releasing(_: Association, __: bool | None, time: str) -> str:
    return f"A-RELEASE-RQ waited {time} for an answer"


def _thinking(association: Association, side: bool | None, time: str) -> str:
    """The longest single wait, where that is most of it; else how it adds up."""
    timing, thinker = association.timing, bool(side)
    answer, request = timing.longest_answer(thinker), timing.longest_request(thinker)
    longest, who = max(answer, request), f"the {_SIDES[thinker]}"
    name = longest.name + (f" {longest.message_id}" if longest.message_id is not None else "")
    name += f" (message {longest.number})" if longest.number else ""
    what = f"to answer {name}" if longest is answer else f"before it sent {name}"
    if not longest.length:
        return f"{who} took {time} for its next step"
    if 2 * longest.length > timing.part(Part.THINKING, thinker):
        time = f"{longest.length / 1e9:.1f} of {time.partition(' of ')[2]}"
        return f"{who} took {time} {what}" if longest.answered else f"{who} left {name} unanswered for {time}"
    manner = "to answer, at most" if longest is answer else "between requests, at most"
    return f"{who} took {time} {manner} {duration(longest.length)} {'for' if longest is answer else 'before'} {name}"


def _resending(association: Association, side: bool | None, time: str) -> str:
    count = association.timing.count(Part.RETRANSMISSION)
    waits = f"{counted(count, 'wait')}"
    mostly = "mostly " if association.timing.part(Part.RETRANSMISSION, not side) else ""
    return f"{time} went by in {waits} until lost bytes were sent again, {mostly}on the way to the {_SIDES[not side]}"


def _closed(_: Association, side: bool | None, time: str) -> str:
    return f"the {_SIDES[not side]} did not read what it was sent: {time} with a closed window"


def _held_back(association: Association, side: bool | None, time: str) -> str:
    timing = association.timing
    count = timing.count(Part.DELAYED_ACK)
    pauses = sum(timing.count(part) for part in STALLS.values())
    length = round(timing.part(Part.DELAYED_ACK) / count / 1e6, -1) if count else 0
    share = f"{count} of {pauses} pauses" if count != pauses else f"all {count} pauses"
    why = (
        f"the {_SIDES[bool(side)]} holds the rest of a message back until the {_SIDES[not side]} acknowledges its start"
    )
    if 2 * timing.count(Part.DELAYED_ACK, not side) > timing.count(Part.DELAYED_ACK, side):
        why = "both sides hold the rest of a message back until the other acknowledges its start"
    return f"{share} of about {length:.0f} ms are delayed acknowledgements ({time}): {why}"


def _pausing(association: Association, side: bool | None, time: str) -> str:
    count = association.timing.count(Part.PAUSE)
    often = f" in {count} pauses" if count > 1 else ""
    return f"the {_SIDES[bool(side)]} took {time}{often} within messages that it was sending; nothing hindered it"


def _travelling(_: Association, __: bool | None, time: str) -> str:
    return f"round trips between questions and answers took {time}"


def _transferring(association: Association, side: bool, time: str) -> str:
    """Say how fast; and where more bytes under way at a time would have been faster, how many there were."""
    timing, health = association.timing, association.tcp.get(side)
    rate = _rate(timing, side)
    said = f"sending {size(timing.bytes[side])} to the {_SIDES[not side]} took {time}: {size(round(rate))}/s"
    waited = timing.part(Part.ROUND_TRIP, side)
    if health is not None and health.round_trip_time and 3 * waited > timing.transfer_time(from_requestor=side):
        trip, most = health.round_trip_time, health.max_in_flight
        if most * 1e9 / trip < 2 * rate:
            said += f", with at most {size(most)} under way in a round trip of {duration(trip)}"
    return said


def _rate(timing: Timing, side: bool) -> float:
    return timing.bytes[side] * 1e9 / (timing.transfer_time(from_requestor=side) or 1)


_REASONS = (
    (Part.HANDSHAKE, _handshaking),
    (Part.NEGOTIATION, _negotiating),
    (Part.THINKING, _thinking),
    (Part.RETRANSMISSION, _resending),
    (Part.WINDOW, _closed),
    (Part.DELAYED_ACK, _held_back),
    (Part.PAUSE, _pausing),
    (Part.NETWORK, _travelling),
    (Part.RELEASE, _releasing),
)


def _part_name(key: _Key, timing: Timing) -> str:
    part, side = key
    count = timing.pauses.get(key, 0)
    times = f" ({counted(count, 'pause')})" if count else ""
    if side is None:
        return _NAMES[part]
    if part is Part.THINKING:
        return f"{_SIDES[side]} thinking"
    return f"{_NAMES[part].format(_SIDES[side], _SIDES[not side])}{times}"


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
