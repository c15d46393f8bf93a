"""An association over time: when bytes were on their way, and whose turn it was while none were."""

from collections.abc import Iterable, Iterator
from enum import Enum

from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.pdu.types import AssociateAc, AssociateRj, AssociateRq, ReleaseRp, ReleaseRq
from dicomsniff.side import SIDES, Side


class Turn(Enum):
    """What goes on at a moment."""

    UNDERWAY = "under way"
    """Something is being sent."""
    REQUESTOR = "requestor's turn"
    ACCEPTOR = "acceptor's turn"
    """Nothing is: this side was asked and has not answered, or else sends next."""


_TURNS = {Side.REQUESTOR: Turn.REQUESTOR, Side.ACCEPTOR: Turn.ACCEPTOR}


def turns(entries: Iterable[Entry], start: int, end: int, cells: int) -> list[Turn]:
    """Divide the time from start to end (ns since 1970) into cells; return what took most of each of them.

    The entries are in the order of time.
    """
    found: list[Turn] = []
    for _ in dividing(found, entries, start, end, cells):
        pass
    return found


def dividing(found: list[Turn], entries: Iterable[Entry], start: int, end: int, cells: int) -> Iterator[None]:
    """Divide it so, an entry a step; in the end put what took most of each cell into `found`."""
    whole, until = max(end - start, 1), start
    spent: list[dict[Turn, int]] = [{} for _ in range(cells)]
    asked = dict.fromkeys(SIDES, 0)

    def spend(first: int, last: int, turn: Turn) -> None:
        at, last = max(first, start), min(last, end)
        while at < last:
            cell = min((at - start) * cells // whole, cells - 1)
            ends = min(last, start - (-(cell + 1) * whole // cells))
            spent[cell][turn] = spent[cell].get(turn, 0) + ends - at
            at = ends

    for entry in entries:
        first, last = entry.span.first_time, entry.span.last_time
        if first > until:
            spend(until, first, _TURNS[_whose(asked, entry.side)])
        spend(max(first, until), last, Turn.UNDERWAY)
        until = max(until, last)
        _ask(asked, entry)
        yield
    found += [max(cell, key=cell.__getitem__, default=Turn.UNDERWAY) for cell in spent]


def _whose(asked: dict[Side, int], following: Side) -> Side:
    """Return whose turn it is: that of the side that alone has something to answer, else of the one that sends next."""
    waiting = [side for side in SIDES if asked[side]]
    return waiting[0].other if len(waiting) == 1 else following


def _ask(asked: dict[Side, int], entry: Entry) -> None:
    """Count the questions of each side that wait for an answer."""
    side, event = entry.side, entry.event
    match event:
        case AssociateRq() | ReleaseRq():
            asked[side] += 1
        case AssociateAc() | AssociateRj() | ReleaseRp():
            asked[side.other] = 0
        case Message(operation=operation) if operation is not None:
            if operation.request is event:
                asked[side] += 1
            elif operation.final is event:
                asked[side.other] = max(0, asked[side.other] - 1)
        case _:
            pass
