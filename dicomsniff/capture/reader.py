"""Open a capture, whatever its format, and read it as packet batches; go back to any place in it."""

import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from io import SEEK_CUR, BufferedReader
from typing import Protocol

from dicomsniff.capture import pcap, pcapng, snoop
from dicomsniff.capture.compression import Decompressed, decompressed, is_damage
from dicomsniff.capture.losses import LossCounter
from dicomsniff.capture.packets import CaptureError, NothingYetError, PacketBatch, empty_batch
from dicomsniff.quantities import counted

BLOCK = 1 << 20
"""Bytes read at a time. Larger blocks gain nothing and cost memory."""

SEAMS = (1 << 12, 1 << 17)
"""Bytes of the next block that complete most records cut by the end of a block: of frames, of segments put together."""
GROWING_POLL = 0.2
"""Seconds between two looks at a file that is still growing."""
DECOMPRESSED = 1 << 16
"""Bytes asked of a compressed file at a time: those asked for together are lost with the first damaged one."""


class Parser(Protocol):
    """A capture format: finds packets in consecutive blocks of the file."""

    problem: str
    resolution_digits: int
    other_records: int
    """Records that held no packet."""
    key_logs: tuple[bytes, ...]
    """TLS key logs found in what was parsed, until they are taken."""
    losses: LossCounter
    """What was lost while it was captured, as far as it tells, and was read."""

    @property
    def name(self) -> str:
        """The format's name, as in a transcript."""

    def parse(self, data: bytes, at: int, file_offset: int, number: int, /) -> tuple[list[PacketBatch], int]:
        """Return the packets in `data` from `at`, numbered from `number`, and where the first incomplete one begins.

        `file_offset` is where `data[0]` lies in the capture.
        """

    def again(self, offset: int, /) -> tuple["Parser", int]:
        """Return a parser that finds again the packets from the record at `offset` on, and where it has to begin.

        It tells of no packet before `offset`. This parser is not disturbed.
        """


