"""The times of packets, and which requests are open at each of them -> where the time went (timing.py)."""

from dicomsniff.association.association import Association
from dicomsniff.association.state import State
from dicomsniff.association.timing import IDLE, STALLS, Part, Timing
from dicomsniff.capture.segments import PAUSE
from dicomsniff.dimse.message import Message
from dicomsniff.pdu.types import Abort, ControlPdu, ReleaseRq
from dicomsniff.side import SIDES, Side
from dicomsniff.tcp.channel import ByteStream
from dicomsniff.tcp.pauses import DELAYED_ACK, Cause, note_silence

_Key = tuple[Side, int]
"""Who asked, and under which Message ID."""
_OF_TRANSFERS = (Cause.ROUND_TRIP, Cause.SENDER)
"""Causes that explain a pause only where a message was under way: between messages, a sender that pauses thinks."""


_REQUESTED = State.REQUESTED
_EXCHANGING = (State.ESTABLISHED, State.UNKNOWN)
_TRANSFER, _NETWORK, _THINKING = Part.TRANSFER, Part.NETWORK, Part.THINKING
_REQUESTOR, _ACCEPTOR = Side.REQUESTOR, Side.ACCEPTOR
"""A module's name is found much faster than an Enum's member, and each message asks for several."""


class TimeAccountant:
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

    def __init__(self, association: Association, requestor: ByteStream) -> None:
        self._association = association
        self._timing: Timing = association.timing
        self._streams = {_REQUESTOR: requestor, _ACCEPTOR: requestor.peer}
        self._pauses = {side: stream.health.pauses for side, stream in self._streams.items()}
        self._underway: set[Side] = set()
        """The sides that have begun a message and not finished it."""
        self._last: Side | None = None
        """The side that sent the last bytes."""
        self._taken = {side: pauses.numbers for side, pauses in self._pauses.items()}
        self._thought = dict.fromkeys(SIDES, 0)
        """Time each side thought since it last said something; what it said decides what it was about."""
        self._asked: dict[_Key, Message] = {}
        """Requests without a final response, the latest one last."""

    def open(self, opened: int | None, first: int, now: int, side: Side) -> None:
        """Take the time before the association was recognized: handshake, silence, and bytes from `first` on.

        Times are in ns since 1970.
        """
        timing = self._timing
        if opened is not None:
            self._until(min(opened, first), Part.HANDSHAKE)
        if first - timing.until >= IDLE:
            self._until(first, Part.IDLE)
        self._until(first, Part.THINKING, side)
        self._underway.add(side)
        self.pass_time(now, side)

    def pass_time(self, now: int, side: Side | None) -> None:
        """Account for the time until now (ns since 1970), when `side` sends bytes, or the connection ends (None)."""
        gap = now - self._timing.until
        if gap > 0:
            underway = self._underway
            for each in underway:
                if each is not side:
                    note_silence(self._streams[each], now)
            gap = self._take_pauses(gap)
            if underway:
                self._timing.spend(_TRANSFER, _REQUESTOR if _REQUESTOR in underway else _ACCEPTOR, gap)
            else:
                self._spend_silence(gap, side)
            self._timing.until = now
            for pauses in self._pauses.values():
                pauses.counted_from = now
        if side is not None:
            self._last = side

    def set_underway(self, side: Side, *, underway: bool) -> None:
        """Note whether a side has begun a message that it has not finished."""
        if underway:
            self._underway.add(side)
        else:
            self._underway.discard(side)

    def hear(self, message: Message) -> None:
        """Take a message: it tells what its sender thought about."""
        side, command = message.side, message.command
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
            self._timing.add_wait(message, side, thought)
            return
        self._timing.add_wait(operation.request, side, thought)
        final = operation.final is message
        if latency >= 0 and (final or operation.first_response is message):
            self._timing.add_latency(command.service, latency, message.number, final=final)
        if final:
            self._asked.pop((side.other, command.message_id_being_responded_to), None)

    def hear_pdu(self, pdu: ControlPdu, side: Side) -> None:
        """Take a PDU other than P-DATA-TF: it tells too what its sender thought about."""
        thought, self._thought[side] = self._thought[side], 0
        if isinstance(pdu, ReleaseRq):
            self._timing.add_end(pdu.name, side, thought)
        elif isinstance(pdu, Abort) and self._question is not None:
            self._timing.add_wait(self._question, side, thought, answered=False)
        elif isinstance(pdu, Abort):
            # Nobody was to say anything: it waited, and then gave up.
            self._timing.rebook(_THINKING, Part.IDLE, side, thought)

    def finish(self) -> None:
        """End the account: nothing later belongs to the association."""
        self.pass_time(self._association.end_time, None)
        question = self._question
        if question is not None:
            side = question.side.other
            self._timing.add_wait(question, side, self._thought[side], answered=False)
        self._association.end_time = max(self._association.end_time, self._timing.until)

    @property
    def _question(self) -> Message | None:
        """The latest request without a final response: it is its receiver's turn."""
        return next(reversed(self._asked.values())) if self._asked else None

    def _take_pauses(self, gap: int) -> int:
        """Account for the pauses of both directions since the last time; return what is left of the gap (ns)."""
        for side, pauses in self._pauses.items():
            now, before = pauses.numbers, self._taken[side]
            if now is before or now == before:
                continue
            self._taken[side] = now
            for cause, part in STALLS.items():
                time = min(now[len(Cause) + cause] - before[len(Cause) + cause], gap)
                if time and (side in self._underway or cause not in _OF_TRANSFERS):
                    self._timing.spend(part, side, time, now[cause] - before[cause])
                    gap -= time
        return gap

    def _spend_silence(self, gap: int, side: Side | None) -> None:
        """Account for a time (ns) with nothing on its way: it was one side's turn, or the association was idle."""
        timing, state = self._timing, self._association.state
        if state.is_over:
            timing.spend(Part.AFTER, None, gap)
            return
        question = self._question
        waiting = question is not None or state is _REQUESTED or state.is_releasing
        if not waiting and (side is None or gap >= IDLE):
            timing.spend(Part.IDLE, None, gap)
            return
        if self._last is not None and side is not None and self._last is not side:
            trip = min(gap, _way(self._streams[self._last], timing.until + gap))
            timing.spend(_NETWORK, None, trip)
            gap -= trip
        if question is not None:
            thinker: Side | None = question.side.other
            gap -= self._spend_closed(question.side, gap)
        else:
            thinker = side if state in _EXCHANGING else None
        if state is _REQUESTED:
            timing.spend(Part.NEGOTIATION, None, gap)
        elif thinker is None:
            timing.spend(Part.RELEASE, None, gap)
        else:
            timing.spend(_THINKING, thinker, gap)
            self._thought[thinker] += gap

    def _spend_closed(self, asker: Side, gap: int) -> int:
        """Account for the time (ns) in which nobody thought about a request: its receiver did not read what it got."""
        until = self._timing.until
        closed = min(gap, self._streams[asker].health.closed_within(until, until + gap))
        if closed < PAUSE:
            return 0
        self._timing.spend(Part.WINDOW, asker, closed, 1)
        return closed

    def _until(self, time: int, part: Part, side: Side | None = None) -> None:
        timing = self._timing
        if time > timing.until:
            timing.spend(part, side, time - timing.until)
            timing.until = time


def _way(stream: ByteStream, now: int) -> int:
    """Estimate the time (ns) that a stream's last bytes, and an immediate answer to them, would spend on the way.

    That is the shortest round trip; or what the acknowledgement took, if more than any receiver holds one back: then
    the bytes stood in a queue.
    """
    health = stream.health
    trip, took = health.round_trip_time or 0, health.acked_at - health.sent_at
    known = health.acked_to >= health.sent_to and health.acked_at < now
    return took if known and took > trip + DELAYED_ACK[1] else trip
