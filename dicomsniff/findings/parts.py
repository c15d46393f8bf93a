"""What a finding says, in parts: text, values that a peer sent, and references to associations and messages.

A rule writes one line, and marks what is not its own: `f"{the_party(sender)} proposes {the_uid(uid)}"`. The line is
taken apart once, when it becomes a finding, so that what is shown of values and how things are numbered is decided in
one place, `told`, and not by 200 rules.

Marks are lone surrogates: no decoder yields them, so nothing a peer sends can be taken for one.
"""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

from dicomsniff.association.association import Association, Party
from dicomsniff.dictionary.uids import find_uid_name, uid_text
from dicomsniff.dimse.message import Message
from dicomsniff.privacy.gate import Gate

_BEGIN, _TEXT, _END = "\ud800", "\ud801", "\ud802"
_USUAL = re.compile(r" SOP Class(?: UID)?$|(?:(?: Query/Retrieve)? Information Model)? - (?:FIND|MOVE|GET)$")
_STRAY = re.compile(f"[{_BEGIN}{_TEXT}{_END}]")


class Kind(StrEnum):
    """What a value is, or what a reference leads to."""

    TITLE = "ae_title"
    ADDRESS = "address"
    """An IP address, with or without a port."""
    NAME = "name"
    """A name in a certificate, or one that a TLS client asked for."""
    UID = "uid"
    """A UID that the standard does not define."""
    ELEMENT = "element"
    """The value of an element of a command or data set."""
    COMMENT = "comment"
    """Free text that explains an error."""
    MESSAGE_ID = "message_id"
    OCTETS = "octets"
    """Bytes in hexadecimal that may be anything."""
    FILE = "file"
    """The name of a capture's file."""
    ASSOCIATION = "association"
    MESSAGE = "message"


class Value(NamedTuple):
    """Something a peer sent; of an element also its tag."""

    text: str
    kind: Kind
    tag: int | None = None


class Reference(NamedTuple):
    """The number of an association, or of a message in one."""

    number: int
    kind: Kind


Part = str | Value | Reference
_KINDS = {str(kind): kind for kind in Kind}
_SHOWN_BY: dict[str, Callable[[Gate, str], str]] = {
    Kind.TITLE: lambda gate, text: gate.title(text),
    Kind.ADDRESS: lambda gate, text: gate.endpoint(text),
    Kind.NAME: lambda gate, text: gate.address(text),
    Kind.UID: lambda gate, text: gate.uid(text),
    Kind.COMMENT: lambda gate, text: gate.comment(text),
    Kind.FILE: lambda gate, text: gate.file_name(text),
}
"""How a gate shows a value of which its text says all."""
_REFERENCES = frozenset((Kind.ASSOCIATION, Kind.MESSAGE))
_MARKED = re.compile(f"{_BEGIN}({'|'.join(Kind)})([0-9A-F]*){_TEXT}([^{_BEGIN}-{_END}]*){_END}")


def told(parts: Iterable[Part], gate: Gate | None = None) -> str:
    """Put parts together into one line: values as the gate shows them, or as they are where there is none."""
    if gate is None:
        return "".join([part if isinstance(part, str) else str(part[0]) for part in parts])
    return "".join([_shown(part, gate) if isinstance(part, Value) else _text(part) for part in parts])


def shown(line: str, gate: Gate) -> str:
    """Return a line with marks as the gate shows it."""
    if line.isascii():
        return line  # as nearly all are: no mark is ASCII
    if _BEGIN in line:
        line = _MARKED.sub(lambda found: _shown_part(found[1], found[2], found[3], gate), line)
    return _unmarked(line)


def _shown_part(of: str, tag: str, text: str, gate: Gate) -> str:
    if (how := _SHOWN_BY.get(of)) is not None:
        return how(gate, text)
    part = _part(text, of, tag)
    return _shown(part, gate) if isinstance(part, Value) else str(part.number)


def _text(part: str | Reference) -> str:
    return part if isinstance(part, str) else str(part.number)


def _shown(value: Value, gate: Gate) -> str:
    text = value.text
    if (how := _SHOWN_BY.get(value.kind)) is not None:
        return how(gate, text)
    match value.kind:
        case Kind.ELEMENT:
            return gate.value(value.tag or 0, text)
        case Kind.OCTETS:
            return gate.octets(bytes.fromhex(text))
        case _:
            return text


