"""What of the streams of a capture is shown: parts as they were sent, and bytes that stand in for others."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from dicomsniff.capture.segments import reverse_flow
from dicomsniff.tcp.source import TcpSource

_FILL = b"\xff"
"""No PDU begins with it, and none is that long."""


class Parts:
    """Parts of a stream, by offset: those that are shown as sent, and those in whose place something else is."""

    def __init__(self) -> None:
        # A large capture has a part for every PDU; 16 bytes are kept of one.
        self._starts, self._ends = array("Q"), array("Q")
        self._values: dict[int, bytes] = {}
        """What is put in place of parts, by their index; nothing stands for bytes in which no PDU can be seen."""

    def keep(self, start: int, end: int) -> None:
        """Show bytes as they were sent."""
        if self._ends and self._ends[-1] == start and len(self._ends) - 1 not in self._values:
            self._ends[-1] = end
        elif start < end:
            self._starts.append(start)
            self._ends.append(end)

    def put(self, start: int, value: bytes) -> None:
        """Show something else."""
        if value:
            self._values[len(self._starts)] = value
            self._starts.append(start)
            self._ends.append(start + len(value))

    def fill(self, start: int, end: int) -> None:
        """Show bytes in whose place no PDU can be seen."""
        if start < end:
            self._values[len(self._starts)] = b""
            self._starts.append(start)
            self._ends.append(end)

    def merge(self, other: "Parts") -> None:
        """Take another's parts too."""
        before = len(self._starts)
        self._starts.extend(other._starts)
        self._ends.extend(other._ends)
        self._values |= {before + index: value for index, value in other._values.items()}

    def sort(self) -> None:
        """Put them in order, none over another: parts are found after that."""
        starts, ends, values, reached = array("Q"), array("Q"), dict[int, bytes](), 0
        for index in sorted(range(len(self._starts)), key=self._starts.__getitem__):
            begin, end = self._starts[index], self._ends[index]
            start, value = max(begin, reached), self._values.get(index)
            if start < end:
                if value is not None:
                    values[len(starts)] = value[start - begin :]
                starts.append(start)
                ends.append(end)
                reached = end
        self._starts, self._ends, self._values = starts, ends, values

    def within(self, start: int, end: int) -> Iterator[tuple[int, int, bytes | None]]:
        """Yield (start, end, bytes to be put there or None) of what is shown from `start` to `end`."""
        index = max(bisect_right(self._starts, start) - 1, 0)
        while index < len(self._starts) and self._starts[index] < end:
            first = self._starts[index]
            low, high = max(first, start), min(self._ends[index], end)
            if low < high:
                value = self._values.get(index)
                yield low, high, value and value[low - first : high - first] if value != b"" else _FILL * (high - low)
            index += 1


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
