"""What came of connections that went as others did: the stages behind TCP, as far as repeats need them.

Rules may only be spared where they would find nothing again: of associations in which all went well, and on which
nothing hangs that others did. That is what is asked for here, of everything that came on a connection.
"""

from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Consumer, Update, associations_of
from dicomsniff.association.conversation import Conversation
from dicomsniff.association.links import Linked
from dicomsniff.association.neighbours import Ends, Neighbour, remembered
from dicomsniff.association.recognition import Recognition
from dicomsniff.association.repeated import Exchange, Repeated
from dicomsniff.association.timeline import TcpEnd
from dicomsniff.association.totals import Outcome, Recognized
from dicomsniff.dimse.message import Message
from dicomsniff.findings.collector import Collector
from dicomsniff.findings.overview import Course
from dicomsniff.pdu.types import AssociateAc, AssociateRq, ReleaseRp, ReleaseRq
from dicomsniff.span import PacketMark
from dicomsniff.tcp.connection import Connection
from dicomsniff.tcp.repeats import BRISK, Repeat

_PLAIN = frozenset((AssociateRq, AssociateAc, ReleaseRq, ReleaseRp, TcpEnd))
_SUCCESS = 0


class Repeating:
    """What an analyzer knows of repeats: it numbers associations on connections that are followed, or not."""

    def __init__(self, found: Collector) -> None:
        self.count = 0
        """How many are numbered."""
        self._found = found
        self._kept: dict[int, int] = {}
        """Those of connections that are followed by now, but were not when their association was recognized."""
        self.updates: list[Update] = []
        """What came on connections that are followed by now."""
        self.left: list[Connection] = []
        """Those of them that are over; TCP may still look at these."""

    def next(self, connection: Connection) -> int:
        """Return the number of the next association that is recognized on a connection."""
        return (self._kept and self._kept.get(connection.number)) or self.count + 1

    def give(self, connection: Connection, count: int) -> bool:
        """So many are recognized on a connection; return whether it is now that they are."""
        if self._kept and self._kept.pop(connection.number, 0):
            return False
        self.count += count
        return True

    def may_repeat(self, connection: Connection) -> bool:
        """Whether what came on a connection so far is of no concern to what comes on others."""
        return may_repeat(connection, self._found)

    def number_association(self) -> int:
        """An association is recognized on a connection that waits: return its number."""
        self.count += 1
        return self.count

    def keep_number(self, connection: int, association: int) -> None:
        """Such a connection will be followed: give its association this number."""
        self._kept[connection] = association

    def caught_up(self) -> list[Update]:
        """Hand over what came on connections that had waited; those that are over are let go of."""
        while self.left:
            self.left.pop().dissolve()
        updates, self.updates = self.updates, []
        return updates


def may_repeat(connection: Connection, found: Collector) -> bool:
    """Whether all that came on a connection so far went well, and is of no concern to what comes on others."""
    consumer: Consumer | None = connection.consumer
    if consumer is None or isinstance(consumer, Recognition):
        return True
    if not isinstance(consumer, Conversation) or len(consumer.associations) > 1:
        return False
    return all(_is_plain(association) and not found.of(association).all for association in consumer.associations)


def _is_plain(association: Association) -> bool:
    # One that got no context may be what came of a C-MOVE.
    whole = not association.has_holes and not association.unlisted and not association.nothing_accepted
    return whole and all(
        type(entry.event) in _PLAIN or (isinstance(entry.event, Message) and _is_alone(entry.event))
        for entry in association.timeline
    )


def _is_alone(message: Message) -> bool:
    """Whether a message says nothing but what it asks for, or that this is done."""
    command, operation = message.command, message.operation
    ordinary = message.complete and message.data_set is None and command.is_ordinary and operation is not None
    return ordinary and command.service == "C-ECHO" and command.status in (None, _SUCCESS)


def what_came(connection: Connection, found: Collector, learned: Repeat) -> "CameOfIt | None":
    """Return what came of a connection that is over, for others that go the same way; None where that cannot be."""
    associations = associations_of(connection)
    if len(associations) != 1 or not may_repeat(connection, found) or learned.lasted >= BRISK:
        return None
    (association,) = associations
    ended = connection.closed and association.released and not association.ended_by_capture
    listed = association.start_time == learned.marks[1] and association.follows is None
    sure = association.requestor_is.startswith("sent") and not any(
        health.duplicate_acks for health in association.tcp.values()
    )
    # Entries that are alike may share a line, and whether they do may hang on how long things took.
    alike = any(
        one.side is other.side and one.event.name == other.event.name for one, other in pairwise(association.timeline)
    )
    linked = Linked.of(association)
    apart = not (linked.moves or linked.deliveries or linked.gets or linked.steps)
    return CameOfIt(association, found, learned) if ended and listed and sure and apart and not alike else None


class Again(Struct, frozen=True):
    """An association that went as another one did, and what there is to be remembered of it."""

    association: Repeated
    linked: Linked
    neighbour: Neighbour | None
    """None where nobody remembers it."""
    course: Course


class OutcomeAgain(Outcome, kw_only=True):
    """Of a part: what came of a connection on which an association went as another one did."""

    again: Again


def outcome_again(repeat: Repeat, again: Again) -> OutcomeAgain:
    """Return what came of a connection that is over, and went as another one did."""
    return OutcomeAgain(
        repeat.flow,
        PacketMark(*repeat.marks[:3]),
        PacketMark(*repeat.marks[-3:]),
        associations=[again.association],
        recognized=[Recognized(late=False, packet=repeat.recognized)],
        again=again,
    )


class CameOfIt:
    """What there is to be remembered of an association that went well, for others that go the same way."""

    __slots__ = ("_closed", "_course", "_exchange", "_linked", "_neighbour")

    def __init__(self, association: Association, found: Collector, learned: Repeat) -> None:
        self._exchange = Exchange(association, learned.marks[::3].tolist())
        self._linked = Linked.of(association)
        self._course = Course.of(association, found.of(association))
        self._neighbour = remembered(association, self._course.trouble)
        ends = [told.first for told in self._exchange.entries if isinstance(told.entry.event, TcpEnd)]
        self._closed = min(ends)
        """The place of the packet with which either side began to close the connection."""

    def again(self, repeat: Repeat, *, neighbour: bool) -> Again:
        """Return an association that went like that; with what is remembered of a `neighbour`, if so."""
        number, exchange = repeat.association, self._exchange
        association = Repeated(number, exchange, repeat.flow, repeat.marks)
        here, there = association.requestor, association.acceptor
        ends = Ends(here.endpoint.address, str(there.endpoint), here.ae_title, there.ae_title)
        start, end = association.start_time, association.end_time
        known: Neighbour | None = None
        if neighbour:
            closed = association.time(self._closed)
            span = exchange.span(repeat.marks)
            known = self._neighbour._replace(
                association=number, ends=ends, start=start, end=min(end, closed), closed=closed, span=span
            )
        linked = replace(self._linked, association=number, ends=ends, start=start, end=end)
        return Again(association, linked, known, replace(self._course, association=number))
