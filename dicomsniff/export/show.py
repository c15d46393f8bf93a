"""What `show` prints of a capture: of a file the whole in short and then each association, of a pipe as it comes."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from heapq import heappop, heappush

from dicomsniff.association.association import Association
from dicomsniff.association.repeated import Repeated
from dicomsniff.capture.packets import PacketSource
from dicomsniff.export.repeated_text import RepeatedLines
from dicomsniff.export.sorting import MAX_SORTED, Sorted
from dicomsniff.export.text import association_line, association_lines, link_section, summary_lines
from dicomsniff.export.view import HeadedView
from dicomsniff.filter.selection import ALL, Chosen
from dicomsniff.findings.collector import Findings

MAX_WAITING = 10_000
"""Timeline entries and contexts of associations that wait to be printed for one which began before them and goes on.

Beyond, those that began first are printed without waiting.
"""
Turn = tuple[Association, Chosen | None]
"""An association, and what is shown of it; None for nothing."""
_ALWAYS = 10
"""How many of those an association counts for at least."""


class ShownText(HeadedView):
    """Each association in full, in the order in which they began or another one, and the capture as a whole."""

    keeps = True

    def begin(self) -> None:
        """Choose where associations go: what is read from a pipe is written as it comes, unless it is to be sorted."""
        self._queue = InOrder()
        self._sorted = Sorted(self.asked.sort) if self.asked.sort else None
        self._at_once = self.capture.reader.size is None and self._sorted is None
        self._lines = AssociationText(self.capture.reader, contexts=self.asked.contexts, summary=self.asked.summary)
        if self.asked.selection.is_all and self._sorted is None and not self.asked.summary:
            self.capture.analyzer.spare_repeats()

    def closed(self, association: Association, chosen: Chosen) -> None:
        """Write those associations of which it is the turn."""
        if self._sorted is None:
            self._write(self._queue.add(association, chosen))
        else:
            place = self.body.size
            self._sorted.add(association, self.found(association), place, self._write([(association, chosen)]))
            association.dissolve()

    def passed(self, association: Association) -> None:
        """Wait no longer for an association of which nothing is written."""
        if self._sorted is None:
            self._write(self._queue.add(association, None))

    def end(self) -> None:
        """Write the whole in short: before the associations, or after what was written as it came."""
        self._write(self._queue.rest())
        links, summary = link_section(self.links()), summary_lines(self.capture, self.selected)
        if self._at_once:
            self.write_lines([*links, *summary])
            return
        between = [""] if self.capture.analyzer.association_count else []
        self.write_lines([*summary, *between, *([] if self.asked.summary else links)])
        if self._sorted is None:
            self.body.copy(self.out)
            return
        for place, length in self._sorted.places():
            self.body.copy(self.out, place, length)
        if self._sorted.unsorted:
            self.write_lines([f"the last {self._sorted.unsorted} are not sorted: there are more than {MAX_SORTED}"])

    def _write(self, associations: Iterable[Turn]) -> int:
        """Write associations; return how much text that was, in bytes where it waits."""
        out, written = self.out if self._at_once else self.body, 0
        for association, chosen in associations:
            if chosen is None:
                continue
            written += out.write(self.text(self._lines.of(association, self.found(association), chosen)))
        return written


class AssociationText:
    """Associations of a capture as lines with marks: all of each or, in `summary`, one line."""

    def __init__(self, reader: PacketSource, *, contexts: bool, summary: bool) -> None:
        self._reader, self._contexts, self._summary = reader, contexts, summary

    def of(self, association: Association, found: Findings, chosen: Chosen = ALL) -> list[str]:
        """Return what is shown of an association that is over, what was found about it among that."""
        if self._summary:
            return [association_line(association, found)]
        if isinstance(association, Repeated):
            return [*self._repeated.lines(association), ""]
        digits = self._reader.resolution_digits
        return [*association_lines(association, found, digits, contexts=self._contexts, chosen=chosen), ""]

    @cached_property
    def _repeated(self) -> RepeatedLines:
        return RepeatedLines(self._reader.resolution_digits, contexts=self._contexts)


class InOrder:
    """Brings associations into the order in which they began, as far as MAX_WAITING lets them wait for that.

    One that had its turn is dissolved.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, Association, Chosen | None]] = []
        self._next, self._weight = 1, 0

    def add(self, ended: Association, chosen: Chosen | None) -> Iterator[Turn]:
        """Take an association that is over, and what is shown of it; yield those of which it is the turn now."""
        heappush(self._waiting, (ended.id, ended, chosen))
        self._weight += _weight(ended)
        while self._waiting and (self._waiting[0][0] == self._next or self._weight > MAX_WAITING):
            number, association, chosen = heappop(self._waiting)
            self._next = number + 1
            self._weight -= _weight(association)
            yield association, chosen
            association.dissolve()

    def rest(self) -> Iterator[Turn]:
        """Yield those that are left: no other comes."""
        yield from ((association, chosen) for _, association, chosen in sorted(self._waiting))


def _weight(association: Association) -> int:
    return _ALWAYS + len(association.timeline) + len(association.contexts)
