"""What somebody looks at in a capture, and how far it is read: views observe it, and show what it says."""

from collections.abc import Callable, Sequence
from enum import Flag, auto
from itertools import chain
from threading import Event
from typing import NamedTuple

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate
from dicomsniff.tui.association_filter import AssociationFilter
from dicomsniff.tui.entry_times import RELATIVE, in_seconds, moment, spans_days
from dicomsniff.tui.link_book import LinkBook, Target
from dicomsniff.tui.listing import Listing
from dicomsniff.tui.problem_index import Problems
from dicomsniff.tui.reopening import Reopening
from dicomsniff.tui.shelf import Shelf, Shelved
from dicomsniff.tui.shown import LONGEST
from dicomsniff.tui.sight import Sight
from dicomsniff.tui.timeline_order import TimelineOrder

UNSELECTED = "no association is selected: 1 lists them"
MAX_TRAIL = 100
"""Places that are remembered to go back to."""


class Change(Flag):
    """What is another one than it was."""

    LISTING = auto()
    """Which associations there are or are listed, or how far they came."""
    ASSOCIATION = auto()
    """The one that is selected."""
    ENTRY = auto()
    """The entry that is selected."""
    LINKS = auto()
    """What belongs together, and how the capture went."""
    TIMES = auto()
    """How it is said when entries came."""
    PRIVACY = auto()
    """What may be shown."""
    READING = auto()
    """How far reading is, and whether the newest is followed."""
    VIEW = auto()
    """The view in sight."""


class Place(NamedTuple):
    """An association and an entry of it (None: its beginning), looked at in a view (empty: whichever)."""

    association: Association
    entry: Entry | None
    view: str = ""


