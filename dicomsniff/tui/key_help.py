"""The dialog that shows every key, made from the bindings."""

from rich.table import Table
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from dicomsniff.tui.dialog import Dialog
from dicomsniff.tui.keys import KEYS, Where
from dicomsniff.tui.shown import Shown

LEGEND = (
    ("E W N", "error, warning, note: the worst finding of an association or entry"),
    ("──▶ ◀──", "sent by the requestor, sent by the acceptor"),
    ("┄┄▶ ◀┄┄", "TCP ends, incomplete messages, bytes that are missing or not readable"),
    ("→ ▸", "leads to another message; rows below are folded"),
    ("mouse", "click selects, double click opens, a click on a byte selects its field"),
)


class KeyHelp(Dialog[None]):
    """Every key, by where it works."""

    def compose(self) -> ComposeResult:
        """Make the box."""
        with VerticalScroll(id="box", classes="tall") as box:
            box.border_title = "Keys"
            box.border_subtitle = "Esc closes"
            yield Static(self._table())

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column()
        for where in Where:
            table.add_row(Shown(where.value, "bold underline"), "")
            for key in KEYS:
                if key.where is where:
                    shown = [self.app.get_key_display(Binding(each, "")) for each in key.keys.split(",")]
                    keys = key.display or " ".join(shown)
                    table.add_row(Shown(f"  {keys}", "bold"), Shown(key.meaning))
            table.add_row("", "")
        table.add_row(Shown("Signs", "bold underline"), "")
        for sign, meaning in LEGEND:
            table.add_row(Shown(f"  {sign}", "bold"), Shown(meaning))
        return table
