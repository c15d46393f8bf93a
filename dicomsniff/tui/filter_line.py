"""The line in which a filter is typed."""

from typing import ClassVar

from rich.highlighter import Highlighter
from rich.text import Text  # noqa: TID251  what is typed is only marked
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Label

from dicomsniff.tui.association_filter import AssociationFilter
from dicomsniff.tui.keys import Where, bindings


class WrongFrom(Highlighter):
    """Marks what is typed from the place on where it is wrong."""

    def __init__(self) -> None:
        self.place: int | None = None

    def highlight(self, text: Text) -> None:
        """Mark it: without colours, too."""
        if self.place is not None:
            text.stylize("bold underline reverse", self.place, self.place + 1)
            text.stylize("bold underline", self.place)


class FilterLine(Vertical):
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
        self._wrong = WrongFrom()
        self.input = Input(
            placeholder="words, or as status >= 0xA000: see dicomsniff filter", compact=True, highlighter=self._wrong
        )
        self.problem = Label(id="problem", markup=False)
        self.display = self.problem.display = False

    def compose(self) -> ComposeResult:
        """Put a label before it, and what is wrong below it."""
        with Horizontal():
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
        self.problem.display = bool(chosen.problem)
        if self._wrong.place != chosen.wrong_from:
            self._wrong.place = chosen.wrong_from
            self.input.refresh()
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
