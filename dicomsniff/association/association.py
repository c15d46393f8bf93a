"""An association: its two parties, negotiation, messages, timeline and outcome."""

from collections.abc import Mapping
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from dicomsniff.association.message_counts import MessageCounts
from dicomsniff.association.negotiation import PresentationContext, negotiated_contexts
from dicomsniff.association.preambles import NOTHING
from dicomsniff.association.state import BREACHES, State, next_state
from dicomsniff.association.timeline import (
    Entry,
    OddPdv,
    OversizedPdu,
    SharedPdu,
    TimelineEvent,
    UnexpectedPdu,
)
from dicomsniff.association.timing import Timing
from dicomsniff.association.tls_layer import TlsLayer
from dicomsniff.capture.segments import Endpoint
from dicomsniff.dimse.assembler import StrayFragment
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.operations import OperationTracker
from dicomsniff.pdu.types import (
    Abort,
    AssociateAc,
    AssociateRj,
    AssociateRq,
    ControlPdu,
    CutAssociate,
    MissingBytes,
    ReleaseRp,
    UnknownPdu,
    UserInformation,
)
from dicomsniff.side import SIDES, Side
from dicomsniff.span import Span, join_spans
from dicomsniff.tally import Tally
from dicomsniff.tcp.health import StreamHealth


class Party(Struct):
    """One side of an association: where it is, and what it said of itself. Unknown is None, not said is empty."""

    endpoint: Endpoint
    ae_title: str | None = None
    information: UserInformation | None = None

    @property
    def label(self) -> str:
        """`AE TITLE (address:port)`, or the address where the title is unknown."""
        return f"{self.ae_title} ({self.endpoint})" if self.ae_title else str(self.endpoint)


class Rejection(Struct, frozen=True):
    """What an A-ASSOCIATE-RJ said (PS3.8 §9.3.4)."""

    result: int
    source: int
    reason: int


class AbortInfo(Struct, frozen=True):
    """What the first A-ABORT said, and which side sent it (PS3.8 §9.3.8).

    `costs` says whether it may have cost anything: false where all that was asked had been answered, every message had
    come whole, and nothing was on its way.
    """

    source: int
    reason: int
    side: Side
    costs: bool = True


_ESTABLISHED, _REQUESTOR = State.ESTABLISHED, Side.REQUESTOR
"""A module's name is found much faster than an Enum's member."""
_NO_SIDE: frozenset[Side] = frozenset()
_NO_PDV: frozenset[tuple[Side, int, int]] = frozenset()
"""What hardly any association has: an empty set of its own would take 200 bytes."""


