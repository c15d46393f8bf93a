"""The files of a spool as one that is read anywhere: what was captured, from its first byte to its last."""

import io
import os
from bisect import bisect_right
from threading import Lock
from typing import NamedTuple

from dicomsniff.capture.packets import Keeping
from dicomsniff.sniffing.positioned import read_at


class _File(NamedTuple):
    start: int
    """Where its first byte is in all that was captured."""
    descriptor: int
    name: str
    packets: int
    """How many were captured before it."""


class Spool:
    """Grows as the capturer tells of it. With a `limit`, the oldest files go where all have more bytes together.

    A temporary file has no name (where the system does not allow that, it goes when it is closed), so that nothing of
    what was sniffed is left behind, however the program ends: it is there as long as it is open here.
    """

    def __init__(self, limit: int = 0) -> None:
        self._limit = limit
        self._files: list[_File] = []
        self._end = 0
        self._lock = Lock()
        """A view rereads in a thread of its own while the oldest file goes."""

    @property
    def start(self) -> int:
        """Where the oldest byte is that is still there; all before it is gone."""
        return self._files[0].start if self._files else 0

    @property
    def end(self) -> int:
        """How far it may be read."""
        return self._end

    @property
    def keeping(self) -> Keeping:
        """The files that the user asked for, if he did, and how much is kept."""
        with self._lock:
            names = tuple(file.name for file in self._files if file.name)
            return Keeping(names, self._end - self.start, self._limit, self.packets_before)

    @property
    def packets_before(self) -> int:
        """How many packets were captured before those that are still there."""
        return self._files[0].packets if self._files else 0

    def add(self, descriptor: int, start: int, name: str, packets: int) -> None:
        """Take the next file, whose first byte is at `start`, behind so many packets."""
        with self._lock:
            self._files.append(_File(start, descriptor, name, packets))

    def grow(self, end: int) -> None:
        """It may be read up to here."""
        with self._lock:
            self._end = end
            while self._limit and len(self._files) > 1 and end - self._files[0].start > self._limit:
                os.close(self._files.pop(0).descriptor)

    def forget(self, name: str) -> None:
        """A file was removed: what is in it must not be read any more."""
        with self._lock:
            for file in [file for file in self._files if file.name == name]:
                self._files.remove(file)
                os.close(file.descriptor)

    def read(self, place: int, count: int) -> bytes:
        """Return up to `count` bytes from a place on; none at the end. Raises OSError where that is gone."""
        with self._lock:
            number = bisect_right(self._files, place, key=_start) - 1
            if number < 0:
                raise OSError(None, "what was captured then is not kept any more (--spool, --keep)")
            file = self._files[number]
            last = self._files[number + 1].start if number + 1 < len(self._files) else self._end
            return read_at(file.descriptor, min(count, max(last - place, 0)), place - file.start)

    def open(self) -> io.BufferedReader:
        """Return a file of its own position to read it with; closing that does not close the spool."""
        return io.BufferedReader(_SpoolFile(self))

    def trim(self) -> None:
        """The capturer is gone in the middle of something: let the last file end with its last whole record."""
        if self._files:
            os.ftruncate(self._files[-1].descriptor, self._end - self._files[-1].start)

    def close(self) -> None:
        """Let go of it; a temporary one is gone then."""
        with self._lock:
            for file in self._files:
                os.close(file.descriptor)
            self._files.clear()


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


def _start(file: _File) -> int:
    return file.start
