"""Compressed captures: told by their first bytes, read as if they were not compressed."""

import gzip
import zlib
from collections.abc import Callable
from io import BufferedReader
from typing import Any, Protocol


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


def _zstandard(file: BufferedReader) -> Any:
    import zstandard

    return zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)


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
    head = file.peek(4)[:4]
    for magic, open_with in COMPRESSIONS:
        if head.startswith(magic):
            stream: ByteStream = open_with(file)
            return stream
    return file


def is_damage(error: Exception) -> bool:
    """Whether an error raised while reading says that compressed bytes are damaged or end early."""
    # zstandard and lz4 have errors of their own without a common base; lz4 raises plain RuntimeError.
    return isinstance(error, EOFError | zlib.error | gzip.BadGzipFile | RuntimeError) or "Zstd" in type(error).__name__
