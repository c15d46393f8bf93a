"""The view of everything that was found in the capture: what it means, and what to do about it."""

from collections.abc import Iterator
from operator import is_

from textual import on

from dicomsniff.association.timeline import Entry
from dicomsniff.findings.catalogue import find_rule
from dicomsniff.findings.clauses import clause_of
from dicomsniff.findings.finding import Finding, Severity
from dicomsniff.findings.parts import the_party
from dicomsniff.quantities import some_of
from dicomsniff.tui.detail import Detail
from dicomsniff.tui.entry_facts import place_facts
from dicomsniff.tui.entry_times import RELATIVE
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.field_tree import FieldTree
from dicomsniff.tui.finding_rows import FindingRow, FindingRows
from dicomsniff.tui.found import Finds, Found, arranging
from dicomsniff.tui.ladder_line import LadderLine
from dicomsniff.tui.message_ladder import arrow, said_of
from dicomsniff.tui.navigation import find_finding
from dicomsniff.tui.related import target_of
from dicomsniff.tui.said import allowed
from dicomsniff.tui.session import Change, Session
from dicomsniff.tui.slices import go_on, turn
from dicomsniff.tui.split import Arrangement, Split
from dicomsniff.tui.time_rows import time_rows
from dicomsniff.tui.timeline_order import TimelineOrder
from dicomsniff.tui.views.view import View

BEFORE, AFTER = 4, 4
"""Entries that are listed around the one that a finding is about."""
ROOM = 24
"""Lines of what is said of a finding from which on more of them are listed."""
MOST = 20
"""Associations that are named of those in which the same was found."""
WHOLE = "this finding is about the capture as a whole: no association or entry of it is meant"
ARRANGEMENTS = (Arrangement(0, 16, 55), Arrangement(0, 0, 50, at_once=False))


