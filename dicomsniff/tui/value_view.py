"""The dialog that shows one field's whole value."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from dicomsniff.tui.dialog import Dialog
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.shown import Shown


class ValueView(Dialog[None]):
    """A field's name, place and value, wrapped."""

    def __init__(self, field: FieldRow, block: str) -> None:
        super().__init__()
        self._field = field
        self._block = block

    def compose(self) -> ComposeResult:
        """Make the box."""
        field = self._field
        with VerticalScroll(id="box") as box:
            box.border_title = Shown(field.name)
            box.border_subtitle = "Esc closes"
            if field.block is not None:
                yield Static(Shown(f"{self._block}, bytes {field.start} to {field.end - 1}", "dim"))
            yield Static(Shown(field.value or "(empty)"))
