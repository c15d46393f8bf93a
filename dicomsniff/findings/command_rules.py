"""Rules on command sets: encoding, elements, statuses (PS3.7 §6.3.1, Annex C, Annex E)."""

from collections.abc import Callable, Iterator
from itertools import islice
from operator import attrgetter

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.commands import ACTION_TYPE_ID, COMMAND_ELEMENTS, COMMAND_FIELDS, EVENT_TYPE_ID
from dicomsniff.dictionary.normalized import type_name
from dicomsniff.dictionary.required import EXPECTED, REQUIRED
from dicomsniff.dictionary.statuses import PENDING, error_text, find_status, status_text
from dicomsniff.dimse.attribute_lists import ATTRIBUTE_IDENTIFIER_LIST, OFFENDING_ELEMENT, listed_attributes
from dicomsniff.dimse.command import Command, tag_text
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.scan.outline import named
from dicomsniff.dimse.sub_operations import RETRIEVALS, read_counters
from dicomsniff.findings.codes import DATA_SETS, FRAMING, NORMALIZED, NOT_CAPTURED, QUERIES, by
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import (
    the_class_in_short,
    the_comment,
    the_message_id,
    the_message_with_id,
    the_party,
    the_uid,
)
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, entry_rule, final_rule, judging_rule
from dicomsniff.quantities import counted, of_all, some_of
from dicomsniff.side import Side

_GROUP_LENGTH_ELEMENT = 12
"""Bytes of (0000,0000) itself, which its value does not count."""
_EXPLICIT = (b"UL", b"UI", b"US")
"""VRs where the length of a command set's first element is due; as a length they would be 19,000 bytes or more."""
_GROUP_LENGTH = b"\0\0\0\0\4\0\0\0"
"""Tag and length of (0000,0000), as every command set begins."""
_WELL = ("Success", "Pending", "Cancel")


_DECODED: dict[int, Callable[[Command], object]] = {
    0x00000002: attrgetter("affected_sop_class_uid"),
    0x00000003: attrgetter("requested_sop_class_uid"),
    0x00000110: attrgetter("message_id"),
    0x00000120: attrgetter("message_id_being_responded_to"),
    0x00000800: attrgetter("data_set_type"),
    0x00000900: attrgetter("status"),
}
"""Elements that a command keeps decoded, so that it need not be read again for them."""


def is_odd(command: Command) -> bool:
    """Whether a command set is not simply as it should be."""
    raw = command.raw
    return (
        command.problem != ""
        or not raw.startswith(_GROUP_LENGTH)
        or int.from_bytes(raw[8:12], "little") != len(raw) - _GROUP_LENGTH_ELEMENT
        or command.field not in REQUIRED
        or bool(absent_of(command, REQUIRED[command.field]))
    )


def is_no_success(_: Association, message: Message) -> bool:
    """Whether a response says anything but that all is well, or going well."""
    command = message.command
    if not command.status or not command.is_response:
        return False
    return find_status(command.service, message.sop_class_uid, command.status).category not in _WELL


def is_odd_match(command: Command) -> bool:
    """Whether a C-FIND response is final and announces an identifier, or pending and does not."""
    return command.field == 0x8020 and (command.status in PENDING) is not command.announces_data_set


_M = (Message,)

_BEFORE = (*by("own", *FRAMING), *NOT_CAPTURED)


@entry_rule(
    code="command-malformed",
    severity=Severity.ERROR,
    on=_M,
    follows=_BEFORE,
    form=is_odd,
)
def malformed(association: Association, entry: Entry) -> Iterator[Hit]:
    """A command set breaks its encoding.

    Command sets are implicit VR little endian and hold elements of group 0000 only. From the place named on, this one
    cannot be read.

    What to do: Look at the sender's encoder. Where bytes are cut off, look at its last-fragment bit; where it is a data
    set, at bit 0 of the message control header.
    """
    match entry.event:
        case Message(command=command, has_whole_command=True) if command.raw[4:6] in _EXPLICIT:
            who = the_party(association.party(entry.side))
            yield Hit(f"{who} sends a command set in explicit VR; it is always in Implicit VR Little Endian")
        case Message(command=command) as message if command.problem and message.has_whole_command:
            who = the_party(association.party(entry.side))
            what = f"a malformed command set ({message.name})"
            if not command.elements and any(command.raw[:2]):  # nothing of group 0000
                what = "what seems to be a data set, marked as a command"
            yield Hit(f"{who} sends {what}: {command.problem}")


