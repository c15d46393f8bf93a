"""Rules on operations: requests, their responses, roles and sub-operations (PS3.7 §8 to §10, §D.3.3)."""

from collections.abc import Iterator
from math import inf

from dicomsniff.association.agreement import agreed_window
from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.commands import N_EVENT_REPORT_RQ
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.operations import Operation, operations_before
from dicomsniff.dimse.sub_operations import Progress
from dicomsniff.findings.codes import COMMANDS, ENDS, FRAGMENTS, FRAMING, NOT_CAPTURED, ORDER, STALLS, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import is_irregular, waits
from dicomsniff.findings.parts import the_class, the_message_id, the_party
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, entry_rule, final_rule
from dicomsniff.findings.silence_rules import peer_silent
from dicomsniff.pdu.types import ReleaseRq
from dicomsniff.quantities import duration
from dicomsniff.side import SIDES, Side

_BEFORE = (*by("own", *FRAMING, *ORDER), *NOT_CAPTURED)


def is_of_another(_: Association, message: Message) -> bool:
    """Whether a response is of another service than its request, or on another presentation context."""
    request = message.request
    if request is None:
        return False
    return message.context_id != request.context_id or message.command.service != request.command.service


def is_contradicting(_: Association, message: Message) -> bool:
    """Whether a response is the first that contradicts what those before it counted."""
    operation = message.operation
    return operation is not None and operation.progress is not None and operation.progress.contradicting is message


@final_rule(
    code="response-without-request",
    where=is_irregular,
    severity=Severity.ERROR,
    follows=(
        *_BEFORE,
        *by("peer", "message-id-repeated", *FRAGMENTS, "command-malformed", "command-unknown", *FRAMING),
        "peer:command-element-missing",
        "own:command-element-missing",
    ),
)
def request_missing(review: Review) -> Iterator[Hit]:
    """A response answers a request that is not outstanding.

    Message ID Being Responded To names no request, or one that has its final response already. The requestor aborts, or
    takes it for the answer to something else.

    What to do: Compare Message ID Being Responded To (0000,0120) with the requests before it.
    """
    association = review.association
    for message in association.operations.unmatched_responses:
        until, number = message.span.last_packet, message.command.message_id_being_responded_to
        seen = all(review.saw_all(side, until=until) for side in SIDES)
        if association.request is not None and seen and number is not None and not message.command.problem:
            yield Hit(_stray(review, message), message.span, message)


def _stray(review: Review, response: Message) -> str:
    """Say what a response to nothing names, and which request it may be meant for: the only one that waited for one."""
    came, number = response.span.first_packet, response.command.message_id_being_responded_to
    asked = [
        each
        for each in operations_before(review.association.operations.operations, came)
        if each.side is not response.side and each.name == response.command.service
    ]
    waiting = [each for each in asked if each.final is None or each.final.span.last_packet > came]
    (meant,) = waiting if len(waiting) == 1 else (None,)
    name = f"{meant.request.name} {the_message_id(meant.request.command.message_id)}" if meant is not None else ""
    before = next((each for each in reversed(asked) if each.request.command.message_id == number), None)
    if before is not None and before.final is not None and before not in waiting:
        ago = duration(max(response.span.first_time - before.final.span.last_time, 0))
        text = f"{response.name} answers {before.request.name} {the_message_id(number)} again, {ago} after its"
        return f"{text} final response" + (f"; {name} waits for one" if name else "")
    text = f"{response.name} answers message {the_message_id(number)}; no such request is outstanding"
    return text + (f", but {name} is" if name else "")


@entry_rule(
    code="response-mismatched",
    severity=Severity.ERROR,
    on=Message,
    condition=is_of_another,
    follows=(*_BEFORE, "peer:message-id-repeated"),
)
def mismatched(_: Association, entry: Entry) -> Iterator[Hit]:
    """A response is of another service than its request.

    Message ID Being Responded To names a request of another kind. The requestor aborts, or takes it for an answer that
    it is not.

    What to do: Look at how the peer keeps requests apart.
    """
    match entry.event:
        case Message(request=Message() as request) as response if response.command.service != request.command.service:
            yield Hit(f"{response.name} answers {request.name} {the_message_id(request.command.message_id)}")


