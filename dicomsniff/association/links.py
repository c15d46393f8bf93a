"""What belongs together across associations: C-MOVEs and deliveries, transactions, instances, neighbours."""

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from dicomsniff.association.association import Association
from dicomsniff.association.deliveries import Delivery, find_deliveries
from dicomsniff.association.gets import MAX_GETS, Get, find_gets
from dicomsniff.association.moves import Move, MoveLinks, Unconnected, find_moves
from dicomsniff.association.normalized_links import InstanceLinks, Kind, Step, Workflow, steps_of
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.operations import Operation

MAX_PAIRS = 20_000
"""Pairs of ends whose associations are counted."""
LATEST_GETS, LATEST_PAIRS = 500, 2_000
"""How many C-GETs and pairs of ends are remembered of what has no end: those that were heard of last."""


class Series(Struct):
    """The associations between the same two ends: same addresses, same acceptor port, same AE titles."""

    source: str
    target: str
    calling_ae_title: str | None
    called_ae_title: str | None
    first_association: int
    last_association: int
    start: int
    """When the first began (ns since 1970)."""
    end: int
    """When the last ended."""
    associations: int = 0
    stores: int = 0
    single_stores: int = 0
    """Associations that carried one C-STORE and nothing else."""
    largest_pause: int = 0
    """The longest time (ns) between one's end and the next one's start."""
    overhead: int = 0
    """Time (ns) of single-store associations in which no message was under way: opening, negotiating, releasing."""


class End(Struct, frozen=True):
    """The first or the last association of a series."""

    association: int
    which: str
    message: int = 0
    name: ClassVar[str] = "end"

    def holds(self, _: Message | None) -> bool:
        """Whether something of its association has part in it: all has, and so none is worth telling."""
        return False


class Link(Struct, frozen=True):
    """One group of messages or associations that belong together, whatever it is: every view writes these.

    It is what is known by now, and does not change. A part has a `name`, an association and the number of its first
    message there, and says what it `holds`; so views need not ask what kind of link it is.
    """

    kind: str
    about: Move | Delivery | Get | Workflow | Series
    """What is known of it; a delivery by itself is one whose C-MOVE is missing from the capture."""
    association: int
    """Where it begins."""
    message: int
    """The number of its first message; 0 for the beginning of its association."""
    parts: Sequence[Delivery | Step | End] = ()
    """What it is made up of; none of a C-GET, whose objects come on the same association."""
    unlisted: int = 0
    """Parts that are counted only."""

    @property
    def begins_apart(self) -> bool:
        """Whether the message that it begins with is no part of it, as the C-MOVE that asks for deliveries."""
        return all((part.association, part.message) != (self.association, self.message) for part in self.parts)


class Linked(Struct, frozen=True):
    """What there is to be linked of one association that is over."""

    association: int
    moves: Sequence[Move]
    deliveries: Sequence[Delivery]
    gets: Sequence[Get]
    steps: Sequence[tuple[Kind, str, Step]]
    unlisted: int
    """Operations that are not remembered."""
    ends: tuple[str, str, str | None, str | None]
    """Of a series: source, target, and both AE titles."""
    start: int
    end: int
    stores: int
    overhead: int | None
    """Where it carried one C-STORE and nothing else: for how long (ns) no message was under way."""

    @classmethod
    def of(cls, association: Association) -> "Linked":
        """Find it."""
        requestor, acceptor = association.requestor, association.acceptor
        requests, overhead = association.message_counts.requests, None
        if requests["C-STORE"] == 1 and requests.total() == 1:
            messages = association.messages
            busy = messages[-1].span.last_time - messages[0].span.first_time if messages else 0
            overhead = max(association.end_time - association.start_time - busy, 0)
        return cls(
            association.id,
            find_moves(association),
            find_deliveries(association),
            find_gets(association),
            list(steps_of(association)),
            association.operations.unlisted,
            (requestor.endpoint.address, str(acceptor.endpoint), requestor.ae_title, acceptor.ae_title),
            association.start_time,
            association.end_time,
            requests["C-STORE"],
            overhead,
        )

    def numbered(self, association: int) -> "Linked":
        """Return the same of an association with another number, and without steps."""
        return replace(
            self,
            association=association,
            moves=[replace(each, association=association) for each in self.moves],
            deliveries=[replace(each, association=association) for each in self.deliveries],
            gets=[replace(each, association=association) for each in self.gets],
        )


