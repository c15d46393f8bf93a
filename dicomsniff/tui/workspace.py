"""The views of a session, one of them in sight, and the keys that work in all of them."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.notifications import SeverityLevel
from textual.widgets import Input

from dicomsniff.capture.packets import CaptureError
from dicomsniff.garbage import nothing_but_new
from dicomsniff.output import OutputError
from dicomsniff.tui import saving
from dicomsniff.tui.background import in_background
from dicomsniff.tui.choice import Choice
from dicomsniff.tui.filter_completion import FilterCompletion
from dicomsniff.tui.filter_history import FilterHistory
from dicomsniff.tui.filter_line import FilterLine
from dicomsniff.tui.finder import Finder
from dicomsniff.tui.key_help import KeyHelp
from dicomsniff.tui.keys import Where, bindings
from dicomsniff.tui.links_list import LinksList
from dicomsniff.tui.menu import Menu
from dicomsniff.tui.navigation import find_counterpart, find_problem, find_related, find_target
from dicomsniff.tui.path_prompt import PathPrompt
from dicomsniff.tui.session import Change, Session
from dicomsniff.tui.settings import Settings
from dicomsniff.tui.slices import turn
from dicomsniff.tui.tabs import Tabs
from dicomsniff.tui.views.exchange import Exchange
from dicomsniff.tui.views.registry import VIEWS, view_bindings
from dicomsniff.tui.views.view import View

NO_ENTRY = "what is selected here is no single entry: 2 lists those of the association"


class Workspace(Finder):
    """Shows a session; only the view in sight is kept up."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.WORKSPACE), *view_bindings()]

    def __init__(self, session: Session, settings: Settings) -> None:
        super().__init__(session, id="workspace")
        self.settings = settings
        self.views = {kind.id: kind.widget(session) for kind in VIEWS}
        self.tabs = Tabs([(kind.id, kind.key, kind.title) for kind in VIEWS])
        self.filter_line = FilterLine(FilterCompletion(session), FilterHistory(settings.history))
        self._missed = dict.fromkeys(self.views, ~Change(0))
        """What changed since each view was last in sight."""
        self._reopens = self._filters = False
        session.view = VIEWS[0].id

    def compose(self) -> ComposeResult:
        """Put the views on top of each other."""
        yield self.tabs
        yield self.filter_line
        yield self.find_line
        for view in self.views.values():
            view.display = False
            yield view

    def on_mount(self) -> None:
        """Begin with the overview."""
        self.session.observe(self.take)
        self.take(Change.VIEW)

    @property
    def exchange(self) -> Exchange:
        """The view of entries, their fields and bytes."""
        view = self.views["exchange"]
        assert isinstance(view, Exchange)
        return view

    @property
    def current(self) -> View:
        """The view in sight."""
        return self.views[self.session.view]

    def take(self, change: Change) -> None:
        """Have the view in sight show what is another one."""
        if not self.is_attached:  # the screen is being taken down
            return
        for name in self._missed:
            self._missed[name] |= change
        self._reopen()
        self._filter_on()
        current = self.current
        if change & Change.VIEW:
            for view in self.views.values():
                view.display = view is current
            self.tabs.show(self.session.view)
            current.go_to(current.pane)
        if change & Change.LISTING:
            self.filter_line.follow(self.session.listing.filter)
        missed, self._missed[self.session.view] = self._missed[self.session.view], Change(0)
        current.take(missed)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Offer only what works now: where text is typed, letters are text."""
        return not isinstance(self.screen.focused, Input)

    @on(Tabs.Clicked)
    def show_clicked(self, event: Tabs.Clicked) -> None:
        """Show the view that was clicked."""
        self.action_show(event.view)

    def action_show(self, view: str) -> None:
        """Show a view."""
        self.session.show(view)

    def action_filter(self) -> None:
        """Type a filter; what understands it is loaded meanwhile."""
        self.filter_line.open()
        self.load_parser()

    @work(group="loading")
    async def load_parser(self) -> None:
        """Load in the background what the first character would wait for."""
        await in_background(partial(import_module, "dicomsniff.filter.grammar"))

    @on(FilterLine.Typed)
    def filter_associations(self, event: FilterLine.Typed) -> None:
        """Filter as it is typed."""
        self.session.set_filter(event.text)

    @on(FilterLine.Done)
    def leave_filter(self) -> None:
        """Go back to what the filter is about."""
        self.current.go_to(self.current.pane)

    def action_keys(self) -> None:
        """Show the keys, first those of the view in sight."""
        kind = next(each for each in VIEWS if each.id == self.session.view)
        views = [(each.key, f"{each.title}: {each.meaning}") for each in VIEWS]
        self.app.push_screen(KeyHelp(kind.title, kind.meaning, views, self.views[kind.id].keys, self.settings.keys))

    def _selects(self) -> bool:
        """Select what the row in sight means; return whether it means anything, and say why where it does not."""
        why = self.current.select_shown()
        if why:
            self.app.notify(why)
        return not why

    def action_links(self) -> None:
        """List what belongs together; begin at the selected entry."""
        related, _ = find_related(self.session) if not self.current.select_shown() else ([], [])
        here = related[0].target if related else None
        self.app.push_screen(LinksList(self.session.book.links, here, everything=True), self.current.follow_if)

    def action_related(self) -> None:
        """Go to what belongs together with the selected entry; where that is several, list it."""
        view = self.current
        if not self._selects():
            return
        links, found = find_related(self.session)
        if len(found) == 1 or (found and not links):
            view.follow(found[0])
        elif links:  # what goes with nothing else, as a C-MOVE that brought nothing, says why
            here = found[0] if found else links[0].target
            self.app.push_screen(LinksList(links, here, everything=False), view.follow_if)
        else:
            said = "nothing that belongs together with this entry was found in the associations that are over"
            self.app.notify(said if self.session.entry is not None else NO_ENTRY)

    def action_counterpart(self) -> None:
        """Go from a request to its response, or back."""
        if not self._selects():
            return
        place = find_counterpart(self.session)
        if place is not None:
            self.session.go(place._replace(view="exchange"))
        else:
            said = "this entry is neither a request with a response nor a response"
            self.app.notify(said if self.session.entry is not None else NO_ENTRY)

    def action_return(self) -> None:
        """Go back to where the last jump began."""
        if not self.session.back():
            self.app.notify("there is nothing to go back to")

    def action_step(self, rows: int) -> None:
        """Select another entry of the exchange, whichever view is in sight."""
        self.session.follow(follows=False)
        self.session.step(rows)

    def action_step_association(self, rows: int) -> None:
        """Select another association, whichever view is in sight."""
        self.session.follow(follows=False)
        self.session.step_association(rows)

    def action_problem(self, step: int) -> None:
        """Go to the next or previous entry with an error or warning."""
        has_place = not self.current.select_shown()
        place = find_problem(self.session, step, from_start=not has_place)
        if place is not None:
            self.session.go(place._replace(view="exchange"))
        else:
            self.app.notify(f"no {'further' if step > 0 else 'earlier'} error or warning")

    def action_follow(self) -> None:
        """Follow the newest entry of a live capture, or stop."""
        session = self.session
        if not session.capture.is_live:
            self.app.notify("following is for live captures")
            return
        session.follow(follows=not session.following)
        if session.following and session.listing.all:
            latest = max(session.listing.all, key=lambda association: association.end_time)
            session.advance([], latest, None, None)

    def action_privacy(self) -> None:
        """Show what may identify a patient, or withhold it again."""
        self.session.toggle_privacy()

    def action_export(self) -> None:
        """Write the selected association to a file, in a format and by a name to choose."""
        if self._selects() and self.session.association is not None:
            number = self.session.association.id
            menu = Menu(f"Export association {number}", "goes on to the name", saving.formats())
            self.app.push_screen(menu, partial(self._export, number))

    def _export(self, number: int, form: Choice | None) -> None:
        if form is not None:
            session = self.session
            export = partial(saving.export, session.capture, number, form.what, session.gate.privacy)
            prompt = PathPrompt(f"Export association {number}: {form.what}", saving.export_name(number, form.what))
            self.app.push_screen(prompt, partial(self._save_to, export))

    def action_extract(self) -> None:
        """Write the object of the selected C-STORE to a file, as it was sent or de-identified."""
        if not self._selects():
            return
        found = self.current.object
        if found is None:
            self.app.notify("no object belongs to this entry: select a C-STORE, or one of the objects (4)")
            return
        association, message = found
        menu = Menu("Extract", "goes on to the name", saving.EXTRACTIONS)
        self.app.push_screen(menu, partial(self._extract, association.id, message.number))

    def _extract(self, number: int, message: int, chosen: Choice | None) -> None:
        if chosen is not None:
            session = self.session
            extract = partial(saving.extract, session.capture, number, message, chosen, session.gate.privacy)
            prompt = PathPrompt("Extract", saving.extract_name(number, message, chosen), to_directory=True)
            self.app.push_screen(prompt, partial(self._save_to, extract))

    def _save_to(self, write: Callable[[str], str], path: str | None) -> None:
        if path is not None:
            self.save(partial(write, path))

    @work(group="saving")
    async def save(self, write: Callable[[], str]) -> None:
        """Write in the background, and say what was written."""
        self.app.notify("writing…")
        severity: SeverityLevel = "information"
        try:
            said = f"written: {await in_background(write)}"
        except (CaptureError, OutputError, OSError) as error:
            said, severity = f"not written: {error}", "error"
        self.app.clear_notifications()  # there is room for one of two lines
        self.app.notify(said, severity=severity, timeout=10)

    def _filter_on(self) -> None:
        if not self._filters and self.session.is_filtering:
            self._filters = True
            self.filter_on()

    @work(group="filtering")
    async def filter_on(self) -> None:
        """Filter a little at a time, between keys."""
        with nothing_but_new():  # what a filter found out of each association is kept
            while self.session.is_filtering:
                await turn()
                self.session.go_on_filtering()
        self._filters = False

    def _reopen(self) -> None:
        if not self._reopens and self.session.reopening.is_due(self.session.association):
            self._reopens = True
            self.reopen_selected()

    @work(group="reopening")
    async def reopen_selected(self) -> None:
        """Go back in the background for the details of the selected association, if they were given up."""
        session = self.session
        while (association := session.association) is not None and session.reopening.is_due(association):
            await in_background(partial(session.reopening.load, association))
        self._reopens = False
        session.reopened()
        target, session.awaited = session.awaited, None
        place = find_target(session, target) if target is not None else None
        if place is not None and place.association is session.association:
            session.select_entry(place.entry)