class Session:
    """The selection, and everything that decides what is to be seen of it. Observers are told of every change at once.

    The cursors of widgets follow it; none of them is asked what is selected.
    """

    def __init__(self, capture: Capture, gate: Gate, chosen: AssociationFilter | None = None) -> None:
        self.capture = capture
        self.gate = gate
        self.shelf = Shelf(capture.found)
        """Details of associations that are over."""
        self.listing = Listing(capture.found, self.shelf, chosen)
        self.book = LinkBook()
        """What belongs together, as far as it is known."""
        self.reopening = Reopening(capture, self.shelf)
        self.view = ""
        self.association: Association | None = None
        """The selected one, as it is listed."""
        self.order: TimelineOrder | None = None
        """Its entries by time: with the details that were gone back for, if they were."""
        self.sight = Sight()
        """Which of its entries the filter lets through."""
        self.entry: Entry | None = None
        """The selected one; None as long as nobody has gone into the association."""
        self.reading = True
        self.following = capture.is_live
        """Whether the newest entry is selected as it comes."""
        self.problem = ""
        """Why reading failed."""
        self.rate = 0.0
        """Packets a second that come of a live capture."""
        self.times = RELATIVE
        """How it is said when entries came."""
        self.touched = False
        """Whether somebody has chosen what to look at."""
        self.awaited: Target | None = None
        """Where to go once the details of the selected association are there."""
        self.seeking: Event | None = None
        """Set to end a search that goes on; None where none does."""
        self._trail: list[Place] = []
        self._observers: list[Callable[[Change], None]] = []

    def observe(self, observer: Callable[[Change], None]) -> None:
        """Tell somebody of every change from now on."""
        self._observers.append(observer)

    def tell(self, change: Change) -> None:
        """Tell the observers what is another one."""
        for observer in self._observers:
            observer(change)

    @property
    def shown(self) -> Association | None:
        """The selected association, with its details if they were gone back for."""
        return self.order.association if self.order is not None else None

    def order_of(self, association: Association) -> TimelineOrder | None:
        """Return the entries of an association by time, with the details that were gone back for."""
        if association is self.association:
            return self.order
        shown = self.reopening.shown(association)
        return TimelineOrder(shown) if shown is not None else None

    @property
    def is_dated(self) -> bool:
        """Whether times of day need a date, as the capture spans days."""
        analyzer = self.capture.analyzer
        return spans_days(analyzer.first_time, analyzer.last_time)

    def when(self, time: int, width: int = 0, of: Association | None = None) -> str:
        """Say when something was (ns since 1970) in an association, the shown one if in no other.

        0 cells are as many as it takes.
        """
        if self.times == RELATIVE:
            association = of if of is not None else self.shown
            start = association.start_time if association is not None else 0
            return in_seconds(time - start, width or LONGEST)
        return moment(time, self.capture.reader.resolution_digits, dated=self.is_dated, width=width)

    @property
    def problems(self) -> Problems | None:
        """Where the selected association has findings."""
        return self.listing.problems(self.association) if self.association is not None else None

    @property
    def entries(self) -> list[Entry]:
        """The entries of the selected association, by time."""
        return self.order.entries if self.order is not None else []

    @property
    def place(self) -> int:
        """The place of the selected entry among them."""
        found = self.order.find(self.entry) if self.order is not None and self.entry is not None else None
        return found if found is not None else 0

    @property
    def here(self) -> Place | None:
        """What is selected, and where it is looked at."""
        return Place(self.association, self.entry, self.view) if self.association is not None else None

    def show(self, view: str) -> None:
        """Bring a view in sight."""
        if view != self.view:
            self.view = view
            self.tell(Change.VIEW)

    def select(self, association: Association | None, entry: Entry | None = None) -> None:
        """Select an association, or an entry of it or of a copy of it."""
        change = Change(0)
        if association is not self.association:
            self.association = association
            self._arrange()
            change |= Change.ASSOCIATION | Change.ENTRY
            self.entry = None
        own = self.order.like(entry) if entry is not None and self.order is not None else None
        if own is not None and own is not self.entry:
            self.entry = own
            change |= Change.ENTRY
        if change:
            self.tell(change)

    def select_place(self, place: Place) -> None:
        """Select a place and no other one of its association: where it is the whole of that, no entry of it."""
        if place.entry is None and place.association is self.association and self.entry is not None:
            self.entry = None
            self.tell(Change.ENTRY)
        self.select(place.association, place.entry)

    def select_entry(self, entry: Entry | None) -> None:
        """Select an entry of the selected association."""
        self.select(self.association, entry)

    def step(self, rows: int) -> None:
        """Select another entry, so many further on."""
        entries, at = self.entries, self.place if self.entry is not None else -1
        step = 1 if rows > 0 else -1
        for place in range(max(at + step, 0), len(entries) if step > 0 else -1, step):
            if self.sight.shows(entries[place]):
                at, rows = place, rows - step
            if not rows:
                break
        if at >= 0:
            self.select_entry(entries[at])

    def step_association(self, rows: int) -> None:
        """Select another of the associations that are listed, so many further on."""
        listed = self.listing.listed
        place = self.listing.place(self.association)
        if listed:
            self.select(listed[max(0, min((place if place is not None else -1) + rows, len(listed) - 1))])

    def go(self, place: Place) -> None:
        """Go somewhere, and remember from where."""
        here = self.here
        if here is not None and here != place._replace(view=place.view or self.view):
            self._trail = [*self._trail[1 - MAX_TRAIL :], here]
        self._arrive(place)

    def back(self) -> bool:
        """Go back to where the last jump began; tell whether there was one."""
        if not self._trail:
            return False
        self._arrive(self._trail.pop())
        return True

    def _arrive(self, place: Place) -> None:
        self.following = False
        change = Change.READING
        if self.listing.place(place.association) is None:
            self.listing.set_filter("")
            change |= Change.LISTING
        self.select(place.association, place.entry)
        if place.entry is not None and not self.sight.shows(place.entry):
            self.listing.set_filter("")
            self._look()
            change |= Change.LISTING
        self.show(place.view or self.view)
        self.tell(change)

    def set_filter(self, text: str) -> None:
        """List only what matches."""
        self.listing.set_filter(text)
        self._take_listing()

    @property
    def is_filtering(self) -> bool:
        """Whether the filter is not through with all that there is."""
        return self.listing.is_sifting or self.sight.is_busy

    def go_on_filtering(self) -> None:
        """Filter some more associations, then messages; observers are told when it is done."""
        if self.listing.is_sifting:
            self.listing.go_on()
            if not self.listing.is_sifting:
                self._take_listing()
        else:
            self.sight.go_on()
            if not self.sight.is_busy:
                self._leave_hidden()
                self.tell(Change.LISTING)

    def _take_listing(self) -> None:
        if not self.listing.is_sifting and self.listing.place(self.association) is None:
            self.select(self.listing.listed[0] if self.listing.listed else None)
        self._look()
        self._leave_hidden()
        self.tell(Change.LISTING)

    def _leave_hidden(self) -> None:
        """Where the selected entry is hidden, select the next one that is not, or else the one before it."""
        if self.entry is not None and not self.sight.shows(self.entry):
            entries, place = self.entries, self.place
            nearest = map(entries.__getitem__, chain(range(place, len(entries)), reversed(range(place))))
            self.select_entry(next(filter(self.sight.shows, nearest), None))

    def _look(self) -> None:
        shown = self.shown
        self.sight.look(self.listing.filter, shown, self.capture.found.of(shown) if shown is not None else None)

    def toggle_privacy(self) -> None:
        """Show what may identify a patient, or withhold it again."""
        privacy = self.gate.privacy
        self.gate.privacy = privacy._replace(keep_phi=not privacy.keep_phi)
        self.listing.forget()
        self.tell(Change.PRIVACY)

    def say_times(self, times: str) -> None:
        """Say when, `relative` to the association's beginning or by the `absolute` time of day."""
        self.times = times
        self.tell(Change.TIMES)

    def advance(
        self,
        fresh: list[Association],
        latest: Association | None,
        book: LinkBook | None,
        kept: list[Association] | None,
        shelved: Sequence[Shelved] = (),
    ) -> None:
        """Take what was read since: see `CaptureAdvanced`."""
        change = Change.LISTING | Change.READING
        if book is not None:
            self.book = book
            change |= Change.LINKS
        for each in shelved:
            if each.association is not self.association:  # that one is being looked at
                each.condense(self.capture.found.of(each.association))
        if kept is not None:
            self.listing.keep(kept)
        else:
            self.listing.add(fresh)
        if self.association is None or self.listing.find(self.association.id) is None:
            self.select(self.listing.listed[0] if self.listing.listed else None)
        if self.following and latest is not None and self.listing.place(latest) is not None:
            self.select(latest)
            self.grow()
            self.select_entry(self.entries[-1] if self.entries else None)
        else:
            self.grow()
        self.tell(change)

    def end(self, problem: str) -> None:
        """Reading is over; `problem` says why, where it failed."""
        self.reading, self.problem = False, problem
        self.tell(Change.READING | Change.LISTING)

    def follow(self, *, follows: bool) -> None:
        """Follow the newest entry as it comes, or stop."""
        if follows != self.following:
            self.following = follows
            self.tell(Change.READING)

    def pass_time(self, now: int) -> None:
        """Let associations that are not over go on until then."""
        if now != self.listing.now:
            self.listing.now = now
            self.tell(Change.LISTING)

    def reopened(self) -> None:
        """Take the details that were gone back for."""
        self._arrange()
        self.entry = None
        self.tell(Change.ASSOCIATION | Change.ENTRY)

    def grow(self) -> None:
        """Take the entries of the selected association that came since."""
        if self.order is None:
            return
        place = self.place
        self.order.grow()
        self._look()
        if self.entry is not None and self.order.find(self.entry) is None:  # it became part of another one
            self.entry = self.entries[min(place, len(self.entries) - 1)] if self.entries else None

    def _arrange(self) -> None:
        shown = self.reopening.shown(self.association)
        self.order = TimelineOrder(shown) if shown is not None else None
        self._look()
