"""The time of one association on a line: when bytes were on their way, and whose turn it was while none were."""

from collections.abc import Iterator
from typing import ClassVar

from textual import work
from textual.widget import Widget

from dicomsniff.association.association import Association
from dicomsniff.quantities import duration
from dicomsniff.tui.session import Session
from dicomsniff.tui.shown import Shown
from dicomsniff.tui.slices import Chore
from dicomsniff.words.turns import Turn, dividing

SIGNS = {Turn.ACCEPTOR: "█", Turn.REQUESTOR: "▒", Turn.UNDERWAY: "·"}
MANY = 20_000
"""Entries of an association from which on its bar is drawn when it is over, and not while it grows."""


class TimeBar(Widget):
    """A cell for each share of the time, and below it what the signs mean."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"time-bar--requestor", "time-bar--acceptor", "time-bar--underway"}

    def __init__(self, session: Session) -> None:
        super().__init__(id="time-bar")
        self._session = session
        self._association: Association | None = None
        """The one whose time is drawn."""
        self._turns: list[Turn] = []
        self._known: tuple[object, ...] = ()
        """What that was found out of."""
        self._divides = Chore(self._dividing)

    def show(self) -> None:
        """Draw the time of the selected association, as far as that is known."""
        if self._state() != self._known and self._divides.ask():
            self.divide_on()
        self.refresh()

    def on_resize(self) -> None:
        """Divide time into as many cells as there are now."""
        self.show()

    @work(group="dividing")
    async def divide_on(self) -> None:
        """Divide on between keys."""
        await self._divides.finish()

    def _state(self) -> tuple[object, ...]:
        association = self._session.shown
        if association is None:
            return (None,)
        count = self._count(association)
        until = association.end_time if count < MANY else association.closed
        return association, self._cells(association), count, until

    def _count(self, association: Association) -> int:
        """Return how many entries the bar is about."""
        return len(self._session.entries) if association.closed else min(len(self._session.entries), MANY)

    def _dividing(self) -> Iterator[None]:
        state, association, found = self._state(), self._session.shown, list[Turn]()
        if association is not self._association:
            self._association, self._turns = association, []
        if association is not None:
            start, end, cells = association.start_time, association.end_time, self._cells(association)
            yield from dividing(found, self._session.entries[: self._count(association)], start, end, cells)
        self._turns, self._known = found, state
        self.refresh()

    def _cells(self, association: Association) -> int:
        return max(1, self.size.width - sum(map(len, _ends(association))))

    def render(self) -> Shown:
        """Draw it: not before, as styles are known then."""
        association = self._session.shown
        if association is None or not self._session.entries:
            return Shown()
        begins, ends = _ends(association)
        line = Shown().append(begins, "dim")
        for turn in self._turns if association is self._association else ():
            line.append(SIGNS[turn], self.get_component_rich_style(f"time-bar--{turn.name.lower()}"))
        line.append(ends, "dim")
        return line.append_line("    " + "   ".join(f"{sign} {turn.value}" for turn, sign in SIGNS.items()), "dim")


def _ends(association: Association) -> tuple[str, str]:
    """Say when it begins and ends."""
    return "0 s ", f" {duration(association.end_time - association.start_time)}"
