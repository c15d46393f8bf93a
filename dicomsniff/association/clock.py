"""The times of packets, and which requests are open at each of them -> where the time went (timing.py)."""

from dicomsniff.association.association import Association
from dicomsniff.association.state import State
from dicomsniff.association.timing import IDLE, STALLS, Part, Timing
from dicomsniff.dimse.message import Message
from dicomsniff.tcp.pauses import DELAYED_ACK, Cause, note_silence
from dicomsniff.tcp.stream import Stream

_Key = tuple[bool, int]
"""Who asked (True: the requestor), and under which Message ID."""
_OF_TRANSFERS = (Cause.ROUND_TRIP, Cause.SENDER)
"""Causes that explain a pause only where a message was under way: between messages, a sender that pauses thinks."""


_REQUESTED = State.REQUESTED
_WAITING = (State.REQUESTED, State.RELEASING, State.COLLISION)
_EXCHANGING = (State.ESTABLISHED, State.UNKNOWN)
_TRANSFER, _NETWORK, _THINKING = Part.TRANSFER, Part.NETWORK, Part.THINKING
"""A module's name is found much faster than an Enum's member, and each message asks for several."""


class Clock:
    """Divides an association's time. Bytes that only continue a data set need not be told: their pauses are known.

    Before anything is decoded, `pass_time` says what the time since the last packet was spent on, by what stood open
    then; afterwards `set_underway` says what stands open now. Each moment counts once: pauses of TCP that are
    explained come first, then transfer, thinking, idling.
    """

    __slots__ = (
        "_asked",
        "_association",
        "_last",
        "_pauses",
        "_streams",
        "_taken",
        "_thought",
        "_timing",
        "_underway",
    )

    def __init__(self, association: Association, requestor: Stream) -> None:
        self._association = association
        self._timing: Timing = association.timing
        self._streams = (requestor.peer, requestor)
        """By side, like everything here that comes in pairs: the acceptor's (False), the requestor's (True)."""
        self._pauses = (requestor.peer.health.pauses, requestor.health.pauses)
        self._underway = [False, False]
        self._last: bool | None = None
        """The side that sent the last bytes."""
        self._taken = [pauses.numbers for pauses in self._pauses]
        self._thought = [0, 0]
        """Time each side thought since it last said something; what it said decides what it was about."""
        self._asked: dict[_Key, Message] = {}
        """Requests without a final response, the latest one last."""

    def open(self, opened: int | None, first: int, now: int, *, sender: bool) -> None:
        """Take the time before the association was recognized: handshake, silence, and bytes from `first` on.

        Times are in ns since 1970.
        """
        timing = self._timing
        if opened is not None:
            self._until(min(opened, first), Part.HANDSHAKE)
        if first - timing.until >= IDLE:
            self._until(first, Part.IDLE)
        self._until(first, Part.THINKING, sender)
        self._underway[sender] = True
        self.pass_time(now, sender)

    def pass_time(self, now: int, sender: bool | None) -> None:
        """Account for the time until now (ns since 1970), when `sender` sends bytes, or the connection ends (None)."""
        gap = now - self._timing.until
        if gap > 0:
            underway = True in self._underway
            if underway:
                for side in (True, False):
                    if self._underway[side] and side is not sender:
                        note_silence(self._streams[side], now)
            gap = self._take_pauses(gap)
            if underway:
                self._timing.spend(_TRANSFER, self._underway[True], gap)
            else:
                self._spend_silence(gap, sender)
            self._timing.until = now
            for pauses in self._pauses:
                pauses.counted_from = now
        if sender is not None:
            self._last = sender

    def set_underway(self, sender: bool, underway: bool) -> None:
        """Return whether a side has begun a message that it has not finished."""
        self._underway[sender] = underway

    def hear(self, message: Message) -> None:
        """Take a message: it tells what its sender thought about."""
        side, command = message.from_requestor, message.command
        thought, self._thought[side] = self._thought[side], 0
        self._timing.add_message(message)
        if not command.is_response:
            self._timing.add_wait(message, side, thought)
            if command.message_id is not None and command.name != "C-CANCEL-RQ":
                self._asked.pop((side, command.message_id), None)
                self._asked[side, command.message_id] = message
            return
        operation, latency = message.operation, message.latency
        if operation is None or latency is None or command.message_id_being_responded_to is None:
            return
        self._timing.add_wait(operation.request, side, thought)
        if operation.first_response is message and latency >= 0:
            self._timing.add_latency(command.service, latency, message.number)
        if operation.final is message:
            self._asked.pop((not side, command.message_id_being_responded_to), None)

    def finish(self) -> None:
        """End the account: nothing later belongs to the association."""
        self.pass_time(self._association.end_time, None)
        question = self._question
        if question is not None:
            side = not question.from_requestor
            self._timing.add_wait(question, side, self._thought[side], answered=False)
        self._association.end_time = max(self._association.end_time, self._timing.until)

    @property
    def _question(self) -> Message | None:
        """The latest request without a final response: it is its receiver's turn."""
        return next(reversed(self._asked.values()), None)

    def _take_pauses(self, gap: int) -> int:
        """Account for the pauses of both directions since the last time; return what is left of the gap (ns)."""
        for side in (True, False):
            now, before = self._pauses[side].numbers, self._taken[side]
            if now is before or now == before:
                continue
            self._taken[side] = now
            for cause, part in STALLS.items():
                time = min(now[len(Cause) + cause] - before[len(Cause) + cause], gap)
                if time and (self._underway[side] or cause not in _OF_TRANSFERS):
                    self._timing.spend(part, side, time, now[cause] - before[cause])
                    gap -= time
        return gap

    def _spend_silence(self, gap: int, sender: bool | None) -> None:
        """Account for a time (ns) with nothing on its way: it was one side's turn, or the association was idle."""
        timing, state = self._timing, self._association.state
        if state.is_over:
            timing.spend(Part.AFTER, None, gap)
            return
        question = self._question
        waiting = question is not None or state in _WAITING
        if not waiting and (sender is None or gap >= IDLE):
            timing.spend(Part.IDLE, None, gap)
            return
        if self._last is not None and sender is not None and self._last is not sender:
            trip = min(gap, _way(self._streams[self._last], timing.until + gap))
            timing.spend(_NETWORK, None, trip)
            gap -= trip
        if state is _REQUESTED:
            timing.spend(Part.NEGOTIATION, None, gap)
        elif question is None and state not in _EXCHANGING:
            timing.spend(Part.RELEASE, None, gap)
        else:
            thinker = bool(sender) if question is None else not question.from_requestor
            timing.spend(_THINKING, thinker, gap)
            self._thought[thinker] += gap

    def _until(self, time: int, part: Part, side: bool | None = None) -> None:
        timing = self._timing
        if time > timing.until:
            timing.spend(part, side, time - timing.until)
            timing.until = time


def _way(stream: Stream, now: int) -> int:
    """Estimate the time (ns) that a stream's last bytes, and an immediate answer to them, would spend on the way.

    That is the shortest round trip; or what the acknowledgement took, if more than any receiver holds one back: then
    the bytes stood in a queue.
    """
    health = stream.health
    trip, took = health.round_trip_time or 0, health.acked_at - health.sent_at
    known = health.acked_to >= health.sent_to and health.acked_at < now
    return took if known and took > trip + DELAYED_ACK[1] else trip
