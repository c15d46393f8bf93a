"""An association that is over, looked at once: what the capture saw of it, and what it did not."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from dicomsniff.association.association import Association
from dicomsniff.association.handshakes import FailedHandshake, broken_off, failed_handshake
from dicomsniff.association.links import Linker
from dicomsniff.association.moves import Unconnected
from dicomsniff.association.neighbours import Neighbours
from dicomsniff.association.normalized_links import Kind, Step, by_time, steps_of
from dicomsniff.association.state import State
from dicomsniff.association.timeline import Entry, TcpEnd, UnexpectedPdu
from dicomsniff.capture.unreachable import Unreachable
from dicomsniff.dictionary.pdu_types import PDU_TYPES
from dicomsniff.dimse.lack import Part
from dicomsniff.dimse.message import Message
from dicomsniff.findings.collector import Collector, Findings
from dicomsniff.pdu.types import (
    Abort,
    AssociateAc,
    AssociateRj,
    AssociateRq,
    MalformedPdu,
    MissingBytes,
    ReleaseRp,
    ReleaseRq,
)
from dicomsniff.side import SIDES, Side

if TYPE_CHECKING:
    from dicomsniff.findings.asked import Asked

_ENDS = (Abort, AssociateRj, ReleaseRq, ReleaseRp)
_WHOLE = frozenset((AssociateRq, AssociateAc, AssociateRj, ReleaseRq, ReleaseRp, Message))
_BREAKING = (Abort, TcpEnd)
_FINAL = (AssociateRj, ReleaseRp)


PROBES = 3
"""Keep-alives in a row without an answer from which on the other side, or the path, is thought to be gone."""
PATIENCE = 1_000_000_000
"""ns of silence from which on who gives up is thought to have waited, not to have changed its mind."""


class Known(Protocol):
    """What is known beyond one association by the time it is over: the analyzer."""

    @property
    def links(self) -> Linker:
        """What belongs together, of this association and all that were over before."""

    @property
    def watches(self) -> bool:
        """Whether the capture ends when somebody stops it, in the middle of whatever goes on."""

    @property
    def open_associations(self) -> Iterable[Association]:
        """Associations that are not over yet."""

    @property
    def refused(self) -> Iterable[Unconnected]:
        """TCP connections that were refused a moment ago, which are not among the links yet."""

    @property
    def unreachable(self) -> Iterable[Unreachable]:
        """ICMP errors about TCP packets so far."""

    @property
    def neighbours(self) -> Neighbours:
        """Associations that were over before."""

    @property
    def knows_all(self) -> bool:
        """Whether these are all there are, so that what they do not hold is not in the capture."""


class Review:
    """What final rules ask, gathered in one walk over the timeline."""

    __slots__ = (
        "_collector",
        "_elsewhere",
        "_failed_handshake",
        "_reach",
        "_resync",
        "_spoke",
        "asked",
        "association",
        "begun_in_sight",
        "ending",
        "ends",
        "gaps",
        "kinds",
        "known",
        "silence",
    )

    def __init__(self, association: Association, collector: Collector, known: Known | None = None) -> None:
        self.association = association
        self._collector = collector
        self.known = known
        """What is known of other associations; None where it is looked at alone."""
        self.kinds: set[type] = set()
        """Which kinds of event its timeline lists."""
        self.gaps: dict[Side, list[MissingBytes]] = {side: [] for side in SIDES}
        """Bytes that the capture lacks, by the side that sent them."""
        self.ends: list[Entry] = []
        """Where TCP ended a direction, in order."""
        self.ending: Entry | None = None
        """What broke the association off: the first A-ABORT or end of TCP before it was over."""
        self.asked: list[Asked] | None = None
        """Its queries and retrievals, once a rule has looked at them (`findings.asked`)."""
        self._failed_handshake: tuple[FailedHandshake | None] | None = None
        """How the TLS handshake failed, once a rule has asked."""
        self.silence = 0
        """Time (ns) in which nothing was said before `ending`."""
        self.begun_in_sight = association.request is not None or saw_beginning(association)
        """Whether the capture saw how the association began."""
        self._elsewhere: dict[tuple[Kind, str], list[Step]] | None = None
        self._reach = dict.fromkeys(SIDES, -1)
        self._resync = dict.fromkeys(SIDES, -1)
        self._spoke = dict.fromkeys(SIDES, False)
        last = association.start_time
        over = False
        for entry in sorted(association.timeline, key=_when):
            event, side = entry.event, entry.side
            kind, span = type(event), event.span
            self.kinds.add(kind)
            if kind in _WHOLE:
                self._spoke[side] = True
                if span.start > self._reach[side]:
                    self._reach[side] = span.start
            elif kind is TcpEnd:
                self.ends.append(entry)
            elif isinstance(event, MissingBytes):
                self.gaps[side].append(event)
                if event.resynchronized:
                    self._resync[side] = max(self._resync[side], span.last_packet)
            else:
                self._spoke[side] = True
                if isinstance(event, UnexpectedPdu):
                    expected = event.state is State.IDLE and knows_state(association, side)
                    self.begun_in_sight = self.begun_in_sight or expected
            if self.ending is None and not over and kind in _BREAKING:
                self.ending, self.silence = entry, span.first_time - last
            over = over or kind in _FINAL
            if span.last_time > last:
                last = span.last_time

    @property
    def failed_handshake(self) -> FailedHandshake | None:
        """How the TLS handshake before the association failed, if it did in sight."""
        if self._failed_handshake is None:
            layer = self.association.tls
            self._failed_handshake = (None if layer is None else broken_off(layer) or failed_handshake(layer),)
        return self._failed_handshake[0]

    @property
    def found(self) -> Findings:
        """What was found about the association so far."""
        return self._collector.of(self.association)

    def steps(self, kind: Kind, key: str) -> list[Step]:
        """Return what was done to an instance, or under a Transaction UID, on any association, in the order of time.

        What is known depends on which associations are over; ask only about what came before something of this one.
        """
        workflow = self.known.links.find_thread(kind, key) if self.known is not None else None
        over = workflow.steps if workflow is not None else []
        return sorted([*over, *self.unfinished.get((kind, key), ())], key=by_time)

    @property
    def unfinished(self) -> dict[tuple[Kind, str], list[Step]]:
        """What was done on associations that are not over, by what it was done to; up to MAX_UNFINISHED of it."""
        if self._elsewhere is None:
            self._elsewhere = {}
            for kind, key, step in islice(self._steps_elsewhere(), MAX_UNFINISHED):
                self._elsewhere.setdefault((kind, key), []).append(step)
        return self._elsewhere

    def _steps_elsewhere(self) -> Iterator[tuple[Kind, str, Step]]:
        for association in self.known.open_associations if self.known is not None else ():
            if association is not self.association:
                yield from steps_of(association)

    def unreachable(self, side: Side) -> Unreachable | None:
        """Return the first ICMP error about what a side sent."""
        ends = (self.association.party(side).endpoint, self.association.party(side.other).endpoint)
        errors = self.known.unreachable if self.known is not None else ()
        since = self.association.start_time
        return next((each for each in errors if (each.source, each.target) == ends and each.time >= since), None)

    @property
    def both_directions(self) -> bool:
        """Whether the capture holds something that each side said."""
        return all(self._spoke.values())

    @property
    def answered_otherwise(self) -> bool:
        """Whether the acceptor sent anything but an A-ABORT, were it no DICOM."""
        return any(
            entry.side is Side.ACCEPTOR and not isinstance(entry.event, TcpEnd | MissingBytes | Abort)
            for entry in self.association.timeline
        )

    def waited(self, since: int) -> int:
        """Return the time (ns) from `since` until the association was broken off, or the capture ended."""
        until = self.ending.span.first_time if self.ending is not None else self.association.watched_until
        return max(0, until - since)

    def spoke(self, side: Side) -> bool:
        """Whether the capture holds anything one side said."""
        return self._spoke[side]

    def probes_in_vain(self, side: Side) -> int:
        """Return how many keep-alives of a side got no answer, up to the end, if they are enough to tell by."""
        health = self.association.tcp.get(side)
        probes = health.probes if health is not None and self.hears(side.other) else 0
        if health is None or probes < PROBES or health.probed_last - health.probed_since < PATIENCE:
            return 0
        return probes

    def hears(self, side: Side) -> bool:
        """Whether the capture holds packets of a side, were it only acknowledgements."""
        return self._spoke[side] or self.association.hears(side)

    def ended_by(self, side: Side) -> str:
        """How one side's direction ended: `FIN`, or `RST` by either side; empty where the capture did not see it."""
        for entry in self.ends:
            if isinstance(entry.event, TcpEnd) and (entry.event.how == "RST" or entry.side is side):
                return entry.event.how
        return ""

    def went_on(self, message: Message) -> bool:
        """Whether the sender of a message sent something else after it, other than A-ABORT."""
        return self._reach[message.side] >= message.span.end

    def may_have_missed(self, side: Side, *, since: int) -> bool:
        """Whether something that a side sent in or after packet `since` may have escaped the capture."""
        if self.association.lost_until >= max(since, 1):
            return True
        if not self._spoke[side]:
            return not self.association.hears(side)
        return self._resync[side] >= since

    @property
    def saw_no_end(self) -> bool:
        """Whether the capture would show a release, a refusal or an abort, and shows none, although it lacks bytes.

        It takes two to release, and what one of them said is all there, but perhaps for what a short snaplen cut off:
        that is the end of long packets, not the PDUs of a few bytes.
        """
        if self.association.lost_until or not self.kinds.isdisjoint(_ENDS):
            return False
        tcp = self.association.tcp
        if self.association.request is None and all(health.handshake_time is None for health in tcp.values()):
            return False
        cut = {side: health.cut for side, health in tcp.items()}
        return any(
            self._spoke[side] and sum(gap.length for gap in self.gaps[side]) <= cut.get(side, 0) for side in SIDES
        )

    def is_cut_short(self, side: Side) -> bool:
        """Whether most of what the capture lacks of a side, packets were captured without, as with a short snaplen."""
        health = self.association.tcp.get(side)
        return health is not None and 2 * health.cut > sum(gap.length for gap in self.gaps[side]) > 0

    def lost_within(self, side: Side, *, since: int, until: int) -> bool:
        """Whether the capture lost bytes of a side between two packets, both included."""
        gaps = self.gaps[side]
        at = bisect_left(gaps, since, key=lambda gap: gap.span.last_packet)
        return at < len(gaps) and gaps[at].span.first_packet <= until

    def saw_all(self, side: Side, *, until: int) -> bool:
        """Whether the capture holds all that a side sent up to a packet, from the beginning of the association on."""
        gaps = self.gaps[side]
        return self.begun_in_sight and not (gaps and gaps[0].span.first_packet <= until)

    def unanswered(self) -> Iterator[Message]:
        """Yield requests, sent whole, whose final response the capture would have seen."""
        # Mid-stream, an answer may have been recognized before its question.
        strays = {
            (message.side.other, message.command.message_id_being_responded_to): message.span.last_packet
            for message in self.association.operations.unmatched_responses
        }
        for message in self.association.unanswered:
            side, since = message.side, message.span.first_packet
            answered = strays.get((side, message.command.message_id), -1) >= since
            lost = self.gaps[side.other] and self.gaps[side.other][-1].span.last_packet >= since
            unseen = lost or self.may_have_missed(side.other, since=since)
            sent = message.ended and (message.lack is None or message.lack.part is Part.DATA_SET)
            if sent and not answered and not unseen:
                yield message

    def answered_late(self) -> Iterator[Message]:
        """Yield requests of the side that broke the association off, whose response came only after that."""
        ending = self.ending
        if ending is None:
            return
        for operation in self.association.operations.operations:
            first = operation.first_response
            if first is not None and operation.side is ending.side:
                sent, came = operation.request.span.last_packet, first.span.first_packet
                if sent < ending.span.first_packet < came:
                    yield operation.request

    def gave_up(self, side: Side, patience: int = PATIENCE) -> bool:
        """Whether the side that waited broke the association off itself, after so long (ns) without a word."""
        return self.ending is not None and self.ending.side is side and self.silence >= patience


