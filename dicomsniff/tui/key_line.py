"""The line that names the keys that work where the user is."""

from typing import ClassVar

from textual import events
from textual.binding import Binding
from textual.screen import Screen
from textual.widget import Widget

from dicomsniff.tui.shown import Shown

KEPT = ("app.keys", "app.quit")
"""What is named however little room there is: what tells of all others, and the way out."""


class KeyLine(Widget):
    """Key by key what it does; a click presses it. Where there is little room, the last ones are left out.

    Textual's own line has a widget for each key, and makes all of them anew wherever the focus goes.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-line--key"}

    def __init__(self, *several: Binding) -> None:
        """Name bindings that stand for several, such as `1-7`, too: before all others, where they work."""
        super().__init__(id="keys")
        self._several = several
        self._named: list[Binding] = []
        self._places: list[tuple[int, int, Binding]] = []

    def on_mount(self) -> None:
        """Follow what works."""
        self.screen.bindings_updated_signal.subscribe(self, self._take)

    def _take(self, screen: Screen[object]) -> None:
        active = {key: each.binding for key, each in screen.active_bindings.items() if each.enabled}
        bindings = [each for each in self._several if each.key in active]
        bindings += [each for each in active.values() if each.show]
        if bindings != self._named:
            self._named = bindings
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        for first, last, binding in self._places:
            if first <= event.x < last:
                self.app.simulate_key(binding.key)

    def render(self) -> Shown:
        """Draw what there is room for."""
        line, self._places = Shown(), []
        said = [(each, self.app.get_key_display(each)) for each in self._named]
        while len(said) > len(KEPT) and sum(_cells(*each) + 1 for each in said) - 1 > self.size.width:
            said.remove(next(each for each in reversed(said) if each[0].id not in KEPT))
        for binding, key in said:
            first = line.cell_len
            line.append(key, self.get_component_rich_style("key-line--key", partial=True))
            line.append(f" {binding.description}")
            self._places.append((first, line.cell_len, binding))
            line.append(" ")
        return line


def _cells(binding: Binding, key: str) -> int:
    return len(key) + 1 + len(binding.description)
