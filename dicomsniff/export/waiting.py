"""Text that waits for what stands before it and is known last."""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import IO

IN_MEMORY = 1 << 20
"""Characters that wait in memory; more wait in a temporary file."""


@contextmanager
def waiting_text() -> Iterator[IO[str]]:
    """Give a file for text that `copy_out` copies; it is gone at the end."""
    with SpooledTemporaryFile(max_size=IN_MEMORY, mode="w+", encoding="utf-8", errors="backslashreplace") as body:
        yield body


def copy_out(body: IO[str], out: IO[str]) -> None:
    """Write all that waited."""
    body.seek(0)
    while piece := body.read(IN_MEMORY):
        out.write(piece)
