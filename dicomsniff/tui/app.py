"""The terminal UI: a capture, read in the background -> one session, shown in views to walk through."""

import threading
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.screen import Screen

from dicomsniff.garbage import nothing_but_new
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate, Privacy
from dicomsniff.tui.association_filter import AssociationFilter
from dicomsniff.tui.background import in_background
from dicomsniff.tui.column_list import ColumnList
from dicomsniff.tui.guarded_app import GuardedApp
from dicomsniff.tui.key_line import KeyLine
from dicomsniff.tui.keys import KEYS, Key, Where, bindings
from dicomsniff.tui.links_list import LinksList
from dicomsniff.tui.menu import ColumnChoice
from dicomsniff.tui.messages import CaptureAdvanced, CaptureEnded
from dicomsniff.tui.packet_clock import PacketClock, PacketRate
from dicomsniff.tui.palette import Palette
from dicomsniff.tui.reading import read_capture
from dicomsniff.tui.row_list import RowList
from dicomsniff.tui.said import allowed, use_gate
from dicomsniff.tui.session import Change, Session
from dicomsniff.tui.settings import Settings
from dicomsniff.tui.status_line import StatusLine
from dicomsniff.tui.views.findings import FindingsView
from dicomsniff.tui.views.registry import VIEWS
from dicomsniff.tui.workspace import Workspace

NOTICING = 1.0
"""Seconds between two looks at what happened to a live capture."""
PATIENCE = 1.0
"""Seconds to wait on quitting for the thread that reads; a read that blocks longer is abandoned."""


class DicomsniffApp(GuardedApp):
    """Shows a capture, from a file or live, while it is being read."""

    TITLE = "dicomsniff"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.EVERYWHERE)

    def __init__(
        self,
        capture: Capture,
        privacy: Privacy | None = None,
        chosen: AssociationFilter | None = None,
        settings: Settings | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings if settings is not None else Settings()
        gate = Gate(privacy, watches=capture.is_live)
        use_gate(gate)
        self.capture = capture
        self.stopped = threading.Event()
        """Set to have the reading thread stop."""
        self.done = threading.Event()
        """Set while no thread reads."""
        self.done.set()
        self.session = Session(capture, gate, chosen)
        self.session.times = self.settings.times
        self.status = StatusLine(self.session)
        self.workspace = Workspace(self.session, self.settings)
        self.clock, self._rate = PacketClock(), PacketRate()
        self.session.observe(self._take)

    def compose(self) -> ComposeResult:
        """Make the screen."""
        yield Palette()
        yield self.status
        yield self.workspace
        first, last = VIEWS[0].key, VIEWS[-1].key
        yield KeyLine(Binding(first, "", "View", key_display=f"{first}-{last}"))

    def on_mount(self) -> None:
        """Take the settings, and begin reading."""
        self._take_settings()
        self.set_class(self.console.color_system == "standard", "few-colours")
        self.set_class(self.no_color, "without-colours")
        if self.capture.is_live:
            self.set_interval(NOTICING, self._tell_notices)
        self.read()

    def _take_settings(self) -> None:
        settings = self.settings
        if settings.problem:
            self.notify(f"settings not taken: {settings.problem}", severity="warning", timeout=10)
        if theme := settings.theme or settings.usual_theme:
            self.theme = theme
        self.theme_changed_signal.subscribe(self, lambda theme: self._say_kept(settings.keep_theme(theme.name)))
        self.set_keymap(settings.keys)
        for rows in self.workspace.query(ColumnList):
            rows.leave_out(settings.left_out.get(rows.name_in_settings, ()))

    def _say_kept(self, problem: str) -> None:
        if problem:
            self.notify(problem, severity="warning", timeout=10)

    @on(ColumnList.ColumnsAsked)
    def choose_columns(self, event: ColumnList.ColumnsAsked) -> None:
        """Let the columns of a list be chosen, and keep what was."""
        rows = event.rows

        def keep() -> None:
            self._say_kept(self.settings.keep_columns(rows.name_in_settings, sorted(rows.left_out)))

        self.push_screen(ColumnChoice(rows, keep))

    @work(group="reading")
    async def read(self) -> None:
        """Read the capture in the background; it posts what it finds."""
        await in_background(self._read)

    def _read(self) -> None:
        self.done.clear()
        try:
            with nothing_but_new() if not self.capture.is_live else nullcontext():
                # Of what is live, the latest are kept with their details, and older ones are gone back for.
                shelf = self.session.shelf if not self.capture.is_live else None
                read_capture(self.capture, self.session.gate, shelf, self.stopped, self.post_message)
        finally:
            self.done.set()

    def _tell_notices(self) -> None:
        """Say what happened to the capture, even while no packets come."""
        for notice in self.capture.pop_notices():
            self.notify(allowed(notice))
        self.session.rate = self._rate.take(self.capture.analyzer.packets)
        if self.session.reading:
            self.session.pass_time(self.clock.now(self.capture.analyzer.last_time))
        self.status.show()

    def stop(self) -> None:
        """Have the reading thread stop, and wait a moment for it."""
        self.stopped.set()
        self.done.wait(PATIENCE)
        self.session.shelf.close()

    async def action_quit(self) -> None:
        """Quit at once; nothing waits for the threads."""
        self.stopped.set()
        self.exit()

    @on(CaptureAdvanced)
    def show_progress(self, event: CaptureAdvanced) -> None:
        """Show what was read since."""
        self.session.advance(event.associations, event.latest, event.book, event.kept, event.shelved)

    @on(CaptureEnded)
    def show_end(self, event: CaptureEnded) -> None:
        """Show that reading is over; whoever has not looked elsewhere sees the worst that was found."""
        self.session.end(event.problem)
        view = self.workspace.views["findings"]
        if not self.session.touched and isinstance(view, FindingsView):
            self.show_worst(view)

    @work(group="worst")
    async def show_worst(self, view: FindingsView) -> None:
        """Show the worst that was found, unless somebody looks elsewhere until it is listed."""
        await view.list_all()
        if not self.session.touched and view.show_worst():
            self.session.show("findings")

    @on(events.Key)
    @on(events.MouseDown)
    def note_user(self) -> None:
        """Whoever presses a key has chosen what to look at."""
        self.session.touched = True

    @on(RowList.Highlighted)
    def stop_following(self, event: RowList.Highlighted) -> None:
        """Whoever goes through a list does not want to be taken away from it."""
        if event.by_user:
            self.session.follow(follows=False)

    def get_system_commands(self, screen: Screen[object]) -> Iterator[SystemCommand]:
        """List every action in the command palette: those of all views, and of the pane that has the focus."""
        yield from super().get_system_commands(screen)
        workspace, view = self.workspace, self.workspace.current
        does: dict[Where, DOMNode] = {place: view.pane for place in view.pane.PLACES if place is not Where.LIST}
        does |= {Where.WORKSPACE: workspace, Where.VIEW: view}
        for key in KEYS:
            if key.where in does:
                yield SystemCommand(key.label, key.meaning, partial(self._run, key, does[key.where]))

    def _run(self, key: Key, node: DOMNode) -> None:
        self.call_later(self.run_action, key.action, node)

    def _take(self, change: Change) -> None:
        self.status.show()
        if change & Change.TIMES:
            self._say_kept(self.settings.keep_times(self.session.times))
        if change & Change.LINKS and isinstance(self.screen, LinksList) and self.screen.everything:
            self.screen.show(self.session.book.links)
