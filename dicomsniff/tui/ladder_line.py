"""An association's entries -> the lines of its exchange: entries with the time before them, and long gaps.

Entries that say the same and follow each other, as pending responses do, are one line until somebody opens it.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence

from msgspec import Struct

from dicomsniff.association.association import Association
from dicomsniff.association.entry_order import SET_BACK, Order, by_time
from dicomsniff.association.timeline import Entry, TcpEnd
from dicomsniff.dictionary.statuses import PENDING
from dicomsniff.dimse.message import Message
from dicomsniff.findings.finding import Finding
from dicomsniff.quantities import duration
from dicomsniff.span import Span
from dicomsniff.words.entries import entry_detail, entry_name, entry_size

LONG = 1_000_000_000
"""Time (ns) without a word from which on a gap has a line of its own."""


class LadderLine(Struct, eq=False):
    """An entry, or the gap before it; `since` is the time (ns) from the last byte before it, None for the first.

    That is negative where the capture's clock was set back by so much, at least.
    """

    entry: Entry
    since: int | None
    is_gap: bool = False
    run: "Run | None" = None
    """The run that the entry is in; None where those beside it say something else."""

    @property
    def is_folded(self) -> bool:
        """Whether it stands for others, too."""
        return self.run is not None and self.run.is_folded and self.run.entries[0] is self.entry

    @property
    def inside(self) -> Sequence[Entry]:
        """The entries that it stands for."""
        return self.run.entries if self.run is not None and self.is_folded else (self.entry,)

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.inside)

    @property
    def size(self) -> int:
        """The bytes that they are about."""
        return self.run.size if self.run is not None and self.is_folded else entry_size(self.entry)


class Run(Struct, eq=False):
    """Entries that say the same and follow each other."""

    entries: list[Entry]
    is_folded: bool
    _size: int = 0
    _counted: int = 0
    """How many of them are in that size."""

    @property
    def size(self) -> int:
        """The bytes that they are about: added up when somebody asks, and only once."""
        self._size += sum(map(entry_size, self.entries[self._counted :]))
        self._counted = len(self.entries)
        return self._size


class LadderLines:
    """The lines of one association's entries, kept up as they come. Nothing that `stands_out` is folded."""

    def __init__(self, association: Association | None, stands_out: Callable[[Entry], bool]) -> None:
        self.lines: list[LadderLine] = []
        """Those to be seen where no filter hides any."""
        self._every: list[LadderLine] = []
        """The same, with nothing folded."""
        self._association = association
        self._stands_out = stands_out
        self._found: Sequence[Finding] = ()
        self._judged = 0
        """How many findings there were when it was judged what stands out."""
        self._folds = True
        """Whether runs are folded as they come."""
        self._others: set[int] = set()
        """The ids of entries whose runs are not as they came."""
        self._entries: list[Entry] = []
        """Those that have lines."""
        self._until = 0
        """When the last byte of them all was captured (ns since 1970)."""
        self.order: Order = by_time
        """What the spans of entries are listed by."""

    def take(
        self, entries: list[Entry], found: Sequence[Finding], most: int | None = None, order: Order = by_time
    ) -> bool:
        """Take the entries in an order, and what was found about them, each with what came since.

        No more than `most` of them at a time; tell whether those were all.
        """
        known, self.order = len(self._entries), order
        fresh = found[self._judged :] if found is self._found else found  # at its end an association's are another list
        self._found, self._judged = found, len(found)
        if self._entries != entries[:known] or any(map(self._is_in_run, fresh)):
            self.lines, self._every, self._entries, known = [], [], [], 0
        until = self._until if known else None
        before = self._entries[-1].span.first_time if known else None
        fresh_entries = entries[known : known + most if most is not None else None]
        for entry in fresh_entries:
            span = entry.event.span
            since = max(0, span.first_time - until) if until is not None else None
            if order is not by_time and before is not None and span.first_time < before - SET_BACK:
                since = span.first_time - before  # the clock was set back
            if since is not None and since >= LONG:
                self._add(LadderLine(entry, since, is_gap=True))
            self._add(LadderLine(entry, since))
            is_set_back = since is not None and since < 0
            until = span.last_time if until is None or until < span.last_time or is_set_back else until
            before = span.first_time
        self._entries += fresh_entries
        self._until = until or 0
        return len(self._entries) == len(entries)

    def shown(self, shows: Callable[[Entry], bool]) -> list[LadderLine]:
        """Return the lines of the entries that a filter shows, folded among themselves."""
        lines: list[LadderLine] = []
        last: Run | None = None
        """The run that the last line is of, with what is hidden of it."""
        for line in self._every:
            if not shows(line.entry):
                continue
            if line.run is None or not line.run.is_folded:
                last = None
                lines.append(line)
            elif line.run is last and (into := lines[-1].run) is not None:
                into.entries.append(line.entry)
            else:
                last = line.run
                lines.append(LadderLine(line.entry, line.since, run=Run([line.entry], is_folded=True)))
        return lines

    def key(self, line: LadderLine) -> tuple[int, int]:
        """Return what a line is listed by."""
        return self.order(line.entry.event.span)

    def _from(self, span: Span) -> range:
        """Return the places of all lines from the first that is listed where a span is."""
        return range(bisect_left(self._every, self.order(span), key=self.key), len(self._every))

    def of(self, entry: Entry) -> LadderLine | None:
        """Return an entry's own line."""
        key = self.order(entry.span)
        for place in self._from(entry.span):
            line = self._every[place]
            if line.entry is entry and not line.is_gap:
                return line
            if self.key(line) != key:
                return None
        return None

    def run_of(self, entry: Entry) -> Sequence[Entry]:
        """Return the entries that an entry is folded with; only itself where it is with none."""
        line = self.of(entry)
        return line.run.entries if line is not None and line.run is not None and line.run.is_folded else (entry,)

    def one_by_one(self, line: LadderLine) -> list[LadderLine]:
        """Return a line for each of the entries that a line stands for."""
        if not line.is_folded:
            return [line]
        own = ((entry, self.of(entry)) for entry in line.inside)
        return [LadderLine(entry, found.since if found is not None else None) for entry, found in own]

    def turn(self, entry: Entry, *, folded: bool) -> bool:
        """Fold the run that an entry is in, or unfold it; tell whether that changes anything."""
        line = self.of(entry)
        run = line.run if line is not None else None
        if run is None or run.is_folded is folded:
            return False
        run.is_folded = folded
        ids = set(map(id, run.entries))
        self._others = self._others - ids if folded is self._folds else self._others | ids
        self._see_anew()
        return True

    def turn_all(self) -> bool:
        """Unfold every run, or fold all where none is folded; tell whether there is any."""
        runs = [line.run for line in self._every if line.run is not None]
        self._folds = not any(run.is_folded for run in runs)
        self._others.clear()
        for run in runs:
            run.is_folded = self._folds
        self._see_anew()
        return bool(runs)

    def _add(self, line: LadderLine) -> None:
        """Put a line at the end, in the run of the last one where it says the same."""
        last = self._every[-1] if self._every else None
        if (
            last is not None
            and not last.is_gap
            and not line.is_gap
            and says_the_same(self._association, last.entry, line.entry)
            and not self._stands_out(last.entry)
            and not self._stands_out(line.entry)
        ):
            if last.run is None:
                last.run = Run([last.entry], self._folds is not (id(last.entry) in self._others))
            line.run = last.run
            line.run.entries.append(line.entry)
        self._every.append(line)
        if line.run is None or _is_seen(line):
            self.lines.append(line)

    def _see_anew(self) -> None:
        self.lines = list(filter(_is_seen, self._every))

    def _is_in_run(self, finding: Finding) -> bool:
        """Whether a finding makes an entry stand out that was folded, or could have been."""
        key = self.order(finding.span)
        for place in self._from(finding.span):
            line = self._every[place]
            if self.key(line) != key:
                return False
            if line.entry.span == finding.span and line.run is not None:
                return True
        return False


def _is_seen(line: LadderLine) -> bool:
    run = line.run
    return run is None or not run.is_folded or run.entries[0] is line.entry


def says_the_same(association: Association | None, one: Entry, other: Entry) -> bool:
    """Whether two entries are pending responses of one operation, or alike in all but time and length."""
    first, second = one.event, other.event
    if type(first) is not type(second) or one.side is not other.side:
        return False
    if isinstance(first, Message) and isinstance(second, Message):
        if first.operation is None or first.operation is not second.operation:
            return False
        return first.command.status in PENDING and second.command.status in PENDING
    if association is None or entry_name(one) != entry_name(other):
        return False
    return entry_detail(association, one) == entry_detail(association, other)


def gap_text(line: LadderLine) -> str:
    """Say how long nothing came, and whose turn it was."""
    event, who = line.entry.event, line.entry.side.value
    if isinstance(event, Message):
        whose = f": {who} thinking" if event.command.is_response else f": {who} sends nothing"
    else:
        whose = "" if isinstance(event, TcpEnd) else f": {who} next"
    return f"{duration(line.since or 0)} nothing{whose}"
