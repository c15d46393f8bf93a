"""The inner loops of reading a capture: where the records of a block lie, and which of its packets are only counted.

Most of a large capture are packets that only continue a data set (skip.py), and answers to them; or packets of
connections of which nothing is read. They are taken here, one after the other, as long as they are plain.

Where there is a compiler, these loops are compiled (inner.pxd says what their variables are to a machine), and take a
tenth of the time. loops.py chooses. The source is the same but for how the headers of a frame are read: Python reads
them fastest all at once and compares what it got, a machine reads and compares them one by one.
"""

import struct
from collections.abc import Callable, Container, Mapping
from typing import TYPE_CHECKING

from dicomsniff.capture.headers import IPV6, NO_SHAPE, Headers, Shape
from dicomsniff.capture.segments import ACK, CONTROL, DOUBLED, ENDS, NO_ANSWERS, PAUSE, Answered, Flow, RunPause
from dicomsniff.capture.skip import MAX_KEPT, Skip

if TYPE_CHECKING:
    from dicomsniff.capture.packets import PacketBatch
    from dicomsniff.capture.pcap import PcapFormat
    from dicomsniff.capture.trail import Trail

MADE_FROM = 0
"""A checksum of this source and of inner.pxd, in what was compiled from them."""
MAX_PACKET = 16 << 20
"""A record that announces more bytes than this is damage, not a packet."""
Turn = tuple[int, int, int, list[RunPause], int]
"""(index of the first packet with bytes, and of the last one; bytes; pauses between them; index of the answer to them).

An index is -1 where there is no such packet."""
FURTHEST = 1 << 62
"""No byte of a stream is beyond this offset."""


class PcapLayout:
    """Records of a pcap file: seconds, fraction, bytes captured, bytes on the wire."""

    __slots__ = ("_fraction", "_is_big", "_read_captured", "_read_time", "header")

    def __init__(self, form: "PcapFormat") -> None:
        self.header = form.record_header
        self._fraction = form.fraction
        self._is_big = form.order == ">"
        self._read_time: Callable[[bytes, int], tuple[int, int]] = struct.Struct(form.order + "LL").unpack_from
        self._read_captured: Callable[[bytes, int], tuple[int]] = struct.Struct(form.order + "8xL").unpack_from

    def time(self, data: bytes, start: int) -> int:
        """Return when the frame at `start` was captured, in ns since 1970."""
        at = start - self.header
        if COMPILED:
            seconds, part = _in_order(data, at, self._is_big), _in_order(data, at + 4, self._is_big)
        else:
            seconds, part = self._read_time(data, at)
        return seconds * 1_000_000_000 + part * self._fraction

    def records(self, data: bytes, at: int) -> tuple[list[int], list[int], int, int]:
        """Find the records in `data` from `at` on.

        Returns where frames begin, and where they end, where the first incomplete record begins, and how many bytes
        that announces if that is too many, else 0.
        """
        starts: list[int] = []
        ends: list[int] = []
        header, last, excess = self.header, len(data), 0
        captured_at, is_big, compiled = self._read_captured, self._is_big, COMPILED
        furthest = last - header
        while at <= furthest:
            start = at + header
            end = start + (_in_order(data, at + 8, is_big) if compiled else captured_at(data, at)[0])
            if end > last:
                if end - start > MAX_PACKET:
                    excess = end - start
                break
            starts.append(start)
            ends.append(end)
            at = end
        return starts, ends, at, excess


