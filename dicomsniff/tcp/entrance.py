"""Where connections wait for the first bytes of both sides: most of a mirror port carry nothing that anybody reads.

Such a connection, told by the first bytes of both sides, is counted, and no more is made of it than a `Guest`; its
packets are not even handed on by whoever decodes frames. Of any other one, all segments that came so far go to the
tracker, in their order, as soon as anything is not plain: bytes that may be wanted, a hole, a segment sent again, an
end. So what is found out about it is the same as if it had not waited.
"""

from collections import deque
from collections.abc import Callable
from re import Pattern

from msgspec import Struct

from dicomsniff.capture.segments import ACK, CONTROL, ENDS, FIN, RST, SYN, Segment, alone, reverse_flow
from dicomsniff.dictionary.pdu_types import PDU_TYPES
from dicomsniff.span import PacketMark
from dicomsniff.tcp.connection import LINGER, MAX_CLOSED, MAX_CONNECTIONS, TcpTracker
from dicomsniff.tcp.events import TcpEvent
from dicomsniff.tcp.repeats import BEHIND, BOTH_SIDES, Repeat, Repeats
from dicomsniff.tcp.source import SEQUENCE_MASK

MAX_WAITING = 2_000
"""Connections that wait at a time; beyond, the tracker takes the oldest."""
MAX_SEGMENTS = 16
"""Segments of each that wait; with more of them the tracker takes it."""
MAX_BYTES = 1 << 14
"""Bytes of their payload: the same."""
_ASSOCIATE_RQ = 1
"""With this byte begins whoever asks for an association (PS3.8 §9.3.2)."""


class Unread(Struct, frozen=True):
    """What a connection carries of which nothing is read."""

    protocol: str
    """Its name; empty where that is unknown."""
    alarm: Pattern[bytes] | None = None
    """How bytes look because of which it is read after all; None where no bytes are looked at any more."""
    settled: Pattern[bytes] | None = None
    """How a segment of either side begins once no such bytes can come from that."""


Judge = Callable[[bytes, bytes, bytes], Unread | None]
"""Says what a connection carries: of the flow of whoever opened it, by the first bytes of whoever spoke first and of
the other side; None where it is to be read."""


class Guest:
    """A connection that waits, or that is counted."""

    __slots__ = (
        "begins",
        "ended",
        "flows",
        "last_time",
        "number",
        "reaches",
        "said",
        "segments",
        "settled",
        "size",
        "unread",
    )

    def __init__(self, number: int, flow: bytes, seq: int) -> None:
        self.number = number
        self.flows = (flow, reverse_flow(flow))
        """Of whoever opened it, and of the other side."""
        self.segments: list[Segment] = []
        self.reaches = [(seq + 1) & SEQUENCE_MASK, -1]
        """The next sequence number of each side; -1, which none has, before its SYN."""
        self.begins = (self.reaches[0], -1)
        """The first one behind its SYN."""
        self.said: dict[int, bytes] = {}
        """The first bytes of the sides, in the order in which they came."""
        self.unread: Unread | None = None
        """What it carries, once both have said something."""
        self.size = 0
        """Bytes of what both said so far."""
        self.settled = self.ended = 0
        """A bit for each side that is settled, or that sent FIN; all after a RST."""
        self.last_time = 0
        """When (ns since 1970) it was closed."""


