"""An open binary file -> a capture to read, and to go back in where the file can be sought."""

from io import SEEK_CUR, SEEK_END, BufferedReader, RawIOBase, TextIOBase
from typing import IO

from dicomsniff.capture.reader import CaptureReader


class _View(RawIOBase):
    """A place of its own in a file that others may be reading too; closing it leaves the file open."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._sought = file.seekable()
        self._at = file.tell() if self._sought else 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._sought

    def seek(self, offset: int, whence: int = 0, /) -> int:
        if whence == SEEK_END:
            self._at = self._file.seek(offset, SEEK_END)
        else:
            self._at = offset + (self._at if whence == SEEK_CUR else 0)
        return self._at

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]
        if self._sought:
            self._file.seek(self._at)
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def read_object(file: IO[bytes]) -> CaptureReader:
    """Read an open binary file; it stays open. Raises CaptureError where it holds no capture."""
    if isinstance(file, TextIOBase):
        raise TypeError("a capture is read from a file that was opened in binary mode")
    name = getattr(file, "name", None)
    start = file.tell() if file.seekable() else 0

    def open_file() -> BufferedReader:
        view = _View(file)
        if view.seekable():
            view.seek(start)
        return BufferedReader(view)

    return CaptureReader(name if isinstance(name, str) else "the open file", open_file=open_file)
