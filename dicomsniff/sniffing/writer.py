"""Whole pcapng blocks -> the files of a spool, each of which can be read by itself."""

import os
import time
from collections import deque
from collections.abc import Callable
from tempfile import TemporaryFile
from typing import IO

from dicomsniff.capture.pcapng import MAGIC
from dicomsniff.output import create
from dicomsniff.sniffing.notes import Channel
from dicomsniff.sniffing.plan import Plan
from dicomsniff.sniffing.positioned import write_at
from dicomsniff.sniffing.translation import Taken

SEGMENTS = 8
"""Files that a temporary spool is made of at least: the oldest one goes when they are too large together."""
MAX_HEADS = 1 << 20
"""Bytes that a file of a rotation begins with at most: of the TLS secrets that have come, the newest."""
_SECRETS = (10).to_bytes(4, "little")


class SpoolWriter:
    """Writes to one file after the other, and tells the reader of each. Raises OSError where it cannot."""

    def __init__(self, plan: Plan, channel: Channel) -> None:
        self._plan, self._channel = plan, channel
        self._file: IO[bytes] | None = None
        self._place = self._start = 0
        """Where the next block is written in all that was ever captured, and where the file began there."""
        self._packets = 0
        self._began = 0.0
        self._heads: list[bytes] = []
        """What a file begins with: the header of the section, its interfaces, and TLS secrets."""
        self._names: deque[str] = deque()
        self._count = 0
        if plan.write:
            self._most, self._longest = plan.rotate_bytes, plan.rotate_seconds
        else:
            self._most, self._longest = max(plan.spool_limit // SEGMENTS, 1), 0.0

    def add(self, taken: Taken) -> None:
        """Write blocks, in a new file where that is due."""
        if self._file is None or self._is_due():
            self._open()
            if not taken.data.startswith(MAGIC):
                self._write(b"".join(self._heads))
        for head in taken.heads:
            if head.startswith(MAGIC):
                self._heads = []
            self._heads.append(head)
            self._forget_secrets()
        self._write(taken.data)
        self._packets += taken.packets

    def tell(self) -> None:
        """Tell the reader how far it may read."""
        self._channel.send("written", to=self._place)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _forget_secrets(self) -> None:
        """Drop the oldest TLS secrets while what a file begins with is too long."""
        excess = sum(map(len, self._heads)) - MAX_HEADS
        while excess > 0 and (oldest := next((head for head in self._heads if head.startswith(_SECRETS)), None)):
            self._heads.remove(oldest)
            excess -= len(oldest)

    def _is_due(self) -> bool:
        if self._longest and time.monotonic() - self._began >= self._longest:
            return True
        return bool(self._most) and self._place - self._start >= self._most

    def _open(self) -> None:
        self.close()
        plan = self._plan
        if not plan.write:
            self._file = TemporaryFile(buffering=0)  # noqa: SIM115  open until the next one begins
            name = ""
        else:
            self._count += 1
            name = plan.write if not (self._most or self._longest) else _numbered(plan.write, self._count)
            self._file = create(name, force=plan.force)
            self._names.append(name)
        self._start, self._began = self._place, time.monotonic()
        self._channel.send("file", file=self._file.fileno(), at=self._place, name=name, packets=self._packets)
        while plan.keep and len(self._names) > plan.keep:
            gone = self._names.popleft()
            os.unlink(gone)
            self._channel.send("removed", name=gone)

    def _write(self, data: bytes) -> None:
        assert self._file is not None
        rest, place = memoryview(data), self._place
        try:
            while rest:
                written = write_at(self._file.fileno(), rest, place - self._start)
                rest, place = rest[written:], place + written
        except OSError:
            # As much as there is room for, and the last record is always whole.
            self._place += _whole(data, place - self._place)
            os.ftruncate(self._file.fileno(), self._place - self._start)
            raise
        self._place = place


class PipeWriter:
    """Writes to standard output alone: nothing is kept, nobody reads behind."""

    def __init__(self, write: Callable[[memoryview], int]) -> None:
        self._write = write

    def add(self, taken: Taken) -> None:
        """Write blocks."""
        rest = memoryview(taken.data)
        while rest:
            rest = rest[self._write(rest) :]

    def tell(self) -> None:
        """Nobody is to be told."""

    def close(self) -> None:
        """Nothing was opened."""


def _whole(data: bytes, length: int) -> int:
    """Return how many of the first bytes of blocks are whole blocks."""
    at = 0
    while at + 8 <= length and (end := at + int.from_bytes(data[at + 4 : at + 8], "little")) <= length:
        at = end
    return at


def _numbered(path: str, number: int) -> str:
    """Return the name of a file of a rotation, as dumpcap names them: with its number, and when it began."""
    stem, suffix = os.path.splitext(path)
    return f"{stem}_{number:05}_{time.strftime('%Y%m%d%H%M%S')}{suffix}"