class Entrance:
    """Takes all segments; those of connections that somebody reads go on to the tracker.

    `judge` says which these are, but for those that `is_wanted` anyway, as their flow tells. `count` is told, when one
    of the others is over, what it carried, and the flow of whoever opened it.
    """

    def __init__(
        self,
        tracker: TcpTracker,
        judge: Judge,
        is_wanted: Callable[[bytes], bool],
        count: Callable[[str, bytes], None],
    ) -> None:
        self._tracker = tracker
        self._judge = judge
        self._is_wanted = is_wanted
        self._tell = count
        self._waiting: dict[bytes, Guest] = {}
        self.counted: dict[bytes, Guest] = {}
        """Open connections of which only SYN, FIN and RST matter, by the flows of both sides."""
        self._closed: dict[bytes, Guest] = {}
        """Those of them that are closed, and remembered for a while as the tracker remembers others."""
        self._closing: deque[Guest] = deque()

    def feed(self, segment: Segment) -> list[TcpEvent]:
        """Take a segment; return what the tracker can hand on."""
        flow, repeats = segment[3], self._tracker.repeats
        if repeats is not None:
            if repeats.candidate is not None:
                repeats.settle()
            if (repeat := repeats.waiting.get(flow)) is not None:
                return self._repeat(repeats, repeat, segment)
        stream = self._tracker.streams.get(flow)
        if stream is not None:
            if repeats is not None and flow in repeats.learning:
                repeats.watch(segment, stream.connection)
            return self._tracker.feed(segment)
        events = self.pass_time(segment[1]) if segment[6] & ENDS else []
        guest = self._waiting.get(flow)
        if guest is not None:
            return events if self._may_wait(guest, segment) else events + self._go(guest, segment)
        guest = self.counted.get(flow) or self._closed.get(flow)
        if guest is not None and self._is_of(guest, segment):
            return events
        return events + self._enter(segment)

    def pass_time(self, time: int) -> list[TcpEvent]:
        """It is `time` (ns since 1970) by now: let go of connections that were closed long before."""
        closing = self._closing
        while closing and (time - closing[0].last_time > LINGER or len(closing) > MAX_CLOSED):
            self._forget(closing.popleft())
        return self._tracker.pass_time(time)

    @property
    def is_over(self) -> bool:
        """Whether no connection is followed."""
        return not self._waiting and not self.counted and not self._closed and self._tracker.is_over

    def close(self, count: int | None = None) -> list[TcpEvent]:
        """The capture is over: end all connections, or of those that are read the `count` that were opened first."""
        events: list[TcpEvent] = []
        while self._waiting:
            events += self._leave(next(iter(self._waiting.values())))
        for guest in {*self.counted.values(), *self._closed.values()}:
            self._forget(guest)
        return events + self._tracker.close(count)

    def _enter(self, segment: Segment) -> list[TcpEvent]:
        """Take a segment of an unknown connection: one that begins here may wait."""
        flow, control, start, end, cut = segment[3], segment[6], *segment[9:]
        tracker = self._tracker
        if control & CONTROL != SYN or start != end or cut or tracker.table.is_on_shelf(flow) or self._is_wanted(flow):
            return tracker.feed(segment)
        events: list[TcpEvent] = []
        if len(self._waiting) >= 2 * MAX_WAITING:
            events += self._leave(next(iter(self._waiting.values())))
        if len(self.counted) >= 2 * MAX_CONNECTIONS:
            tracker.given_up += 1
            self._forget(next(iter(self.counted.values())))
        tracker.connections += 1
        repeats = tracker.repeats
        if repeats is not None and (repeat := repeats.begin(tracker.connections, segment)) is not None:
            events += tracker.make_room()
            repeats.wait(repeat)
            return events
        self._wait(tracker.connections, segment)
        return events

    def _wait(self, number: int, segment: Segment) -> Guest:
        """Let a connection wait that begins with this segment."""
        guest = Guest(number, segment[3], segment[4])
        guest.segments.append(alone(segment))
        for each in guest.flows:
            self._waiting[each] = guest
        return guest

    def _repeat(self, repeats: Repeats, repeat: Repeat, segment: Segment) -> list[TcpEvent]:
        """Take a segment of a connection that goes as another one went, so far."""
        events = self.pass_time(segment[1]) if segment[6] & ENDS or repeat.ended else []
        if repeat.dropped:
            return events + self.feed(segment)
        if not repeats.goes_on(repeat, segment):
            return events + self._diverge(repeats, repeat, segment)
        if repeat.ended == BOTH_SIDES and not repeat.lingers:
            repeat.lingers = True
            self._tracker.closing.append(repeat)
        return events

    def _diverge(self, repeats: Repeats, repeat: Repeat, segment: Segment) -> list[TcpEvent]:
        """Take a segment of a connection that does not go on as others did."""
        if repeat.silent:
            # Nobody has said anything yet: it may carry anything.
            first, *others = repeat.segments()
            repeats.leave(repeat)
            guest = self._wait(repeat.number, first)
            for each in others:
                self._may_wait(guest, each)
            return [] if self._may_wait(guest, segment) else self._go(guest, segment)
        self._tracker.follow(repeat)
        repeats.follow(repeat)
        return self._follow(segment)

    def _go(self, guest: Guest, segment: Segment) -> list[TcpEvent]:
        """Hand a connection over to the tracker that waits no longer because of a segment."""
        events = self._leave(guest)
        repeats, data, start, end = self._tracker.repeats, *segment[8:11]
        if repeats is not None and start < end and data[start] == _ASSOCIATE_RQ:
            repeats.learn(guest.number, guest.segments)
        return events + self._follow(segment)

    def _follow(self, segment: Segment) -> list[TcpEvent]:
        stream, repeats = self._tracker.streams.get(segment[3]), self._tracker.repeats
        if repeats is not None and stream is not None:
            repeats.watch(segment, stream.connection)
        return self._tracker.feed(segment)

    def _may_wait(self, guest: Guest, segment: Segment) -> bool:
        """Take a segment of a connection that waits, if it is as plain as those before."""
        _, _, _, flow, seq, ack, control, _, data, start, end, cut = segment
        side, flags, reaches = int(flow == guest.flows[1]), control & CONTROL, guest.reaches
        guest.size += end - start
        if guest.size > MAX_BYTES or len(guest.segments) >= MAX_SEGMENTS:
            return False
        if cut or not flags & ACK or 0 < (ack - reaches[1 - side]) & SEQUENCE_MASK < BEHIND:
            return False  # an answer to bytes that have not come is no plain case
        if flags & SYN:
            if flags != SYN | ACK or not side or reaches[1] >= 0 or start != end:
                return False
            reaches[1] = (seq + 1) & SEQUENCE_MASK
            guest.begins = (reaches[0], reaches[1])
        elif seq != reaches[side] or (flags != ACK and guest.unread is None):
            return False
        if start < end and not self._hears(guest, side, data[start:end]):
            return False
        reaches[side] = (reaches[side] + end - start + bool(flags & FIN)) & SEQUENCE_MASK
        guest.segments.append(alone(segment))
        if flags != ACK:
            self._note_end(guest, side, flags, segment[1])
        elif guest.unread is not None and guest.settled == BOTH_SIDES:
            guest.said, guest.segments = {}, []
            self._move(guest, self._waiting, self.counted)
        return True

    def _hears(self, guest: Guest, side: int, said: bytes) -> bool:
        """Take what a side says; return whether that leaves it to be counted, as far as is known."""
        unread = guest.unread
        if unread is None:
            # What may begin a PDU is judged by whoever reads it.
            if side in guest.said or said[0] in PDU_TYPES:
                return False
            guest.said[side] = said
            if len(guest.said) < len(guest.flows):
                return True
            unread = guest.unread = self._judge(guest.flows[0], *guest.said.values())
            if unread is not None and unread.alarm is None:
                guest.settled = BOTH_SIDES
            return unread is not None
        if unread.alarm is not None and unread.alarm.search(said):
            return False
        if unread.settled is not None and unread.settled.match(said):
            guest.settled |= 1 << side
        return True

    def _is_of(self, guest: Guest, segment: Segment) -> bool:
        """Take a segment of a connection that is counted, unless another one begins on the same ends."""
        _, time, _, flow, seq, _, control, _, _, _, _, _ = segment
        side = int(flow == guest.flows[1])
        is_past = guest.ended == BOTH_SIDES and time - guest.last_time > LINGER
        if is_past or (control & SYN and (seq + 1) & SEQUENCE_MASK != guest.begins[side]):
            self._forget(guest)
            return False
        self._note_end(guest, side, control, time)
        return True

    def _note_end(self, guest: Guest, side: int, control: int, time: int) -> None:
        before, guest.last_time = guest.ended, max(guest.last_time, time)
        guest.ended |= BOTH_SIDES if control & RST else (1 << side if control & FIN else 0)
        if guest.ended == BOTH_SIDES != before:
            self._move(guest, self.counted if guest.flows[0] in self.counted else self._waiting, self._closed)
            guest.said, guest.segments = {}, []
            self._closing.append(guest)

    def _move(self, guest: Guest, old: dict[bytes, Guest], new: dict[bytes, Guest]) -> None:
        for each in guest.flows:
            new[each] = old.pop(each)

    def _leave(self, guest: Guest) -> list[TcpEvent]:
        """Hand a connection that waits over to the tracker."""
        for each in guest.flows:
            del self._waiting[each]
        first = guest.segments[0]
        events = self._tracker.open(guest.number, first[3], first[4], PacketMark(*first[:3]))
        for segment in guest.segments:
            events += self._tracker.feed(segment)
        return events

    def _forget(self, guest: Guest) -> None:
        """A counted connection is over, unless it was already."""
        flows = self._closed if guest.ended == BOTH_SIDES else self.counted
        if guest.unread is not None and flows.get(guest.flows[0]) is guest:
            for each in guest.flows:
                del flows[each]
            self._tell(guest.unread.protocol, guest.flows[0])
