"""One direction of a TCP connection: segments in any order -> its bytes in order, gaps reported (RFC 9293 §3.10)."""

from bisect import insort
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dicomsniff.capture.segments import DOUBLED, NO_ANSWERS, PAUSE, Answered, Answers, RunPause
from dicomsniff.capture.skip import Skip, Unreadable
from dicomsniff.span import PacketMark
from dicomsniff.tcp.events import StreamBytes, StreamConflict, StreamGap, TcpEvent
from dicomsniff.tcp.health import StreamHealth
from dicomsniff.tcp.pauses import NEVER, Cause, is_full, note_pause, note_sent_again
from dicomsniff.tcp.source import SEQUENCE_MASK, TcpSource

if TYPE_CHECKING:
    from dicomsniff.tcp.connection import Connection

MAX_HELD = 4 << 20
"""Bytes of out-of-order data kept per direction; beyond, what is missing before them is given up."""
MAX_HELD_SEGMENTS = 4096
"""Out-of-order segments kept per direction, however short."""
HELD_OVERHEAD = 256
"""Bytes of memory that an out-of-order segment takes beside its own."""
SEGMENTS_BEFORE_GAP = 3
"""How many later segments are waited for a byte that was acknowledged before it was seen.

The receiver had it, so the sender does not send it again; only a capture that reorders packets can still bring it.
"""
WAIT_BEFORE_GAP = 200_000_000
"""ns of capture time after which an acknowledged byte is no longer waited for, for the same reason."""
WAIT_ONE_WAY = 1_000_000_000
"""The same (ns) where the other direction is not in the capture.

Without acknowledgements, a hole may be a loss on the way that a retransmission still fills, so the wait is longer.
"""
MAX_WINDOW = 1 << 30
"""Bytes that may be under way at a time (RFC 7323 §2.3)."""
UNANCHORED_SEGMENTS = 8
"""Segments awaited for a handshake or an earlier byte in a stream whose beginning was not captured."""

Held = tuple[int, int, bytes, int, PacketMark]
"""(offset, order of arrival, bytes, bytes cut off by the capture, packet)."""


