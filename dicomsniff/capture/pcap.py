"""Classic pcap: blocks of bytes -> packet batches. Both byte orders, micro- and nanoseconds, Wireshark's variants."""

import struct
from copy import copy
from typing import NamedTuple

from dicomsniff.capture.packets import Packet

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


class PcapParser:
    """Finds the packets in blocks of a pcap file, after its 24-byte header."""

    name = "pcap"

    def __init__(self, header: bytes) -> None:
        self.format = MAGICS[header[:4]]
        self.link_type: int = struct.unpack_from(self.format.order + "L", header, 20)[0] & 0x0FFFFFFF
        self.resolution_digits = 6 if self.format.fraction == 1000 else 9
        self._record = struct.Struct(self.format.order + "LLLL")
        self.problem = ""

    def again(self, _offset: int, /) -> "PcapParser":
        """Return a parser that reads again from any record."""
        parser = copy(self)
        parser.problem = ""
        return parser

    def parse(self, data: bytes, at: int, _origin: int, /) -> tuple[list[tuple[int, list[Packet]]], int]:
        """Return [(link type, packets)] found in `data` from `at`, and where the first incomplete record begins."""
        packets: list[Packet] = []
        add = packets.append
        unpack = self._record.unpack_from
        header, fraction, last = self.format.record_header, self.format.fraction, len(data)
        while at + header <= last:
            seconds, part, captured, wire = unpack(data, at)
            start = at + header
            end = start + captured
            if end > last:
                if captured > MAX_PACKET:
                    self.problem = f"a packet record announces {captured} bytes"
                break
            add((seconds * 1_000_000_000 + part * fraction, at, start, end, wire))
            at = end
        return ([(self.link_type, packets)] if packets else []), at
