"""Rules on how A-ASSOCIATE-RQ and -AC are written: items, AE titles, UIDs (PS3.8 §9.3.2, §9.3.3, PS3.7 §D.3)."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, wraps

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.pdu_types import item_type_name
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_party, the_title, the_uid
from dicomsniff.findings.rule import Hit, entry_rule
from dicomsniff.pdu.fields import plain_text
from dicomsniff.pdu.types import AssociateAc, AssociateRq
from dicomsniff.quantities import counted, some_of

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
"""DICOM's application context (PS3.7 §A.2.1)."""
_DICOM_ROOT = "1.2.840.10008"
"""No private application context begins with it (PS3.7 §A.2.2)."""
_UID = re.compile(rb"(?=.{1,64}\Z)(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")
_TITLE = re.compile(rb"[\x20-\x5b\x5d-\x7e]+")
_UIDS = {(0, 0x10), (0x20, 0x30), (0x20, 0x40), (0x21, 0x40), (0x50, 0x52)}
_ONCE = {(0, 0x10), (0, 0x50), (0x50, 0x51), (0x50, 0x52), (0x50, 0x53), (0x50, 0x55), (0x50, 0x58), (0x50, 0x59)}
_ONCE_IN_CONTEXT = {(0x20, 0x30), (0x21, 0x40)}
"""The abstract syntax of a proposal, the transfer syntax of an answer."""
_CHARACTERS = {0x00: "NUL", 0x09: "tab", 0x0A: "line feed", 0x0D: "carriage return", 0x5C: "backslash"}
_FIXED_FIELDS = 68
_TITLES_BEGIN, _TITLES_END = 4, 36
_RESERVED = slice(_TITLES_END, _FIXED_FIELDS)
"""Bytes 43 to 74 of the PDU."""
_BEHIND_TITLES = bytes(_FIXED_FIELDS - _TITLES_END) + b"\x10\0\0\x151.2.840.10008.3.1.1.1"
"""The reserved bytes and the Application Context Item that follow the titles (PS3.8 Table 9-11, §9.3.2.1)."""
_LONGEST_SHIFT = 128
"""Bytes by which titles that are too long are looked for behind their place."""

Associate = AssociateRq | AssociateAc
Check = Callable[[Association, Entry], Iterable[Hit]]


@lru_cache(maxsize=4)
def walk_items(raw: bytes) -> tuple[tuple[int, int, bytes], ...]:
    """Return the items of an A-ASSOCIATE body with their sub-items: (type of the outer item or 0, type, value)."""
    return tuple(_walk(raw, _FIXED_FIELDS, 0))


def _walk(raw: bytes, at: int, outer: int) -> Iterator[tuple[int, int, bytes]]:
    while at + 4 <= len(raw):
        kind, length = raw[at], int.from_bytes(raw[at + 2 : at + 4], "big")
        value = raw[at + 4 : at + 4 + length]
        yield outer, kind, value
        if outer == 0 and kind in (0x20, 0x21, 0x50):
            refused = kind == 0x21 and value[2:3] != b"\0"  # its transfer syntax is not significant (Table 9-18)
            if not refused:
                yield from _walk(value, 0 if kind == 0x50 else 4, kind)
        at += 4 + length


def of_negotiation(check: Check) -> Check:
    """Make a check of A-ASSOCIATE-RQ or -AC pass over those that negotiate nothing, as a second one does."""

    @wraps(check)
    def guarded(association: Association, entry: Entry) -> Iterable[Hit]:
        counts = entry.event is association.request or entry.event is association.accept
        return check(association, entry) if counts else ()

    return guarded


_BOTH = (AssociateRq, AssociateAc)


