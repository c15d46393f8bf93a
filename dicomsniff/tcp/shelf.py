"""Connections on which nothing comes: kept out of memory, whole, until something does.

A capture may hold tens of thousands of connections that stay open, and each takes ten kilobytes or more while its
next byte is awaited. Those that have been silent longest are pickled into a temporary SQLite database, which is a file
of its own that nobody else can open and that is gone with the process. What waits there is found again by its flow.
"""

import copyreg
import pickle
import sqlite3
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dicomsniff.tcp.connection import Connection

_TABLES = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "CREATE TABLE connection (number INTEGER PRIMARY KEY, pickled BLOB)",
    "CREATE TABLE flow (flow BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID",
)


class _Pickler(pickle.Pickler):
    """Takes data sets that are being collected along, as long as they are short enough to be in memory."""

    def __init__(self, out: BytesIO) -> None:
        super().__init__(out, pickle.HIGHEST_PROTOCOL)
        self.files: list[SpooledTemporaryFile[bytes]] = []
        """What was taken along, to be closed where it is not used any more."""
        self.dispatch_table = {**copyreg.dispatch_table, SpooledTemporaryFile: self._reduce_file}

    def _reduce_file(self, file: "SpooledTemporaryFile[bytes]") -> tuple[Any, ...]:
        if file.name is not None:
            raise pickle.PicklingError("it is a file of its own by now")
        self.files.append(file)
        file.seek(0)
        return _collected, (file.read(),)


def _collected(data: bytes) -> "SpooledTemporaryFile[bytes]":
    """Return a file that stays in memory until more is written to it."""
    file = SpooledTemporaryFile(max_size=max(1, len(data)))  # noqa: SIM115  closed by who collects
    file.write(data)
    return file


class Shelf:
    """Takes connections, with all that hangs on them, and gives them back."""

    def __init__(self) -> None:
        # An empty name asks SQLite for a private file, whose pages stay in memory only while they are few.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for statement in _TABLES:
            self._database.execute(statement)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, connection: "Connection") -> bool:
        """Take a connection; return whether it could be taken: some of what is under way cannot be pickled."""
        packed = BytesIO()
        pickler = _Pickler(packed)
        try:
            pickler.dump(connection)
        except (TypeError, pickle.PicklingError, RecursionError):
            return False
        for file in pickler.files:
            file.close()
        pickled = packed.getbuffer()
        self._database.execute("INSERT INTO connection VALUES (?, ?)", (connection.number, pickled))
        flows = [(stream.flow, connection.number) for stream in connection.streams]
        self._database.executemany("INSERT INTO flow VALUES (?, ?)", flows)
        self._count += 1
        return True

    def take(self, flow: bytes) -> "Connection | None":
        """Give back the connection that a flow belongs to; None where there is none."""
        if not self._count:
            return None
        row = self._database.execute("SELECT number FROM flow WHERE flow = ?", (flow,)).fetchone()
        return self._give_back(row[0]) if row is not None else None

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
        connection: Connection = pickle.loads(pickled)
        self._database.execute("DELETE FROM connection WHERE number = ?", (number,))
        self._database.executemany("DELETE FROM flow WHERE flow = ?", [(each.flow,) for each in connection.streams])
        self._count -= 1
        return connection
