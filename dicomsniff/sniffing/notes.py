"""What the capturer and the source tell each other: lines of JSON over a connection, some with an open file."""

import array
import json
import os
import select
import socket
from typing import Any

MAX_NOTE = 1 << 16
"""Bytes of a note; both ends are ours, so that more is a fault."""
_FILES_AT_A_TIME = 8

Note = dict[str, Any]
"""A note; `is` says which kind, and `file` is the descriptor of a file that came with it."""


class Channel:
    """One end of the connection between the two."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = b""
        self._files: list[int] = []
        self.is_over = False
        """Whether the other end is gone."""

    def fileno(self) -> int:
        """Return what to wait for with `select`."""
        return self._connection.fileno()

    def send(self, kind: str, *, file: int | None = None, **told: Any) -> None:
        """Tell the other end; where it is gone, that is noticed by whoever reads next."""
        line = json.JSONEncoder().encode({"is": kind, "with_file": file is not None, **told}).encode() + b"\n"
        try:
            if file is None:
                self._connection.sendall(line)
            else:
                rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))]
                sent = self._connection.sendmsg([line], rights)
                self._connection.sendall(line[sent:])
        except OSError:
            self.is_over = True

    def receive(self, wait: float | None) -> list[Note]:
        """Return the notes that have come; wait for one so many seconds at most, None without end."""
        ready, _, _ = select.select([self._connection], [], [], wait)
        if not ready:
            return []
        try:
            data, rights, _, _ = self._connection.recvmsg(MAX_NOTE, socket.CMSG_SPACE(4 * _FILES_AT_A_TIME))
        except OSError:
            data, rights = b"", []
        for level, kind, content in rights:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                files = array.array("i")
                files.frombytes(content[: len(content) // files.itemsize * files.itemsize])
                self._files += files
        self.is_over = not data
        *lines, self._received = (self._received + data).split(b"\n")
        notes: list[Note] = [json.loads(line) for line in lines]
        for note in notes:
            note["file"] = self._files.pop(0) if note["with_file"] else None
        return notes

    def close(self) -> None:
        """Let the other end know that this one is gone."""
        self._connection.close()
        for file in self._files:
            os.close(file)
        self._files.clear()
