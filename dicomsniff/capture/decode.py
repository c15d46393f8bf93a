"""Packet batches -> TCP segments: frames of known shapes inline, every other one through dpkt (frames.py)."""

import struct
from collections import Counter, deque
from collections.abc import Container, Iterator, Mapping
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

from dicomsniff.capture.headers import NO_SHAPE, Headers, find_shape
from dicomsniff.capture.packets import Noted, PacketBatch
from dicomsniff.capture.passed import is_copy, read_rest, tell
from dicomsniff.capture.segments import ACK, CONTROL, ENDS, NO_ANSWERS, Answered, Flow, Segment
from dicomsniff.capture.skip import MAX_KEPT, NO_SKIP
from dicomsniff.capture.trail import Trail
from dicomsniff.capture.unreachable import MAX_UNREACHABLE, Unreachable
from dicomsniff.span import PacketMark

if TYPE_CHECKING:
    from dicomsniff.capture.frames import FrameDecoder


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
        run_flow, run_expected, run_offset, run_until, run_last, run_seen = b"", -1, 0, 0, 0, 0
        run_skip = NO_SKIP
        run_kept: list[bytes] | None = None
        run_trail: Trail | None = None
        trail_offsets: list[int] = []
        trail_packets: list[int | Noted | PacketMark] = []
        # The same of what the other side sends meanwhile, as long as it only acknowledges more of them.
        answers, answer_seq, room, (acked, answer_last, in_flight) = NO_ANSWERS
        # What the headers of the next one read if it is as long as the last, its payload's bytes, and the frame's up to
        # their end: compared at once, they take half the time.
        alike: Headers | None = None
        size = reach = 0
        shape = NO_SHAPE
        at, read, type_mask, kind, protocol_mask, protocol, tcp_at, counted, outer, expected = shape
        for number, start, end in zip(count(batch.first_number), starts, batch.ends, strict=False):
            try:
                headers = read(data, start + at)
            except struct.error:  # a short frame at the end of the block
                headers = (~kind, 0, 0, b"", 0, 0)
            seen, length, carried, flow, seq, control = headers
            if (
                headers == alike
                and run_offset + size < run_until
                and start + reach <= end
                and (outer is None or outer(data, start) == expected)
            ):
                if run_kept is not None:
                    run_kept.append(data[start + reach - size : start + reach])
                    if run_trail is not None:
                        trail_offsets.append(run_offset)
                        trail_packets.append(number)
                run_offset, run_last, run_expected = run_offset + size, number, (run_expected + size) & 0xFFFFFFFF
                alike = seen, length, carried, flow, run_expected, control
                if run_kept is not None and len(run_kept) >= MAX_KEPT:
                    run_flow, alike = b"", None  # the next one must be handed on
                continue
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
                    if tcp + 20 <= first < last <= end and (
                        reached < run_until or (ahead := run_skip.repeated(run_until, run_offset, data, first, last))
                    ):
                        if reached >= run_until:
                            run_until, run_seen = ahead, number
                        run_last, run_expected = number, (seq + last - first) & 0xFFFFFFFF
                        size, reach = last - first, last - start
                        alike = seen, length, carried, flow, run_expected, control
                        if run_kept is not None:
                            run_kept.append(data[first:last])
                            if run_trail is not None:
                                trail_offsets.append(run_offset)
                                trail_packets.append(number)
                            if len(run_kept) >= MAX_KEPT:
                                run_flow, alike = b"", None  # the next one must be handed on
                        run_offset = reached
                        continue
                elif seen & type_mask == kind and carried & protocol_mask == protocol:
                    if flow == run_flow:
                        if is_copy(batch, shape, start, starts[run_last - batch.first_number]):
                            run.copies, run.last_copy = run.copies + 1, number
                            continue
                    elif (
                        flow == answers
                        and seq == answer_seq
                        and control & CONTROL == ACK
                        and (outer is None or outer(data, start) == expected)
                    ):
                        tcp = start + tcp_at
                        if tcp + 20 <= tcp + (control >> 10 & 0x3C) == start + counted + length <= end:
                            ack, window = read_rest(data, tcp + 8)
                            under_way = (run_expected - acked) & 0xFFFFFFFF
                            if (
                                window >= room
                                and 0 < (ack - acked) & 0xFFFFFFFF <= under_way
                                and layout.time(data, start) >= batch.time(run_last - batch.first_number)
                            ):
                                acked, answer_last = ack, number
                                if under_way > in_flight:
                                    in_flight = under_way
                                continue
                counts, foretold = (run_offset, run_last, run_expected), (run_until, run_seen)
                _write_back(run, batch, counts, foretold, Answered(acked, answer_last, in_flight))
                run, alike = None, None
            if seen & type_mask != kind or (outer is not None and outer(data, start) != expected):
                found = find_shape(link_type, data, start, end)
                if found is None:
                    carried = ~protocol
                else:
                    if passed:
                        tell(passed, batch, shape)
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
                                until = skip.repeated(until, offset, data, first, last)
                                if until:
                                    state.skip = skip.went_on(until, batch.mark(number))
                            if until:
                                if kept is not None:
                                    kept.append(data[first:last])
                                    if (trail := skip.trail) is not None:
                                        if trail.batch is not batch:
                                            trail.enter(batch)
                                            trails.append(trail)
                                        trail.offsets.append(offset)
                                        trail.packets.append(number)
                                state.offset, state.last_packet = reached, number
                                state.expected = (seq + last - first) & 0xFFFFFFFF
                                if not state.passed_since:
                                    state.passed_since = number
                                    passed.append(state)
                                if unreadable is None:
                                    run, run_flow, run_expected, run_offset = state, flow, state.expected, reached
                                    run_until, run_last, run_seen, run_kept, run_skip = until, number, 0, kept, skip
                                    answers, answer_seq, room, (acked, answer_last, in_flight) = state.answers()
                                    run_trail = skip.trail
                                    if run_trail is not None:
                                        trail_offsets, trail_packets = run_trail.offsets, run_trail.packets
                                continue
                    if first <= end:
                        if passed:
                            tell(passed, batch, shape)
                        ack, window = read_rest(data, tcp + 8)
                        missing = max(0, last - end)
                        time, last, place = layout.time(data, start), last - missing, before + start
                        yield number, time, place, flow, seq, ack, control, window, data, first, last, missing
                        continue
            time = layout.time(data, start)
            decoded = self._frames.decode(link_type, data[start:end], time)
            if decoded is not None:
                if passed:
                    tell(passed, batch, shape)
                flow, seq, ack, control, window, segment, header, missing = decoded
                last, place = len(segment), before + start
                yield number, time, place, flow, seq, ack, control, window, segment, header, last, missing
        if run is not None:
            counts, foretold = (run_offset, run_last, run_expected), (run_until, run_seen)
            _write_back(run, batch, counts, foretold, Answered(acked, answer_last, in_flight))
        tell(passed, batch, shape)
        for trail in trails:
            trail.settle()

    @cached_property
    def _frames(self) -> "FrameDecoder":
        # Loads dpkt with all its protocols, which few captures need.
        from dicomsniff.capture.frames import FrameDecoder

        return FrameDecoder(self.undecoded, self.unreachable)


def _write_back(
    run: Flow,
    batch: PacketBatch,
    counted: tuple[int, int, int],
    foretold: tuple[int, int],
    answered: Answered,
) -> None:
    """Let a flow know what was counted of it: (offset, last packet, sequence number that comes next).

    `foretold` is where its skip ends, and the packet in which it last went on, if it did.
    """
    run.offset, run.last_packet, run.expected = counted
    until, seen = foretold
    if seen and run.skip is not None:
        run.skip = run.skip.went_on(until, batch.mark(seen))
    if answered.last:
        run.answered = answered
