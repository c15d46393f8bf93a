"""Open a capture, whatever its format, and read it as packet batches; go back to any place in it."""

import gzip
import os
import sys
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Protocol

from dicomsniff.capture import pcap, pcapng
from dicomsniff.capture.packets import CaptureError, Packet, PacketBatch

BLOCK = 1 << 20
"""Bytes read at a time. Larger blocks gain nothing and cost memory."""

_GZIP = b"\x1f\x8b"


class Parser(Protocol):
    """A capture format: finds packets in consecutive blocks of the file."""

    problem: str
    resolution_digits: int

    @property
    def name(self) -> str:
        """The format's name, as in a transcript."""

    def parse(self, data: bytes, at: int, origin: int, /) -> tuple[list[tuple[int, list[Packet]]], int]:
        """Return [(link type, packets)] in `data` from `at`, and where the first incomplete record begins."""

    def again(self, offset: int, /) -> "Parser":
        """Return a parser that reads again from the record at `offset`; this one is not disturbed."""


class CaptureReader:
    """One capture file or pipe. `batches()` reads it through; `batches_from()` goes back (not in a pipe).

    Raises CaptureError where there is nothing to read: no such file, not a capture.
    """

    is_live = False

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = "standard input" if path == "-" else os.path.basename(path)
        self.truncated = ""
        self._read_to = 0
        self._source = _open(path)
        self._file: BufferedReader | gzip.GzipFile = self._source
        try:
            if self._source.peek(2)[:2] == _GZIP:
                self._file = gzip.GzipFile(fileobj=self._source)
            self._parser, self._rest = self._recognize(self._read(pcap.HEADER_LENGTH))
        except OSError as error:
            self.close()
            raise CaptureError(f"{path}: {error.strerror or error}") from None
        except CaptureError:
            self.close()
            raise
        self._start = 0 if self._rest else pcap.HEADER_LENGTH

    def _recognize(self, head: bytes) -> tuple[Parser, bytes]:
        """Return the parser for a capture's first bytes, and those of them that it has yet to see."""
        if head[:4] in pcap.MAGICS and len(head) == pcap.HEADER_LENGTH:
            return pcap.PcapParser(head), b""
        if head[:4] == pcapng.MAGIC:
            return pcapng.PcapngParser(), head
        if not head:
            raise CaptureError(f"{self.name}: {self.truncated or 'the file is empty; a capture has at least a header'}")
        if head[:4] in pcap.MAGICS:
            raise CaptureError(f"{self.name}: a pcap header cut off after {len(head)} of 24 bytes")
        raise CaptureError(
            f"{self.name}: not a capture (begins with {head[:4].hex(' ')}); expected pcap or pcapng, also gzipped"
        )

    @property
    def format(self) -> str:
        """`pcap` or `pcapng`."""
        return self._parser.name

    @property
    def resolution_digits(self) -> int:
        """Digits after the second that the capture's clock has."""
        return self._parser.resolution_digits

    @property
    def size(self) -> int | None:
        """The file's bytes on disk, compressed or not; None for a pipe."""
        return None if self.path == "-" else os.path.getsize(self.path)

    @property
    def position(self) -> int:
        """Bytes read so far, on disk: compressed where the file is."""
        if self._file is self._source or self._source.closed or self.path == "-":
            return self._read_to
        return self._source.tell()

    def batches(self) -> Iterator[PacketBatch]:
        """Read the capture through, once."""
        yield from self._read_from(self._start, self._rest, 1)
        if self._parser.problem and not self.truncated:
            self.truncated = self._parser.problem

    def batches_from(self, offset: int, number: int) -> Iterator[PacketBatch]:
        """Read again from the record at `offset`, which holds packet `number`."""
        again = CaptureReader(self.path)
        try:
            again._parser = self._parser.again(offset)
            again._file.seek(offset)
            yield from again._read_from(offset, b"", number)
        finally:
            again.close()

    def close(self) -> None:
        """Close the file."""
        if self.path != "-":
            self._file.close()
            self._source.close()

    def _read_from(self, origin: int, rest: bytes, number: int) -> Iterator[PacketBatch]:
        while block := self._read(BLOCK):
            data = rest + block if rest else block
            groups, used = self._parser.parse(data, 0, origin)
            for link_type, packets in groups:
                yield PacketBatch(data, origin, number, link_type, packets)
                number += len(packets)
            rest = data[used:]
            origin += used
            self._read_to = origin
            if self._parser.problem:
                self.truncated = f"{self._parser.problem}, at byte {origin}"
                return
        if rest and not self.truncated:
            self.truncated = f"the file ends {len(rest)} bytes into a packet record, at byte {origin}"

    def _read(self, count: int) -> bytes:
        """Read up to `count` bytes; less only at the end."""
        parts: list[bytes] = []
        # A whole read of a compressed file would lose what precedes damage.
        read = self._file.read1 if isinstance(self._file, gzip.GzipFile) else self._file.read
        while count > 0:
            try:
                part = read(count)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                self.truncated = f"the compressed file is damaged: {error}"
                break
            except OSError as error:
                raise CaptureError(f"{self.path}: {error.strerror or error}") from None
            if not part:
                break
            parts.append(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _open(path: str) -> BufferedReader:
    """Open a file or standard input; what it holds is told by its first bytes, never by its name."""
    try:
        if path != "-" and Path(path).is_dir():
            raise CaptureError(f"{path}: a directory, not a capture")
        return sys.stdin.buffer if path == "-" else open(path, "rb")  # type: ignore[return-value]
    except OSError as error:
        raise CaptureError(f"{path}: {error.strerror}") from None