class FindingsView(View):
    """The findings of the associations that are listed, and of the capture."""

    def __init__(self, session: Session) -> None:
        self.list = FindingRows(self._chosen)
        self.meaning = FieldTree(id="meaning", title="What it means", empty="what is selected above is explained here")
        body = Split(self.list, self.meaning, ARRANGEMENTS, id="findings-body")
        super().__init__(session, self.list, self.meaning, body=body, id="findings")
        self.chooser = self.list
        self._explained: tuple[str, bool, Finding] | None = None
        """The row that is explained: its code, whether it is a heading, and its finding."""
        self._placed: tuple[object, tuple[TimelineOrder, Entry] | None] | None = None
        """The place of a finding, and what that was found by."""
        self._state: tuple[int, ...] = ()
        """How many associations there are, and how much was found, of what is listed."""

    def take(self, change: Change) -> None:
        """Show what was found by now."""
        if change & Change.PRIVACY:
            self.list.refresh()
        self.list_if_due(change)
        if change & (Change.VIEW | Change.ENTRY | Change.ASSOCIATION):
            self._follow_selection()
        self._explain()

    def open_selected(self) -> None:
        """Go to the place of the selected finding."""
        row = self.list.selected
        place = find_finding(self.session, row.first.finding, row.first.association) if row is not None else None
        if place is not None:
            self.session.go(place._replace(view="exchange"))
        elif why := self.select_shown():
            self.app.notify(why)

    async def list_all(self) -> None:
        """List everything that was found, between keys."""
        steps = self.listing()
        while not go_on(steps):
            await turn()

    def show_worst(self) -> bool:
        """Select the worst finding listed; tell whether there is one that is an error or a warning."""
        self.list.move_to(0)
        row = self.list.selected
        if row is None or row.kind.severity is Severity.NOTE:
            return False
        if row.found is None and not row.folded:
            self.list.move_to(1)
            row = self.list.selected or row
        self._chosen(row)
        return True

    def select_shown(self) -> str:
        """Select the place of the finding under the cursor; return why it has none."""
        row = self.list.selected
        if row is None or row.first.association is None:
            return WHOLE if row is not None else ""
        if self.session.listing.find(row.first.association) is None:
            return f"association {row.first.association} was given up to bound memory"
        return super().select_shown()

    def listing(self) -> Iterator[None]:
        """List what was found by now."""
        session = self.session
        listed, found = session.listing.listed.copy(), session.capture.found
        about_capture = list(session.capture.analyzer.findings)
        count = closed = 0
        for association in listed:
            count += len(found.of(association).all)
            closed += association.closed  # then causes and what follows from them are arranged anew
            yield
        state = len(listed), closed, count, len(about_capture)
        self.list.EMPTY = self.why_empty(
            "nothing was found", "nothing was found so far", ": the exchange looks healthy"
        )
        if state != self._state:
            finds = Finds()
            yield from arranging(about_capture, ((each, found.of(each)) for each in listed), finds)
            self._state = state
            self.list.show(finds)
            self.fit(self.list, self.list.unfolded)

    def _chosen(self, row: FindingRow) -> None:
        """Select the place of a finding, too."""
        place = find_finding(self.session, row.first.finding, row.first.association)
        if place is not None:
            self.session.select_place(place)
        self._explain()

    def _follow_selection(self) -> None:
        """Go to a finding about what is selected, unless the one under the cursor is."""
        session, row = self.session, self.list.selected
        association, entry = session.association, session.entry
        if association is None or row is None or row.first.association in (association.id, None):
            return
        self.list.find(association.id, lambda found: entry is not None and found.finding.span == entry.span)

    @on(FieldTree.Fitted)
    def _explain(self) -> None:
        """Say what the row under the cursor means: where that is known, as it is now."""
        row = self.list.selected
        if row is None:
            self._explained = None
            self.meaning.show(None)
            return
        explained = row.kind.code, row.found is None, row.first.finding
        detail = Detail("What it means", list(self._rows(row)))
        if self._explained is not None and all(map(is_, explained, self._explained)):
            self.meaning.keep_up(detail)
        else:
            self.meaning.show(detail)
        self._explained = explained

    def _rows(self, row: FindingRow) -> Iterator[FieldRow]:
        """Yield what was seen, what that means and what to do, then where that was."""
        found = row.first
        finding, rule = found.finding, find_rule(found.finding.code)
        yield FieldRow(finding.severity.value, allowed(finding.line), style=finding.severity.value)
        if rule is not None:
            yield FieldRow("what to do", rule.remedy)  # first, as there may be room for little
        yield FieldRow("rule", ", ".join(filter(None, (finding.code, finding.reference))))
        if rule is not None:
            yield FieldRow("means", f"{rule.title}. {rule.meaning}")
        if demand := clause_of(finding.code).demand:
            yield FieldRow("demands", demand)
        if found.is_follower:
            yield FieldRow("follows from", f"what is above it, {row.kind.code}")
        if row.found is None:
            about = dict.fromkeys(
                each.association for each in row.kind.found if each.association and not each.is_follower
            )
            yield FieldRow("seen in", f"association{'s' * (len(about) != 1)} {some_of(list(map(str, about)), MOST)}")
        if found.association is None:
            yield FieldRow("association", "none: it is about the capture as a whole")
        yield from self._where(found)

    def _where(self, found: Found) -> Iterator[FieldRow]:
        """Yield between whom that was, what was said around it, and what else is known of that."""
        session, place = self.session, self._place(found)
        association = session.listing.find(found.association or 0)
        if association is None:
            return
        parties = " → ".join(allowed(the_party(each)) for each in (association.requestor, association.acceptor))
        yield FieldRow("association", f"{association.id}: {parties}")
        if place is None:
            return
        order, entry = place
        yield from self._around(found, order, entry)
        digits = session.capture.reader.resolution_digits
        name, *facts = place_facts(order.association, entry, digits, session.book)
        yield FieldRow(name.name, style="heading")  # what else it says was just said
        yield from facts
        if association.closed:
            yield FieldRow("Where the time of the association went", style="heading")
            yield from time_rows(order.association)

    def _place(self, found: Found) -> tuple[TimelineOrder, Entry] | None:
        """Return the entry that a finding is about, among those of its association; None where there is none."""
        session = self.session
        association = session.listing.find(found.association or 0)
        order = session.order if association is session.association else None
        state = found.finding, order, association is not None and association.condensed
        if self._placed is None or self._placed[0] != state:  # it is said again and again what is known of it
            place = find_finding(session, found.finding, found.association)
            order = session.order_of(place.association) if place is not None else None
            entry = place.entry if place is not None else None
            self._placed = state, (order, entry) if order is not None and entry is not None else None
        return self._placed[1]

    def _around(self, found: Found, order: TimelineOrder, entry: Entry) -> Iterator[FieldRow]:
        """Yield the entries around the one that a finding is about: as many as there is room for, and some anyway."""
        session, place = self.session, order.find(entry) or 0
        more = max(0, self.meaning.size.height - ROOM) // 2
        unit = "seconds since it began" if session.times == RELATIVE else "times in UTC"
        yield FieldRow("In the exchange", f"{unit}; Enter goes there", style="heading")
        for each in order.entries[max(place - BEFORE - more, 0) : place + AFTER + more + 1]:
            when = session.when(each.span.first_time, of=order.association)
            said = f"{arrow(LadderLine(each, None), 0)}  {said_of(order.association, each)}".rstrip()
            style = found.finding.severity.value if each is entry else ""
            yield FieldRow(when, said, style=style, target=target_of(order.association, each))
