"""Which packets brought the bytes of a stream: noted at the cost of a number, told for those that are asked about."""

from collections import deque
from typing import Any

from dicomsniff.capture.packets import PacketBatch
from dicomsniff.span import PacketMark

MAX_SEGMENTS = 1 << 14
"""Segments of a direction whose packets are remembered."""


class Trail:
    """Where segments begin in a stream, and their packets, in order.

    About most of those that are passed over nobody asks. So they stand in `steps` by number only, and their times are
    worked out while the batch is at hand that they are from: whoever adds some says so by `enter`, and has to `settle`
    it before that batch goes.
    """

    __slots__ = ("batch", "steps")

    def __init__(self) -> None:
        self.steps: deque[tuple[int, int | PacketMark]] = deque(maxlen=MAX_SEGMENTS)
        self.batch: PacketBatch | None = None
        """The one that packets are from which are known by number only."""

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        self.settle()  # the batch stays behind
        return None, {"steps": self.steps, "batch": None}

    def note(self, offset: int, mark: PacketMark) -> None:
        """Take note that the bytes of the stream from `offset` on came in a packet."""
        self.steps.append((offset, mark))

    def enter(self, batch: PacketBatch) -> None:
        """Packets that are added by number from now on are of a batch."""
        self.settle()
        self.batch = batch

    def settle(self) -> None:
        """Work out the packets that are known by number only."""
        if self.batch is not None:
            settled = [(offset, self._mark(packet)) for offset, packet in self.steps]
            self.steps.clear()
            self.steps += settled
            self.batch = None

    def forget(self, offset: int) -> None:
        """Forget the segments before the one that has the byte at `offset`."""
        steps = self.steps
        while len(steps) > 1 and steps[1][0] <= offset:
            steps.popleft()

    def mark_at(self, offset: int) -> PacketMark | None:
        """Return the packet of a byte, or the first one remembered if that came later; None where none is."""
        found = None
        for begins, packet in self.steps:
            if found is not None and begins > offset:
                break
            found = packet
        return None if found is None else self._mark(found)

    @property
    def last(self) -> PacketMark | None:
        """The packet of the last segment."""
        return self._mark(self.steps[-1][1]) if self.steps else None

    def _mark(self, packet: int | PacketMark) -> PacketMark:
        if isinstance(packet, PacketMark):
            return packet
        if self.batch is None:
            raise ValueError("the batch of the packet is gone")
        return self.batch.mark(packet)
