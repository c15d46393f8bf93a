"""The time of one association on a line: when bytes were on their way, and whose turn it was while none were."""

from typing import ClassVar

from textual.widget import Widget

from dicomsniff.association.association import Association
from dicomsniff.quantities import duration
from dicomsniff.tui.session import Session
from dicomsniff.tui.shown import Shown
from dicomsniff.words.turns import Turn, turns

SIGNS = {Turn.ACCEPTOR: "█", Turn.REQUESTOR: "▒", Turn.UNDERWAY: "·"}
MANY = 20_000
"""Entries of an association from which on its bar is drawn when it is over, and not while it grows."""


class TimeBar(Widget):
    """A cell for each share of the time, and below it what the signs mean."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"time-bar--requestor", "time-bar--acceptor", "time-bar--underway"}

    def __init__(self, session: Session) -> None:
        super().__init__(id="time-bar")
        self._session = session
        self._drawn: tuple[tuple[object, ...], list[Turn]] = ((), [])

    def render(self) -> Shown:
        """Draw it: not before, as styles and size are known then."""
        association = self._session.shown
        if association is None or not self._session.entries:
            return Shown()
        start, end = association.start_time, association.end_time
        begins, ends = "0 s ", f" {duration(end - start)}"
        cells = max(1, self.size.width - len(begins) - len(ends))
        line = Shown().append(begins, "dim")
        for turn in self._turns(association, cells):
            line.append(SIGNS[turn], self.get_component_rich_style(f"time-bar--{turn.name.lower()}"))
        line.append(ends, "dim")
        return line.append_line("    " + "   ".join(f"{sign} {turn.value}" for turn, sign in SIGNS.items()), "dim")

    def _turns(self, association: Association, cells: int) -> list[Turn]:
        entries = self._session.entries
        count = len(entries) if len(entries) < MANY or association.closed else MANY
        state = (association, cells, count, association.end_time if count < MANY else association.closed)
        if self._drawn[0] != state:
            self._drawn = (state, turns(entries, association.start_time, association.end_time, cells))
        return self._drawn[1]
