"""The line in which it is typed what to find."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label

from dicomsniff.tui.keys import Where, bindings
from dicomsniff.tui.one_line import OneLine


class FindLine(Horizontal):
    """Tells what was typed when Enter is pressed, nothing when Escape is; then it goes away."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.FIND)

    class Asked(Message):
        """Typing is over; `text` is empty where nothing is to be found."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    def __init__(self) -> None:
        super().__init__(id="find")
        self.input = OneLine(placeholder="text, or bytes as 08 00; then . goes on and , goes back", compact=True)
        self.display = False

    def compose(self) -> ComposeResult:
        """Put a label before it."""
        yield Label("Find")
        yield self.input

    def open(self) -> None:
        """Show the line and type in it."""
        self.display = True
        self.input.value = ""
        self.screen.set_focus(self.input)

    @on(Input.Changed)
    def keep_changes(self, event: Input.Changed) -> None:
        """Nobody else takes what is typed for theirs."""
        event.stop()

    @on(Input.Submitted)
    def ask(self, event: Input.Submitted) -> None:
        """Tell what was typed."""
        event.stop()
        self.display = False
        self.post_message(self.Asked(event.value.strip()))

    def action_cancel(self) -> None:
        """Find nothing."""
        self.display = False
        self.post_message(self.Asked(""))
