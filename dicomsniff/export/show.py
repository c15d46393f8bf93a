"""What `show` prints of a capture: of a file the whole in short and then each association, of a pipe as it comes."""

from collections.abc import Iterator
from heapq import heappop, heappush

from dicomsniff.association.association import Association
from dicomsniff.export.text import association_lines, link_section, summary_lines
from dicomsniff.export.view import HeadedView

MAX_WAITING = 10_000
"""Timeline entries and contexts of associations that wait to be printed for one which began before them and goes on.

Beyond, those that began first are printed without waiting.
"""
_ALWAYS = 10
"""How many of those an association counts for at least."""


class ShownText(HeadedView):
    """Each association in full, in the order in which they began, and the capture as a whole."""

    def begin(self) -> None:
        """Choose where associations go: what is read from a pipe is written as it comes."""
        self._queue = InOrder()
        self._at_once = self.capture.reader.size is None

    def closed(self, association: Association) -> None:
        """Write those associations of which it is the turn."""
        self._write(self._queue.add(association))

    def end(self) -> None:
        """Write the whole in short: before the associations, or after what was written as it came."""
        self._write(self._queue.rest())
        links, summary = link_section(self.capture.analyzer.links), summary_lines(self.capture)
        if self._at_once:
            self.write_lines([*links, *summary])
            return
        between = [""] if self.capture.analyzer.association_count else []
        self.write_lines([*summary, *between, *links])
        self.copy_body()

    def _write(self, associations: Iterator[Association]) -> None:
        out = self.out if self._at_once else self.body
        for association in associations:
            lines = association_lines(association, self.digits, contexts=self.asked.contexts)
            out.write(self.text([*lines, ""]))


class InOrder:
    """Brings associations into the order in which they began, as far as MAX_WAITING lets them wait for that."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, Association]] = []
        self._next, self._weight = 1, 0

    def add(self, ended: Association) -> Iterator[Association]:
        """Take an association that is over; yield those of which it is the turn now."""
        heappush(self._waiting, (ended.id, ended))
        self._weight += _weight(ended)
        while self._waiting and (self._waiting[0][0] == self._next or self._weight > MAX_WAITING):
            number, association = heappop(self._waiting)
            self._next = number + 1
            self._weight -= _weight(association)
            yield association

    def rest(self) -> Iterator[Association]:
        """Yield those that are left: no other comes."""
        yield from (association for _, association in sorted(self._waiting))


def _weight(association: Association) -> int:
    return _ALWAYS + len(association.timeline) + len(association.contexts)