@entry_rule(
    code="response-on-other-context",
    severity=Severity.WARNING,
    on=Message,
    condition=is_of_another,
    follows=(*_BEFORE, "peer:message-id-repeated"),
)
def other_context(association: Association, entry: Entry) -> Iterator[Hit]:
    """A response comes on another presentation context.

    A response is sent on the context of its request. Some requestors do not find it on another one.

    What to do: Look at how the peer chooses the context of a response.
    """
    match entry.event:
        case Message(request=Message() as request) as response if response.context_id != request.context_id:
            if response.command.service == request.command.service:
                came, asked = (_context(association, each.context_id) for each in (response, request))
                yield Hit(f"{response.name} comes on context {came}; its request was on {asked}")


def _context(association: Association, number: int) -> str:
    """`3 (CT Image Storage)`."""
    context = association.contexts.get(number)
    known = context is not None and context.abstract_syntax is not None
    return f"{number} ({the_class(context.abstract_syntax)})" if known and context is not None else str(number)


@final_rule(
    code="message-id-repeated",
    severity=Severity.ERROR,
    follows=(*_BEFORE, *by("own", *FRAGMENTS)),
)
def id_repeated(review: Review) -> Iterator[Hit]:
    """A message id is used again while it is outstanding.

    Responses name their request by its message id alone. With two of the same, nobody can tell which is answered.

    What to do: Look at how the sender numbers its requests.
    """
    if not review.association.has_holes:
        for operation in review.association.operations.operations:
            if operation.reuses_id:
                message = operation.request
                name = f"{message.name} has message id {the_message_id(message.command.message_id)}"
                text = f"{name}, as an outstanding request has"
                yield Hit(text, message.span, message)


@final_rule(
    code="operations-beyond-window",
    severity=Severity.WARNING,
    follows=(
        *_BEFORE,
        *by("own", "message-id-repeated", "messages-interleaved"),
        *by("peer", "command-malformed", "command-element-missing"),
    ),
)
def beyond_window(review: Review) -> Iterator[Hit]:
    """More operations are outstanding than negotiated.

    Unless an asynchronous operations window was negotiated, a request waits for the response to the one before. Peers
    that are not ready for more drop, mix up or refuse the second.

    What to do: Make the sender wait, or let both sides negotiate a window.
    """
    association = review.association
    if association.has_holes or not review.both_directions:
        return
    for side, most in association.operations.most_outstanding.items():
        if most <= 1 or most <= (allowed := _allowed(association, side)):  # one always is
            continue
        own = (each for each in association.operations.operations if each.side is side)
        first = next((each.request for each in own if each.waiting > allowed), None)
        if first is not None:
            who = the_party(association.party(side))
            yield Hit(f"{who} has up to {most} operations outstanding; {allowed} allowed", first.span, first)


def _allowed(association: Association, side: Side) -> float:
    """Return how many operations a side may have outstanding; any number where that is unknown (PS3.7 §D.3.3.3)."""
    request, accept = association.request, association.accept
    window = agreed_window(association)
    if window is None or request is None or accept is None or request.problem or accept.problem:
        return inf
    return (window.invoked if side is Side.REQUESTOR else window.performed) or inf


