"""Rules on operations: requests, their responses, roles and sub-operations (PS3.7 §8 to §10, §D.3.3)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.uids import uid_text
from dicomsniff.dimse.message import Message
from dicomsniff.findings.association_rules import peer_silent
from dicomsniff.findings.codes import COMMANDS, ENDS, FRAGMENTS, FRAMING, NOT_CAPTURED, ORDER, by
from dicomsniff.findings.finding import EntryRule, FinalRule, Hit, Severity
from dicomsniff.findings.operations import PENDING, window
from dicomsniff.findings.review import Review

_CANCELLED = 0xFE00
_EVENT_REPORT = 0x0100
_CANCEL = 0x0FFF


def request_missing(association: Association, entry: Entry) -> Iterator[Hit]:
    """A response to a request that was never made (PS3.7 §9.3)."""
    match entry.event:
        case Message(command=command, request=None) if command.is_response:
            if association.request is None or association.missing_bytes or command.problem:
                return
            number = command.message_id_being_responded_to
            if number is not None:
                yield Hit(f"{command.name} answers message {number}; no such request is outstanding")


def mismatched(review: Review) -> Iterator[Hit]:
    """A response of another service than its request (PS3.7 §9.3)."""
    for response, request in review.operations.answers:
        if response.command.service != request.command.service:
            number = request.command.message_id
            yield Hit(f"{response.name} answers {request.name} {number}", response.span, response)


def other_context(review: Review) -> Iterator[Hit]:
    """A response on another presentation context than its request (PS3.8 §E.1)."""
    for response, request in review.operations.answers:
        if response.command.service == request.command.service:
            text = f"{response.name} comes on context {response.context_id}; its request was on {request.context_id}"
            yield Hit(text, response.span, response)


def id_repeated(review: Review) -> Iterator[Hit]:
    """A request with the message id of one that is still outstanding (PS3.7 §9.1, §E.1)."""
    if not review.association.missing_bytes:
        for message in review.operations.repeated:
            number = message.command.message_id
            yield Hit(f"{message.name} has message id {number}, as an outstanding request has", message.span, message)


def beyond_window(review: Review) -> Iterator[Hit]:
    """More requests outstanding than negotiated (PS3.7 §D.3.3.3)."""
    association = review.association
    if association.missing_bytes or not review.both_directions:
        return
    for side, message in review.operations.crowded.items():
        allowed = window(association, from_requestor=side)
        who = association.sender(from_requestor=side).label
        text = f"{who} has up to {review.operations.most[side]} operations outstanding; {allowed} may be"
        yield Hit(text, message.span, message)


def unanswered(review: Review) -> Iterator[Hit]:
    """Requests without a final response, where the capture saw the end (PS3.7 §8)."""
    association = review.association
    if association.ended_by_capture and association.outcome not in ("aborted", "released"):
        return
    told = [hit.about for hit in peer_silent(review)]
    for message in review.unanswered():
        if any(message is each for each in told):
            continue
        waited = (association.watched_until - message.span.last_time) / 1e9
        text = f"{message.name} {message.command.message_id} got no final response ({waited:.1f} s until the end)"
        yield Hit(text, message.span, message, since=message.span.first_packet, known=-1)


def cancel_of_nothing(review: Review) -> Iterator[Hit]:
    """A C-CANCEL of a request that was never made (PS3.7 §9.3.2.3)."""
    if review.saw_all(from_requestor=True, until=1 << 62) and review.saw_all(from_requestor=False, until=1 << 62):
        for message in review.operations.cancels:
            number = message.command.message_id_being_responded_to
            yield Hit(f"C-CANCEL-RQ of message {number}, which was never asked", message.span, message)


def role_missing(review: Review) -> Iterator[Hit]:
    """A request in a role that was not negotiated (PS3.7 §D.3.3.4)."""
    association = review.association
    request, accept = association.request, association.accept
    if request is None or accept is None or request.problem or accept.problem:
        return
    reversed_roles = {role.sop_class_uid for role in accept.user_information.roles if role.scp}
    told: set[tuple[bool, str | None]] = set()
    for message in association.messages:
        command, side = message.command, message.from_requestor
        # By default the requestor is the SCU, which asks, and the acceptor the SCP, which only reports events.
        ordinary = side is not (command.field == _EVENT_REPORT)
        if command.is_response or command.field == _CANCEL or ordinary or command.problem:
            continue
        context = association.contexts.get(message.context_id)
        classes = {command.sop_class_uid, context.abstract_syntax if context is not None else None}
        if context is None or classes & reversed_roles or (side, command.sop_class_uid) in told:
            continue
        told.add((side, command.sop_class_uid))
        who = association.sender(from_requestor=side).label
        role = "SCP" if side else "SCU"
        text = f"{who} sends {message.name} as {role} of {uid_text(command.sop_class_uid)}, a role not negotiated"
        yield Hit(text, message.span, message)


def counters_wrong(review: Review) -> Iterator[Hit]:
    """Sub-operation counters that do not add up (PS3.7 §9.1.3, §9.1.4; PS3.4 §C.4.2.1.6)."""
    for series in review.operations.counted.values():
        total: int | None = None
        done = 0
        for counters in series:
            message = counters.message
            final = message.command.status not in PENDING
            problem = ""
            if counters.done < done:
                problem = f"{counters.done} sub-operations are over, after {done} were"
            elif final and message.command.status == 0 and counters.remaining:
                problem = f"the final response says success and {counters.remaining} remaining"
            # Some leave the one under way out of both, so that one more is over at the end.
            elif (
                final
                and message.command.status in (0, 0xB000)
                and total is not None
                and not 0 <= counters.done - total <= 1
            ):
                problem = f"{counters.done} sub-operations are over at the end, of {total}"
            elif not final and counters.remaining is not None:
                now = counters.remaining + counters.done
                if total is not None and now != total:
                    problem = f"{now} sub-operations in all, where there were {total}"
                total = now
            done = max(done, counters.done)
            if problem:
                yield Hit(f"{message.name}: {problem}", message.span, message)
                break


_BEFORE = (*by("own", *FRAMING, *ORDER), *NOT_CAPTURED)

RULES = (
    EntryRule(
        "response-without-request",
        Severity.ERROR,
        "PS3.7 §9.3",
        "A response answers a request that is not outstanding",
        "Message ID Being Responded To names no request, or one that has its final response already. The requestor "
        "aborts, or takes it for the answer to something else.",
        "Compare Message ID Being Responded To (0000,0120) with the requests before it.",
        (Message,),
        request_missing,
        (
            *_BEFORE,
            *by("peer", "message-id-repeated", *FRAGMENTS, "command-malformed", "command-unknown", *FRAMING),
            "peer:command-element-missing",
            "own:command-element-missing",
        ),
    ),
    FinalRule(
        "response-mismatched",
        Severity.ERROR,
        "PS3.7 §9.3",
        "A response is of another service than its request",
        "Message ID Being Responded To names a request of another kind. The requestor aborts, or takes it for an "
        "answer that it is not.",
        "Look at how the peer keeps requests apart.",
        mismatched,
        (*_BEFORE, "peer:message-id-repeated"),
    ),
    FinalRule(
        "response-on-other-context",
        Severity.WARNING,
        "PS3.8 §E.1",
        "A response comes on another presentation context",
        "A response is sent on the context of its request. Some requestors do not find it on another one.",
        "Look at how the peer chooses the context of a response.",
        other_context,
        (*_BEFORE, "peer:message-id-repeated"),
    ),
    FinalRule(
        "message-id-repeated",
        Severity.ERROR,
        "PS3.7 §E.1",
        "A message id is used again while it is outstanding",
        "Responses name their request by its message id alone. With two of the same, nobody can tell which is "
        "answered.",
        "Look at how the sender numbers its requests.",
        id_repeated,
        (*_BEFORE, *by("own", *FRAGMENTS)),
    ),
    FinalRule(
        "operations-beyond-window",
        Severity.WARNING,
        "PS3.7 §D.3.3.3",
        "More operations are outstanding than negotiated",
        "Unless an asynchronous operations window was negotiated, a request waits for the response to the one before. "
        "Peers that are not ready for more drop, mix up or refuse the second.",
        "Make the sender wait, or let both sides negotiate a window.",
        beyond_window,
        (*_BEFORE, "own:message-id-repeated"),
    ),
    FinalRule(
        "request-unanswered",
        Severity.ERROR,
        "PS3.7 §8",
        "A request got no final response",
        "The request was sent whole, and the association ended without a final response to it.",
        "Look at who ended the association first, and at the peer's log at the time of the request.",
        unanswered,
        (
            *by("own", *FRAMING, *ORDER, *FRAGMENTS, *COMMANDS, "message-id-repeated", "pdu-incomplete"),
            *by("peer", *FRAMING, *FRAGMENTS, "response-mismatched", "response-without-request"),
            "peer-silent",
            *ENDS,
            "association-not-released",
            "release-unanswered",
            *NOT_CAPTURED,
        ),
    ),
    FinalRule(
        "cancel-of-nothing",
        Severity.WARNING,
        "PS3.7 §9.3.2.3",
        "A C-CANCEL names a request that was never made",
        "C-CANCEL names the request to stop by Message ID Being Responded To. This one stops nothing. (A cancel that "
        "crosses the final response is normal and not meant.)",
        "Look at which id the sender puts into C-CANCEL.",
        cancel_of_nothing,
        _BEFORE,
    ),
    FinalRule(
        "role-not-negotiated",
        Severity.WARNING,
        "PS3.7 §D.3.3.4",
        "A request is sent in a role that was not negotiated",
        "By default the requestor is the SCU and the acceptor the SCP. For anything else, such as C-STORE during "
        "C-GET or an event report on a reversed association, SCP/SCU role selection is needed; peers without it "
        "refuse or abort.",
        "Let the requestor propose the role, and the acceptor accept it.",
        role_missing,
        (*_BEFORE, "context-not-accepted"),
    ),
    FinalRule(
        "sub-operations-inconsistent",
        Severity.WARNING,
        "PS3.7 §9.1.3, §9.1.4",
        "Sub-operation counters do not add up",
        "Remaining, completed, failed and warning sub-operations together are as many as there are, in every "
        "response. Here they are not, so that nobody can tell from them what was moved.",
        "Count what arrived at the destination. Look at how the peer counts.",
        counters_wrong,
        (*_BEFORE, "response-without-request"),
    ),
)
"""Rules on operations, in the order in which they are asked."""
