"""What tcpdump and dumpcap write to a pipe -> pcapng blocks, whole ones only, and how many packets they hold."""

import struct
from typing import NamedTuple, Protocol

from dicomsniff.capture.pcap import MAGICS
from dicomsniff.sniffing import blocks


class Taken(NamedTuple):
    """Whole blocks that have come."""

    data: bytes
    packets: int
    heads: tuple[bytes, ...] = ()
    """Section headers, interfaces and TLS secrets among them, in order: a file that begins later needs them too."""


NOTHING = Taken(b"", 0)
PACKET = 6
DESCRIPTION = b"\1\0\0\0"
"""What an Interface Description Block begins with."""
_HEADS = (0x0A0D0D0A, 1, 10)
"""Section Header, Interface Description and Decryption Secrets Blocks."""
_MAX_RECORD = 1 << 24
"""Bytes of a record; what announces more is no record of a capturer that is sane."""


class TranslationError(Exception):
    """What came from a capturer is not what it writes."""


class Translation(Protocol):
    """Takes the bytes of a pipe as they come."""

    def feed(self, data: bytes, most: int) -> Taken:
        """Return the whole blocks there are by now, with at most so many packets: the rest is never told."""


class PcapTranslation:
    """The pcap format, as tcpdump writes it, of one interface, which has a number in the section it is part of."""

    def __init__(self, interface: str, bpf: str, application: str, number: int = 0) -> None:
        self._interface, self._bpf, self._application, self._number = interface, bpf, application, number
        self._waiting = b""
        self._record: struct.Struct | None = None
        self._ticks = 0

    def feed(self, data: bytes, most: int) -> Taken:
        """Return the whole blocks there are by now."""
        data = self._waiting + data
        heads: tuple[bytes, ...] = ()
        at = 0
        if self._record is None:
            if len(data) < 24:
                self._waiting = data
                return NOTHING
            heads, at = self._begin(data), 24
        record = self._record
        assert record is not None
        parts, packets, end, number = list(heads), 0, len(data), self._number
        while at + 16 <= end and packets < most:
            seconds, fraction, captured, length = record.unpack_from(data, at)
            if captured > _MAX_RECORD:
                raise TranslationError(f"a record announces {captured} bytes")
            if at + 16 + captured > end:
                break
            time = seconds * self._ticks + fraction
            parts.append(blocks.packet(number, time, data[at + 16 : at + 16 + captured], length))
            at += 16 + captured
            packets += 1
        self._waiting = data[at:]
        return Taken(b"".join(parts), packets, heads)

    def _begin(self, data: bytes) -> tuple[bytes, bytes]:
        known = MAGICS.get(data[:4])
        if known is None:
            raise TranslationError(f"it begins with {data[:4].hex(' ')}, which is no pcap")
        self._record = struct.Struct(known.order + "LLLL")
        self._ticks = 1_000_000_000 // known.fraction
        snap_length, link_type = struct.unpack_from(known.order + "16xLL", data)
        description = blocks.interface_description(
            self._interface, link_type & 0xFFFF, snap_length, nanoseconds=known.fraction == 1, bpf=self._bpf
        )
        return blocks.section_header(self._application), description


class PcapngTranslation:
    """The pcapng format, as dumpcap writes it: blocks stay as they are."""

    def __init__(self) -> None:
        self._waiting = b""

    def feed(self, data: bytes, most: int) -> Taken:
        """Return the whole blocks there are by now."""
        data = self._waiting + data
        heads: list[bytes] = []
        at, packets, end = 0, 0, len(data)
        while at + 8 <= end and packets < most:
            kind, length = struct.unpack_from("<LL", data, at)
            if length < 12 or length % 4 or length > _MAX_RECORD:
                raise TranslationError(f"a block announces {length} bytes")
            if at + length > end:
                break
            if kind == PACKET:
                packets += 1
            elif kind in _HEADS:
                heads.append(data[at : at + length])
            at += length
        self._waiting = data[at:]
        return Taken(data[:at], packets, tuple(heads))
