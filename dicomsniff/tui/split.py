"""Two panes that share a view, beside or below each other: how, is said by breakpoints and shares."""

from typing import NamedTuple

from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Size
from textual.widget import Widget

STEP, LEAST = 8, 16
"""Percent by which a split moves at a time, and those that each side keeps."""


class Arrangement(NamedTuple):
    """How two panes are arranged in a view of at least so many columns and lines."""

    width: int
    height: int
    share: int
    """Percent for the first of them."""
    beside: bool = False
    """Whether the second is beside the first, and not below it."""
    at_once: bool = True
    """Whether both are shown, and not only the one that has the focus."""


class Split(Container):
    """Two panes, of which either may be split again."""

    def __init__(self, first: Widget, second: Widget, arrangements: tuple[Arrangement, ...], *, id: str) -> None:
        super().__init__(id=id)
        self.parts = (first, second)
        self._arrangements = arrangements
        """The roomiest first; the last one fits always."""
        self._moved: dict[Arrangement, int] = {}
        """Shares that the user has chosen."""
        self._current = arrangements[-1]
        self._needed: int | None = None

    def compose(self) -> ComposeResult:
        """Put both parts in their places."""
        yield from self.parts

    def lay_out(self, size: Size, pane: Widget, *, zoomed: bool) -> None:
        """Arrange the parts for a view of this size in which a pane has the focus; if `zoomed`, that alone is shown.

        Styles are set here and not by classes, which come a moment later: a hidden pane takes no focus.
        """
        fits = (each for each in self._arrangements if each.width <= size.width and each.height <= size.height)
        self._current = next(fits, self._arrangements[-1])
        both = self._current.at_once and not zoomed
        first, second = self.parts
        in_second = holds(second, pane)
        first.display, second.display = both or not in_second, both or in_second
        self._share(both=both)
        for part in self.parts:
            if isinstance(part, Split):
                part.lay_out(size, pane, zoomed=zoomed)

    def need(self, lines: int) -> None:
        """Say how many lines the first part needs: above the second it takes no more until somebody moves the split."""
        if lines != self._needed:
            self._needed = lines
            self._share(both=all(part.display for part in self.parts))

    def move(self, steps: int, pane: Widget) -> None:
        """Give the part that holds a pane more room, or less."""
        first, second = self.parts
        if not (first.display and second.display):
            return
        share = self._moved.get(self._current, self._current.share)
        share += steps * STEP * (-1 if holds(second, pane) else 1)
        self._moved[self._current] = max(LEAST, min(share, 100 - LEAST))
        self._share(both=True)

    def _share(self, *, both: bool) -> None:
        share = self._moved.get(self._current, self._current.share)
        beside = both and self._current.beside
        self.styles.layout = "horizontal" if beside else "vertical"
        for part, own in zip(self.parts, (share, 100 - share), strict=True):
            part.styles.width = f"{own}fr" if beside else "1fr"
            part.styles.height = f"{own}fr" if both and not beside else "1fr"
        is_bounded = both and not beside and self._current not in self._moved
        self.parts[0].styles.max_height = self._needed if is_bounded else None


def holds(part: Widget, pane: Widget) -> bool:
    """Whether a pane is a part, or in it."""
    return part is pane or (isinstance(part, Split) and any(holds(each, pane) for each in part.parts))
