"""Command set bytes -> its elements (PS3.7 §6.3.1: implicit VR little endian, group 0000)."""

import re
import struct
from copy import copy
from functools import lru_cache
from itertools import count

from msgspec import Struct

from dicomsniff.dictionary.commands import COMMAND_ELEMENTS, NO_DATA_SET, RESPONSE_BIT, command_names
from dicomsniff.pdu.fields import Field, plain_text
from dicomsniff.quantities import counted, is_are

MAX_UID = 64
"""Bytes of a UID (PS3.5 §9.1)."""
_MESSAGE_ID, _ANSWERED = 0x00000110, 0x00000120
"""Message ID, and Message ID Being Responded To."""
_INSTANCE, _REQUESTED_INSTANCE = 0x00001000, 0x00001001
"""Affected, and Requested SOP Instance UID."""
_ELEMENT = struct.Struct("<HHL").unpack_from
_ORDINARY = frozenset([0x0000, 0x0002, 0x0003, 0x0100, 0x0110, 0x0120, 0x0700, 0x0800, 0x0900, 0x1000, 0x1001])
LONGEST_KNOWN, MAX_KNOWN = 1024, 256
"""Bytes of a command set that is remembered, and how many are: pending responses are all alike."""


class Command(Struct, eq=False, gc=False):
    """A command set. Elements that are absent, or too short for their VR, are None; `raw` has all as sent.

    Only what every message is asked for is kept decoded: a capture may hold a million of them.
    """

    raw: bytes
    problem: str = ""
    """Where the bytes break the encoding."""
    disorder: str = ""
    """Where elements are out of order or repeated (PS3.7 §6.3.1)."""
    field: int | None = None
    """Command Field (0000,0100)."""
    message_id: int | None = None
    """Message ID (0000,0110)."""
    message_id_being_responded_to: int | None = None
    """Message ID Being Responded To (0000,0120)."""
    data_set_type: int | None = None
    """Command Data Set Type (0000,0800)."""
    status: int | None = None
    """Status (0000,0900)."""
    affected_sop_class_uid: str | None = None
    """Affected SOP Class UID (0000,0002)."""
    requested_sop_class_uid: str | None = None
    """Requested SOP Class UID (0000,0003)."""
    name: str = ""
    """The message's name, `C-STORE-RQ`; says so where the field is missing."""
    service: str = ""
    """Its DIMSE service, `C-STORE`."""
    is_response: bool = False
    """Whether the command field is that of a response (PS3.7 §E.1)."""
    announces_data_set: bool = False
    """Whether Command Data Set Type (0000,0800) says that a data set follows; it does not where it is missing."""
    is_ordinary: bool = False
    """Whether it has none of the elements that only some services and failures have."""
    kind: int = 0
    """The same number for those that differ in nothing but a Message ID and an instance UID, as far as it was noticed;
    else 0."""
    layout: "Places | None" = None
    """Where the elements are, where others of its kind have them, too."""

    def __post_init__(self) -> None:
        raw = self.raw
        found, self.problem, self.disorder = _find_elements(raw)
        self.field = _us(raw, found, 0x00000100)
        self.message_id = _us(raw, found, _MESSAGE_ID)
        self.message_id_being_responded_to = _us(raw, found, _ANSWERED)
        self.data_set_type = _us(raw, found, 0x00000800)
        self.status = _us(raw, found, 0x00000900)
        self.affected_sop_class_uid = _uid(raw, found, 0x00000002)
        self.requested_sop_class_uid = _uid(raw, found, 0x00000003)
        self.name, self.service = command_names(self.field)
        self.is_response = self.field is not None and self.field & RESPONSE_BIT != 0
        self.announces_data_set = self.data_set_type is not None and self.data_set_type != NO_DATA_SET
        self.is_ordinary = found.keys() <= _ORDINARY
        self.layout = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Command) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"<Command {self.name}, {len(self.raw)} bytes>"

    @property
    def elements(self) -> dict[int, bytes]:
        """Every element's value as sent, by tag (0xGGGGEEEE)."""
        return {tag: self.raw[start:end] for tag, (start, end) in self.places.items()}

    @property
    def places(self) -> "Places":
        """Where every element's value is in `raw`, by tag; its tag and length are the 8 bytes before it."""
        return self.layout if self.layout is not None else _find_elements(self.raw)[0]

    @property
    def group_length(self) -> int | None:
        """Command Group Length (0000,0000) as sent, in bytes."""
        return self.uint(0x00000000)

    @property
    def sop_class_uid(self) -> str | None:
        """The SOP class the message is about: affected, else requested."""
        return self.affected_sop_class_uid or self.requested_sop_class_uid

    @property
    def affected_sop_instance_uid(self) -> str | None:
        """Affected SOP Instance UID (0000,1000)."""
        return self.text(_INSTANCE)

    @property
    def requested_sop_instance_uid(self) -> str | None:
        """Requested SOP Instance UID (0000,1001)."""
        return self.text(_REQUESTED_INSTANCE)

    def uint(self, tag: int) -> int | None:
        """Return an element's first value as an unsigned integer; None where it is absent or too short."""
        return _uint(self.raw, self.places, tag)

    def text(self, tag: int) -> str | None:
        """Return an element's text without padding; None where it is absent or empty."""
        return _text(self.raw, self.places, tag)

    def value(self, tag: int) -> bytes:
        """Return an element's value as sent; empty where it is absent, too."""
        start, end = self.places.get(tag, (0, 0))
        return self.raw[start:end]

    def fields(self) -> list[Field]:
        """Return every element as a field, with its place in the command set."""
        found, problem, _ = _find_elements(self.raw)
        fields = [Field(_label(tag), self.value_text(tag), start - 8, end, 0) for tag, (start, end) in found.items()]
        if problem:
            start = fields[-1].end if fields else 0
            fields.append(Field("Undecodable", problem, start, len(self.raw), 0))
        return fields

    def value_text(self, tag: int) -> str:
        """Say an element's value in words."""
        value = self.value(tag)
        element = COMMAND_ELEMENTS.get(tag)
        if element is None:
            return value.hex(" ")
        if tag == 0x00000100 and self.field is not None:
            return f"0x{self.field:04X} ({self.name})"
        if element.vr in ("US", "UL"):
            size = 4 if element.vr == "UL" else 2
            parts = [value[i : i + size] for i in range(0, len(value) - size + 1, size)]
            numbers = [int.from_bytes(part, "little") for part in parts]
            hexadecimal = tag in (0x00000800, 0x00000900)
            return "\\".join(f"0x{number:04X}" if hexadecimal else str(number) for number in numbers)
        if element.vr == "AT":
            return "\\".join(tag_text(tag) for tag in attribute_tags(value))
        return plain_text(value)


