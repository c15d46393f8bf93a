"""C-MOVE operations and the associations on which their objects travel (PS3.4 §C.4.2, PS3.7 §9.1.1, §9.1.4)."""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from dicomsniff.association.association import Association
from dicomsniff.association.deliveries import Delivery, find_deliveries
from dicomsniff.capture.segments import flow_ends
from dicomsniff.dimse.operations import Operation
from dicomsniff.dimse.queries import find_list
from dicomsniff.span import Span
from dicomsniff.tcp.connection import Connection

MAX_MOVES = 10_000
"""C-MOVE operations remembered."""
MAX_DELIVERIES = 10_000
"""Associations with C-STOREs, refused ones included, that are remembered to be looked for a C-MOVE behind them."""
LATEST_MOVES, LATEST_DELIVERIES = 500, 1_000
"""How many of both are remembered of what has no end: the latest ones."""
MAX_UNCONNECTED = 1_000
"""TCP connections that failed, remembered."""
MAX_LOOKED_AT = 200
"""Deliveries of one name that a C-MOVE looks at for its own: the first ones that ended after it began."""
MAX_CANDIDATES = 100
"""C-MOVEs of one name that are compared with a delivery, the latest ones before it."""
JITTER = 10_000_000
"""How much (ns) clocks of several interfaces may differ: a C-STORE may seem to precede the C-MOVE that caused it."""
PATIENCE = 2_000_000_000
"""How long (ns) after the final C-MOVE-RSP an association without Move Originator may begin and still be its."""


class Unconnected(Struct, frozen=True):
    """A TCP connection on which nothing was sent: `refused` (reset), `unanswered` (no SYN came back) or `silent`."""

    source: str
    target: str
    time: int
    how: str
    span: Span | None = None
    """Of its first packet."""
    waited: int = 0
    """How long (ns) the capture went on after it."""
    tries: int = 1
    """How often the SYN was sent where it was never answered."""


def find_unconnected(connection: Connection, now: int) -> Unconnected | None:
    """Return that a connection was opened, and that nobody said anything on it; None where that is not so."""
    opener = connection.opener
    if opener is None or any(stream.offset for stream in connection.streams):
        return None
    source, target = flow_ends(opener.flow)
    met = opener.peer.syn_seen or opener.peer.segments or opener.peer.acked is not None
    mark = connection.first_mark
    how = "refused" if connection.reset and not opener.peer.syn_seen else "silent" if met else "unanswered"
    waited, tries = max(now - mark.time, 0), opener.segments if how == "unanswered" else 1
    return Unconnected(source.address, str(target), mark.time, how, Span.at(mark), waited, tries)


class Move(Struct, frozen=True):
    """A C-MOVE operation and what the capture shows of its sub-operations. Times are in ns since 1970."""

    association: int
    message: int
    message_id: int
    originator: str | None
    provider: str
    """The address that got the C-MOVE-RQ and makes the sub-operations."""
    provider_title: str | None
    destination: str | None
    start: int
    end: int | None
    """When the final response was whole; None where there is none."""
    status: int | None
    category: str
    span: Span
    """Of the request."""
    counters: dict[str, int]
    """As the last response said; a counter it left out is absent."""
    announced: int = 0
    """Sub-operations in all, as pending responses counted; 0 where none did."""
    over: int = 0
    """Sub-operations that were over, as any response counted."""
    deliveries: tuple[Delivery, ...] = ()
    unconnected: tuple[Unconnected, ...] = ()
    """Connections from the SCP that failed while the C-MOVE was under way."""
    partial: bool = False
    """Whether associations that began after it are no longer remembered, so that there may be more deliveries."""
    listed: tuple[int, int] | None = None
    """The unique key of which it lists several UIDs, by tag, and how many."""
    over_at: int = 0
    """When the final response was whole, or else its association over, or the capture: nothing later is a cause."""

    @property
    def sent(self) -> int:
        """C-STOREs the capture shows."""
        return sum(delivery.stores.asked for delivery in self.deliveries)

    @property
    def kept(self) -> int:
        """Objects the destination took, as far as the capture shows."""
        return sum(delivery.stores.kept for delivery in self.deliveries)


