"""The view of what one association exchanged: entries in time, and of the selected one its fields and bytes."""

from functools import partial
from typing import NamedTuple

from textual import on, work

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.tui.background import in_background
from dicomsniff.tui.deep_search import Part, Spot
from dicomsniff.tui.detail import Detail, detail_state, load_detail
from dicomsniff.tui.field_tree import FieldTree
from dicomsniff.tui.hex_view import HexView
from dicomsniff.tui.message_ladder import MessageLadder
from dicomsniff.tui.row_list import RowList
from dicomsniff.tui.session import Change, Session
from dicomsniff.tui.shown import Shown
from dicomsniff.tui.split import Arrangement, Split
from dicomsniff.tui.views.view import View

ARRANGEMENTS = (
    Arrangement(180, 30, 58, beside=True),
    Arrangement(100, 30, 50),
    Arrangement(0, 0, 50, at_once=False),
)
DETAIL_ARRANGEMENTS = (
    Arrangement(180, 30, 60),
    Arrangement(100, 30, 50, beside=True),
    Arrangement(0, 0, 60),
)


class _Wanted(NamedTuple):
    """An entry of an association, and what its detail changes with."""

    association: Association
    entry: Entry
    state: tuple[object, ...]


class Exchange(View):
    """The exchange of the selected association."""

    def __init__(self, session: Session) -> None:
        self.ladder = MessageLadder(session)
        self.fields = FieldTree()
        self.bytes = HexView()
        detail = Split(self.fields, self.bytes, DETAIL_ARRANGEMENTS, id="detail")
        body = Split(self.ladder, detail, ARRANGEMENTS, id="exchange-body")
        super().__init__(session, self.ladder, self.fields, self.bytes, body=body, id="exchange")
        self._wanted: _Wanted | None = None
        self._shown: Entry | None = None
        """The entry whose detail is shown."""
        self._loading = False
        self._sought: tuple[Entry, Spot] | None = None
        """Where something was found: gone to when that is loaded."""

    @property
    def spot(self) -> Spot:
        """Where the cursor is in what is shown of the selected entry."""
        if self.pane is self.fields:
            return Spot(Part.FIELDS, max(self.fields.searched_from, 0))
        return Spot(Part.BYTES, *self.bytes.spot) if self.pane is self.bytes else Spot()

    def show_found(self, entry: Entry, spot: Spot) -> None:
        """Go to what was found in an entry, which is selected."""
        self._sought = entry, spot
        self._go_to_found()

    def _go_to_found(self) -> None:
        if self._sought is None or self._sought[0] is not self._shown:
            return
        (_, spot), self._sought = self._sought, None
        self.go_to((self.ladder, self.fields, self.bytes)[spot.part])
        # It may have had no room so far.
        if spot.part is Part.FIELDS:
            self.call_after_refresh(self.fields.show_found, spot.number)
        elif spot.part is Part.BYTES:
            self.call_after_refresh(self.bytes.show_octets, spot.number, spot.offset, spot.offset + spot.length)

    def take(self, change: Change) -> None:
        """Show the selected association and entry as they are now."""
        if change & Change.VIEW and self.session.entry is None and self.session.entries:
            self.session.select_entry(self.session.entries[0])
        if change & Change.PRIVACY:
            self._wanted = self._shown = None
        self.ladder.show()
        session, shown = self.session, self.session.shown
        entry = session.entry if session.entry is not None else self.ladder.entry
        if entry is None or shown is None:
            self._wanted = None
            self._show_detail(None)
            return
        state = detail_state(shown, session.capture.found.of(shown), entry, session.book)
        if self._wanted is None or self._wanted.entry is not entry or self._wanted.state != state:
            self._wanted = _Wanted(shown, entry, state)
            if not self._loading:
                self._loading = True
                self.load_details()

    @on(RowList.Highlighted)
    def follow_cursor(self, event: RowList.Highlighted) -> None:
        """Highlight the bytes of the selected field."""
        if event.rows is self.fields:
            self.bytes.highlight(self.fields.selected)

    @on(HexView.ByteChosen)
    def select_field(self, event: HexView.ByteChosen) -> None:
        """Select the field that holds a byte."""
        self.fields.select_byte(event.block, event.place)

    def open_selected(self) -> None:
        """Go into the selected entry; of the bytes, to the field that holds the first of the row."""
        if self.pane is self.bytes:
            self.bytes.choose()
        elif self.pane is not self.ladder or not self.ladder.unfold():
            self.go_to(self.fields)

    @work(group="detail")
    async def load_details(self) -> None:
        """Load the selected entry's detail in the background; of selections passed meanwhile only the last counts."""
        done: _Wanted | None = None
        session = self.session
        while (wanted := self._wanted) is not None and wanted is not done:
            if wanted.entry is not self._shown:
                self.fields.border_subtitle = "reading…"
            load = partial(load_detail, session.capture, wanted.association, wanted.entry, session.book)
            detail = await in_background(load)
            if wanted is self._wanted:
                self._show_detail(detail, wanted.entry)
            done = wanted
        self._loading = False

    def _show_detail(self, detail: Detail | None, entry: Entry | None = None) -> None:
        self.fields.border_subtitle = None
        again = entry is not None and entry is self._shown
        self._shown = entry
        self.fields.show(detail, again=again)
        if detail is not None:
            self.fields.border_title = Shown(f"Fields of {detail.title}")
        if not again:
            self.bytes.show(detail.blocks if detail is not None else [])
        self._go_to_found()
