"""Looks for text in the rows of a view's panes: from the cursor on and around, then in the other panes."""

from collections.abc import Iterator, Sequence
from itertools import chain

from dicomsniff.tui.row_list import RowList


class Search:
    """Goes through the rows, one a step; `found` is the first that has the text, in which pane and where."""

    def __init__(self, panes: Sequence[RowList], current: RowList, text: str, step: int) -> None:
        self._panes, self._current = panes, current
        self._text, self._step = text.casefold(), step
        self.found: tuple[RowList, int] | None = None

    def steps(self) -> Iterator[None]:
        """Look at a row in each step, until one is found or all were looked at."""
        for pane, place in self._places():
            if place < pane.searched and self._text in pane.searched_text(place).casefold():
                self.found = pane, place
                return
            yield

    def _places(self) -> Iterator[tuple[RowList, int]]:
        at, step, current = self._panes.index(self._current), self._step, self._current
        here = current.searched_from
        after = range(here + 1, current.searched) if step > 0 else range(min(here, current.searched) - 1, -1, -1)
        before = range(here + 1) if step > 0 else range(current.searched - 1, max(here, 0) - 1, -1)
        others = (*self._panes[at + 1 :], *self._panes[:at])
        yield from ((current, place) for place in chain(after, before))
        for pane in others[::step]:
            yield from ((pane, place) for place in range(pane.searched)[::step])
