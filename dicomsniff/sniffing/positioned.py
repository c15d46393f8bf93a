"""Reading and writing at a place of a file that several have open."""

import os
from threading import Lock

_LOCK = Lock()
_IN_ONE_CALL = hasattr(os, "pread")


def read_at(file: int, count: int, place: int) -> bytes:
    """Return up to `count` bytes of an open file from a place on; none at its end."""
    if _IN_ONE_CALL:
        return os.pread(file, count, place)
    with _LOCK:  # where the system has no such call, all who use the file are threads of one process
        os.lseek(file, place, os.SEEK_SET)
        return os.read(file, count)


def write_at(file: int, data: bytes | memoryview, place: int) -> int:
    """Write bytes at a place of an open file; return how many of them were written."""
    if _IN_ONE_CALL:
        return os.pwrite(file, data, place)
    with _LOCK:
        os.lseek(file, place, os.SEEK_SET)
        return os.write(file, data)
