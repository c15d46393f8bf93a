"""Rules on transfers that stood still until somebody gave up: who stopped, as TCP shows it (RFC 9293 §3.8)."""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from dicomsniff.association.timeline import TcpEnd
from dicomsniff.capture.unreachable import TOO_LARGE
from dicomsniff.dimse.assembler import StrayFragment
from dicomsniff.dimse.lack import Part
from dicomsniff.dimse.message import Message
from dicomsniff.findings.codes import FRAMING, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import is_broken_off, is_irregular
from dicomsniff.findings.parts import the_address, the_message_with_id, the_party
from dicomsniff.findings.review import PATIENCE, Review, begins_no_pdu, cut_off_pdu, how_ended, idle_before, incomplete
from dicomsniff.findings.rule import Hit, final_rule
from dicomsniff.pdu.types import Abort, MalformedPdu
from dicomsniff.quantities import counted, duration
from dicomsniff.side import SIDES, Side
from dicomsniff.span import Span
from dicomsniff.tcp.health import SMALL_SEGMENT, StreamHealth
from dicomsniff.tcp.pauses import NEVER
from dicomsniff.tcp.source import ByteSource

_TRIES = 2
"""Times that bytes must have been sent again before the path is suspected."""
_STUCK = 3_000_000_000
"""ns for which nothing must have gone forward where the capture ends, or lacks bytes, before that is told."""


class _End(Struct, frozen=True):
    """What broke the association off, or that the capture ended before it was over."""

    time: int
    """When that was (ns since 1970)."""
    packet: int
    side: Side | None = None
    """Who did it; None where the capture ended."""
    how: str = ""
    abort_at: int | None = None
    """Where its A-ABORT begins in what that side sent, if it is one."""


def _end(review: Review) -> _End | None:
    """Return how the association ended that is looked at; None where it was over before."""
    ending, association = review.ending, review.association
    if ending is not None:
        span = ending.span
        abort_at = span.start if isinstance(ending.event, Abort) else None
        return _End(span.first_time, span.first_packet, ending.side, how_ended(ending), abort_at)
    if association.ended_by_capture and not association.state.is_over and association.timeline:
        return _End(association.watched_until, max(each.span.last_packet for each in association.timeline))
    return None


class _Stall(Struct, frozen=True):
    """What one side had begun and not ended when the association ended; `cut` says so of its last PDU."""

    side: Side
    name: str
    span: Span
    about: Message | None
    cut: str
    health: StreamHealth
    end: _End

    def since(self, time: int) -> int:
        """Return how long (ns) before the end a time was."""
        return self.end.time - time

    @property
    def closed(self) -> int:
        """How long (ns) the receiver's window had been closed at the end; 0 where it was open."""
        since, until = self.health.last_closed
        if self.health.closed_since != NEVER:
            since = self.health.closed_since
        elif until < self.end.time:
            return 0  # what ends a connection may state any window
        return self.since(since) if since != NEVER else 0

    @property
    def _own_abort(self) -> int | None:
        """Where in what the sender sent its own A-ABORT begins, if that is how it ended."""
        return self.end.abort_at if self.end.side is self.side else None

    @property
    def silent(self) -> int:
        """How long (ns) before the end the sender sent nothing."""
        return self.since(self.span.last_time if self._own_abort is not None else self.health.sent_at)

    @property
    def all_arrived(self) -> bool:
        """Whether the receiver acknowledged all that was sent before the end."""
        return self.health.acked_to >= (self.health.sent_to if self._own_abort is None else self._own_abort)

    @property
    def in_vain(self) -> int:
        """How long (ns) bytes were sent again while nothing new was acknowledged."""
        return self.health.resent_at - max(self.health.acked_at, self.span.first_time)

    def hit(self, text: str, side: Side | None) -> Hit:
        """Return what was seen, from the beginning of the message to its end; what is not over may still go on."""
        last = self.end.packet
        span = replace(self.span, last_packet=max(self.span.last_packet, last))
        about = self.about if side is not None else None
        severity = Severity.WARNING if self.end.side is None else None
        return Hit(text, span, about, side, self.span.first_packet, last, severity=severity)


def _stalls(review: Review, *, whole: bool = False) -> Iterator[_Stall]:
    """Yield what had begun and not ended; with `whole` also what was sent whole and not acknowledged."""
    association, end = review.association, _end(review)
    if end is None or association.unlisted or (association.has_holes and not whole):
        return
    for side in SIDES:
        health, begun = association.tcp.get(side), _begun(review, side)
        if begun is None and whole and health is not None:
            begun = _unacknowledged(review, side, health)
        if health is not None and begun is not None and health.sent_at != NEVER and review.hears(side.other):
            yield _Stall(side, *begun, health, end)