MAX_UNFINISHED = 10_000
"""Steps on associations that are not over that are looked at for one that is."""
UNANSWERED = 30_000_000_000
"""ns for which nobody is blamed for not having answered, while a live capture goes on and when it is stopped."""


IDLE = 60_000_000_000
"""ns without traffic from which on a firewall or a peer may have dropped a connection."""


_SAME_MOMENT = 1_000_000_000
"""ns within which resets of both sides are told as one: TCP never answers a reset by a reset (RFC 9293 §3.10.7)."""


def idle_before(association: Association, packet: int, time: int) -> int:
    """Return how long (ns) nothing had been said when a packet came; 0 where that is less than IDLE."""
    earlier = [each.span.last_time for each in association.timeline if each.span.last_packet < packet]
    idle = time - max(earlier, default=time)
    return idle if idle >= IDLE else 0


def saw_beginning(association: Association) -> bool:
    """Whether the capture holds the connection from its first byte on."""
    opened = any(health.handshake_time is not None for health in association.tcp.values())
    return opened and not any(health.missing for health in association.tcp.values())


def knows_state(association: Association, side: Side) -> bool:
    """Whether the capture holds what the other side said before, so that a PDU of this side can be unexpected."""
    unseen = association.request is None and any(health.missing for health in association.tcp.values())
    return association.hears(side.other) and not unseen


