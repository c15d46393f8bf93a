"""Packet batches -> TCP segments: frames of known shapes inline, every other one through dpkt (frames.py)."""

import struct
from collections import Counter, deque
from collections.abc import Container, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from dicomsniff.capture.headers import NO_SHAPE, find_shape
from dicomsniff.capture.loops import Express
from dicomsniff.capture.packets import PacketBatch
from dicomsniff.capture.passed import read_rest, tell
from dicomsniff.capture.segments import ACK, CONTROL, ENDS, Flow, Segment
from dicomsniff.capture.unreachable import MAX_UNREACHABLE, Unreachable

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
        data, layout, link_type, starts, ends = batch.data, batch.layout, batch.link_type, batch.starts, batch.ends
        before, first_number, total = batch.file_offset - layout.header, batch.first_number, len(batch.starts)
        find, counted_flows = self._flows.get, self._counted
        express = Express(batch, self._flows, counted_flows)
        passed = express.passed
        at, read, type_mask, kind, protocol_mask, protocol, tcp_at, counted, outer, expected, _, _ = NO_SHAPE
        packets = iter(range(total))
        for index in packets:
            start = starts[index]
            end = ends[index]
            try:
                seen, length, carried, flow, seq, control = read(data, start + at)
            except struct.error:  # a short frame at the end of the block
                seen, length, carried, flow, seq, control = ~kind, 0, 0, b"", 0, 0
            if seen & type_mask != kind or (outer is not None and outer(data, start) != expected):
                found = find_shape(link_type, data, start, end)
                if found is None:
                    carried = ~protocol
                else:
                    tell(passed, batch, express.shape)
                    express.enter(found)
                    at, read, type_mask, kind, protocol_mask, protocol, tcp_at, counted, outer, expected, _, _ = found
                    _, length, carried, flow, seq, control = read(data, start + at)
            if carried & protocol_mask == protocol:
                tcp = start + tcp_at
                first = tcp + (control >> 10 & 0x3C)
                last = start + counted + length
                if tcp + 20 <= first <= last:
                    state = find(flow)
                    if state is None:
                        # A header that is cut off is told of, whosever it is.
                        if flow in counted_flows and not control & ENDS and first <= end:
                            _skip(packets, express.take(index + 1) - index - 1)
                            continue
                    elif seq == state.expected and control & CONTROL == ACK and first < last and state.skip is not None:
                        after = express.take(index)
                        if after > index:
                            _skip(packets, after - index - 1)
                            continue
                    if first <= end:
                        if passed:
                            tell(passed, batch, express.shape)
                        number, place = first_number + index, before + start
                        ack, window = read_rest(data, tcp + 8)
                        missing = max(0, last - end)
                        time, last = layout.time(data, start), last - missing
                        yield number, time, place, flow, seq, ack, control, window, data, first, last, missing
                        continue
            number, place, time = first_number + index, before + start, layout.time(data, start)
            decoded = self._frames.decode(link_type, data[start:end], time)
            if decoded is not None:
                if passed:
                    tell(passed, batch, express.shape)
                flow, seq, ack, control, window, segment, header, missing = decoded
                yield number, time, place, flow, seq, ack, control, window, segment, header, len(segment), missing
        tell(passed, batch, express.shape)
        for trail in express.trails:
            trail.settle()

    @cached_property
    def _frames(self) -> "FrameDecoder":
        # Loads dpkt with all its protocols, which few captures need.
        from dicomsniff.capture.frames import FrameDecoder

        return FrameDecoder(self.undecoded, self.unreachable)


def _skip(packets: Iterator[int], count: int) -> None:
    next(islice(packets, count, count), None)
