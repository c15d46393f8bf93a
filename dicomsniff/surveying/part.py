"""A capture, or the connections that several share -> what came of each connection, sealed; in whichever process."""

from collections import Counter
from collections.abc import Callable, Container
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from dicomsniff.association.totals import Outcome
from dicomsniff.capture.losses import LossCounter
from dicomsniff.capture.packets import CaptureError
from dicomsniff.capture.segments import both_flows
from dicomsniff.capture.unreachable import Unreachable
from dicomsniff.comments import CommentReader
from dicomsniff.findings.collector import Findings
from dicomsniff.key_files import KeyFiles
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate, Known, Privacy
from dicomsniff.span import PacketMark
from dicomsniff.surveying.chain import ChainedReader, Link
from dicomsniff.surveying.head import Head
from dicomsniff.surveying.settling import Settled, Tell, settle
from dicomsniff.surveying.shares import Share
from dicomsniff.surveying.store import Store
from dicomsniff.surveying.tables import tell_rows


class Options(NamedTuple):
    """How captures are read, and what of them may be shown."""

    privacy: Privacy = Privacy()
    ports: tuple[int, ...] = ()
    key_logs: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


class Task(NamedTuple):
    """What is to be analyzed as one part."""

    label: str
    """What its results are kept under."""
    links: tuple[Link, ...]
    options: Options
    flows: frozenset[bytes] | None = None
    """Connections that go on from one capture into another and that it is about, each by one of its two flows."""
    share: Share | None = None
    """The connections that it is about, where several parts are of the same capture."""
    begin: Callable[[Capture, Gate], Tell] = tell_rows
    """Makes what tells of its associations."""

    @property
    def about(self) -> Container[bytes] | None:
        """The flows of the connections that it is about; None for all."""
        return self.share if self.flows is None else both_flows(*self.flows)


Body = tuple[Outcome, list[Findings]] | Settled
"""What came of a connection, and what was found about each of its associations; or what is to be told of its only one.
"""


class Sums(Struct):
    """What is known of a part beside its connections."""

    task: Task
    packets: int = 0
    captured: int = 0
    """Bytes of captured frames."""
    first_time: int | None = None
    last_time: int | None = None
    connections: int = 0
    given_up: int = 0
    undecoded: Counter[str] = field(default_factory=Counter)
    unreachable: list[Unreachable] = field(default_factory=list)
    losses: LossCounter = field(default_factory=LossCounter)
    format: str = ""
    truncated: str = ""
    known: Known = field(default_factory=Known)
    """What comments may tell, as far as there were any."""
    open: frozenset[bytes] = frozenset()
    """The flows of connections that were not over at the end, by either of their two."""
    guests: frozenset[bytes] = frozenset()
    """The same of those of which nobody reads anything (`Outcome.is_guest`)."""

    @property
    def number(self) -> int:
        """The number of its capture, or of the first one that it is of."""
        return self.task.links[0].capture


def analyze(task: Task, store: Store) -> str:
    """Analyze a part and keep what was found; return why that could not be done, or nothing."""
    try:
        reader = ChainedReader(task.links)
        with Capture(
            reader,
            ports=task.options.ports,
            keys=KeyFiles(task.options.key_logs, task.options.keys),
            part=True,
            flows=task.about,
        ) as capture:
            _write(task, reader, capture, store)
    except CaptureError as error:
        return str(error)
    except OSError as error:
        return f"{error.filename or task.links[0].path}: {error.strerror or error}"
    return ""


def _write(task: Task, reader: ChainedReader, capture: Capture, store: Store) -> None:
    gate, analyzer = Gate(task.options.privacy), capture.analyzer
    comments = CommentReader(capture, gate) if not task.options.privacy.keep_phi else None
    tell = task.begin(capture, gate)
    still_open: set[bytes] = set()
    guests: set[bytes] = set()
    with store.spool(task.label) as take:
        for updates, _ in capture.blocks():
            if comments is not None:
                comments.take(updates)
            for outcome in analyzer.pop_outcomes():
                if reader.is_over:
                    (guests if outcome.is_guest else still_open).add(outcome.flow)
                settled = settle(outcome, analyzer, tell, goes_on=task.share is None) if task.flows is None else None
                if settled is None:
                    # Each has its own, even if nothing was found: what one analyzer adds of one is not to be another's.
                    found = [capture.found.collect(each) for each in outcome.associations]
                    _spool(take, outcome, (outcome, found))
                else:
                    _spool(take, outcome, settled)
                for each in outcome.associations:
                    each.dissolve()  # so that it is gone at once: garbage is seldom looked for
    sums = Sums(
        task,
        analyzer.packets,
        analyzer.bytes,
        analyzer.first_time,
        analyzer.last_time,
        analyzer.connections,
        analyzer.given_up,
        analyzer.undecoded,
        list(analyzer.unreachable),
        reader.losses,
        reader.format,
        reader.truncated,
        gate.known,
        frozenset(still_open),
        frozenset(guests),
    )
    store.put_sums(task.label, sums)


def _place(mark: PacketMark) -> PacketMark:
    """Return where a packet is, without its time: that may be any number, and nobody asks for it."""
    return replace(mark, time=0)


def _spool(take: Callable[[Head, Body], None], outcome: Outcome, body: Body) -> None:
    awaited = not isinstance(body, Settled) and any(each.operations.normalized for each in outcome.associations)
    head = Head(
        outcome.flow,
        _place(outcome.first_mark),
        _place(outcome.last_mark),
        outcome.recognized,
        outcome.begins,
        outcome.is_guest,
        awaited,
    )
    take(head, body)
