"""The dialog that lists findings, of an association or of the capture, and says what the selected one means."""

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static

from dicomsniff.association.association import Association
from dicomsniff.findings.catalogue import find_rule
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.finding import SEVERITIES, Finding
from dicomsniff.tui.dialog import Dialog
from dicomsniff.tui.keys import Where, bindings
from dicomsniff.tui.row_list import RowList
from dicomsniff.tui.said import allowed
from dicomsniff.tui.shown import Shown

MAX_ROWS = 10_000
"""Findings listed, the worst first."""
HEALTHY = "nothing was found: the exchange looks healthy"


class Found(NamedTuple):
    """A finding, and the association it is about; None where it is about the capture."""

    finding: Finding
    association: int | None
    is_follower: bool = False


class Finds(NamedTuple):
    """Findings to list, the worst cause first, what follows from each below it; and how many there are in all."""

    listed: list[Found]
    total: int


def of_association(association: Association, found: Findings) -> Finds:
    """Arrange an association's findings."""
    return of_capture([], [(association, found)])


def of_capture(findings: list[Finding], associations: Iterable[tuple[Association, Findings]]) -> Finds:
    """Arrange the findings about a capture and about all its associations."""
    causes = [(finding, _seen_in(finding)) for finding in findings]
    unlisted = 0
    for association, found in associations:
        causes += [(finding, association.id) for finding in list(found.causes)]
        unlisted += sum(found.unlisted.copy().values())
    causes.sort(key=lambda pair: SEVERITIES.index(pair[0].worst))
    rows = [Found(each, number, each is not cause) for cause, number in causes for each in cause.all()]
    return Finds(rows[:MAX_ROWS], len(rows) + unlisted)


def _seen_in(finding: Finding) -> int | None:
    """Return the association that a finding about the capture names, if it does."""
    number = finding.association
    return number if isinstance(number, int) else None


class FindingRows(RowList):
    """Severity, association, packet and text of every finding; what follows from one is indented below it."""

    HEADER_LINES = 1
    EMPTY = HEALTHY

    def __init__(self, found: list[Found], *, several: bool) -> None:
        super().__init__()
        self.found = found
        self._several = several

    def on_mount(self) -> None:
        """Lay the rows out."""
        self.set_count(len(self.found))

    @property
    def selected(self) -> Found | None:
        """The finding under the cursor."""
        return self.found[self.cursor] if self.cursor < len(self.found) else None

    def header_line(self, number: int, width: int) -> Shown:  # noqa: ARG002  there is one line
        """Name the columns."""
        return Shown(f"{'severity':<8}{'assoc.' if self._several else '':>7}{'packet':>8}  finding")

    def row(self, index: int, width: int) -> Shown:  # noqa: ARG002  rows are cut by the list
        """Return a finding's row."""
        finding, association, is_follower = self.found[index]
        row = Shown(f"{finding.severity.value:<8}", self.severity_style(finding.severity))
        where = f"{association or 'all'}" if self._several else ""
        packet = finding.span.first_packet or ""
        return row.append(f"{where:>7}{packet:>8}  {'  └ ' if is_follower else ''}{allowed(finding.line)}", "")


class FindingsList(Dialog[Found]):
    """Findings, and what the selected one means; gives the one to go to."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.DIALOG)

    def __init__(self, title: str, finds: Finds, *, several: bool = False, head: str = "") -> None:
        super().__init__()
        listed, total = len(finds.listed), finds.total
        self._title = title + (f": {listed:,} of {total:,} findings" if listed < total else "")
        self._head = head
        self.rows = FindingRows(finds.listed, several=several)

    def compose(self) -> ComposeResult:
        """Make the box: the list, and below it the selected finding in full."""
        with Vertical(id="box", classes="wide") as box:
            box.border_title = Shown(self._title)
            box.border_subtitle = "Enter goes there, Esc closes"
            if self._head:
                yield Static(Shown(self._head), id="head")
            yield self.rows
            yield Static(id="selected")

    def on_mount(self) -> None:
        """Begin with the worst."""
        self.show_finding()

    @on(RowList.Highlighted)
    def show_finding(self) -> None:
        """Show the selected finding in full: what was seen, what that means, what to do, by which clause."""
        selected = self.rows.selected
        if selected is None:
            return
        finding, rule = selected.finding, find_rule(selected.finding.code)
        text = Shown(allowed(finding.line), "bold")
        if rule is not None:
            text.append_line(f"{rule.title}. {rule.meaning}", "not bold")
            text.append_line(rule.remedy, "not bold")
        text.append_line(", ".join(filter(None, (finding.code, finding.reference))), "not bold dim")
        self.query_one("#selected", Static).update(text)

    @on(RowList.Opened)
    def action_choose(self) -> None:
        """Go to the selected finding."""
        self.dismiss(self.rows.selected)