def parts_of(line: str) -> tuple[Part, ...]:
    """Take a line apart at its marks."""
    if _BEGIN not in line:
        return (_unmarked(line),)
    parts: list[Part] = []
    kind = tag = ""
    for at, piece in enumerate(_MARKED.split(line)):
        match at % 4:
            case 0 if piece:
                parts.append(_unmarked(piece))
            case 1:
                kind = piece
            case 2:
                tag = piece
            case 3:
                parts.append(_part(piece, kind, tag))
    return tuple(parts)


def _unmarked(text: str) -> str:
    """Return text without characters that are taken for marks; they are not ASCII, as nearly all text is."""
    return text if text.isascii() else _STRAY.sub("\ufffd", text)


def _part(text: str, of: str, tag: str) -> Value | Reference:
    kind = _KINDS[of]
    is_number = kind in _REFERENCES and text.isdecimal()
    return Reference(int(text), kind) if is_number else Value(text, kind, int(tag, 16) if tag else None)


def marked(parts: Iterable[Part]) -> str:
    """Mark parts again, for a line that quotes them."""
    return "".join([part if isinstance(part, str) else _mark(str(part[0]), *part[1:]) for part in parts])


def plain(line: str) -> str:
    """Return a line without its marks."""
    return told(parts_of(line))


def the_title(text: str) -> str:
    """Mark an AE title."""
    return _mark(text, Kind.TITLE)


def the_address(address: object) -> str:
    """Mark an address, with or without its port."""
    return _mark(str(address), Kind.ADDRESS)


def the_name(name: str) -> str:
    """Mark a name in a certificate, or one that a TLS client asked for: names of hosts and of those who run them."""
    return _mark(name, Kind.NAME)


def the_party(party: Party) -> str:
    """Mark who a side is: `AE TITLE (address:port)`, as `Party.label`."""
    address = the_address(party.endpoint)
    return f"{the_title(party.ae_title)} ({address})" if party.ae_title else address


def the_peers(association: Association, arrow: str = "->") -> str:
    """Mark who speaks with whom, the requestor first."""
    return f"{the_party(association.requestor)} {arrow} {the_party(association.acceptor)}"


def the_uid(uid: str) -> str:
    """Mark a UID, whatever it is."""
    return _mark(uid, Kind.UID)


def the_class(uid: str | None) -> str:
    """Name a UID that the standard defines, such as that of a SOP class; mark any other one."""
    return the_uid(uid) if uid and find_uid_name(uid) is None else uid_text(uid)


def the_class_in_short(uid: str | None) -> str:
    """As `the_class`, without what every such name ends with: `Basic Film Box`, `Study Root`, `Modality Worklist`."""
    return _USUAL.sub("", the_class(uid))


def the_value(text: str, tag: int) -> str:
    """Mark the value of an element."""
    return _mark(text, Kind.ELEMENT, tag)


def the_comment(text: str) -> str:
    """Mark free text that explains an error."""
    return _mark(text, Kind.COMMENT)


def the_octets(data: bytes) -> str:
    """Mark bytes that may be anything, in hexadecimal."""
    return _mark(data.hex(" "), Kind.OCTETS)


def the_file(name: str) -> str:
    """Mark the name of a capture's file."""
    return _mark(name, Kind.FILE)


def the_message_id(number: int | None) -> str:
    """Mark a Message ID (PS3.7 §E.1)."""
    return _mark(str(number), Kind.MESSAGE_ID)


def the_message_with_id(message: Message) -> str:
    """Name a message with its Message ID, or with the one that it responds to, if it tells either."""
    own, answered = message.command.message_id, message.command.message_id_being_responded_to
    number = answered if own is None else own
    return message.name if number is None else f"{message.name} {the_message_id(number)}"


def the_association(number: int) -> str:
    """Refer to an association."""
    return _mark(str(number), Kind.ASSOCIATION)


def the_message(number: int) -> str:
    """Refer to a message by its number in its association."""
    return _mark(str(number), Kind.MESSAGE)


def the_request(service: str, message_id: int | None, number: int) -> str:
    """Name a request as timelines do, by its message ID; by its number in its association too where that differs."""
    if message_id is None or message_id == number:
        return f"{service}-RQ {the_message(number)}"
    return f"{service}-RQ {the_message_id(message_id)} (message {the_message(number)})"


def the_key(key: str, association: int) -> str:
    """Mark the key of a workflow: a UID, or what stands for one that is not known and begins with its association."""
    unknown = f"association {association}"
    if not key.startswith(unknown):
        return the_uid(key)
    return f"association {the_association(association)}{key.removeprefix(unknown)}"


def _mark(text: str, kind: Kind, tag: int | None = None) -> str:
    where = "" if tag is None else f"{tag:08X}"
    return f"{_BEGIN}{kind.value}{where}{_TEXT}{_unmarked(text)}{_END}"
