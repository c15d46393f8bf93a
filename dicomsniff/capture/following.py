"""Files that grow -> packet batches as they come: one file, or one after the other as a ring buffer has them.

A file that is not there yet, or has no whole header yet, is awaited. One that is cut short, or replaced by another of
the same name, is read from its beginning again.
"""

import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from enum import Enum
from functools import partial
from glob import escape, glob, has_magic
from io import BufferedReader
from typing import NamedTuple

from dicomsniff.capture.losses import LossCounter
from dicomsniff.capture.notices import Notices
from dicomsniff.capture.packets import CaptureError, NothingYetError, PacketBatch, empty_batch
from dicomsniff.capture.reader import GROWING_POLL, CaptureReader, open_path
from dicomsniff.capture.silence import BUFFERED, PATIENCE, Silence

MAX_FILES = 10_000
"""Files that can be gone back to; of more, the latest ones."""
PLACES = 1 << 48
"""Each file's places in the capture lie in a range of this many bytes of its own."""
LEAST = 4
"""Bytes that tell what a file is; one that is shorter is awaited."""


class _End(Enum):
    """Why there is no more of a file."""

    CUT_SHORT = "the file was cut short: it is read from its beginning again"
    REPLACED = "the file was replaced by another one, which is read now"
    NEXT = ""
    """The next one is there."""


class _Identity(NamedTuple):
    """Tells a file from another one of the same name."""

    device: int
    number: int


class _Followed(NamedTuple):
    """A file that is read or was."""

    number: int
    """How many files came before."""
    path: str
    identity: _Identity
    reader: CaptureReader
    first_packet: int
    """The number in the capture of its first packet."""