class MoveLinks:
    """Takes associations as they end; gives every C-MOVE with its deliveries, wherever they are in the capture.

    Of too many C-MOVEs, the first are remembered; where there is no end (`watches`), the latest.
    """

    def __init__(self, *, watches: bool = False) -> None:
        self._watches = watches
        self._moves: deque[Move] = deque()
        self.unlisted = 0
        """C-MOVE operations that are not remembered."""
        self._named: deque[Delivery] = deque()
        self._unnamed: deque[Delivery] = deque()
        self._by_key: dict[tuple[str, int | str], list[Delivery]] = {}
        """The same by Move Originator, or by who called whom, each list in the order in which they ended."""
        self._forgotten_until = -1
        """When the latest delivery that is no longer remembered began."""
        self._unconnected: deque[Unconnected] = deque(maxlen=MAX_UNCONNECTED)

    def take(self, moves: Iterable[Move], deliveries: Iterable[Delivery]) -> None:
        """Remember what an association that is over asked to be moved, and what it delivered."""
        for move in moves:
            self._remember(move)
        for delivery in deliveries:
            kept = self._named if delivery.originator is not None else self._unnamed
            kept.append(delivery)
            insort(self._by_key.setdefault(_key(delivery), []), delivery, key=_end)
            if len(kept) > (LATEST_DELIVERIES if self._watches else MAX_DELIVERIES):
                self._forget(kept.popleft())

    def _forget(self, delivery: Delivery) -> None:
        self._forgotten_until = max(self._forgotten_until, delivery.start)
        beside = self._by_key[_key(delivery)]
        beside.remove(delivery)
        if not beside:
            del self._by_key[_key(delivery)]

    def find_now(
        self,
        association: Association,
        operation: Operation,
        going_on: Iterable[Association],
        refused: Iterable[Unconnected],
    ) -> Move:
        """Return a C-MOVE with what is known by now: deliveries that are over or go on, and calls that failed.

        Of calls that failed, those before its final response: what came after is no cause of it.
        """
        move = _move(association, operation)
        named = {(title, move.message_id) for title in (move.originator, move.provider_title) if title is not None}
        over = [each for key in (*sorted(named), _pair(move)) for each in self._ended_since(key, move.start)]
        senders = (each for each in going_on if each.requestor.endpoint.address == move.provider)
        open_ones = (delivery for each in senders for delivery in find_deliveries(each, association.watched_until))
        found = [each for each in (*over, *open_ones) if _belongs(each, move, named)]
        until = move.end if move.end is not None else -1
        tried = (each for each in (*self._unconnected, *refused) if each.source == move.provider)
        unconnected = sorted((each for each in tried if move.start <= each.time <= until), key=_beginning)
        return replace(move, deliveries=tuple(sorted(found, key=_place)), unconnected=tuple(unconnected))

    def _ended_since(self, key: tuple[str, int | str], start: int) -> Iterator[Delivery]:
        beside = self._by_key.get(key, [])
        first = bisect_left(beside, start, key=_end)
        yield from islice(beside, first, first + MAX_LOOKED_AT)

    def _remember(self, move: Move) -> None:
        """Remember a C-MOVE, if there is room; of what has no end, instead of the first one."""
        if len(self._moves) >= (LATEST_MOVES if self._watches else MAX_MOVES):
            self.unlisted += 1
            if not self._watches:
                return
            self._moves.popleft()
        self._moves.append(move)

    def feed_unconnected(self, unconnected: Unconnected) -> None:
        """Remember a TCP connection that failed."""
        self._unconnected.append(unconnected)

    def unconnected(self) -> list[Unconnected]:
        """Return TCP connections that failed, in the order of time; of too many, those that ended last."""
        return sorted(self._unconnected, key=_beginning)

    def moves(self) -> list[Move]:
        """Return every C-MOVE with what belongs to it, as far as it is known by now."""
        named = self._by_name()
        found: dict[tuple[int, int], list[Delivery]] = {(move.association, move.message): [] for move in self._moves}
        for delivery in self._named:
            asked = _asked_for(delivery, named)
            if asked is not None:
                found[asked.association, asked.message].append(replace(delivery, how=_how(delivery, asked)))
        return list(self._with_unnamed(found))

    def strays(self) -> list[Delivery]:
        """Return deliveries that name a C-MOVE which is not in the capture; none where not every C-MOVE is known."""
        if self.unlisted:
            return []
        named = self._by_name()
        strays = [delivery for delivery in self._named if _asked_for(delivery, named) is None]
        return sorted(strays, key=_place)

    def _by_name(self) -> dict[tuple[str, int], list[Move]]:
        named: dict[tuple[str, int], list[Move]] = {}
        for move in sorted(self._moves, key=_place):
            # Some SCPs put their own title where the requestor's belongs (PS3.7 §9.1.1.1).
            for title in dict.fromkeys((move.originator or "", move.provider_title or "")):
                named.setdefault((title, move.message_id), []).append(move)
        return named

    def _with_unnamed(self, named: dict[tuple[int, int], list[Delivery]]) -> Iterator[Move]:
        """Yield each C-MOVE with its deliveries, those that name no Move Originator too, and what it tried in vain."""
        unnamed: dict[tuple[str, int | str], list[Delivery]] = {}
        for delivery in sorted(self._unnamed, key=_place):
            unnamed.setdefault(_key(delivery), []).append(delivery)
        unconnected: dict[str, list[Unconnected]] = {}
        for each in self.unconnected():
            unconnected.setdefault(each.source, []).append(each)
        taken: set[int] = set()
        for move in sorted(self._moves, key=_place):
            deliveries = named[move.association, move.message]
            latest = move.end + PATIENCE if move.end is not None else inf
            found = unnamed.get(_pair(move), [])
            for delivery in found[bisect_left(found, move.start, key=_start) : bisect_right(found, latest, key=_start)]:
                if delivery.association != move.association and id(delivery) not in taken:
                    taken.add(id(delivery))
                    deliveries.append(replace(delivery, how=_GUESSED, guessed=True))
            tried = unconnected.get(move.provider, [])
            tried = tried[bisect_left(tried, move.start, key=_time) : bisect_right(tried, latest, key=_time)]
            yield replace(
                move,
                deliveries=tuple(sorted(deliveries, key=_place)),
                unconnected=tuple(tried),
                partial=move.start <= self._forgotten_until,
            )


