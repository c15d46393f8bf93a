"""A list whose rows have columns: how they are laid out, sorted, searched and moved sideways is one for all."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar, Generic

from rich.style import Style
from textual import work
from textual.binding import BindingType
from textual.message import Message

from dicomsniff.tui.choice import Choice
from dicomsniff.tui.columns import GAP, Column, Row, fitting
from dicomsniff.tui.keys import Where, bindings
from dicomsniff.tui.row_list import RowList
from dicomsniff.tui.shown import Shown, shortened
from dicomsniff.tui.slices import Chore

STEP = 16
"""Characters that texts move sideways at a time."""


class ColumnList(RowList, Generic[Row]):
    """Rows of one kind, each drawn by the columns; `chosen` is called, at once, when the user moves to another row."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.COLUMNS)
    PLACES: ClassVar[tuple[Where, ...]] = (Where.COLUMNS, Where.LIST)
    HEADER_LINES = 1

    class ColumnsAsked(Message):
        """The columns that are shown are to be chosen."""

        def __init__(self, rows: "ColumnList[Any]") -> None:
            self.rows = rows
            super().__init__()

    def __init__(
        self, columns: Sequence[Column[Row]], chosen: Callable[[Row], None] | None = None, *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.columns = columns
        self.rows: Sequence[Row] = ()
        """What is listed, in the order shown."""
        self.sorted_by: Column[Row] | None = None
        self.backwards = False
        self.left_out: frozenset[str] = frozenset()
        """Titles of columns that are not shown."""
        self._came: Sequence[Row] = ()
        self._sorts = Chore(self._sorting)
        self._awaited: Row | None = None
        """The row that the cursor goes to when they are sorted."""
        self._chosen = chosen
        self._shift = 0
        self._fitting: tuple[object, list[tuple[Column[Row], int]]] = (None, [])

    def set_columns(self, columns: Sequence[Column[Row]]) -> None:
        """Have other columns; rows stay sorted by the one of the same title, where there is one."""
        title = self.sorted_by.title if self.sorted_by is not None else None
        self.columns = columns
        self.sort_by(next((column for column in columns if column.title == title), None))

    def show_rows(self, rows: Sequence[Row], selected: Row | None = None) -> None:
        """List other rows; the cursor goes to the selected one, if it is there."""
        self._came = rows
        if self.sorted_by is None:
            self._take_rows(rows[::-1] if self.backwards else rows, selected)
        else:
            self._sort(selected)

    def _take_rows(self, rows: Sequence[Row], selected: Row | None) -> None:
        self.rows = rows
        self.set_count(len(rows))
        if selected is not None:
            self.put_cursor(selected)
        self.refresh()

    def put_cursor(self, row: Row) -> None:
        """Put the cursor on a row, if it is listed."""
        if self.selected is not row:
            place = next((place for place, each in enumerate(self.rows) if each is row), None)
            if place is not None:
                self.move_to(place)

    @property
    def selected(self) -> Row | None:
        """The row under the cursor."""
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    def move_to(self, index: int, *, by_user: bool = False) -> None:
        """Put the cursor on a row; what follows the user's moves is told at once, as further keys may be waiting."""
        before = self.cursor
        super().move_to(index, by_user=by_user)
        if by_user and self.cursor != before:
            self.choose()

    def choose(self) -> None:
        """Tell that the row under the cursor is meant."""
        row = self.selected
        if self._chosen is not None and row is not None:
            self._chosen(row)

    def style_of(self, row: Row) -> Style | str:  # noqa: ARG002  for lists whose rows differ
        """Return the colour of a row."""
        return ""

    def fitted(self, width: int) -> list[tuple[Column[Row], int]]:
        """Return the columns in sight and their widths."""
        key = (width, self.columns, self.left_out)
        if self._fitting[0] != key:
            self._fitting = (key, fitting(self._chosen_columns, width))
        return self._fitting[1]

    @property
    def name_in_settings(self) -> str:
        """What settings call this list."""
        return (self.id or "").removesuffix("-list")

    @property
    def _chosen_columns(self) -> list[Column[Row]]:
        return [column for column in self.columns if column.title not in self.left_out]

    def leave_out(self, titles: Iterable[str]) -> None:
        """Go without some columns; they still count in what is copied, found and shown whole."""
        self.left_out = frozenset(titles)
        if self.sorted_by is not None and self.sorted_by.title in self.left_out:
            self.sort_by(None)
        self.refresh()

    def action_columns(self) -> None:
        """Ask which columns are to be shown."""
        self.post_message(self.ColumnsAsked(self))

    def header_line(self, number: int, width: int) -> Shown:  # noqa: ARG002  there is one line
        """Name the columns; the one that rows are sorted by has a sign."""
        line = Shown()
        for place, (column, cells) in enumerate(self.fitted(width)):
            sign = ("▾" if self.backwards else "▴") if column is self.sorted_by else ""
            title = Shown(f"{column.title}{sign}")
            if column.to_right:
                title.align("right", max(cells, title.cell_len))
            title.truncate(cells, pad=True)
            line.append(" " * GAP if place else "").append_text(title)
        return line

    def row(self, index: int, width: int) -> Shown:
        """Return a row."""
        row, line = self.rows[index], Shown()
        style = self.style_of(row)
        for place, (column, cells) in enumerate(self.fitted(width)):
            cell = column.cell(row, cells, self._shift)
            if style and column.is_toned:
                cell.stylize_before(style)
            if column.is_sign and style == self.styled("error"):
                cell.stylize("reverse")
            line.append(" " * GAP if place else "").append_text(cell)
        return line

    def parts(self, index: int) -> list[Choice]:
        """Return what each column says of a row."""
        return self.parts_of(self.rows[index])

    def parts_of(self, row: Row) -> list[Choice]:
        """Return what each column says of a row, listed or not."""
        return [Choice(column.title, shortened(column.text(row)).strip()) for column in self.columns]

    def copied(self, index: int) -> list[Choice]:
        """Return all of a row, then what each column says."""
        parts = self.parts(index)
        return [Choice("whole row", "\t".join(part.says for part in parts)), *(part for part in parts if part.what)]

    def action_sideways(self, steps: int) -> None:
        """Move the texts that are cut, to see more of their ends or again their beginnings."""
        longest = max(
            (len(column.text(self.rows[index])) - cells for index in self._in_sight() for column, cells in self._cut()),
            default=0,
        )
        self._shift = max(0, min(self._shift + steps * STEP, longest + 1))
        self.refresh()

    def action_sort(self) -> None:
        """Sort by the next column; after the last, in the order in which rows came."""
        columns = [None, *self._chosen_columns]
        self.sort_by(columns[(columns.index(self.sorted_by) + 1) % len(columns)])
        self._say_order()

    def action_reverse(self) -> None:
        """Turn the order around."""
        self.backwards = not self.backwards
        self.sort_by(self.sorted_by)
        self._say_order()

    def _say_order(self) -> None:
        """Say what rows are sorted by: there may be no room for that column, or nothing may have moved."""
        column = self.sorted_by
        said = f"sorted by {column.title or 'severity'}" if column is not None else "in the order in which they came"
        self.app.notify(said + (", backwards" if self.backwards else ""))

    def sort_by(self, column: Column[Row] | None) -> None:
        """Sort by a column, or (None) in the order in which rows came; the cursor stays on its row."""
        self.sorted_by = column
        self._sorts.stop()
        self.show_rows(self._came, self.selected)

    def _sort(self, selected: Row | None) -> None:
        """Sort a little at a time; until it is done, the rows before stay. What comes meanwhile is sorted next."""
        self._awaited = selected
        if self._sorts.ask():
            self.sort_on()

    @work(group="sorting")
    async def sort_on(self) -> None:
        """Sort on between keys."""
        await self._sorts.finish()

    def _sorting(self) -> Iterator[None]:
        column, rows = self.sorted_by, list(self._came)
        key: Callable[[Row], Any] = (column.key or column.text) if column is not None else id
        keys = []
        for row in rows:
            keys.append(key(row))
            yield
        order = sorted(range(len(rows)), key=keys.__getitem__, reverse=self.backwards)
        selected = self.selected if self._awaited is None else self._awaited
        self._take_rows([rows[place] for place in order], selected)

    def _in_sight(self) -> range:
        first = round(self.scroll_y)
        return range(first, min(first + self.rows_in_sight, len(self.rows)))

    def _cut(self) -> list[tuple[Column[Row], int]]:
        return [(column, cells) for column, cells in self.fitted(self.scrollable_content_region.width) if column.share]
