"""What every source of packets hands on: batches of frames inside a block of bytes."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

Packet = tuple[int, int, int, int, int]
"""(time in ns since 1970, where its record starts, frame start, frame end, length on the wire); places are
indices into the batch's `data`. A plain tuple: a large capture makes a million of them."""


class PacketBatch(NamedTuple):
    """Consecutive packets of one link type, in capture order."""

    data: bytes
    origin: int
    """Where `data` begins in the capture, in bytes."""
    first_number: int
    """Packet number of the first one, from 1."""
    link_type: int
    packets: list[Packet]


class PacketSource(Protocol):
    """Where packets come from: a file, a pipe, an interface."""

    truncated: str
    """Why reading stopped before the end; empty where it did not."""
    is_live: bool

    @property
    def name(self) -> str:
        """What the user knows it by."""

    @property
    def format(self) -> str:
        """The format its packets are kept in: `pcap` or `pcapng`."""

    @property
    def resolution_digits(self) -> int:
        """Digits after the second that its clock has."""

    @property
    def size(self) -> int | None:
        """Its bytes, where that is known beforehand."""

    @property
    def position(self) -> int:
        """Bytes read so far."""

    def batches(self) -> Iterator[PacketBatch]:
        """Read it through, once; a live source yields batches without packets while nothing comes."""

    def batches_from(self, offset: int, number: int) -> Iterator[PacketBatch]:
        """Read again from the record at `offset`, which holds packet `number`."""

    def close(self) -> None:
        """Let go of it."""


class CaptureError(Exception):
    """What the user asked to read cannot be read; the message says why and what to do."""