@entry_rule(
    code="command-unknown",
    severity=Severity.ERROR,
    on=_M,
    follows=(*_BEFORE, "own:command-malformed"),
    form=is_odd,
)
def unknown(association: Association, entry: Entry) -> Iterator[Hit]:
    """A command the standard does not define.

    The receiver cannot know what is asked; expect status 0211H (unrecognized operation) or A-ABORT.

    What to do: Look at the sender: a private extension, or a Command Field (0000,0100) that is wrong or absent.
    """
    match entry.event:
        case Message(command=command) as message if command.field not in COMMAND_FIELDS and message.has_whole_command:
            if not command.problem or command.field is not None:
                yield Hit(f"{the_party(association.party(entry.side))} sends {_an(command)}")


@entry_rule(
    code="command-element-missing",
    severity=Severity.ERROR,
    on=_M,
    follows=(*_BEFORE, "own:command-malformed", "peer:create-without-instance"),
    form=is_odd,
)
def element_missing(_: Association, entry: Entry) -> Iterator[Hit]:
    """A command lacks an element it must have.

    Without it the receiver cannot tell what the message is about or whether data follows. Some abort, others ignore the
    message.

    What to do: Look at the sender's encoder.
    """
    match entry.event:
        case Message(command=command) as message if message.has_whole_command and not command.problem:
            absent = absent_of(command, REQUIRED.get(command.field or 0, ()))
            if absent:
                there = command.elements
                said = [f"{'an empty' if there.get(tag) == b'' else 'no'} {_name(tag)}" for tag in absent]
                yield Hit(f"{command.name} has {' and '.join(said)}")


@entry_rule(
    code="command-group-length",
    severity=Severity.WARNING,
    on=_M,
    follows=_BEFORE,
    form=is_odd,
)
def group_length_wrong(_: Association, entry: Entry) -> Iterator[Hit]:
    """Command Group Length is wrong or missing.

    (0000,0000) gives the number of bytes that follow it in the command set. Most receivers do not look; strict ones
    abort.

    What to do: Look at the sender's encoder.
    """
    match entry.event:
        case Message(command=command) as message if message.has_whole_command and not command.problem:
            true = len(command.raw) - _GROUP_LENGTH_ELEMENT
            announced = command.group_length
            if announced is None:
                yield Hit(f"{message.name} has no Command Group Length (0000,0000)")
            elif announced != true:
                yield Hit(
                    f"{message.name} has a Command Group Length of {announced}; {counted(true, 'byte')} follow it"
                )


def _an(command: Command) -> str:
    """`an unknown command 0x0042`, or what else can be said of a command that is none."""
    return f"an {command.name}" if command.name.startswith("unknown") else f"a {command.name}"


def absent_of(command: Command, tags: tuple[int, ...]) -> list[int]:
    """Return those of some elements that a command set lacks, or has without a value."""
    known = _DECODED
    absent = [tag for tag in tags if tag in known and known[tag](command) is None]
    if not known.keys() >= set(tags):
        absent += [tag for tag in tags if tag not in known and not command.value(tag)]
    return absent


@final_rule(code="response-sparse", severity=Severity.NOTE)
def sparse(review: Review) -> Iterator[Hit]:
    """Responses lack elements that some receivers need.

    A response may leave the element out, but some receivers then take the response for malformed.

    What to do: Nothing, unless the receiver fails on these responses.
    """
    lacking: dict[tuple[str, int, Side], int] = {}
    first: dict[tuple[str, int, Side], Message] = {}
    for message in review.association.messages:
        command = message.command
        if command.field in EXPECTED and not message.problem and not command.problem:
            for tag in absent_of(command, EXPECTED[command.field]):
                key = (command.name, tag, message.side)
                lacking[key] = lacking.get(key, 0) + 1
                first.setdefault(key, message)
    for key, count in lacking.items():
        name, tag, _ = key
        yield Hit(f"{count} {name} without {_name(tag)}", first[key].span, first[key])


def _name(tag: int) -> str:
    return f"{COMMAND_ELEMENTS[tag].name} {tag_text(tag)}"


OWN_REASONS = (*range(0xA700, 0xA800), 0xA801, 0x0122, 0x0124, 0x0211, 0x0213)
"""Failures that lie with whoever answers, whatever it was sent: resources, destinations, support, authorization."""


_NOT_SUPPORTED = 0x0122
"""SOP class not supported (PS3.7 §C.5.24)."""
DUPLICATE = 0x0111
"""Duplicate SOP instance (PS3.7 §C.5.8)."""
MAX_STORES_BEFORE = 256
"""Messages before a refused C-STORE among which an earlier one of its instance is looked for."""
OF_OTHER_CLASS = (0x0118, _NOT_SUPPORTED)
"""Failures about the SOP class that a request names: no such SOP class (PS3.7 §C.5.20), not supported."""
_OF_INSTANCE = (DUPLICATE, 0x0112, 0x0117)
"""Failures about the SOP instance that a request names: there already, no such one, invalid (PS3.7 §C.5)."""
_LONGEST_UID = 64
"""Characters of a UID that are shown; it has no more (PS3.5 §9.1)."""
_NAMES_ATTRIBUTES = (ATTRIBUTE_IDENTIFIER_LIST, OFFENDING_ELEMENT)
MAX_NAMED = 2
"""Attributes of a list in a response that a finding names; further ones are counted."""


