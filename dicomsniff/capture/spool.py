"""Packets that are kept as they are sniffed, to be read again at any time: in a file of the user's, or in our own."""

import io
import os
from tempfile import TemporaryFile
from threading import Lock

from dicomsniff.output import create


class Spool:
    """A file that grows at its end and is read anywhere; both through the one open file, whatever becomes of its name.

    A temporary one has no name (where the system does not allow that, it goes when it is closed): nothing of what was
    sniffed is left behind, however the program ends. Raises OutputError where the user's file cannot be made.
    """

    def __init__(self, path: str | None = None) -> None:
        self._file = create(path) if path is not None else TemporaryFile(buffering=0)  # noqa: SIM115
        self._lock = Lock()

    def add(self, data: bytes) -> None:
        """Write bytes at the end."""
        rest = memoryview(data)
        with self._lock:
            self._file.seek(0, os.SEEK_END)
            while rest:
                rest = rest[self._file.write(rest) :]

    def read(self, at: int, count: int) -> bytes:
        """Return up to `count` bytes from a place on; none at the end."""
        with self._lock:
            self._file.seek(at)
            return self._file.read(count)

    def open(self) -> io.BufferedReader:
        """Return a file of its own position to read it with; closing that does not close the spool."""
        return io.BufferedReader(_SpoolFile(self))

    def close(self) -> None:
        """Let go of it; a temporary one is gone then."""
        self._file.close()


class _SpoolFile(io.RawIOBase):
    """A spool as a file to read."""

    def __init__(self, spool: Spool) -> None:
        super().__init__()
        self._spool = spool
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        if whence != os.SEEK_SET:
            raise io.UnsupportedOperation("a spool has no end to seek from")
        self._at = offset
        return offset

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        data = self._spool.read(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
