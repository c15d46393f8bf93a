"""The terminal UI: a capture, read in the background -> associations, exchange, fields and bytes to walk through."""

import threading
from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Footer, Input

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate, Privacy
from dicomsniff.tui.association_filter import AssociationFilter
from dicomsniff.tui.association_view import AssociationView
from dicomsniff.tui.background import in_background
from dicomsniff.tui.detail import Detail, detail_state, load_detail
from dicomsniff.tui.filter_line import FilterLine
from dicomsniff.tui.findings_list import FindingsList, Found, of_association, of_capture
from dicomsniff.tui.guarded_app import GuardedApp
from dicomsniff.tui.hex_view import HexView
from dicomsniff.tui.key_help import KeyHelp
from dicomsniff.tui.keys import KEYS, Where, bindings
from dicomsniff.tui.link_book import LinkBook, Target
from dicomsniff.tui.links_list import LinksList
from dicomsniff.tui.messages import CaptureAdvanced, CaptureEnded
from dicomsniff.tui.navigation import Navigator, Place
from dicomsniff.tui.packet_clock import PacketClock
from dicomsniff.tui.panes import Panes
from dicomsniff.tui.reading import read_capture
from dicomsniff.tui.reopening import Reopening
from dicomsniff.tui.row_list import RowList
from dicomsniff.tui.said import allowed, use_gate
from dicomsniff.tui.status_line import StatusLine, nothing_found
from dicomsniff.tui.value_view import ValueView

TYPED = {key.action for key in KEYS if key.where is Where.EVERYWHERE and not key.priority and key.action != "quit"}
"""Actions whose keys are text where text is typed."""

NOTICING = 1.0
"""Seconds between two looks at what happened to a live capture."""
PATIENCE = 1.0
"""Seconds to wait on quitting for the thread that reads; a read that blocks longer is abandoned."""

Selection = tuple[Association, Entry, tuple[object, ...]]
"""An association, an entry of it, and what its detail changes with."""


