"""Holes in a row, where the place among PDUs is lost -> what is told of them, together."""

from msgspec.structs import replace

from dicomsniff.pdu.types import MissingBytes
from dicomsniff.span import PacketMark, Source, Span, join_spans


class Holes:
    """Takes one hole after the other, with nothing readable between them.

    `start` is the stream offset of the first bytes that were not readable, before the first hole, which is at `place`.
    """

    __slots__ = ("_end", "_first", "_last", "_missing", "_pieces", "_place", "_skipped", "count", "start")

    def __init__(self, start: int, place: int, first: PacketMark) -> None:
        self.start = start
        self._place = self._end = place
        self._first = self._last = first
        self.count = self._missing = 0
        """Holes, and the bytes of all of them."""
        self._pieces = self._skipped = 0
        """Places with bytes that were not readable before the last hole, and how many bytes these are."""

    def add(self, end: int, missing: int, mark: PacketMark, skipped: int, count: int = 1) -> None:
        """Take holes that lack `missing` bytes; the last one ends at `end`, and was met in the packet of `mark`.

        So far, `skipped` bytes since `start` were not readable; if some of them are new, they stand before each hole.
        """
        self._end, self._last = end, max(self._last, mark)
        self._missing += missing
        self.count += count
        self._pieces, self._skipped = self.pieces(skipped, count), skipped

    def pieces(self, skipped: int, count: int = 1) -> int:
        """In how many places the `skipped` bytes since `start` are: `count` more, if some are behind the last hole."""
        return self._pieces + (count if skipped > self._skipped else 0)

    def told(self, source: Source | None) -> MissingBytes:
        """Tell of all of them, in a stream."""
        span = join_spans(Span.at(self._first), Span.at(self._last))
        span = replace(span, source=source, start=self._place, end=self._end)
        return MissingBytes(span, self._missing, resynchronized=True, places=self.count)
