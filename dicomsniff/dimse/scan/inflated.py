"""The bytes of a deflated data set -> its structure, at a cost that is bounded by what was sent (PS3.5 §A.5)."""

from dicomsniff.dimse.effort import affordable
from dicomsniff.dimse.inflating import BLOCK, MAX_INFLATED, Inflater
from dicomsniff.dimse.scan.elements import ElementWalk
from dicomsniff.dimse.scan.events import ElementSink

_STEP = 4096
"""Inflated bytes walked at once where elements are looked at, so that what they cost is noticed soon."""


class InflatedWalk:
    """Inflates a data set and walks what comes out. `lost` says why not all of it is looked at.

    `sink` is given the bytes.
    """

    __slots__ = ("_inflater", "_sink", "_walk", "lost", "wrapping")

    def __init__(self, walk: ElementWalk, window: int, sink: ElementSink | None = None) -> None:
        self._walk = walk
        self._sink = sink
        self._inflater = Inflater(window)
        self.wrapping = self._inflater.wrapping
        self.lost = ""

    @property
    def total(self) -> int:
        """Bytes that came out."""
        return self._inflater.total

    def feed(self, data: bytes) -> None:
        """Take bytes as sent."""
        for at in range(0, len(data), BLOCK):
            begin = self._inflater.total
            self._look_at(begin, self._inflater.feed(data[at : at + BLOCK]))

    def finish(self, *, whole: bool) -> str:
        """No more come; return what is wrong with the deflate stream. Without `whole` bytes are missing."""
        begin = self._inflater.total
        self._look_at(begin, self._inflater.finish())
        self._walk.finish(self._inflater.total, whole=self._inflater.ended)
        return self._inflater.end_problem(whole=whole)

    def _look_at(self, begin: int, pieces: list[bytes]) -> None:
        """Walk what was inflated from byte `begin` on."""
        walk = self._walk
        walk.kept.affordable = affordable(self._inflater.sent)
        for piece in pieces:
            if self._sink is not None:
                self._sink.keep(piece)
            end = begin + len(piece)
            at = max(begin, walk.wanted)
            while at < end:
                walk.feed(piece[at - begin : at - begin + _STEP], at)
                at = max(at + _STEP, walk.wanted)
            begin = end
        if self._inflater.exceeded:
            self.lost = f"it inflates to more than {MAX_INFLATED} bytes"
        elif self._inflater.broken:
            self.lost = self._inflater.broken