class Stream:
    """One direction: `offset` bytes of it have been handed on, byte 0 having sequence number `initial_sequence`."""

    __slots__ = (
        "_source",
        "acked",
        "anchored",
        "answered",
        "arrivals",
        "connection",
        "copies",
        "ended",
        "expected",
        "fin",
        "flow",
        "health",
        "held",
        "held_bytes",
        "held_since",
        "initial_sequence",
        "last_copy",
        "last_packet",
        "last_record_offset",
        "last_time",
        "noticed",
        "offset",
        "passed_since",
        "peer",
        "segments",
        "skip",
        "syn_seen",
        "syn_time",
    )

    peer: "Stream"
    connection: "Connection"

    def __init__(self, flow: bytes, seq: int, time: int) -> None:
        self.flow = flow
        self.initial_sequence = seq
        self._source: TcpSource | None = None
        self.offset = 0
        self.expected = -1
        """The sequence number that needs no thought; -1 while every segment does."""
        self.copies = self.last_copy = 0
        """Packets that were captured twice among those only counted, and the last of them; 0 where all are reported."""
        self.answered: Answered | None = None
        """What the other side acknowledged in packets that were only counted, and are not reported yet."""
        self.passed_since = 0
        """The first packet that was only counted and is not reported yet; 0 where there is none."""
        self.skip: Skip | None = None
        """What of the next bytes the consumer only counts; TCP may pass over it without an event."""
        self.anchored = False
        """Whether `initial_sequence` is known to be where the stream (or what is captured of it) begins."""
        self.syn_seen = False
        self.syn_time: int | None = None
        self.held: list[Held] = []
        self.held_bytes = 0
        self.held_since = 0
        self.arrivals = 0
        self.acked: int | None = None
        """The other side has confirmed everything before this offset."""
        self.noticed = (-1, PacketMark(0, 0, 0))
        """Where it stood when bytes from there on were first acknowledged unseen, and by which packet."""
        self.fin: int | None = None
        self.ended = ""
        self.segments = 0
        self.health = StreamHealth()
        self.last_packet = self.last_record_offset = 0
        self.last_time = time

    @property
    def source(self) -> TcpSource:
        """What its offsets count in, for whoever wants to find its bytes again."""
        if self._source is None:
            self._source = TcpSource(self.flow, self.initial_sequence)
        return self._source

    @property
    def held_cost(self) -> int:
        """About how many bytes of memory the segments take that came out of order."""
        return self.held_bytes + HELD_OVERHEAD * len(self.held)

    @property
    def last_mark(self) -> PacketMark:
        """The last packet of this direction."""
        return PacketMark(self.last_packet, self.last_time, self.last_record_offset)

    @property
    def latest_time(self) -> int:
        """When the last packet of its connection was captured (ns since 1970)."""
        return max(self.last_time, self.peer.last_time)

    def passed_over(
        self,
        since: int,
        time: int,
        record_offset: int,
        ack: int,
        window: int,
        lengths: tuple[int, int],
        pauses: Sequence[RunPause],
        short: bytes,
    ) -> None:
        """Update the stream after a run of segments whose payload was only counted (see Flow.passed_over)."""
        health = self.health
        if since < self.last_time or time < since:
            self.went_back(max(self.last_time - since, since - time))
        self.last_time, self.last_record_offset = time, record_offset
        if since - health.sent_at >= PAUSE:
            self._resume(since, lengths[0])
        unreadable = self.skip.unreadable if self.skip is not None else None
        if unreadable is not None:
            self._passed_unreadable(unreadable, since, lengths[0])
        for pause in pauses:
            if unreadable is not None:
                unreadable.pass_time(pause.since)
            # Nothing arrived that told the sender to go on.
            if self.peer.segments and not is_full(self, pause.length):
                health.pauses.add(Cause.SENDER, pause.since, pause.until)
            if unreadable is not None:
                unreadable.pass_time(pause.until)
        health.sent_at, health.sent_to, health.sent_length = time, self.offset, lengths[1]
        health.short = short
        self.peer.acknowledge(ack, window, time, plain=False)
        if self.peer.hole:
            self.expected = self.peer.expected = -1  # an answer to bytes that have not come is no plain case
        if unreadable is not None:
            unreadable.pass_time(time)

    def answers(self) -> Answers:
        """Return which packets of the other side need only be counted (see Flow.answers)."""
        peer, health, before = self.peer, self.health, self.answered
        if peer.expected < 0 or self.acked is None or not health.expects_plain:
            return NO_ANSWERS
        if before is None:
            ack = (self.initial_sequence + self.acked) & SEQUENCE_MASK
            if ack != health.last_ack:
                return NO_ANSWERS
            before = Answered(ack, 0, 0)
        return Answers(peer.flow, peer.expected, health.small_window, before)

    def took_answers(self, ack: int, last: PacketMark, in_flight: int) -> None:
        """Update the stream after packets of the other side that were only counted (see Flow.took_answers)."""
        peer, time = self.peer, last.time
        if time < peer.last_time:
            self.went_back(peer.last_time - time)
        peer.last_packet, peer.last_time, peer.last_record_offset = last.number, time, last.offset
        self.acked, health = self.offset_of(ack), self.health
        health.acknowledged(ack, self.acked, self.offset, health.small_window, time, plain=True)
        health.max_in_flight = max(health.max_in_flight, in_flight)

    def passed_copies(self, count: int, last: PacketMark) -> None:
        """Take note of packets among those just passed over that were captured twice."""
        self.health.twice(count)
        if last.number > self.last_packet:
            self.last_packet, self.last_time, self.last_record_offset = last.number, last.time, last.offset

    def _passed_unreadable(self, unreadable: Unreadable, since: int, length: int) -> None:
        """Count a run of segments that were not whole, the first of them, with `length` bytes, sent at `since`."""
        came, cut = unreadable.went_on(self.last_mark)
        self.health.cut_off(self.offset - came - cut + length, since, cut)
        unreadable.pass_time(since)

    def went_back(self, by: int) -> None:
        """Note a packet that is `by` ns older than a packet before it in its connection."""
        self.health.went_back = max(self.health.went_back, by)

    def _resume(self, time: int, length: int) -> None:
        """Note a segment of `length` bytes, sent at `time` (ns since 1970); the time since the last may be a pause."""
        if time - self.health.sent_at >= PAUSE and self.health.sent_at != NEVER:
            note_pause(self, time, length)

    def offset_of(self, seq: int) -> int:
        """Return the stream offset of a sequence number: the one nearest to what was handed on (RFC 9293 §3.4)."""
        ahead = (seq - self.initial_sequence - self.offset) & SEQUENCE_MASK
        return self.offset + (ahead - (1 << 32) if ahead & 0x80000000 else ahead)

    def anchor(self, seq: int) -> None:
        """Let the stream begin at a sequence number."""
        shift = (seq - self.initial_sequence) & SEQUENCE_MASK
        shift = shift - (1 << 32) if shift & 0x80000000 else shift
        self.initial_sequence = seq
        if self._source is not None:
            self._source.initial_sequence = seq
        self.anchored = True
        self.held = [(offset - shift, order, data, cut, mark) for offset, order, data, cut, mark in self.held]
        for name in ("acked", "fin"):
            value = getattr(self, name)
            if value is not None:
                setattr(self, name, value - shift)

    def receive(self, seq: int, data: bytes, start: int, end: int, cut: int, mark: PacketMark) -> list[TcpEvent]:
        """Take a segment's payload `data[start:end]`, of which the capture cut off `cut` more bytes."""
        length = end - start + cut
        if length == 0:
            return []
        offset = self.offset_of(seq)
        if self.anchored and offset <= self.offset < offset + length:
            events = self._sent_again(offset, data[start:end], cut, mark) if offset < self.offset else []
            events += self._hand_on(offset, data, start, end, cut, mark)
            return events + self._drain() if self.held else events
        if self.anchored and offset < self.offset:
            return self._sent_again(offset, data[start:end], cut, mark)
        self.health.out_of_order += self.anchored
        self._hold(offset, data[start:end], cut, mark)
        return []

    def acknowledge(self, ack: int, window: int, time: int, *, plain: bool) -> None:
        """Take an acknowledgement from the other side; `plain` if its segment carries nothing else."""
        health = self.health
        if health.probes:
            health.probes = 0  # whoever was asked is there
        if ack == health.last_ack and not plain and window >= health.small_window and health.closed_since == NEVER:
            return  # nothing new: a side that only sends repeats the same acknowledgement in every segment
        if self.segments == 0 and not self.anchored:
            self.initial_sequence = ack
        acked, before = self.offset_of(ack), self.acked
        health.acknowledged(ack, acked, self.offset, window, time, plain=plain)
        if before is None or acked > before:
            self.acked = acked
            if acked > self.offset != self.noticed[0]:
                self.noticed = self.offset, self.peer.last_mark
            if before is not None and self.anchored and self.offset - before > health.max_in_flight:
                health.max_in_flight = self.offset - before

    @property
    def hole(self) -> int:
        """How many acknowledged bytes have not been seen: the capture lost them, or they come late."""
        if self.acked is None or not self.anchored or not self.segments:
            return 0
        if self.held:
            return self.held[0][0] - self.offset if self.acked >= self.held[0][0] else 0
        length = (self.acked if self.fin is None else min(self.acked, self.fin)) - self.offset
        return length if 1 < length <= MAX_WINDOW else 0  # a single one may be a FIN that was not captured

    def settle(
        self, time: int, *, final: bool = False, give_up: bool = False, end: int | None = None
    ) -> list[TcpEvent]:
        """Decide whether bytes missing before the held ones are lost; `final` where nothing more can come.

        With `give_up` they are; those that were acknowledged, too, up to offset `end` if there is one.
        """
        events: list[TcpEvent] = []
        while self.held and (final or give_up or self._given_up(time)):
            first, give_up, waited = self.held[0], False, 0
            if not self.anchored:
                self.anchor((self.initial_sequence + first[0]) & SEQUENCE_MASK)
            elif first[0] > self.offset:
                events.append(self._gap(first[0] - self.offset, self._known_by(first[4])))
                waited = len(self.held)
            events += self._drain()
            if waited:  # what came behind a hole of the capture had come in order
                self.health.out_of_order -= min(self.health.out_of_order, waited - len(self.held))
        if give_up and self.hole:
            length = self.hole if end is None else min(self.hole, end - self.offset)
            events.append(self._gap(length, self._known_by(self.connection.last_mark)))
        if final and self.anchored and self.fin is not None and self.fin > self.offset and not self.ended:
            events.append(self._gap(self.fin - self.offset, self._known_by(self.connection.last_mark)))
        return events

    def _sent_again(self, offset: int, data: bytes, cut: int, mark: PacketMark) -> list[TcpEvent]:
        # A keep-alive probe repeats the byte before the next one, and may put anything in it (RFC 9293 §3.8.4).
        probe = len(data) == 1 and offset + 1 == self.offset
        if probe:
            self.health.retransmitted += 1
            if self.acked is not None and self.acked >= self.offset:  # else the byte is sent again
                self.health.probed(mark.time)
            return []
        if self.health.sent_again(offset + len(data) + cut, mark.time):
            note_sent_again(self, mark.time)
        return self._conflict(offset, data, mark)

    def _conflict(self, offset: int, data: bytes, mark: PacketMark) -> list[TcpEvent]:
        different = self.health.differs(offset, data)
        return [StreamConflict(self, offset, different, mark)] if different else []

    def _known_by(self, mark: PacketMark) -> PacketMark:
        """Return the packet that first tells of missing bytes: `mark` at the latest."""
        offset, noticed = self.noticed
        return noticed if offset == self.offset and noticed.number < mark.number else mark

    def _gap(self, length: int, mark: PacketMark) -> "StreamGap[Stream]":
        gap = StreamGap(self, self.offset, length, mark)
        self.health.missing += length
        self.offset += length
        return gap

    def _given_up(self, time: int) -> bool:
        first = self.held[0]
        later = self.arrivals - first[1]
        if not self.anchored:
            acked = self.acked is not None and self.acked >= first[0] + len(first[2])
            return acked or later >= UNANCHORED_SEGMENTS or time - self.held_since > WAIT_ONE_WAY
        if self.held_bytes > MAX_HELD or len(self.held) > MAX_HELD_SEGMENTS:
            return True
        if self.acked is not None and self.acked >= first[0]:
            return later >= SEGMENTS_BEFORE_GAP or time - self.held_since > WAIT_BEFORE_GAP
        return self.peer.segments == 0 and time - self.held_since > WAIT_ONE_WAY

    def _hand_on(self, offset: int, data: bytes, start: int, end: int, cut: int, mark: PacketMark) -> list[TcpEvent]:
        events: list[TcpEvent] = []
        fresh = start + self.offset - offset
        if fresh < end:
            events.append(StreamBytes(self, self.offset, data, fresh, end, mark))
            self._resume(mark.time, end - start + cut)
            self.health.sent(self.offset, data[fresh:end], mark.time, cut)
            self.offset += end - fresh
        if cut:
            self.health.cut += cut
            events.append(self._gap(offset + end - start + cut - self.offset, mark))
        return events

    def _hold(self, offset: int, data: bytes, cut: int, mark: PacketMark) -> None:
        for other in self.held:
            if other[0] <= offset and offset + len(data) + cut <= other[0] + len(other[2]) + other[3]:
                if mark.time - other[4].time < DOUBLED:
                    self.health.twice()
                else:
                    self.health.retransmitted += 1
                return
        self._resume(mark.time, len(data) + cut)
        self.health.sent_at = max(self.health.sent_at, mark.time)
        if not self.held:
            self.held_since = mark.time
        self.arrivals += 1
        insort(self.held, (offset, self.arrivals, data, cut, mark))
        self.held_bytes += len(data)

    def _drain(self) -> list[TcpEvent]:
        events: list[TcpEvent] = []
        while self.held and self.held[0][0] <= self.offset:
            offset, _, data, cut, mark = self.held.pop(0)
            self.held_bytes -= len(data)
            if offset < self.offset:
                events += self._conflict(offset, data, mark)
            if offset + len(data) + cut > self.offset:
                events += self._hand_on(offset, data, 0, len(data), cut, mark)
        self.held_since = self.held[0][4].time if self.held else 0
        return events
