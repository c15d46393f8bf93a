"""The associations of the capture, one row each."""

from bisect import bisect_left

from dicomsniff.association.association import Association, Party
from dicomsniff.findings.collector import Collector
from dicomsniff.findings.slowness import slow_because
from dicomsniff.findings.verdicts import verdict
from dicomsniff.quantities import duration, time_of_day
from dicomsniff.tui.association_filter import AssociationFilter
from dicomsniff.tui.problem_index import LETTERS, Problems
from dicomsniff.tui.row_list import RowList
from dicomsniff.tui.said import allowed, gate
from dicomsniff.tui.shown import Shown

WIDE = 110
"""Columns from which on there is room for milliseconds and whole AE titles."""

MANY = 2000
"""Entries of an open association from which on its verdict is left for later."""


class AssociationTable(RowList):
    """Number, start, calling and called AE, how it went, messages, duration."""

    HEADER_LINES = 1

    def __init__(self, collector: Collector) -> None:
        super().__init__(id="associations")
        self._collector = collector
        self.border_title = "Associations"
        self.filter = AssociationFilter(collector)
        self.associations: list[Association] = []
        """All there are."""
        self.listed: list[Association] = []
        """Those that the filter lets through."""
        self.waiting = ""
        """What to say while there are none."""
        self._problems: dict[int, Problems] = {}
        self._slowness = (0, "")
        """Of the association asked for last."""
        self.now = 0
        """The time (ns since 1970) up to which associations have gone on that are not over."""
        self._verdicts: dict[int, tuple[tuple[str, bool, int, int], str]] = {}

    @property
    def selected(self) -> Association | None:
        """The association under the cursor."""
        return self.listed[self.cursor] if self.cursor < len(self.listed) else None

    def add(self, associations: list[Association]) -> None:
        """Take more associations, and note that those at hand may have grown."""
        self.associations += associations
        if not self.filter.is_all:
            self._list([association for association in self.associations if self.filter.matches(association)])
        else:
            self.listed += associations
            self._list(self.listed)

    def forget(self) -> None:
        """Let go of texts that were made while something else could be shown."""
        self._verdicts.clear()
        self._slowness = (0, "")
        self.refresh()

    def keep(self, kept: list[Association]) -> None:
        """Let go of every other association."""
        self.associations = list(kept)
        numbers = {association.id for association in kept}
        self._problems = {number: each for number, each in self._problems.items() if number in numbers}
        self._verdicts = {number: each for number, each in self._verdicts.items() if number in numbers}
        self.filter.keep(numbers)
        self._list([association for association in kept if self.filter.matches(association)])

    def say(self, text: str) -> None:
        """Say why there are no associations."""
        self.waiting = text
        self._list(self.listed)

    def set_filter(self, text: str) -> None:
        """List only the associations that match."""
        self.filter.take(text)
        self._list([association for association in self.associations if self.filter.matches(association)])

    def select(self, association: Association) -> None:
        """Put the cursor on an association, if it is listed."""
        if association is not self.selected and association in self.listed:
            self.move_to(self.listed.index(association))

    def find(self, number: int) -> Association | None:
        """Return an association by its number; None where it is not known."""
        place = bisect_left(self.associations, number, key=lambda association: association.id)
        found = self.associations[place : place + 1]
        return found[0] if found and found[0].id == number else None

    def problems(self, association: Association) -> Problems:
        """Return where an association has findings."""
        return self._problems.setdefault(association.id, Problems(association, self._collector))

    def _list(self, listed: list[Association]) -> None:
        selected = self.selected
        self.listed = listed
        filtered = self.associations and not self.filter.is_all
        self.EMPTY = "no association matches the filter" if filtered else self.waiting
        self.set_count(len(listed))
        if selected is not None and selected is not self.selected:
            self.select(selected)
        total = len(self.associations)
        counted = f"{len(listed)} of {total}" if not self.filter.is_all else str(total)
        if total and (gone := self.associations[-1].id - total):  # they are numbered as they come
            counted += f"; {gone} given up to bound memory"
        self.border_title = Shown(f"Associations ({counted})" if total else "Associations")
        self.tell_selected()

    def pass_time(self, now: int) -> None:
        """Let associations that are not over go on until then."""
        if now != self.now:
            self.now = now
            self.refresh()
            self.tell_selected()

    def tell_selected(self) -> None:
        """Say how the selected association went, whole, below the rows."""
        association = self.selected
        if association is None:
            self.border_subtitle = None
            return
        said = [self._verdict(association), self._slow(association)]
        self.border_subtitle = Shown("; ".join(filter(None, said)))

    def header_line(self, number: int, width: int) -> Shown:  # noqa: ARG002  there is one line
        """Name the columns."""
        number_width, time_width, pair_width, verdict_width = self._widths(width)
        return Shown(
            f"{'#':>{number_width}}   {'start':<{time_width}} {'calling → called AE':<{pair_width}.{pair_width}} "
            f"{'outcome':<{verdict_width}} {'msgs':>5} {'duration':>9}"
        )

    def row(self, index: int, width: int) -> Shown:
        """Return an association's row."""
        association = self.listed[index]
        number_width, time_width, pair_width, verdict_width = self._widths(width)
        severity = self.problems(association).worst
        colour = self.severity_style(severity)
        parties = (association.requestor, association.acceptor)
        row = Shown(f"{association.id:>{number_width}} ")
        row.append(LETTERS[severity], colour)
        row.append(f" {time_of_day(association.start_time, 3)[:time_width]:<{time_width}} ")
        row.append_text(_cell(" → ".join(_title(party, with_port=width >= WIDE) for party in parties), pair_width))
        row.append(" ")
        how = _cell(self._verdict(association), verdict_width)
        how.stylize(colour)
        row.append_text(how)
        row.append(
            f" {association.message_counts.messages:>5} {duration(association.end_time - association.start_time):>9}"
        )
        return row

    def _widths(self, width: int) -> tuple[int, int, int, int]:
        """Widths of number, start, AE titles and verdict."""
        number = max(2, len(str(len(self.associations))))
        time, pair = (12, 35) if width >= WIDE else (8, 22)
        return number, time, pair, max(8, width - number - time - pair - 21)

    def _verdict(self, association: Association) -> str:
        """Return the verdict; of an open association with many messages, their number so far."""
        entries = len(association.timeline)
        if entries > MANY and not association.closed:
            # A verdict counts statuses message by message: while they come, that is too much for every redraw.
            return f"{association.outcome}: {association.message_counts.messages:,} messages so far"
        state = (association.outcome, association.closed, entries, 0 if association.closed else self.now)
        known, text = self._verdicts.get(association.id, (None, ""))
        if known != state:
            try:
                text = allowed(verdict(association, self._collector.of(association), self.now))
            except RuntimeError:  # its counts were just growing
                return text or association.outcome
            self._verdicts[association.id] = (state, text)
        return text

    def _slow(self, association: Association) -> str:
        """Say why an association that is over was slow."""
        if association.closed and not association.condensed and self._slowness[0] != association.id:
            self._slowness = (association.id, slow_because(association))
        return self._slowness[1] if self._slowness[0] == association.id else ""


def _title(party: Party, *, with_port: bool) -> str:
    if party.ae_title:
        return gate().title(party.ae_title)
    return gate().endpoint(str(party.endpoint) if with_port else party.endpoint.address)


def _cell(text: str, width: int) -> Shown:
    cell = Shown(text)
    cell.truncate(width, overflow="ellipsis", pad=True)
    return cell
