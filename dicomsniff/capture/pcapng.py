"""pcapng: blocks of bytes -> packet batches. Sections, interfaces with their own link type, clock and byte order."""

import struct
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

from dicomsniff.capture.packets import Packet

MAGIC = b"\x0a\x0d\x0d\x0a"
MAX_BLOCK = 64 << 20
"""A block that announces more bytes than this is damage, not a block."""

SECTION_HEADER, INTERFACE, OBSOLETE_PACKET, SIMPLE_PACKET, ENHANCED_PACKET = 0x0A0D0D0A, 1, 2, 3, 6
_OPTION_END, _OPTION_RESOLUTION, _OPTION_OFFSET = 0, 9, 14


@dataclass(slots=True)
class Interface:
    """An Interface Description Block. `snap_length` is in bytes (0: all); `ticks` per second; `offset` in seconds."""

    link_type: int
    snap_length: int
    ticks: int = 1_000_000
    offset: int = 0

    def time(self, high: int, low: int) -> int:
        """Convert a 64-bit timestamp to ns since 1970."""
        return ((high << 32) | low) * 1_000_000_000 // self.ticks + self.offset * 1_000_000_000


@dataclass(slots=True)
class Section:
    """A section: where it starts in the capture, its byte order, its interfaces in order."""

    start: int
    order: str
    interfaces: list[Interface] = field(default_factory=list)


class PcapngParser:
    """Finds the packets in blocks of a pcapng file, from its first Section Header Block on."""

    name = "pcapng"

    def __init__(self) -> None:
        self.sections: list[Section] = []
        self.problem = ""
        self.resolution_digits = 6
        self._section = Section(0, "<")
        self._found: list[tuple[int, list[Packet]]] = []

    def parse(self, data: bytes, at: int, origin: int, /) -> tuple[list[tuple[int, list[Packet]]], int]:
        """Return [(link type, packets)] found in `data` from `at`, and where the first incomplete block begins."""
        self._found = []
        last = len(data)
        while at + 12 <= last:
            if data[at : at + 4] == MAGIC and not self._start_section(data, at, origin):
                break
            kind, length = struct.unpack_from(self._section.order + "LL", data, at)
            if length < 12 or length % 4 or length > MAX_BLOCK:
                self.problem = f"a block announces {length} bytes"
                break
            if at + length > last:
                break
            handler = self._HANDLERS.get(kind)
            if handler is not None:
                try:
                    handler(self, data, at, at + length - 4)
                except (struct.error, IndexError):
                    self.problem = f"a block of type {kind} is cut short or names an interface that was never described"
                    break
            at += length
        return self._found, at

    def again(self, offset: int, /) -> "PcapngParser":
        """Return a parser that reads again from `offset` (bytes into the capture), which was parsed before."""
        parser = PcapngParser()
        # Its own copies: interfaces met again are added once more, behind those that packets name.
        parser.sections = [replace(section, interfaces=list(section.interfaces)) for section in self.sections]
        parser._enter(offset)
        return parser

    def _enter(self, offset: int) -> None:
        starts = [section.start for section in self.sections]
        self._section = self.sections[max(bisect_right(starts, offset) - 1, 0)]

    def _start_section(self, data: bytes, at: int, origin: int) -> bool:
        order = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}.get(data[at + 8 : at + 12])
        if order is None:
            self.problem = "a section header has no valid byte-order magic"
            return False
        if not self.sections or origin + at > self.sections[-1].start:
            self.sections.append(Section(origin + at, order))
        self._enter(origin + at)
        return True

    def _interface(self, data: bytes, at: int, end: int) -> None:
        order = self._section.order
        link_type, snap_length = struct.unpack_from(order + "HxxL", data, at + 8)
        interface = Interface(link_type, snap_length)
        option = at + 16
        while option + 4 <= end:
            code, length = struct.unpack_from(order + "HH", data, option)
            if code == _OPTION_END:
                break
            if code == _OPTION_RESOLUTION and length >= 1:
                value = data[option + 4]
                interface.ticks = 2 ** (value & 0x7F) if value & 0x80 else 10**value
                if interface.ticks > 1_000_000:
                    self.resolution_digits = 9
            elif code == _OPTION_OFFSET and length >= 8:
                interface.offset = struct.unpack_from(order + "q", data, option + 4)[0]
            option += 4 + (length + 3) // 4 * 4
        self._section.interfaces.append(interface)

    def _enhanced_packet(self, data: bytes, at: int, end: int) -> None:
        number, high, low, captured, wire = struct.unpack_from(self._section.order + "LLLLL", data, at + 8)
        interface = self._section.interfaces[number]
        self._add(interface, (interface.time(high, low), at, at + 28, min(at + 28 + captured, end), wire))

    def _simple_packet(self, data: bytes, at: int, end: int) -> None:
        (wire,) = struct.unpack_from(self._section.order + "L", data, at + 8)
        interface = self._section.interfaces[0]
        kept = min(wire, interface.snap_length or wire)
        self._add(interface, (0, at, at + 12, min(at + 12 + kept, end), wire))

    def _obsolete_packet(self, data: bytes, at: int, end: int) -> None:
        number, high, low, captured, wire = struct.unpack_from(self._section.order + "HxxLLLL", data, at + 8)
        interface = self._section.interfaces[number]
        self._add(interface, (interface.time(high, low), at, at + 28, min(at + 28 + captured, end), wire))

    def _add(self, interface: Interface, packet: Packet) -> None:
        if not self._found or self._found[-1][0] != interface.link_type:
            self._found.append((interface.link_type, []))
        self._found[-1][1].append(packet)

    _HANDLERS: ClassVar[dict[int, Callable[["PcapngParser", bytes, int, int], None]]] = {
        INTERFACE: _interface,
        ENHANCED_PACKET: _enhanced_packet,
        SIMPLE_PACKET: _simple_packet,
        OBSOLETE_PACKET: _obsolete_packet,
    }