class CaptureReader:
    """One capture file or pipe. `batches()` reads it through; `batches_from()` goes back (not in a pipe).

    With `follow`, the file is taken for one that is still growing: at its end more is awaited, until `stop`; by `wait`,
    if that is given, which returns whether there can be more. With `open_file`, that opens what is read, and `path`
    only names it.
    Raises CaptureError where there is nothing to read: no such file, not a capture.
    """

    def __init__(
        self,
        path: str,
        *,
        follow: bool = False,
        open_file: Callable[[], BufferedReader] | None = None,
        wait: Callable[[], bool] | None = None,
    ) -> None:
        self.path = path
        self.is_live = follow
        self.is_file = True
        self._stopped = False
        self.name = "standard input" if path == "-" else os.path.basename(path)
        self.truncated = ""
        self._read_to = 0
        self._size = None if path == "-" or not os.path.isfile(path) else os.path.getsize(path)
        self._open = open_file or partial(open_path, path)
        self._wait = wait or _pause
        self._source = self._open()
        self._file: BufferedReader | Decompressed = self._source
        try:
            self._file = decompressed(self._source)
            head = self._read(pcap.HEADER_LENGTH)
            self._parser, self._rest = self._recognize(head)
        except OSError as error:
            self.close()
            raise CaptureError(f"{path}: {error.strerror or error}") from None
        except CaptureError:
            self.close()
            raise
        self._start = len(head) - len(self._rest)

    def _recognize(self, head: bytes) -> tuple[Parser, bytes]:
        """Return the parser for a capture's first bytes, and those of them that it has yet to see."""
        if head[:4] in pcap.MAGICS and len(head) == pcap.HEADER_LENGTH:
            return pcap.PcapParser(head), b""
        if head[:4] == pcapng.MAGIC:
            return pcapng.PcapngParser(), head
        if head.startswith(snoop.MAGIC) and len(head) >= snoop.HEADER_LENGTH:
            return snoop.SnoopParser(head), head[snoop.HEADER_LENGTH :]
        if not head:
            said = self.truncated or "the file is empty; a capture has at least a header"
            raise (CaptureError if self.truncated else NothingYetError)(f"{self.name}: {said}")
        if head[:4] in pcap.MAGICS:
            raise NothingYetError(f"{self.name}: a pcap header cut off after {len(head)} of {pcap.HEADER_LENGTH} bytes")
        if head.startswith(snoop.MAGIC):
            raise NothingYetError(
                f"{self.name}: a snoop header cut off after {len(head)} of {snoop.HEADER_LENGTH} bytes"
            )
        if any(magic.startswith(head) for magic in (*pcap.MAGICS, pcapng.MAGIC, snoop.MAGIC)):
            raise NothingYetError(f"{self.name}: a header cut off after {counted(len(head), 'byte')}")
        from dicomsniff.capture import foreign

        head += self._read(foreign.HEAD - len(head), some=self.path == "-")
        compressed_by = self._file.compression.name if isinstance(self._file, Decompressed) else ""
        raise CaptureError(f"{self.name}: {foreign.explain(head, self.path, compressed_by)}")

    @property
    def format(self) -> str:
        """`pcap`, `pcapng` or `snoop`."""
        return self._parser.name

    @property
    def resolution_digits(self) -> int:
        """Digits after the second that the capture's clock has."""
        return self._parser.resolution_digits

    @property
    def losses(self) -> LossCounter:
        """What was lost while it was captured, as far as it tells, and was read."""
        return self._parser.losses

    @property
    def size(self) -> int | None:
        """The file's bytes on disk, compressed or not; None for a pipe."""
        return self._size

    @property
    def position(self) -> int:
        """Bytes read so far, on disk: compressed where the file is."""
        return self._file.taken if isinstance(self._file, Decompressed) else self._read_to

    def pop_notices(self) -> list[str]:
        """Return nothing: a file that is read has no events of its own."""
        return []

    def batches(self) -> Iterator[PacketBatch]:
        """Read the capture through, once."""
        yield from self._read_from(self._start, self._rest, 1)
        if self._parser.problem and not self.truncated:
            self.truncated = self._parser.problem

    def batches_from(self, offset: int, number: int) -> Iterator[PacketBatch]:
        """Read again from the record at `offset`, which holds packet `number`."""
        again = CaptureReader(self.path, open_file=self._open)
        try:
            again._parser, begin = self._parser.again(offset)
            again._file.seek(begin)
            for batch in again._read_from(begin, b"", number):
                again.take_key_logs()  # they were taken when the capture was read through
                yield batch
        finally:
            again.close()

    def take_key_logs(self) -> tuple[bytes, ...]:
        """Return the TLS key logs found inside the capture since the last time."""
        taken = self._parser.key_logs
        if taken:
            self._parser.key_logs = ()
        return taken

    def again(self) -> "CaptureReader | None":
        """Open the file once more, to be read from its start; None where it is a pipe, or still growing."""
        return CaptureReader(self.path, open_file=self._open) if self._size is not None and not self.is_live else None

    def skip_to(self, offset: int, number: int) -> Iterator[PacketBatch]:
        """Go on with the record at `offset`, which holds packet `number`: what is before it cannot be read any more."""
        self._parser, begin = self._parser.again(offset)
        self._file.seek(begin)
        yield from self._read_from(begin, b"", number)

    def stop(self) -> None:
        """End `batches` of a growing file within GROWING_POLL seconds."""
        self._stopped = True

    def close(self) -> None:
        """Close the file."""
        self._stopped = True
        if self.path != "-":
            self._file.close()
            self._source.close()

    def _read_from(self, file_offset: int, rest: bytes, number: int) -> Iterator[PacketBatch]:
        lacking = len(rest)
        for block in self._blocks():
            if block is None:
                yield empty_batch(number, file_offset)
                continue
            data, at = block, 0
            if rest:
                batches, used = self._bridge(rest, block, file_offset, number)
                for batch in batches:
                    yield batch
                    number = batch.first_number + len(batch.starts)
                if used:
                    file_offset, at = file_offset + len(rest), used - len(rest)
                else:
                    data = rest + block
            batches, used = self._parser.parse(data, at, file_offset, number)
            for batch in batches:
                yield batch
                number = batch.first_number + len(batch.starts)
            rest = data[used:]
            lacking = len(rest)
            file_offset += used
            self._read_to = file_offset
            if self._parser.problem:
                self.truncated = f"{self._parser.problem}, at byte {file_offset}"
                return
            if rest and used and len(block) == BLOCK and self._goes_back(len(rest)):
                rest = b""
            if isinstance(self._file, Decompressed):
                self.truncated = self._file.excess(file_offset, number - 1 + self._parser.other_records)
                if self.truncated:
                    return
        if lacking and not self.truncated and not self._stopped:  # whoever stops reading does not await the rest
            self.truncated = f"the file ends {counted(lacking, 'byte')} into a packet record, at byte {file_offset}"

    def _goes_back(self, count: int) -> bool:
        """Have a record that straddles two blocks whole in the next one: its first `count` bytes are read once more."""
        is_plain = self._file is self._source and self._source.seekable() and self.path != "-"
        if not is_plain or self.is_live or count > SEAMS[-1]:
            return False
        self._source.seek(-count, SEEK_CUR)
        return True

    def _bridge(self, rest: bytes, block: bytes, file_offset: int, number: int) -> tuple[list[PacketBatch], int]:
        """Parse the record that straddles two blocks by itself, so that no block is copied; none if it is too long.

        That is for pipes, and what grows or is compressed.
        """
        for seam in SEAMS:
            batches, used = self._parser.parse(rest + block[:seam], 0, file_offset, number)
            if used or self._parser.problem or seam >= len(block):
                break
        return batches, used

    def _blocks(self) -> Iterator[bytes | None]:
        """Yield block after block; None where a growing file has no more bytes for now."""
        while not self._stopped:
            block = self._read(BLOCK, some=self.is_live or self.path == "-")
            if block:
                yield block
            elif self.is_live and self.path != "-" and not self.truncated and self._wait():
                yield None
            else:
                return

    def _read(self, count: int, *, some: bool = False) -> bytes:
        """Read up to `count` bytes; less only at the end, unless some will do."""
        parts: list[bytes] = []
        # A whole read of a compressed file would lose what precedes damage; one of a pipe that is quiet, a signal that
        # came between its parts.
        whole = self._file is self._source and self.path != "-" and not some
        read = self._source.read if whole else self._file.read1
        while count > 0:
            try:
                part = read(count if self._file is self._source else min(count, DECOMPRESSED))
            except Exception as error:  # noqa: BLE001  each library has its own for damaged data
                if self.is_live and isinstance(error, EOFError):
                    break  # compressed bytes that are still being written
                if not is_damage(error):
                    raise CaptureError(f"{self.path}: {getattr(error, 'strerror', None) or error}") from None
                self.truncated = f"the compressed file is damaged: {error}"
                break
            if not part:
                break
            parts.append(part)
            count = 0 if some and not self._has_more() else count - len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _has_more(self) -> bool:
        """Whether a pipe can be read on without waiting, as far as the system tells."""
        if self.path != "-" or self._file is not self._source:
            return False
        try:
            return bool(select.select([self._source], [], [], 0)[0])
        except (OSError, ValueError):  # on Windows; not a file of the system
            return False


def _pause() -> bool:
    """Wait for a file to grow: it may do so for ever."""
    time.sleep(GROWING_POLL)
    return True


def open_path(path: str) -> BufferedReader:
    """Open a file or standard input; what it holds is told by its first bytes, never by its name."""
    try:
        if path != "-" and os.path.isdir(path):
            raise CaptureError(
                f"{path}: a directory, not a capture; name the files in it, or follow it as they come: --follow"
            )
        if path == "-" and sys.stdin is None:
            raise CaptureError("standard input: it is closed")
        return sys.stdin.buffer if path == "-" else open(path, "rb")  # type: ignore[return-value]
    except OSError as error:
        raise CaptureError(f"{path or repr(path)}: {error.strerror}") from None
