"""The view of what differs between the selected association and another one."""

from collections.abc import Iterator
from functools import partial
from typing import ClassVar, NamedTuple

from textual import work
from textual.binding import BindingType

from dicomsniff.association.association import Association
from dicomsniff.capture.packets import CaptureError
from dicomsniff.comparing.comparison import compare_associations
from dicomsniff.comparing.counterpart import good_and_bad, nearest_healthy
from dicomsniff.comparing.difference import Difference
from dicomsniff.comparing.subject import Subject
from dicomsniff.findings.overview import Fate, fate
from dicomsniff.findings.parts import the_peers
from dicomsniff.tui.background import in_background
from dicomsniff.tui.detail import Detail
from dicomsniff.tui.difference_list import DifferenceList
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.field_tree import FieldTree
from dicomsniff.tui.keys import Where, bindings
from dicomsniff.tui.link_book import Target
from dicomsniff.tui.said import allowed
from dicomsniff.tui.session import UNSELECTED, Change, Session
from dicomsniff.tui.shown import Shown
from dicomsniff.tui.split import Arrangement, Split
from dicomsniff.tui.views.view import View

ARRANGEMENTS = (Arrangement(0, 16, 55), Arrangement(0, 0, 50, at_once=False))
NOTHING = "nothing differs that could matter"
ALONE = "no healthy one of the same peers: select another by { or }, m holds it, come back"
ONLY = "there is no other association to compare it with"


class _Wanted(NamedTuple):
    """What is to be compared: an association, and what with; where that is None, it is found among so many."""

    association: Association
    held: Association | None
    known: int


class _Compared(NamedTuple):
    """What was compared, and how it differs; or why it was not."""

    good: Association | None
    bad: Association | None
    differences: list[Difference]
    problem: str = ""
    names: tuple[str, str] = ("other", "selected")
    """What the two are called: where only one of them is in trouble, the good and the bad one."""


