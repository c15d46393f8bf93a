"""The connections that are followed, by flow; those that were silent longest wait on the shelf, out of memory.

What a connection weighs is about how many kilobytes it takes, with all that hangs on it. Only where nobody but the
table holds connections (`shelves`) may they leave memory; what comes back from the shelf is equal, not the same.
"""

from typing import TYPE_CHECKING

from dicomsniff.tcp.health import HISTORY
from dicomsniff.tcp.stream import HELD_OVERHEAD, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dicomsniff.tcp.connection import Connection
    from dicomsniff.tcp.shelf import Beside, Shelf

BARE = 3
"""What a connection weighs of which nothing but TCP is followed."""
HISTORY_TOGETHER = 8 << 20
"""Bytes handed on that all connections remember together, about, to compare what is sent again with them."""
LEAST_HISTORY = 1024
"""Bytes that each direction remembers at least, however many there are."""
BUSY = 8
"""What one direction of a connection weighs on which bytes are exchanged, about."""
MAX_AWAKE = 40_000
"""What the connections in memory may weigh together; beyond, those silent longest go on the shelf."""


class ConnectionTable:
    """Knows every connection that is followed, in memory or not."""

    def __init__(self, beside: "Beside | None" = None) -> None:
        self._beside = beside
        self.streams: dict[bytes, Stream] = {}
        """The streams of those in memory, by flow."""
        self.weight = 0
        """What those in memory weigh together."""
        self.held = 0
        """Bytes of memory that segments take which came out of order, of all in memory."""
        self.shelves = False
        """Whether connections may leave memory."""
        self._awake: dict[Connection, None] = {}
        self._shelf: Shelf | None = None
        self._limit = MAX_AWAKE
        self._ending: list[Connection] = []

    def __iter__(self) -> "Iterator[Connection]":
        """Iterate over the connections in memory."""
        return iter(self._awake)

    def __len__(self) -> int:
        return len(self._awake) + (len(self._shelf) if self._shelf is not None else 0)

    @property
    def all_awake(self) -> bool:
        """Whether every connection is in memory."""
        return len(self) == len(self._awake)

    def add(self, connection: "Connection") -> None:
        """Take a connection."""
        self._awake[connection] = None
        self.weight += connection.weight
        self.held += connection.held
        for stream in connection.streams:
            self.streams[stream.flow] = stream

    def remove(self, connection: "Connection") -> None:
        """Let go of a connection."""
        del self._awake[connection]
        self.weight -= connection.weight
        self.held -= connection.held
        for stream in connection.streams:
            if self.streams.get(stream.flow) is stream:
                del self.streams[stream.flow]

    def weigh(self, connection: "Connection", weight: int) -> None:
        """Note what a connection weighs now; one that was removed is followed to its end, and weighs nothing."""
        if connection in self._awake:
            self.weight += weight - connection.weight
        connection.weight = weight

    def count_held(self, connection: "Connection") -> None:
        """Take note of what a connection holds back by now."""
        held = sum(HELD_OVERHEAD + len(segment[8]) for segment in connection.waiting)
        held += sum(stream.held_cost for stream in connection.streams)
        if connection in self._awake:
            self.held += held - connection.held
        connection.held = held

    @property
    def history(self) -> int:
        """How many bytes each direction of another connection should remember."""
        return min(HISTORY, max(LEAST_HISTORY, self.share(HISTORY_TOGETHER)))

    def share(self, together: int) -> int:
        """Return how much one direction of another connection may take of what there is for all `together`."""
        return together // (1 + self.weight // BUSY)

    def is_on_shelf(self, flow: bytes) -> bool:
        """Whether the connection of a flow is followed, but not in memory."""
        return self._shelf is not None and flow in self._shelf

    def wake(self, flow: bytes) -> Stream | None:
        """Return the stream of a flow from the shelf, if its connection is there."""
        connection = self._shelf.take(flow) if self._shelf is not None else None
        if connection is None:
            return None
        self.add(connection)
        return self.streams[flow]

    def give_way(self) -> "Connection | None":
        """Return the connection to be given up for another one: the first of those on the shelf, if there are any."""
        return self._from_shelf() or next(iter(self._awake), None)

    def oldest(self, limit: int | None = None) -> "Connection | None":
        """Return the connection that was opened before all others, and before number `limit`, to be removed.

        None are added any more, but by segments that had waited: these come last.
        """
        if not self._ending:
            self._ending = sorted(self._awake, key=_number, reverse=True)
        before = self._ending[-1].number if self._ending else limit
        if limit is not None and before is not None and before > limit:
            before = limit
        if (waiting := self._from_shelf(before)) is not None:
            return waiting
        is_next = self._ending and (limit is None or self._ending[-1].number < limit)
        return self._ending.pop() if is_next else None

    def _from_shelf(self, before: int | None = None) -> "Connection | None":
        """Take the first connection from the shelf, if there is one (that was opened before another one)."""
        if self._shelf is None or not len(self._shelf):
            return None
        if before is not None and self._shelf.first_number > before:
            return None
        connection = self._shelf.take_first()
        self.add(connection)
        return connection

    @property
    def is_heavy(self) -> bool:
        """Whether connections should leave memory."""
        return self.shelves and self.weight > self._limit

    def relieve(self, busy: "Connection | None") -> "list[Connection]":
        """Put the connections silent longest on the shelf, but for a `busy` one; return those to be given up instead.

        Some cannot leave memory for what is under way on them; where they are too many, they have to go.
        """
        if self._shelf is None:
            from dicomsniff.tcp.shelf import Shelf

            self._shelf = Shelf(self._beside)
        staying: list[Connection] = []
        for connection in sorted(self._awake, key=_last_time):
            if self.weight <= MAX_AWAKE // 2:
                break
            if connection is not busy and self._shelf.put(connection):
                self.remove(connection)
                connection.dissolve()
            elif connection is not busy:
                staying.append(connection)
        excess, given_up = self.weight - MAX_AWAKE, []
        for connection in staying:
            if excess <= 0:
                break
            excess -= connection.weight
            given_up.append(connection)
        # Whoever had to stay is not asked again with every packet.
        self._limit = max(MAX_AWAKE, self.weight - sum(each.weight for each in given_up) + MAX_AWAKE // 8)
        return given_up


def _number(connection: "Connection") -> int:
    return connection.number


def _last_time(connection: "Connection") -> int:
    return connection.last_time
