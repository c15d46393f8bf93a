"""The longest waits of the capture, one row each."""

from collections.abc import Callable, Iterator
from itertools import chain

from msgspec.structs import replace

from dicomsniff.association.association import Association
from dicomsniff.quantities import duration
from dicomsniff.tui.column_list import ColumnList
from dicomsniff.tui.columns import Column
from dicomsniff.tui.said import allowed, gate
from dicomsniff.tui.shown import Shown
from dicomsniff.words.waits import Waited, longest, waits_of

MAX_WAITS = 1000
"""Waits listed, the longest ones."""
MAX_KNOWN = 2 * MAX_WAITS
"""Waits from which on the shorter ones are forgotten."""


class WaitList(ColumnList[Waited]):
    """How long, who waited for what, in which association, and how much of its time that is."""

    def __init__(self, chosen: Callable[[Waited], None]) -> None:
        columns: tuple[Column[Waited], ...] = (
            Column("time", lambda row: duration(row.length), 12, to_right=True, key=lambda row: -row.length),
            Column("of all", _share, 6, leaves=1, to_right=True, key=lambda row: -_part(row)),
            Column("assoc.", lambda row: str(row.association.id), 6, to_right=True, key=lambda row: row.association.id),
            Column("what went on", lambda row: allowed(row.text), 44, share=3),
            Column("calling → called AE", _pair, 18, 44, share=2, leaves=2),
        )
        super().__init__(columns, chosen, id="waits")
        self.border_title = "Longest waits"

    def arranging(self, associations: list[Association], look: Callable[[Association], Association]) -> Iterator[None]:
        """List the longest waits of other associations, one of these a step; the cursor stays on its wait."""
        waits: list[Waited] = []
        for association in associations:
            # What there is to look at is a copy perhaps, which is not to be kept for this.
            waits += (replace(wait, association=association) for wait in waits_of(look(association)))
            if len(waits) >= MAX_KNOWN:
                waits = longest(waits, MAX_WAITS)
            yield
        waits = longest(waits, MAX_WAITS)
        before = self.selected
        same = next((row for row in waits if _place(row) == _place(before)), None) if before is not None else None
        first = next(iter(waits), None)
        self.border_subtitle = None
        if first is not None:
            said = f"longest: {duration(first.length)} {allowed(first.text)}, association {first.association.id}"
            self.border_subtitle = Shown(said)
        self.show_rows(waits, same)

    def find(self, association: Association) -> None:
        """Put the cursor on the longest wait of an association."""
        row = next(
            (row for row in chain((self.selected,), self.rows) if row and row.association.id == association.id), None
        )
        if row is not None:
            self.put_cursor(row)


def _place(row: Waited) -> tuple[object, ...]:
    """Return what tells a wait from others: what there is of its association may be a copy."""
    return row.association.id, row.length, row.part, row.side, row.answers


def _part(row: Waited) -> float:
    return row.length / max(row.timing.total, 1)


def _share(row: Waited) -> str:
    return f"{_part(row):.0%}"


def _pair(row: Waited) -> str:
    parties = (row.association.requestor, row.association.acceptor)
    return " → ".join(gate().title(each.ae_title) if each.ae_title else "?" for each in parties)
