"""Compressed captures: told by their first bytes, read as if they were not compressed; those that explode are found."""

import sys
from collections.abc import Callable
from functools import partial
from io import BufferedReader
from typing import Any, Protocol

from msgspec import Struct

CHUNK = 1 << 16
"""Compressed bytes taken at a time."""
MAX_RATIO = 6000
"""Bytes that a compressed byte becomes at most; black images in segments of 60 kB come to 5,300 with bzip2."""
LEAST_RECORD = 2
"""Compressed bytes that a record takes at least; time, numbers and checksum of a packet alone take more."""
ALLOWED_BYTES, ALLOWED_RECORDS = 256 << 20, 250_000
"""What any file may become, however small it is: that much is read within seconds."""
MAX_DICTIONARY = 256 << 20
"""Bytes that decompressing xz may take; its strongest setting takes 65 MB."""


class ByteStream(Protocol):
    """What a capture is read from."""

    def read1(self, count: int, /) -> bytes:
        """Read some bytes, at most `count`; none at the end."""

    def seek(self, offset: int, /) -> int:
        """Go to a place, in bytes of the uncompressed capture."""

    def close(self) -> None:
        """Let go of it."""


class _Tap:
    """The compressed file, and how many bytes were taken of it; a pipe cannot say where it is."""

    def __init__(self, file: BufferedReader) -> None:
        self._file = file
        self.taken = 0

    def read(self, count: int, /) -> bytes:
        """Read so many bytes; fewer at the end, or where a growing file has no more."""
        return self._count(self._file.read(count))

    def read1(self, count: int, /) -> bytes:
        """Read some bytes, at most `count`; none where `read` has none."""
        return self._count(self._file.read1(count))

    def seek(self, offset: int, /) -> int:
        """Go to a place of the compressed file."""
        self.taken = self._file.seek(offset)
        return self.taken

    def _count(self, data: bytes) -> bytes:
        self.taken += len(data)
        return data


class _Frames:
    """The bytes of frames, one behind the other; `new_frame` makes what decompresses one, as all but gzip have it.

    The libraries' own files do not go on where a growing one ended. `padding` may stand between frames.
    """

    def __init__(self, tap: _Tap, new_frame: Callable[[], Any], padding: bytes = b"") -> None:
        self._tap = tap
        self._new_frame = new_frame
        self._padding = padding
        self._rewind()

    def _rewind(self) -> None:
        self._position = 0
        self._frame = self._new_frame()

    def read1(self, count: int, /) -> bytes:
        """Read some bytes, at most `count`; EOFError where a frame goes on but the file does not."""
        while True:
            data, over = b"", False
            if self._frame.eof:
                data = (self._frame.unused_data or b"").lstrip(self._padding)
                while not data:
                    read = self._tap.read1(CHUNK)
                    if not read:
                        return b""
                    data = read.lstrip(self._padding)
                self._frame = self._new_frame()
            elif self._frame.needs_input:
                data = self._tap.read1(CHUNK)
                over = not data
            # Where the file is over, there may still be bytes of a block that did not fit the last time.
            found: bytes = self._frame.decompress(data, max_length=count)
            if found:
                self._position += len(found)
                return found
            if over:
                raise EOFError("it ends within a frame")

    def seek(self, offset: int, /) -> int:
        """Go to a place, from the beginning where it lies behind."""
        if offset < self._position:
            self._tap.seek(0)
            self._rewind()
        while self._position < offset and self.read1(min(offset - self._position, 1 << 20)):
            pass
        return self._position

    def close(self) -> None:
        """Let go of the frame; the file is the caller's."""
        self._rewind()


def _gzip(tap: _Tap) -> ByteStream:
    import gzip

    file: Any = tap  # has what is needed for reading, which is less than the type says
    return gzip.GzipFile(fileobj=file, mode="rb")


def _zstandard(tap: _Tap) -> ByteStream:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    return _Frames(tap, zstd.ZstdDecompressor)


def _lz4(tap: _Tap) -> ByteStream:
    import lz4.frame

    return _Frames(tap, lz4.frame.LZ4FrameDecompressor)


def _bzip2(tap: _Tap) -> ByteStream:
    import bz2

    return _Frames(tap, bz2.BZ2Decompressor)


def _xz(tap: _Tap) -> ByteStream:
    import lzma

    return _Frames(tap, partial(lzma.LZMADecompressor, lzma.FORMAT_XZ, MAX_DICTIONARY), padding=b"\0")


class Compression(Struct, frozen=True):
    """A way to compress files."""

    name: str
    magic: bytes
    """What such a file begins with."""
    open: Callable[[_Tap], ByteStream]


COMPRESSIONS = (
    Compression("gzip", b"\x1f\x8b", _gzip),
    Compression("zstd", b"\x28\xb5\x2f\xfd", _zstandard),
    Compression("lz4", b"\x04\x22\x4d\x18", _lz4),
    Compression("bzip2", b"BZh", _bzip2),
    Compression("xz", b"\xfd7zXZ\0", _xz),
)
"""Every one that is read."""


class Decompressed:
    """A compressed file, as if it were not."""

    def __init__(self, file: BufferedReader, compression: Compression) -> None:
        self.compression = compression
        self._tap = _Tap(file)
        self._stream = compression.open(self._tap)
        self.read1, self.seek, self.close = self._stream.read1, self._stream.seek, self._stream.close

    @property
    def taken(self) -> int:
        """Bytes read so far of the file itself."""
        return self._tap.taken

    def excess(self, size: int, records: int) -> str:
        """Say what is too much, where so many bytes and records came of what was read; empty where they may."""
        if size > MAX_RATIO * self.taken + ALLOWED_BYTES:
            what = f"{size} bytes"
        elif records > self.taken // LEAST_RECORD + ALLOWED_RECORDS:
            what = f"{records} records"
        else:
            return ""
        return f"{self.taken} compressed bytes became {what}, as no traffic does; to read on, decompress the file first"


def decompressed(file: BufferedReader) -> BufferedReader | Decompressed:
    """Return a stream of the file's uncompressed bytes; the file itself where it is not compressed."""
    head = file.peek(6)[:6]  # less where a pipe has brought no more yet; the first byte tells them apart
    for compression in COMPRESSIONS:
        if head and compression.magic.startswith(head[: len(compression.magic)]):
            return Decompressed(file, compression)
    return file


def is_damage(error: Exception) -> bool:
    """Whether an error raised while reading says that compressed bytes are damaged or end early."""
    # They have no common base: lz4 raises plain RuntimeError, bz2 and gzip an OSError that is none of the system's. Of
    # the others none can be raised unless its module is there.
    known = isinstance(error, EOFError | RuntimeError) or type(error).__module__ in ("zlib", "_lzma")
    return known or "Zstd" in type(error).__name__ or (isinstance(error, OSError) and error.errno is None)