def asks_release_again(event: UnexpectedPdu, side: Side) -> bool:
    """Whether an unexpected PDU is an A-RELEASE-RQ of a side that has asked already, and got no answer."""
    own = State.RELEASING if side is Side.REQUESTOR else State.ACCEPTOR_RELEASING
    return event.pdu == "A-RELEASE-RQ" and event.state in (own, State.COLLISION, State.COLLISION_ANSWERED)


def how_ended(ending: Entry) -> str:
    """Say how a side broke an association off."""
    match ending.event:
        case TcpEnd(how="RST"):
            return "reset the TCP connection"
        case TcpEnd():
            return "closed the TCP connection"
        case _:
            return "aborted"


def reset_by_both(review: Review, first: Entry) -> int | None:
    """Return how many ns after a reset the other side reset the connection too; None if not, or not at once."""
    if not isinstance(first.event, TcpEnd) or first.event.how != "RST":
        return None
    for each in review.ends:
        if isinstance(each.event, TcpEnd) and each.event.how == "RST" and each.side is not first.side:
            apart = each.span.first_time - first.span.first_time
            return apart if apart <= _SAME_MOMENT else None
    return None


def incomplete(entry: Entry) -> bool:
    """Whether an entry says that the stream ended inside a PDU."""
    return isinstance(entry.event, MalformedPdu) and entry.event.code == "pdu-incomplete"


def begins_no_pdu(entry: Entry) -> bytes:
    """Return the few bytes that are all a side sent, where the first is no PDU's type: it does not speak DICOM."""
    match entry.event:
        case MalformedPdu(code="pdu-incomplete", header=header, span=span) if header and not span.start:
            return b"" if header[0] in PDU_TYPES else header
    return b""


def cut_off_pdu(entry: Entry) -> str:
    """What the stream ended in, where an entry says so: the name of a PDU, or `a PDU header`."""
    match entry.event:
        case MalformedPdu(code="pdu-incomplete", problem=problem):
            name, announces, _ = problem.partition(" announces ")
            return name if announces else "a PDU header"
    return ""


def _when(entry: Entry) -> tuple[int, int]:
    span = entry.event.span
    return span.last_time, span.last_packet
