"""The view of where time went: the longest waits of the capture, and all the time of the selected association."""

from collections.abc import Iterator

from textual.app import ComposeResult

from dicomsniff.association.association import Association
from dicomsniff.findings.slowness import slow_because
from dicomsniff.tui.detail import Detail
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.field_tree import FieldTree
from dicomsniff.tui.link_book import Target
from dicomsniff.tui.navigation import find_wait
from dicomsniff.tui.session import Change, Session
from dicomsniff.tui.split import Arrangement, Split
from dicomsniff.tui.time_bar import TimeBar
from dicomsniff.tui.time_rows import time_rows
from dicomsniff.tui.views.view import View
from dicomsniff.tui.wait_list import WaitList
from dicomsniff.words.waits import Waited

ARRANGEMENTS = (Arrangement(0, 16, 45), Arrangement(0, 0, 50, at_once=False))


class Times(View):
    """Where time went."""

    def __init__(self, session: Session) -> None:
        self.bar = TimeBar(session)
        self.list = WaitList(self._chosen)
        self.account = FieldTree(id="account", title="Where the time went")
        body = Split(self.list, self.account, ARRANGEMENTS, id="times-body")
        super().__init__(session, self.list, self.account, body=body, id="times")

    def compose(self) -> ComposeResult:
        """Put the time of the selected association above the panes."""
        yield self.bar
        yield from super().compose()

    def take(self, change: Change) -> None:
        """Show the waits of the capture and the time of the selected association."""
        if change & Change.PRIVACY:
            self.list.refresh()
        self.list_if_due(change)
        if change & (Change.VIEW | Change.ASSOCIATION) and self.session.association is not None:
            self.list.find(self.session.association)
        self._account_for()

    def select_shown(self) -> str:
        """Select what was waited for in the row under the cursor."""
        row = self.list.selected
        place = find_wait(self.session, row) if row is not None else None
        if place is not None:
            self.session.select_place(place)
        return ""

    def listing(self) -> Iterator[None]:
        """List the longest waits by now."""
        self.list.EMPTY = self.why_empty("nothing was waited for", "no association is over yet")
        yield from self.list.arranging(self.session.listing.listed.copy(), self.session.listing.look)
        self.fit(self.list, self.list.count)

    def open_selected(self) -> None:
        """Go to what was waited for."""
        row = self.list.selected
        if row is not None:
            self.select_shown()
            self.follow(Target(row.association.id, row.message))

    def _chosen(self, row: Waited) -> None:
        """Select its association, too."""
        self.session.select(self.session.listing.find(row.association.id))
        self._account_for()

    def _account_for(self) -> None:
        association = self.session.shown
        self.bar.show()
        if association is None:
            self.account.show(None)
            return
        self.account.keep_up(Detail(f"Where the time of association {association.id} went", list(_rows(association))))


def _rows(association: Association) -> Iterator[FieldRow]:
    if not association.closed:
        yield FieldRow("", "where its time went is shown when it is over")
        return
    if why := slow_because(association):
        yield FieldRow("slow", why.removeprefix("slow "), style="warning")
    yield from time_rows(association)
