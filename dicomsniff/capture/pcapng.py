"""pcapng: blocks of bytes -> packet batches. Sections, interfaces with their own link type, clock and byte order."""

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from math import inf
from typing import ClassVar

from msgspec import Struct

from dicomsniff.capture.losses import LossCounter
from dicomsniff.capture.packets import PacketBatch, RecordLayout
from dicomsniff.quantities import counted

MAGIC = b"\x0a\x0d\x0d\x0a"
MAX_BLOCK = 64 << 20
"""A block that announces more bytes than this is damage, not a block."""

MAX_SECTIONS = 1 << 12
"""Sections that are remembered, to begin reading again in any of them; of more, every second one, and so on.

Files put together have a few. What lies in one that is not remembered is found from the last one before it that is.
"""
MAX_INTERFACES = 1 << 16
"""Interfaces of a section that are told apart, as many as an obsolete packet block can name; beyond is damage.

No more are remembered of all sections either, but for those of the latest one.
"""
MAX_NAME, MAX_OPTIONS = 256, 4096
"""Bytes that are read of an interface's name, and of the options of statistics."""

MAX_SECRETS = 16 << 20
"""Bytes of TLS secrets that may stand in a row before somebody takes them; more is damage."""
SECTION_HEADER, INTERFACE, OBSOLETE_PACKET, SIMPLE_PACKET, STATISTICS, ENHANCED_PACKET, SECRETS = (
    0x0A0D0D0A, 1, 2, 3, 5, 6, 10
)  # fmt: skip
SHORTEST = {
    SECTION_HEADER: 28, INTERFACE: 20, OBSOLETE_PACKET: 32, SIMPLE_PACKET: 16, STATISTICS: 24, ENHANCED_PACKET: 32,
    SECRETS: 20,
}  # fmt: skip
"""Bytes that a block of a type has at least: what it tells must not be read from the next one."""
_OPTION_END, _OPTION_NAME, _OPTION_RESOLUTION, _OPTION_OFFSET = 0, 2, 9, 14
_TLS_KEY_LOG = 0x544C534B


class Interface(Struct):
    """An Interface Description Block. `snap_length` is in bytes (0: all); `ticks` per second; `offset` in seconds.

    `name` is kept as far as it is told apart from others.
    """

    link_type: int
    snap_length: int
    ticks: int = 1_000_000
    offset: int = 0
    name: bytes = b""

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


class _Order(Struct, frozen=True):
    """The fields of blocks in a byte order: any block's head, and what packet blocks begin with."""

    head: struct.Struct
    enhanced: struct.Struct
    enhanced_time: struct.Struct
    obsolete_time: struct.Struct


_ORDERS = {
    order: _Order(*(struct.Struct(order + fields) for fields in ("LL", "L8xL", "8xLLL", "8xHxxLL"))) for order in "<>"
}


