"""pcapng: blocks of bytes -> packet batches. Sections, interfaces with their own link type, clock and byte order."""

import struct
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from dicomsniff.capture.packets import PacketBatch, RecordLayout

MAGIC = b"\x0a\x0d\x0d\x0a"
MAX_BLOCK = 64 << 20
"""A block that announces more bytes than this is damage, not a block."""

MAX_SECTIONS, MAX_INTERFACES = 1 << 16, 1 << 16
"""Sections of a capture, and interfaces of them all, that are told apart; files put together have one or few each."""

SECTION_HEADER, INTERFACE, OBSOLETE_PACKET, SIMPLE_PACKET, ENHANCED_PACKET = 0x0A0D0D0A, 1, 2, 3, 6
SHORTEST = {SECTION_HEADER: 28, INTERFACE: 20, OBSOLETE_PACKET: 32, SIMPLE_PACKET: 16, ENHANCED_PACKET: 32}
"""Bytes that a block of a type has at least: what it tells must not be read from the next one."""
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


class PacketLayout:
    """Enhanced (and obsolete) packet blocks: an interface whose clock counts a 64-bit time before the frame."""

    __slots__ = ("_interfaces", "_unpack")
    header = 28

    def __init__(self, interfaces: list[Interface], fields: struct.Struct) -> None:
        self._interfaces = interfaces
        self._unpack = fields.unpack_from

    def time(self, data: bytes, start: int) -> int:
        """Return when the frame at `start` was captured, in ns since 1970."""
        number, high, low = self._unpack(data, start - self.header)
        interface: Interface = self._interfaces[number]
        return interface.time(high, low)


class SimpleLayout:
    """Simple packet blocks: no time, which is given as 0."""

    header = 12

    def time(self, _data: bytes, _start: int, /) -> int:
        """Return 0."""
        return 0


_SIMPLE = SimpleLayout()


class _Order(NamedTuple):
    """The fields of blocks in a byte order: any block's head, and what packet blocks begin with."""

    head: struct.Struct
    enhanced: struct.Struct
    enhanced_time: struct.Struct
    obsolete_time: struct.Struct


_ORDERS = {
    order: _Order(*(struct.Struct(order + fields) for fields in ("LL", "L8xL", "8xLLL", "8xHxxLL"))) for order in "<>"
}


class Section:
    """A section: where it starts in the capture, its byte order, its interfaces in order."""

    __slots__ = ("enhanced", "enhanced_layout", "head", "interfaces", "obsolete_layout", "order", "start")

    def __init__(self, start: int, order: str, interfaces: list[Interface] | None = None) -> None:
        self.start = start
        self.order = order
        self.interfaces = interfaces or []
        fields = _ORDERS[order]
        self.head, self.enhanced = fields.head.unpack_from, fields.enhanced.unpack_from
        self.enhanced_layout = PacketLayout(self.interfaces, fields.enhanced_time)
        self.obsolete_layout = PacketLayout(self.interfaces, fields.obsolete_time)