class Linker:
    """Takes every association when it is over, and tells what belongs together by then.

    Of too much, the first is remembered; where there is no end (`watches`), the latest.
    """

    def __init__(self, *, watches: bool = False) -> None:
        self._watches = watches
        self._moves = MoveLinks(watches=watches)
        self._gets: list[Get] = []
        self._workflows = InstanceLinks(watches=watches)
        self._series: dict[tuple[str, str, str | None, str | None], Series] = {}
        self._unlisted = {"C-GET": 0, "operation": 0, "association": 0}

    def feed(self, association: Association) -> None:
        """Take an association that is over, before anything of it is given up."""
        self.take(Linked.of(association))

    def take(self, linked: Linked) -> None:
        """Take what there is to be linked of an association that is over."""
        self._moves.take(linked.moves, linked.deliveries)
        self._gets += linked.gets
        if (excess := len(self._gets) - (LATEST_GETS if self._watches else MAX_GETS)) > 0:
            self._unlisted["C-GET"] += excess
            del self._gets[slice(excess) if self._watches else slice(-excess, None)]
        self._unlisted["operation"] += linked.unlisted
        self._workflows.take(linked.steps)
        self._count(linked)

    def feed_unconnected(self, unconnected: Unconnected) -> None:
        """Take a TCP connection that failed."""
        self._moves.feed_unconnected(unconnected)

    def unconnected(self) -> list[Unconnected]:
        """Return TCP connections that failed, the latest ones where there were many."""
        return self._moves.unconnected()

    @property
    def unlisted(self) -> dict[str, int]:
        """What is not among the following, to bound memory: how many of each kind; empty where all is."""
        counts = {"C-MOVE": self._moves.unlisted, "normalized operation": self._workflows.unlisted, **self._unlisted}
        return {kind: count for kind, count in counts.items() if count}

    def links(self) -> Iterator[Link]:
        """Yield all that belongs together, kind by kind; more may be known when more associations are over."""
        for move in self.moves():
            yield Link("C-MOVE", move, move.association, move.message, move.deliveries)
        for stray in self.stray_deliveries():
            yield Link("delivery without its C-MOVE", stray, stray.association, stray.message, (stray,))
        for get in self.gets():
            yield Link("C-GET", get, get.association, get.message)
        for workflow in self.workflows():
            first = workflow.steps[0]
            yield Link(
                str(workflow.kind), workflow, first.association, first.message, workflow.steps, workflow.unlisted
            )
        for series in self.series():
            ends = End(series.first_association, "first"), End(series.last_association, "last")
            yield Link("associations between the same ends", series, series.first_association, 0, ends)

    def moves(self) -> list[Move]:
        """Return every C-MOVE operation with its deliveries."""
        return self._moves.moves()

    def find_move(
        self,
        association: Association,
        operation: Operation,
        going_on: Iterable[Association],
        refused: Iterable[Unconnected],
    ) -> Move:
        """Return a C-MOVE of an association that is over, with what is known by then of deliveries and failed calls.

        `going_on` and `refused` are associations and calls that are not remembered yet.
        """
        return self._moves.find_now(association, operation, going_on, refused)

    def gets(self) -> list[Get]:
        """Return every C-GET operation with what its sub-operations brought."""
        return sorted(self._gets, key=lambda get: (get.association, get.message))

    def stray_deliveries(self) -> list[Delivery]:
        """Return deliveries whose C-MOVE is not in the capture."""
        return self._moves.strays()

    def workflows(self) -> list[Workflow]:
        """Return storage commitments, procedure steps and print sessions."""
        return self._workflows.workflows()

    def find_thread(self, kind: Kind, key: str) -> Workflow | None:
        """Return what was done under a Transaction UID or to an instance, as far as it is known; None where nothing."""
        return self._workflows.find(kind, key)

    def latest_workflows(self, kind: Kind) -> Iterator[Workflow]:
        """Yield the workflows of a kind, the one that began last first."""
        return self._workflows.latest(kind)

    def series(self) -> list[Series]:
        """Return the ends between which there was more than one association."""
        several = [replace(series) for series in self._series.values() if series.associations > 1]
        return sorted(several, key=lambda series: series.first_association)

    def _count(self, linked: Linked) -> None:
        series = self._series.get(linked.ends)
        if series is None:
            if len(self._series) >= (LATEST_PAIRS if self._watches else MAX_PAIRS):
                if not self._watches:
                    self._unlisted["association"] += 1
                    return
                self._unlisted["association"] += self._series.pop(next(iter(self._series))).associations
            number = linked.association
            series = Series(*linked.ends, number, number, linked.start, linked.end)
            self._series[linked.ends] = series
        else:
            series.largest_pause = max(series.largest_pause, linked.start - series.end)
            if self._watches:
                self._series[linked.ends] = self._series.pop(linked.ends)
        series.associations += 1
        series.first_association = min(series.first_association, linked.association)
        series.last_association = max(series.last_association, linked.association)
        series.start = min(series.start, linked.start)
        series.end = max(series.end, linked.end)
        series.stores += linked.stores
        if linked.overhead is not None:
            series.single_stores += 1
            series.overhead += linked.overhead
