"""Rules on DIMSE messages: malformed, unanswered, failed (PS3.7)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.commands import COMMAND_FIELDS
from dicomsniff.dictionary.reasons import context_result_name
from dicomsniff.dictionary.statuses import find_status, status_text
from dicomsniff.dimse.assembler import StrayFragment
from dicomsniff.dimse.message import Message
from dicomsniff.findings.finding import EntryRule, FinalRule, Hit, Severity


def stray(association: Association) -> Iterator[Hit]:
    """Fragments that belong to no message (PS3.7 §6.3.1); asked at the end, as a run of them grows until then."""
    for entry in association.timeline:
        match entry.event:
            case StrayFragment(span=span, context_id=context, length=length, problem=problem):
                yield Hit(f"{problem} ({length} bytes on context {context})", span)


def incomplete(_: Association, entry: Entry) -> Iterator[Hit]:
    """A message that never ended, or lost bytes."""
    match entry.event:
        case Message(problem=problem) as message if problem:
            yield Hit(f"{message.name} is incomplete: {problem}")


def data_set_missing(_: Association, entry: Entry) -> Iterator[Hit]:
    """A command that announces a data set where none came."""
    match entry.event:
        case Message(data_set=None, ended=False) as message:
            yield Hit(f"{message.name} announces a data set; none followed")


def command_malformed(_: Association, entry: Entry) -> Iterator[Hit]:
    """A command set that breaks its encoding (PS3.7 §6.3.1)."""
    match entry.event:
        case Message(command=command, problem="") if command.problem:
            yield Hit(f"command set: {command.problem}")


def group_length_wrong(_: Association, entry: Entry) -> Iterator[Hit]:
    """Command Group Length is not the number of bytes that follow it (PS3.7 §E.1)."""
    match entry.event:
        case Message(command=command, problem=""):
            announced, true = command.group_length, len(command.raw) - 12
            if announced is None:
                yield Hit("the command set has no Command Group Length (0000,0000)")
            elif announced != true and not command.problem:
                yield Hit(f"Command Group Length says {announced}; {true} bytes follow it")


def command_unknown(_: Association, entry: Entry) -> Iterator[Hit]:
    """A Command Field the standard does not define (PS3.7 §E.1)."""
    match entry.event:
        case Message(command=command, problem="") if command.field not in COMMAND_FIELDS:
            yield Hit(command.name)


def context_unusable(association: Association, entry: Entry) -> Iterator[Hit]:
    """A message on a context that was not accepted (PS3.8 §9.3.5.1)."""
    match entry.event:
        case Message(context_id=number):
            context = association.contexts.get(number)
            if association.request is None or association.accept is None:
                return
            even = "an even number, which no context may have" if number % 2 == 0 else "which was never proposed"
            if context is None:
                yield Hit(f"presentation context {number}, {even}")
            elif context.result is not None and context.result != 0:
                yield Hit(f"presentation context {number}, refused: {context_result_name(context.result)}")


def request_missing(association: Association, entry: Entry) -> Iterator[Hit]:
    """A response to a request that was never made (PS3.7 §9.3)."""
    match entry.event:
        case Message(command=command, request=None) if command.is_response:
            if association.request is None or association.missing_bytes:
                return
            number = command.message_id_being_responded_to
            yield Hit(f"{command.name} answers message {number}; no such request is outstanding")


def failed(_: Association, entry: Entry) -> Iterator[Hit]:
    """A response with a failure status (PS3.7 Annex C)."""
    yield from _status(entry, "Failure")


def warned(_: Association, entry: Entry) -> Iterator[Hit]:
    """A response with a warning status (PS3.7 Annex C)."""
    yield from _status(entry, "Warning")


def status_unknown(_: Association, entry: Entry) -> Iterator[Hit]:
    """A status that neither the service nor the general table defines (PS3.7 Annex C)."""
    match entry.event:
        case Message(command=command) if command.status is not None:
            if not find_status(
                command.service, command.sop_class_uid, command.status
            ).meaning and command.status not in (
                0x0000,
                0xFE00,
                0xFF00,
                0xFF01,
            ):
                yield Hit(f"{command.name}: status 0x{command.status:04X} is not defined for {command.service}")


def _status(entry: Entry, category: str) -> Iterator[Hit]:
    match entry.event:
        case Message(command=command) if command.status is not None:
            if find_status(command.service, command.sop_class_uid, command.status).category == category:
                comment = command.text(0x00000902)
                said = status_text(command.service, command.sop_class_uid, command.status)
                yield Hit(f"{command.name}: {said}" + (f": {comment}" if comment else ""))


def unanswered(association: Association) -> Iterator[Hit]:
    """Requests without a final response, where the capture saw the end (PS3.7 §8)."""
    if not association.ended_by_capture:
        yield from _unanswered(association)


def unanswered_in_capture(association: Association) -> Iterator[Hit]:
    """Requests without a final response, where the capture stopped before the connection did."""
    if association.ended_by_capture:
        yield from _unanswered(association)


def _unanswered(association: Association) -> Iterator[Hit]:
    for message in (message for message in association.unanswered if message.ended):
        waited = (association.watched_until - message.span.last_time) / 1e9
        text = f"{message.name} {message.command.message_id} got no final response ({waited:.1f} s until the end)"
        yield Hit(text, message.span, message)


RULES = (
    FinalRule(
        "fragment-stray",
        Severity.ERROR,
        "PS3.7 §6.3.1",
        "Its beginning is missing: the capture started late or lost it, or the sender left the command out.",
        stray,
    ),
    EntryRule(
        "data-set-missing",
        Severity.ERROR,
        "PS3.7 §E.1",
        "Command Data Set Type (0000,0800) and what follows contradict each other. Look at the sender.",
        (Message,),
        data_set_missing,
    ),
    EntryRule(
        "message-incomplete",
        Severity.ERROR,
        "PS3.8 Annex E",
        "The sender never set the last-fragment bit or was cut off, or the capture lost bytes (see bytes-missing).",
        (Message,),
        incomplete,
    ),
    EntryRule(
        "command-malformed",
        Severity.ERROR,
        "PS3.7 §6.3.1",
        "Command sets are implicit VR little endian, group 0000 only. Look at the sender's encoder.",
        (Message,),
        command_malformed,
    ),
    EntryRule(
        "command-group-length",
        Severity.WARNING,
        "PS3.7 §E.1",
        "Strict receivers abort. Look at the sender's encoder.",
        (Message,),
        group_length_wrong,
    ),
    EntryRule(
        "command-unknown",
        Severity.ERROR,
        "PS3.7 §E.1",
        "The receiver cannot know what is asked; expect 0x0211 (unrecognized operation) or A-ABORT.",
        (Message,),
        command_unknown,
    ),
    EntryRule(
        "context-not-accepted",
        Severity.ERROR,
        "PS3.8 §9.3.5.1",
        "Only accepted contexts carry messages. Look at how the sender chooses the context.",
        (Message,),
        context_unusable,
    ),
    EntryRule(
        "response-without-request",
        Severity.ERROR,
        "PS3.7 §9.3",
        "Compare Message ID Being Responded To with the requests before it.",
        (Message,),
        request_missing,
    ),
    EntryRule(
        "status-failure",
        Severity.ERROR,
        "PS3.7 Annex C",
        "The peer says why it did not do what was asked; its log at this time says more.",
        (Message,),
        failed,
    ),
    EntryRule(
        "status-warning",
        Severity.WARNING,
        "PS3.7 Annex C",
        "It was done, but not quite as asked. Check what the peer kept.",
        (Message,),
        warned,
    ),
    EntryRule(
        "status-unknown",
        Severity.WARNING,
        "PS3.7 Annex C",
        "The number has no meaning in the standard; the peer's conformance statement may define it.",
        (Message,),
        status_unknown,
    ),
    FinalRule(
        "request-unanswered",
        Severity.ERROR,
        "PS3.7 §8",
        "The peer never answered. Look at its log at the time of the request, and at who gave up first.",
        unanswered,
    ),
    FinalRule(
        "request-unanswered-in-capture",
        Severity.WARNING,
        "PS3.7 §8",
        "The capture ends before an answer could be seen. Capture longer.",
        unanswered_in_capture,
    ),
)
"""Rules on messages, in the order in which they are asked."""
