"""Classic pcap: blocks of bytes -> packet batches. Both byte orders, micro- and nanoseconds, Wireshark's variants."""

import struct
from copy import copy

from msgspec import Struct

from dicomsniff.capture.loops import PcapLayout
from dicomsniff.capture.losses import LossCounter
from dicomsniff.capture.packets import PacketBatch
from dicomsniff.quantities import counted

HEADER_LENGTH = 24


class PcapFormat(Struct, frozen=True):
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
        starts, ends, at, excess = self.layout.records(data, at)
        if excess:
            self.problem = f"a packet record announces {counted(excess, 'byte')}"
        if not starts:
            return [], at
        return [PacketBatch(data, file_offset, number, self.link_type, self.layout, starts, ends)], at