@final_rule(
    code="request-unanswered",
    where=waits,
    severity=Severity.ERROR,
    follows=(
        *by("own", *FRAMING, *ORDER, *FRAGMENTS, *COMMANDS, "message-id-repeated", "pdu-incomplete"),
        *by("peer", *FRAMING, *FRAGMENTS, "response-mismatched", "response-without-request", "release-by-acceptor"),
        "destination-failed",
        "peer-silent",
        *STALLS,
        *ENDS,
        "association-not-released",
        "release-too-early",
        "release-unanswered",
        *NOT_CAPTURED,
    ),
)
def unanswered(review: Review) -> Iterator[Hit]:
    """A request got no final response.

    The request was sent whole, and the association ended without a final response to it. An N-EVENT-REPORT that crosses
    an A-RELEASE-RQ is a note: that is foreseen (PS3.4 §J.3.3.1.2), and it is sent again.

    What to do: Look at who ended the association first, and at the peer's log at the time of the request.
    """
    association = review.association
    if association.ended_by_capture and association.outcome not in ("aborted", "released"):
        return
    told = [hit.about for hit in peer_silent(review)]
    for message in review.unanswered():
        if any(message is each for each in told):
            continue
        name = f"{message.name} {the_message_id(message.command.message_id)}"
        if crosses_release(review, message):
            text = f"{name} crossed an A-RELEASE-RQ of the other side and got no response: it is to be sent again"
            yield Hit(text, message.span, message, severity=Severity.NOTE)
            continue
        closed = next((each for each in review.ends if each.side is message.side.other), None)
        if closed is not None and closed.span.last_packet < message.span.first_packet:
            text = f"{name} was sent on a connection that {the_party(review.association.party(closed.side))} had closed"
        else:
            waited = duration(review.waited(message.span.last_time))
            text = f"{name} got no final response in the {waited} until the end"
        yield Hit(text, message.span, message, earliest_cause=message.span.first_packet, latest_cause=-1)


def crosses_release(review: Review, message: Message) -> bool:
    """Whether the other side asked to release before it can have known of an N-EVENT-REPORT (PS3.4 §J.3.3.1.2)."""
    if message.command.field != N_EVENT_REPORT_RQ:
        return False
    times = [health.handshake_time or health.round_trip_time or 0 for health in review.association.tcp.values()]
    known = message.span.last_time + max(times, default=0)
    asked = (each for each in review.association.timeline if isinstance(each.event, ReleaseRq))
    return any(each.side is message.side.other and each.span.first_time <= known for each in asked)


@final_rule(code="cancel-of-nothing", severity=Severity.WARNING, follows=_BEFORE)
def cancel_of_nothing(review: Review) -> Iterator[Hit]:
    """A C-CANCEL names a request that was never made.

    C-CANCEL names the request to stop by Message ID Being Responded To. This one stops nothing. (A cancel that crosses
    the final response is normal and not meant.)

    What to do: Look at which id the sender puts into C-CANCEL.
    """
    tracker = review.association.operations
    if not tracker.unmatched_cancels or tracker.unlisted:
        return
    if not all(review.saw_all(side, until=1 << 62) for side in SIDES):
        return
    asked: dict[tuple[Side, int | None], int] = {}
    for operation in tracker.operations:
        key = (operation.side, operation.request.command.message_id)
        asked.setdefault(key, operation.request.span.first_packet)
    for message in tracker.unmatched_cancels:
        number, packet = message.command.message_id_being_responded_to, message.span.last_packet
        if number is not None and asked.get((message.side, number), packet + 1) > packet:
            yield Hit(
                f"C-CANCEL-RQ for message ID {the_message_id(number)}: no such request was made", message.span, message
            )


@entry_rule(
    code="sub-operations-inconsistent",
    severity=Severity.WARNING,
    on=Message,
    condition=is_contradicting,
    follows=(*_BEFORE, "response-without-request"),
)
def counters_wrong(_: Association, entry: Entry) -> Iterator[Hit]:
    """Sub-operation counters do not add up.

    Remaining, completed, failed and warning sub-operations together are as many as there are, in every pending
    response; in the final one, which has no remaining ones, the others are. Here they do not add up, so that nobody can
    tell from them what was moved.

    What to do: Count what arrived at the destination. Look at how the peer counts.
    """
    match entry.event:
        case Message(operation=Operation(progress=Progress() as progress)) as message:
            cancelled = message.operation is not None and message.operation.cancel is not None
            if progress.contradicting is message and not cancelled:
                yield Hit(f"{message.name}: {progress.contradiction}")
