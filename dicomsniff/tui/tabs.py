"""The line that names the views, the one in sight marked."""

from collections.abc import Sequence

from textual import events
from textual.message import Message
from textual.widgets import Static

from dicomsniff.tui.shown import Shown

Tab = tuple[str, str, str]
"""A view's id, key and title."""


class Tabs(Static):
    """Every view by key and title; a click shows it. Where there is little room, only the one in sight has a title."""

    class Clicked(Message):
        """A view was clicked."""

        def __init__(self, view: str) -> None:
            self.view = view
            super().__init__()

    def __init__(self, tabs: Sequence[Tab]) -> None:
        super().__init__(id="tabs")
        self._tabs = tabs
        self._current = ""
        self._places: list[tuple[int, int, str]] = []

    def show(self, current: str) -> None:
        """Mark the view in sight."""
        self._current = current
        self._draw()

    def on_resize(self) -> None:
        """Draw what there is room for."""
        self._draw()

    def on_click(self, event: events.Click) -> None:
        """Show the view that was clicked."""
        for first, last, view in self._places:
            if first <= event.x < last:
                self.post_message(self.Clicked(view))

    def _draw(self) -> None:
        least = sum(len(key) + len(title) + 2 for _, key, title in self._tabs)
        lead = " " if least + len(self._tabs) <= self.size.width else ""
        line, self._places = Shown(), []
        for view, key, title in self._tabs:
            is_current = view == self._current
            text = f"{lead}{key} {title} " if is_current or least <= self.size.width else f"{lead}{key} "
            self._places.append((line.cell_len, line.cell_len + len(text), view))
            line.append(text, "bold reverse" if is_current else "not bold not reverse")
        self.update(line)
