"""The dialog that shows every key, made from the bindings."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import NamedTuple

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.widget import Widget

from dicomsniff.tui.columns import GAP
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


class HelpText(Widget):
    """Sections in two columns. It lays them out itself: a table of rich's takes long enough to be noticed."""

    def __init__(self, sections: Sequence[Section]) -> None:
        super().__init__()
        self._sections = sections
        self._room = 2 + max(cell_len(keys) for section in sections for keys, _ in section.rows)
        self._laid_out: tuple[int, Shown] = (0, Shown())

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return how many lines it takes in so many cells."""
        return self._text(width).plain.count("\n") + 1

    def render(self) -> Shown:
        """Draw it in the cells there are."""
        return self._text(self.size.width)

    def _text(self, width: int) -> Shown:
        if self._laid_out[0] != width:
            self._laid_out = (width, self._lay_out(width))
        return self._laid_out[1]

    def _lay_out(self, width: int) -> Shown:
        text = Shown()
        for section in self._sections:
            if text:
                text.append_line("").append_line("")
            first, *more = wrap(section.title, max(width, 1))
            text.append(first, "bold underline")
            for line in more:
                text.append_line(line, "bold underline")
            for keys, meaning in section.rows:
                room = self._room + 2 * GAP
                first, *more = wrap(meaning, max(width - room, 1)) or [""]
                text.append_line(f"  {keys}".ljust(room + len(keys) - cell_len(keys)), "bold").append(first, "not bold")
                for line in more:
                    text.append_line(" " * room + line)
        return text


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
            yield HelpText([Section(f"{self._title}: {self._meaning}", ()), *self._sections()])

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
