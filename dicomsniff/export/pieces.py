"""Text that waits until an association is over: pieces of one temporary file, each association's in a chain."""

from os import SEEK_END
from struct import Struct

_HEADER = Struct("<QQ")


class Pieces:
    """A temporary file of pieces.

    Each begins with the place of the one before it (0 for none) and its length, so that memory holds one place of each
    chain and no more.
    """

    def __init__(self) -> None:
        from tempfile import TemporaryFile  # which takes a twentieth of the time to start

        self._file = TemporaryFile()  # noqa: SIM115  whoever made this closes it
        self.clear()

    def clear(self) -> None:
        """Let go of all pieces: nobody knows the place of one any more."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(b"\n")  # no piece begins at 0

    @property
    def size(self) -> int:
        """The file's bytes."""
        return self._file.seek(0, SEEK_END)

    def add(self, data: bytes, before: int) -> int:
        """Add a piece to a chain; return its place."""
        at = self.size
        self._file.write(_HEADER.pack(before, len(data)) + data)
        return at

    def chain(self, last: int) -> list[int]:
        """Return the places of a chain, the first one first."""
        places = []
        while last:
            places.append(last)
            last = self._header(last)[0]
        return places[::-1]

    def read(self, place: int) -> bytes:
        """Return a piece."""
        return self._file.read(self._header(place)[1])

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _header(self, place: int) -> tuple[int, int]:
        """Return the place of the piece before one, and its own length; the file is read on behind that."""
        self._file.seek(place)
        before, length = _HEADER.unpack(self._file.read(_HEADER.size))
        return before, length
