"""Connections on which nothing comes: kept out of memory, whole, until something does.

A capture may hold tens of thousands of connections that stay open, and each takes ten kilobytes or more while its
next byte is awaited. Those that have been silent longest are pickled into a temporary SQLite database, which is a file
of its own that nobody else can open and that is gone with the process. What waits there is found again by its flow.
"""

import pickle
import sqlite3
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol
from weakref import finalize

if TYPE_CHECKING:
    from dicomsniff.tcp.connection import Connection

_TABLES = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "CREATE TABLE connection (number INTEGER PRIMARY KEY, pickled BLOB)",
    "CREATE TABLE flow (flow BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID",
)


class Beside(Protocol):
    """What a later stage keeps beside connections; it leaves memory with them."""

    def pack(self, connection: "Connection") -> Any:
        """Return what is to be pickled with a connection."""

    def unpack(self, connection: "Connection", packed: Any) -> None:
        """Take it back with the connection, which is another object by now."""


class _Packer:
    """Pickles connections, one after another."""

    def __init__(self, beside: Beside | None) -> None:
        self._beside = beside
        self._packed = BytesIO()
        self._pickler = pickle.Pickler(self._packed, pickle.HIGHEST_PROTOCOL)

    def pack(self, connection: "Connection") -> bytes | None:
        """Return a connection as bytes; None where it cannot be pickled: a data set is being collected, say."""
        self._packed.seek(0)
        self._packed.truncate()
        try:
            beside = self._beside.pack(connection) if self._beside is not None else None
            self._pickler.dump((connection, beside))
        except (TypeError, pickle.PicklingError, RecursionError):
            return None
        finally:
            # A pickler remembers all it pickled, to refer to it again, and would keep it in memory.
            self._pickler.clear_memo()
        return self._packed.getvalue()


class Shelf:
    """Takes connections, with all that hangs on them, and gives them back."""

    def __init__(self, beside: Beside | None = None) -> None:
        self._beside = beside
        # An empty name asks SQLite for a private file, whose pages stay in memory only while they are few.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        finalize(self, self._database.close)  # whenever it is let go of; Python 3.13 warns of one that nobody closed
        for statement in _TABLES:
            self._database.execute(statement)
        self._count = 0
        self._packer = _Packer(beside)

    def __len__(self) -> int:
        return self._count

    def put(self, connection: "Connection") -> bool:
        """Take a connection; return whether it could be taken: some of what is under way cannot be pickled."""
        pickled = self._packer.pack(connection)
        if pickled is None:
            return False
        self._database.execute("INSERT INTO connection VALUES (?, ?)", (connection.number, pickled))
        flows = [(stream.flow, connection.number) for stream in connection.streams]
        self._database.executemany("INSERT INTO flow VALUES (?, ?)", flows)
        self._count += 1
        return True

    def __contains__(self, flow: bytes) -> bool:
        return self._find(flow) is not None

    def take(self, flow: bytes) -> "Connection | None":
        """Give back the connection that a flow belongs to; None where there is none."""
        number = self._find(flow)
        return self._give_back(number) if number is not None else None

    def _find(self, flow: bytes) -> int | None:
        if not self._count:
            return None
        row = self._database.execute("SELECT number FROM flow WHERE flow = ?", (flow,)).fetchone()
        return row[0] if row is not None else None

    def take_first(self) -> "Connection":
        """Give back the connection that was opened before all others here."""
        return self._give_back(self.first_number)

    @property
    def first_number(self) -> int:
        """The number of the connection that was opened before all others here."""
        (number,) = self._database.execute("SELECT min(number) FROM connection").fetchone()
        return int(number)

    def _give_back(self, number: int) -> "Connection":
        (pickled,) = self._database.execute("SELECT pickled FROM connection WHERE number = ?", (number,)).fetchone()
        connection: Connection
        connection, packed = pickle.loads(pickled)
        if self._beside is not None:
            self._beside.unpack(connection, packed)
        self._database.execute("DELETE FROM connection WHERE number = ?", (number,))
        self._database.executemany("DELETE FROM flow WHERE flow = ?", [(each.flow,) for each in connection.streams])
        self._count -= 1
        return connection