class Association:
    """One association, complete or not, as far as the capture shows it. Times are in ns since 1970."""

    __slots__ = (
        "__weakref__",
        "_before",
        "_changed",
        "_odd",
        "_oversized",
        "_sharing",
        "_unended",
        "abort",
        "accept",
        "acceptor",
        "application_context_name",
        "closed",
        "condensed",
        "contexts",
        "end_time",
        "ended_by_capture",
        "follows",
        "id",
        "lost_until",
        "message_counts",
        "messages",
        "missing_bytes",
        "nothing_accepted",
        "operations",
        "pdu_counts",
        "preambles",
        "rejection",
        "released",
        "request",
        "requestor",
        "requestor_is",
        "room",
        "said",
        "start_time",
        "state",
        "tcp",
        "timeline",
        "timing",
        "tls",
        "unlisted",
        "watched_until",
        "whole",
    )

    def __init__(self, number: int, requestor: Party, acceptor: Party, *, known_start: bool, time: int) -> None:
        self.id = number
        self.requestor = requestor
        self.acceptor = acceptor
        self.requestor_is = ""
        """How it is known which side is the requestor; says so where it is a guess."""
        self.follows: int | None = None
        """The association before it on the same TCP connection, by id."""
        self.start_time = self.end_time = time
        self.state = self._before = State.IDLE if known_start else State.UNKNOWN
        self._changed: tuple[Side, int] | None = None
        """Whose PDU led from the state before to this one, and its last packet."""
        self.request: AssociateRq | None = None
        self.accept: AssociateAc | None = None
        self.rejection: Rejection | None = None
        self.abort: AbortInfo | None = None
        self.released = False
        self.application_context_name: str | None = None
        """As proposed, else as answered."""
        self.contexts: Mapping[int, PresentationContext] = {}
        self.messages: list[Message] = []
        self.timeline: list[Entry] = []
        self.operations = OperationTracker()
        self.timing = Timing(time)
        """Where its time went."""
        self.message_counts = MessageCounts()
        self.room = inf
        """Timeline entries (and messages) that are listed."""
        self.unlisted = 0
        """Further timeline entries, which are not kept."""
        self.condensed = False
        """Whether its timeline, messages and contexts were given up to bound memory."""
        self.said = ""
        """How it went, in words, since then."""
        self.nothing_accepted = False
        """Whether an A-ASSOCIATE-AC accepted no presentation context."""
        self.pdu_counts: dict[Side, Tally[str]] = {side: Tally() for side in SIDES}
        """PDUs seen whole, by the side that sent them and by name."""
        self.missing_bytes = 0
        self.lost_until = 0
        """While it was open, the capturer lost packets, of whatever connection, before this packet; 0 is none."""
        self.tcp: dict[Side, StreamHealth] = {}
        """How TCP fared, by the side that sent; of the whole connection."""
        self.tls: TlsLayer | None = None
        """The TLS that it came over."""
        self.preambles = NOTHING
        """What stands before it, or before its TLS, on the connection."""
        self.ended_by_capture = False
        """Whether the capture was over before the connection was."""
        self.closed = False
        """Whether nothing more can come."""
        self.watched_until = time
        """How long the capture watched the connection: waiting for an answer is measured up to then."""
        self.whole: Span | None = None
        """The packets of its connection, to analyze them once more; None where its details are not given up."""
        self._unended: list[Message] = []
        self._oversized: frozenset[Side] = _NO_SIDE
        self._odd: frozenset[tuple[Side, int, int]] = _NO_PDV
        self._sharing: frozenset[Side] = _NO_SIDE

    def __repr__(self) -> str:
        who = f"{self.requestor.label} -> {self.acceptor.label}"
        return f"<Association {self.id}: {who}, {self.outcome}, {self.message_counts.messages} messages>"

    @property
    def has_holes(self) -> bool:
        """Whether something of it is missing from the capture, or may be because the capturer lost packets then."""
        return bool(self.missing_bytes or self.lost_until)

    @property
    def outcome(self) -> str:
        """`released`, `rejected`, `aborted` or `unfinished`."""
        if self.abort is not None:
            return "aborted"
        if self.rejection is not None:
            return "rejected"
        return "released" if self.released else "unfinished"

    @property
    def may_be_over(self) -> bool:
        """Whether another A-ASSOCIATE-RQ begins another association."""
        return self.state.is_over or (self.state is State.UNKNOWN and self.request is not None)

    @property
    def unanswered(self) -> list[Message]:
        """Requests that got no final response, nor one of which the capture lacks the status."""
        return [operation.request for operation in self.operations.outstanding if not operation.unread]

    def begins_at(self, side: Side) -> int:
        """How many bytes of what a side sent stand before what it carries; within TLS nothing is counted that does."""
        if self.tls is not None:
            return 0
        return self.preambles.length if side is _REQUESTOR else self.preambles.answered

    def hears(self, side: Side) -> bool:
        """Whether the capture holds packets of a side, were it only acknowledgements of what the other sent."""
        other = self.tcp.get(side.other)
        return other is None or other.last_ack >= 0

    def party(self, side: Side) -> Party:
        """Who is on a side."""
        return self.requestor if side is _REQUESTOR else self.acceptor

    def limit(self, side: Side) -> int | None:
        """The longest P-DATA-TF (bytes) that the other side takes from this one; None where unknown, 0 for any."""
        information = self.party(side.other).information
        return information.max_pdu_length if information is not None else None

    def transfer_syntax(self, context_id: int) -> str | None:
        """The transfer syntax accepted for a context; None where it was refused or the negotiation is unknown."""
        context = self.contexts.get(context_id)
        return context.transfer_syntax if context is not None else None

    def add_pdu(self, pdu: ControlPdu, side: Side, *, underway: bool = False) -> list[Entry]:
        """Take a PDU other than P-DATA-TF; `underway` says whether a message had begun then and not ended."""
        known = not isinstance(pdu, UnknownPdu)
        unexpected = self._step(pdu.name, pdu.span, side) if known else []
        match pdu:
            case AssociateRq():
                if self.request is None:
                    self.request = pdu
                    self.application_context_name = pdu.application_context_name
                    self.requestor.ae_title, self.acceptor.ae_title = pdu.calling_ae_title, pdu.called_ae_title
                    self.requestor.information = pdu.user_information
                    self.contexts = negotiated_contexts(pdu, self.accept)
            case AssociateAc():
                if self.accept is None:
                    self.accept = pdu
                    self.application_context_name = self.application_context_name or pdu.application_context_name
                    self.acceptor.information = pdu.user_information
                    self.contexts = negotiated_contexts(self.request, pdu)
                    self.nothing_accepted = not any(context.accepted for context in self.contexts.values())
                    # The standard has the acceptor send both titles back; the request is the better source.
                    self.requestor.ae_title = self.requestor.ae_title or pdu.calling_ae_title
                    self.acceptor.ae_title = self.acceptor.ae_title or pdu.called_ae_title
            case AssociateRj(result=result, source=source, reason=reason):
                self.rejection = self.rejection or Rejection(result, source, reason)
            case Abort(source=source, reason=reason):
                done = self.message_counts.statuses and not self.operations.outstanding and not self.missing_bytes
                costs = underway or not done or bool(self._unended)
                self.abort = self.abort or AbortInfo(source, reason, side, costs=costs)
            case ReleaseRp():
                self.released = True
        return [self._enter(event, side) for event in (pdu, *unexpected)]

    def expects_fragment(self, pdu_length: int, side: Side) -> bool:
        """Whether a P-DATA-TF of `pdu_length` bytes changes nothing: data is exchanged, and it is not too long."""
        limit = self.limit(side)
        return self.state is _ESTABLISHED and not (limit and pdu_length > limit)

    def add_fragment(self, pdu_length: int, span: Span, side: Side) -> list[Entry]:
        """Take note of the first fragment of a P-DATA-TF of `pdu_length` bytes."""
        unexpected = self._step("P-DATA-TF", span, side)
        entries = [self._enter(event, side) for event in unexpected]
        limit = self.limit(side)
        if limit and pdu_length > limit and side not in self._oversized:
            self._oversized |= {side}
            entries.append(self._enter(OversizedPdu(span, pdu_length, limit), side))
        return entries

    def add_odd_pdv(self, length: int, header: int, span: Span, side: Side) -> list[Entry]:
        """Take note of a PDV that is empty, odd or has reserved bits in its header; the first of each kind counts."""
        kind = (side, length & 1 if length else 2, header & ~3)
        if kind in self._odd:
            return []
        self._odd |= {kind}
        return [self._enter(OddPdv(span, length, header), side)]

    def add_shared_pdu(self, span: Span, side: Side) -> list[Entry]:
        """Take note of a P-DATA-TF in which a message begins behind another one; the first of a side counts."""
        if side in self._sharing:
            return []
        self._sharing |= {side}
        return [self._enter(SharedPdu(span), side)]

    def add_message(self, message: Message) -> Entry:
        """Take a message; one that never ended is listed after all others once the association is closed."""
        message.association_id, message.transfer_syntax = self.id, self.transfer_syntax(message.context_id)
        if message.ended:
            self._number(message)
        else:
            self._unended.append(message)
        self.operations.feed(message, listed=len(self.timeline) < self.room)
        return self._enter(message, message.side)

    def add(self, event: TimelineEvent, side: Side) -> Entry:
        """Take anything else that belongs on the timeline."""
        if isinstance(event, CutAssociate):
            self.requestor.ae_title = self.requestor.ae_title or event.calling_ae_title
            self.acceptor.ae_title = self.acceptor.ae_title or event.called_ae_title
        if isinstance(event, MissingBytes):
            self.missing_bytes += event.length
            if self.state in (State.IDLE, State.REQUESTED) or (event.resynchronized and not self.state.is_over):
                self.state = State.UNKNOWN
        if isinstance(event, StrayFragment) and self.timeline:
            last = self.timeline[-1]
            goes_on = last.side is side
            if isinstance(last.event, StrayFragment) and goes_on and last.event.context_id == event.context_id:
                event = replace(
                    event, span=join_spans(last.event.span, event.span), length=last.event.length + event.length
                )
                self.timeline.pop()
        return self._enter(event, side)

    def close(self, *, ended_by_capture: bool, watched_until: int) -> None:
        """Nothing more can come."""
        self.closed = True
        self.watched_until = max(watched_until, self.end_time)
        self.ended_by_capture = ended_by_capture
        for message in sorted(self._unended, key=lambda message: message.span.first_packet):
            self._number(message)
        self._unended.clear()

    def shorten(self, room: int) -> None:
        """List no more than so many timeline entries, the first ones; counts cover all."""
        self.room = room
        if len(self.timeline) > room:
            self.unlisted += len(self.timeline) - room
            del self.timeline[room:]
            listed = {id(entry.event) for entry in self.timeline}
            self.messages = [message for message in self.messages if id(message) in listed]
            self.operations.shorten(listed)

    def dissolve(self) -> None:
        """Nobody looks at it any more: its messages forget their operations, so that its memory is free at once."""
        for message in self.messages:
            message.operation = None

    def condense(self, said: str = "") -> None:
        """Give up what only a detailed view needs of what is over; outcome, counts and how it is `said` to be stay."""
        self.condensed, self.said = True, said
        self.dissolve()
        for party in (self.requestor, self.acceptor):
            party.information = None
        for name in _GIVEN_UP:
            setattr(self, name, getattr(_BLANK, name))

    def _number(self, message: Message) -> None:
        self.message_counts.add(message)
        message.number = self.message_counts.messages
        if len(self.messages) < self.room:
            self.messages.append(message)

    def _enter(self, event: TimelineEvent, side: Side) -> Entry:
        entry = Entry(side, event)
        if len(self.timeline) < self.room:
            self.timeline.append(entry)
        else:
            self.unlisted += 1
        span = event.span
        if span.last_time > self.end_time:
            self.end_time = span.last_time
        # What waited behind a hole, or was captured while a clock was set back, may be older than what came first.
        if span.first_time < self.start_time:
            self.start_time = span.first_time
        return entry

    def begun_before(self, span: Span, side: Side) -> bool:
        """Whether a side's PDU was on its way before the other side's latest one that changed the state was whole."""
        return self._changed is not None and self._changed[0] is not side and span.first_packet < self._changed[1]

    def _step(self, name: str, span: Span, side: Side) -> list[UnexpectedPdu]:
        state = self.state
        after = next_state(state, side, name)
        expected = after is not None
        if after is None:
            # What had begun before the other side's PDU came is judged by what was known then.
            if self.begun_before(span, side) and next_state(self._before, side, name) is not None:
                return []
            after = BREACHES.get((state, side, name))
        if after is not None and after is not state:
            self._before, self.state, self._changed = state, after, (side, span.last_packet)
        if expected or not self.hears(side.other):
            return []
        unexpected = UnexpectedPdu(span, name, state)
        last = self.timeline[-1].event if self.timeline else None
        if isinstance(last, UnexpectedPdu) and name == "P-DATA-TF" == last.pdu and last.state is state:
            return []
        return [unexpected]


_GIVEN_UP = (
    "timeline",
    "messages",
    "contexts",
    "request",
    "accept",
    "operations",
    "timing",
    "pdu_counts",
    "tcp",
    "_changed",
    "_odd",
    "_oversized",
    "_sharing",
    "_unended",
)
"""What is given up to bound memory: all that are condensed share one of each, which does not change any more."""
_NOBODY = Endpoint("", 0)
_BLANK = Association(0, Party(_NOBODY), Party(_NOBODY), known_start=False, time=0)