class Section:
    """A section: where it starts and ends in the capture, its byte order, its interfaces in order."""

    __slots__ = ("end", "enhanced", "enhanced_layout", "head", "interfaces", "obsolete_layout", "order", "start")

    def __init__(self, start: int, order: str, interfaces: list[Interface] | None = None) -> None:
        self.start = start
        self.end: float = inf
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
        """Those that are remembered, in order; the first one always."""
        self.problem = ""
        self.resolution_digits = 6
        self.other_records = 0
        self.key_logs: tuple[bytes, ...] = ()
        """TLS key logs of Decryption Secrets Blocks that nobody has taken yet."""
        self.losses = LossCounter()
        """What was lost while it was captured, as far as it tells."""
        self._section_count = 0
        self._apart = 1
        """Of so many sections one is remembered."""
        self._remembered = 0
        """Interfaces of the sections that are remembered and have ended."""
        self._resume = 0
        """Packets before this place in the capture are not told of."""
        self._section = Section(-1, "<")
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
                self.problem = f"a block announces {counted(length, 'byte')}"
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
                    if len(interfaces) > MAX_INTERFACES:
                        self.problem = f"a section has more than {MAX_INTERFACES} interfaces"
                        break
                    if kind == SECRETS and sum(map(len, self.key_logs)) > MAX_SECRETS:
                        self.problem = f"more than {MAX_SECRETS} bytes of TLS secrets stand in a row"
                        break
            except (struct.error, IndexError):
                self.problem = f"a block of type {kind} is cut short or names an interface that was never described"
                break
            at = end
        return self._resumed(found.batches(), file_offset + at) if self._resume else found.batches(), at

    def again(self, offset: int, /) -> tuple["PcapngParser", int]:
        """Return a parser that finds again the packets from the block at `offset` on, and where it has to begin."""
        parser = PcapngParser()
        known = self.sections
        section = known[max(bisect_right(known, offset, key=_start) - 1, 0)]
        if offset >= section.end:
            parser._resume = offset
            return parser, section.start
        # Its own copy: interfaces met again are added once more, behind those that packets name.
        parser._section = Section(section.start, section.order, list(section.interfaces))
        return parser, offset

    def _resumed(self, batches: list[PacketBatch], read_to: int) -> list[PacketBatch]:
        """Return what of `batches` is to be told of; `read_to` is where in the capture they end."""
        left: list[PacketBatch] = []
        skipped = 0
        for batch in batches:
            first = bisect_left(batch.starts, self._resume - batch.file_offset + batch.layout.header)
            number = batch.first_number - skipped
            skipped += first
            if first < len(batch.starts):
                left.append(batch._replace(first_number=number, starts=batch.starts[first:], ends=batch.ends[first:]))
        if read_to > self._resume:
            self._resume = 0
        return left

    def _start_section(self, data: bytes, at: int, file_offset: int) -> bool:
        order = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}.get(data[at + 8 : at + 12])
        if order is None:
            self.problem = "a section header has no valid byte-order magic"
            return False
        if file_offset + at == self._section.start:
            return True  # its header block had not come whole the first time
        self._section.end = file_offset + at
        if self.sections and self.sections[-1] is self._section:
            self._remembered += len(self._section.interfaces)
        self._section = Section(file_offset + at, order)
        if self._section_count % self._apart == 0:
            self.sections.append(self._section)
        self._section_count += 1
        self._remember_fewer()
        return True

    def _remember_fewer(self) -> None:
        """Remember no more sections than may be, nor sections with more interfaces."""
        while len(self.sections) > 1 and (len(self.sections) > MAX_SECTIONS or self._remembered > MAX_INTERFACES):
            self._apart *= 2
            self.sections = self.sections[::2]
            self._remembered = sum(len(section.interfaces) for section in self.sections)

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
            elif code == _OPTION_NAME:
                interface.name = data[option + 4 : option + 4 + min(length, MAX_NAME)]
            elif code == _OPTION_OFFSET and length >= 8:
                interface.offset = struct.unpack_from(order + "q", data, option + 4)[0]
            option += 4 + (length + 3) // 4 * 4
        self._section.interfaces.append(interface)

    def _statistics(self, data: bytes, at: int, end: int) -> None:
        (number,) = struct.unpack_from(self._section.order + "L", data, at + 8)
        known = self._section.interfaces
        name = known[number].name if number < len(known) else b""
        self.losses.feed(self._section.order, name or b"%d" % number, data[at + 20 : min(end, at + 20 + MAX_OPTIONS)])

    def _simple_packet(self, data: bytes, at: int, end: int) -> None:
        (wire,) = struct.unpack_from(self._section.order + "L", data, at + 8)
        interface = self._section.interfaces[0]
        kept = min(wire, interface.snap_length or wire)
        self._found.add(interface, _SIMPLE, at, at + kept, end + 4)

    def _obsolete_packet(self, data: bytes, at: int, end: int) -> None:
        number, captured = struct.unpack_from(self._section.order + "H10xL", data, at + 8)
        layout = self._section.obsolete_layout
        self._found.add(self._section.interfaces[number], layout, at, at + captured, end + 4)

    def _secrets(self, data: bytes, at: int, end: int) -> None:
        """Take a Decryption Secrets Block (draft-ietf-opsawg-pcapng §4.7); those of other protocols are passed over."""
        kind, length = struct.unpack_from(self._section.order + "LL", data, at + 8)
        if kind == _TLS_KEY_LOG:
            self.key_logs += (data[at + 16 : min(at + 16 + length, end)],)

    _HANDLERS: ClassVar[dict[int, Callable[["PcapngParser", bytes, int, int], None]]] = {
        INTERFACE: _interface,
        SIMPLE_PACKET: _simple_packet,
        STATISTICS: _statistics,
        OBSOLETE_PACKET: _obsolete_packet,
        SECRETS: _secrets,
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


def _start(section: Section) -> int:
    return section.start