def asks_to_move(association: Association) -> bool:
    """Whether it has C-MOVEs, whose deliveries come on others."""
    return association.message_counts.requests["C-MOVE"] > 0


def find_moves(association: Association) -> list[Move]:
    """Return what an association that is over asked to be moved."""
    return [_move(association, each) for each in association.operations.operations if each.name == "C-MOVE"]


_GUESSED = "called AE title, addresses and time; it names no Move Originator"


def _belongs(delivery: Delivery, move: Move, named: set[tuple[str, int]]) -> bool:
    """Whether a delivery is of a C-MOVE, by its Move Originator, else by who calls whom within its time."""
    if delivery.association == move.association or delivery.source != move.provider:
        return False
    until = move.end + PATIENCE if move.end is not None else inf
    if delivery.originator is not None:
        return delivery.originator in named and move.start <= delivery.stores.first_time + JITTER <= until
    return _key(delivery) == _pair(move) and move.start <= delivery.start <= until


def _asked_for(delivery: Delivery, named: dict[tuple[str, int], list[Move]]) -> Move | None:
    """The latest C-MOVE before a delivery that its Move Originator names; one of its sender's goes before others."""
    moves = named.get(delivery.originator or ("", 0), [])
    before = moves[: bisect_right(moves, delivery.stores.first_time + JITTER, key=_start)]
    latest = before[-MAX_CANDIDATES:][::-1]
    return next((move for move in latest if move.provider == delivery.source), latest[0] if latest else None)


def _key(delivery: Delivery) -> tuple[str, int | str]:
    """Move Originator, else the address that calls and the AE title that it calls."""
    return delivery.originator or (delivery.source, delivery.called_ae_title or "")


def _pair(move: Move) -> tuple[str, int | str]:
    """Return what a delivery without Move Originator is found by."""
    return move.provider, move.destination or ""


def _how(delivery: Delivery, move: Move) -> str:
    own = delivery.originator is not None and delivery.originator[0] != move.originator
    how = "Move Originator" + (", in which the SCP put its own title" if own else "")
    return how if delivery.source == move.provider else f"{how}; sent from another address"


def _start(each: Move | Delivery) -> int:
    return each.start


def _end(delivery: Delivery) -> int:
    return delivery.end


def _place(each: Move | Delivery) -> tuple[int, int, int]:
    """The order of time: it does not depend on which association ended first."""
    return each.start, each.association, each.message


def _beginning(unconnected: Unconnected) -> tuple[int, int]:
    """The order in which connections were opened: it does not depend on which ended first."""
    return unconnected.time, unconnected.span.first_packet if unconnected.span is not None else 0


def _time(unconnected: Unconnected) -> int:
    return unconnected.time


def _move(association: Association, operation: Operation) -> Move:
    request, last = operation.request, operation.final
    asked = operation.query.request if operation.query is not None else None
    end = association.watched_until if association.ended_by_capture else association.end_time
    provider = association.party(request.side.other)
    return Move(
        association=association.id,
        message=request.number,
        message_id=request.command.message_id or 0,
        originator=association.party(request.side).ae_title,
        provider=provider.endpoint.address,
        provider_title=provider.ae_title,
        destination=request.command.text(0x00000600),
        start=request.span.first_time,
        end=last.span.last_time if last is not None else None,
        status=operation.status,
        category=operation.category,
        span=request.span,
        counters=operation.counters,
        announced=operation.announced,
        over=operation.over,
        listed=find_list(asked) if asked is not None else None,
        over_at=last.span.last_time if last is not None else end,
    )