@judging_rule(
    code="status-failure",
    severity=Severity.ERROR,
    on=_M,
    follows=(
        *by(
            "peer",
            "command-malformed",
            "command-unknown",
            "command-element-missing",
            "command-order",
            "command-element-length",
            "context-not-accepted",
            "message-id-repeated",
            "request-without-data-set",
            "role-not-negotiated",
            "priority-undefined",
            "class-not-of-context",
            "likely-reason",
            *DATA_SETS,
            *QUERIES,
            *NORMALIZED,
        ),
        "get-without-role",
        "destination-failed",
        "relational-refused",
        "instance-named-otherwise",
    ),
    condition=is_no_success,
)
def failed(association: Association, entry: Entry, found: Findings) -> Iterator[Hit]:
    """A request failed.

    The peer says that it did not do what was asked. What the number means depends on the service; Error Comment
    (0000,0902) says more where it is sent.

    What to do: Look at the peer's log at this time.
    """
    yield from _status(association, found, entry, "Failure")


@judging_rule(
    code="status-warning",
    severity=Severity.WARNING,
    on=_M,
    follows=("get-without-role", "destination-failed", "own:cancel-not-told"),
    condition=is_no_success,
)
def warned(association: Association, entry: Entry, found: Findings) -> Iterator[Hit]:
    """A request was done with a warning.

    Elements were coerced or dropped, some sub-operations failed, or an attribute was ignored. An error where all
    sub-operations of a retrieval failed: nothing came of it.

    What to do: Check what the peer kept.
    """
    yield from _status(association, found, entry, "Warning")


@entry_rule(
    code="status-unknown",
    severity=Severity.WARNING,
    on=_M,
    follows=(),
    condition=is_no_success,
)
def status_unknown(_: Association, entry: Entry) -> Iterator[Hit]:
    """A status has no meaning in the standard.

    Neither the service nor the general ranges define it. Senders treat it as a failure, or as success.

    What to do: The peer's conformance statement may define it.
    """
    match entry.event:
        case Message(command=command) as message if command.status and command.is_response:
            if find_status(command.service, message.sop_class_uid, command.status).category == "Unknown":
                yield Hit(f"{command.name}: status 0x{command.status:04X} is not defined for {command.service}")


def _status(association: Association, found: Findings, entry: Entry, category: str) -> Iterator[Hit]:
    match entry.event:
        case Message(command=command, request=asked) as message if command.status and command.is_response:
            known = find_status(command.service, message.sop_class_uid, command.status)
            if known.category == category:
                error = error_text(command.service, message.sop_class_uid, command.status, command.uint(0x00000903))
                said_too = command.text(0x00000902)
                comment = "; ".join(each for each in (error, the_comment(said_too) if said_too else "") if each)
                said = status_text(command.service, message.sop_class_uid, command.status)
                if not known.meaning:
                    said += f" by its number, not defined for {command.service}"
                blamed = any(each.about is asked and each.code in NORMALIZED for each in found.all)
                own = asked is None or (command.status in OWN_REASONS and not blamed)
                since = entry.span.first_packet if own or asked is None else asked.span.first_packet
                listed = [listed_attributes(command, tag, MAX_NAMED) for tag in _NAMES_ATTRIBUTES]
                names = ", ".join(each for each in (*listed, _values_refused(message)) if each)
                more = (f": {comment}" if comment else "") + (f"; it names {names}" if names else "")
                if command.service in RETRIEVALS and category == "Warning":
                    more += _came_to(message)
                if command.service == "C-FIND" and (operation := message.operation) and operation.pending:
                    more += f", after {counted(operation.pending, 'match')}"
                if command.status == _NOT_SUPPORTED and _agreed(association, message):
                    more += f", although {the_party(association.party(message.side))} had accepted its context"
                if command.status == DUPLICATE and asked is not None and command.service == "C-STORE":
                    more += _sent_before(association, asked)
                only: tuple[str, ...] = ()
                if command.status in OF_OTHER_CLASS and asked is not None:
                    since, only = asked.span.first_packet, (*NORMALIZED, "class-not-of-context", "role-not-negotiated")
                # Those who went on differ in nothing that matters: what warns of them is told once of all associations.
                name = the_message_with_id(message) if category == "Failure" else command.name
                worse = Severity.ERROR if category == "Warning" and _brought_nothing(message) else None
                text = f"{name}{_what_of(message)}: {said}{_class_of(message)}{_instance_of(message)}{more}"
                yield Hit(text, earliest_cause=since, only=only, severity=worse)


