"""Columns of a list, and how wide each of them is where there is little room or much."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct

from dicomsniff.tui.shown import Shown

Row = TypeVar("Row")

GAP = 1
"""Cells between two columns."""


class Column(Struct, Generic[Row], frozen=True):
    """One column: its title, what it says of a row, and how much room it takes.

    `text` is the whole of what it says: that is copied, searched and, unless there is a `key`, sorted by. `draw` draws
    it in so many cells, where that is more than cutting the text.
    """

    title: str
    text: Callable[[Row], str]
    minimum: int
    """Cells without which it is not worth showing."""
    widest: int = 0
    """Cells beyond which more room is of no use; 0 where it takes no more than its minimum."""
    share: int = 0
    """How much of the room that is left it takes, beside the shares of others."""
    leaves: int = 0
    """Where there is little room, the column with the greatest number is left out first; 0 stays."""
    to_right: bool = False
    """Whether it is aligned to the right, as numbers are."""
    is_toned: bool = False
    """Whether it has the colour of its row."""
    is_sign: bool = False
    """Whether it says in a sign what the colour of its row says, and stands out where there are no colours."""
    key: Callable[[Row], Any] | None = None
    draw: Callable[[Row, int], Shown] | None = None

    def cell(self, row: Row, width: int, shift: int = 0) -> Shown:
        """Draw what it says of a row in so many cells; of a text that is cut, from the character `shift` on."""
        cell = self.draw(row, width) if self.draw is not None else Shown(self.text(row))
        if shift and self.share and cell.cell_len > width:
            cell = cell[min(shift, max(0, len(cell) - 1)) :]  # type: ignore[assignment]
        if self.to_right:
            cell.align("right", max(width, cell.cell_len))
        cell.truncate(width, overflow="ellipsis", pad=True)
        return cell


def fitting(columns: Sequence[Column[Row]], room: int) -> list[tuple[Column[Row], int]]:
    """Return the columns that there is room for, each with its width.

    What is left of the room goes by shares to those that can use it.
    """
    shown = list(columns)
    while shown and _needed(shown) > room:
        dispensable = max(shown, key=lambda column: column.leaves)
        if not dispensable.leaves:
            break
        shown.remove(dispensable)
    widths = [column.minimum for column in shown]
    spare = room - _needed(shown)
    growing = [place for place, column in enumerate(shown) if column.share and _limit(column) > column.minimum]
    while spare > 0 and growing:
        whole = sum(shown[place].share for place in growing)
        given = 0
        for place in list(growing):
            column = shown[place]
            more = min(max(1, spare * column.share // whole), _limit(column) - widths[place], spare - given)
            widths[place] += more
            given += more
            if widths[place] >= _limit(column):
                growing.remove(place)
        spare -= given
    return list(zip(shown, widths, strict=True))


def _needed(columns: Sequence[Column[Row]]) -> int:
    return sum(column.minimum for column in columns) + GAP * max(0, len(columns) - 1)


def _limit(column: Column[Row]) -> int:
    return column.widest or (1 << 16 if column.share else column.minimum)
