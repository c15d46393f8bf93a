"""Data sets that are collected: in memory while they are short and few, else in one temporary file for all.

A capture may hold tens of thousands of stores under way at a time, each with a megabyte of its data set so far. The
file is private, has no name, and takes one descriptor however many they are; its blocks are used again.
"""

import io
import os
from collections.abc import Callable
from weakref import WeakSet, WeakValueDictionary

MAX_ALONE = 1 << 20
"""Bytes of a collected data set kept in memory; a longer one goes to the temporary file."""
MAX_TOGETHER = 16 << 20
"""Bytes of all collected data sets kept in memory; beyond, the longest ones go to the temporary file."""
BLOCK = 1 << 18
"""Bytes of the temporary file that belong to one data set at a time."""


Collect = bool | frozenset[int]
"""Whether messages bring their data sets; or the Command Fields (0000,0100) of those that do."""


class Collection:
    """Where the data sets of a capture are kept until somebody takes them. None is lost, however many there are.

    `collect` says those of which messages: True for all. Of those of other messages the first `heads` bytes are kept,
    beside them (`DataSetInfo.head`).
    """

    def __init__(self, collect: Collect = True, heads: int = 0) -> None:
        self.fields = None if collect is True else collect or frozenset()
        """The Command Fields of the messages whose data sets are kept; None where all are."""
        self.heads = heads
        self.in_memory = 0
        """Bytes of those in memory."""
        self._short: WeakSet[CollectedData] = WeakSet()
        self._file: io.FileIO | None = None
        self._blocks = 0
        self._free: list[int] = []
        _known[id(self)] = self

    def __reduce__(self) -> "tuple[Callable[[int], Collection], tuple[int]]":
        """Connections that leave memory refer to it, and find it where they come back."""
        return _find, (id(self),)

    @property
    def blocks(self) -> int:
        """Blocks of the temporary file that are in use."""
        return self._blocks - len(self._free)

    def takes(self, field: int | None) -> bool:
        """Whether the data sets of messages with a Command Field are kept."""
        return self.fields is None or field in self.fields

    def begin(self) -> "CollectedData":
        """Return where a data set's bytes are to be written."""
        data = CollectedData(self)
        self._short.add(data)
        return data

    def grow(self, data: "CollectedData", count: int) -> None:
        """Take note that a data set in memory grew."""
        self.in_memory += count
        if data.length > MAX_ALONE:
            data.leave_memory()
        if self.in_memory > MAX_TOGETHER:
            for each in sorted(self._short, key=_length, reverse=True):
                if self.in_memory <= MAX_TOGETHER // 2:
                    break
                each.leave_memory()

    def shrink(self, data: "CollectedData") -> None:
        """Take note that a data set is not in memory any more."""
        self.in_memory -= data.length
        self._short.discard(data)

    def free(self, blocks: list[int]) -> None:
        """Take back blocks whose data set was taken; with the last one goes the file."""
        self._free += blocks
        if self._file is not None and not self.blocks:
            self._file.close()
            self._file, self._blocks, self._free = None, 0, []

    def new_block(self) -> int:
        """Give out a block that nobody uses."""
        if self._free:
            return self._free.pop()
        self._blocks += 1
        return self._blocks - 1

    @property
    def file(self) -> io.FileIO:
        """The temporary file."""
        if self._file is None:
            from tempfile import TemporaryFile

            self._file = TemporaryFile(buffering=0)  # noqa: SIM115  lives as long as this
        return self._file


_known: WeakValueDictionary[int, Collection] = WeakValueDictionary()


def _find(identity: int) -> Collection:
    return _known[identity]


class CollectedData(io.BufferedIOBase):
    """One data set, written from its start to its end, then read like a file. Whoever takes it closes it."""

    def __init__(self, collection: Collection) -> None:
        super().__init__()
        self.length = 0
        """Its bytes so far."""
        self._collection = collection
        self._file: io.BytesIO | io.BufferedReader | None = io.BytesIO()
        self._blocks: _Blocks | None = None

    def __reduce__(self) -> str:
        raise TypeError("a data set that is being collected cannot be copied")

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        """Add bytes at the end."""
        self.length += len(data)
        if self._blocks is not None:
            self._blocks.add(data)
        elif isinstance(self._file, io.BytesIO):
            self._file.seek(0, os.SEEK_END)
            self._file.write(data)
            self._collection.grow(self, len(data))
        return len(data)

    def leave_memory(self) -> None:
        """Go on in the temporary file."""
        if isinstance(self._file, io.BytesIO):
            self._collection.shrink(self)
            self._blocks = _Blocks(self._collection)
            self._blocks.add(self._file.getbuffer())
            at, self._file = self._file.tell(), None
            if at < self.length:
                self.seek(at)

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def seekable(self) -> bool:
        """Whether it can be read from any place: always."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return bytes from where it stands."""
        return self._reader().read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place in bytes; return it."""
        return self._reader().seek(offset, whence)

    def tell(self) -> int:
        """Return where it stands, which is its end while it is written."""
        return self.length if self._file is None else self._file.tell()

    def close(self) -> None:
        """Let go of it: its bytes are gone then."""
        if not self.closed:
            if isinstance(self._file, io.BytesIO):
                self._collection.shrink(self)
            self._file = None
            if self._blocks is not None:
                self._blocks.close()
        super().close()

    def _reader(self) -> io.BytesIO | io.BufferedReader:
        if self.closed:
            raise ValueError("the data set was closed")
        if self._file is None and self._blocks is not None:
            # Made where it is read, as by then it is the only one: a buffer for each under way would be too many.
            self._file = io.BufferedReader(self._blocks)
            self._file.seek(0, os.SEEK_END)
        assert self._file is not None
        return self._file


class _Blocks(io.RawIOBase):
    """The bytes of a data set in the temporary file: in full blocks, but for the last one."""

    def __init__(self, collection: Collection) -> None:
        super().__init__()
        self._collection = collection
        self._numbers: list[int] = []
        self._length = self._at = 0

    def add(self, data: bytes | memoryview) -> None:
        rest = memoryview(data)
        while rest:
            block, within = divmod(self._length, BLOCK)
            if block == len(self._numbers):
                self._numbers.append(self._collection.new_block())
            self._collection.file.seek(self._numbers[block] * BLOCK + within)
            done = self._collection.file.write(rest[: BLOCK - within])
            self._length += done
            rest = rest[done:]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        self._at = offset + (0, self._at, self._length)[whence]
        return self._at

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        if self._at >= self._length:
            return 0
        block, within = divmod(self._at, BLOCK)
        count = min(len(buffer), self._length - self._at, BLOCK - within)
        self._collection.file.seek(self._numbers[block] * BLOCK + within)
        data = self._collection.file.read(count)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._collection.free(self._numbers)
            self._numbers = []
        super().close()


def _length(data: CollectedData) -> int:
    return data.length