@entry_rule(code="protocol-version", severity=Severity.WARNING, on=_BOTH)
@of_negotiation
def version_unsupported(_: Association, entry: Entry) -> Iterator[Hit]:
    """The protocol version does not include version 1.

    Bit 0 of the protocol version stands for version 1, the only one there is. Without it a strict acceptor rejects
    (protocol-version-not-supported).

    What to do: Look at the sender's encoder; the version may have been written as a number or in the wrong byte order.
    """
    match entry.event:
        case AssociateRq() | AssociateAc() as pdu if not pdu.protocol_version & 1:
            yield Hit(f"{pdu.name} has protocol version 0x{pdu.protocol_version:04X}, without bit 0 (version 1)")


@entry_rule(
    code="application-context",
    severity=Severity.WARNING,
    on=_BOTH,
    meaning=f"DICOM's application context is {APPLICATION_CONTEXT}; a private one is a UID outside 1.2.840.10008. A "
    "strict acceptor rejects anything else (application-context-name-not-supported).",
)
@of_negotiation
def application_context_wrong(_: Association, entry: Entry) -> Iterator[Hit]:
    """The application context is missing or malformed.

    What to do: Look at the sender's encoder or configuration.
    """
    match entry.event:
        case AssociateRq(problem="") | AssociateAc(problem="") as pdu:
            name = pdu.application_context_name
            if name is None:
                yield Hit(f"{pdu.name} has no application context")
            elif name != APPLICATION_CONTEXT and not _is_private(name):
                yield Hit(
                    f"{pdu.name} names the application context {the_uid(name) if name else '(empty)'}, "
                    f"not DICOM's {APPLICATION_CONTEXT}"
                )


@entry_rule(
    code="application-context-private",
    severity=Severity.NOTE,
    on=_BOTH,
    remedy=f"If the peer refuses, propose DICOM's own, {APPLICATION_CONTEXT}.",
)
@of_negotiation
def application_context_private(_: Association, entry: Entry) -> Iterator[Hit]:
    """The application context is a private one.

    Private application contexts are allowed. A peer that does not know this one rejects the association
    (application-context-name-not-supported), or aborts where an acceptor returned it.
    """
    match entry.event:
        case (
            AssociateRq(problem="", application_context_name=str(name))
            | AssociateAc(problem="", application_context_name=str(name)) as pdu
        ) if _is_private(name):
            yield Hit(f"{pdu.name} names the private application context {the_uid(name)}")


def _is_private(name: str) -> bool:
    in_dicom = name == _DICOM_ROOT or name.startswith(_DICOM_ROOT + ".")
    return not in_dicom and _UID.fullmatch(name.encode()) is not None


@entry_rule(code="item-repeated", severity=Severity.WARNING, on=_BOTH)
@of_negotiation
def items_repeated(_: Association, entry: Entry) -> Iterator[Hit]:
    """An item that may occur only once is repeated.

    Which of them counts is up to the receiver: the two sides may go on with different limits or names.

    What to do: Look at the sender's encoder.
    """
    match entry.event:
        case AssociateRq() | AssociateAc() as pdu:
            seen = Counter((outer, kind) for outer, kind, _ in walk_items(pdu.raw) if (outer, kind) in _ONCE)
            again = [item_type_name(kind) for (_, kind), count in seen.items() if count > 1]
            again += [f"{item_type_name(kind)} of context {number}" for kind, number in _repeated_in_contexts(pdu.raw)]
            if again:
                yield Hit(f"{pdu.name} has more than one item: {some_of(again)}")


def _repeated_in_contexts(raw: bytes) -> Iterator[tuple[int, int]]:
    """Yield types of items that a presentation context has twice and may have but once, with its id."""
    context = times = 0
    for outer, kind, value in walk_items(raw):
        if not outer:
            context, times = value[0] if value else 0, 0
        elif (outer, kind) in _ONCE_IN_CONTEXT:
            times += 1
            if times == 2:
                yield kind, context