class PcapngParser:
    """Finds the packets in blocks of a pcapng file, from its first Section Header Block on."""

    name = "pcapng"

    def __init__(self) -> None:
        self.sections: list[Section] = []
        self.problem = ""
        self.resolution_digits = 6
        self.other_records = 0
        self._interface_count = 0
        self._section = Section(0, "<")
        self._found = _Found(b"", 0, 1)

    def parse(self, data: bytes, at: int, file_offset: int, number: int, /) -> tuple[list[PacketBatch], int]:
        """Return the packets found in `data` from `at`, and where the first incomplete block begins."""
        found = self._found = _Found(data, file_offset, number)
        last = len(data)
        unpack, interfaces = self._section.head, self._section.interfaces
        while at + 12 <= last:
            if data.startswith(MAGIC, at):
                if not self._start_section(data, at, file_offset):
                    break
                unpack, interfaces = self._section.head, self._section.interfaces
            kind, length = unpack(data, at)
            if length < SHORTEST.get(kind, 12) or length % 4 or length > MAX_BLOCK:
                self.problem = f"a block announces {length} bytes"
                break
            end = at + length
            if end > last:
                break
            try:
                if kind == ENHANCED_PACKET:
                    interface, captured = self._section.enhanced(data, at + 8)
                    found.add(interfaces[interface], self._section.enhanced_layout, at, at + captured, end)
                else:
                    self.other_records += 1
                    if kind in self._HANDLERS:
                        self._HANDLERS[kind](self, data, at, end - 4)
                    if self._interface_count > MAX_INTERFACES:
                        self.problem = f"there are more than {MAX_INTERFACES} interfaces"
                        break
            except (struct.error, IndexError):
                self.problem = f"a block of type {kind} is cut short or names an interface that was never described"
                break
            at = end
        return found.batches(), at

    def again(self, offset: int, /) -> "PcapngParser":
        """Return a parser that reads again from `offset` (bytes into the capture), which was parsed before."""
        parser = PcapngParser()
        # Its own copies: interfaces met again are added once more, behind those that packets name.
        parser.sections = [Section(each.start, each.order, list(each.interfaces)) for each in self.sections]
        parser._enter(offset)
        return parser

    def _enter(self, offset: int) -> None:
        starts = [section.start for section in self.sections]
        self._section = self.sections[max(bisect_right(starts, offset) - 1, 0)]

    def _start_section(self, data: bytes, at: int, file_offset: int) -> bool:
        order = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}.get(data[at + 8 : at + 12])
        if order is None:
            self.problem = "a section header has no valid byte-order magic"
            return False
        if self.sections and file_offset + at <= self.sections[-1].start:
            self._enter(file_offset + at)
            return True
        if len(self.sections) >= MAX_SECTIONS:
            self.problem = f"there are more than {MAX_SECTIONS} sections"
            return False
        self._section = Section(file_offset + at, order)
        self.sections.append(self._section)
        return True

    def _interface(self, data: bytes, at: int, end: int) -> None:
        order = self._section.order
        link_type, snap_length = struct.unpack_from(order + "HxxL", data, at + 8)
        interface = Interface(link_type, snap_length)
        option = at + 16
        while option + 4 <= end:
            code, length = struct.unpack_from(order + "HH", data, option)
            if code == _OPTION_END or option + 4 + length > end:
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
        self._interface_count += 1

    def _simple_packet(self, data: bytes, at: int, end: int) -> None:
        (wire,) = struct.unpack_from(self._section.order + "L", data, at + 8)
        interface = self._section.interfaces[0]
        kept = min(wire, interface.snap_length or wire)
        self._found.add(interface, _SIMPLE, at, at + kept, end + 4)

    def _obsolete_packet(self, data: bytes, at: int, end: int) -> None:
        number, captured = struct.unpack_from(self._section.order + "H10xL", data, at + 8)
        layout = self._section.obsolete_layout
        self._found.add(self._section.interfaces[number], layout, at, at + captured, end + 4)

    _HANDLERS: ClassVar[dict[int, Callable[["PcapngParser", bytes, int, int], None]]] = {
        INTERFACE: _interface,
        SIMPLE_PACKET: _simple_packet,
        OBSOLETE_PACKET: _obsolete_packet,
    }


class _Found:
    """The packets of one block of bytes, batched by link type and layout."""

    def __init__(self, data: bytes, file_offset: int, number: int) -> None:
        self._data, self._file_offset, self._number = data, file_offset, number
        self._batches: list[PacketBatch] = []
        self._key: tuple[int, RecordLayout] | None = None

    def add(self, interface: Interface, layout: RecordLayout, at: int, captured_end: int, block_end: int) -> None:
        """Add the packet whose block is at `at`; `captured_end` counts from there as if it had no header."""
        if self._key != (interface.link_type, layout):
            self._key = (interface.link_type, layout)
            self._number += len(self._batches[-1].starts) if self._batches else 0
            batch = PacketBatch(self._data, self._file_offset, self._number, interface.link_type, layout, [], [])
            self._batches.append(batch)
        self._batches[-1].starts.append(at + layout.header)
        self._batches[-1].ends.append(min(captured_end + layout.header, block_end - 4))

    def batches(self) -> list[PacketBatch]:
        """Return what was added."""
        return self._batches
