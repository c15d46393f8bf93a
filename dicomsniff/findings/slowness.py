"""Why an association was slow: what took most of the time it was busy."""

from dicomsniff.association.association import Association
from dicomsniff.association.timing import STALLS, Part, Timing
from dicomsniff.findings.parts import plain, the_message, the_message_id
from dicomsniff.pdu.types import Abort
from dicomsniff.quantities import byte_size, duration
from dicomsniff.side import SIDES, Side
from dicomsniff.tcp.pauses import NEVER

LONG = 1_000_000_000
"""Time (ns) that something must have taken to be called slow."""
SLOW_RATE = 1_250_000
"""Bytes per second below which a transfer is slow by itself: 10 Mbit/s."""


def slow_because(association: Association) -> str:
    """Say in one line what took most of the time an association was busy; empty where nothing did, or it was short."""
    return plain(why_slow(association))


def why_slow(association: Association) -> str:
    """Say it as a marked line (`findings/parts.py`).

    Time before the association idled, and after it was over, is nobody's delay. A capture that misses bytes, or one
    side, cannot tell who kept whom waiting.
    """
    said = _dominating(association)
    return f"slow because {said[2]}" if said is not None else ""


def slow_part(association: Association) -> str:
    """Name what took most of the time an association was busy, as `slow_because` finds it, in a few words."""
    said = _dominating(association)
    if said is None:
        return ""
    part, side, _ = said
    return f"the {side.value} thinking" if side is not None and part is Part.THINKING else _KINDS[part]


def _both_seen(association: Association) -> bool:
    tcp = association.tcp
    return all(tcp[side].sent_at != NEVER or tcp[side.other].acked_at != NEVER for side in tcp)


def _dominating(association: Association) -> tuple[Part, Side | None, str] | None:
    """Find what took more than half of the busy time, beginning with what explains it best."""
    timing = association.timing
    if timing.total <= LONG:
        return None
    busy = timing.total - timing.part(Part.IDLE) - timing.part(Part.AFTER)
    if busy <= LONG or association.has_holes or not _both_seen(association):
        return None
    for part, said in _OF_BOTH.items():
        time = timing.part(part)
        if time > LONG and 2 * time > busy:
            return part, None, said(association, _of(time, busy))
    for part, words in _OF_ONE.items():
        spent = [(timing.part(part, side), side) for side in SIDES]
        if part in STALLS.values():  # both directions of one trouble count together, the worse one is named
            spent = [(timing.part(part), max(spent, key=lambda each: each[0])[1])]
        for time, side in spent:
            if time > LONG and 2 * time > busy:
                return part, side, words(association, side, _of(time, busy))
    for side in SIDES:
        time = timing.transfer_time(side)
        if timing.bytes[side] and time > LONG and 2 * time > busy and _rate(timing, side) < SLOW_RATE:
            return Part.TRANSFER, side, _transferring(association, side, _of(time, busy))
    return None


def _of(time: int, whole: int) -> str:
    return f"{time / 1e9:.1f} of {whole / 1e9:.1f} s"


def _handshaking(_: Association, time: str) -> str:
    return f"the TCP handshake took {time}"


def _negotiating(association: Association, time: str) -> str:
    accept = association.accept
    given_up = (each for each in association.timeline if isinstance(each.event, Abort))
    first = next((each.span.first_time for each in given_up), None)
    if accept is None or (first is not None and first < accept.span.first_time):
        return f"the acceptor left A-ASSOCIATE-RQ unanswered for {time}"
    return f"the acceptor took {time} to answer A-ASSOCIATE-RQ"


def _releasing(_: Association, time: str) -> str:
    return f"A-RELEASE-RQ waited {time} for an answer"