@entry_rule(code="item-unknown", severity=Severity.NOTE, on=_BOTH, follows=("own:ae-titles-too-long",))
@of_negotiation
def items_unknown(_: Association, entry: Entry) -> Iterator[Hit]:
    """An item has a type the standard does not define.

    Receivers ignore unknown items. This is a private extension, or the encoder lost its place.

    What to do: Nothing, unless the association fails.
    """
    match entry.event:
        case AssociateRq() | AssociateAc() as pdu:
            kinds = sorted({item.type for item in (*pdu.unknown, *pdu.user_information.unknown)})
            if kinds:
                yield Hit(f"{pdu.name} has items of unknown type: " + ", ".join(f"0x{kind:02X}" for kind in kinds))


@entry_rule(code="reserved-bytes", severity=Severity.NOTE, on=_BOTH, follows=("own:ae-titles-too-long",))
@of_negotiation
def reserved_set(association: Association, entry: Entry) -> Iterator[Hit]:
    """Reserved bytes are not what they should be.

    They are sent as zero; in A-ASSOCIATE-AC, bytes 43 to 74 are sent back as they came. As receivers are told not to
    test them, this is a note. Some old ones do.

    What to do: Nothing, unless the association is refused without another reason.
    """
    match entry.event:
        case AssociateRq(raw=raw) as pdu if any(raw[2:4]) or any(raw[_RESERVED]):
            yield Hit(f"{pdu.name} has reserved bytes that are not zero")
        case AssociateAc(raw=raw) as pdu if any(raw[2:4]):
            yield Hit(f"{pdu.name} has reserved bytes that are not zero")
        case AssociateAc(raw=raw) as pdu if (
            association.request and raw[_RESERVED] != association.request.raw[_RESERVED]
        ):
            yield Hit(f"{pdu.name} does not send bytes 43 to 74 back as A-ASSOCIATE-RQ had them")


@entry_rule(code="ae-titles-too-long", severity=Severity.WARNING, on=_BOTH)
@of_negotiation
def titles_too_long(association: Association, entry: Entry) -> Iterator[Hit]:
    """An AE title is longer than its field.

    The two AE titles of A-ASSOCIATE have 16 bytes each. Here the reserved bytes and the Application Context Item that
    follow them are found behind their place: a title was written with more bytes, and so whatever follows cannot be
    read where it is to be.

    What to do: Shorten the AE titles in the sender's settings to 16 characters.
    """
    match entry.event:
        case AssociateRq(raw=raw) | AssociateAc(raw=raw) as pdu:
            until = _TITLES_END + _LONGEST_SHIFT + len(_BEHIND_TITLES)
            late = raw.find(_BEHIND_TITLES, _TITLES_END, until) - _TITLES_END
            if late > 0:
                due = _TITLES_END - _TITLES_BEGIN
                said = f"the AE titles in {pdu.name} take {due + late} bytes instead of {due} (16 each)"
                who = the_party(association.party(entry.side))
                yield Hit(f"{who} sends an AE title that is too long: {said}, so that the rest is {late} late")


@entry_rule(code="ae-title-malformed", severity=Severity.WARNING, on=AssociateRq)
@of_negotiation
def title_malformed(association: Association, entry: Entry) -> Iterator[Hit]:
    """An AE title is blank or contains characters that are not allowed.

    AE titles are 1 to 16 characters of the default repertoire, without backslash and control characters. Acceptors
    refuse what they cannot match, and some abort.

    What to do: Correct the AE title in the requestor's settings.
    """
    who = the_party(association.party(entry.side))
    for which, title in _titles(entry):
        text = title.rstrip(b"\0").strip(b" ")
        if not text:
            yield Hit(f"{who} sends a blank {which} AE title" + (" (NUL)" if b"\0" in title else ""))
        elif not _TITLE.fullmatch(text):
            said = the_title(plain_text(title))
            yield Hit(f"{who} sends the {which} AE title {said} {with_characters_not_allowed(text)}")


