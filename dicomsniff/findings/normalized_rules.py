"""Rules on the messages of normalized services: what they name (PS3.7 §10, PS3.4)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.commands import ACTION_TYPE_ID, EVENT_TYPE_ID, NORMALIZED_REQUESTS, RESPONSE_BIT
from dicomsniff.dictionary.normalized import (
    ACTIONS,
    CHANGE_STATE,
    EVENTS,
    META_CLASSES,
    REQUEST_CANCEL,
    SERVICES,
    UPS_CLASSES,
    UPS_EVENT,
    UPS_NAMES,
    UPS_PULL,
    UPS_PUSH,
    UPS_QUERY,
    UPS_WATCH,
    WELL_KNOWN,
    type_name,
)
from dicomsniff.dictionary.statuses import DONE, status_category
from dicomsniff.dimse.message import Message
from dicomsniff.findings.codes import FRAGMENTS, FRAMING, NOT_CAPTURED, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import has_normalized
from dicomsniff.findings.parts import the_class, the_party, the_uid
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, entry_rule, final_rule
from dicomsniff.quantities import some_of

_N_CREATE_RSP = 0x8140
_UPS_SERVICES: dict[tuple[str, int | None], tuple[str, ...]] = {
    ("N-CREATE", None): (UPS_PUSH,),  # PS3.4 Table CC.2-1
    ("N-SET", None): (UPS_PULL,),  # Table CC.2-2
    ("N-ACTION", CHANGE_STATE): (UPS_PULL,),  # Table CC.2-2
    ("N-ACTION", REQUEST_CANCEL): (UPS_PUSH, UPS_WATCH),  # Tables CC.2-1 and CC.2-3
    **{("N-ACTION", each): (UPS_WATCH,) for each in range(REQUEST_CANCEL + 1, 6)},  # Table CC.2-3
    ("N-EVENT-REPORT", None): (UPS_EVENT,),  # Table CC.2-4
    ("N-GET", None): (UPS_PUSH, UPS_WATCH, UPS_PULL, UPS_QUERY),
    ("C-FIND", None): (UPS_WATCH, UPS_PULL, UPS_QUERY),
}
"""Of which SOP classes of the Unified Procedure Step a service is."""


def is_normalized(_: Association, message: Message) -> bool:
    """Whether a message is of a normalized service, and its command set can be judged."""
    command = message.command
    return (command.field or 0) & ~RESPONSE_BIT in NORMALIZED_REQUESTS and not command.problem and message.complete


def is_of_ups(association: Association, message: Message) -> bool:
    """Whether a request is on a presentation context of the Unified Procedure Step."""
    if message.command.is_response or not message.complete:
        return False
    context = association.contexts.get(message.context_id)
    return context is not None and context.abstract_syntax in UPS_CLASSES


_M = (Message,)

_BEFORE = (*by("own", *FRAMING, *FRAGMENTS), *NOT_CAPTURED)


@entry_rule(
    code="create-without-instance",
    severity=Severity.WARNING,
    on=_M,
    follows=_BEFORE,
    condition=is_normalized,
)
def created_without_instance(association: Association, entry: Entry) -> Iterator[Hit]:
    """A new SOP instance gets no UID.

    An N-CREATE-RQ without Affected SOP Instance UID (0000,1000) leaves the UID to the performer; the response must then
    give it. Here it does not, so that no N-SET, N-ACTION, N-GET or N-DELETE can name the instance.

    What to do: Look at how the performer makes its N-CREATE-RSP. As a workaround, let the sender choose the UID.
    """
    match entry.event:
        case Message(command=command, request=Message() as asked) as message if command.field == _N_CREATE_RSP:
            left = asked.command.service == command.service and asked.command.affected_sop_instance_uid is None
            if left and command.affected_sop_instance_uid is None and _done(message):
                who = the_party(association.party(message.side))
                lacks = "N-CREATE-RSP without Affected SOP Instance UID (0000,1000), which the request left to it"
                yield Hit(f"{who} sends an {lacks}: the new {_instance(message)} cannot be named")


@entry_rule(
    code="service-not-of-class",
    severity=Severity.WARNING,
    on=_M,
    follows=_BEFORE,
    condition=is_normalized,
)
def service_not_of_class(association: Association, entry: Entry) -> Iterator[Hit]:
    """A SOP class does not have the service that is asked for.

    PS3.4 says for every SOP class by which services its instances are made, changed and read: a printer, for instance,
    is asked by N-GET, and nobody creates it. Receivers refuse any other service.

    What to do: Look at the sender: it uses a wrong service, or names a wrong SOP class.
    """
    match entry.event:
        case Message(command=command) if not command.is_response:
            services = SERVICES.get(command.sop_class_uid or "")
            if services is not None and command.service not in services:
                who = the_party(association.party(entry.side))
                known = f"this SOP class has no {command.service}, only {some_of(services)}"
                yield Hit(f"{who} sends {command.name} for the {the_class(command.sop_class_uid)}; {known}")


@entry_rule(
    code="type-not-defined",
    severity=Severity.WARNING,
    on=_M,
    follows=_BEFORE,
    condition=is_normalized,
)
def type_not_defined(association: Association, entry: Entry) -> Iterator[Hit]:
    """An action or event type is not defined for the SOP class.

    PS3.4 defines for every SOP class which Action Type IDs and Event Type IDs it has. The receiver cannot know what
    this one means; expect status 0123H (no such action) or 0113H (no such event type).

    What to do: Look at the type that the sender uses, and at the SOP class it names.
    """
    match entry.event:
        case Message(command=command) as message if command.service in _TYPED and not command.is_response:
            types, tag, what = _TYPED[command.service]
            sop_class, number = command.sop_class_uid or "", command.uint(tag)
            if number is not None and sop_class in types and number not in types[sop_class]:
                who = the_party(association.party(message.side))
                yield Hit(
                    f"{who} sends {command.name} with {what} {number}, which {the_class(sop_class)} does not have"
                )


_TYPED = {
    "N-ACTION": (ACTIONS, ACTION_TYPE_ID, "action type"),
    "N-EVENT-REPORT": (EVENTS, EVENT_TYPE_ID, "event type"),
}


@entry_rule(
    code="instance-not-well-known",
    severity=Severity.WARNING,
    on=_M,
    follows=_BEFORE,
    condition=is_normalized,
)
def instance_not_well_known(association: Association, entry: Entry) -> Iterator[Hit]:
    """A request names another instance than the one its SOP class has.

    Storage commitment and the printer have one instance each, whose UID the standard gives. Receivers refuse any other
    one: status 0112H (no such SOP instance).

    What to do: Let the sender name the well-known instance.
    """
    match entry.event:
        case Message(command=command) if not command.is_response:
            right, asks = WELL_KNOWN.get(command.sop_class_uid or ""), command.service != "N-EVENT-REPORT"
            there = command.requested_sop_instance_uid if asks else command.affected_sop_instance_uid
            if right and there and there != right:
                who = the_party(association.party(entry.side))
                whose = f"{the_class(command.sop_class_uid)}, whose only, well-known instance is {right}"
                yield Hit(f"{who} sends {command.name} about instance {the_uid(there)} of {whose}")


@entry_rule(
    code="meta-class-named",
    severity=Severity.WARNING,
    on=_M,
    follows=_BEFORE,
    condition=is_normalized,
)
def meta_class_named(association: Association, entry: Entry) -> Iterator[Hit]:
    """A message names a meta SOP class.

    A meta SOP class stands for several SOP classes in a presentation context. Nothing is an instance of it: messages
    name Basic Film Session, Basic Film Box or another class it stands for. Expect status 0118H (no such SOP class).

    What to do: Let the sender put the SOP class of the instance into Affected or Requested SOP Class UID.
    """
    match entry.event:
        case Message(command=command) if not command.is_response and command.sop_class_uid in META_CLASSES:
            who = the_party(association.party(entry.side))
            meta = the_class(command.sop_class_uid)
            yield Hit(f"{who} sends {command.name} with the meta SOP class {meta}; it must name the instance's class")


@entry_rule(
    code="ups-service-of-other-class",
    severity=Severity.WARNING,
    on=_M,
    follows=(*_BEFORE, "context-not-accepted"),
    condition=is_of_ups,
)
def other_ups_class(association: Association, entry: Entry) -> Iterator[Hit]:
    """A UPS service is used on a context of another UPS SOP class.

    All messages about a Unified Procedure Step name UPS Push as SOP class, and the presentation context tells of which
    SOP class the service is: Change UPS State and N-SET of UPS Pull, Request UPS Cancel of UPS Push or Watch,
    subscriptions of UPS Watch, events of UPS Event. On another context, receivers refuse them.

    What to do: Let the sender propose the SOP class named, and send the message on that context.
    """
    match entry.event:
        case Message(command=command) as message:
            context = association.contexts[message.context_id]
            action = command.uint(ACTION_TYPE_ID) if command.service == "N-ACTION" else None
            right = _UPS_SERVICES.get((command.service, action), ())
            if right and context.abstract_syntax not in right:
                who = the_party(association.party(message.side))
                what = type_name(command.service, UPS_PUSH, action) or command.service
                agreed = UPS_NAMES[context.abstract_syntax or ""]
                of = " or ".join(UPS_NAMES[each] for each in right)
                asks = f"{command.name} ({what})" if what != command.service else command.name
                yield Hit(f"{who} sends {asks} on a presentation context of {agreed}; this service belongs to {of}")


@final_rule(code="ups-class-not-push", where=has_normalized, severity=Severity.WARNING, follows=_BEFORE)
def class_not_push(review: Review) -> Iterator[Hit]:
    """A message about a procedure step names another SOP class than UPS Push.

    Every Unified Procedure Step is an instance of UPS Push. The presentation context may be of another UPS SOP class;
    the SOP class in the command set is always that of UPS Push. Reported where the request failed.

    What to do: Let the sender put the UID of UPS Push into Requested or Affected SOP Class UID.
    """
    for operation in review.association.operations.normalized:
        request, sop_class = operation.request, operation.request.command.sop_class_uid or ""
        if sop_class in UPS_CLASSES and sop_class != UPS_PUSH and operation.category == "Failure":
            who = the_party(review.association.party(request.side))
            said = (
                f"{who} sends {request.name} with the SOP class of {UPS_NAMES[sop_class]}; messages about a step name"
            )
            yield Hit(f"{said} that of UPS Push, on any context: probably why it was refused", request.span, request)


def _done(response: Message) -> bool:
    """Whether a response says that what was asked is done."""
    status = response.command.status
    return status is not None and status_category(status) in DONE


def _instance(message: Message) -> str:
    """Name what an instance is of: `Basic Film Box`."""
    name = the_class(message.sop_class_uid)
    return name.removesuffix(" UID").removesuffix(" SOP Class") if name != message.sop_class_uid else "instance"
