"""The line in which a filter is typed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.highlighter import Highlighter
from rich.text import Text  # noqa: TID251  what is typed is only marked
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Label

from dicomsniff.filter.offers import Offer
from dicomsniff.tui.association_filter import AssociationFilter
from dicomsniff.tui.filter_completion import FilterCompletion
from dicomsniff.tui.filter_history import FilterHistory
from dicomsniff.tui.keys import Where, bindings
from dicomsniff.tui.offer_line import OfferLine
from dicomsniff.tui.one_line import OneLine
from dicomsniff.tui.slices import turn


class WrongFrom(Highlighter):
    """Marks what is typed from the place on where it is wrong."""

    def __init__(self) -> None:
        self.place: int | None = None

    def highlight(self, text: Text) -> None:
        """Mark it: without colours, too."""
        if self.place is not None:
            text.stylize("bold underline reverse", self.place, self.place + 1)
            text.stylize("bold underline", self.place)


@dataclass(slots=True)
class _Written:
    """What was written by completing: one of some offers, between two characters of the text."""

    offers: Sequence[Offer]
    chosen: int
    start: int
    end: int
    text: str = ""
    """The whole text with it."""


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

    def __init__(self, completion: FilterCompletion, history: FilterHistory) -> None:
        super().__init__(id="filter")
        self._completion, self._history = completion, history
        self._wrong = WrongFrom()
        self.input = OneLine(
            placeholder="words, or as status >= 0xA000: see dicomsniff filter", compact=True, highlighter=self._wrong
        )
        self.problem = Label(id="problem", markup=False)
        self.offers = OfferLine()
        self.display = self.problem.display = False
        self._written: _Written | None = None
        self._looks = False

    def compose(self) -> ComposeResult:
        """Put a label before it, and below it what is wrong and what may be written."""
        with Horizontal():
            yield Label("Filter")
            yield self.input
        yield self.problem
        yield self.offers

    def open(self) -> None:
        """Show the line and type in it."""
        self.display = True
        self.screen.set_focus(self.input)
        self._look()

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
        self._look()
        self.post_message(self.Typed(event.value))

    @on(Input.Submitted)
    def action_keep(self) -> None:
        """Keep the filter."""
        self._history.add(self.input.value)
        self._leave()

    def action_clear(self) -> None:
        """Clear the filter."""
        self.input.value = ""
        self._leave()

    def action_older(self) -> None:
        """Write the filter that was used before."""
        self._write(self._history.older(self.input.value))

    def action_newer(self) -> None:
        """Write the filter that was used after it; where nobody has gone back, keep what is typed."""
        text = self._history.newer()
        if text is None:
            self.action_keep()
        else:
            self._write(text)

    def action_complete(self, step: int) -> None:
        """Write what is offered; again, the next offer instead of it."""
        written = self._written
        if written is None:
            offers = self._completion.offers
            if not offers:
                return
            start, end = self._completion.start, self.input.cursor_position
            written = _Written(offers, 0 if step > 0 else len(offers) - 1, start, end)
        else:
            written.chosen = (written.chosen + step) % len(written.offers)
        is_alone = len(written.offers) == 1
        said = written.offers[written.chosen].text + (" " if is_alone else "")
        text = self.input.value
        written.text = f"{text[: written.start]}{said}{text[written.end :]}"
        written.end = written.start + len(said)
        self._written = None if is_alone else written  # what follows is offered at once
        self._write(written.text, written.end)

    def _write(self, text: str | None, at: int | None = None) -> None:
        if text is not None:
            self.input.value = text
            self.input.cursor_position = len(text) if at is None else at

    def _look(self) -> None:
        """Offer what may be written where the cursor is."""
        written = self._written
        if written is not None and written.text == self.input.value:
            self.offers.show(written.offers, written.chosen)
            return
        self._written = None
        if self.screen.focused is not self.input:
            return
        self._completion.look(self.input.value, self.input.cursor_position)
        self.offers.show(self._completion.offers)
        if self._completion.is_busy and not self._looks:
            self._looks = True
            self.look_on()

    @work(group="offering")
    async def look_on(self) -> None:
        """Look through the capture for values a little at a time, between keys."""
        while self._completion.is_busy:
            await turn()
            self._completion.go_on()
        self._looks = False
        if self._written is None and self.screen.focused is self.input:
            self.offers.show(self._completion.offers)

    def _leave(self) -> None:
        self._written = None
        self.offers.show(())
        self.display = bool(self.input.value.strip())
        self.post_message(self.Done())
