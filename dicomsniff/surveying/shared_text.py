"""One capture -> what `show` prints of it, by several processes: each follows some of its connections.

Of most associations the text is made where they are followed (`settling.py`). Here they are numbered, and told of are
those that hang on others, and the whole.
"""

import os
import pickle
from array import array
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from secrets import token_bytes
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple

from dicomsniff.association.association import Association
from dicomsniff.association.totals import Outcome
from dicomsniff.capture.packets import CaptureError
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.export.show import AssociationText
from dicomsniff.export.text import association_name, link_section, summary_lines
from dicomsniff.export.view import IN_MEMORY, shown_text
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.parts import the_file
from dicomsniff.library import Capture
from dicomsniff.output import temporary_directory
from dicomsniff.privacy.gate import Gate
from dicomsniff.surveying.chain import ChainedReader, Link
from dicomsniff.surveying.crew import Crew, work
from dicomsniff.surveying.joining import Joining
from dicomsniff.surveying.numbering import Taken
from dicomsniff.surveying.part import Options, Task
from dicomsniff.surveying.sealing import SECRET
from dicomsniff.surveying.settling import Settled, Tell
from dicomsniff.surveying.shares import Share
from dicomsniff.surveying.store import Store

_THE_CAPTURE = 0
"""The number of the only capture: with that, its packets keep theirs."""


class Whole(NamedTuple):
    """The capture, once it is over."""

    analyzer: Analyzer
    marked_name: str
    truncated: str


def begin_text(capture: Capture, gate: Gate, *, contexts: bool, summary: bool) -> Tell:
    """Return what makes the text of associations of a part, but for their numbers, with which it begins.

    Where it hangs on what else is shown, by whichever part, it is lines with marks, as they are in the whole.
    """
    if not summary:
        capture.analyzer.spare_repeats()
    text = AssociationText(capture.reader, contexts=contexts, summary=summary)

    def tell(association: Association, found: Findings) -> str | list[str]:
        lines = _unnamed(text.of(association, found), association)
        before = gate.numbered
        said = shown_text(lines, gate)
        return said if gate.numbered == before else lines

    return tell


class TextTeller:
    """Takes the text of associations as these end, and writes it in the order in which they began."""

    def __init__(self, lines: AssociationText, gate: Gate) -> None:
        self._lines, self._gate = lines, gate
        self._spool: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  closed by close()
        self._places = array("q")
        """Of each association: its number, and where its text is, and how long; where it is lines, the length is 0."""

    def settled(self, association: int, settled: Settled) -> None:
        """Take an association of which its part made the text."""
        if isinstance(settled.told, str):
            self._places.extend((association, *self._keep(association_name(association) + settled.told)))
        else:
            self._take_lines(association, settled.told)

    def concluded(self, association: Association, found: Findings, _: Outcome) -> None:
        """Take another one."""
        self._take_lines(association.id, _unnamed(self._lines.of(association, found), association))

    def put_lines(self) -> None:
        """All came, so make text of what is lines by now, as what stands for a value is numbered as it is shown."""
        for at in self._order:
            number, place, length = self._places[at : at + 3]
            if not length:
                self._spool.seek(place)
                title, *others = pickle.load(self._spool)
                self._spool.seek(0, os.SEEK_END)
                lines = [association_name(number) + title, *others]
                self._places[at + 1], self._places[at + 2] = self._keep(shown_text(lines, self._gate))

    def write(self, out: IO[str]) -> None:
        """Write all."""
        for at in self._order:
            self._spool.seek(self._places[at + 1])
            out.write(self._spool.read(self._places[at + 2]).decode())

    def close(self) -> None:
        """Let go of the text."""
        self._spool.close()

    @property
    def _order(self) -> list[int]:
        """Where associations are among the places, in the order in which they began."""
        return sorted(range(0, len(self._places), 3), key=self._places.__getitem__)

    def _take_lines(self, number: int, lines: list[str]) -> None:
        self._places.extend((number, self._spool.tell(), 0))
        pickle.dump(lines, self._spool, pickle.HIGHEST_PROTOCOL)

    def _keep(self, text: str) -> tuple[int, int]:
        place = self._spool.tell()
        return place, self._spool.write(text.encode("utf-8", "backslashreplace"))


def _unnamed(lines: list[str], association: Association) -> list[str]:
    title, *others = lines
    return [title.removeprefix(association_name(association.id)), *others]


def write_shared(
    path: str, options: Options, jobs: int, crew: Crew, out: IO[str], *, contexts: bool = False, summary: bool = False
) -> str:
    """Write what `ShownText` does of a capture, by so many processes; return why the capture ended early, if it did.

    Raises CaptureError where it cannot be read.
    """
    begin = partial(begin_text, contexts=contexts, summary=summary)
    gate = Gate(options.privacy)
    with (
        _analyzed(path, options, begin, jobs, crew) as (first, *others),
        closing(ChainedReader(first.sums.task.links)) as reader,
        closing(TextTeller(AssociationText(reader, contexts=contexts, summary=summary), gate)) as told,
    ):
        joining = Joining([first], others, gate, told)
        joining.run()
        analyzer, truncated = joining.analyzer, first.sums.truncated
        told.put_lines()
        whole = summary_lines(Whole(analyzer, the_file(reader.name), truncated))
        between = [""] if analyzer.association_count else []
        links = [] if summary else link_section(analyzer.links.links())
        out.write(shown_text([*whole, *between, *links], gate))
        told.write(out)
    return truncated


@contextmanager
def _analyzed(path: str, options: Options, begin: "partial[Tell]", jobs: int, crew: Crew) -> Iterator[Sequence[Taken]]:
    """Yield what so many parts of a capture came to, each a share of its connections."""
    with temporary_directory() as directory:
        store = Store(directory, token_bytes(SECRET))
        os.mkdir(store.directory)
        links = (Link(path, _THE_CAPTURE),)
        tasks = [
            Task(f"share-{number}", links, options, share=Share(number, jobs), begin=begin) for number in range(jobs)
        ]
        for _, why in work(crew, tasks, store, "try again with fewer --jobs"):
            if why:
                raise CaptureError(why)
        yield [_taken(task, store) for task in tasks]


def _taken(task: Task, store: Store) -> Taken:
    sums = store.sums(task.label)
    if sums is None:  # without these, connections would be missing, and nobody would say so
        path = task.links[0].path
        raise CaptureError(f"{path}: what one process found cannot be read again; try again without --jobs")
    return Taken(sums, store)
