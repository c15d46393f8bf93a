"""Text that waits until what stands before it is known: in memory while it is short, else in a temporary file."""

from codecs import getincrementaldecoder
from io import BytesIO
from math import inf
from typing import IO

AT_ONCE = 1 << 20
"""Bytes that are copied at a time."""
_Decoder = getincrementaldecoder("utf-8")


class WaitingText:
    """Takes text, at most `in_memory` bytes of it without a file; copies it where it is to go."""

    def __init__(self, in_memory: int) -> None:
        self._most = in_memory
        self._file: IO[bytes] = BytesIO()
        self.size = 0
        """Bytes that were written."""

    def write(self, text: str) -> int:
        """Take text, of which what no encoding has is escaped; return how many bytes that is."""
        data = text.encode("utf-8", "backslashreplace")
        self._file.write(data)
        self.size += len(data)
        if self.size > self._most:
            self.roll_over()
        return len(data)

    def roll_over(self) -> None:
        """Go on in a temporary file."""
        if not isinstance(self._file, BytesIO):
            return
        from tempfile import TemporaryFile  # which takes a twentieth of the time to start

        waiting, self._file = self._file, TemporaryFile()  # noqa: SIM115  closed by close()
        self._file.write(waiting.getbuffer())

    def copy(self, out: IO[str], place: int = 0, length: float = inf) -> None:
        """Write what waited: all, or so many bytes of it from `place` on, where `size` stood when they were taken."""
        decoder = _Decoder()
        self._file.seek(place)
        while length and (piece := self._file.read(int(min(AT_ONCE, length)))):
            length -= len(piece)
            out.write(decoder.decode(piece))

    def close(self) -> None:
        """Let go of it all."""
        self._file.close()