class FollowedFiles:
    """What is written to a file, or to the files of a directory or a pattern, as it comes, until `stop`.

    Of several files, that which was written to first comes first; the next one is taken up when it is there.
    Raises CaptureError where the only file is there and is no capture.
    """

    is_live = True
    is_file = True
    size = None

    def __init__(self, path: str) -> None:
        self.name = os.path.basename(path.rstrip(os.sep)) or path
        self.truncated = ""
        self._path = path
        self._is_directory = os.path.isdir(path)
        self._is_many = self._is_directory or (has_magic(path) and not os.path.lexists(path))
        self._stopped = False
        self._files: dict[int, _Followed] = {}
        """Those that can be gone back to, by their numbers."""
        self._read: dict[str, tuple[_Identity, int]] = {}
        """Those that were read, and how many bytes of them."""
        self._renamed: set[_Identity] = set()
        """Those that lost their name to another one."""
        self._count = 0
        self._packets = 0
        self._earlier = LossCounter()
        self._digits = 0
        self._notices = Notices()
        self._silence = Silence()
        self._passed: set[str] = set()
        self._end: _End | None = None
        """Why nothing more will come of the current file."""
        self._current: _Followed | None = None
        self._current = self._find_next()

    @property
    def format(self) -> str:
        """The format of the latest file; none before there is one."""
        latest = self._files.get(self._count - 1)
        return latest.reader.format if latest is not None else ""

    @property
    def resolution_digits(self) -> int:
        """Digits after the second of the finest clock so far."""
        latest = self._files.get(self._count - 1)
        return max(self._digits, latest.reader.resolution_digits) if latest is not None else 6

    @property
    def losses(self) -> LossCounter:
        """What was lost while the files were captured, as far as they tell."""
        if self._current is None:
            return self._earlier
        losses = LossCounter()
        losses.merge(self._earlier)
        losses.merge(self._current.reader.losses)
        return losses

    @property
    def position(self) -> int:
        """Bytes read of the current file."""
        return self._current.reader.position if self._current is not None else 0

    def pop_notices(self) -> list[str]:
        """Hand over what happened to the files since the last time."""
        return self._notices.pop()

    def batches(self) -> Iterator[PacketBatch]:
        """Yield what comes; a batch without packets each time there is nothing for now."""
        while not self._stopped:
            if self._current is None:
                self._current = self._find_next()
            if self._current is None:
                self._wait_a_while()
                yield empty_batch(self._packets + 1)
                continue
            current, self._end = self._current, None
            for batch in current.reader.batches():
                if batch.starts:
                    self._silence.end()
                    self._packets = current.first_packet + batch.first_number + len(batch.starts) - 2
                yield _moved(batch, current)
            if not self._finish(current):
                return

    def take_key_logs(self) -> tuple[bytes, ...]:
        """Return the TLS key logs found inside the current file since the last time."""
        return self._current.reader.take_key_logs() if self._current is not None else ()

    def batches_from(self, offset: int, number: int) -> Iterator[PacketBatch]:
        """Read again from the record at `offset`, which holds packet `number`; CaptureError where that is gone."""
        place = offset % PLACES
        for index in range(offset // PLACES, self._count):
            file = self._files.get(index)
            if file is None:
                raise CaptureError(f"{self.name}: the file is not there any more, or was written anew")
            before = file.first_packet - 1
            if place:
                yield from (_moved(batch, file) for batch in file.reader.batches_from(place, number - before))
            else:
                with closing(CaptureReader(file.path, open_file=partial(_open, file.path, file.identity))) as again:
                    yield from (_moved(batch, file) for batch in again.batches())
            place = 0

    def again(self) -> None:
        """Return nothing: what is followed has no end that could be waited for."""

    def stop(self) -> None:
        """End `batches` within GROWING_POLL seconds."""
        self._stopped = True
        if self._current is not None:
            self._current.reader.stop()

    def close(self) -> None:
        """Close the file that is open."""
        self.stop()
        if self._current is not None:
            self._current.reader.close()

    def _finish(self, file: _Followed) -> bool:
        """Let go of a file; return whether there may be another one."""
        problem = file.reader.truncated
        self._digits = max(self._digits, file.reader.resolution_digits)
        self._earlier.merge(file.reader.losses)
        if self._stopped:
            self.truncated = self.truncated or problem
            return False
        if self._end is None and not self._is_many:
            self.truncated = problem
            return False
        self._current = None
        file.reader.close()
        if self._end is not None and self._end.value:
            self._notices.note(self._end.value)
        if self._end is _End.CUT_SHORT:
            del self._files[file.number]
        else:
            self._read[file.path] = file.identity, file.reader.position
            if self._end is _End.REPLACED:
                self._renamed.add(file.identity)
            if problem:
                self.truncated = self.truncated or problem
                self._notices.note(f"one of the files is not whole: {problem}")
        if len(self._files) > MAX_FILES:
            del self._files[next(iter(self._files))]
        return True

    def _find_next(self) -> _Followed | None:
        """Return the next file there is, begun; None where there is none yet."""
        for path in self._unread():
            try:
                status = os.stat(path)
                if status.st_size < LEAST:
                    continue
                identity = _identity(status)
                reader = CaptureReader(path, follow=True, open_file=partial(_open, path, identity), wait=self._wait)
            except (NothingYetError, FileNotFoundError):
                continue
            except CaptureError:
                if not self._is_many:
                    raise
                self._passed.add(path)
                self._notices.note("a file that is no capture is passed over")
                continue
            found = _Followed(self._count, path, identity, reader, self._packets + 1)
            self._files[self._count] = found
            self._count += 1
            return found
        return None

    def _unread(self) -> list[str]:
        """Return the files that are yet to be read, that which was written to first before the others."""
        if not self._is_many:
            return [self._path]
        paths = glob(os.path.join(escape(self._path), "*") if self._is_directory else self._path)
        # What compresses a file once it is whole leaves another one, with the same packets.
        stems = {path: os.path.splitext(path)[0] for path in paths}
        named = {*stems, *stems.values()}
        self._read = {path: read for path, read in self._read.items() if path in named}
        found, there = [], set()
        for path, stem in stems.items():
            with suppress(OSError):
                status = os.stat(path)
                identity = _identity(status)
                there.add(identity)
                known, size = self._read.get(path, (None, 0))
                is_read = (known == identity and status.st_size >= size) or (stem != path and stem in self._read)
                is_current = self._current is not None and path == self._current.path
                if stat.S_ISREG(status.st_mode) and not (
                    is_read or is_current or path in self._passed or identity in self._renamed
                ):
                    found.append((status.st_mtime_ns, _natural(path), path))
        self._renamed &= there
        return [path for _, _, path in sorted(found)]

    def _wait(self) -> bool:
        """Wait for the current file to grow; return whether it can."""
        if self._stopped or self._end is not None:
            return False
        assert self._current is not None
        self._end = self._end_of(self._current)
        if self._end is None:
            self._wait_a_while()
        # Something may have been written between the last look and the end: there is one look more.
        return self._end is not _End.CUT_SHORT

    def _has_next(self) -> bool:
        """Whether there is a file to go on with: one that has something in it."""
        return any(_size(path) for path in self._unread())

    def _end_of(self, file: _Followed) -> _End | None:
        """Return why nothing more will come of a file; None while something may."""
        with suppress(OSError):  # it has no name any more, and is still written to
            status = os.stat(file.path)
            if file.identity != _identity(status):
                return _End.REPLACED
            if status.st_size < file.reader.position:
                return _End.CUT_SHORT
        return _End.NEXT if self._is_many and self._has_next() else None

    def _wait_a_while(self) -> None:
        time.sleep(GROWING_POLL)
        if self._silence.is_long():
            what = "no file" if self._current is None and self._is_many else "no packet"
            self._notices.note(f"{what} has come in {PATIENCE:.0f} s; {BUFFERED}")


def _moved(batch: PacketBatch, file: _Followed) -> PacketBatch:
    """Return a file's batch in the numbers of the capture."""
    return batch._replace(
        file_offset=batch.file_offset + file.number * PLACES,
        first_number=batch.first_number + file.first_packet - 1,
    )


def _open(path: str, identity: _Identity) -> BufferedReader:
    """Open a file, unless another one is there now."""
    file = open_path(path)
    if identity != _identity(os.fstat(file.fileno())):
        file.close()
        raise CaptureError(f"{path}: another file is there now")
    return file


def _identity(status: os.stat_result) -> _Identity:
    return _Identity(status.st_dev, status.st_ino)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _natural(path: str) -> list[tuple[int, str]]:
    """Return what sorts file9 before file10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split("([0-9]+)", path)]
