"""TCP segments -> connections, and the bytes of their two streams in order."""

from collections import deque
from typing import TYPE_CHECKING, Any

from dicomsniff.capture.segments import (
    ACK,
    CONTROL,
    DOUBLED,
    ENDS,
    FIN,
    PAUSE,
    RST,
    SYN,
    Segment,
    alone,
    reverse_flow,
    syn_options,
)
from dicomsniff.span import PacketMark
from dicomsniff.tcp.events import ConnectionGone, RepeatGone, StreamBytes, StreamEnd, TcpEvent
from dicomsniff.tcp.pauses import NEVER, note_pause
from dicomsniff.tcp.repeats import Repeat, Repeats
from dicomsniff.tcp.source import SEQUENCE_MASK
from dicomsniff.tcp.stream import MAX_WINDOW, SEGMENTS_BEFORE_GAP, WAIT_BEFORE_GAP, Stream
from dicomsniff.tcp.table import BARE, ConnectionTable

if TYPE_CHECKING:
    from dicomsniff.tcp.shelf import Beside

LINGER = 5_000_000_000
"""Capture time (ns) for which a closed connection is remembered: late copies of its packets open no new one."""
MAX_CLOSED = 1000
"""Closed connections remembered at a time; beyond, the oldest is forgotten before its time."""
MAX_CONNECTIONS = 50_000
"""Connections followed at a time; beyond, the oldest is given up."""
MAX_HELD_TOGETHER = 64 << 20
"""Bytes of memory for segments of all connections that came out of order; beyond, what is missing is given up."""
MAX_WAITING = 64
"""Segments of a connection kept back while a hole before them may still be filled.

A hole is given up after SEGMENTS_BEFORE_GAP segments of its own direction; this bounds the other direction.
"""


class Connection:
    """Both directions of one TCP connection."""

    __slots__ = (
        "closed",
        "consumer",
        "dropped",
        "first_mark",
        "held",
        "holed",
        "latest_time",
        "number",
        "opener",
        "replaced_by",
        "reset",
        "streams",
        "waiting",
        "weight",
    )

    def __init__(self, number: int, first: Stream, second: Stream, mark: PacketMark) -> None:
        self.number = number
        """How many were opened before it in the capture, itself included."""
        self.consumer: Any = None
        """What takes its bytes, of the next stage, which TCP knows nothing of."""
        self.weight = BARE
        """About how many kilobytes it takes, with what the next stage keeps of it."""
        self.held = 0
        """Bytes of memory that its segments take which came out of order."""
        self.streams = (first, second)
        first.peer, second.peer = second, first
        first.connection = second.connection = self
        self.opener: Stream | None = None
        """The stream of whoever sent the first SYN; None where no handshake was captured."""
        self.first_mark = mark
        self.holed: Stream | None = None
        """The stream with a hole that the other side answered; nothing overtakes it while it may be filled."""
        self.waiting: list[Segment] = []
        self.closed = False
        self.latest_time = 0
        """The latest time (ns since 1970) that a packet had which was looked at with care; times may go back."""
        self.reset = False
        self.dropped = False
        self.replaced_by = 0
        """The packet with which another connection of the same ends began before it was over; 0 where none did."""

    @property
    def last_mark(self) -> PacketMark:
        """Its last packet."""
        return max(self.first_mark, self.streams[0].last_mark, self.streams[1].last_mark)

    @property
    def last_time(self) -> int:
        """When its last packet was captured (ns)."""
        return max(self.streams[0].last_time, self.streams[1].last_time)

    def dissolve(self) -> None:
        """Nobody follows it any more: let go of what refers to each other, so that its memory is free at once."""
        self.consumer = self.opener = self.holed = None
        for stream in self.streams:
            del stream.peer, stream.connection

    @property
    def opened_at(self) -> int | None:
        """When the handshake was over (ns since 1970), as far as it was captured; None where it was not."""
        answer = self.opener.peer if self.opener is not None else None
        if answer is None or answer.syn_time is None:
            return None
        return answer.syn_time + (answer.health.handshake_time or 0)


