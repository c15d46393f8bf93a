"""Compressed captures: told by their first bytes, read as if they were not compressed."""

import gzip
import zlib
from collections.abc import Callable
from io import BufferedReader
from typing import Any, Protocol

CHUNK = 1024
"""Compressed bytes taken at a time from a zstandard frame; they become 32 MB at most."""


class ByteStream(Protocol):
    """What a capture is read from."""

    def read1(self, count: int, /) -> bytes:
        """Read some bytes, at most `count`; none at the end."""

    def seek(self, offset: int, /) -> int:
        """Go to a place, in bytes of the uncompressed capture."""

    def close(self) -> None:
        """Let go of it."""


def _gzip(file: BufferedReader) -> Any:
    return gzip.GzipFile(fileobj=file)


class _ZstandardFile:
    """The bytes of zstandard frames. The library's own reader takes a frame that ends early for a whole one."""

    def __init__(self, file: BufferedReader) -> None:
        import zstandard

        self._file = file
        self._new_frame = zstandard.ZstdDecompressor().decompressobj
        self._rewind()

    def _rewind(self) -> None:
        self._position = 0
        self._waiting = b""
        self._frame = self._new_frame()
        self._inside = False

    def read1(self, count: int, /) -> bytes:
        """Read some bytes, at most `count`; EOFError where a frame goes on but the file does not."""
        while not self._waiting:
            data = self._file.read1(CHUNK)
            if not data:
                if self._inside:
                    raise EOFError("it ends within a frame")
                return b""
            while data:
                self._inside = True
                self._waiting += self._frame.decompress(data)
                data = b""
                if self._frame.eof:
                    data, self._inside = self._frame.unused_data, False
                    self._frame = self._new_frame()
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        self._position += len(taken)
        return taken

    def seek(self, offset: int, /) -> int:
        """Go to a place, from the beginning where it lies behind."""
        if offset < self._position:
            self._file.seek(0)
            self._rewind()
        while self._position < offset and self.read1(min(offset - self._position, 1 << 20)):
            pass
        return self._position

    def close(self) -> None:
        """Let go of the frame; the file is the caller's."""
        self._rewind()


def _zstandard(file: BufferedReader) -> Any:
    return _ZstandardFile(file)


def _lz4(file: BufferedReader) -> Any:
    import lz4.frame

    return lz4.frame.LZ4FrameFile(file)


COMPRESSIONS: tuple[tuple[bytes, Callable[[BufferedReader], Any]], ...] = (
    (b"\x1f\x8b", _gzip),
    (b"\x28\xb5\x2f\xfd", _zstandard),
    (b"\x04\x22\x4d\x18", _lz4),
)
"""Magic numbers, and what decompresses what begins with them."""


def decompressed(file: BufferedReader) -> ByteStream:
    """Return a stream of the file's uncompressed bytes; the file itself where it is not compressed."""
    head = file.peek(4)[:4]  # less than four where a pipe has brought no more yet; the first tells them apart
    for magic, open_with in COMPRESSIONS:
        if head and magic.startswith(head[: len(magic)]):
            stream: ByteStream = open_with(file)
            return stream
    return file


def is_damage(error: Exception) -> bool:
    """Whether an error raised while reading says that compressed bytes are damaged or end early."""
    # zstandard and lz4 have errors of their own without a common base; lz4 raises plain RuntimeError.
    return isinstance(error, EOFError | zlib.error | gzip.BadGzipFile | RuntimeError) or "Zstd" in type(error).__name__
