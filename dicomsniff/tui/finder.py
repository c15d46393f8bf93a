"""Finds text: in the rows of the view in sight, then in all that can be shown of a capture."""

import asyncio

from textual import on, work
from textual.containers import Vertical

from dicomsniff.quantities import counted
from dicomsniff.tui.background import in_background
from dicomsniff.tui.deep_search import DeepSearch, Spot
from dicomsniff.tui.find_line import FindLine
from dicomsniff.tui.search import Search
from dicomsniff.tui.session import Place, Session
from dicomsniff.tui.slices import go_on, turn
from dicomsniff.tui.views.exchange import Exchange
from dicomsniff.tui.views.view import View

TELLING = 1.0
"""Seconds after which it is told how far a search is."""


class Finder(Vertical):
    """What has views and a line to type text in: finds it, and what follows it or comes before."""

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(id=id)
        self.session = session
        self.find_line = FindLine()
        self._sought = ""
        """The text that was looked for last."""

    @property
    def current(self) -> View:
        """The view in sight."""
        raise NotImplementedError

    @property
    def exchange(self) -> Exchange:
        """The view of entries, their fields and bytes."""
        raise NotImplementedError

    def action_find(self) -> None:
        """Type what to find."""
        self.find_line.open()

    @on(FindLine.Asked)
    def find_typed(self, event: FindLine.Asked) -> None:
        """Find what was typed, from the cursor on."""
        self.current.go_to(self.current.pane)
        self._sought = event.text or self._sought
        if event.text:
            self.action_find_next(1)

    def action_find_next(self, step: int) -> None:
        """Find the next or previous row with the text that was typed last."""
        if self._sought:
            self.find_on(self._sought, step)
        else:
            self.find_line.open()

    @work(group="finding", exclusive=True)
    async def find_on(self, text: str, step: int) -> None:
        """Look for text in the rows of the view in sight, then in all entries: never so that a key waits."""
        view = self.current
        if not isinstance(view, Exchange):  # that one shows entries, and is looked through entry by entry
            search = Search(view.order, view.pane, text, step)
            steps = search.steps()
            while not go_on(steps):
                await turn()
            if search.found is not None:
                pane, place = search.found
                if pane is not view.pane:
                    view.go_to(pane)
                self.call_after_refresh(pane.show_found, place)  # it may have had no room so far
                return
        await self._seek(DeepSearch(self.session, text, step, view.spot if isinstance(view, Exchange) else Spot()))

    async def _seek(self, deep: DeepSearch) -> None:
        """Look through entries in the background, say how far that is while it takes long, and go where it leads."""
        session = self.session
        session.follow(follows=False)
        here, session.seeking = session.here, deep.stopped
        try:
            seeking = asyncio.ensure_future(in_background(deep.run))
            while not (await asyncio.wait([seeking], timeout=TELLING))[0]:
                self.app.notify(f"looking through association {deep.number:,}; Esc ends that")
            has_gone_on = deep.stopped.is_set() or session.here != here
        finally:
            deep.stopped.set()
            session.seeking = None
        found = seeking.result()
        association = session.listing.find(found.association) if found is not None else None
        if found is not None and association is not None and not has_gone_on:
            session.go(Place(association, found.entry, "exchange"))
            if session.entry is not None:
                self.exchange.show_found(session.entry, found.spot)
        elif found is None and not has_gone_on:
            without = f"; {counted(deep.left_out, 'association')} without details" if deep.left_out else ""
            self.app.notify(f"found nowhere: {deep.text}{without}")