def read_command(raw: bytes) -> Command:
    """Return a command set; equal ones are the same object, where they come soon after one another."""
    return _known_command(raw) if len(raw) <= LONGEST_KNOWN else Command(raw)


@lru_cache(maxsize=MAX_KNOWN)
def _known_command(raw: bytes) -> Command:
    """Return a command set; of one that differs from a known one in a Message ID and a UID only these are read.

    Most commands differ in no more. Reading all of each, `show` takes 1.17 times the CPU on many C-ECHOs.
    """
    found = _FIND_MESSAGE_ID(raw)
    if found is None:
        return Command(raw)
    at = found.end()
    instance = _FIND_INSTANCE_UID(raw, at)
    if instance is not None and instance[1][0] == len(instance[2]):
        start, end = instance.span(2)
        alike = _alike(raw[: at - 2] + raw[at:start] + raw[end:], at, start, end - start)
    else:
        alike = _alike(raw[: at - 2] + raw[at:], at, 0, 0)
    if alike is None:
        return Command(raw)
    command: Command = copy(alike)
    command.raw = raw
    number = int.from_bytes(raw[at - 2 : at], "little")
    if found.lastindex == 1:
        command.message_id = number
    else:
        command.message_id_being_responded_to = number
    return command


@lru_cache(maxsize=MAX_KNOWN)
def _alike(others: bytes, end: int, start: int, length: int) -> Command | None:
    """Return a command set of these bytes, but for two before `end` and, with a `length`, as many from `start` on.

    None where these are no Message ID, and no UID of an instance.
    """
    raw = others[: end - 2] + bytes(2) + others[end - 2 :]
    raw = raw[:start] + b"1" * length + raw[start:]
    command, places = Command(raw), _find_elements(raw)[0]
    if (end - 2, end) not in (places.get(_MESSAGE_ID), places.get(_ANSWERED)):
        return None
    if length and (start, start + length) not in (places.get(_INSTANCE), places.get(_REQUESTED_INSTANCE)):
        return None
    command.kind, command.layout = next(_KINDS), places
    return command


