"""A survey from captures to tables: what was done by an earlier run, and has not changed since, is not done again."""

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from hashlib import blake2b, sha256

from msgspec import Struct, field

from dicomsniff import __version__
from dicomsniff.export.table_files import ParquetTable, TableFiles, make_directory
from dicomsniff.findings.parts import shown
from dicomsniff.output import OutputError
from dicomsniff.privacy.gate import Gate
from dicomsniff.quantities import counted
from dicomsniff.surveying.captures import Broken, Found, find_captures
from dicomsniff.surveying.chain import Link
from dicomsniff.surveying.crew import Crew, work
from dicomsniff.surveying.crossings import find_crossings, find_goings_on
from dicomsniff.surveying.joining import Joining
from dicomsniff.surveying.numbering import Taken
from dicomsniff.surveying.part import Options, Sums, Task
from dicomsniff.surveying.rows import RowTeller
from dicomsniff.surveying.sealing import SealError
from dicomsniff.surveying.store import Store
from dicomsniff.surveying.tables import SURVEYED

OVERLAP = 1_000_000_000
"""Nanoseconds by which a capture may begin before the one before it ends: packets come a little out of order."""


class Progress(Struct):
    """How far a survey is, for `progress_shown`."""

    size: int | None = None
    """Bytes of captures to be read."""
    position: int = 0
    """Bytes of those that were read."""


class Surveyed(Struct):
    """What came of a survey."""

    captures: int = 0
    skipped: int = 0
    """Captures that had been done by an earlier run."""
    associations: int = 0
    verdict: str = ""
    broken: list[Broken] = field(default_factory=list)
    truncated: list[str] = field(default_factory=list)
    """Captures that are cut off, and how."""
    overlapping: list[str] = field(default_factory=list)
    """Captures that begin before the one before them ends."""

    @property
    def summary(self) -> str:
        """How it went, in a line."""
        of_them = f" ({self.skipped} of them by an earlier run)" if self.skipped else ""
        found = counted(self.associations, "association")
        return f"{counted(self.captures, 'capture')} analyzed{of_them}, {found}"


