"""The view of the whole capture: how it went, when, and its associations."""

from textual.app import ComposeResult
from textual.geometry import Size
from textual.widgets import Static

from dicomsniff.quantities import counted
from dicomsniff.tui.association_facts import association_facts
from dicomsniff.tui.association_table import AssociationTable
from dicomsniff.tui.detail import Detail
from dicomsniff.tui.field_tree import FieldTree
from dicomsniff.tui.said import allowed
from dicomsniff.tui.session import Change, Session
from dicomsniff.tui.shown import Shown, shortened
from dicomsniff.tui.split import Arrangement, Split
from dicomsniff.tui.status_line import LONGEST_NAME, ROOMY, fitted, keeping_text, nothing_found, packets_text, status_in
from dicomsniff.tui.strip import Strip
from dicomsniff.tui.views.view import FEW, View

ARRANGEMENTS = (
    Arrangement(180, 30, 62, beside=True),
    Arrangement(0, 30, 58),
    Arrangement(0, 18, 62),
    Arrangement(0, 0, 60, at_once=False),
)
MOST, AROUND = 8, 4
"""Lines of what is said of the capture, and those of the strip and of what is around the rows of the table."""
TALL, MANY = 30, 20
"""Lines, and associations, from which on the most frequent reasons of trouble are listed, too: of a few, the table and
the line above all views say as much."""


class Head(Static):
    """What is said of the capture, in as many lines as there is room for."""

    def __init__(self) -> None:
        super().__init__(id="head")
        self._said = Shown()
        self._lines = MOST

    def say(self, text: Shown) -> None:
        """Say another text."""
        self._said = text
        self._fit()

    def fit(self, lines: int) -> None:
        """Take so many lines at most."""
        self._lines = lines
        self.styles.max_height = lines
        self._fit()

    def on_resize(self) -> None:
        """Fit it in."""
        self._fit()

    def _fit(self) -> None:
        width = self.size.width or self.app.size.width - self.styles.gutter.width
        self.update(fitted(self._said, self.app.console, width, self._lines))


class Overview(View):
    """The associations of the capture, and what is known of the selected one."""

    def __init__(self, session: Session) -> None:
        self.head = Head()
        self.strip = Strip(id="strip")
        self.table = AssociationTable(session.listing, session.select)
        self.facts = FieldTree(id="facts", title="Association")
        body = Split(self.table, self.facts, ARRANGEMENTS, id="overview-body")
        super().__init__(session, self.table, self.facts, body=body, id="overview")

    def compose(self) -> ComposeResult:
        """Put the capture above its associations."""
        yield self.head
        yield self.strip
        yield from super().compose()

    def lay_out(self, size: Size) -> None:
        """Arrange the panes; whatever there is to be said of the capture, some associations stay in sight."""
        self.head.fit(max(1, min(MOST, size.height - FEW - AROUND)))
        super().lay_out(size)

    def take(self, change: Change) -> None:
        """Show the capture and its associations as they are now."""
        session = self.session
        if change & (Change.LISTING | Change.READING | Change.PRIVACY | Change.VIEW):
            self.table.EMPTY = self._why_empty()
            self.table.show(session.association)
            # Those that a filter leaves out count, too: then nothing moves while one is typed.
            self.fit(self.table, len(session.listing.all))
        elif session.association is not None:
            self.table.put_cursor(session.association)
        self._show_capture(anew=self.is_due(change))
        self._show_facts()

    def open_selected(self) -> None:
        """Go into the selected association."""
        if self.session.association is not None:
            self.session.show("exchange")

    def action_leave(self) -> None:
        """Go back to the associations; from there, clear the filter."""
        if self.pane is self.table:
            self.session.set_filter("")
        else:
            self.go_to(self.table)

    def _why_empty(self) -> str:
        session = self.session
        if session.listing.all:
            return "no association matches the filter"
        if session.reading:
            return "listening: associations appear here" if session.capture.is_live else "reading…"
        return session.problem or nothing_found(session.capture)

    def _show_capture(self, *, anew: bool) -> None:
        """Say what the capture holds, and draw its time; how it went is said above all views."""
        session, analyzer = self.session, self.session.capture.analyzer
        counts = [counted(analyzer.association_count, "association", ","), packets_text(session)]
        name = shortened(allowed(session.capture.marked_name), LONGEST_NAME)
        head = Shown(f"{name}: {', '.join(counts)}", "dim")
        verdict = allowed(session.book.verdict) or (_awaited(session) if session.reading else "")
        if verdict and (not session.book.verdict or status_in(session, self.app.size).is_cut):
            is_low = self.app.size.height < ROOMY
            head = Shown(verdict, "bold") if is_low else Shown(verdict, "bold").append_line(head.plain, "not bold dim")
        if keeping := session.capture.keeping:
            head.append_line(keeping_text(keeping), "not bold dim")
        if self.app.size.height >= TALL and analyzer.association_count >= MANY:
            for line in session.book.worst:
                head.append_line(allowed(line), "not bold")
        self.head.say(head)
        self.strip.show(session.listing, session.association, anew=anew)

    def _show_facts(self) -> None:
        session, shown = self.session, self.session.shown
        if shown is None:
            self.facts.show(None)
            return
        found = session.capture.found.of(shown)
        digits = session.capture.reader.resolution_digits
        rows = list(association_facts(shown, found, session.book, digits, session.listing.now))
        self.facts.keep_up(Detail(f"Association {shown.id}", rows))


def _awaited(session: Session) -> str:
    """Say what the capture is waiting for until something is said of it."""
    if session.capture.is_live and session.listing.all:
        return "each connection is judged some seconds after it was closed"
    return "nothing is over yet"
