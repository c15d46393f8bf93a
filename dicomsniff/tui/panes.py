"""The four panes and their arrangement: all at once where there is room, else lists or detail."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from dicomsniff.findings.collector import Collector
from dicomsniff.tui.association_table import AssociationTable
from dicomsniff.tui.field_tree import FieldTree
from dicomsniff.tui.hex_view import HexView
from dicomsniff.tui.keys import Where, bindings
from dicomsniff.tui.message_ladder import MessageLadder
from dicomsniff.tui.row_list import RowList

ROOMY = 120
"""Columns from which on all panes are shown."""


DETAIL_WIDTH = 80
"""Columns of fields and bytes beside the exchange: enough for 16 bytes in a row."""


class Panes(Vertical):
    """Associations and their exchange, then fields and bytes."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.PANES)

    def __init__(self, collector: Collector) -> None:
        super().__init__(id="panes")
        self.table = AssociationTable(collector)
        self.ladder = MessageLadder()
        self.fields = FieldTree()
        self.bytes = HexView()
        self.detail = Vertical(id="detail")
        self.order: tuple[RowList, ...] = (self.table, self.ladder, self.fields, self.bytes)

    def compose(self) -> ComposeResult:
        """Put the panes in their places."""
        yield self.table
        with Horizontal(id="exchange"):
            yield self.ladder
            with self.detail:
                yield self.fields
                yield self.bytes

    def on_mount(self) -> None:
        """Arrange them before the first frame."""
        self._arrange(self.app.size.width, self.table)

    def on_resize(self, event: events.Resize) -> None:
        """Show what there is room for."""
        self._arrange(event.size.width, self.focused)

    def go_to(self, pane: RowList) -> None:
        """Focus a pane; where there is no room for all of them, bring it in sight."""
        self._arrange(self.app.size.width, pane)
        self.screen.set_focus(pane)

    def _arrange(self, width: int, pane: RowList) -> None:
        roomy, in_detail = width >= ROOMY, pane in (self.fields, self.bytes)
        # Set here and not by classes, whose styles come a moment later: a hidden pane takes no focus.
        self.table.display = self.ladder.display = roomy or not in_detail
        self.detail.display = roomy or in_detail
        self.detail.styles.width = DETAIL_WIDTH if roomy else "1fr"

    @property
    def current(self) -> int:
        """The place of the focused pane."""
        return next((place for place, pane in enumerate(self.order) if pane is self.screen.focused), 0)

    @property
    def focused(self) -> RowList:
        """The focused pane; the associations where none is."""
        return self.order[self.current]

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        self.go_to(self.order[(self.current + 1) % len(self.order)])

    def action_previous_pane(self) -> None:
        """Go to the previous pane."""
        self.go_to(self.order[self.current - 1])
