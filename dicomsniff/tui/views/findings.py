"""The view of everything that was found in the capture: what it means, and what to do about it."""

from collections.abc import Iterator

from dicomsniff.findings.catalogue import find_rule
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_party
from dicomsniff.tui.detail import Detail
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
from dicomsniff.tui.split import Arrangement, Split
from dicomsniff.tui.views.view import View

BEFORE, AFTER = 4, 4
"""Entries that are listed around the one that a finding is about."""
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

    def show_worst(self) -> bool:
        """Select the worst finding; tell whether there is one that is an error or a warning."""
        for _ in self.listing():  # it is shown next
            pass
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
            if finds.kinds:
                self._body.need(self.list.needs)

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

    def _explain(self) -> None:
        row = self.list.selected
        rows = list(self._rows(row.kind.code, row.first)) if row is not None else []
        self.meaning.show(Detail("What it means", rows) if rows else None)

    def _rows(self, code: str, found: Found) -> Iterator[FieldRow]:
        """Yield what was seen, what that means and what to do."""
        finding, rule = found.finding, find_rule(found.finding.code)
        yield FieldRow(finding.severity.value, allowed(finding.line), style=finding.severity.value)
        yield FieldRow("rule", ", ".join(filter(None, (finding.code, finding.reference))))
        if rule is not None:
            yield FieldRow("means", f"{rule.title}. {rule.meaning}")
            yield FieldRow("what to do", rule.remedy)
        if found.is_follower:
            yield FieldRow("follows from", f"what is above it, {code}")
        association = self.session.listing.find(found.association or 0)
        if association is not None:
            parties = " → ".join(allowed(the_party(each)) for each in (association.requestor, association.acceptor))
            yield FieldRow("association", f"{association.id}: {parties}")
            if association is self.session.association:
                yield from self._around(found)

    def _around(self, found: Found) -> Iterator[FieldRow]:
        """Yield the entries around the one that a finding is about, which is selected."""
        session = self.session
        shown, entries, place = session.shown, session.entries, session.place
        if shown is None or session.entry is None:
            return
        unit = "seconds since it began" if session.times == RELATIVE else "times in UTC"
        yield FieldRow("In the exchange", f"{unit}; Enter goes there", style="heading")
        for entry in entries[max(place - BEFORE, 0) : place + AFTER + 1]:
            when = session.when(entry.span.first_time)
            said = f"{arrow(LadderLine(entry, None), 0)}  {said_of(shown, entry)}".rstrip()
            style = found.finding.severity.value if entry is session.entry else ""
            yield FieldRow(when, said, style=style, target=target_of(shown, entry))
