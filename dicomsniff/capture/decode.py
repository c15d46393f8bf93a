"""Packet batches -> TCP segments: the common frame inline, every other one through dpkt (frames.py)."""

import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import count

from dicomsniff.capture.frames import FrameDecoder
from dicomsniff.capture.packets import PacketBatch
from dicomsniff.capture.segments import ACK, FIN, PAUSE, RST, SYN, Flow, Segment
from dicomsniff.provenance import PacketMark

ETHERNET = 1
_COMMON = struct.Struct(">12xLHxxL2x12sL4xH").unpack_from
"""Of Ethernet II, IPv4 without options, TCP: type, version and length; total length; fragment, protocol; flow;
sequence number; data offset and flags. The masks leave out type of service and time to live."""
_TYPE_MASK, _TYPE = 0xFFFFFF00, 0x08004500
_PROTOCOL_MASK, _PROTOCOL = 0x3FFF00FF, 6
_COMMON_LENGTH = 54
_REST = struct.Struct(">L2xH").unpack_from
"""Acknowledgement number and window, from byte 42 of such a frame."""
_LAST = struct.Struct(">H24xLHH").unpack_from
"""Total length, acknowledgement number, data offset and flags, and window, from byte 16 of such a frame."""
_FLOW = slice(26, 38)
"""Where its addresses and ports are."""
MAX_KEPT = 256
"""Payloads kept of a flow before one of its segments is handed on, and they with it."""
_CONTROL = FIN | SYN | RST | ACK


class SegmentDecoder:
    """Decodes frames to segments; `undecoded` counts what it could not use, by reason.

    `flows` are those being followed. A segment that holds only what its flow's consumer will count anyway is counted
    there and then, without becoming a segment: most of a large capture goes that way.
    """

    def __init__(self, flows: Mapping[bytes, Flow] | None = None) -> None:
        self.undecoded: Counter[str] = Counter()
        self._frames = FrameDecoder(self.undecoded)
        self._flows = flows if flows is not None else {}

    def segments(self, batch: PacketBatch) -> Iterator[Segment]:
        """Yield the TCP segments of a batch, in its order; `flows` may change between one and the next."""
        data, layout = batch.data, batch.layout
        place = batch.origin - layout.header
        find, unpack = self._flows.get, _COMMON
        ethernet = batch.link_type == ETHERNET
        passed: dict[bytes, int] = {}  # the number of each flow's last frame that was only counted
        begun: dict[bytes, int] = {}  # and of the first since all were told
        for number, start, end in zip(count(batch.first_number), batch.starts, batch.ends, strict=False):
            if ethernet:
                try:
                    kind, length, protocol, flow, seq, control = unpack(data, start)
                except struct.error:  # a short frame at the end of the block
                    kind = 0
                if kind & _TYPE_MASK == _TYPE and protocol & _PROTOCOL_MASK == _PROTOCOL:
                    first = start + 34 + (control >> 10 & 0x3C)
                    last = start + 14 + length
                    if start + _COMMON_LENGTH <= first <= last <= end:
                        state = find(flow)
                        if state is not None and seq == state.expected and control & _CONTROL == ACK:
                            reached = state.offset + last - first
                            quiet = first < last and reached < state.quiet_until
                            if not quiet and first < last and repeats(state, data, first, last):
                                state.repeated_in = PacketMark(number, layout.time(data, start), place + start)
                                quiet = True
                            if quiet and state.kept is not None:
                                quiet = len(state.kept) < MAX_KEPT
                                if quiet:
                                    state.kept.append(data[first:last])
                            if quiet:
                                state.offset, state.last_packet = reached, number
                                state.expected = (seq + last - first) & 0xFFFFFFFF
                                if flow not in passed:
                                    begun[flow] = number
                                passed[flow] = number
                                continue
                        ack, window = _REST(data, start + 42)
                        time = layout.time(data, start)
                        if passed:
                            self._mark(begun, passed, batch)
                        yield number, time, place + start, flow, seq, ack, control, window, data, first, last, 0
                        continue
            time = layout.time(data, start)
            found = self._frames.decode(batch.link_type, data[start:end], time)
            if found is not None:
                if passed:
                    self._mark(begun, passed, batch)
                flow, seq, ack, control, window, segment, header, missing = found
                last = len(segment)
                yield number, time, place + start, flow, seq, ack, control, window, segment, header, last, missing
        self._mark(begun, passed, batch)

    def _mark(self, begun: dict[bytes, int], passed: dict[bytes, int], batch: PacketBatch) -> None:
        """Tell flows of the packets that were passed over: times are not worked out for every one."""
        data, starts, layout, origin = batch.data, batch.starts, batch.layout, batch.first_number
        for flow, number in passed.items():
            state, first, last = self._flows[flow], begun[flow] - origin, number - origin
            start = starts[last]
            length, ack, control, window = _LAST(data, start + 16)
            length -= 20 + (control >> 10 & 0x3C)
            since = time = layout.time(data, start)
            before = length
            if first != last:
                since, before = layout.time(data, starts[first]), _length(data, starts[first])
                if time - since >= PAUSE:
                    self._find_pauses(state, flow, first, last, batch)
            state.passed_over(since, time, batch.origin + start - layout.header, ack, window, (before, length))
        passed.clear()

    def _find_pauses(self, state: Flow, flow: bytes, first: int, last: int, batch: PacketBatch) -> None:
        """Look through the packets of a flow that were passed over for pauses between them."""
        data, before, since = batch.data, batch.starts[first], batch.time(first)
        for index in range(first + 1, last + 1):
            start = batch.starts[index]
            if data[start + _FLOW.start : start + _FLOW.stop] == flow:
                time = batch.time(index)
                if time - since >= PAUSE:
                    state.paused(since, time, _length(data, before))
                before, since = start, time


def _length(data: bytes, start: int) -> int:
    """Return the payload bytes of a common frame."""
    length: int
    control: int
    length, _, control, _ = _LAST(data, start + 16)
    return length - 20 - (control >> 10 & 0x3C)


def repeats(state: Flow, data: bytes, first: int, last: int) -> bool:
    """Whether a segment ends within (or with) PDUs that repeat the current one's header; then they are quiet too."""
    repeat, period = state.repeat, state.period
    if not repeat:
        return False
    quiet_until, limit = state.quiet_until, state.quiet_limit
    reached = state.offset + last - first
    while reached > quiet_until:
        if quiet_until + period > limit:
            return False
        header = first + quiet_until - state.offset
        if header + len(repeat) > last or not data.startswith(repeat, header):
            return False
        quiet_until += period
    state.quiet_until = quiet_until
    return True
