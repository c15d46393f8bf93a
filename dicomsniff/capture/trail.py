"""Which packets brought the bytes of a stream: noted at the cost of a number, told for those that are asked about."""

from bisect import bisect_right
from typing import Any

from dicomsniff.capture.packets import Noted, PacketBatch
from dicomsniff.span import PacketMark

MAX_SEGMENTS = 1 << 14
"""Segments of a direction whose packets are remembered."""


class Trail:
    """Where segments begin in a stream, and their packets, in order.

    About most of those that are passed over nobody asks. So their packets stand there by number only, and are noted
    while the batch is at hand that they are from: whoever adds some says so by `enter`, and has to `settle` it before
    that batch goes.
    """

    __slots__ = ("batch", "offsets", "packets")

    def __init__(self) -> None:
        self.offsets: list[int] = []
        """Where segments begin."""
        self.packets: list[int | Noted | PacketMark] = []
        """Their packets."""
        self.batch: PacketBatch | None = None
        """The one that packets are from which are known by number only."""

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        # The batch stays behind.
        return None, {"offsets": self.offsets, "packets": [*map(self._mark, self.packets)], "batch": None}

    def note(self, offset: int, mark: PacketMark) -> None:
        """Take note that the bytes of the stream from `offset` on came in a packet."""
        self.offsets.append(offset)
        self.packets.append(mark)
        if len(self.offsets) > MAX_SEGMENTS:
            self._drop(len(self.offsets) - MAX_SEGMENTS)

    def enter(self, batch: PacketBatch) -> None:
        """Packets that are added by number from now on are of a batch."""
        self.settle()
        self.batch = batch

    def settle(self) -> None:
        """Note the packets that are known by number only."""
        if self.batch is not None:
            # In place: whoever adds packets holds the list.
            self.packets[:] = self.batch.noted(self.packets)
            self.batch = None

    def forget(self, offset: int) -> None:
        """Forget the segments before the one that has the byte at `offset`."""
        if len(self.offsets) > 1 and self.offsets[1] <= offset:
            self._drop(bisect_right(self.offsets, offset) - 1)

    def mark_at(self, offset: int) -> PacketMark | None:
        """Return the packet of a byte, or the first one remembered if that came later; None where none is."""
        if not self.packets:
            return None
        return self._mark(self.packets[max(0, bisect_right(self.offsets, offset) - 1)])

    @property
    def next(self) -> int | None:
        """Where the second segment that is remembered begins."""
        return self.offsets[1] if len(self.offsets) > 1 else None

    @property
    def last(self) -> PacketMark | None:
        """The packet of the last segment."""
        return self._mark(self.packets[-1]) if self.packets else None

    def _drop(self, count: int) -> None:
        del self.offsets[:count]
        del self.packets[:count]

    def _mark(self, packet: int | Noted | PacketMark) -> PacketMark:
        if isinstance(packet, PacketMark):
            return packet
        if isinstance(packet, Noted):
            return packet.mark()
        if self.batch is None:
            raise ValueError("the batch of the packet is gone")
        return self.batch.mark(packet)
