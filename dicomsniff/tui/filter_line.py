"""The line in which a filter is typed."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label

from dicomsniff.tui.association_filter import AssociationFilter
from dicomsniff.tui.keys import Where, bindings


class FilterLine(Horizontal):
    """Tells the filter as it is typed; Enter keeps it, Escape clears it. Shown while there is one."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.FILTER)

    class Typed(Message):
        """The text is another one."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    class Done(Message):
        """Typing is over."""

    def __init__(self) -> None:
        super().__init__(id="filter")
        self.input = Input(placeholder="words, or as status >= 0xA000: see dicomsniff filter", compact=True)
        self.problem = Label(id="problem", markup=False)
        self.display = False

    def compose(self) -> ComposeResult:
        """Put a label before it, and what is wrong after it."""
        yield Label("Filter")
        yield self.input
        yield self.problem

    def open(self) -> None:
        """Show the line and type in it."""
        self.display = True
        self.screen.set_focus(self.input)

    def follow(self, chosen: AssociationFilter) -> None:
        """Show the filter as it is, and what is wrong with what is typed."""
        self.problem.update(chosen.problem)
        if self.input.value and not chosen.text:
            self.input.value = ""
            self.display = self.input.has_focus

    @on(Input.Changed)
    def tell(self, event: Input.Changed) -> None:
        """Tell the filter as it is typed."""
        event.stop()
        self.post_message(self.Typed(event.value))

    @on(Input.Submitted)
    def action_keep(self) -> None:
        """Keep the filter."""
        self.display = bool(self.input.value.strip())
        self.post_message(self.Done())

    def action_clear(self) -> None:
        """Clear the filter."""
        self.input.value = ""
        self.action_keep()
