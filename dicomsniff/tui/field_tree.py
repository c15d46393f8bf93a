"""The decoded fields of the selected entry."""

import textwrap

from rich.text import Text

from dicomsniff.tui.detail import Detail
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.row_list import RowList

NAME_SHARE = 46
"""Percent of the width for names."""


class FieldTree(RowList):
    """A row per field, sections under headings, items indented under what holds them."""

    EMPTY = "select a row of the exchange to see what it says"

    def __init__(self) -> None:
        super().__init__(id="fields")
        self.border_title = "Fields"
        self.detail: Detail | None = None
        self._lines: list[tuple[FieldRow, str, bool]] = []
        """What is on each line: a row, (part of) its value, whether it is the row's first line."""
        self._room = 0

    @property
    def selected(self) -> FieldRow | None:
        """The field under the cursor."""
        return self._lines[self.cursor][0] if self.cursor < len(self._lines) else None

    def show(self, detail: Detail | None) -> None:
        """Show the fields of another entry."""
        self.detail = detail
        self.border_title = Text(f"Fields of {detail.title}") if detail is not None else "Fields"
        self.cursor = 0
        self.scroll_to(y=0, animate=False)
        self._lay_out()

    def on_resize(self) -> None:
        """Wrap again."""
        self._lay_out()

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        rows = self.detail.rows if self.detail is not None else []
        widest = max((2 * row.depth + len(row.name) for row in rows if not row.is_heading), default=0)
        self._room = max(14, min(widest, width * NAME_SHARE // 100))
        self._lines = []
        for row in rows:
            # What has no bytes is prose, and nothing is beside it to be compared with.
            parts = [row.value]
            if row.block is None and not row.is_heading and len(row.value) > width - self._room - 3:
                parts = textwrap.wrap(row.value, max(20, width - self._room - 3)) or [""]
            self._lines += [(row, part, number == 0) for number, part in enumerate(parts)]
        self.set_count(len(self._lines))

    def select_byte(self, block: int, place: int) -> None:
        """Put the cursor on the innermost field that holds a byte."""
        holding = [
            (row.end - row.start, -row.depth, index)
            for index, (row, _, _) in enumerate(self._lines)
            if row.block == block and row.start <= place < row.end
        ]
        if holding:
            self.move_to(min(holding)[2], by_user=True)

    def row(self, index: int, width: int) -> Text:  # noqa: ARG002  the layout knows it
        """Return a line of a field."""
        row, value, first = self._lines[index]
        if row.is_heading:
            text = Text(row.name, self.styled("strong"))
            return text.append(f"  {value}" if value else "", self.styled("dim"))
        name = Text(f" {'  ' * row.depth}{row.name if first else ''}", self.styled(row.style or "name"))
        name.truncate(self._room + 1, overflow="ellipsis", pad=True)
        return name.append(f"  {value}", self.styled(row.style) if row.style else None)
