"""What is written of a capture while it is read: the protocol of every format, and the loop that drives them all."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import IO, ClassVar, NamedTuple

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.association.links import Link
from dicomsniff.association.timeline import Entry
from dicomsniff.capture.losses import Losses
from dicomsniff.comments import HEAD, CommentReader
from dicomsniff.dimse.collection import Collect
from dicomsniff.dimse.identifier import HAVE_IDENTIFIERS
from dicomsniff.export.choosing import Choosing
from dicomsniff.export.formats import DataSets
from dicomsniff.export.waiting import WaitingText
from dicomsniff.filter.selection import EVERYTHING, Chosen, Selection
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.finding import SEVERITIES, Severity
from dicomsniff.findings.parts import shown
from dicomsniff.library import Capture
from dicomsniff.output import say_error
from dicomsniff.printable import printed
from dicomsniff.privacy.gate import Gate, Privacy
from dicomsniff.quantities import of_all

IN_MEMORY = 1 << 20
"""Bytes of text that wait in memory; more wait in a temporary file."""

_COLLECT: dict[DataSets, Collect] = {
    DataSets.ALL: True,
    DataSets.IDENTIFIERS: HAVE_IDENTIFIERS,
    DataSets.NONE: False,
}


MAX_CHOSEN = 10_000_000
"""Associations of which it is known whether they are shown; what belongs to earlier ones is not listed."""


class Asked(NamedTuple):
    """What the call asked for beside a format."""

    contexts: bool = False
    """Whether to say what was negotiated."""
    fail_on: Severity = Severity.ERROR
    """The least severity that makes `check` fail."""
    names: tuple[str, ...] = ()
    """The captures as the user named them."""
    privacy: Privacy = Privacy()
    """What is withheld."""
    selection: Selection = EVERYTHING
    """What is shown."""
    summary: bool = False
    """Whether to say no more of an association than how it went."""
    data_sets: DataSets = DataSets.ALL
    """Which data sets are written, where the format writes any."""
    output: str = ""
    """Where a format that writes several files puts them."""
    sort: str = ""
    """By what associations are sorted: `duration`, `start` or `worst`; empty as they come."""

    @property
    def failing(self) -> tuple[Severity, ...]:
        """The severities that make `check` fail."""
        return SEVERITIES[: SEVERITIES.index(self.fail_on) + 1]


PLAIN = Asked()
"""Nothing in particular."""


class View:
    """One format: it takes what a capture brings, in this order, and writes to `out` whenever it likes.

    `begin()`; for each block of the capture `entries()`, then `closed()` for each association that is over; `end()`.
    `close()` follows in any case. Where not all is shown, it is known at an association's end what of it is: instead of
    `entries()`, `put()` comes for each entry that is shown, before `closed()`, or else `passed()`.
    """

    collects: ClassVar[bool] = False
    """Whether it writes data sets, as far as that is asked for."""
    writes_files: ClassVar[bool] = False
    """Whether it writes files of its own, where `Asked.output` says, and nothing to `out`."""
    tells_entries: ClassVar[bool] = False
    """Whether it takes entries as they come, and not only from the timeline of an association that is over."""

    keeps: ClassVar[bool] = False
    """Whether it looks at associations after `closed()`, and dissolves them itself."""

    def __init__(self, capture: Capture, out: IO[str], asked: Asked) -> None:
        self.capture, self.out, self.asked = capture, out, asked
        self.gate = Gate(asked.privacy, watches=capture.is_live)
        """Says what may be shown of what a peer sent; no view shows anything of it that the gate did not return."""
        self._comments = None
        if not asked.privacy.keep_phi:
            self._comments = CommentReader(capture, self.gate)
        self.failed = False
        """At the end, whether something is as bad as was asked about."""
        self.shown_count = 0
        """Associations that are shown, where not all are."""
        self._chosen, self._chosen_from = bytearray(), 0
        """Whether each association is shown that is over, by its number, from one on."""
        self.missed = 0
        """Associations that are not shown, and had messages that could not be asked about."""

    @classmethod
    def refuse(cls, output: str | None) -> None:
        """Raise what is wrong with a call that writes to `output`."""

    @classmethod
    def collect(cls, asked: Asked) -> Collect:
        """Return which data sets a capture must be opened to collect."""
        return cls.collects and _COLLECT[asked.data_sets]

    @staticmethod
    def heads(asked: Asked) -> int:
        """Return how many bytes of data sets that are not collected a capture must be opened to keep, of a pipe."""
        return 0 if asked.privacy.keep_phi else HEAD

    @property
    def digits(self) -> int:
        """Digits of times after the second; a pcapng file states them only with its first blocks."""
        return self.capture.reader.resolution_digits

    def begin(self) -> None:
        """Nothing is read yet."""

    def entries(self, updates: list[Update]) -> None:
        """Take timeline entries, each with its association, in packet order."""

    def learn(self, updates: list[Update]) -> None:
        """Let the gate get to know what comments in entries may tell, shown or not, before any is shown."""
        if self._comments is not None:
            self._comments.take(updates)

    def entry_line(self, association: Association, entry: Entry) -> str:
        """Return what `put()` is to be given for an entry; empty for nothing."""
        raise NotImplementedError

    def put(self, association: Association, number: int, line: str) -> None:
        """Take the line of an entry that is shown; of a message, with its number."""

    def lost(self, losses: Losses) -> None:
        """Take what the capturer has lost by now, whenever that has changed."""

    def closed(self, association: Association, chosen: Chosen) -> None:
        """Take an association that is over, and what is shown of it."""

    def passed(self, association: Association) -> None:
        """Take an association that is over, and of which nothing is shown."""

    def end(self) -> None:
        """The capture is over."""

    def close(self) -> None:
        """Let go of temporary files."""

    @property
    def selected(self) -> str:
        """How many associations are shown; empty where all are by default."""
        if self.asked.selection.is_all:
            return ""
        said = f"{of_all(self.shown_count, self.capture.analyzer.association_count, 'association')} shown"
        if not self.missed:
            return said
        return f"{said}; {self.missed} of the others had more messages than were kept to be asked about"

    @property
    def selection_json(self) -> dict[str, int]:
        """The same in numbers."""
        found = {"shown": self.shown_count, "total": self.capture.analyzer.association_count}
        return found | ({"not_asked": self.missed} if self.missed else {})

    def links(self) -> Iterator[Link]:
        """Yield what belongs together and has a part that is shown."""
        for link in self.capture.analyzer.links.links():
            if self.asked.selection.is_all or any(
                self.is_shown(number) for number in (link.association, *(part.association for part in link.parts))
            ):
                yield link

    def found(self, association: Association) -> Findings:
        """Return what was found about an association so far."""
        return self.capture.found.of(association)

    def note_chosen(self, association: Association, chosen: Chosen | None) -> None:
        """Take note of whether an association is shown."""
        place = association.id - self._chosen_from
        if place >= MAX_CHOSEN:
            forgotten = place - MAX_CHOSEN // 2
            del self._chosen[:forgotten]
            self._chosen_from, place = self._chosen_from + forgotten, place - forgotten
        if place >= 0:
            self._chosen.extend(bytes(max(place + 1 - len(self._chosen), 0)))
            self._chosen[place] = chosen is not None
        self.shown_count += chosen is not None
        self.missed += chosen is None and self.asked.selection.may_miss(association)

    def is_shown(self, number: int) -> bool:
        """Whether an association is shown that is over."""
        place = number - self._chosen_from
        return 0 <= place < len(self._chosen) and bool(self._chosen[place])

    def write_lines(self, lines: Iterable[str]) -> None:
        """Write lines of text, with nothing in them that a terminal obeys."""
        self.out.write(self.text(lines))

    def text(self, lines: Iterable[str]) -> str:
        """Return lines, which may have marks, as they are written."""
        return shown_text(lines, self.gate)


def shown_text(lines: Iterable[str], gate: Gate) -> str:
    """Return lines, which may have marks, as they are written, as far as a gate lets through."""
    return printed([shown(line, gate) for line in lines])


class HeadedView(View):
    """A view that begins with what is known last: what it writes of associations waits in `body` meanwhile."""

    def __init__(self, capture: Capture, out: IO[str], asked: Asked) -> None:
        super().__init__(capture, out, asked)
        self.body = WaitingText(IN_MEMORY)

    def close(self) -> None:
        """Let go of what waited."""
        self.body.close()


def write_view(form: type[View], capture: Capture, out: IO[str], asked: Asked = PLAIN) -> bool:
    """Read a capture to its end and write it; return whether something in it is as bad as was asked about."""
    return run_view(form(capture, out, asked))


def run_view(view: View) -> bool:
    """Do the same with a view that is made already."""
    capture, out = view.capture, view.out
    with closing(view), closing(Choosing(view)) as choosing:
        view.begin()
        losses = capture.losses
        for updates, closed in capture.blocks():
            if capture.losses != losses:
                losses = capture.losses
                view.lost(losses)
            view.learn(updates)
            choosing.entries(updates)
            for association in closed:
                choosing.closed(association)
                # So that it is gone at once: garbage is seldom looked for.
                if capture.is_live:
                    association.condense()
                elif not view.keeps:
                    association.dissolve()
            if capture.is_live or capture.is_pipe:  # nobody knows when the next block comes
                out.flush()
                for notice in capture.pop_notices():
                    say_error(notice)
        view.end()
        capture.end_watchers()
        out.flush()
        for notice in capture.pop_notices():
            say_error(notice)
    return view.failed