class TcpTracker:
    """Follows every connection of a capture.

    After each event its consumer says, through `Stream.skip`, which of the following bytes it will only
    count; segments that hold nothing else need not be fed (see SegmentDecoder). What is kept `beside` connections
    leaves memory with them.
    """

    def __init__(self, beside: "Beside | None" = None) -> None:
        self.table = ConnectionTable(beside)
        """The connections that are followed."""
        self.streams = self.table.streams
        self.closing: deque[Connection | Repeat] = deque()
        """Those that closed, which linger: late segments may still come."""
        self.repeats: Repeats | None = None
        """Connections that are not followed as long as they go as others did, but count as those that are."""
        self.connections = 0
        self.given_up = 0
        """Connections dropped because more than MAX_CONNECTIONS were open."""
        self._catches_up = False
        """Whether it is given what came before, so that no time passes."""

    def feed(self, segment: Segment) -> list[TcpEvent]:
        """Take a segment; return what can be handed on."""
        number, time, record_offset, flow, seq, ack, flags, window, data, start, end, cut = segment
        stream = self.streams.get(flow)
        if stream is None or seq != stream.expected or flags & CONTROL != ACK or cut:
            return self._consider(segment, stream)
        peer = stream.peer
        if start < end and ack != peer.expected and _is_ahead(ack, peer.expected):
            return self._consider(segment, stream)  # an answer to bytes that have not come is no plain case
        if time < peer.last_time or time < stream.last_time:
            stream.went_back(max(peer.last_time, stream.last_time) - time)
        stream.last_packet, stream.last_time, stream.last_record_offset = number, time, record_offset
        stream.segments += 1
        offset = stream.offset
        stream.offset = offset + end - start
        stream.expected = (seq + end - start) & SEQUENCE_MASK
        peer.acknowledge(ack, window, time, plain=start == end)
        if start == end:
            return []
        health = stream.health
        if time - health.sent_at >= PAUSE and health.sent_at != NEVER:
            note_pause(stream, time, end - start)
        health.sent(offset, data[start:end], time)
        return [StreamBytes(stream, offset, data, start, end, PacketMark(number, time, record_offset))]

    @property
    def is_over(self) -> bool:
        """Whether no connection is followed."""
        return not len(self.table) and not (self.repeats is not None and self.repeats.waiting)

    def close(self, count: int | None = None) -> list[TcpEvent]:
        """The capture is over: hand on what is held, and end all connections, or the `count` that were opened first."""
        events: list[TcpEvent] = []
        ended = 0
        while ended != count:
            first = self.repeats.oldest() if self.repeats is not None else None
            connection = self.table.oldest(first.number if first is not None else None)
            if connection is not None:
                events += self._drop(connection)
            elif first is not None:
                self._let_go(first, events)
            else:
                break
            ended += 1
        return events

    def pass_time(self, time: int) -> list[TcpEvent]:
        """It is `time` (ns since 1970) by now: let go of connections that were closed long before."""
        events: list[TcpEvent] = []
        closing = self.closing if not self._catches_up else ()
        while closing and (closing[0].dropped or time - closing[0].latest_time > LINGER or len(closing) > MAX_CLOSED):
            self._let_go(closing.popleft(), events)
        return events

    def _consider(self, segment: Segment, stream: Stream | None, *, fills: bool = False) -> list[TcpEvent]:
        """Take a segment that is not just the next bytes of a known stream; one that fills a hole waits for nothing."""
        number, time, record_offset, flow, seq, ack, flags, window, data, start, end, cut = segment
        mark = PacketMark(number, time, record_offset)
        # This path is right for every segment; `feed` is its short cut for what arrives in order: without it, `show`
        # takes 1.10 times the CPU on many C-ECHOs, 1.06 times on short associations. A short cut would overtake
        # whatever waits here, so `expected` is -1 (no sequence number) until nothing does.
        events = self.pass_time(time)
        if stream is None and (stream := self.table.wake(flow)) is not None and self.table.is_heavy:
            events += self.relieve(stream.connection)
        if flags & SYN and stream is not None and _is_new(stream, seq, flags):
            stream.connection.closed = True  # whoever opens another one has closed this one, seen or not
            stream.connection.replaced_by = number
            events += self._drop(stream.connection)
            stream = None
        if stream is None or stream.connection.dropped:
            self.connections += 1
            events += self.open(self.connections, flow, seq, mark)
            stream = self.streams[flow]
        connection, peer = stream.connection, stream.peer
        if connection.holed is not None:
            return events + self._behind_hole(connection, connection.holed, segment)
        for each in (stream, peer):
            if time < each.last_time and number > each.last_packet:
                stream.went_back(each.last_time - time)
        stream.last_packet, stream.last_time, stream.last_record_offset = number, time, record_offset
        connection.latest_time = max(connection.latest_time, time)
        if stream.segments == 0 and not stream.anchored and stream.acked is None:
            # The first number seen stands for byte 0, so that offsets can be told before the true start is known.
            # A later SYN, or a byte before it, moves it.
            stream.initial_sequence = seq
        stream.segments += 1
        if flags & SYN:
            self._synchronize(stream, segment)
            seq = (seq + 1) & SEQUENCE_MASK
        if flags & ACK:
            plain = start == end and not cut and not flags & ENDS
            peer.acknowledge(ack, window, time, plain=plain)
            if plain and stream.anchored and stream.offset_of(seq) == stream.offset - 1:
                stream.health.probed(time)
        elif peer.health.probes:
            peer.health.probes = 0  # a reset answers them, too
        # The bytes that this segment acknowledges were sent before it, though the capture lacks some of them so far.
        # Handing on its data now would put an answer before its request, so both directions wait for a moment.
        if start < end and peer.hole and not fills:
            events += peer.settle(time)
            if peer.hole:
                connection.holed, connection.waiting = peer, [alone(segment)]
                stream.expected = peer.expected = -1
                return events
        if peer.held and not peer.anchored:
            events += peer.settle(time)  # what this segment answers comes before it
        if not stream.anchored and not stream.held and _begins_association(data, start, end):
            stream.anchor(seq)
        events += stream.receive(seq, data, start, end, cut, mark)
        if flags & FIN and stream.fin is None:
            stream.fin = stream.offset_of(seq) + end - start + cut
            if not stream.anchored and not stream.held:
                stream.anchor((stream.initial_sequence + stream.fin) & SEQUENCE_MASK)
        final = bool(flags & RST)
        events += stream.settle(time, final=final) if stream.held or final else []
        events += peer.settle(time, final=final) if peer.held or final else []
        if final or stream.fin is not None or peer.fin is not None:
            events += self._endings(connection, stream, mark, reset=final)
        # Out-of-order data may fit behind any next segment, so both directions are looked at with care until none is
        # held. A stream without an anchor or after its end has no next byte that could be expected.
        careful = bool(stream.held or peer.held)
        if careful or connection.held:
            self.table.count_held(connection)
            while self.table.held > MAX_HELD_TOGETHER and (stream.held or peer.held):
                events += (stream if stream.held else peer).settle(time, give_up=True)
                self.table.count_held(connection)
        for each in (stream, peer):
            plain = each.anchored and not careful and not each.ended
            each.expected = (each.initial_sequence + each.offset) & SEQUENCE_MASK if plain else -1
        return events

    def _behind_hole(self, connection: Connection, holed: Stream, segment: Segment) -> list[TcpEvent]:
        """Take a segment while an answer waits for what it answers: it fills the hole, or waits too for a while."""
        _, time, _, flow, seq, _, flags, _, _, start, end, cut = segment
        first = holed.offset_of(seq)
        if flow == holed.flow and first <= holed.offset < first + end - start + cut:
            waiting, connection.waiting, connection.holed = connection.waiting, [], None
            events = self._consider(segment, self.streams.get(flow), fills=True)
            return events + self._take_waiting(waiting)
        connection.waiting.append(alone(segment))
        self.table.count_held(connection)
        later = sum([each[3] == holed.flow for each in connection.waiting])
        patient = later < SEGMENTS_BEFORE_GAP and time - connection.waiting[0][1] <= WAIT_BEFORE_GAP
        room = len(connection.waiting) < MAX_WAITING and self.table.held <= MAX_HELD_TOGETHER
        if patient and room and not flags & (SYN | RST):
            return []
        return self._give_up_hole(connection, holed)

    def _give_up_hole(self, connection: Connection, holed: Stream) -> list[TcpEvent]:
        """Nothing fills the hole: report it, and take what waited."""
        waiting, connection.waiting, connection.holed = connection.waiting, [], None
        # What waits of the direction with the hole is not missing: the hole ends where it begins.
        begins = [holed.offset_of(each[4]) for each in waiting if each[3] == holed.flow and each[9] < each[10]]
        end = min((offset for offset in begins if offset > holed.offset), default=None)
        return holed.settle(waiting[-1][1], give_up=True, end=end) + self._take_waiting(waiting)

    def _take_waiting(self, waiting: list[Segment]) -> list[TcpEvent]:
        events: list[TcpEvent] = []
        for segment in waiting:
            events += self._consider(segment, self.streams.get(segment[3]))
        return events

    def make_room(self) -> list[TcpEvent]:
        """Another connection is about to be opened: give up the oldest where there are too many."""
        waiting = self.repeats.waiting if self.repeats is not None else ()
        if len(self.table) + len(waiting) // 2 < MAX_CONNECTIONS:
            return []
        oldest, first = self.table.give_way(), self.repeats.first if self.repeats is not None else None
        if first is not None and (oldest is None or first.number < oldest.number):
            self.given_up += 1
            self.follow(first)
            return self.end(first.flow)
        self.given_up += oldest is not None
        return self._drop(oldest) if oldest is not None else []

    def follow(self, repeat: Repeat) -> None:
        """Follow a connection that waited: take all that came of it.

        Events are handed on at once, as what takes them looks at where TCP stands.
        """
        assert self.repeats is not None
        self.repeats.leave(repeat)
        closing, place = self.closing, None
        if repeat.lingers and repeat in closing:
            place = closing.index(repeat)
            del closing[place]
        before, self._catches_up = self._catches_up, True
        self.repeats.take(self.open(repeat.number, repeat.flow, repeat.reaches[0], repeat.mark))
        for segment in repeat.segments():
            self.repeats.take(self.feed(segment))
        self._catches_up = before
        if repeat.lingers and closing and closing[-1] is self.streams[repeat.flow].connection:
            connection = closing.pop()  # it closed when it closed, and not just now
            if place is not None:
                closing.insert(place, connection)

    def open(self, number: int, flow: bytes, seq: int, mark: PacketMark) -> list[TcpEvent]:
        """Follow the connection that is number `number` of all, and was first seen with a segment of `flow`."""
        events: list[TcpEvent] = []
        events += self.make_room()
        stream = Stream(flow, seq, mark.time)
        peer = Stream(reverse_flow(flow), 0, mark.time)
        stream.health.remembers = peer.health.remembers = self.table.history
        self.table.add(Connection(number, stream, peer, mark))
        return events + self.relieve(stream.connection) if self.table.is_heavy else events

    def relieve(self, busy: Connection | None = None) -> list[TcpEvent]:
        """Take less memory: closed connections linger no longer, and others, but for a `busy` one, go on the shelf."""
        events: list[TcpEvent] = []
        while self.closing:
            self._let_go(self.closing.popleft(), events)
        for connection in self.table.relieve(busy):
            self.given_up += 1
            events += self._drop(connection)
        return events

    def _synchronize(self, stream: Stream, segment: Segment) -> None:
        """SYN: the stream begins one after its sequence number; SYN+ACK says where the other one began."""
        time, seq, ack, flags = segment[1], segment[4], segment[5], segment[6]
        connection, peer, again = stream.connection, stream.peer, stream.syn_seen
        if again and stream.syn_time is not None and time - stream.syn_time < DOUBLED:
            stream.health.twice()
            stream.health.captured_twice = True
            return
        stream.syn_seen = True
        stream.syn_time = time
        stream.health.synchronized(time, again=again)
        size, scale = syn_options(segment)
        stream.health.maximum_segment_size = size
        peer.health.set_window(scale or 0, size)
        if not stream.anchored:
            if stream.segments == 1:
                stream.initial_sequence = (seq + 1) & SEQUENCE_MASK
            stream.anchor((seq + 1) & SEQUENCE_MASK)
        if flags & ACK:
            connection.opener = connection.opener or peer
            if peer.syn_time is not None and time >= peer.syn_time:
                peer.health.handshake_time = time - peer.syn_time
            if not peer.anchored:
                peer.anchor(ack)
        else:
            connection.opener = connection.opener or stream

    def _endings(self, connection: Connection, stream: Stream, mark: PacketMark, *, reset: bool) -> list[TcpEvent]:
        events: list[TcpEvent] = []
        for each in connection.streams:
            if each.fin is not None and each.offset >= each.fin and not each.ended and each.anchored:
                each.ended = "FIN"
                events.append(StreamEnd(each, "FIN", mark))
        if reset and not (connection.reset and stream.ended):
            connection.reset = True
            stream.ended = stream.ended or "RST"
            events.append(StreamEnd(stream, "RST", mark))
        if not connection.closed and (connection.reset or all(each.ended for each in connection.streams)):
            connection.closed = True
            connection.latest_time = max(connection.latest_time, connection.last_time)
            self.closing.append(connection)
        return events

    def _let_go(self, closed: Connection | Repeat, events: list[TcpEvent]) -> None:
        """A connection lingers no longer: tell of it after other events."""
        if isinstance(closed, Connection):
            events += self._drop(closed)
        elif closed.dropped or self.repeats is None:
            return
        elif closed.is_told:
            self.repeats.leave(closed, told=True)
            events.append(RepeatGone(closed))
        else:
            self.repeats.take(events[:])
            events.clear()
            if not closed.dropped:  # by what took these
                self.follow(closed)
            events += self.end(closed.flow)

    def follow_all(self) -> None:
        """Follow every connection that waits."""
        for repeat in dict.fromkeys(self.repeats.waiting.values()) if self.repeats is not None else ():
            if not repeat.dropped:
                self.follow(repeat)

    def end(self, flow: bytes) -> list[TcpEvent]:
        """Follow the connection of a flow no longer."""
        stream = self.streams.get(flow)
        return self._drop(stream.connection) if stream is not None else []

    def _drop(self, connection: Connection) -> list[TcpEvent]:
        if connection.dropped:
            return []
        events: list[TcpEvent] = []
        while connection.holed is not None:
            events += self._give_up_hole(connection, connection.holed)
        for stream in connection.streams:
            events += stream.settle(stream.last_time, give_up=True) if stream.hole else []
        if connection.dropped:  # by a SYN of another connection, which had waited behind the hole
            return events
        connection.dropped = True
        self.table.remove(connection)
        for stream in connection.streams:
            events += stream.settle(stream.last_time, final=True)
            events += self._endings(connection, stream, connection.last_mark, reset=False)
        return [*events, ConnectionGone(connection)]


def _is_ahead(ack: int, expected: int) -> bool:
    """Whether an acknowledgement is beyond the bytes that have come; unknown (-1) is not."""
    return expected >= 0 and 0 < (ack - expected) & SEQUENCE_MASK <= MAX_WINDOW


def _is_new(stream: Stream, seq: int, flags: int) -> bool:
    """Whether a SYN opens another connection on the same ends, rather than repeating or arriving late."""
    connection = stream.connection
    begins = (seq + 1) & SEQUENCE_MASK
    if not stream.anchored:
        return connection.closed
    if begins == stream.initial_sequence:
        return False
    # A capture may show the first data before the SYN that preceded it.
    late = (stream.initial_sequence - begins) & SEQUENCE_MASK
    return stream.syn_seen or connection.closed or late > 1 << 20 or bool(flags & ACK and stream.peer.syn_seen)


def _begins_association(data: bytes, start: int, end: int) -> bool:
    """Whether bytes look like the beginning of an A-ASSOCIATE-RQ or -AC (PS3.8 §9.3.2): then nothing preceded them."""
    return (
        end - start >= 10 and data[start] in (1, 2) and data[start + 1] == 0 and data[start + 2 : start + 4] == b"\0\0"
    )