def _due(review: Review) -> Iterator[_Stall]:
    """Yield what was to be answered and was not, of either side.

    Whoever was asked may have stopped reading before it had all of the request, whoever asked between two responses.
    """
    association, end = review.association, _end(review)
    if end is None or association.unlisted or association.has_holes:
        return
    for request in association.unanswered[:1]:
        for side in (request.side, request.side.other):
            health = association.tcp.get(side)
            if request.ended and health is not None and health.sent_at != NEVER and review.hears(side.other):
                yield _Stall(side, the_message_with_id(request), request.span, None, "", health, end)


def _begun(review: Review, side: Side) -> tuple[str, Span, Message | None, str] | None:
    """Find the message of a side that never ended, else the PDU."""
    own = [entry for entry in review.association.timeline if entry.side is side]
    last = next((each for each in own if incomplete(each)), None)
    cut = last.event if last is not None else None
    problem = cut.problem if isinstance(cut, MalformedPdu) else ""
    for message in review.association.messages:
        if message.side is side and not message.ended:
            return the_message_with_id(message), message.span, message, problem
    name = cut_off_pdu(last) if last is not None else ""
    if cut is None or (name == "P-DATA-TF" and not any(isinstance(each.event, StrayFragment) for each in own)):
        return None  # what it holds is whole: it announces more than it has
    return name, cut.span, None, problem


def _unacknowledged(review: Review, side: Side, health: StreamHealth) -> tuple[str, Span, Message | None, str] | None:
    """Find the first message or PDU of a side that was sent whole and not acknowledged."""
    for entry in review.association.timeline:
        event = entry.event
        if entry.side is side and _end_in_tcp(entry.span) > health.acked_to and not isinstance(event, Abort | TcpEnd):
            if isinstance(event, Message):
                return the_message_with_id(event), event.span, event, ""
            return event.name, event.span, None, ""
    return None


def _end_in_tcp(span: Span) -> int:
    """Return where a span ends in the TCP stream: what is inside TLS counts otherwise."""
    located = span.source.locate(span) if isinstance(span.source, ByteSource) else []
    return located[-1].end if located else span.end


@final_rule(code="receiver-stopped-reading", where=is_irregular, severity=Severity.ERROR)
def stopped_reading(review: Review) -> Iterator[Hit]:
    """A receiver stopped reading.

    In the middle of a message, or before the response that it waits for, a program took no more bytes from TCP, so
    that its window closed and the sender had to wait until one side gave up. Whoever reset, closed or aborted then is
    not the cause. Where the capture ends before that, it is a warning.

    What to do: Look at what the receiver did at that time: a full disk, a hanging database, a deadlock, a crashed
    thread.
    """
    begun = list(_stalls(review))
    for stall in begun or _due(review):
        if stall.closed >= (PATIENCE if stall.end.side is not None else _STUCK):
            sender, receiver = (the_party(review.association.party(each)) for each in (stall.side, stall.side.other))
            text = f"{receiver} stopped reading: its TCP window stayed closed for {duration(stall.closed)} "
            where = f"{'within' if begun else 'before a final response to'} {stall.name}"
            ender = "it" if stall.end.side is stall.side.other else sender
            then = f"then {ender} {stall.end.how}" if stall.end.side is not None else "so it was when the capture ended"
            yield stall.hit(f"{text}{where}; {then}", stall.side.other)


@final_rule(
    code="sender-stopped",
    where=is_broken_off,
    severity=Severity.ERROR,
    follows=by("own", *FRAMING, "last-fragment-missing", "find-final-with-data-set", "data-set-not-allowed"),
)
def stopped_sending(review: Review) -> Iterator[Hit]:
    """A sender stopped in the middle of a message.

    All that was sent had arrived, and the receiver was ready for more; the rest of the message never came, until one
    side gave up. Either the sender hangs, or a PDU announces more bytes than it has, or the sender was done and did not
    set the last-fragment bit.

    What to do: Look at the sender's log at that time. If a PDU is incomplete, look at its length too. If the Pixel Data
    is whole, look at the sender's fragmentation.
    """
    for stall in _stalls(review):
        silent = stall.silent
        if stall.end.side is not None and not stall.closed and stall.all_arrived and silent >= PATIENCE:
            sender, receiver = (the_party(review.association.party(each)) for each in (stall.side, stall.side.other))
            ender = receiver if stall.end.side is stall.side.other else "it"
            cut = f" ({stall.cut})" if stall.cut else ""
            text = f"{sender} stopped sending in the middle of {stall.name}{cut}; "
            if stall.about is not None and stall.about.lack is not None and stall.about.lack.part is Part.MARK:
                text = f"{sender} marked no fragment of {stall.name} as the last, although its Pixel Data is whole; "
            elif stall.about is not None and not cut and _never_began(stall.about):
                text = f"{sender} sent the command set of {stall.name} and nothing of the data set that it announces; "
            elif stray := _stray(review, stall):
                text = f"{sender} sends {counted(stray, 'byte')}, which begin no PDU: it does not speak DICOM; "
            yield stall.hit(f"{text}{duration(silent)} later {ender} {stall.end.how}", stall.side)