def _thinking(association: Association, side: Side, time: str) -> str:
    """The longest single wait, where that is most of it; else how it adds up."""
    timing = association.timing
    answer, request = timing.longest_answer(side), timing.longest_request(side)
    longest, who = max(answer, request), f"the {side.value}"
    name = longest.name + (f" {the_message_id(longest.message_id)}" if longest.message_id is not None else "")
    name += f" (message {the_message(longest.number)})" if longest.number else ""
    what = f"to answer {name}" if longest is answer else f"before it sent {name}"
    if not longest.length:
        return f"{who} took {time} for its next step"
    if 2 * longest.length > timing.part(Part.THINKING, side):
        time = f"{longest.length / 1e9:.1f} of {time.partition(' of ')[2]}"
        return f"{who} took {time} {what}" if longest.answered else f"{who} left {name} unanswered for {time}"
    manner = "to answer, at most" if longest is answer else "between requests, at most"
    return f"{who} took {time} {manner} {duration(longest.length)} {'for' if longest is answer else 'before'} {name}"


def _resending(association: Association, side: Side, time: str) -> str:
    count = association.timing.count(Part.RETRANSMISSION)
    waits = f"{count} wait{'s' * (count != 1)}"
    mostly = "mostly " if association.timing.part(Part.RETRANSMISSION, side.other) else ""
    return f"{time} went by in {waits} until lost bytes were sent again, {mostly}on the way to the {side.other.value}"


def _closed(_: Association, side: Side, time: str) -> str:
    return f"the {side.other.value} did not read what it was sent: {time} with a closed window"


def _held_back(association: Association, side: Side, time: str) -> str:
    timing = association.timing
    count = timing.count(Part.DELAYED_ACK)
    pauses = sum(timing.count(part) for part in STALLS.values())
    length = round(timing.part(Part.DELAYED_ACK) / count / 1e6, -1) if count else 0
    share = f"{count} of {pauses} pauses" if count != pauses else f"all {count} pauses"
    why = f"the {side.value} holds the rest of a message back until the {side.other.value} acknowledges its start"
    if 2 * timing.count(Part.DELAYED_ACK, side.other) > timing.count(Part.DELAYED_ACK, side):
        why = "both sides hold the rest of a message back until the other acknowledges its start"
    return f"{share} of about {length:.0f} ms are delayed acknowledgements ({time}): {why}"


def _pausing(association: Association, side: Side, time: str) -> str:
    count = association.timing.count(Part.PAUSE)
    often = f" in {count} pauses" if count > 1 else ""
    return f"the {side.value} took {time}{often} within messages that it was sending; nothing hindered it"


def _travelling(_: Association, time: str) -> str:
    return f"round trips between questions and answers took {time}"


def _transferring(association: Association, side: Side, time: str) -> str:
    """Say how fast; and where more bytes under way at a time would have been faster, how many there were."""
    timing, health = association.timing, association.tcp.get(side)
    rate = _rate(timing, side)
    said = f"sending {byte_size(timing.bytes[side])} to the {side.other.value} took {time}: {byte_size(round(rate))}/s"
    waited = timing.part(Part.ROUND_TRIP, side)
    if health is not None and health.round_trip_time and 3 * waited > timing.transfer_time(side):
        trip, most = health.round_trip_time, health.max_in_flight
        if most * 1e9 / trip < 2 * rate:
            said += f", with at most {byte_size(most)} under way in a round trip of {duration(trip)}"
    return said


def _rate(timing: Timing, side: Side) -> float:
    return timing.bytes[side] * 1e9 / (timing.transfer_time(side) or 1)


_OF_BOTH = {
    Part.HANDSHAKE: _handshaking,
    Part.NEGOTIATION: _negotiating,
    Part.NETWORK: _travelling,
    Part.RELEASE: _releasing,
}
_OF_ONE = {
    Part.THINKING: _thinking,
    Part.RETRANSMISSION: _resending,
    Part.WINDOW: _closed,
    Part.DELAYED_ACK: _held_back,
    Part.PAUSE: _pausing,
}
"""Parts of which a side says whose they are."""
_KINDS = {
    Part.HANDSHAKE: "the TCP handshake",
    Part.NEGOTIATION: "the answer to A-ASSOCIATE-RQ",
    Part.RETRANSMISSION: "lost segments",
    Part.WINDOW: "a receiver that does not read",
    Part.DELAYED_ACK: "delayed acknowledgements",
    Part.PAUSE: "a sender that pauses",
    Part.NETWORK: "round trips",
    Part.TRANSFER: "a slow path",
    Part.RELEASE: "the release",
}
