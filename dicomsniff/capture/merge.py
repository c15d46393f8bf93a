"""Several captures read as one, in time order: the files of a ring buffer, or of two sniffers at once."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from math import inf
from operator import itemgetter

from dicomsniff.capture.losses import LossCounter
from dicomsniff.capture.packets import PacketBatch, PacketSource

CHECKPOINT = 64
"""Batches between two checkpoints, from which rereading can begin; twice as many where there are too many of them."""
MAX_REMEMBERED = 1 << 16
"""Places in sources that all checkpoints remember together; of more, every second checkpoint, and so on."""


class _Head:
    """The next packets of one source."""

    def __init__(self, number: int, batches: Iterator[PacketBatch]) -> None:
        self.number = number
        self._batches = batches
        self.batch: PacketBatch | None = None
        self.index = 0
        self.next_batch()

    def next_batch(self) -> None:
        """Go on to the source's next packets; `batch` is None where there are none."""
        self.index = 0
        self.batch = next((batch for batch in self._batches if batch.starts), None)

    @property
    def turn(self) -> tuple[float, int]:
        """When the next packet was captured (ns), and its source: of packets at one time the first source's come first.

        So the order depends on nothing else, and is the same when some of it is read again.
        """
        return self.batch.time(self.index) if self.batch is not None else inf, self.number

    def take_until(self, other: "_Head | None") -> PacketBatch | None:
        """Take the packets before another source's next, at least one; numbers are those of the source."""
        batch = self.batch
        if batch is None:
            return None
        first, count = self.index, len(batch.starts)
        last = count
        if other is not None:
            limit = other.turn
            last = first + 1
            while last < count and (batch.time(last), self.number) < limit:
                last += 1
        taken = batch._replace(
            first_number=batch.first_number + first,
            starts=batch.starts[first:last],
            ends=batch.ends[first:last],
        )
        self.index = last
        if last == count:
            self.next_batch()
        return taken


class MergedReader:
    """Reads captures as one. Packets are numbered in the order in which they are merged."""

    is_live = False
    is_file = True

    def __init__(self, sources: Sequence[PacketSource]) -> None:
        self._sources = list(sources)
        self._checkpoints: list[tuple[int, list[tuple[int, int] | None]]] = []
        self._apart = CHECKPOINT
        self._losses, self._loss_changes = LossCounter(), 0

    @property
    def name(self) -> str:
        """The names of all, or of the first and last of many."""
        names = [source.name for source in self._sources]
        return ", ".join(names) if len(names) < 4 else f"{names[0]} … {names[-1]} ({len(names)} captures)"

    @property
    def format(self) -> str:
        """The formats of all."""
        return ", ".join(dict.fromkeys(source.format for source in self._sources))

    @property
    def truncated(self) -> str:
        """Which of them ended early, and why."""
        return "; ".join(
            f"capture {number} of {len(self._sources)}: {source.truncated}"
            for number, source in enumerate(self._sources, start=1)
            if source.truncated
        )

    @property
    def resolution_digits(self) -> int:
        """Digits after the second of the finest clock."""
        return max(source.resolution_digits for source in self._sources)

    @property
    def losses(self) -> LossCounter:
        """What was lost while they were captured: files of one ring buffer tell of the same losses."""
        # Asked for with each batch, of which there may be one for every packet.
        changes = sum(source.losses.changes for source in self._sources)
        if changes != self._loss_changes:
            self._loss_changes, self._losses = changes, LossCounter()
            for source in self._sources:
                self._losses.merge(source.losses)
        return self._losses

    @property
    def size(self) -> int | None:
        """Bytes of all, where every one of them is known."""
        sizes = [source.size for source in self._sources]
        return sum(size for size in sizes if size is not None) if None not in sizes else None

    @property
    def position(self) -> int:
        """Bytes read so far of all."""
        return sum(source.position for source in self._sources)

    def pop_notices(self) -> list[str]:
        """Return nothing: files that are read have no events of their own."""
        return []

    def batches(self) -> Iterator[PacketBatch]:
        """Read all of them through, once."""
        self._checkpoints, self._apart = [], CHECKPOINT
        heads = [_Head(number, source.batches()) for number, source in enumerate(self._sources)]
        yield from self._merge(heads, 1, remember=True)

    def take_key_logs(self) -> tuple[bytes, ...]:
        """Return the TLS key logs found in any of them since the last time."""
        return tuple(log for source in self._sources for log in source.take_key_logs())

    def batches_from(self, _offset: int, number: int, /) -> Iterator[PacketBatch]:
        """Read again from packet `number`, which says where that is in each of them; a place is in one source only."""
        checkpoints = self._checkpoints
        first, places = checkpoints[max(bisect_right(checkpoints, number, key=itemgetter(0)) - 1, 0)]
        heads = [
            _Head(index, source.batches_from(*place))
            for index, (source, place) in enumerate(zip(self._sources, places, strict=True))
            if place is not None
        ]
        for batch in self._merge(heads, first, remember=False):
            before = max(number - batch.first_number, 0)
            if before < len(batch.starts):
                yield batch._replace(
                    first_number=batch.first_number + before, starts=batch.starts[before:], ends=batch.ends[before:]
                )

    def again(self) -> "MergedReader | None":
        """Open all of them once more; None where that cannot be done with one."""
        again = list[PacketSource]()
        for source in self._sources:
            opened = source.again()
            if opened is None:
                MergedReader(again).close()
                return None
            again.append(opened)
        return MergedReader(again)

    def close(self) -> None:
        """Close all."""
        for source in self._sources:
            source.close()

    def _merge(self, heads: list[_Head], number: int, *, remember: bool) -> Iterator[PacketBatch]:
        heads = [head for head in heads if head.batch is not None]
        turn = 0
        while heads:
            if remember and turn % self._apart == 0:
                self._remember(number, heads)
            turn += 1
            heads.sort(key=lambda head: head.turn)
            head = heads[0]
            taken = head.take_until(heads[1] if len(heads) > 1 else None)
            if taken is not None:
                yield taken._replace(first_number=number)
                number += len(taken.starts)
            if head.batch is None:
                heads.remove(head)

    def _remember(self, number: int, heads: list[_Head]) -> None:
        """Remember where each source stands before packet `number`."""
        self._checkpoints.append((number, self._places(heads)))
        while len(self._checkpoints) > max(MAX_REMEMBERED // len(self._sources), 1):
            self._apart *= 2
            self._checkpoints = self._checkpoints[::2]

    def _places(self, heads: list[_Head]) -> list[tuple[int, int] | None]:
        """Where each source stands: its next record's place and number; None for one that is read to its end."""
        places: list[tuple[int, int] | None] = [None] * len(self._sources)
        for head in heads:
            if head.batch is not None:
                batch = head.batch
                start = batch.file_offset + batch.starts[head.index] - batch.layout.header
                places[head.number] = (start, batch.first_number + head.index)
        return places
