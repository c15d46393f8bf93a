"""Say timeline entries in words: what it was, how it went, how long it took."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import (
    ConflictingBytes,
    Entry,
    OddPdv,
    OversizedPdu,
    SharedPdu,
    TcpEnd,
    UnexpectedPdu,
)
from dicomsniff.association.tls_layer import TlsTrouble, why_missing
from dicomsniff.dictionary.attributes import find_keyword
from dicomsniff.dictionary.commands import ACTION_TYPE_ID, COMMAND_ELEMENTS, EVENT_TYPE_ID
from dicomsniff.dictionary.information_models import find_model
from dicomsniff.dictionary.normalized import type_name
from dicomsniff.dictionary.reasons import aborted_for, aborter, in_words, reject_reason_name
from dicomsniff.dictionary.statuses import status_text
from dicomsniff.dimse.assembler import StrayFragment
from dicomsniff.dimse.attribute_lists import ATTRIBUTE_IDENTIFIER_LIST, OFFENDING_ELEMENT, listed_attributes
from dicomsniff.dimse.command import Command, tag_text
from dicomsniff.dimse.identifier import LEVEL, Key
from dicomsniff.dimse.lack import Lack
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.sub_operations import read_counters
from dicomsniff.findings.parts import the_class, the_class_in_short, the_comment, the_octets, the_title, the_value
from dicomsniff.pdu.types import (
    Abort,
    AssociateAc,
    AssociateRj,
    AssociateRq,
    CutAssociate,
    MalformedPdu,
    MissingBytes,
    ReleaseRp,
    ReleaseRq,
    SkippedBytes,
    UnknownPdu,
)
from dicomsniff.quantities import counted, of_all, some_of
from dicomsniff.words.times import latency_text


def entry_name(entry: Entry) -> str:
    """Name a timeline entry: `C-STORE-RQ 1`, `A-ASSOCIATE-RQ`, `1448 bytes missing`."""
    match entry.event:
        case Message(command=command, name=name):
            number = command.message_id_being_responded_to if command.is_response else command.message_id
            if name == "C-CANCEL-RQ":
                number = command.message_id_being_responded_to
            return name + (f" {number}" if number is not None else "")
        case MissingBytes(length=length):
            return f"{counted(length, 'byte')} missing"
        case SkippedBytes(length=length):
            return f"{counted(length, 'byte')} skipped"
        case StrayFragment():
            return "stray fragment"
        case event:
            return event.name


def entry_size(entry: Entry) -> int:
    """Return the bytes an entry is about: command and data set of a message, body of a PDU."""
    match entry.event:
        case Message(command=command, data_set=data):
            return len(command.raw) + (data.length if data is not None else 0)
        case TcpEnd() | UnexpectedPdu() | SharedPdu() | MalformedPdu() | TlsTrouble():
            return 0
        case event:
            return event.length


def _in_places(places: int) -> str:
    return f", in {places} places" if places > 1 else ""


def entry_detail(association: Association, entry: Entry) -> str:
    """Say what matters about a timeline entry, beside its name."""
    match entry.event:
        case Message() as message:
            return "; ".join(_message_parts(message))
        # Few kinds make up nearly all entries, and kinds are tried in this order.
        case TcpEnd(how=how):
            return "closes its direction" if how == "FIN" else "breaks the connection off"
        case ReleaseRq() | ReleaseRp():
            return ""
        case AssociateRq(contexts=contexts, problem=problem):
            count = len(contexts)
            titles = [the_title(party.ae_title or "?") for party in (association.requestor, association.acceptor)]
            return f"{' calls '.join(titles)}, {counted(count, 'context')}" + (f"; {problem}" if problem else "")
        case AssociateAc(contexts=results, problem=problem):
            accepted = sum(result.result == 0 for result in results)
            request = association.request if association.accept is entry.event else None
            proposed = len(request.contexts) if request is not None and not request.problem else 0
            share = of_all(accepted, max(proposed, len(results)), "context")
            return f"{share} accepted" + (f"; {problem}" if problem else "")
        case CutAssociate(called_ae_title=called, calling_ae_title=calling, received=received, length=length):
            titles = [the_title(title or "?") for title in (calling, called)]
            return f"{' calls '.join(titles)}; cut off after {received} of {counted(length, 'byte')}"
        case AssociateRj(source=source, reason=reason):
            return in_words(reject_reason_name(source, reason))
        case Abort(source=source, reason=reason):
            by = f"by its {aborter(source)}" if aborter(source) else ""
            return ": ".join(part for part in (by, aborted_for(source, reason)) if part)
        case UnknownPdu(data=data, problem=problem):
            return problem or f"begins with {the_octets(data[:8])}"
        case MalformedPdu(problem=problem) | StrayFragment(lack=Lack(text=problem)):
            return problem
        case MissingBytes(resynchronized=resynchronized, places=places):
            return (
                why_missing(association.tls, association.tcp.get(entry.side))
                + _in_places(places)
                + ("; the next PDU was searched for" if resynchronized else ", inside a PDU")
            )
        case SkippedBytes(places=places):
            return f"not readable as PDUs{_in_places(places)}"
        case ConflictingBytes():
            return "sent again with other contents; the first copy is decoded"
        case OversizedPdu(length=length, limit=limit):
            return f"{counted(length, 'byte')} where the receiver takes {limit}"
        case OddPdv(length=length, header=header):
            return _oddities(length, header)
        case SharedPdu():
            return "a message begins after another one in the same P-DATA-TF"
        case UnexpectedPdu(state=state):
            return f"the association is {state.value}"
        case TlsTrouble(text=text):
            return text


def query_text(message: Message) -> str:
    """Say what a query or retrieval asks for, at its final response what that came to: `STUDY, 4 keys: 0 matches`."""
    operation = message.operation
    if operation is None or operation.query is None or operation.cancel is message:
        return ""
    query, final = operation.query, message is operation.final
    if message is not operation.request and not final:
        return ""
    if query.request is None:
        asked = "" if final else f"what it asks for was not read: {query.unread}"
    else:
        model = find_model(operation.request.sop_class_uid)
        level = query.request.level and the_value(query.request.level, LEVEL)
        level = level or (_NO_LEVEL if model is not None and model.levels else "")
        if final:
            keys = counted(len(query.request.keys), "key")
            asked = f"{level}, {keys}" if level else keys
        else:
            asked = _asked_text(level, query.request.keys)
    came = ""
    if final and operation.name == "C-FIND" and (operation.pending or operation.category != "Failure"):
        came = counted(operation.pending, "match")
    elif final and query.failed_instances:
        came = f"{counted(query.failed_instances, 'failed instance')} listed"
    return ": ".join(part for part in (asked, came) if part)


def _asked_text(level: str, keys: list[Key]) -> str:
    """`STUDY by PatientName; 3 more keys`: keys with a value to be matched are named, in items of sequences too."""
    with_value = dict.fromkeys(name for key in keys for name in _with_value(key))
    if not with_value:
        return ", ".join(
            part for part in (level, counted(len(keys), "key") + ", none with a value" * bool(keys)) if part
        )
    others = sum(not any(_with_value(key)) for key in keys)
    where = f"{level}, " if level == _NO_LEVEL else f"{level} " * bool(level)
    said = f"{where}by {some_of(list(with_value), MAX_KEYS)}"
    return said + (f"; {counted(others, 'more key')}" if others else "")


def _with_value(key: Key) -> Iterator[str]:
    """Yield the name of a key that has a value, or of each in its items."""
    if not key.items and not key.is_empty:
        yield _key_name(key)
    for item in key.items:
        yield from (name for each in item for name in _with_value(each))


def _key_name(key: Key) -> str:
    return find_keyword(key.tag) or tag_text(key.tag)


_SAID_OF_A_COMMAND = (
    ("event type", EVENT_TYPE_ID),
    ("action type", ACTION_TYPE_ID),
    ("attributes", ATTRIBUTE_IDENTIFIER_LIST),
    ("offending element", OFFENDING_ELEMENT),
    ("error ID", 0x00000903),
)
_TYPES = (EVENT_TYPE_ID, ACTION_TYPE_ID)
MAX_NAMED = 8
"""Attributes of a list that are named; further ones are counted."""
_NO_LEVEL = "no level"
MAX_KEYS = 4
"""Keys of a query that are named; further ones are counted."""


def _value_text(message: Message, tag: int) -> str:
    """Write a number, a type by number and name, or attributes by tag and name; empty where the element is absent.

    `1 (Print)`, `(0010,0020) PatientID`.
    """
    command = message.command
    if COMMAND_ELEMENTS[tag].vr != "AT":
        number = command.uint(tag)
        if number is None:
            return ""
        name = type_name(command.service, message.sop_class_uid, number) if tag in _TYPES else ""
        return f"{number} ({name})" if name else str(number)
    return listed_attributes(command, tag, MAX_NAMED)


def _oddities(length: int, header: int) -> str:
    odd = f"a fragment of {counted(length, 'byte')}: an odd length" if length & 1 else ""
    empty = "a fragment without data" if not length else ""
    reserved = f"message control header 0x{header:02X} has reserved bits set" if header > 3 else ""
    return "; ".join(each for each in (odd, empty, reserved) if each)


def _message_parts(message: Message) -> list[str]:
    command = message.command
    parts = []
    asked = query_text(message)
    if command.status is not None:
        parts += [status_text(command.service, message.sop_class_uid, command.status), *_explanation(command), asked]
    else:
        if asked:
            parts.append(f"{the_class_in_short(command.sop_class_uid)}: {asked}")
        elif command.sop_class_uid:
            parts.append(the_class(command.sop_class_uid))
    parts += _further_parts(message)
    if message.latency is not None:
        parts.append(latency_text(message.latency))
    if message.problem:
        parts.append(f"incomplete: {message.problem}")
    return [part for part in parts if part]


def _explanation(command: Command) -> Iterator[str]:
    """Yield what a response says beside its status."""
    if command.is_ordinary:
        return
    if comment := command.text(0x00000902):
        yield the_comment(comment)
    if counters := read_counters(command).given():
        yield ", ".join(f"{count} {name}" for name, count in counters.items())


def _further_parts(message: Message) -> Iterator[str]:
    """Yield what only some services and failures say."""
    command = message.command
    if command.is_ordinary:
        return
    yield from (f"{name} {said}" for name, tag in _SAID_OF_A_COMMAND if (said := _value_text(message, tag)))
    if destination := command.text(0x00000600):
        yield f"to {the_title(destination)}"
    if originator := command.text(0x00001030):
        yield f"for {the_title(originator)} {command.uint(0x00001031) or ''}".rstrip()