_FIND_MESSAGE_ID = re.compile(rb"\x00\x00(?:(\x10)|(\x20))\x01\x02\x00\x00\x00..", re.DOTALL).search
"""Finds what looks like Message ID, or Message ID Being Responded To, with its value."""
_FIND_INSTANCE_UID = re.compile(rb"\x00\x00[\x00\x01]\x10(.)\x00\x00\x00([0-9.]+\x00?)", re.DOTALL).search
"""Finds what looks like Affected or Requested SOP Instance UID: its length, and its value."""
_KINDS = count(1)
Places = dict[int, tuple[int, int]]
"""Where the value of each element is, by tag."""


def _us(raw: bytes, found: Places, tag: int) -> int | None:
    place = found.get(tag)
    if place is None or place[1] - place[0] < 2:
        return None
    return raw[place[0]] | raw[place[0] + 1] << 8


def _uint(raw: bytes, found: Places, tag: int) -> int | None:
    start, end = found.get(tag, (0, 0))
    size = 4 if COMMAND_ELEMENTS[tag].vr == "UL" else 2
    return int.from_bytes(raw[start : start + size], "little") if end - start >= size else None


def _text(raw: bytes, found: Places, tag: int) -> str | None:
    start, end = found.get(tag, (0, 0))
    return plain_text(raw[start:end]) or None


def _uid(raw: bytes, found: Places, tag: int) -> str | None:
    start, end = found.get(tag, (0, 0))
    return _uid_text(raw[start:end]) if end - start <= MAX_UID else _text(raw, found, tag)


@lru_cache(maxsize=1024)
def _uid_text(value: bytes) -> str | None:
    return plain_text(value) or None  # a capture names few SOP classes, each many times


def attribute_tags(value: bytes) -> list[int]:
    """Return the tags of an AT value, as 0xGGGGEEEE."""
    pairs = (struct.unpack_from("<HH", value, at) for at in range(0, len(value) - 3, 4))
    return [(group << 16) | element for group, element in pairs]


def tag_text(tag: int) -> str:
    """Write a tag as the standard does: `(0008,0018)`."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _label(tag: int) -> str:
    element = COMMAND_ELEMENTS.get(tag)
    return f"{tag_text(tag)} {element.name if element else 'unknown'}"


@lru_cache(maxsize=4)  # who looks at a message asks for one element after the other
def _find_elements(raw: bytes) -> tuple[Places, str, str]:
    """Return where the elements are, where the bytes break the encoding, and where elements leave their order."""
    found: Places = {}
    at, end, last, disorder = 0, len(raw), -1, ""
    while at + 8 <= end:
        group, element, length = _ELEMENT(raw, at)
        start, stop = at + 8, at + 8 + length
        if stop > end:
            tag = tag_text(group << 16 | element)
            return found, f"{tag} announces {counted(length, 'byte')} at byte {at}; only {end - start} left", disorder
        if group:
            foreign = f"{tag_text(group << 16 | element)} at byte {at} does not belong in a command set"
            return found, foreign, disorder
        if element <= last and not disorder:
            where = "occurs twice" if element in found else f"comes after {tag_text(last)}"
            disorder = f"{tag_text(element)} at byte {at} {where}"
        last = element
        if element not in found:
            found[element] = (start, stop)
        at = stop
    return (
        found,
        f"{counted(end - at, 'byte')} at its end {is_are(end - at)} too few for an element" if at < end else "",
        disorder,
    )
