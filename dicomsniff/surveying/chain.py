"""Captures that are read one after the other, each from one packet to another: a connection that several hold, as one.

Packets keep the order in which they were captured, whatever their times say. A packet's number tells the capture too.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dicomsniff.capture.losses import LossCounter
from dicomsniff.capture.packets import PacketBatch
from dicomsniff.capture.reader import CaptureReader

NUMBER_BITS = 40
"""Bits of a packet's number that say which of its capture's it is; those above say of which capture."""
_WITHIN = (1 << NUMBER_BITS) - 1


class Link(NamedTuple):
    """What is read of one capture."""

    path: str
    capture: int
    """The capture's number, greater than those of the captures before it."""
    first: int = 0
    """The number of its first packet to be read, as the capture numbers it; 0 for all of its first ones."""
    offset: int = 0
    """Where that packet's record begins."""
    last: int = 0
    """The number of a packet after which no more need be read; 0 for all."""


def numbered(capture: int, packet: int) -> int:
    """Return the number of a packet of a capture among those of all; 0 for none."""
    return packet and capture << NUMBER_BITS | packet


def place_of(number: int) -> tuple[int, int]:
    """Return the capture and the number in it that a packet's number tells."""
    return number >> NUMBER_BITS, number & _WITHIN


class ChainedReader:
    """Reads captures as one; a source of packets as `PacketSource` says."""

    is_live = False
    is_file = True

    def __init__(self, links: Sequence[Link]) -> None:
        self._links = list(links)
        self._readers = {link.capture: CaptureReader(link.path) for link in links[:1]}
        """Those opened so far."""
        self.truncated = ""
        self.is_over = False
        """Whether all was read."""

    @property
    def name(self) -> str:
        """The names of all."""
        return ", ".join(reader.name for reader in self._readers.values())

    @property
    def format(self) -> str:
        """The formats of all; where one may bring TLS secrets or tell of losses, that one's too."""
        return ", ".join(dict.fromkeys(reader.format for reader in self._all()))

    @property
    def resolution_digits(self) -> int:
        """Digits after the second of the finest clock."""
        return max(reader.resolution_digits for reader in self._readers.values())

    @property
    def losses(self) -> LossCounter:
        """What was lost while they were captured."""
        losses = LossCounter()
        for reader in self._readers.values():
            losses.merge(reader.losses)
        return losses

    @property
    def size(self) -> int:
        """Bytes of all."""
        return sum(reader.size or 0 for reader in self._all())

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return sum(reader.position for reader in self._readers.values())

    def pop_notices(self) -> list[str]:
        """Return nothing: files that are read have no events of their own."""
        return []

    def take_key_logs(self) -> tuple[bytes, ...]:
        """Return the TLS key logs found in any of them since the last time."""
        return tuple(log for reader in self._readers.values() for log in reader.take_key_logs())

    def batches(self) -> Iterator[PacketBatch]:
        """Read what is to be read of each, once."""
        for link in self._links:
            yield from self._batches_of(link, self._reader(link))
        self.is_over = True

    def batches_from(self, offset: int, number: int) -> Iterator[PacketBatch]:
        """Read again from the record at `offset`, which holds packet `number`: it says of which capture."""
        capture, packet = place_of(number)
        for link in self._links:
            if link.capture == capture:
                for batch in self._reader(link).batches_from(offset, packet):
                    yield _renumbered(batch, link)
            elif link.capture > capture:
                with_own = CaptureReader(link.path)
                try:
                    yield from self._batches_of(link, with_own)
                finally:
                    with_own.close()

    def again(self) -> "ChainedReader":
        """Open them once more."""
        return ChainedReader(self._links)

    def close(self) -> None:
        """Close all."""
        for reader in self._readers.values():
            reader.close()

    def _all(self) -> list[CaptureReader]:
        return [self._reader(link) for link in self._links]

    def _reader(self, link: Link) -> CaptureReader:
        if link.capture not in self._readers:
            self._readers[link.capture] = CaptureReader(link.path)
        return self._readers[link.capture]

    def _batches_of(self, link: Link, reader: CaptureReader) -> Iterator[PacketBatch]:
        # A pcapng file is read from its start: what its packets mean, and the secrets it brings, stand there.
        skips = bool(link.offset) and reader.format == "pcap"
        for batch in reader.skip_to(link.offset, link.first) if skips else reader.batches():
            if batch.first_number + len(batch.starts) > link.first:
                yield _renumbered(batch, link)
            if link.last and batch.first_number + len(batch.starts) > link.last:
                return
        self.truncated = self.truncated or reader.truncated


def _renumbered(batch: PacketBatch, link: Link) -> PacketBatch:
    return batch._replace(first_number=numbered(link.capture, batch.first_number))
