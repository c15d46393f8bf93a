"""The decoded fields of the selected entry."""

from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.message import Message

from dicomsniff.tui.choice import Choice
from dicomsniff.tui.detail import Detail
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.folding import Folding
from dicomsniff.tui.keys import Where, bindings
from dicomsniff.tui.row_list import MAX_COPIED, RowList
from dicomsniff.tui.shown import Shown

NAME_SHARE = 46
"""Percent of the width for names."""


class FieldTree(RowList):
    """A row per field, sections under headings, items indented under what holds them; both can be folded."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.FIELDS)
    PLACES: ClassVar[tuple[Where, ...]] = (Where.FIELDS, Where.LIST)

    class Fitted(Message):
        """There is another amount of room."""

    def __init__(self, *, id: str = "fields", title: str = "Fields", empty: str = "nothing is selected") -> None:
        super().__init__(id=id)
        self.EMPTY = empty
        self.border_title = self._title = title
        self.detail: Detail | None = None
        self._folding = Folding([])
        self._lines: list[tuple[int, str, bool]] = []
        """What is on each line: a row's place, (part of) its value, whether it is the row's first line."""
        self._room = 0
        self._awaited: int | None = None
        """The row to go to as soon as there is room for any."""

    @property
    def rows(self) -> list[FieldRow]:
        """The fields, folded ones included."""
        return self.detail.rows if self.detail is not None else []

    @property
    def selected(self) -> FieldRow | None:
        """The field under the cursor."""
        return self.rows[self._lines[self.cursor][0]] if self.cursor < len(self._lines) else None

    def show(self, detail: Detail | None, *, again: bool = False) -> None:
        """Show the fields of another entry, or, `again`, those of the same one as they are now."""
        before, place = self._folding, self._lines[self.cursor][0] if self.cursor < len(self._lines) else 0
        top = round(self.scroll_y)
        self.detail, self._awaited = detail, None
        self.border_title = Shown(detail.title if detail is not None else self._title)
        self._folding = Folding(self.rows)
        if again:
            place = self._folding.keep(before, place)
        self.cursor = 0
        self._lay_out()
        self.scroll_to(y=top if again else 0, animate=False)
        if again:
            self._select(place)

    def keep_up(self, detail: Detail) -> None:
        """Show a detail unless it is shown; one of the same title is of the same thing, as it is now."""
        known = self.detail
        if known is None or known.title != detail.title:
            self.show(detail)
        elif known.rows != detail.rows:
            self.show(detail, again=True)

    def on_resize(self) -> None:
        """Wrap again; the cursor stays on its field."""
        place = self._place if self._awaited is None else self._awaited
        self._lay_out()
        if place is not None and self._lines:
            self._select(place, by_user=self._awaited is not None)
            self._awaited = None
        self.post_message(self.Fitted())

    def watch_show_vertical_scrollbar(self) -> None:
        """Wrap again: there is a column more, or less."""
        self.call_after_refresh(self.on_resize)

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        widest = max((2 * row.depth + len(row.name) for row in self.rows if not row.is_heading), default=0)
        self._room = max(14, min(widest, width * NAME_SHARE // 100))
        self._lines = []
        for place in self._folding.shown() if width else ():
            row = self.rows[place]
            value = f"→ {row.value}" if row.target is not None else row.value
            # What has no bytes is prose, and nothing is beside it to be compared with.
            parts = [value]
            if row.block is None and not row.is_heading and cell_len(value) > width - self._room - 3:
                # Not by textwrap: it breaks paths and names at hyphens, and takes all characters for one cell wide.
                wrapped = Shown(value).wrap(self.app.console, max(20, width - self._room - 3))
                parts = [part.plain.rstrip() for part in wrapped]
            self._lines += [(place, part, number == 0) for number, part in enumerate(parts)]
        self.set_count(len(self._lines))

    def select_byte(self, block: int, place: int) -> None:
        """Put the cursor on the innermost field that holds a byte; unfold what it is in."""
        holding = [
            (row.end - row.start, -row.depth, index)
            for index, row in enumerate(self.rows)
            if row.block == block and row.start <= place < row.end
        ]
        if holding:
            index = min(holding)[2]
            self.show_found(index)

    def action_fold(self) -> None:
        """Hide what is below the selected field; where there is nothing, go to what it is in."""
        place = self._place
        if place is None:
            return
        if self._folding.fold(place):
            self._lay_out()
            self._select(place)
        elif (parent := self._folding.parents[place]) is not None:
            self._select(parent, by_user=True)

    def action_unfold(self) -> None:
        """Show what is below the selected field."""
        place = self._place
        if place is not None and self._folding.unfold(place):
            self._lay_out()
            self._select(place)

    def action_fold_all(self) -> None:
        """Leave only the headings; where that is so already, show all."""
        place = self._place
        if place is None:
            return
        place = self._folding.toggle_all(place)
        self._lay_out()
        self._select(place, by_user=True)

    @property
    def _place(self) -> int | None:
        return self._lines[self.cursor][0] if self.cursor < len(self._lines) else None

    def _select(self, place: int, *, by_user: bool = False) -> None:
        line = next((number for number, (each, _, _) in enumerate(self._lines) if each >= place), 0)
        self.move_to(line, by_user=by_user)

    def parts(self, index: int) -> list[Choice]:
        """Return the whole value of the field on a line, under its name."""
        field = self.rows[self._lines[index][0]]
        return [Choice(field.name, field.value)]

    @property
    def searched(self) -> int:
        """How many fields there are, folded ones included."""
        return len(self.rows)

    @property
    def searched_from(self) -> int:
        """The selected field."""
        return self._place if self._place is not None else -1

    def searched_text(self, place: int) -> str:
        """Return a field's name and value."""
        return f"{self.rows[place].name}  {self.rows[place].value}"

    def show_found(self, place: int) -> None:
        """Put the cursor on a field; unfold what it is in."""
        if self._folding.reveal(place):
            self._lay_out()
        if self._lines:
            self._select(place, by_user=True)
        else:  # it is hidden so far
            self._awaited = place

    def copied(self, index: int) -> list[Choice]:
        """Return what can be copied of it: mostly its value."""
        field = self.rows[self._lines[index][0]]
        return [Choice("value", field.value), Choice("name and value", f"{field.name}: {field.value}")]

    def everything(self) -> str:
        """Return all fields as text, folded ones included."""
        if len(self.rows) > MAX_COPIED:
            return ""
        return "\n".join(f"{'  ' * row.depth}{row.name}: {row.value}".rstrip(": ") for row in self.rows)

    def row(self, index: int, width: int) -> Shown:  # noqa: ARG002  the layout knows it
        """Return a line of a field."""
        place, value, first = self._lines[index]
        row = self.rows[place]
        folded = self._folding.is_folded(place)
        if row.is_heading:
            text = Shown(f"▸ {row.name}" if folded else row.name, self.styled("strong"))
            return text.append(f"  {value}" if value else "", self.styled("dim"))
        sign = "▸" if folded and first else " "
        name = Shown(f"{'  ' * row.depth}{sign}{row.name if first else ''}", self.styled(row.style or "name"))
        name.truncate(self._room + 1, overflow="ellipsis", pad=True)
        return name.append(f"  {value}", self.styled(row.style) if row.style else None)