def _values_refused(response: Message) -> str:
    """Name the attributes whose values were refused or are out of range, where the response returns those."""
    content = response.operation.content if response.operation is not None else None
    return some_of(content.returned, MAX_NAMED, named) if content is not None and content.returned else ""


def _brought_nothing(response: Message) -> bool:
    """Whether a C-MOVE or C-GET response counts failed sub-operations and no other: all that was asked for failed."""
    if response.command.service not in RETRIEVALS:
        return False
    counters = read_counters(response.command)
    return bool(counters.failed) and not counters.completed and not counters.warning


def _came_to(response: Message) -> str:
    """Say how many sub-operations failed, or were done with a warning."""
    counters = read_counters(response.command)
    said = [
        f"{of_all(count, counters.done, 'sub-operation')} {how}"
        for count, how in ((counters.failed, "failed"), (counters.warning, "with a warning"))
        if count
    ]
    return f": {', '.join(said)}" if said else ""


def _sent_before(association: Association, asked: Message) -> str:
    """Say which of the latest C-STOREs before a refused one had sent the same instance."""
    instance = asked.command.affected_sop_instance_uid
    for each in islice(reversed(association.messages), MAX_STORES_BEFORE) if instance else ():
        same = each.side is asked.side and each.command.field == asked.command.field
        same = same and each.command.affected_sop_instance_uid == instance
        if same and each.span.last_packet < asked.span.first_packet:
            return f"; {each.name} {the_message_id(each.command.message_id)} had sent the same instance"
    return ""


def _what_of(response: Message) -> str:
    """Say what was asked or reported, where the service alone does not: ` (Print)`."""
    command, asked = response.command, response.request
    tag = {"N-ACTION": ACTION_TYPE_ID, "N-EVENT-REPORT": EVENT_TYPE_ID}.get(command.service)
    what = type_name(command.service, asked.sop_class_uid, asked.command.uint(tag)) if tag and asked else ""
    return f" ({what})" if what else ""


def _class_of(response: Message) -> str:
    """Say of which SOP class an answer is: `, SOP class Basic Film Box`."""
    return f", SOP class {the_class_in_short(response.sop_class_uid)}" if response.sop_class_uid else ""


def _instance_of(response: Message) -> str:
    """Say which SOP instance was asked for, where the status is about just that: `, SOP instance 2.25.1`."""
    asked = response.request
    if asked is None or response.command.status not in _OF_INSTANCE or asked.command.service == "C-STORE":
        return ""  # of a C-STORE the timeline is full of instances
    instance = asked.command.affected_sop_instance_uid or asked.command.requested_sop_instance_uid
    return f", SOP instance {the_uid(instance[:_LONGEST_UID])}" if instance else ""


def _agreed(association: Association, message: Message) -> bool:
    """Whether the side that answers accepted the context of the request for just its SOP class."""
    context = association.contexts.get(message.context_id)
    accepted = context is not None and context.accepted and context.abstract_syntax == message.sop_class_uid
    return accepted and message.side is Side.ACCEPTOR


@entry_rule(
    code="find-final-with-data-set",
    severity=Severity.WARNING,
    on=_M,
    follows=_BEFORE,
    form=is_odd_match,
)
def find_final_with_data(_: Association, entry: Entry) -> Iterator[Hit]:
    """A final C-FIND response announces a data set.

    Matches come with pending responses; the final one has none. A requestor that believes Command Data Set Type waits
    for a data set, or takes the next message's for it. A note where the last match is only sent again.

    What to do: Look at how the peer sets Command Data Set Type (0000,0800) in its last response.
    """
    match entry.event:
        case Message(command=command, operation=operation) if command.field == 0x8020 and command.status is not None:
            if command.status not in PENDING and command.announces_data_set:
                query = operation.query if operation is not None else None
                repeats = query is not None and query.repeats_match
                what = "has the last match's data set again" if repeats else "announces a data set"
                text = f"final C-FIND-RSP with status 0x{command.status:04X} {what}"
                yield Hit(text, severity=Severity.NOTE if repeats else None)


@entry_rule(
    code="find-pending-without-data-set",
    severity=Severity.WARNING,
    on=_M,
    follows=_BEFORE,
    form=is_odd_match,
)
def find_pending_without_data(_: Association, entry: Entry) -> Iterator[Hit]:
    """A pending C-FIND response has no identifier.

    A pending response is a match and carries its identifier. Without one, the requestor has a result that says nothing,
    or aborts.

    What to do: Look at the peer's query answers.
    """
    match entry.event:
        case Message(command=command) if command.field == 0x8020 and command.status in PENDING:
            if not command.announces_data_set and not command.problem:
                yield Hit("pending C-FIND-RSP without a data set: the match is empty")