class DicomsniffApp(GuardedApp):
    """Shows a capture, from a file or live, while it is being read."""

    TITLE = "dicomsniff"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.EVERYWHERE)

    def __init__(
        self, capture: Capture, privacy: Privacy | None = None, chosen: AssociationFilter | None = None
    ) -> None:
        super().__init__()
        self.gate = Gate(privacy, watches=capture.is_live)
        use_gate(self.gate)
        self.capture = capture
        self.stopped = threading.Event()
        """Set to have the reading thread stop."""
        self.done = threading.Event()
        """Set while no thread reads."""
        self.done.set()
        self.reading = True
        self.following = capture.is_live
        """Whether the newest entry is selected as it comes."""
        self.problem = ""
        """Why reading failed."""
        self.status = StatusLine()
        self.panes = Panes(capture.found)
        if chosen is not None:
            self.panes.table.filter = chosen
        self.clock = PacketClock()
        self.book = LinkBook()
        """What belongs together, as far as it is known."""
        self.reopening = Reopening(capture)
        self.navigator = Navigator(self.panes, self.reopening, self._synchronize, self._drop_filter)
        self._awaited: Target | None = None
        """Where to go once the details of an association are there."""
        self._wanted: Selection | None = None
        self._shown: Entry | None = None
        """The entry whose detail is shown."""
        self._loading = self._reopens = False

    def compose(self) -> ComposeResult:
        """Make the screen."""
        yield self.status
        yield FilterLine()
        yield self.panes
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Begin reading."""
        self.panes.table.say("listening: associations appear here" if self.following else "reading…")
        self.panes.go_to(self.panes.table)
        self._show_status()
        if self.capture.is_live:
            self.set_interval(NOTICING, self._tell_notices)
        self.read()

    @work(group="reading")
    async def read(self) -> None:
        """Read the capture in the background; it posts what it finds."""
        await in_background(self._read)

    def _read(self) -> None:
        self.done.clear()
        try:
            read_capture(self.capture, self.gate, self.stopped, self.post_message)
        finally:
            self.done.set()

    def _tell_notices(self) -> None:
        """Say what happened to the capture, even while no packets come."""
        for notice in self.capture.pop_notices():
            self.notify(allowed(notice))
        if self.reading:
            self.panes.table.pass_time(self.clock.now(self.capture.analyzer.last_time))
        self._show_status()

    def stop(self) -> None:
        """Have the reading thread stop, and wait a moment for it."""
        self.stopped.set()
        self.done.wait(PATIENCE)

    async def action_quit(self) -> None:
        """Quit at once; nothing waits for the threads."""
        self.stopped.set()
        self.exit()

    @on(CaptureAdvanced)
    def show_progress(self, event: CaptureAdvanced) -> None:
        """Show what was read since."""
        if event.book is not None:
            self.book = event.book
            if isinstance(self.screen, LinksList) and self.screen.everything:
                self.screen.show(self.book.links)
        if event.kept is not None:
            self.panes.table.keep(event.kept)
        else:
            self.panes.table.add(event.associations)
        if self.following and event.latest is not None:
            self.panes.table.select(event.latest)
            self._synchronize()
            self.panes.ladder.move_to(self.panes.ladder.count - 1)
        self._synchronize()
        self._show_status()

    @on(CaptureEnded)
    def show_end(self, event: CaptureEnded) -> None:
        """Show that reading is over."""
        self.reading, self.problem = False, event.problem
        if not self.panes.table.associations:
            self.panes.table.say(event.problem or nothing_found(self.capture))
        self._synchronize()
        self._show_status()

    @on(RowList.Highlighted)
    def follow_cursor(self, event: RowList.Highlighted) -> None:
        """Show what belongs to the row under the cursor."""
        panes = self.panes
        if event.rows is panes.fields:
            panes.bytes.highlight(panes.fields.selected)
        elif event.rows in (panes.table, panes.ladder):
            if event.by_user and self.following:
                self.following = False
                self._show_status()
            self._synchronize()

    @on(RowList.Opened)
    def open_row(self, event: RowList.Opened) -> None:
        """Go into a row that was double-clicked."""
        if event.rows is not self.panes.bytes:
            self.action_open()

    @on(HexView.ByteChosen)
    def select_field(self, event: HexView.ByteChosen) -> None:
        """Select the field that holds a byte."""
        self.panes.fields.select_byte(event.block, event.place)

    def action_open(self) -> None:
        """Go one pane deeper; show a field's whole value."""
        panes = self.panes
        field, detail = panes.fields.selected, panes.fields.detail
        if panes.focused is panes.table:
            panes.go_to(panes.ladder)
        elif panes.focused is panes.ladder:
            panes.go_to(panes.fields)
        elif panes.focused is panes.fields and field is not None and field.target is not None:
            self._go_to_target(field.target)
        elif panes.focused is panes.fields and field is not None and detail is not None:
            block = detail.blocks[field.block].name if field.block is not None else ""
            self.push_screen(ValueView(field, block))
        elif panes.focused is panes.bytes:
            panes.bytes.choose()

    def action_leave(self) -> None:
        """Go one pane back; in the associations, clear the filter."""
        if self.panes.focused is self.panes.table:
            self.query_one(FilterLine).action_clear()
        else:
            self.panes.go_to(self.panes.order[max(0, self.panes.current - 1)])

    def action_filter(self) -> None:
        """Type a filter."""
        self.panes.go_to(self.panes.table)
        self.query_one(FilterLine).open()

    @on(FilterLine.Typed)
    def filter_associations(self, event: FilterLine.Typed) -> None:
        """Filter as it is typed."""
        table = self.panes.table
        table.set_filter(event.text)
        self.query_one(FilterLine).say(table.filter.problem)
        self._synchronize()

    @on(FilterLine.Done)
    def leave_filter(self) -> None:
        """Go to the associations."""
        self.panes.go_to(self.panes.table)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Offer only what works now: where text is typed, letters are text."""
        return not (action in TYPED and isinstance(self.focused, Input))

    def action_keys(self) -> None:
        """Show the keys."""
        self.push_screen(KeyHelp())

    def action_findings(self) -> None:
        """List the findings of the selected association."""
        association = self.panes.table.selected
        if association is not None:
            title = f"Findings of association {association.id}"
            self.push_screen(
                FindingsList(title, of_association(association, self.capture.found.of(association))),
                self._go_to_finding,
            )

    def action_capture(self) -> None:
        """Say how the capture went, and list the findings about it and its associations."""
        every = ((each, self.capture.found.of(each)) for each in self.panes.table.associations)
        found = of_capture(self.capture.analyzer.findings, every)
        head = allowed(self.book.verdict) or "nothing is over yet"
        self.push_screen(FindingsList("The capture", found, several=True, head=head), self._go_to_finding)

    def action_association(self) -> None:
        """Say what is known of the selected association."""
        association = self.reopening.shown(self.panes.table.selected)
        if association is not None:
            found, digits = self.capture.found.of(association), self.capture.reader.resolution_digits
            self.push_screen(AssociationView(association, found, self.book, digits))

    def action_links(self) -> None:
        """List what belongs together; begin at the selected entry."""
        related, _ = self.navigator.find_related(self.book)
        here = related[0].target if related else None
        self.push_screen(LinksList(self.book.links, here, everything=True), self._go_to_target)

    def action_related(self) -> None:
        """Go to what belongs together with the selected entry; where that is several, list it."""
        links, found = self.navigator.find_related(self.book)
        if len(found) > 1 and links:
            self.push_screen(LinksList(links, found[0], everything=False), self._go_to_target)
        elif found:
            self._go_to_target(found[0])
        else:
            self.notify("nothing that belongs together with this entry was found in the associations that are over")

    def action_counterpart(self) -> None:
        """Go from a request to its response, or back."""
        place = self.navigator.find_counterpart()
        if place is not None:
            self._go(place)
        else:
            self.notify("this entry is neither a request with a response nor a response")

    def action_return(self) -> None:
        """Go back to where the last jump began."""
        self.following = False
        if not self.navigator.back():
            self.notify("there is nothing to go back to")

    def action_next_entry(self) -> None:
        """Select the next entry, whichever pane has the focus."""
        self.panes.ladder.action_move(1)

    def action_previous_entry(self) -> None:
        """Select the previous entry, whichever pane has the focus."""
        self.panes.ladder.action_move(-1)

    def action_next_problem(self) -> None:
        """Go to the next entry with an error or warning."""
        self._go_to_problem(1)

    def action_previous_problem(self) -> None:
        """Go to the previous entry with an error or warning."""
        self._go_to_problem(-1)

    def action_follow(self) -> None:
        """Follow the newest entry of a live capture, or stop."""
        if not self.capture.is_live:
            self.notify("following is for live captures")
            return
        self.following = not self.following
        if self.following and self.panes.table.associations:
            latest = max(self.panes.table.associations, key=lambda association: association.end_time)
            self.show_progress(CaptureAdvanced([], latest))
        self._show_status()

    def get_system_commands(self, screen: Screen[object]) -> Iterator[SystemCommand]:
        """List every action in the command palette."""
        yield from super().get_system_commands(screen)
        for key in KEYS:
            if key.where is Where.EVERYWHERE and not key.priority:
                yield SystemCommand(key.label, key.meaning, getattr(self, f"action_{key.action}"))

    def _go_to_problem(self, step: int) -> None:
        place = self.navigator.find_problem(step)
        if place is not None:
            self._go(place)
        else:
            self.notify(f"no {'further' if step > 0 else 'earlier'} error or warning")

    def _go_to_finding(self, found: Found | None) -> None:
        place = self.navigator.find_found(found) if found is not None else None
        if place is not None:
            self._go(place)

    def _go_to_target(self, target: Target | None) -> None:
        if target is None:
            return
        place = self.navigator.find(target)
        if place is not None:
            self._awaited = target if self.reopening.is_due(place[0]) else None
            self._go(place)
        else:
            self.notify(f"association {target.association} was given up to bound memory")

    def _go(self, place: Place) -> None:
        self.following = False
        self.navigator.go(place)
        self._show_status()

    def _drop_filter(self) -> None:
        self.query_one(FilterLine).drop()
        self.panes.table.set_filter("")

    def action_privacy(self) -> None:
        """Show what may identify a patient, or withhold it again."""
        privacy = self.gate.privacy
        self.gate.privacy = privacy._replace(keep_phi=not privacy.keep_phi)
        self.panes.table.forget()
        self.panes.ladder.refresh()
        self._wanted = self._shown = None
        self._synchronize()
        self._show_status()

    def _synchronize(self) -> None:
        """Make each pane show what is selected in the one before."""
        table, ladder = self.panes.table, self.panes.ladder
        association = self.reopening.shown(table.selected)
        ladder.why_empty = self.reopening.said(association)
        if self.reopening.is_due(association) and not self._reopens:
            self._reopens = True
            self.reopen_selected()
        if association is not ladder.association:
            ladder.show(association, table.problems(association) if association is not None else None)
        else:
            ladder.grow()
        table.tell_selected()
        entry = ladder.selected
        if entry is None or ladder.association is None:
            self._wanted = None
            self._show_detail(None)
        else:
            found = self.capture.found.of(ladder.association)
            wanted = (ladder.association, entry, detail_state(ladder.association, found, entry, self.book))
            if self._wanted is None or self._wanted[1] is not entry or self._wanted[2] != wanted[2]:
                self._wanted = wanted
                if not self._loading:
                    self._loading = True
                    self.load_details()

    @work(group="reopening")
    async def reopen_selected(self) -> None:
        """Go back in the background for the details of the selected association, if they were given up."""
        while (association := self.panes.table.selected) is not None and self.reopening.is_due(association):
            await in_background(partial(self.reopening.load, association))
        self._reopens = False
        self._synchronize()
        target, self._awaited = self._awaited, None
        place = self.navigator.find(target) if target is not None else None
        if place is not None and place[0] is association:
            self.navigator.arrive(place)

    @work(group="detail")
    async def load_details(self) -> None:
        """Load the selected entry's detail in the background; of selections passed meanwhile only the last counts."""
        shown: Selection | None = None
        while (wanted := self._wanted) is not None and wanted is not shown:
            association, entry, _ = wanted
            if entry is not self._shown:
                self.panes.fields.border_subtitle = "reading…"
            detail = await in_background(partial(load_detail, self.capture, association, entry, self.book))
            if wanted is self._wanted:
                self._show_detail(detail, entry)
            shown = wanted
        self._loading = False

    def _show_detail(self, detail: Detail | None, entry: Entry | None = None) -> None:
        panes = self.panes
        panes.fields.border_subtitle = None
        again = entry is not None and entry is self._shown
        self._shown = entry
        panes.fields.show(detail, again=again)
        if not again:
            panes.bytes.show(detail.blocks if detail is not None else [])

    def _show_status(self) -> None:
        self.status.show(
            self.capture,
            reading=self.reading,
            following=self.following,
            problem=self.problem,
            verdict=self.book.verdict,
        )
