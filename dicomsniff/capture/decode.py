"""Packet batches -> TCP segments: frames of known shapes inline, every other one through dpkt (frames.py)."""

import struct
from collections import Counter, deque
from collections.abc import Container, Iterator, Mapping
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

from dicomsniff.capture.headers import NO_SHAPE, Shape, find_shape
from dicomsniff.capture.packets import PacketBatch
from dicomsniff.capture.segments import ACK, CONTROL, DOUBLED, ENDS, PAUSE, Flow, RunPause, Segment
from dicomsniff.capture.skip import MAX_KEPT
from dicomsniff.capture.trail import Trail
from dicomsniff.capture.unreachable import MAX_UNREACHABLE, Unreachable
from dicomsniff.span import PacketMark

if TYPE_CHECKING:
    from dicomsniff.capture.frames import FrameDecoder

_REST = struct.Struct(">L2xH").unpack_from
"""Acknowledgement number and window, from byte 8 of a TCP header."""
_new = tuple.__new__


class SegmentDecoder:
    """Decodes frames to segments; `undecoded` counts what it could not use, by reason, `unreachable` holds ICMP errors.

    `flows` are those being followed. A segment that holds only what its flow's consumer will count anyway is counted
    there and then, without becoming a segment: most of a large capture goes that way. Of `counted` flows none becomes
    one but those with SYN, FIN or RST.
    """

    def __init__(self, flows: Mapping[bytes, Flow] | None = None, counted: Container[bytes] = ()) -> None:
        self.undecoded: Counter[str] = Counter()
        self.unreachable: deque[Unreachable] = deque(maxlen=MAX_UNREACHABLE)
        self._flows = flows if flows is not None else {}
        self._counted = counted

    def segments(self, batch: PacketBatch) -> Iterator[Segment]:
        """Yield the TCP segments of a batch, in its order; `flows` may change between one and the next."""
        data, layout, link_type, starts = batch.data, batch.layout, batch.link_type, batch.starts
        before = batch.file_offset - layout.header
        find, counted_flows = self._flows.get, self._counted
        passed: list[Flow] = []  # those with packets that were only counted, and are to be told
        trails: list[Trail] = []
        # The flow whose packets are being counted, and what of its state they change: one compared with the next costs
        # a third of looking the flow up. It is written back before anybody else may look.
        run: Flow | None = None
        run_flow, run_expected, run_offset, run_until, run_last = b"", -1, 0, 0, 0
        run_kept: list[bytes] | None = None
        run_steps: deque[tuple[int, int | PacketMark]] | None = None
        shape = NO_SHAPE
        at, read, type_mask, kind, protocol_mask, protocol, tcp_at, counted, outer, expected = shape
        for number, start, end in zip(count(batch.first_number), starts, batch.ends, strict=False):
            try:
                seen, length, carried, flow, seq, control = read(data, start + at)
            except struct.error:  # a short frame at the end of the block
                seen = ~kind
            if run is not None:
                if (
                    flow == run_flow
                    and seq == run_expected
                    and seen & type_mask == kind
                    and carried & protocol_mask == protocol
                    and control & CONTROL == ACK
                    and (outer is None or outer(data, start) == expected)
                ):
                    tcp, last = start + tcp_at, start + counted + length
                    first = tcp + (control >> 10 & 0x3C)
                    reached = run_offset + last - first
                    if tcp + 20 <= first < last <= end and reached < run_until:
                        if run_kept is not None:
                            run_kept.append(data[first:last])
                            if run_steps is not None:
                                run_steps.append((run_offset, number))
                            if len(run_kept) >= MAX_KEPT:
                                run_until = 0
                        run_offset, run_last, run_expected = reached, number, (seq + last - first) & 0xFFFFFFFF
                        continue
                elif (
                    flow == run_flow
                    and seen & type_mask == kind
                    and carried & protocol_mask == protocol
                    and _is_copy(batch, shape, start, starts[run_last - batch.first_number])
                ):
                    run.copies, run.last_copy = run.copies + 1, number
                    continue
                run.offset, run.last_packet, run.expected = run_offset, run_last, run_expected
                run = None
            if seen & type_mask != kind or (outer is not None and outer(data, start) != expected):
                found = find_shape(link_type, data, start, end)
                if found is None:
                    carried = ~protocol
                else:
                    if passed:
                        self._mark(passed, batch, shape)
                    shape = found
                    at, read, type_mask, kind, protocol_mask, protocol, tcp_at, counted, outer, expected = shape
                    _, length, carried, flow, seq, control = read(data, start + at)
            if carried & protocol_mask == protocol:
                tcp = start + tcp_at
                first = tcp + (control >> 10 & 0x3C)
                last = start + counted + length
                if tcp + 20 <= first <= last:
                    state = find(flow)
                    if state is None:
                        if flow in counted_flows and not control & ENDS:
                            continue
                    elif seq == state.expected and control & CONTROL == ACK:
                        skip = state.skip
                        if skip is not None and first < last and (last <= end or (skip.lacks and first <= end)):
                            offset, until, kept = state.offset, skip.until, skip.kept
                            reached, unreadable = offset + last - first, skip.unreadable
                            if unreadable is not None:
                                until = unreadable.takes(data, first, end, last - end)
                            elif kept is not None and len(kept) >= MAX_KEPT:
                                until = 0
                            elif reached >= until:
                                until = skip.repeated(offset, data, first, last)
                                if until:
                                    mark = _new(PacketMark, (number, layout.time(data, start), before + start))
                                    state.skip = skip.went_on(until, mark)
                            if until:
                                if kept is not None:
                                    kept.append(data[first:last])
                                    if (trail := skip.trail) is not None:
                                        if trail.batch is not batch:
                                            trail.enter(batch)
                                            trails.append(trail)
                                        trail.steps.append((offset, number))
                                state.offset, state.last_packet = reached, number
                                state.expected = (seq + last - first) & 0xFFFFFFFF
                                if not state.passed_since:
                                    state.passed_since = number
                                    passed.append(state)
                                if unreadable is None:
                                    run, run_flow, run_expected, run_offset = state, flow, state.expected, reached
                                    run_until, run_last, run_kept = until, number, kept
                                    run_steps = trail.steps if (trail := skip.trail) is not None else None
                                continue
                    if first <= end:
                        if passed:
                            self._mark(passed, batch, shape)
                        ack, window = _REST(data, tcp + 8)
                        missing = max(0, last - end)
                        time, last, place = layout.time(data, start), last - missing, before + start
                        yield number, time, place, flow, seq, ack, control, window, data, first, last, missing
                        continue
            time = layout.time(data, start)
            decoded = self._frames.decode(link_type, data[start:end], time)
            if decoded is not None:
                if passed:
                    self._mark(passed, batch, shape)
                flow, seq, ack, control, window, segment, header, missing = decoded
                last, place = len(segment), before + start
                yield number, time, place, flow, seq, ack, control, window, segment, header, last, missing
        if run is not None:
            run.offset, run.last_packet, run.expected = run_offset, run_last, run_expected
        self._mark(passed, batch, shape)
        for trail in trails:
            trail.settle()

    @cached_property
    def _frames(self) -> "FrameDecoder":
        # Loads dpkt with all its protocols, which few captures need.
        from dicomsniff.capture.frames import FrameDecoder

        return FrameDecoder(self.undecoded, self.unreachable)

    def _mark(self, passed: list[Flow], batch: PacketBatch, shape: Shape) -> None:
        """Tell flows of the packets that were passed over, all of one shape: times are not worked out for every one."""
        data, starts, layout, base = batch.data, batch.starts, batch.layout, batch.first_number
        for state in passed:
            first, last = state.passed_since - base, state.last_packet - base
            state.passed_since = 0
            start = starts[last]
            ack, window = _REST(data, start + shape.tcp + 8)
            length = _payload(shape, data, start)
            since = time = layout.time(data, start)
            before, pauses = length, []
            if first != last:
                since, before = layout.time(data, starts[first]), _payload(shape, data, starts[first])
                if time - since >= PAUSE:
                    pauses = _find_pauses(state.flow, first, last, batch, shape)
            place = batch.file_offset + start - layout.header
            state.passed_over(since, time, place, ack, window, (before, length), pauses)
            if state.copies:
                start = starts[state.last_copy - base]
                mark = PacketMark(state.last_copy, layout.time(data, start), batch.file_offset + start - layout.header)
                state.passed_copies(state.copies, mark)
                state.copies = 0
        passed.clear()


