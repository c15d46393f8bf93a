"""The associations of a capture: all there are, those that the filter lets through, and how each of them went."""

from bisect import bisect_left
from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.findings.collector import Collector
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.verdicts import verdict
from dicomsniff.tui.association_filter import AssociationFilter
from dicomsniff.tui.problem_index import Problems
from dicomsniff.tui.said import allowed
from dicomsniff.tui.shelf import Shelf
from dicomsniff.tui.slices import go_on

MANY = 2000
"""Entries of an open association from which on its verdict is left for later."""


class Listing:
    """Takes associations as they come; what is said of each is remembered as long as it holds."""

    def __init__(self, collector: Collector, shelf: Shelf, chosen: AssociationFilter | None = None) -> None:
        self._collector = collector
        self.look = shelf.look
        """Gives an association, or a copy with its details where it has none itself."""
        self.sent, self.waited = shelf.sent, shelf.waited
        self.filter = chosen if chosen is not None else AssociationFilter(collector)
        self.all: list[Association] = []
        self.listed: list[Association] = []
        """Those that the filter lets through; while it is at it, those that it let through before."""
        self._steps: Iterator[None] | None = None
        self.now = 0
        """The time (ns since 1970) up to which associations have gone on that are not over."""
        self._problems: dict[int, Problems] = {}
        self._verdicts: dict[int, tuple[tuple[str, bool, int, int], str]] = {}

    def add(self, associations: list[Association]) -> None:
        """Take more associations, and note that those at hand may have grown."""
        self.all += associations
        if self.filter.is_all:
            self.listed += associations
        elif not self.is_sifting:  # otherwise it comes to them
            self._sift()

    def keep(self, kept: list[Association]) -> None:
        """Let go of every other association."""
        self.all = list(kept)
        numbers = {association.id for association in kept}
        self._problems = {number: each for number, each in self._problems.items() if number in numbers}
        self._verdicts = {number: each for number, each in self._verdicts.items() if number in numbers}
        self.filter.keep(numbers)
        self.listed = [association for association in self.listed if association.id in numbers]
        self._sift()

    def set_filter(self, text: str) -> None:
        """List only the associations that match."""
        self.filter.take(text)
        self._sift()

    @property
    def is_sifting(self) -> bool:
        """Whether the filter is not through with all associations."""
        return self._steps is not None

    def go_on(self) -> None:
        """Filter some more associations; list what the filter lets through when all are."""
        if self._steps is not None and go_on(self._steps):
            self._steps = None

    def _sift(self) -> None:
        self._steps = None
        if self.filter.is_all:
            self.listed = self.all.copy()
        else:
            self._steps = self._filtering()
            self.go_on()

    def _filtering(self) -> Iterator[None]:
        chosen = list[Association]()
        for association in self.all:  # it may grow meanwhile
            if (yield from self.filter.judging(association, self.look)):
                chosen.append(association)
            yield
        self.listed = chosen

    def forget(self) -> None:
        """Let go of texts that were made while something else could be shown."""
        self._verdicts.clear()

    @property
    def given_up(self) -> int:
        """How many associations were given up to bound memory: they are numbered as they come."""
        return self.all[-1].id - len(self.all) if self.all else 0

    def find(self, number: int) -> Association | None:
        """Return an association by its number; None where it is not known."""
        place = bisect_left(self.all, number, key=lambda association: association.id)
        found = self.all[place : place + 1]
        return found[0] if found and found[0].id == number else None

    def place(self, association: Association | None) -> int | None:
        """Return where an association is among those listed; they are in the order of their numbers."""
        if association is None:
            return None
        place = bisect_left(self.listed, association.id, key=lambda each: each.id)
        return place if place < len(self.listed) and self.listed[place] is association else None

    def times(self, association: Association) -> list[tuple[int, Severity]]:
        """Return when an association has errors and warnings (ns since 1970)."""
        return self.problems(association).times() if self._collector.of(association).all else []

    def problems(self, association: Association) -> Problems:
        """Return where an association has findings."""
        known = self._problems.get(association.id)
        if known is None:
            known = Problems(association, self._collector)
            if self._collector.of(association).all:  # most have none, and there may be many
                self._problems[association.id] = known
        return known

    def verdict(self, association: Association) -> str:
        """Say how an association went; of an open one with many messages, their number so far."""
        entries = len(association.timeline)
        if entries > MANY and not association.closed:
            # A verdict counts statuses message by message: while they come, that is too much for every redraw.
            return f"{association.outcome}: {association.message_counts.messages:,} messages so far"
        state = (association.outcome, association.closed, entries, 0 if association.closed else self.now)
        known, text = self._verdicts.get(association.id, (None, ""))
        if known != state:
            try:
                text = allowed(verdict(association, self._collector.of(association), self.now))
            except RuntimeError:  # its counts were just growing
                return text or association.outcome
            self._verdicts[association.id] = (state, text)
        return text
