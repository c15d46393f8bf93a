"""The dialog that shows a row whole: a field's value, or what each column says."""

from collections.abc import Sequence
from typing import Self

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from dicomsniff.tui.choice import Choice
from dicomsniff.tui.dialog import Dialog
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.shown import Shown


class ValueView(Dialog[None]):
    """Parts of a row below each other, wrapped."""

    def __init__(self, title: str, parts: Sequence[Choice], note: str = "") -> None:
        super().__init__()
        self._title, self._parts, self._note = title, parts, note

    @classmethod
    def of_field(cls, field: FieldRow, block: str) -> Self:
        """Show a field's value, and where in a block of bytes it is."""
        note = f"{block}, bytes {field.start} to {field.end - 1}" if field.block is not None else ""
        return cls(field.name, [Choice("", field.value or "(empty)")], note)

    def compose(self) -> ComposeResult:
        """Make the box."""
        with VerticalScroll(id="box") as box:
            box.border_title = Shown(self._title)
            box.border_subtitle = "Esc closes"
            if self._note:
                yield Static(Shown(self._note, "dim"))
            for part in self._parts:
                text = Shown(f"{part.what}  " if part.what else "", "bold")
                yield Static(text.append(part.says, "not bold"))