def _stray(review: Review, stall: _Stall) -> int:
    """Return how many bytes, no more than a header has, are all that the side of a stall sent, if they begin no PDU."""
    own = (entry for entry in review.association.timeline if entry.side is stall.side)
    return next((len(said) for said in map(begins_no_pdu, own) if said), 0)


def _never_began(message: Message) -> bool:
    """Whether nothing came of a data set that the command set announces."""
    nothing = message.data_set is None or not message.data_set.length
    return nothing and message.has_whole_command and message.command.announces_data_set


@final_rule(code="bytes-never-acknowledged", where=is_irregular, severity=Severity.ERROR)
def never_arrived(review: Review) -> Iterator[Hit]:
    """Bytes were sent again and never acknowledged.

    From some moment on nothing that was sent reached the receiver, or no answer came back: the path is broken, the
    receiving host is gone, or a firewall dropped the connection, as many do after an hour without traffic. Where the
    capture ends before either side gives up, it is a warning.

    What to do: Look at the path and at firewalls in between; capture at both ends. Where only large segments never
    arrive, some part of the path has a smaller MTU: compare with ping -s and the don't-fragment bit.
    """
    for stall in _stalls(review, whole=True):
        health, silent = stall.health, stall.since(stall.health.acked_at)
        lost = health.sent_to - health.acked_to
        tried = health.retransmitted >= _TRIES and stall.since(max(health.acked_at, stall.span.first_time)) >= PATIENCE
        if stall.end.side is None or review.association.has_holes:  # it takes more to know that it does not go on
            tried = health.retransmitted > _TRIES and stall.in_vain >= _STUCK
        if not stall.closed and lost > 0 and tried:
            sender, receiver = (the_party(review.association.party(each)) for each in (stall.side, stall.side.other))
            what = f"{counted(lost, 'byte')} of {stall.name}, sent again by {sender}, were never acknowledged"
            idle = idle_before(review.association, stall.span.first_packet, stall.span.first_time)
            last = f"the last acknowledgement came {duration(silent)} before the end"
            if stall.end.side is None:
                last = f"nothing was for {duration(stall.in_vain)}, until the capture ended"
            why = f"nothing had been sent for {duration(idle)} before it: dropped by a firewall?" if idle else last
            if not idle and lost >= SMALL_SEGMENT and not _passed_large(review, stall):
                why = f"for {duration(silent)} only small segments got through: an MTU that is too small on the path?"
            if error := review.unreachable(stall.side):
                why = f"{the_address(error.by)} answered by ICMP, {error.why}"
                if error.why == TOO_LARGE:
                    why += f": the MTU of the path is {counted(error.mtu, 'byte') if error.mtu else 'smaller'}"
            yield stall.hit(f"{what} by {receiver}; {why}", None)


@final_rule(code="keep-alives-unanswered", where=is_irregular, severity=Severity.WARNING)
def keep_alives_unanswered(review: Review) -> Iterator[Hit]:
    """The keep-alives of one side got no answer.

    TCP asks in a long silence whether the other side is still there. Nothing came back: the other host is gone, the
    path is broken, or a firewall in between has dropped the connection for idleness. After some tries TCP gives up and
    resets the connection; whoever does so is not the cause.

    What to do: Look at the path, at the idle timeout of firewalls, and whether the other host was up. Keep-alives that
    come more often than that timeout keep a connection open.
    """
    for side, health in review.association.tcp.items():
        if probes := review.probes_in_vain(side):
            asking, asked = (the_party(review.association.party(each)) for each in (side, side.other))
            ending = next(iter(review.ends), None)
            took = duration(health.probed_last - health.probed_since)
            text = f"{asked} answered none of {probes} keep-alives that {asking} sent in {took}: "
            text += "it is gone, or the path to it is, or a firewall dropped the idle connection"
            yield Hit(text, ending.span if ending is not None else None, side=side.other, earliest_cause=1)


def _passed_large(review: Review, stall: _Stall) -> bool:
    """Whether anything larger than a segment was acknowledged in the direction of a stall."""
    return any(
        each.side is stall.side
        and _end_in_tcp(each.span) <= stall.health.acked_to
        and each.span.end - each.span.start > SMALL_SEGMENT
        for each in review.association.timeline
    )
