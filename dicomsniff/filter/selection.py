"""What is shown of a capture: which associations, and which timeline entries of them."""

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.overview import Fate, fate
from dicomsniff.quantities import of_all

if TYPE_CHECKING:
    from dicomsniff.filter.fields import Decode
    from dicomsniff.filter.filter import Filter
    from dicomsniff.filter.values import Test


class Period:
    """From when until when: both times as a filter's `time` reads them, either may be left out (None).

    Raises ValueError for what is no time.
    """

    def __init__(self, start: str | None = None, end: str | None = None) -> None:
        bounds = [(operator, text) for operator, text in ((">=", start), ("<=", end)) if text is not None]
        self._tests: list[Test] = []
        if bounds:
            from dicomsniff.filter.values import time_test

            self._tests = [time_test(operator, text) for operator, text in bounds]

    def __and__(self, other: "Period") -> "Period":
        """Return what is within both."""
        both = Period()
        both._tests = self._tests + other._tests
        return both

    @property
    def is_all(self) -> bool:
        """Whether every time is within."""
        return not self._tests

    def holds(self, time: int) -> bool:
        """Whether a time (ns since 1970) is within."""
        return all(test(time) for test in self._tests)


class Chosen(Struct, frozen=True):
    """What is shown of an association: all of it, unless `messages` says for each one, as they came, whether it is."""

    messages: bytes | None = None
    period: Period | None = None

    def shows(self, entry: Entry, ordinal: int) -> bool:
        """Whether a timeline entry is shown; a message is the one with this number, from 0, of those that came."""
        if self.period is not None and not self.period.holds(entry.span.first_time):
            return False
        return not isinstance(entry.event, Message) or self.shows_message(ordinal)

    def shows_message(self, ordinal: int) -> bool:
        """Whether a message is shown; one that was not kept long enough to be asked about is not."""
        return self.messages is None or (ordinal < len(self.messages) and bool(self.messages[ordinal]))

    def entries(self, association: Association) -> list[Entry]:
        """Return what is shown of the timeline."""
        if self is ALL:
            return association.timeline
        shown, ordinal = [], 0
        for entry in association.timeline:
            if self.shows(entry, ordinal):
                shown.append(entry)
            ordinal += isinstance(entry.event, Message)
        return shown

    def counts(self, association: Association) -> "Counts | None":
        """Count the messages; None where all are shown."""
        total = association.message_counts.messages
        if self.messages is None or sum(self.messages) == total:
            return None
        return Counts(sum(self.messages), total, total - len(self.messages))

    def left_out(self, association: Association) -> str:
        """Say how many of the messages are shown; empty where all are."""
        counts = self.counts(association)
        if counts is None:
            return ""
        said = f"{of_all(counts.shown, counts.total, 'message')} shown"
        lost = counts.not_asked
        return f"{said}; {lost} could not be asked about: too many were open to keep them" if lost else said


class Counts(NamedTuple):
    """How many messages are shown, of how many; and of how many it could not be asked whether to show them."""

    shown: int
    total: int
    not_asked: int


ALL = Chosen()
"""All of an association."""


class Selection:
    """Chooses associations that are over by a filter, by number, by time and by what went wrong: all must hold.

    What has a timeline entry in the period is chosen by time, and of its entries those in the period are shown.
    """

    def __init__(
        self,
        asked: "Filter | None" = None,
        *,
        associations: Collection[int] = (),
        period: Period | None = None,
        only_problems: bool = False,
    ) -> None:
        self.filter = asked
        self._associations = frozenset(associations)
        self._period = period if period is not None else Period()
        self._only_problems = only_problems

    @property
    def is_all(self) -> bool:
        """Whether it leaves nothing out."""
        return self.filter is None and not self._associations and self._period.is_all and not self._only_problems

    @property
    def reads_data(self) -> bool:
        """Whether data sets are read again for it."""
        return self.filter is not None and self.filter.reads_data

    def may_miss(self, association: Association) -> bool:
        """Whether an association had messages that are asked about, and that were not kept for it."""
        asks = self.filter is not None and self.filter.asks_messages
        return asks and association.message_counts.messages > len(association.messages)

    def choose(self, association: Association, found: Findings, decode: "Decode | None" = None) -> Chosen | None:
        """Say what is shown of an association that is over, with what was found about it; None where nothing is."""
        if self.is_all:
            return ALL
        if self._associations and association.id not in self._associations:
            return None
        if self._only_problems and not has_problem(association, found):
            return None
        if not self._period.is_all and not any(
            self._period.holds(entry.span.first_time) for entry in association.timeline
        ):
            return None
        return self._choose_messages(association, found, decode)

    def _choose_messages(self, association: Association, found: Findings, decode: "Decode | None") -> Chosen | None:
        asked = self.filter
        asks = asked is not None and asked.asks_messages
        if asked is not None and not asks and not asked.chooses(association, found, decode):
            return None
        period = None if self._period.is_all else self._period
        if period is None and not asks:
            return ALL
        messages = [entry.event for entry in association.timeline if isinstance(entry.event, Message)]
        within = bytes(self._period.holds(each.time) for each in messages)
        if asked is None or not asks:
            return Chosen(within, period)
        matching = bytes(
            held and asked.matches(association, found, each, decode)
            for held, each in zip(within, messages, strict=True)
        )
        if any(matching):
            return Chosen(matching, period)
        if messages and asked.compares_messages:
            return None
        # It is asked about words that no message has all of, or there are no messages.
        return Chosen(within, period) if asked.chooses(association, found, decode) else None


EVERYTHING = Selection()
"""Leaves nothing out."""


def has_problem(association: Association, found: Findings) -> bool:
    """Whether something went wrong, or was found that is an error or a warning."""
    if fate(association, found) is Fate.TROUBLED:
        return True
    listed = any(finding.severity is not Severity.NOTE for finding in found.all)
    return listed or bool(found.unlisted.get(Severity.WARNING, 0))