class Express:
    """Counts packets of a batch for their flows, as long as they are plain."""

    __slots__ = (
        "_addresses",
        "_at",
        "_batch",
        "_body",
        "_control",
        "_counted",
        "_data",
        "_ends",
        "_expected",
        "_find",
        "_first",
        "_is_v6",
        "_kind",
        "_length",
        "_outer",
        "_outer_at",
        "_protocol",
        "_protocol_mask",
        "_seq",
        "_starts",
        "_tcp",
        "_type_mask",
        "_width",
        "passed",
        "shape",
        "trails",
    )

    def __init__(self, batch: "PacketBatch", flows: Mapping[bytes, Flow], counted: Container[bytes]) -> None:
        self._batch, self._find, self._counted = batch, flows.get, counted
        self._data, self._starts, self._ends = batch.data, batch.starts, batch.ends
        self._first = batch.first_number
        self.passed: list[Flow] = []
        """Flows with packets that were only counted, and are to be told."""
        self.trails: list[Trail] = []
        """Trails with packets that are known by number only."""
        self._length = self._seq = self._control = 0
        self.enter(NO_SHAPE)

    def enter(self, shape: Shape) -> None:
        """From now on, packets are of a shape; others are not taken."""
        self.shape = shape
        self._at, self._tcp, self._body = shape.at, shape.tcp, shape.counted
        self._type_mask, self._kind = shape.type_mask, shape.type
        self._protocol_mask, self._protocol = shape.protocol_mask, shape.protocol
        self._outer, self._outer_at, self._expected = shape.outer, shape.outer_at, shape.expected
        self._is_v6 = shape.version == IPV6
        self._addresses, self._width = (shape.at + 10, 32) if self._is_v6 else (shape.at + 14, 8)

    def take(self, index: int) -> int:
        """Count packets from that of an index on; return the index of the first that has to be looked at."""
        data, starts, ends, total = self._data, self._starts, self._ends, len(self._starts)
        tcp_at, body, counted, compiled = self._tcp, self._body, self._counted, COMPILED
        at, read, outer, expected = self._at, self.shape.read, self._outer, self._expected
        type_mask, kind, protocol_mask, protocol = self._type_mask, self._kind, self._protocol_mask, self._protocol
        addresses_at, width = self._addresses, self._width
        known = b""  # a flow that is counted
        while index < total:
            start = starts[index]
            if compiled:
                if not self._fits(start):
                    break
                length, seq, control = self._length, self._seq, self._control
                is_known = _is_of(data, start + addresses_at, start + tcp_at, known, width)
                flow = known if is_known else self._flow(start)
            else:
                try:
                    seen, length, carried, flow, seq, control = read(data, start + at)
                except struct.error:  # a short frame at the end of the block
                    break
                if seen & type_mask != kind or carried & protocol_mask != protocol:
                    break
                if outer is not None and outer(data, start) != expected:
                    break
            tcp, last = start + tcp_at, start + body + length
            first = tcp + (control >> 10 & 0x3C)
            if not tcp + 20 <= first <= last:
                break
            state = None if flow == known else self._find(flow)
            if state is None:
                if control & ENDS or first > ends[index] or (flow != known and flow not in counted):
                    break
                known = flow
                index += 1
                continue
            if seq != state.expected or control & CONTROL != ACK or first == last:
                break
            skip = state.skip
            if skip is None or not (until := self._begin(state, skip, index, first, last, ends[index])):
                break
            index += 1
            index = self._go_on(state, skip, until, index)
        return index

    def _begin(self, state: Flow, skip: Skip, index: int, first: int, last: int, end: int) -> int:
        """Count the packet of an index, with the payload `first` to `last`, if its flow allows; return up to where.

        The frame was captured up to `end`. Returns 0 where it has to be looked at.
        """
        data, kept, unreadable = self._data, skip.kept, skip.unreadable
        if last > end and not (skip.lacks and first <= end):
            return 0
        offset, until = state.offset, skip.until
        reached, number = offset + last - first, self._first + index
        if unreadable is not None:
            until = int(unreadable.takes(data, first, end, last - end))
        elif kept is not None and len(kept) >= MAX_KEPT:
            until = 0
        elif reached >= until:
            until = skip.repeated(until, offset, data, first, last)
            if until:
                state.skip = skip.went_on(until, self._batch.mark(number))
        if not until:
            return 0
        if kept is not None:
            kept.append(data[first:last])
            if (trail := skip.trail) is not None:
                if trail.batch is not self._batch:
                    trail.enter(self._batch)
                    self.trails.append(trail)
                trail.offsets.append(offset)
                trail.packets.append(number)
        state.offset, state.last_packet = reached, number
        state.expected = (state.expected + last - first) & 0xFFFFFFFF
        if not state.passed_since:
            state.passed_since = number
            self.passed.append(state)
        return until

    def _go_on(self, run: Flow, skip: Skip, until: int, index: int) -> int:
        """Count packets of a flow, and answers to them; return the index of the first that is neither.

        What of the flow's state they change is written back before anybody else may look.
        """
        data, starts, ends, total = self._data, self._starts, self._ends, len(self._starts)
        read, at, tcp_at, body, compiled = self.shape.read, self._at, self._tcp, self._body, COMPILED
        outer, expected = self._outer, self._expected
        type_mask, kind, protocol_mask, protocol = self._type_mask, self._kind, self._protocol_mask, self._protocol
        addresses_at, width = self._addresses, self._width
        flow, next_seq, offset = run.flow, run.expected, run.offset
        latest, seen_at, before, layout = index - 1, 0, self._first, self._batch.layout
        kept, trail, limit = skip.kept, skip.trail, min(skip.limit, FURTHEST)
        offsets, packets = (trail.offsets, trail.packets) if trail is not None else ([], [])
        repeat, period, repeats = skip.repeat, skip.period, len(skip.repeat)
        unreadable = skip.unreadable
        if unreadable is not None:
            until = 0  # each has to be looked at
        answered = run.answers() if unreadable is None else NO_ANSWERS
        answers, answer_seq, least, (acked, answer_last, in_flight) = answered
        # What the headers of the next one read if it is as long as the last, its payload's bytes, and the frame's up to
        # their end: Python compares them at once.
        alike: Headers | None = None
        size = reach = 0
        for index in range(index, total):  # noqa: B020  it goes on from there
            start = starts[index]
            end = ends[index]
            if compiled:
                if not self._fits(start):
                    break
                length, seq, control = self._length, self._seq, self._control
                tcp = start + tcp_at
                is_data = _is_of(data, start + addresses_at, tcp, flow, width)
                is_answer = not is_data and _is_of(data, start + addresses_at, tcp, answers, width)
            else:
                try:
                    headers = read(data, start + at)
                except struct.error:  # a short frame at the end of the block
                    break
                seen, length, carried, of, seq, control = headers
                if (
                    headers == alike
                    and offset + size < until
                    and start + reach <= end
                    and (outer is None or outer(data, start) == expected)
                ):
                    if kept is not None:
                        kept.append(data[start + reach - size : start + reach])
                        if trail is not None:
                            offsets.append(offset)
                            packets.append(before + index)
                    offset, latest, next_seq = offset + size, index, (next_seq + size) & 0xFFFFFFFF
                    alike = seen, length, carried, of, next_seq, control
                    if kept is not None and len(kept) >= MAX_KEPT:
                        index += 1
                        break  # the next one must be handed on
                    continue
                if seen & type_mask != kind or carried & protocol_mask != protocol:
                    break
                if outer is not None and outer(data, start) != expected:
                    break
                is_data, is_answer = of == flow, of == answers
            tcp = start + tcp_at
            first, last = tcp + (control >> 10 & 0x3C), start + body + length
            if is_data:
                if seq != next_seq or control & CONTROL != ACK:
                    if unreadable is not None or not self._is_copy(start, starts[latest]):
                        break
                    run.copies, run.last_copy = run.copies + 1, before + index
                    continue
                if not tcp + 20 <= first < last or (last > end and unreadable is None):
                    break
                reached = offset + last - first
                if unreadable is not None:
                    if first > end or not unreadable.takes(data, first, end, last - end):
                        break
                elif reached >= until:
                    if not repeats:
                        break
                    ahead = until
                    while reached > ahead:
                        header = first + ahead - offset
                        if (
                            ahead + period > limit
                            or header + repeats > last
                            or not _same(data, header, repeat, 0, repeats)
                        ):
                            ahead = 0
                            break
                        ahead += period
                    if not ahead:
                        break
                    until, seen_at = ahead, before + index
                if kept is not None:
                    kept.append(data[first:last])
                    if trail is not None:
                        offsets.append(offset)
                        packets.append(before + index)
                offset, latest, next_seq = reached, index, (seq + last - first) & 0xFFFFFFFF
                if not compiled:
                    size, reach = last - first, last - start
                    alike = seen, length, carried, of, next_seq, control
                if kept is not None and len(kept) >= MAX_KEPT:
                    index += 1
                    break  # the next one must be handed on
            elif is_answer and seq == answer_seq and control & CONTROL == ACK:
                if not tcp + 20 <= first == last <= end:
                    break
                ack, window = _long(data, tcp + 8), _word(data, tcp + 14)
                under_way = (next_seq - acked) & 0xFFFFFFFF
                more = (ack - acked) & 0xFFFFFFFF
                if (
                    window < least
                    or not 0 < more <= under_way
                    or layout.time(data, start) < layout.time(data, starts[latest])
                ):
                    break
                acked, answer_last = ack, before + index
                if under_way > in_flight:
                    in_flight = under_way
            else:
                break
        else:
            index = total
        run.offset, run.last_packet, run.expected = offset, before + latest, next_seq
        if seen_at and run.skip is not None:
            run.skip = run.skip.went_on(until, self._batch.mark(seen_at))
        if answer_last:
            run.answered = Answered(acked, answer_last, in_flight)
        return index

    def _fits(self, start: int) -> bool:
        """Read the headers of the frame at `start`, compiled; return whether it is of the shape."""
        data, at, tcp = self._data, start + self._at, start + self._tcp
        if tcp + 20 > len(data) or _long(data, at) & self._type_mask != self._kind:
            return False
        if self._is_v6:
            carried, self._length = data[at + 8], _word(data, at + 6)
        else:
            carried, self._length = _long(data, at + 8), _word(data, at + 4)
        if carried & self._protocol_mask != self._protocol:
            return False
        for each in range(len(self._outer_at)):
            if _word(data, start + self._outer_at[each]) != self._expected[each]:
                return False
        self._seq, self._control = _long(data, tcp + 4), _word(data, tcp + 12)
        return True

    def _flow(self, start: int) -> bytes:
        """Return the flow of the frame at `start`: addresses and ports."""
        data, tcp, addresses = self._data, start + self._tcp, start + self._addresses
        return data[addresses : addresses + self._width] + data[tcp : tcp + 4]

    def _is_copy(self, start: int, before: int) -> bool:
        """Whether the frame at `start` is the one `before` of the same flow, captured twice."""
        data, shape, tcp = self._data, self.shape, self._tcp
        if not _same(data, start, data, before, tcp + 16):
            # A router between them changes addresses of the link, and time to live.
            now, then = shape.read(data, start + shape.at), shape.read(data, before + shape.at)
            answers = _same(data, start + tcp + 8, data, before + tcp + 8, 4)
            if now[1] != then[1] or now[4:] != then[4:] or not answers:
                return False
            if not _same(data, start + tcp + 14, data, before + tcp + 14, 2):
                return False
        layout = self._batch.layout
        return 0 <= layout.time(data, start) - layout.time(data, before) < DOUBLED