class Compare(View):
    """The selected association beside the one that is held, or else beside the nearest healthy one of its peers."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.COMPARING)

    def __init__(self, session: Session) -> None:
        self.list = DifferenceList(self._explain)
        self.difference = FieldTree(
            id="difference", title="Difference", empty="what is selected above is said here of both sides"
        )
        body = Split(self.list, self.difference, ARRANGEMENTS, id="compare-body")
        super().__init__(session, self.list, self.difference, body=body, id="compare")
        self.held: Association | None = None
        """What others are compared with, if somebody has chosen it."""
        self._wanted: _Wanted | None = None
        self._compared = _Compared(None, None, [])
        self._comparing = False

    @property
    def keys(self) -> list[Where]:
        """Where the keys work that do something in this view."""
        return [Where.COMPARING, *super().keys]

    def take(self, change: Change) -> None:
        """Compare the selected association, as soon as it is over."""
        if change & Change.PRIVACY:
            self._show()
        association = self.session.shown
        if association is None or not association.closed:
            self._wanted = None
            said = UNSELECTED if association is None else "it is compared when it is over"
            self._take_result(_Compared(None, None, [], said))
            return
        found = self._wanted is not None and self._wanted.association is association and self._compared.good is not None
        known = self._wanted.known if found and self._wanted is not None else len(self.session.listing.all)
        wanted = _Wanted(association, self.held, known)
        if wanted != self._wanted:
            self._wanted = wanted
            if not self._comparing:
                self._comparing = True
                self.compare_selected()

    def action_hold(self) -> None:
        """Compare others with the selected association; where that is held already, with the nearest healthy ones."""
        association = self.session.association
        self.held = association if association is not self.held else None
        self._wanted = None
        if self.held is not None:
            self.app.notify(f"others are compared with association {self.held.id}: select one, as by {{ and }}")
        self.take(Change.VIEW)

    def open_selected(self) -> None:
        """Go to the message that differs, in the bad association if it has one; else to that association."""
        row = self.list.selected
        if row is None:
            return
        places = zip(reversed(row.associations), reversed(row.messages), strict=True)
        targets = [Target(number, message or 0) for number, message in places if number is not None]
        self.follow_if(max(targets, key=lambda target: target.message > 0, default=None))

    @work(group="comparing")
    async def compare_selected(self) -> None:
        """Compare in the background; of selections passed meanwhile only the last counts."""
        done: _Wanted | None = None
        while (wanted := self._wanted) is not None and wanted is not done:
            self.list.border_subtitle = "comparing…"
            compared = await in_background(partial(self._compare, wanted, list(self.session.listing.all)))
            if wanted is self._wanted:
                self._take_result(compared)
            done = wanted
        self._comparing = False

    def _compare(self, wanted: _Wanted, associations: list[Association]) -> _Compared:
        found, association, whole = self.session.capture.found, wanted.association, self.session.reopening.pass_by
        other = wanted.held
        if other is None:
            other = nearest_healthy(association, associations, lambda each: fate(each, found.of(each)))
        if other is None:
            return _Compared(None, None, [], ALONE if len(associations) > 1 else ONLY)
        if other.id == association.id:
            said = f"association {other.id} is held: select another one to compare it with, as by {{ and }}"
            return _Compared(None, None, [], said)
        read = None if self.session.capture.is_pipe else self.session.capture.data_set
        shown = whole(other)
        good, bad = good_and_bad(*(Subject(each, found.of(each), read) for each in (association, shown)))
        try:
            differences = compare_associations(good, bad)
        except (CaptureError, OSError) as error:
            return _Compared(None, None, [], f"the capture cannot be read again: {error}")
        compared = _Compared(good.association, bad.association, differences)
        is_one_bad = bad.fate is Fate.TROUBLED and good.fate is not Fate.TROUBLED
        return compared._replace(names=("good", "bad")) if is_one_bad else compared

    def _take_result(self, compared: _Compared) -> None:
        if compared != self._compared or not self.list.EMPTY:
            self._compared = compared
            self.list.cursor = 0
            self.list.scroll_to(y=0, animate=False)
            self._show()
        self.list.border_subtitle = f"association {self.held.id} is held" if self.held is not None else None

    def _show(self) -> None:
        """Show what was compared."""
        good, bad, differences, problem, names = self._compared
        self.list.EMPTY = problem or NOTHING
        if good is not None and bad is not None:
            self.list.name_sides(f"{names[0]}: {good.id}", f"{names[1]}: {bad.id}")
            parties = "   ".join(
                f"{name} {each.id}: {allowed(the_peers(each, '→'))}"
                for each, name in zip((good, bad), names, strict=True)
            )
            self.list.border_title = Shown(parties)
        else:
            self.list.border_title = "Compare"
        self.list.show_rows(differences)
        self.fit(self.list, len(differences))
        if self.list.selected is not None:
            self._explain(self.list.selected)
        else:
            self.difference.show(None)

    def _explain(self, row: Difference) -> None:
        self.difference.show(Detail("Difference", list(self._rows(row))))

    def _rows(self, row: Difference) -> Iterator[FieldRow]:
        """Yield what differs, how it is on either side, and how either association went."""
        yield FieldRow("what differs", allowed(row.about), style="strong")
        listing, (good, bad, _, _, names) = self.session.listing, self._compared
        sides = list(zip(names, (good, bad), (row.good, row.bad), row.messages, strict=True))
        for name, association, said, message in sides:
            yield FieldRow(f"in the {name} one", allowed(said))
            if association is not None and message:
                target = Target(association.id, message)
                yield FieldRow("", f"message {message} of association {association.id}", target=target)
        yield FieldRow("weight", f"{row.weight.name.lower()}, {row.kind.value}")
        for name, association, _, _ in sides:
            if association is not None:
                yield FieldRow(f"the {name} one", f"association {association.id}: {listing.verdict(association)}")
