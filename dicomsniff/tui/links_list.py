"""The dialog that lists what belongs together: a line per link, and below it a line per message or association."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static

from dicomsniff.tui.dialog import Dialog
from dicomsniff.tui.keys import Where, bindings
from dicomsniff.tui.link_book import LinkLines, Target
from dicomsniff.tui.row_list import RowList
from dicomsniff.tui.said import allowed
from dicomsniff.tui.shown import Shown

MAX_PARTS = 50
"""Parts of a link that are listed."""
MANY = 1000
"""Links up to which one is looked for by where it leads."""
KIND_WIDTH = 18
SHORTER = {
    "delivery without its C-MOVE": "C-MOVE",
    "associations between the same ends": "same ends",
    "storage commitment": "commitment",
    "modality performed procedure step": "procedure step",
    "unified procedure step": "procedure step",
}
"""Kinds of links by names that fit their column."""


class LinkRows(RowList):
    """What each link is and comes to; its parts are indented below it."""

    HEADER_LINES = 1
    EMPTY = "nothing that belongs together was found in the associations that are over"

    def __init__(self, links: list[LinkLines]) -> None:
        super().__init__()
        self.links = links
        self._lines: list[tuple[int, int]] = []
        """A link's place, and that of its part; -1 for the link's own line."""

    def on_mount(self) -> None:
        """Lay the rows out."""
        self.show(self.links)

    def show(self, links: list[LinkLines]) -> None:
        """List other links; the cursor stays where it leads, unless that is costly to find."""
        target = self.selected if len(links) <= MANY else None
        self.links = links
        self._lines = [
            (place, part) for place, link in enumerate(links) for part in range(-1, min(link.count, MAX_PARTS))
        ]
        self.set_count(len(self._lines))
        if target is not None:
            self.select(target)

    def select(self, target: Target) -> None:
        """Put the cursor on the first line that leads to a message."""
        for index in range(len(self._lines)):
            if self._target(index)[:2] == target[:2]:
                self.move_to(index)
                return

    @property
    def link(self) -> LinkLines | None:
        """The link under the cursor."""
        return self.links[self._lines[self.cursor][0]] if self.cursor < len(self._lines) else None

    @property
    def selected(self) -> Target | None:
        """Where the line under the cursor leads."""
        return self._target(self.cursor) if self.cursor < len(self._lines) else None

    def header_line(self, number: int, width: int) -> Shown:  # noqa: ARG002  there is one line
        """Name the columns."""
        return Shown(f"{'what':<{KIND_WIDTH}}how it went")

    def row(self, index: int, width: int) -> Shown:  # noqa: ARG002  rows are cut by the list
        """Return a link's row, or that of a part of it."""
        place, part = self._lines[index]
        link = self.links[place]
        if part >= 0:
            last = index + 1 == len(self._lines) or self._lines[index + 1][1] < 0
            sign = "└" if last else "├"
            return Shown(f"{'':<{KIND_WIDTH}}  {sign} {link.parts[part].text}", self.styled("dim"))
        style = self.styled("warning") if link.explanation else self.styled("strong")
        row = Shown(f"{SHORTER.get(link.kind, link.kind):<{KIND_WIDTH}}", style)
        return row.append(link.target.text, "not bold")

    def _target(self, index: int) -> Target:
        place, part = self._lines[index]
        return self.links[place].parts[part] if part >= 0 else self.links[place].target


class LinksList(Dialog[Target]):
    """What belongs together; gives where to go."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.DIALOG)

    def __init__(self, links: list[LinkLines], here: Target | None, *, everything: bool) -> None:
        super().__init__()
        self.everything = everything
        """Whether it lists all links there are."""
        self.rows = LinkRows(links)
        self._here = here

    def compose(self) -> ComposeResult:
        """Make the box: the list, and below it the selected line in full."""
        with Vertical(id="box", classes="wide") as box:
            box.border_title = "What belongs together"
            box.border_subtitle = "Enter goes there, Esc closes"
            yield self.rows
            yield Static(id="selected")

    def on_mount(self) -> None:
        """Begin where the user is."""
        if self._here is not None:
            self.rows.select(self._here)
        self.show_selected()

    def show(self, links: list[LinkLines]) -> None:
        """List other links."""
        self.rows.show(links)
        self.show_selected()

    @on(RowList.Highlighted)
    def show_selected(self) -> None:
        """Show the selected line in full, and why what went wrong did."""
        link, target = self.rows.link, self.rows.selected
        if link is None or target is None:
            return
        text = Shown(target.text)
        if link.explanation:
            text.append_line(f"Likely because {allowed(link.explanation)}", "bold")
        if more := max(0, link.count - MAX_PARTS) + link.unlisted:
            text.append_line(f"{more} further parts are not listed", "dim")
        self.query_one("#selected", Static).update(text)

    @on(RowList.Opened)
    def action_choose(self) -> None:
        """Go where the selected line leads."""
        self.dismiss(self.rows.selected)