def turns(
    batch: "PacketBatch", shape: Shape, flow: bytes, answers: bytes, first: int, last: int, latest: int
) -> list[Turn]:
    """Return how packets with bytes and answers, all only counted, took turns from one index to another.

    Nothing is returned where only the first and the last matter: no two packets with bytes are PAUSE apart, no time
    goes back (the packet before them was captured at `latest`), and all of them acknowledge the same.
    """
    data, starts, layout, compiled = batch.data, batch.starts, batch.layout, COMPILED
    at, read, tcp_at, body, width = shape.at, shape.read, shape.tcp, shape.counted, len(flow) - 4
    is_v6 = shape.version == IPV6
    addresses_at, length_at = at + (10 if is_v6 else 14), at + (6 if is_v6 else 4)
    found: list[Turn] = []
    pauses: list[RunPause] = []
    matters = False
    since = until = before = sent = -1
    size = taken = 0
    sent_at = latest
    for index in range(first, last + 1):
        start = starts[index]
        tcp = start + tcp_at
        if compiled:
            length, seq, control = _word(data, start + length_at), _long(data, tcp + 4), _word(data, tcp + 12)
            is_data = _is_of(data, start + addresses_at, tcp, flow, width)
            is_answer = not is_data and _is_of(data, start + addresses_at, tcp, answers, width)
        else:
            _, length, _, of, seq, control = read(data, start + at)
            is_data, is_answer = of == flow, of == answers
        if is_data:
            if seq == sent:
                continue  # captured twice
            sent, time = seq, layout.time(data, start)
            if before >= 0:
                if time - sent_at >= PAUSE:
                    matters = True
                    if since >= 0:
                        pauses.append(RunPause(sent_at, time, size))
                if not matters and not (
                    _same(data, tcp + 8, data, before + 8, 4) and _same(data, tcp + 14, data, before + 14, 2)
                ):
                    matters = True  # another acknowledgement or window
            if time < latest:
                matters = True
            size = body + length - tcp_at - (control >> 10 & 0x3C)
            taken += size
            latest = sent_at = time
            before, until = tcp, index
            if since < 0:
                since = index
        elif is_answer:
            time = layout.time(data, start)
            if time < latest:
                matters = True
            latest = time
            found.append((since, until, taken, pauses, index))
            since, taken, pauses = -1, 0, []
    if since >= 0:
        found.append((since, until, taken, pauses, -1))
    return found if matters else []


def _is_of(data: bytes, addresses: int, tcp: int, flow: bytes, width: int) -> bool:
    """Whether a frame with `width` bytes of addresses, and its TCP header, where they are said to be is of a flow."""
    if len(flow) != width + 4:
        return False
    return _same(data, tcp, flow, width, 4) and _same(data, addresses, flow, 0, width)


def _long(data: bytes, at: int) -> int:
    return data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]


def _in_order(data: bytes, at: int, is_big: bool) -> int:
    """Return four bytes of either byte order as a number."""
    if is_big:
        return _long(data, at)
    return data[at + 3] << 24 | data[at + 2] << 16 | data[at + 1] << 8 | data[at]


def _word(data: bytes, at: int) -> int:
    return data[at] << 8 | data[at + 1]


def _same(data: bytes, at: int, other: bytes, place: int, count: int) -> bool:
    """Whether `count` bytes from `at` of one are those from `place` of another."""
    if COMPILED:
        for each in range(count):  # noqa: SIM110  only this becomes a plain loop
            if data[at + each] != other[place + each]:
                return False
        return True
    return data[at : at + count] == other[place : place + count]


COMPILED = type(_word).__name__ != "function"
"""Whether this was compiled."""
