"""The dialog that lists an association's findings and says what to do about the selected one."""

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static

from dicomsniff.association.association import Association
from dicomsniff.findings.engine import flatten
from dicomsniff.findings.finding import Finding
from dicomsniff.tui.dialog import Dialog
from dicomsniff.tui.entry_facts import ADVICE
from dicomsniff.tui.keys import Where, bindings
from dicomsniff.tui.printable import printable
from dicomsniff.tui.problems import RANK
from dicomsniff.tui.row_list import RowList


class FindingRows(RowList):
    """Severity, packet and text of every finding, the worst first; what follows from one is indented below it."""

    HEADER_LINES = 1
    EMPTY = "nothing was found: the exchange looks healthy"

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__()
        causes = sorted(findings, key=lambda finding: -RANK[finding.worst])
        self._followers = {id(each) for cause in causes for each in cause.followers}
        self.findings = flatten(causes)
        self.count = 0

    def on_mount(self) -> None:
        """Lay the rows out."""
        self.set_count(len(self.findings))

    @property
    def selected(self) -> Finding | None:
        """The finding under the cursor."""
        return self.findings[self.cursor] if self.cursor < len(self.findings) else None

    def header_line(self, number: int, width: int) -> Text:  # noqa: ARG002  there is one line
        """Name the columns."""
        return Text(f"{'severity':<9}{'packet':>7}  finding")

    def row(self, index: int, width: int) -> Text:  # noqa: ARG002  rows are cut by the list
        """Return a finding's row."""
        finding = self.findings[index]
        row = Text(f"{finding.severity.value:<9}", self.severity_style(finding.severity))
        indent = "  └ " if id(finding) in self._followers else ""
        return row.append(f"{finding.span.first_packet:>7}  {indent}{printable(finding.message)}", "")


class FindingsList(Dialog[Finding]):
    """An association's findings; gives the one to go to."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.DIALOG)

    def __init__(self, association: Association) -> None:
        super().__init__()
        self._association = association

    def compose(self) -> ComposeResult:
        """Make the box: the list, and below it the selected finding in full."""
        with Vertical(id="box") as box:
            box.border_title = f"Findings of association {self._association.id}"
            box.border_subtitle = "Enter goes there, Esc closes"
            yield FindingRows(list(self._association.findings))
            yield Static(id="finding")

    def on_mount(self) -> None:
        """Begin with the worst."""
        self.show_finding()

    @on(RowList.Highlighted)
    def show_finding(self) -> None:
        """Show the selected finding in full."""
        finding = self.query_one(FindingRows).selected
        if finding is None:
            return
        text = Text(printable(finding.message), "bold")
        text.append(f"\n{ADVICE.get(finding.code, '')}", "not bold")
        text.append(f"\n{finding.code}" + (f", {finding.reference}" if finding.reference else ""), "not bold dim")
        self.query_one("#finding", Static).update(text)

    @on(RowList.Opened)
    def action_choose(self) -> None:
        """Go to the selected finding."""
        self.dismiss(self.query_one(FindingRows).selected)
