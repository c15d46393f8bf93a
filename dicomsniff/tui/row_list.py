"""A list that draws only the rows in sight, however many there are."""

from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from dicomsniff.findings.finding import Severity
from dicomsniff.tui.choice import Choice
from dicomsniff.tui.keys import Where, bindings
from dicomsniff.tui.palette import Palette
from dicomsniff.tui.shown import LONGEST, Shown

MAX_COPIED = 2000
"""Rows up to which all of them can be copied at once."""


def as_text(rows: Iterable[Iterable[Choice]]) -> str:
    """Return rows as text, a line each."""
    return "\n".join("\t".join(part.says for part in parts).rstrip() for parts in rows)


class RowList(ScrollView, can_focus=True):
    """Header lines that stay, then `count` rows, one of them under the cursor. Subclasses say what is in them."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.LIST)
    PLACES: ClassVar[tuple[Where, ...]] = (Where.LIST,)
    """Where the keys work that it has."""
    COMPONENT_CLASSES: ClassVar[set[str]] = {"row--cursor"}
    """What depends on the list; all else is the palette's."""
    HEADER_LINES = 0
    EMPTY = ""
    CURSOR_LINE = True
    """Whether the whole row under the cursor is coloured."""

    class Highlighted(Message):
        """The cursor is on another row, or the row under it is another one; `by_user` where a key or click did it."""

        def __init__(self, rows: "RowList", *, by_user: bool) -> None:
            self.rows = rows
            self.by_user = by_user
            super().__init__()

        @property
        def control(self) -> "RowList":
            """The list it happened in."""
            return self.rows

    class Opened(Message):
        """The row under the cursor was double-clicked."""

        def __init__(self, rows: "RowList") -> None:
            self.rows = rows
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.count = 0
        self.cursor = 0
        self._style = Style.null()
        self._palette: Palette | None = None

    def header_line(self, number: int, width: int) -> Shown:
        """Return a line of the header."""
        raise NotImplementedError

    def row(self, index: int, width: int) -> Shown:
        """Return a row."""
        raise NotImplementedError

    def parts(self, index: int) -> list[Choice]:
        """Return what a row says, nothing of it cut: part by part, each under its title."""
        return [Choice("row", self.row(index, LONGEST).plain.strip())]

    def copied(self, index: int) -> list[Choice]:
        """Return what can be copied of a row."""
        return self.parts(index)

    @property
    def searched(self) -> int:
        """How many rows there are to be searched for text."""
        return self.count

    @property
    def searched_from(self) -> int:
        """The row from which on a search begins."""
        return self.cursor

    def searched_text(self, place: int) -> str:
        """Return what a row is searched for."""
        return "  ".join(part.says for part in self.parts(place))

    def show_found(self, place: int) -> None:
        """Put the cursor on a row that was found."""
        self.move_to(place, by_user=True)

    def everything(self) -> str:
        """Return all rows as text, a line each; empty where they are too many."""
        if self.count > MAX_COPIED:
            return ""
        return as_text(map(self.parts, range(self.count)))

    def set_count(self, count: int) -> None:
        """Take note of how many rows there are now."""
        if count != self.count:
            self.count = count
            self.virtual_size = Size(1, max(count, 1) + self.HEADER_LINES)
            if self.cursor >= count:
                self.move_to(count - 1)
        self.refresh()

    def move_to(self, index: int, *, by_user: bool = False) -> None:
        """Put the cursor on a row, or on the nearest there is."""
        index = max(0, min(index, self.count - 1))
        if index != self.cursor:
            self.cursor = index
            self.post_message(self.Highlighted(self, by_user=by_user))
        self.show_cursor()

    def show_cursor(self) -> None:
        """Scroll so that the row under the cursor is in sight."""
        top, height = round(self.scroll_y), self.rows_in_sight
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False)
        self.refresh()

    @property
    def rows_in_sight(self) -> int:
        """How many rows fit."""
        return max(1, self.scrollable_content_region.height - self.HEADER_LINES)

    def styled(self, name: str) -> Style:
        """Return the style of a part: `dim`, `requestor`, `error`."""
        if name == "cursor":
            return self.get_component_rich_style("row--cursor")
        if self._palette is None:
            self._palette = self.app.screen_stack[0].query_one(Palette)
        return self._palette.get_component_rich_style(f"row--{name}")

    def severity_style(self, severity: Severity | None) -> Style:
        """Return the colour of a severity."""
        return self.styled(severity.value) if severity is not None else Style.null()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw the lines in sight."""
        self._style = self.rich_style  # costly to work out for each line
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draw one line in sight."""
        width = self.scrollable_content_region.width
        index = y - self.HEADER_LINES + round(self.scroll_y)
        on_cursor = False
        if y < self.HEADER_LINES:
            text = self.header_line(y, width)
            text.stylize(self.styled("header"))
        elif index < self.count:
            text = self.row(index, width)
            on_cursor = self.CURSOR_LINE and index == self.cursor
        elif self.EMPTY and not self.count and index < len(said := self._why_empty(width)):
            text = said[index]
        else:
            return Strip.blank(width, self._style)
        text.truncate(width, overflow="ellipsis", pad=True)
        text.no_wrap, text.end = True, ""
        segments = list(Segment.apply_style(text.render(self.app.console), self._style))
        if on_cursor:
            cursor = self.styled("cursor")
            segments = list(Segment.apply_style(segments, post_style=cursor))
        return Strip(segments).adjust_cell_length(width, self._style)

    def _why_empty(self, width: int) -> list[Shown]:
        """Say in as many lines as that takes why there are no rows."""
        lines = Shown(self.EMPTY).wrap(self.app.console, max(width, 1))
        return [Shown(line.plain.rstrip(), self.styled("dim")) for line in lines]

    def action_move(self, rows: int) -> None:
        """Move the cursor by some rows."""
        self.move_to(self.cursor + rows, by_user=True)

    def action_page(self, pages: int) -> None:
        """Move the cursor by some pages."""
        self.move_to(self.cursor + pages * max(1, self.rows_in_sight - 1), by_user=True)

    def action_first(self) -> None:
        """Move the cursor to the first row."""
        self.move_to(0, by_user=True)

    def action_last(self) -> None:
        """Move the cursor to the last row."""
        self.move_to(self.count - 1, by_user=True)

    def row_at(self, event: events.MouseEvent) -> int | None:
        """Return the row under the mouse."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self.HEADER_LINES:
            return None
        index = offset.y - self.HEADER_LINES + round(self.scroll_y)
        return index if index < self.count else None

    def on_click(self, event: events.Click) -> None:
        """Select the row under the mouse; open it with a double click."""
        index = self.row_at(event)
        if index is None:
            return
        self.move_to(index, by_user=True)
        if event.chain == 2:
            self.post_message(self.Opened(self))

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self.show_cursor()