def _find_pauses(flow: bytes, first: int, last: int, batch: PacketBatch, shape: Shape) -> list[RunPause]:
    """Look through the packets of a flow that were passed over for pauses between them."""
    pauses: list[RunPause] = []
    data, before, since, copied = batch.data, batch.starts[first], batch.time(first), -1
    for index in range(first, last + 1):
        start = batch.starts[index]
        _, _, _, of, seq, _ = shape.read(data, start + shape.at)
        if of == flow and seq != copied:
            copied, time = seq, batch.time(index)
            if time - since >= PAUSE:
                pauses.append(RunPause(since, time, _payload(shape, data, before)))
            before, since = start, time
    return pauses


def _is_copy(batch: PacketBatch, shape: Shape, start: int, before: int) -> bool:
    """Whether the frame at `start` is the one `before` of the same flow, captured twice."""
    data, tcp = batch.data, shape.tcp
    if data[start : start + tcp + 16] != data[before : before + tcp + 16]:
        # A router between them changes addresses of the link, and time to live.
        now, then = shape.read(data, start + shape.at), shape.read(data, before + shape.at)
        if now[1] != then[1] or now[4:] != then[4:] or _REST(data, start + tcp + 8) != _REST(data, before + tcp + 8):
            return False
    return 0 <= batch.layout.time(data, start) - batch.layout.time(data, before) < DOUBLED


def _payload(shape: Shape, data: bytes, start: int) -> int:
    """Return the payload bytes of a frame of that shape."""
    _, length, _, _, _, control = shape.read(data, start + shape.at)
    return shape.counted + length - shape.tcp - (control >> 10 & 0x3C)
