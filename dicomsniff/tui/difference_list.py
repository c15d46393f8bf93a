"""What differs between two associations, one row each, the most telling first."""

from collections.abc import Callable

from rich.style import Style

from dicomsniff.comparing.difference import Difference, Weight
from dicomsniff.tui.column_list import ColumnList
from dicomsniff.tui.columns import Column
from dicomsniff.tui.said import allowed

SIGNS = {Weight.DECISIVE: "≠", Weight.TELLING: "≠", Weight.SLIGHT: "·"}
_STYLES = {Weight.DECISIVE: "error", Weight.TELLING: "warning"}


class DifferenceList(ColumnList[Difference]):
    """How much it could matter, what it is about, and how it is in the good and in the bad association."""

    def __init__(self, chosen: Callable[[Difference], None]) -> None:
        super().__init__((), chosen, id="differences")
        self.border_title = "Compare"
        self.name_sides("good", "bad")

    def name_sides(self, good: str, bad: str) -> None:
        """Say which associations are compared."""
        columns: tuple[Column[Difference], ...] = (
            Column("", lambda row: SIGNS[row.weight], 1, is_toned=True, is_sign=True, key=lambda row: row.weight),
            Column("weight", lambda row: row.weight.name.lower(), 8, leaves=1, is_toned=True, key=_weight),
            Column("what differs", lambda row: allowed(row.about), 26, share=3),
            Column(good, lambda row: allowed(row.good), 18, share=2),
            Column(bad, lambda row: allowed(row.bad), 18, share=2, is_toned=True),
        )
        self.set_columns(columns)

    def style_of(self, row: Difference) -> Style | str:
        """Return the colour of how much it could matter."""
        return self.styled(_STYLES[row.weight]) if row.weight in _STYLES else ""


def _weight(row: Difference) -> Weight:
    return row.weight
