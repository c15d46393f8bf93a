"""The dialog that shows every key, made from the bindings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rich.table import Table
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from dicomsniff.tui.dialog import Dialog
from dicomsniff.tui.keys import KEYS, Key, Where
from dicomsniff.tui.shown import Shown

LEGEND = (
    ("E W N", "error, warning, note: the worst finding of an association or entry"),
    ("──▶ ◀──", "sent by the requestor, sent by the acceptor"),
    ("┄┄▶ ◀┄┄", "TCP ends, incomplete messages, bytes that are missing or not readable"),
    ("→ ▸", "leads to another message; rows below are folded"),
    ("mouse", "click selects, double click opens, a click on a byte selects its field"),
)


class Section(NamedTuple):
    """Rows of keys, or of signs, and what they mean, below a title."""

    title: str
    rows: Sequence[tuple[str, str]]


class KeyHelp(Dialog[None]):
    """What the view in sight shows and the keys that work in it; then those of all views."""

    def __init__(
        self,
        title: str,
        meaning: str,
        views: Sequence[tuple[str, str]],
        places: Sequence[Where],
        chosen: Mapping[str, str],
    ) -> None:
        super().__init__()
        self._keys = chosen
        self._title, self._meaning = title, meaning
        self._views, self._places = views, places

    def compose(self) -> ComposeResult:
        """Make the box."""
        with VerticalScroll(id="box", classes="tall") as box:
            box.border_title = Shown(f"Keys: {self._title}")
            box.border_subtitle = "Esc closes"
            yield Static(self._table())

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column()
        table.add_row(Shown(self._title, "bold underline"), Shown(self._meaning))
        for section in self._sections():
            table.add_row("", "")
            table.add_row(Shown(section.title, "bold underline"), "")
            for keys, meaning in section.rows:
                table.add_row(Shown(f"  {keys}", "bold"), Shown(meaning))
        return table

    def _sections(self) -> Iterator[Section]:
        yield from (self._keys_of(where) for where in self._places)
        yield Section("Views", self._views)
        yield from (
            self._keys_of(where)
            for where in (Where.WORKSPACE, Where.FILTER, Where.FIND, Where.DIALOG, Where.PROMPT, Where.EVERYWHERE)
        )
        yield Section("Signs", LEGEND)

    def _keys_of(self, where: Where) -> Section:
        return Section(where.value, [(self._display(key), key.meaning) for key in KEYS if key.where is where])

    def _display(self, key: Key) -> str:
        keys = self._keys.get(key.id)
        if keys is None and key.display:
            return key.display
        return " ".join(self.app.get_key_display(Binding(each, "")) for each in (keys or key.keys).split(","))
