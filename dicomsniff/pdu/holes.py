"""Holes in a row, where the place among PDUs is lost -> what is told of them, together."""

from dicomsniff.capture.skip import Unreadable
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

    def add(self, end: int, length: int, mark: PacketMark, skipped: int) -> None:
        """Take a hole of `length` bytes that ends at `end`; `skipped` bytes since `start` were not readable."""
        self._end, self._last = end, max(self._last, mark)
        self._missing += length
        self.count += 1
        self._pieces, self._skipped = self.pieces(skipped), skipped

    def add_run(self, end: int, passed: Unreadable, skipped: int) -> None:
        """Take the holes of packets that were only counted, the last of which ends at `end`; see `add`."""
        self._end, self._last = end, max(self._last, passed.mark)
        self._missing += passed.cut
        self.count += passed.packets
        self._pieces, self._skipped = self._pieces + passed.packets, skipped

    def pieces(self, skipped: int) -> int:
        """In how many places the `skipped` bytes since `start` are, with holes between them."""
        return self._pieces + (skipped > self._skipped)

    def told(self, source: Source | None) -> MissingBytes:
        """Tell of all of them, in a stream."""
        span = join_spans(Span.at(self._first), Span.at(self._last))
        span = span._replace(source=source, start=self._place, end=self._end)
        return MissingBytes(span, self._missing, resynchronized=True, places=self.count)
