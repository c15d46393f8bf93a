"""What of the streams of a capture is shown: parts as they were sent, and bytes that stand in for others."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from dicomsniff.capture.segments import reverse_flow
from dicomsniff.tcp.source import TcpSource


class Parts:
    """Parts of a stream, by offset: those that are shown as sent, and those in whose place something else is."""

    def __init__(self) -> None:
        # A large capture has a part for every PDU; 16 bytes are kept of one.
        self._starts, self._ends = array("Q"), array("Q")
        self._values: dict[int, bytes] = {}
        self._fills: set[int] = set()

    def keep(self, start: int, end: int) -> None:
        """Show bytes as they were sent."""
        if self._ends and self._ends[-1] == start and self._last_is_kept:
            self._ends[-1] = end
        elif start < end:
            self._starts.append(start)
            self._ends.append(end)

    @property
    def _last_is_kept(self) -> bool:
        return self._starts[-1] not in self._values and self._starts[-1] not in self._fills

    def put(self, start: int, value: bytes) -> None:
        """Show something else."""
        if value:
            self._starts.append(start)
            self._ends.append(start + len(value))
            self._values[start] = value

    def fill(self, start: int, end: int) -> None:
        """Show bytes in whose place no PDU can be seen."""
        if start < end:
            self._starts.append(start)
            self._ends.append(end)
            self._fills.add(start)

    def merge(self, other: "Parts") -> None:
        """Take another's parts too."""
        self._starts.extend(other._starts)
        self._ends.extend(other._ends)
        self._values |= other._values
        self._fills |= other._fills

    def sort(self) -> None:
        """Put them in order, none over another: parts are found after that."""
        starts, ends, values, fills, reached = array("Q"), array("Q"), dict[int, bytes](), set[int](), 0
        for at in sorted(range(len(self._starts)), key=self._starts.__getitem__):
            begin, end = self._starts[at], self._ends[at]
            start = max(begin, reached)
            if start < end:
                starts.append(start)
                ends.append(end)
                if begin in self._values:
                    values[start] = self._values[begin][start - begin :]
                elif begin in self._fills:
                    fills.add(start)
                reached = end
        self._starts, self._ends, self._values, self._fills = starts, ends, values, fills

    def within(self, start: int, end: int) -> Iterator[tuple[int, int, bytes | None]]:
        """Yield (start, end, bytes to be put there or None) of what is shown from `start` to `end`."""
        at = max(bisect_right(self._starts, start) - 1, 0)
        while at < len(self._starts) and self._starts[at] < end:
            first, last = self._starts[at], self._ends[at]
            low, high = max(first, start), min(last, end)
            if low < high:
                if first in self._fills:
                    yield low, high, b"\xff" * (high - low)
                else:
                    value = self._values.get(first)
                    yield low, high, None if value is None else value[low - first : high - first]
            at += 1


@dataclass(slots=True)
class PlannedConnection:
    """A connection that is copied, in packets `first_packet` to `last_packet`.

    `sides` are its directions by flow: where byte 0 is, and what of it is shown. `conflicts` are packets that send
    bytes again with another content. Over TLS nothing but records is known of it.
    """

    first_packet: int
    last_packet: int
    sides: dict[bytes, tuple[TcpSource, Parts]] = field(default_factory=dict)
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


_BARE = PlannedConnection(0, 0)