def with_characters_not_allowed(title: bytes) -> str:
    """`with a tab and the bytes C3H 84H, which are not ASCII: no AE title may have them`; empty where none is wrong."""
    characters = list(dict.fromkeys(byte for byte in title if not _TITLE.fullmatch(bytes([byte]))))
    if not characters:
        return ""
    named = [f"a {_CHARACTERS[byte]}" for byte in characters if byte in _CHARACTERS]
    control = [f"{byte:02X}H" for byte in characters if byte < 0x80 and byte not in _CHARACTERS]
    beyond = [f"{byte:02X}H" for byte in characters if byte >= 0x80]
    if control:
        named.append(f"the control character{'s' * (len(control) > 1)} {' '.join(control)}")
    if beyond:
        are = "bytes {}, which are" if len(beyond) > 1 else "byte {}, which is"
        named.append(f"the {are.format(' '.join(beyond))} not ASCII")
    what = " and ".join(part for part in (", ".join(named[:-1]), named[-1]) if part)
    return f"with {what}: no AE title may have {'it' if len(characters) == 1 else 'them'}"


@entry_rule(code="ae-title-padded", severity=Severity.WARNING, on=AssociateRq)
@of_negotiation
def title_padded(association: Association, entry: Entry) -> Iterator[Hit]:
    """An AE title is padded with NUL.

    AE titles are padded to 16 bytes with spaces. An acceptor that compares all 16 bytes does not recognize this one.

    What to do: Look at the requestor's encoder.
    """
    for which, title in _titles(entry):
        if title.endswith(b"\0") and title.strip(b" \0") and _TITLE.fullmatch(title.rstrip(b"\0")):
            who, said = the_party(association.party(entry.side)), the_title(plain_text(title))
            yield Hit(f"{who} pads the {which} AE title {said} with NUL, not with spaces")


def _titles(entry: Entry) -> Iterator[tuple[str, bytes]]:
    if isinstance(entry.event, AssociateRq) and len(entry.event.raw) >= _FIXED_FIELDS:
        yield from zip(("called", "calling"), entry.event.titles_as_sent, strict=True)


@entry_rule(code="uid-malformed", severity=Severity.WARNING, on=_BOTH)
@of_negotiation
def uid_malformed(_: Association, entry: Entry) -> Iterator[Hit]:
    """A UID of the negotiation is malformed.

    UIDs are numbers joined by dots, without leading zeros, of 64 characters at most. A malformed UID matches nothing;
    longer ones overrun buffers.

    What to do: Look at where the sender takes it from.
    """
    match entry.event:
        case AssociateRq(problem="") | AssociateAc(problem="") as pdu:
            wrong = {(kind, value.rstrip(b"\0 ")) for kind, value in _uids(pdu) if value}
            bad = [
                f"{item_type_name(kind)} {the_uid(plain_text(uid)[:80])} ({counted(len(uid), 'byte')})"
                for kind, uid in sorted(wrong)
                if not _UID.fullmatch(uid)
            ]
            if bad:
                yield Hit(f"{pdu.name} has {counted(len(bad), 'malformed UID')}: {some_of(bad)}")


@entry_rule(code="uid-padded", severity=Severity.WARNING, on=_BOTH)
@of_negotiation
def uid_padded(_: Association, entry: Entry) -> Iterator[Hit]:
    """A UID of the negotiation is padded.

    UIDs are padded with NUL to even length in data sets and command sets, never in the negotiation. A receiver that
    compares all bytes does not recognize it and refuses the context.

    What to do: Look at the sender's encoder.
    """
    match entry.event:
        case AssociateRq() | AssociateAc() as pdu:
            padded = {(kind, value) for kind, value in _uids(pdu) if value[-1:] in (b"\0", b" ")}
            if padded:
                bad = [f"{item_type_name(kind)} {the_uid(plain_text(value))}" for kind, value in sorted(padded)]
                yield Hit(f"{pdu.name} has {counted(len(bad), 'UID')} padded to even length: {some_of(bad)}")


def _uids(pdu: Associate) -> Iterator[tuple[int, bytes]]:
    return ((kind, value) for outer, kind, value in walk_items(pdu.raw) if (outer, kind) in _UIDS)
