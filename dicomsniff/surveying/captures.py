"""Which captures there are to be surveyed, in the order of time, and what tells each from any other."""

import os
import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from math import inf
from typing import NamedTuple

from dicomsniff.capture.packets import CaptureError
from dicomsniff.capture.reader import CaptureReader

PIECE, PIECES = 1 << 16, 64
"""Bytes of a piece of a file, and how many pieces of a large one its digest is made of, its first and last ones among
them; smaller ones are read whole."""
_NAMED = re.compile(r".+\.(pcap|pcapng|cap|snoop)[0-9]*(\.(gz|zst|lz4|bz2|xz))?", re.IGNORECASE)
"""What captures in a directory are called; tcpdump numbers those of a ring behind the suffix."""


class Found(NamedTuple):
    """A capture that there is."""

    path: str
    size: int
    modified: int
    """When it was written to last (ns since 1970)."""
    digest: str
    """Of pieces of it."""
    first_time: int | None
    """When its first packet was captured (ns since 1970); None where it has none."""

    @property
    def identity(self) -> tuple[int, int, str]:
        """What changes where it is written to."""
        return self.size, self.modified, self.digest


class Broken(NamedTuple):
    """A file that cannot be read as a capture, and why."""

    path: str
    why: str


def find_captures(paths: Iterable[str]) -> tuple[list[Found], list[Broken]]:
    """Return the captures that paths lead to, those of directories too, in the order of their first packets.

    Also returns what cannot be read.
    """
    found, broken = [], []
    for path in dict.fromkeys(os.path.abspath(file) for each in paths for file in _files(each)):
        try:
            found.append(_look(path))
        except CaptureError as error:
            broken.append(Broken(path, str(error)))
        except OSError as error:
            broken.append(Broken(path, f"{path}: {error.strerror}"))
    return sorted(found, key=lambda each: inf if each.first_time is None else each.first_time), broken


def _files(path: str) -> Iterator[str]:
    if not os.path.isdir(path):
        yield path
        return
    for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
        if _NAMED.fullmatch(entry.name) and entry.is_file():
            yield entry.path


def _look(path: str) -> Found:
    status = os.stat(path)
    reader = CaptureReader(path)
    try:
        first = next((batch for batch in reader.batches() if batch.starts), None)
    finally:
        reader.close()
    time = first.time(0) if first is not None else None
    return Found(path, status.st_size, status.st_mtime_ns, _digest(path, status.st_size), time)


def _digest(path: str, size: int) -> str:
    digest = sha256()
    step = max((size - PIECE) // (PIECES - 1), PIECE) if size > PIECE * PIECES else PIECE
    with open(path, "rb") as file:
        for number in range(PIECES):
            file.seek(number * step)
            digest.update(file.read(PIECE))
        file.seek(max(size - PIECE, 0))
        digest.update(file.read(PIECE))
    return digest.hexdigest()
