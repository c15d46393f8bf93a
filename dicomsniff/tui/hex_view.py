"""The bytes of the selected entry, those of the selected field highlighted."""

from bisect import bisect_right
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.message import Message

from dicomsniff.quantities import byte_size, counted
from dicomsniff.tui.field_row import ByteBlock, FieldRow
from dicomsniff.tui.keys import Where, bindings
from dicomsniff.tui.row_list import RowList
from dicomsniff.tui.shown import Shown

NARROWEST = 73
"""Columns that a row of 16 bytes takes."""


class HexView(RowList):
    """Offset, bytes and their ASCII characters, block after block, each under its name."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.BYTES)
    PLACES: ClassVar[tuple[Where, ...]] = (Where.BYTES, Where.LIST)
    EMPTY = "no bytes"
    CURSOR_LINE = False  # it would hide the highlight

    class ByteChosen(Message):
        """A byte was clicked, or opened with the keyboard."""

        def __init__(self, block: int, place: int) -> None:
            self.block = block
            self.place = place
            super().__init__()

    def __init__(self) -> None:
        super().__init__(id="bytes")
        self.border_title = "Bytes"
        self._blocks: list[ByteBlock] = []
        self._starts: list[int] = []
        self._field: FieldRow | None = None
        self._found: tuple[int, int, int] | None = None
        """Bytes that were found: their block, start and end."""
        self._per_row = 16
        self._column = 0
        """Which byte of the row under the cursor is chosen."""

    def show(self, blocks: list[ByteBlock]) -> None:
        """Show other bytes."""
        self._blocks, self._field, self._found = blocks, None, None
        self.border_subtitle = None
        self.cursor = self._column = 0
        self.scroll_to(y=0, animate=False)
        self._lay_out()

    def highlight(self, field: FieldRow | None) -> None:
        """Highlight a field's bytes and bring the first of them in sight."""
        self._field, self._found = field if field is not None and field.block is not None else None, None
        self.border_subtitle = None
        if field is not None and self._field is not None and field.block is not None:
            count = field.end - field.start
            self.border_subtitle = Shown(f"{counted(count, 'byte')} from {field.start:#x}")
            self.cursor = self._row_of(field.block, field.start)
            self._column = field.start % self._per_row
            if self.cursor < round(self.scroll_y) or self._row_of(field.block, field.end - 1) >= self._bottom:
                top = self.cursor - max(1, self.rows_in_sight // 3)
                self.scroll_to(y=max(0, min(top, self.count - self.rows_in_sight)), animate=False)
        self.refresh()

    @property
    def spot(self) -> tuple[int, int]:
        """The block and place from which on a search goes on."""
        if self._found is not None:
            return self._found[:2]
        block, start = self._place(self.cursor)
        return block, start - 1

    def show_octets(self, block: int, start: int, end: int) -> None:
        """Show bytes that were found, and mark them."""
        self._found = block, start, end
        self.border_subtitle = Shown(f"found at {start:#x}")
        self._column = start % self._per_row
        self.move_to(self._row_of(block, start), by_user=True)
        self.refresh()

    def choose(self) -> None:
        """Choose the byte under the cursor."""
        if self.chosen is not None:
            self.post_message(self.ByteChosen(*self.chosen))

    @property
    def chosen(self) -> tuple[int, int] | None:
        """The byte under the cursor: its block and place."""
        here = self._octets_in(self.cursor) if self.count else range(0)
        return (self._place(self.cursor)[0], here[min(self._column, len(here) - 1)]) if here else None

    def action_byte(self, step: int) -> None:
        """Go to the next byte, or to the one before, of whatever row."""
        here = self._octets_in(self.cursor)
        column = min(self._column, len(here) - 1) + step
        if 0 <= column < len(here):
            self._column = column
        else:
            rows = range(self.cursor + step, self.count if step > 0 else -1, step)
            row = next((each for each in rows if self._octets_in(each)), None)
            if row is None:
                return
            self._column = 0 if step > 0 else len(self._octets_in(row)) - 1
            self.move_to(row, by_user=True)
        self.refresh()

    def _octets_in(self, index: int) -> range:
        """Return the places of the bytes in a row; none in that of a block's name."""
        if not self._blocks:
            return range(0)
        block, start = self._place(index)
        return range(start, min(start + self._per_row, len(self._blocks[block].data))) if start >= 0 else range(0)

    def on_resize(self) -> None:
        """Fit as many bytes in a row as there is room for."""
        self._lay_out()

    def on_click(self, event: events.Click) -> None:
        """Choose the byte under the mouse."""
        index, offset = self.row_at(event), event.get_content_offset(self)
        if index is None or offset is None:
            return
        block, start = self._place(index)
        column = offset.x - 8
        in_characters = column >= self._hex_width
        place = column - self._hex_width - 1 if in_characters else (column - (column > 3 * 8)) // 3
        if start >= 0 and 0 <= place < self._per_row and start + place < len(self._blocks[block].data):
            self.post_message(self.ByteChosen(block, start + place))

    def row(self, index: int, width: int) -> Shown:  # noqa: ARG002  rows have one width
        """Return a row: a block's name, bytes, or how many more there are."""
        number, start = self._place(index)
        block = self._blocks[number]
        if start < 0:
            return Shown(f"{block.name}  {byte_size(block.length)}", self.styled("strong"))
        if start >= len(block.data):
            left = block.length - len(block.data)
            return Shown(f"{byte_size(left)} more are not shown" if left else "no bytes", self.styled("dim"))
        here = self.has_focus and index == self.cursor
        text = Shown(f"{start:06x}{'▸' if here else ' '} ", self.styled("strong" if here else "dim"))
        octets, characters = Shown(), Shown()
        chosen = self.chosen if here else None
        for place in self._octets_in(index):
            byte = block.data[place]
            style: Style | str = self.styled("highlight") if self._is_highlighted(number, place) else ""
            style = self.styled("cursor") if (number, place) == chosen else style
            missing = any(first <= place < last for first, last in block.holes)
            octets.append("??" if missing else f"{byte:02x}", style)
            after = self.styled("highlight") if self._is_highlighted(number, place + 1) and style else ""
            octets.append("  " if place - start == 7 else " ", after)
            characters.append(chr(byte) if 0x20 <= byte < 0x7F and not missing else "·", style)
        octets.truncate(self._hex_width, pad=True)
        return text.append(octets).append(" ").append(characters)

    @property
    def _hex_width(self) -> int:
        return 3 * self._per_row + 1

    @property
    def _bottom(self) -> int:
        return round(self.scroll_y) + self.rows_in_sight

    def _is_highlighted(self, block: int, place: int) -> bool:
        if self._found is not None:
            found, start, end = self._found
            return found == block and start <= place < end
        field = self._field
        return field is not None and field.block == block and field.start <= place < field.end

    def _lay_out(self) -> None:
        self._per_row = 16 if self.scrollable_content_region.width >= NARROWEST else 8
        self._starts, at = [], 0
        for block in self._blocks:
            self._starts.append(at)
            at += 1 + -(-len(block.data) // self._per_row) + (block.length > len(block.data) or not block.data)
        self.set_count(at)
        if self._found is not None:
            self.show_octets(*self._found)
        elif self._field is not None:
            self.highlight(self._field)

    def _place(self, index: int) -> tuple[int, int]:
        """Return the block and the place of the first byte in a row; -1 for the row of a block's name."""
        block = max(0, bisect_right(self._starts, index) - 1)
        return block, (index - self._starts[block] - 1) * self._per_row if index > self._starts[block] else -1

    def _row_of(self, block: int, place: int) -> int:
        if block >= len(self._starts):
            return 0
        place = max(0, min(place, len(self._blocks[block].data)))
        return min(self._starts[block] + 1 + place // self._per_row, self.count - 1)
