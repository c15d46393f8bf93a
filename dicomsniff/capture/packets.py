"""What every source of packets hands on: batches of frames inside a block of bytes."""

from typing import NamedTuple

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


class CaptureError(Exception):
    """What the user asked to read cannot be read; the message says why and what to do."""
