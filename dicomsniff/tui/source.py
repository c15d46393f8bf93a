"""What the terminal UI needs of a capture, be it a file or live."""

from collections.abc import Iterator
from typing import Protocol

from dicomsniff.analyzer import Analyzer
from dicomsniff.association.conversation import Update
from dicomsniff.dimse.message import Message
from dicomsniff.provenance import Span
from dicomsniff.reread import MessageBytes, StreamPiece

DEFAULT_DIGITS = 6


class Reader(Protocol):
    """What is told of the capture's file."""

    @property
    def name(self) -> str:
        """What to call the capture."""

    @property
    def size(self) -> int | None:
        """Bytes to read in all; None where unknown."""

    @property
    def position(self) -> int:
        """Bytes read so far."""

    @property
    def truncated(self) -> str:
        """Why reading stopped early; empty where it did not."""


class CaptureSource(Protocol):
    """A capture that is read once, from start to end, and can be reread."""

    @property
    def analyzer(self) -> Analyzer:
        """Holds the associations and counts."""

    @property
    def reader(self) -> Reader:
        """Holds name, size and position."""

    def updates(self) -> Iterator[list[Update]]:
        """Read and analyze; a live capture gives empty lists when idle."""

    def message_bytes(self, message: Message) -> MessageBytes:
        """Reread a message."""

    def stream_bytes(self, span: Span) -> StreamPiece:
        """Reread stream bytes."""

    def close(self) -> None:
        """End it."""


def is_live(capture: CaptureSource) -> bool:
    """Whether the capture goes on until it is stopped."""
    return bool(getattr(capture, "is_live", False))


def clock_digits(capture: CaptureSource) -> int:
    """Digits after the second that the capture's clock has."""
    return int(getattr(capture.reader, "resolution_digits", DEFAULT_DIGITS))


def is_pipe(capture: CaptureSource) -> bool:
    """Whether its bytes are gone once they are read."""
    try:
        return capture.reader.size is None and not is_live(capture)
    except OSError:
        return False  # a file, which has been removed


def known_size(capture: CaptureSource) -> int | None:
    """Bytes to read in all; None where unknown."""
    try:
        return capture.reader.size
    except OSError:
        return None
