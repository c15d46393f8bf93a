"""What all views share: panes to go through, one of which may be zoomed, and what Enter and Escape do in them."""

import time
from collections.abc import Iterator
from typing import Any, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.geometry import Size

from dicomsniff.association.association import Association
from dicomsniff.dimse.message import Message
from dicomsniff.quantities import counted
from dicomsniff.tui.choice import Choice
from dicomsniff.tui.column_list import ColumnList
from dicomsniff.tui.copying import copyable
from dicomsniff.tui.field_tree import FieldTree
from dicomsniff.tui.keys import Where, bindings
from dicomsniff.tui.link_book import Target
from dicomsniff.tui.menu import Menu
from dicomsniff.tui.navigation import find_target
from dicomsniff.tui.related import stored
from dicomsniff.tui.row_list import RowList
from dicomsniff.tui.session import Change, Session
from dicomsniff.tui.slices import Chore
from dicomsniff.tui.split import Split
from dicomsniff.tui.value_view import ValueView

FEW = 3
"""Rows for which a list above another pane has room, however few it has."""
PATIENCE = 1.0
"""Seconds until what takes long is found out again, while the capture is being read."""


class View(Vertical):
    """One way to show the selection. It is told of changes while it is in sight, and of all others when it comes."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.VIEW)
    chooser: ColumnList[Any] | None = None
    """The list that is not about the selected association alone, if it selects what is chosen in it."""

    def __init__(self, session: Session, *panes: RowList, body: Split, id: str) -> None:
        super().__init__(id=id, classes="view")
        self.session = session
        self.order = panes
        """The panes in the order in which Tab visits them."""
        self.pane = panes[0]
        """The one that has the focus, or had it last."""
        self.zoomed = False
        self._body = body
        self._due = 0.0
        self._stale = True
        """Whether there may be more than was found out."""
        self._lists = Chore(self.listing)

    @property
    def keys(self) -> list[Where]:
        """Where the keys work that do something in this view."""
        return [Where.VIEW, *dict.fromkeys(where for pane in self.order for where in pane.PLACES)]

    def compose(self) -> ComposeResult:
        """Put the panes in their places."""
        yield self._body

    def take(self, change: Change) -> None:
        """Show what is another one."""
        raise NotImplementedError

    def why_empty(self, nothing: str, so_far: str, because: str = "") -> str:
        """Say why there is `nothing`, of all associations for a reason, or of those that the filter lets through."""
        listing = self.session.listing
        if self.session.reading:
            return so_far
        if len(listing.listed) < len(listing.all):
            return f"{nothing} in the associations that the filter lets through"
        return f"{nothing}{because}"

    def is_due(self, change: Change) -> bool:
        """Whether what takes long is to be found out anew: there may be more, and it was not done a moment ago."""
        self._stale |= bool(change & Change.LISTING)
        if not self._stale or (self.session.reading and time.monotonic() < self._due):
            return False
        self._due, self._stale = time.monotonic() + PATIENCE, False
        return True

    def list_if_due(self, change: Change) -> None:
        """List the rows anew where there may be others."""
        if self.is_due(change) and self._lists.ask():
            self.list_on()

    def listing(self) -> Iterator[None]:
        """List the rows anew, a little in each step, where a view does that only when it is due."""
        yield from ()

    @work(group="listing")
    async def list_on(self) -> None:
        """List on between keys; then go where the selection is."""
        await self._lists.finish()
        self.take(Change.ASSOCIATION | Change.ENTRY)

    def on_mount(self) -> None:
        """Arrange the panes before the first frame."""
        self.lay_out(self.app.size)

    def on_resize(self, event: events.Resize) -> None:
        """Show what there is room for."""
        self.lay_out(event.size)

    def lay_out(self, size: Size) -> None:
        """Arrange the panes for a size."""
        self._body.lay_out(size, self.pane, zoomed=self.zoomed)

    def fit(self, rows: RowList, count: int) -> None:
        """Give a list above another pane no more lines than it takes for so many rows."""
        self._body.need(max(count, FEW) + rows.HEADER_LINES + 2)

    def go_to(self, pane: RowList) -> None:
        """Focus a pane; where there is no room for all of them, bring it in sight."""
        self.pane = pane
        self.lay_out(self.size if self.size.area else self.app.size)
        self.screen.set_focus(pane)

    def on_descendant_focus(self) -> None:
        """Remember which pane has the focus, whoever gave it."""
        focused = self.screen.focused
        if focused is not self.pane and isinstance(focused, RowList) and focused in self.order:
            self.pane = focused
            if self.zoomed:
                self.lay_out(self.size)

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        self.go_to(self.order[(self.order.index(self.pane) + 1) % len(self.order)])

    def action_previous_pane(self) -> None:
        """Go to the previous pane."""
        self.go_to(self.order[self.order.index(self.pane) - 1])

    def action_zoom(self) -> None:
        """Show the pane that has the focus alone, or again all there is room for."""
        self.zoomed = not self.zoomed
        self.go_to(self.pane)

    def action_widen(self, steps: int) -> None:
        """Give the pane that has the focus more room, or less."""
        for split in self.query(Split):
            if self.pane in split.parts:
                split.move(steps, self.pane)

    @on(RowList.Opened)
    def open_row(self) -> None:
        """Go into a row that was double-clicked."""
        self.action_open()

    def action_open(self) -> None:
        """Go into the selection: of a field, show its whole value, or go where it leads."""
        pane = self.pane
        if not isinstance(pane, FieldTree):
            self.open_selected()
            return
        field, detail = pane.selected, pane.detail
        if field is None or detail is None:
            return
        if field.target is not None:
            self.follow(field.target)
        else:
            block = detail.blocks[field.block].name if field.block is not None else ""
            self.app.push_screen(ValueView.of_field(field, block))

    def action_whole(self) -> None:
        """Show the row under the cursor whole."""
        pane = self.pane
        if pane.count:
            self.app.push_screen(ValueView("Whole row", [part for part in pane.parts(pane.cursor) if part.says]))

    def select_shown(self) -> str:
        """Select what is under the cursor of a list that is not about the selected association alone.

        Who comes to such a list has selected nothing in it, and means what is in sight all the same: the row's own
        place, not another one of its association. Return why that has none; empty where it has.
        """
        if self.chooser is not None:
            self.chooser.choose()
        return ""

    def action_copy(self) -> None:
        """Copy what is selected; where that is several things, list them first."""
        found = copyable(self.session, self.pane, of_selection=not self.select_shown())
        if len(found) > 1:
            self.app.push_screen(Menu("Copy", "copies", found), self._copy)
        elif found:
            self._copy(found[0])

    def _copy(self, chosen: Choice | None) -> None:
        if chosen is not None:
            self.app.copy_to_clipboard(chosen.says)
            self.app.notify(
                f"copied by way of the terminal: {chosen.what}, {counted(len(chosen.says), 'character', ',')}"
            )

    def open_selected(self) -> None:
        """Go into the selection of a pane that is no list of fields."""
        self.action_next_pane()

    def action_leave(self) -> None:
        """Go one pane back; from the first one, to the overview. While something is sought, end that."""
        if self.session.seeking is not None:
            self.session.seeking.set()
            return
        place = self.order.index(self.pane)
        if place:
            self.go_to(self.order[place - 1])
        else:
            self.session.show("overview")

    @property
    def object(self) -> tuple[Association, Message] | None:
        """The request that stores the selected object, and its association."""
        association, message = self.session.association, stored(self.session.entry)
        return (association, message) if association is not None and message is not None else None

    def follow_if(self, target: Target | None) -> None:
        """Go where a line leads, if one was chosen."""
        if target is not None:
            self.follow(target)

    def follow(self, target: Target) -> None:
        """Go where a line leads."""
        place = find_target(self.session, target)
        if place is not None:
            self.session.awaited = target if self.session.reopening.is_due(place.association) else None
            self.session.go(place._replace(view="exchange"))
        else:
            self.app.notify(f"association {target.association} was given up to bound memory")
