"""The list of findings: those of one code below a heading of theirs, what follows from one indented below it."""

from collections.abc import Callable
from typing import ClassVar

from msgspec import Struct
from rich.style import Style
from textual.binding import BindingType

from dicomsniff.findings.catalogue import find_rule
from dicomsniff.findings.finding import Severity
from dicomsniff.tui.column_list import ColumnList
from dicomsniff.tui.columns import Column
from dicomsniff.tui.found import Finds, Found, Kind
from dicomsniff.tui.keys import Where, bindings
from dicomsniff.tui.problem_index import LETTERS, RANK
from dicomsniff.tui.said import allowed
from dicomsniff.tui.shown import Shown

FEW = 100
"""Findings up to which all of them are seen at once."""


class FindingRow(Struct, eq=False):
    """A finding, or the heading of those of one code."""

    kind: Kind
    found: Found | None = None
    folded: bool = False

    @property
    def first(self) -> Found:
        """The finding itself, or the first below the heading."""
        return self.found if self.found is not None else self.kind.found[0]

    @property
    def severity(self) -> Severity:
        """That of the finding, or the worst below the heading."""
        return self.found.finding.severity if self.found is not None else self.kind.severity


class FindingRows(ColumnList[FindingRow]):
    """Sign, association, packet and text of every finding."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.FOLDING)
    PLACES: ClassVar[tuple[Where, ...]] = (Where.FOLDING, Where.COLUMNS, Where.LIST)

    def __init__(self, chosen: Callable[[FindingRow], None]) -> None:
        columns: tuple[Column[FindingRow], ...] = (
            Column("", _sign, 1, is_toned=True, is_sign=True, key=lambda row: -RANK[row.severity]),
            Column("assoc.", _association, 6, leaves=1, to_right=True, key=_association_number),
            Column("packet", _packet, 8, leaves=2, to_right=True, key=_packet_number),
            Column("finding", self._text, 44, share=1, is_toned=True),
            Column("code", lambda row: row.first.finding.code, 26, leaves=3),
        )
        super().__init__(columns, chosen, id="findings-list")
        self.border_title = "Findings"
        self._kinds: list[Kind] = []
        self._folded: set[str] = set()
        self._known: set[str] = set()

    def show(self, finds: Finds) -> None:
        """List other findings; the cursor stays on its finding."""
        many = finds.listed > FEW
        for kind in finds.kinds:
            if many and kind.causes > 1 and kind.code not in self._known:
                self._folded.add(kind.code)
            self._known.add(kind.code)
        self._kinds = finds.kinds
        listed, total = finds.listed, finds.total
        counted = f"{listed:,} of {total:,}" if listed < total else f"{total:,}"
        self.border_title = Shown(f"Findings ({counted})" if total else "Findings")
        self._lay_out()

    @property
    def unfolded(self) -> int:
        """How many rows there are where nothing is folded."""
        return sum(len(kind.found) + (kind.causes > 1) for kind in self._kinds)

    def find(self, association: int | None, wanted: Callable[[Found], bool]) -> None:
        """Put the cursor on the first finding about an association that is wanted, else on the first about it."""
        about = [row for row in self.rows if row.first.association == association]
        row = next((row for row in about if wanted(row.first)), about[0] if about else None)
        if row is not None:
            self.put_cursor(row)

    def style_of(self, row: FindingRow) -> Style | str:
        """Return the colour of a severity."""
        return self.severity_style(row.severity)

    def action_fold(self) -> None:
        """Hide the findings below the heading of those under the cursor."""
        row = self.selected
        if row is not None and row.kind.causes > 1:
            self._folded.add(row.kind.code)
            self._lay_out()

    def action_unfold(self) -> None:
        """Show the findings below the heading under the cursor."""
        if self.selected is not None:
            self._folded.discard(self.selected.kind.code)
            self._lay_out()

    def action_fold_all(self) -> None:
        """Leave only headings; where that is so already, show all."""
        several = {kind.code for kind in self._kinds if kind.causes > 1}
        self._folded = set() if several <= self._folded else several
        self._lay_out()

    def _lay_out(self) -> None:
        before = self.selected
        rows: list[FindingRow] = []
        for kind in self._kinds:
            folded = kind.code in self._folded
            if kind.causes > 1:
                rows.append(FindingRow(kind, folded=folded))
            if not folded or kind.causes == 1:
                rows += [FindingRow(kind, found) for found in kind.found]
        self.show_rows(rows)
        if before is not None:
            self._put_back(before)

    def _put_back(self, before: FindingRow) -> None:
        """Put the cursor where it was: on the same finding, else on the heading it is below."""
        same = [row for row in self.rows if row.kind.code == before.kind.code]
        finding = before.found.finding if before.found is not None else None
        there = (row for row in same if (row.found.finding if row.found is not None else None) is finding)
        row = next(there, same[0] if same else None)
        if row is not None:
            self.put_cursor(row)

    def _text(self, row: FindingRow) -> str:
        if row.found is None:
            rule = find_rule(row.kind.code)
            title = rule.title if rule is not None else row.kind.code
            return f"{'▸' if row.folded else '▾'} {row.kind.causes:,} × {title}"
        indent = "  " if row.kind.causes > 1 else ""
        return f"{indent}{'└ ' if row.found.is_follower else ''}{allowed(row.found.finding.line)}"


def _sign(row: FindingRow) -> str:
    return LETTERS[row.severity]


def _association_number(row: FindingRow) -> int:
    return (row.found.association or 0) if row.found is not None else 0


def _association(row: FindingRow) -> str:
    return "" if row.found is None else f"{row.found.association or 'all'}"


def _packet_number(row: FindingRow) -> int:
    return row.found.finding.span.first_packet if row.found is not None else 0


def _packet(row: FindingRow) -> str:
    return f"{_packet_number(row) or ''}"
