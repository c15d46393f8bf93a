"""Rules on responses that do not fit their request: about another object, or too early (PS3.7 §9.1, §10.1)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.statuses import DONE, PENDING
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.sub_operations import RETRIEVALS
from dicomsniff.findings.codes import FRAMING, NOT_CAPTURED, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_class, the_uid
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, entry_rule, final_rule
from dicomsniff.quantities import duration

_ABOUT_INSTANCE = (0x8001, 0x8100, 0x8110, 0x8120, 0x8130, 0x8140, 0x8150)
"""C-STORE-RSP and the responses of DIMSE-N."""
_SEVERAL_RESPONSES = ("C-FIND", *RETRIEVALS)
"""Services with pending responses before the final one (PS3.7 §9.1.2 to §9.1.4)."""
_REORDERED = 1_000_000
"""ns by which a capture may show packets of the two directions in another order than they were sent."""


def is_about_another(_: Association, message: Message) -> bool:
    """Whether a response names another SOP class or instance than its request."""
    request, command = message.request, message.command
    if request is None or command.service != request.command.service:
        return False
    asked, said = request.command.sop_class_uid, command.sop_class_uid
    if said != asked and said and asked:
        return True
    return command.field in _ABOUT_INSTANCE and bool(_differences(message, request))


def is_never_pending(_: Association, message: Message) -> bool:
    """Whether a response says Pending, of a service that has one response to each request."""
    return message.command.status in PENDING and message.command.service not in _SEVERAL_RESPONSES


def _differences(message: Message, request: Message) -> list[tuple[str, str, str]]:
    """Return what a response names differently from its request: (what, said, meant); what either omits is ignored."""
    command, asked = message.command, request.command
    found = []
    if command.sop_class_uid and asked.sop_class_uid and command.sop_class_uid != asked.sop_class_uid:
        found.append(("SOP class", the_class(command.sop_class_uid), the_class(asked.sop_class_uid)))
    instance = command.affected_sop_instance_uid or command.requested_sop_instance_uid
    wanted = asked.affected_sop_instance_uid or asked.requested_sop_instance_uid
    if instance and wanted and instance != wanted:
        found.append(("SOP instance", the_uid(instance[:_LONGEST]), the_uid(wanted[:_LONGEST])))
    return found


_LONGEST = 64
"""Characters of a UID that are shown; it has no more (PS3.5 §9.1)."""


_BEFORE = (*by("own", *FRAMING), *NOT_CAPTURED)


@entry_rule(
    code="response-about-another",
    severity=Severity.WARNING,
    on=Message,
    follows=(*_BEFORE, *by("peer", "message-id-repeated"), "own:response-mismatched"),
    condition=is_about_another,
)
def about_another(_association: Association, entry: Entry) -> Iterator[Hit]:
    """A response names another object than its request.

    SOP class and SOP instance of a response, if present, are those of the request. A strict requestor takes the request
    for failed or aborts; others log success for the wrong object.

    What to do: Look at how the peer builds responses, above all with several requests at a time.
    """
    match entry.event:
        case Message(request=Message() as request) as response if not response.command.problem:
            if response.command.service == request.command.service and (found := _differences(response, request)):
                what = " and ".join(name for name, _, _ in found)
                said, meant = found[0][1:]
                yield Hit(f"{response.name} names another {what} than {request.name}: {said}, not {meant}")


@entry_rule(
    code="pending-not-foreseen",
    severity=Severity.WARNING,
    on=Message,
    follows=(*_BEFORE, "peer:message-id-repeated"),
    condition=is_never_pending,
    once=True,
)
def pending_not_foreseen(_: Association, entry: Entry) -> Iterator[Hit]:
    """A service without pending responses says Pending.

    Only C-FIND, C-GET and C-MOVE have several responses to a request. A requestor that takes Pending at its word waits
    for a final response until its timeout; another one takes the request for failed.

    What to do: Look at what the responding program returns as status: 0000H where all is well.
    """
    match entry.event:
        case Message(command=command, request=Message() as asked) if command.is_response and command.status is not None:
            said = f"{command.name} says Pending (status 0x{command.status:04X})"
            yield Hit(f"{said}; {asked.command.service} has one response only, which is final")


@final_rule(
    code="success-before-end",
    severity=Severity.WARNING,
    follows=_BEFORE,
)
def before_the_end(review: Review) -> Iterator[Hit]:
    """A request succeeds before its data set is whole.

    Only a failure may be answered while the data set is still being sent. A response that says Success or Warning by
    then cannot cover the whole object: what came later may be lost.

    What to do: Compare the object at the receiver with the one that was sent. Look at the receiver's log.
    """
    association = review.association
    for operation in association.operations.operations:
        request, final = operation.request, operation.final
        if final is None or final.span.first_packet >= request.span.last_packet or request.data_set is None:
            continue
        early = request.span.last_time - final.span.first_time
        if early < _REORDERED or operation.category not in DONE:
            continue
        health = association.tcp.get(request.side)
        unsure = health is not None and (health.out_of_order or health.retransmitted)
        if not unsure and not association.has_holes:
            text = (
                f"{final.name} says {operation.category} {duration(early)} before the data set of {request.name} ended"
            )
            yield Hit(text, final.span, final)
