"""Going from one entry to another, wherever it is, and back."""

from collections.abc import Callable

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.tui.findings_list import Found
from dicomsniff.tui.link_book import LinkBook, LinkLines, Target
from dicomsniff.tui.panes import Panes
from dicomsniff.tui.related import counterpart, related_links, related_rows, targets
from dicomsniff.tui.reopening import Reopening
from dicomsniff.tui.timeline_order import TimelineOrder

MAX_TRAIL = 100
"""Places that are remembered to go back to."""

Place = tuple[Association, Entry | None]


class Navigator:
    """Moves the cursors of associations and exchange; `synchronize` makes the other panes follow."""

    def __init__(
        self,
        panes: Panes,
        reopening: Reopening,
        synchronize: Callable[[], None],
        drop_filter: Callable[[], None],
    ) -> None:
        self._panes, self._reopening = panes, reopening
        self._synchronize = synchronize
        self._drop_filter = drop_filter
        self._trail: list[Place] = []

    def go(self, place: Place) -> None:
        """Go to an entry, and remember from where; a filter that hides its association is dropped."""
        here = self.here()
        if here is not None and here != place:
            self._trail = [*self._trail[1 - MAX_TRAIL :], here]
        self.arrive(place)

    def back(self) -> bool:
        """Go back to where the last jump began; tell whether there was one."""
        if not self._trail:
            return False
        self.arrive(self._trail.pop())
        return True

    def here(self) -> Place | None:
        """The selected association and entry."""
        association = self._panes.table.selected
        return (association, self._panes.ladder.selected) if association is not None else None

    def find(self, target: Target) -> Place | None:
        """Return the place that a line leads to; None where it is not kept any longer.

        Of an association without its details that is the whole of it.
        """
        association = self._panes.table.find(target.association)
        shown = self._reopening.shown(association)
        if association is None or shown is None:
            return None
        entry: Entry | None = None
        if 0 < target.message <= len(shown.messages):
            entry = TimelineOrder(shown).find_message(shown.messages[target.message - 1])
        return association, entry

    def find_found(self, found: Found) -> Place | None:
        """Return the place that a finding is about; None where it is about no association that is kept."""
        association = self._panes.table.find(found.association or 0)
        if association is None:
            return None
        place = self.find(Target(association.id, found.finding.message_number or 0))
        if found.finding.about is None and place is not None and place[1] is not None:
            return place
        return association, TimelineOrder(association).find_cause(found.finding)

    def find_related(self, book: LinkBook) -> tuple[list[LinkLines], list[Target]]:
        """Return the links that the selected entry has part in, and where they lead from here."""
        here = self.here()
        if here is None:
            return [], []
        association, entry = here
        if entry is None:
            return [], []
        leads = targets(related_rows(association, entry, book), association, entry)
        return related_links(association, entry, book), leads

    def find_counterpart(self) -> Place | None:
        """Return the place of the response to the selected request, or of the request."""
        here, order = self.here(), self._panes.ladder.order
        entry = here[1] if here is not None else None
        message = counterpart(entry.event) if entry is not None and isinstance(entry.event, Message) else None
        found = order.find_message(message) if message is not None and order is not None else None
        return (here[0], found) if here is not None and found is not None else None

    def find_problem(self, step: int) -> Place | None:
        """Return the nearest entry with an error or warning, 1 or -1 away from here or further."""
        table, ladder = self._panes.table, self._panes.ladder
        start: int | None = ladder.cursor + step
        places = range(table.cursor, len(table.listed) if step > 0 else -1, step)
        for number in places if table.listed else ():
            association = table.listed[number]
            problems = table.problems(association)
            if problems.is_troubled:
                entries = ladder.entries if start is not None else TimelineOrder(association).entries
                first = start if start is not None else (0 if step > 0 else len(entries) - 1)
                index = problems.find(entries, first, step)
                if index is not None:
                    return association, entries[index]
            start = None
        return None

    def arrive(self, place: Place) -> None:
        """Go to an entry, without a word of where from."""
        association, entry = place
        panes = self._panes
        if association not in panes.table.listed:
            self._drop_filter()
        elsewhere = association is not panes.table.selected
        panes.table.select(association)
        self._synchronize()
        if entry is not None:
            panes.ladder.select(entry)
        elif elsewhere:
            panes.ladder.move_to(0)
        self._synchronize()
        if elsewhere or panes.focused is panes.table:
            panes.go_to(panes.ladder)
