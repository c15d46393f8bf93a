"""What all dialogs share: a titled box over the panes, closed by Escape."""

from typing import ClassVar, TypeVar

from textual.binding import BindingType
from textual.screen import ModalScreen

from dicomsniff.tui.keys import Where, bindings

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """A modal screen whose first child is its box."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.DIALOG, "dialog.close")

    def action_close(self) -> None:
        """Close it with no answer."""
        self.dismiss(None)
