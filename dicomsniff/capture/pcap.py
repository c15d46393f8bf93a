"""Classic pcap: blocks of bytes -> packet batches. Both byte orders, micro- and nanoseconds, Wireshark's variants."""

import struct
from collections.abc import Callable
from copy import copy
from typing import NamedTuple

from dicomsniff.capture.losses import LossCounter
from dicomsniff.capture.packets import PacketBatch
from dicomsniff.quantities import counted

HEADER_LENGTH = 24
MAX_PACKET = 16 << 20
"""A record that announces more bytes than this is damage, not a packet."""


class PcapFormat(NamedTuple):
    """What the magic number says: byte order, ns per fraction, bytes of a record header."""

    order: str
    fraction: int
    record_header: int


MAGICS = {
    b"\xd4\xc3\xb2\xa1": PcapFormat("<", 1000, 16),
    b"\xa1\xb2\xc3\xd4": PcapFormat(">", 1000, 16),
    b"\x4d\x3c\xb2\xa1": PcapFormat("<", 1, 16),
    b"\xa1\xb2\x3c\x4d": PcapFormat(">", 1, 16),
    b"\x34\xcd\xb2\xa1": PcapFormat("<", 1000, 24),  # Kuznetzov's "modified" pcap
    b"\xa1\xb2\xcd\x34": PcapFormat(">", 1000, 24),
}


class PcapLayout:
    """Records of a pcap file: seconds, fraction, bytes captured, bytes on the wire."""

    def __init__(self, form: PcapFormat) -> None:
        self.header = form.record_header
        self._fraction = form.fraction
        self._unpack: Callable[[bytes, int], tuple[int, int]] = struct.Struct(form.order + "LL").unpack_from

    def time(self, data: bytes, start: int) -> int:
        """Return when the frame at `start` was captured, in ns since 1970."""
        seconds, part = self._unpack(data, start - self.header)
        return seconds * 1_000_000_000 + part * self._fraction


class PcapParser:
    """Finds the packets in blocks of a pcap file, after its 24-byte header."""

    name = "pcap"
    other_records = 0
    key_logs: tuple[bytes, ...] = ()
    losses = LossCounter()
    """The format does not tell."""

    def __init__(self, header: bytes) -> None:
        self.format = MAGICS[header[:4]]
        self.link_type: int = struct.unpack_from(self.format.order + "L", header, 20)[0] & 0x0FFFFFFF
        self.resolution_digits = 6 if self.format.fraction == 1000 else 9
        self.layout = PcapLayout(self.format)
        self.problem = ""

    def again(self, offset: int, /) -> tuple["PcapParser", int]:
        """Return a parser that reads again from any record."""
        parser = copy(self)
        parser.problem = ""
        return parser, offset

    def parse(self, data: bytes, at: int, file_offset: int, number: int, /) -> tuple[list[PacketBatch], int]:
        """Return the packets found in `data` from `at`, and where the first incomplete record begins."""
        starts: list[int] = []
        ends: list[int] = []
        add_start, add_end = starts.append, ends.append
        captured_at = struct.Struct(self.format.order + "8xL").unpack_from
        header, last = self.format.record_header, len(data)
        furthest = last - header
        while at <= furthest:
            start = at + header
            end = start + captured_at(data, at)[0]
            if end > last:
                if end - start > MAX_PACKET:
                    self.problem = f"a packet record announces {counted(end - start, 'byte')}"
                break
            add_start(start)
            add_end(end)
            at = end
        if not starts:
            return [], at
        return [PacketBatch(data, file_offset, number, self.link_type, self.layout, starts, ends)], at
