"""What of the streams of a capture is shown: parts as they were sent, and bytes that stand in for others."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from operator import itemgetter
from os import SEEK_END
from typing import IO

from msgspec import Struct, field

from dicomsniff.capture.segments import reverse_flow
from dicomsniff.tcp.source import TcpSource

_AS_SENT, _NO_PDU = -1, -2


class Parts:
    """Parts of a stream, by offset: those that are shown as sent, and those in whose place something else is.

    What that is goes to `values`, a file that many may share: a large capture has a part for every PDU and for every
    value, and 24 bytes are kept in memory of each.
    """

    def __init__(self, values: IO[bytes]) -> None:
        self._starts, self._ends, self._places = array("Q"), array("Q"), array("q")
        """Of each part; `places` are those in the file, or what is less than that."""
        self._values = values

    def keep(self, start: int, end: int) -> None:
        """Show bytes as they were sent."""
        if self._ends and self._ends[-1] == start and self._places[-1] == _AS_SENT:
            self._ends[-1] = end
        elif start < end:
            self._add(start, end, _AS_SENT)

    def put(self, start: int, value: bytes) -> None:
        """Show something else."""
        if value:
            self._add(start, start + len(value), self._values.seek(0, SEEK_END))
            self._values.write(value)

    def fill(self, start: int, end: int) -> None:
        """Show bytes in whose place no PDU can be seen."""
        if start < end:
            self._add(start, end, _NO_PDU)

    def merge(self, other: "Parts") -> None:
        """Take the parts of another one, which shares the file."""
        self._starts.extend(other._starts)
        self._ends.extend(other._ends)
        self._places.extend(other._places)

    def sort(self) -> None:
        """Put them in order, none over another: parts are found after that."""
        parts = sorted(zip(self._starts, self._ends, self._places, strict=True), key=itemgetter(0))
        for each in (self._starts, self._ends, self._places):
            del each[:]
        reached = 0
        for begin, end, place in parts:
            start = max(begin, reached)
            if start < end:
                self._add(start, end, place + start - begin if place >= 0 else place)
                reached = end

    def within(self, start: int, end: int) -> Iterator[tuple[int, int, bytes | None]]:
        """Yield (start, end, bytes to be put there or None) of what is shown from `start` to `end`."""
        index = max(bisect_right(self._starts, start) - 1, 0)
        while index < len(self._starts) and self._starts[index] < end:
            first, place = self._starts[index], self._places[index]
            low, high = max(first, start), min(self._ends[index], end)
            if low < high:
                value = None
                if place == _NO_PDU:
                    value = b"\x7f" * (high - low)  # no PDU begins with it, nor is one whole in tshark
                elif place != _AS_SENT:
                    self._values.seek(place + low - first)
                    value = self._values.read(high - low)
                yield low, high, value
            index += 1

    def _add(self, start: int, end: int, place: int) -> None:
        self._starts.append(start)
        self._ends.append(end)
        self._places.append(place)


class PlannedConnection(Struct):
    """A connection that is copied, in packets `first_packet` to `last_packet`.

    `sides` are its directions by flow: where byte 0 is, and what of it is shown. `openings` are the bytes of each that
    stand before DICOM, where any do. `conflicts` are packets that send
    bytes again with another content. Over TLS nothing but records is known of it.
    """

    first_packet: int
    last_packet: int
    sides: dict[bytes, tuple[TcpSource, Parts]] = field(default_factory=dict)
    openings: dict[bytes, int] = field(default_factory=dict)
    conflicts: set[int] = field(default_factory=set)
    is_tls: bool = False


class Plan:
    """The connections that are copied."""

    def __init__(self) -> None:
        self._connections: dict[bytes, list[PlannedConnection]] = {}
        self._bare: set[int] = set()
        self._bare_flows: dict[bytes, int] = {}

    def add(self, flow: bytes, connection: PlannedConnection) -> None:
        """Copy a connection, given one of its flows."""
        for _, parts in connection.sides.values():
            parts.sort()
        for each in (flow, reverse_flow(flow)):
            self._connections.setdefault(each, []).append(connection)

    def add_bare(self, first_packet: int) -> None:
        """Copy a connection on which nothing was sent, given its first packet."""
        self._bare.add(first_packet)

    def find(self, flow: bytes, packet: int, *, is_bare: bool) -> PlannedConnection | None:
        """Return the connection that a packet belongs to; None where it is not copied.

        `is_bare` is true of a packet without bytes of a stream.
        """
        for each in self._connections.get(flow, ()):
            if each.first_packet <= packet <= each.last_packet:
                return each
        if packet in self._bare:
            self._bare_flows[flow] = self._bare_flows[reverse_flow(flow)] = packet
        return _BARE if is_bare and flow in self._bare_flows else None

    def find_before(self, flow: bytes, packet: int) -> PlannedConnection | None:
        """Return the last connection of a flow that began before a packet; None where that is not copied."""
        before = [each for each in self._connections.get(flow, ()) if each.first_packet <= packet]
        if before:
            return max(before, key=lambda each: each.first_packet)
        return _BARE if flow in self._bare_flows else None


_BARE = PlannedConnection(0, 0)