class Survey:
    """Analyzes captures into the tables of a directory.

    What has to be known for a later run is kept there, sealed with `secret`.
    """

    def __init__(self, directory: str, secret: bytes, options: Options, say: Callable[[str], None]) -> None:
        self._directory = os.path.abspath(directory)
        key = options.privacy.key or blake2b(self._directory.encode(), key=secret, digest_size=32).digest()
        # Placeholders are made in many processes, and by later runs, and have to be the same.
        self._options = options._replace(privacy=options.privacy._replace(key=key))
        self._said_options = _said(self._options)
        self._store = Store(self._directory, secret)
        self._say = say
        self.result = Surveyed()
        self.progress = Progress()

    def run(self, paths: Sequence[str], crew: Crew) -> None:
        """Do it, with a crew."""
        found, broken = find_captures(paths)
        for each in broken:
            self._pass_over(each)
        make_directory(self._directory)
        make_directory(self._store.directory)
        tasks = self._tasks(found)
        self.progress.size = sum(each.size for each in found)
        sizes = {self._label(each): each.size for each in found}
        self.result.skipped = len(found) - len(tasks)
        self.progress.position = self.progress.size - sum(sizes[task.label] for task in tasks)
        tasks.sort(key=lambda task: sizes[task.label], reverse=True)  # so that nobody is left alone with a large one
        for task, why in work(crew, tasks, self._store):
            self.progress.position += sizes[task.label]
            if why:
                self._pass_over(Broken(task.links[0].path, why))
        pairs = [(each, self._store.sums(self._label(each))) for each in found]
        there = [(each, sums) for each, sums in pairs if sums is not None]
        captures = [sums for _, sums in there]
        try:
            crossings = self._cross(captures, {sums.number: each.path for each, sums in there}, crew)
            self._write([each.path for each, _ in there], captures, crossings)
        except SealError as error:
            raise OutputError(f"{self._store.directory}: {error}; remove it, and run the survey again") from None
        self._store.keep_only({each.task.label for each in (*captures, *(sums for sums, _ in crossings))})
        self._conclude([os.path.basename(each.path) for each, _ in there], captures)

    def _pass_over(self, broken: Broken) -> None:
        self.result.broken.append(broken)
        self._say(f"{broken.why}; it is passed over")

    def _label(self, found: Found) -> str:
        """Return what a capture's results are kept under: any other file, or way to read it, has another one."""
        return _digest(*self._said_options, found.path, *found.identity)

    def _tasks(self, found: Sequence[Found]) -> list[Task]:
        """Return what is to be done: captures of which nothing is known, or whose numbers do not grow.

        Packets keep the number of their capture, so one that came in between has those behind it done anew.
        """
        tasks, number = [], 0
        for each in found:
            sums = self._store.sums(self._label(each))
            if sums is not None and sums.number > number:
                number = sums.number
            else:
                number += 1
                tasks.append(Task(self._label(each), (Link(each.path, number),), self._options))
        return tasks

    def _cross(
        self, captures: Sequence[Sums], paths: dict[int, str], crew: Crew
    ) -> list[tuple[Sums, frozenset[bytes]]]:
        """Return what is known of connections that go on from one capture into another."""
        parts, labels = [], {sums.number: sums.task.label for sums in captures}
        for crossing in find_crossings(captures, self._store):
            links, flows = crossing.links(paths), frozenset(crossing.flows)
            label = _digest(*(labels[link.capture] for link in links), links, sorted(flows))
            parts.append(Task(label, links, self._options, flows))
        waiting = [task for task in parts if self._store.sums(task.label) is None]
        for task, why in work(crew, waiting, self._store):
            if why:
                names = " and ".join(os.path.basename(link.path) for link in task.links)
                self._say(f"connections that {names} share are told apart: {why}")
        known = [(self._store.sums(task.label), task.flows or frozenset()) for task in parts]
        return [(sums, flows) for sums, flows in known if sums is not None]

    def _write(
        self, paths: Sequence[str], captures: Sequence[Sums], crossings: Sequence[tuple[Sums, frozenset[bytes]]]
    ) -> None:
        without: dict[int, frozenset[bytes]] = {}
        for sums, flows in crossings:
            for link in sums.task.links:
                without[link.capture] = without.get(link.capture, frozenset()) | flows
        rests = find_goings_on(captures, self._store)
        of_captures = [
            Taken(sums, self._store, without.get(sums.number, frozenset()), rests[sums.number]) for sums in captures
        ]
        of_crossings = [Taken(sums, self._store) for sums, _ in crossings]
        with closing(TableFiles(SURVEYED, ParquetTable, "parquet")) as tables:
            gate = Gate(self._options.privacy)
            rows = RowTeller(of_captures, gate, tables.add)
            joining = Joining(of_captures, of_crossings, gate, rows)
            joining.run()
            rows.write_rest(joining.analyzer)
            names = list(map(os.path.basename, paths))
            rows.write_captures(names, [os.path.basename(each.path) for each in self.result.broken])
            tables.publish(self._directory, paths)
        self.result.captures = len(captures)
        self.result.associations = joining.analyzer.association_count
        self.result.verdict = shown(joining.analyzer.verdict_line, gate)

    def _conclude(self, names: Sequence[str], captures: Sequence[Sums]) -> None:
        latest = 0
        for name, sums in zip(names, captures, strict=True):
            if sums.truncated:
                self.result.truncated.append(f"{name}: {sums.truncated}")
            if sums.first_time is not None and sums.first_time + OVERLAP < latest:
                self.result.overlapping.append(name)
            latest = max(latest, sums.last_time or 0)


def _said(options: Options) -> tuple[object, ...]:
    """Return what tells options from others: of key files, which may grow meanwhile, how they are now."""
    files = [(path, os.path.getsize(path), os.stat(path).st_mtime_ns) for path in options.key_logs + options.keys]
    return __version__, options.privacy, options.ports, files


def _digest(*said: object) -> str:
    return sha256(repr(said).encode()).hexdigest()[:32]
