"""Rules on the messages of normalized services: what they name, and whether they have a data set (PS3.7 §10)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.commands import ACTION_TYPE_ID, EVENT_TYPE_ID
from dicomsniff.dictionary.normalized import (
    ACTIONS,
    CHANGE_STATE,
    EVENTS,
    REQUEST_CANCEL,
    UPS_CLASSES,
    UPS_EVENT,
    UPS_NAMES,
    UPS_PULL,
    UPS_PUSH,
    UPS_QUERY,
    UPS_WATCH,
    type_name,
)
from dicomsniff.dictionary.statuses import status_category
from dicomsniff.dictionary.uids import uid_text
from dicomsniff.dimse.message import Message
from dicomsniff.findings.codes import FRAGMENTS, FRAMING, NOT_CAPTURED, by
from dicomsniff.findings.finding import EntryRule, Hit, Severity

_NORMALIZED = range(0x0100, 0x0151)
"""Command Fields of normalized requests; those of responses have one more bit (PS3.7 Table E.1-1)."""
_N_GET_RQ, _N_GET_RSP, _N_SET_RQ, _N_CREATE_RSP = 0x0110, 0x8110, 0x0120, 0x8140
_BARE = (_N_GET_RQ, 0x0150, 0x8150)
"""N-GET-RQ, N-DELETE-RQ and -RSP, which never have a data set."""
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
    return (command.field or 0) & 0x7FFF in _NORMALIZED and not command.problem and message.complete


def is_of_ups(association: Association, message: Message) -> bool:
    """Whether a request is on a presentation context of the Unified Procedure Step."""
    if message.command.is_response or not message.complete:
        return False
    context = association.contexts.get(message.context_id)
    return context is not None and context.abstract_syntax in UPS_CLASSES


def created_without_instance(association: Association, entry: Entry) -> Iterator[Hit]:
    """An instance that is created and gets no name (PS3.7 §10.1.5.1.4)."""
    match entry.event:
        case Message(command=command, request=Message() as asked) as message if command.field == _N_CREATE_RSP:
            left = asked.command.service == command.service and asked.command.affected_sop_instance_uid is None
            if left and command.affected_sop_instance_uid is None and _done(message):
                who = association.party(message.side).label
                lacks = "N-CREATE-RSP without Affected SOP Instance UID (0000,1000), which the request left to it"
                yield Hit(f"{who} sends an {lacks}: the new {_instance(message)} cannot be named")


def created_other_instance(association: Association, entry: Entry) -> Iterator[Hit]:
    """An N-CREATE-RSP that names another instance than its request (PS3.7 §10.1.5.1.4)."""
    match entry.event:
        case Message(command=command, request=Message() as asked) as message if command.field == _N_CREATE_RSP:
            wanted, named = asked.command.affected_sop_instance_uid, command.affected_sop_instance_uid
            if asked.command.service == command.service and wanted and named and wanted != named:
                who = association.party(message.side).label
                yield Hit(f"{who} names the SOP instance {named} in its N-CREATE-RSP; the request named {wanted}")


def type_not_defined(association: Association, entry: Entry) -> Iterator[Hit]:
    """An action or event type that the SOP class does not define (PS3.7 §10.1.4.1.5, §10.1.1.1.5)."""
    match entry.event:
        case Message(command=command) as message if command.service in _TYPED and not command.is_response:
            types, tag, what = _TYPED[command.service]
            sop_class, number = command.sop_class_uid or "", command.uint(tag)
            if number is not None and sop_class in types and number not in types[sop_class]:
                who = association.party(message.side).label
                yield Hit(f"{who} sends {command.name} with {what} {number}, which {uid_text(sop_class)} has not")


_TYPED = {
    "N-ACTION": (ACTIONS, ACTION_TYPE_ID, "action type"),
    "N-EVENT-REPORT": (EVENTS, EVENT_TYPE_ID, "event type"),
}


def other_ups_class(association: Association, entry: Entry) -> Iterator[Hit]:
    """A service on a context of a UPS SOP class that does not have it (PS3.4 §CC.2)."""
    match entry.event:
        case Message(command=command) as message:
            context = association.contexts[message.context_id]
            action = command.uint(ACTION_TYPE_ID) if command.service == "N-ACTION" else None
            right = _UPS_SERVICES.get((command.service, action), ())
            if right and context.abstract_syntax not in right:
                who = association.party(message.side).label
                what = type_name(command.service, UPS_PUSH, action) or command.service
                agreed = UPS_NAMES[context.abstract_syntax or ""]
                of = " or ".join(UPS_NAMES[each] for each in right)
                asks = f"{command.name} ({what})" if what != command.service else command.name
                yield Hit(f"{who} sends {asks} on a presentation context of {agreed}; this service belongs to {of}")


def data_set_lacking(association: Association, entry: Entry) -> Iterator[Hit]:
    """A message without the data set that it is for (PS3.7 Tables 10.1-2 and 10.1-3)."""
    match entry.event:
        case Message(command=command) as message if command.data_set_type is not None:
            if not command.announces_data_set and message.data_set is None:
                who = association.party(message.side).label
                if command.field == _N_SET_RQ:
                    yield Hit(f"{who} sends N-SET-RQ without a data set: there is nothing to set")
                elif command.field == _N_GET_RSP and command.status == 0:
                    yield Hit(f"{who} answers N-GET with Success and without a data set: no attribute is returned")


def data_set_not_due(association: Association, entry: Entry) -> Iterator[Hit]:
    """A data set with a message that has none (PS3.7 Tables 10.1-1 to 10.1-6)."""
    match entry.event:
        case Message(command=command) as message if command.announces_data_set:
            failed = command.is_response and status_category(command.status or 0) == "Failure"
            if command.field in _BARE or failed:
                who = association.party(message.side).label
                what = f"a failed {command.name}" if failed else command.name
                yield Hit(f"{who} sends {what} with a data set; this message has none")


def _done(response: Message) -> bool:
    """Whether a response says that what was asked is done."""
    status = response.command.status
    return status is not None and status_category(status) in ("Success", "Warning")


def _instance(message: Message) -> str:
    """Name what an instance is of: `Basic Film Box`."""
    name = uid_text(message.sop_class_uid)
    return name.removesuffix(" UID").removesuffix(" SOP Class") if name != message.sop_class_uid else "instance"


_M = (Message,)
_BEFORE = (*by("own", *FRAMING, *FRAGMENTS), *NOT_CAPTURED)

RULES = (
    EntryRule(
        "create-without-instance",
        Severity.WARNING,
        "PS3.7 §10.1.5.1.4",
        "An instance is created and gets no name",
        "An N-CREATE-RQ without Affected SOP Instance UID (0000,1000) leaves the UID to the performer; the response "
        "must then give it. Here it does not, so that no N-SET, N-ACTION, N-GET or N-DELETE can name the instance.",
        "Look at how the performer makes its N-CREATE-RSP. As a workaround, let the sender choose the UID.",
        _M,
        created_without_instance,
        _BEFORE,
        is_normalized,
    ),
    EntryRule(
        "create-other-instance",
        Severity.WARNING,
        "PS3.7 §10.1.5.1.4",
        "An N-CREATE-RSP names another instance than its request",
        "The sender chose the UID of the instance. The response names another one, so that the two sides do not mean "
        "the same instance from here on.",
        "Look at how the performer fills Affected SOP Instance UID (0000,1000).",
        _M,
        created_other_instance,
        (*_BEFORE, "response-mismatched"),
        is_normalized,
    ),
    EntryRule(
        "type-not-defined",
        Severity.WARNING,
        "PS3.7 §10.1.4.1.5, §10.1.1.1.5",
        "An action or event type is not one of the SOP class",
        "PS3.4 defines for every SOP class which Action Type IDs and Event Type IDs it has. The receiver cannot know "
        "what this one means; expect status 0123H (no such action) or 0113H (no such event type).",
        "Look at the type that the sender uses, and at the SOP class it names.",
        _M,
        type_not_defined,
        _BEFORE,
        is_normalized,
    ),
    EntryRule(
        "ups-service-of-other-class",
        Severity.WARNING,
        "PS3.4 §CC.2",
        "A service of the Unified Procedure Step is used on a context of another of its SOP classes",
        "All messages about a Unified Procedure Step name UPS Push as SOP class, and the presentation context tells of "
        "which SOP class the service is: Change UPS State and N-SET of UPS Pull, Request UPS Cancel of UPS Push or "
        "Watch, subscriptions of UPS Watch, events of UPS Event. On another context, receivers refuse them.",
        "Let the sender propose the SOP class named, and send the message on that context.",
        _M,
        other_ups_class,
        (*_BEFORE, "context-not-accepted"),
        is_of_ups,
    ),
    EntryRule(
        "normalized-without-data-set",
        Severity.WARNING,
        "PS3.7 §10.1.2.1.8, §10.1.3",
        "A message lacks the data set that it is for",
        "An N-SET-RQ holds the attributes to set, and a successful N-GET-RSP the attributes asked for. Without a data "
        "set the operation does nothing, whatever its status says.",
        "Look at the sender's encoder, and at Command Data Set Type (0000,0800).",
        _M,
        data_set_lacking,
        _BEFORE,
        is_normalized,
    ),
    EntryRule(
        "normalized-with-data-set",
        Severity.WARNING,
        "PS3.7 §10.1",
        "A message has a data set where there is none",
        "N-GET-RQ, N-DELETE and responses of a failed operation have no data set. Receivers ignore it, or take it for "
        "the beginning of the next message.",
        "Look at how the sender sets Command Data Set Type (0000,0800).",
        _M,
        data_set_not_due,
        _BEFORE,
        is_normalized,
    ),
)
"""Rules on normalized services, in the order in which they are asked."""
