"""Packet batches -> TCP segments: the common frame inline, every other one through dpkt (frames.py)."""

import struct
from collections import Counter

from dicomsniff.capture.frames import FrameDecoder
from dicomsniff.capture.packets import PacketBatch
from dicomsniff.capture.segments import Segment

ETHERNET = 1
_COMMON = struct.Struct(">12xHBxHxxHxB2x12sLLBBH").unpack_from
"""Ethernet II, IPv4 without options, TCP: type, version and length, total length, fragment, protocol, flow,
sequence number, acknowledgement, data offset, flags, window."""
_COMMON_LENGTH = 54


class SegmentDecoder:
    """Decodes frames to segments; `undecoded` counts what it could not use, by reason."""

    def __init__(self) -> None:
        self.undecoded: Counter[str] = Counter()
        self._frames = FrameDecoder(self.undecoded)

    def feed(self, batch: PacketBatch) -> list[Segment]:
        """Return the TCP segments of a batch, in its order."""
        segments: list[Segment] = []
        add = segments.append
        data, origin, number = batch.data, batch.origin, batch.first_number - 1
        ethernet = batch.link_type == ETHERNET
        for time, record, start, end, _ in batch.packets:
            number += 1
            if ethernet and end - start >= _COMMON_LENGTH:
                kind, version, length, fragment, protocol, flow, seq, ack, words, flags, window = _COMMON(data, start)
                if kind == 0x0800 and version == 0x45 and protocol == 6 and not fragment & 0x3FFF:
                    first = start + 34 + (words >> 4) * 4
                    last = start + 14 + length
                    if first <= last <= end and words >= 0x50:
                        add((number, time, origin + record, flow, seq, ack, flags, window, data, first, last, 0))
                        continue
            found = self._frames.decode(batch.link_type, data[start:end], time)
            if found is not None:
                flow, seq, ack, flags, window, payload, missing = found
                place = origin + record
                add((number, time, place, flow, seq, ack, flags, window, payload, 0, len(payload), missing))
        return segments
