"""Rules on what A-ASSOCIATE-RQ proposes, and on what it shares with -AC (PS3.8 §9.3.2, PS3.7 §D.3)."""

import re
from collections import Counter
from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.pdu_types import item_type_name
from dicomsniff.dictionary.uids import uid_text
from dicomsniff.findings.finding import EntryRule, Hit, Severity
from dicomsniff.pdu.fields import plain_text
from dicomsniff.pdu.types import AssociateAc, AssociateRq

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
"""The only application context there is (PS3.7 §A.2.1)."""
MAX_CONTEXTS = 128
"""Odd ids from 1 to 255 (PS3.8 §9.3.2.2)."""
_SMALL = 1024
"""Bytes: a maximum PDU length below this makes every message many PDUs."""
_UID = re.compile(rb"(?=.{1,64}\Z)(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")
_TITLE = re.compile(rb"[\x20-\x5b\x5d-\x7e]+")
_UIDS = {(0, 0x10), (0x20, 0x30), (0x20, 0x40), (0x21, 0x40), (0x50, 0x52)}
_ONCE = {(0, 0x10), (0, 0x50), (0x50, 0x51), (0x50, 0x52), (0x50, 0x53), (0x50, 0x55), (0x50, 0x58), (0x50, 0x59)}
_FIXED_FIELDS = 68

Associate = AssociateRq | AssociateAc


def walk_items(raw: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield the items of an A-ASSOCIATE body with their sub-items: (type of the outer item or 0, type, value)."""
    yield from _walk(raw, _FIXED_FIELDS, 0)


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


def version_unsupported(_: Association, entry: Entry) -> Iterator[Hit]:
    """Bit 0 of the protocol version is not set (PS3.8 §9.3.2: version 1 is bit 0)."""
    match entry.event:
        case AssociateRq() | AssociateAc() as pdu if not pdu.protocol_version & 1:
            yield Hit(f"{pdu.name} has protocol version 0x{pdu.protocol_version:04X}, without bit 0 (version 1)")


def application_context_wrong(_: Association, entry: Entry) -> Iterator[Hit]:
    """Another application context than DICOM's, or none (PS3.7 §A.2.1)."""
    match entry.event:
        case AssociateRq(problem="") | AssociateAc(problem="") as pdu:
            name = pdu.application_context_name
            if name is None:
                yield Hit(f"{pdu.name} has no application context")
            elif name != APPLICATION_CONTEXT:
                yield Hit(f"{pdu.name} names the application context {name or '(empty)'}")


def ids_even(_: Association, entry: Entry) -> Iterator[Hit]:
    """Presentation context ids that are even (PS3.8 §9.3.2.2)."""
    match entry.event:
        case AssociateRq(contexts=contexts):
            even = [str(context.id) for context in contexts if context.id % 2 == 0]
            if even:
                yield Hit(f"{_count(even, 'presentation context')} with an even id: {_some(even)}")


def ids_repeated(_: Association, entry: Entry) -> Iterator[Hit]:
    """Presentation context ids proposed more than once (PS3.8 §9.3.2.2)."""
    match entry.event:
        case AssociateRq(contexts=contexts):
            ids = Counter(context.id for context in contexts)
            repeated = [str(number) for number, count in ids.items() if count > 1]
            if repeated:
                yield Hit(f"{_count(repeated, 'presentation context id')} proposed more than once: {_some(repeated)}")


def too_many(_: Association, entry: Entry) -> Iterator[Hit]:
    """More contexts than there are ids (PS3.8 §9.3.2.2)."""
    match entry.event:
        case AssociateRq(contexts=contexts) if len(contexts) > MAX_CONTEXTS:
            yield Hit(f"{len(contexts)} presentation contexts are proposed; there are {MAX_CONTEXTS} ids")


def without_syntax(_: Association, entry: Entry) -> Iterator[Hit]:
    """Contexts that propose no abstract syntax, or no transfer syntax (PS3.8 §9.3.2.2)."""
    match entry.event:
        case AssociateRq(contexts=contexts, problem=""):
            empty = [str(each.id) for each in contexts if not each.abstract_syntax or not each.transfer_syntaxes]
            if empty:
                yield Hit(
                    f"{_count(empty, 'presentation context')} without abstract or transfer syntax: {_some(empty)}"
                )
            if not contexts:
                yield Hit("no presentation context is proposed")


def proposed_twice(_: Association, entry: Entry) -> Iterator[Hit]:
    """The same proposal in several contexts, or a transfer syntax twice in one."""
    match entry.event:
        case AssociateRq(contexts=contexts):
            same = Counter((each.abstract_syntax, each.transfer_syntaxes) for each in contexts)
            again = [uid_text(abstract) for (abstract, _), count in same.items() if count > 1]
            if again:
                what = _count(again, "SOP class")
                yield Hit(f"{what} proposed again with the same transfer syntaxes: {_some(again)}")
            lists = ((each.id, each.transfer_syntaxes) for each in contexts)
            twice = [str(number) for number, syntaxes in lists if len(set(syntaxes)) < len(syntaxes)]
            if twice:
                yield Hit(f"{_count(twice, 'presentation context')} with a transfer syntax twice: {_some(twice)}")


def information_missing(_: Association, entry: Entry) -> Iterator[Hit]:
    """User information without what every implementation sends (PS3.8 §D.1.1, PS3.7 §D.3.3.2)."""
    match entry.event:
        case AssociateRq(problem="", user_information=said) | AssociateAc(problem="", user_information=said) as pdu:
            wanted = {
                "maximum length": said.max_pdu_length,
                "implementation class UID": said.implementation_class_uid,
            }
            absent = [name for name, value in wanted.items() if value is None]
            if absent:
                yield Hit(f"{pdu.name} has no {' and no '.join(absent)}")


def length_small(association: Association, entry: Entry) -> Iterator[Hit]:
    """A maximum PDU length that makes every message many PDUs (PS3.8 §D.1.1)."""
    match entry.event:
        case AssociateRq(user_information=said) | AssociateAc(user_information=said):
            if said.max_pdu_length and said.max_pdu_length < _SMALL:
                side = association.sender(from_requestor=entry.from_requestor)
                yield Hit(f"{side.label} takes P-DATA-TF of {said.max_pdu_length} bytes at most")


def items_repeated(_: Association, entry: Entry) -> Iterator[Hit]:
    """Items that may be there once only (PS3.8 §9.3.2, PS3.7 §D.3.3)."""
    match entry.event:
        case AssociateRq() | AssociateAc() as pdu:
            seen = Counter((outer, kind) for outer, kind, _ in walk_items(pdu.raw) if (outer, kind) in _ONCE)
            again = [item_type_name(kind) for (_, kind), count in seen.items() if count > 1]
            if again:
                yield Hit(f"{pdu.name} has more than one item: {_some(again)}")


def items_unknown(_: Association, entry: Entry) -> Iterator[Hit]:
    """Items the standard does not define; they are kept, and ignored by receivers (PS3.8 §9.3.1)."""
    match entry.event:
        case AssociateRq() | AssociateAc() as pdu:
            kinds = sorted({item.type for item in (*pdu.unknown, *pdu.user_information.unknown)})
            if kinds:
                yield Hit(f"{pdu.name} has items of unknown type: " + ", ".join(f"0x{kind:02X}" for kind in kinds))


def reserved_set(_: Association, entry: Entry) -> Iterator[Hit]:
    """Reserved bytes that are not zero (PS3.8 Tables 9-11 and 9-17)."""
    match entry.event:
        case AssociateRq() | AssociateAc() as pdu if any(pdu.raw[2:4]) or any(pdu.raw[36:_FIXED_FIELDS]):
            yield Hit(f"{pdu.name} has reserved bytes that are not zero")


def title_malformed(_: Association, entry: Entry) -> Iterator[Hit]:
    """An AE title that is blank or has bytes outside its repertoire (PS3.5 §6.2, PS3.8 Table 9-11)."""
    for which, title in _titles(entry):
        text = title.rstrip(b"\0").strip(b" ")
        if not text:
            yield Hit(f"the {which} AE title is blank" + (" (NUL)" if b"\0" in title else ""))
        elif not _TITLE.fullmatch(text):
            yield Hit(f"the {which} AE title has bytes that no AE title may have: {plain_text(title)}")


def title_padded(_: Association, entry: Entry) -> Iterator[Hit]:
    """An AE title padded with NUL instead of spaces (PS3.5 §6.2, PS3.8 Table 9-11)."""
    for which, title in _titles(entry):
        if title.endswith(b"\0") and title.strip(b" \0") and _TITLE.fullmatch(title.rstrip(b"\0")):
            yield Hit(f"the {which} AE title {plain_text(title)} is padded with NUL, not with spaces")


def _titles(entry: Entry) -> Iterator[tuple[str, bytes]]:
    if isinstance(entry.event, AssociateRq) and len(entry.event.raw) >= _FIXED_FIELDS:
        yield "called", entry.event.raw[4:20]
        yield "calling", entry.event.raw[20:36]


def uid_malformed(_: Association, entry: Entry) -> Iterator[Hit]:
    """UIDs of the negotiation that are none: other characters, empty components, beyond 64 bytes (PS3.5 §9.1)."""
    match entry.event:
        case AssociateRq(problem="") | AssociateAc(problem="") as pdu:
            wrong = {value.rstrip(b"\0 ") for _, value in _uids(pdu) if value}
            bad = [f"{plain_text(uid)[:80]} ({len(uid)} bytes)" for uid in sorted(wrong) if not _UID.fullmatch(uid)]
            if bad:
                yield Hit(f"{pdu.name} has {_count(bad, 'malformed UID')}: {_some(bad)}")


def uid_padded(_: Association, entry: Entry) -> Iterator[Hit]:
    """UIDs of the negotiation with padding, which only data sets have (PS3.8 Annex F, PS3.5 §9.1)."""
    match entry.event:
        case AssociateRq() | AssociateAc() as pdu:
            bad = sorted({plain_text(value) for _, value in _uids(pdu) if value[-1:] in (b"\0", b" ")})
            if bad:
                yield Hit(f"{pdu.name} has {_count(bad, 'UID')} padded to even length: {_some(bad)}")


def _uids(pdu: Associate) -> Iterator[tuple[int, bytes]]:
    return ((kind, value) for outer, kind, value in walk_items(pdu.raw) if (outer, kind) in _UIDS)


def _count(things: list[str], name: str) -> str:
    return f"{len(things)} {name}{'s' * (len(things) != 1)}".replace("classs", "classes")


def _some(things: list[str]) -> str:
    return ", ".join(things[:5]) + (f" and {len(things) - 5} more" if len(things) > 5 else "")


_BOTH = (AssociateRq, AssociateAc)

RULES = (
    EntryRule(
        "protocol-version",
        Severity.WARNING,
        "PS3.8 §9.3.2",
        "The protocol version does not include version 1",
        "Bit 0 of the protocol version stands for version 1, the only one there is. Without it a strict acceptor "
        "rejects (protocol-version-not-supported).",
        "Look at the sender's encoder; the version may have been written as a number or in the wrong byte order.",
        _BOTH,
        version_unsupported,
    ),
    EntryRule(
        "application-context",
        Severity.WARNING,
        "PS3.7 §A.2.1",
        "The application context is not DICOM's",
        f"There is one application context, {APPLICATION_CONTEXT}. A strict acceptor rejects any other "
        "(application-context-name-not-supported).",
        "Look at the sender's encoder or configuration.",
        _BOTH,
        application_context_wrong,
    ),
    EntryRule(
        "context-id-even",
        Severity.WARNING,
        "PS3.8 §9.3.2.2",
        "A presentation context has an even id",
        "Ids are odd numbers from 1 to 255. Some acceptors refuse or abort, others mix contexts up.",
        "Look at how the requestor numbers its contexts.",
        (AssociateRq,),
        ids_even,
    ),
    EntryRule(
        "context-id-repeated",
        Severity.WARNING,
        "PS3.8 §9.3.2.2",
        "A presentation context id is proposed twice",
        "The two sides may take different proposals for the one accepted, and then read each other's data wrongly.",
        "Look at how the requestor numbers its contexts.",
        (AssociateRq,),
        ids_repeated,
    ),
    EntryRule(
        "contexts-too-many",
        Severity.WARNING,
        "PS3.8 §9.3.2.2",
        "More than 128 presentation contexts are proposed",
        "There are 128 odd ids, so with more contexts ids repeat or overflow. Acceptors refuse, abort or crash.",
        "Propose fewer SOP classes or transfer syntaxes per association.",
        (AssociateRq,),
        too_many,
    ),
    EntryRule(
        "context-without-syntax",
        Severity.WARNING,
        "PS3.8 §9.3.2.2",
        "A presentation context proposes no syntax",
        "A context names one abstract syntax and one or more transfer syntaxes. Without, it cannot be accepted; some "
        "acceptors abort.",
        "Look at the requestor's list of contexts.",
        (AssociateRq,),
        without_syntax,
    ),
    EntryRule(
        "proposed-twice",
        Severity.NOTE,
        "PS3.8 §9.3.2.2",
        "The same is proposed more than once",
        "The same SOP class with the same transfer syntaxes stands in several contexts, or a transfer syntax twice in "
        "one. It is allowed, and wastes ids.",
        "Nothing, unless contexts run out.",
        (AssociateRq,),
        proposed_twice,
    ),
    EntryRule(
        "user-information-incomplete",
        Severity.WARNING,
        "PS3.7 §D.3.3.2, PS3.8 §D.1.1",
        "The user information lacks what every side must send",
        "Maximum length and implementation class UID are required of both sides. Without the first, the other side "
        "does not know how long a PDU may be.",
        "Look at the sender's encoder.",
        _BOTH,
        information_missing,
    ),
    EntryRule(
        "max-length-small",
        Severity.NOTE,
        "PS3.8 §D.1.1",
        "A side takes very short PDUs only",
        "Every message has to be cut into many PDUs, which is slow, and commands may have to be fragmented, which "
        "some implementations cannot read.",
        "Raise the maximum PDU length; 16 kB and more is usual.",
        _BOTH,
        length_small,
    ),
    EntryRule(
        "item-repeated",
        Severity.WARNING,
        "PS3.8 §9.3.2, PS3.7 §D.3.3",
        "An item that may be there once is there twice",
        "Which of them counts is up to the receiver: the two sides may go on with different limits or names.",
        "Look at the sender's encoder.",
        _BOTH,
        items_repeated,
    ),
    EntryRule(
        "item-unknown",
        Severity.NOTE,
        "PS3.8 §9.3.1",
        "An item has a type the standard does not define",
        "Receivers ignore unknown items. A private extension, or an encoder that lost its place.",
        "Nothing, unless the association fails.",
        _BOTH,
        items_unknown,
    ),
    EntryRule(
        "reserved-bytes",
        Severity.NOTE,
        "PS3.8 §9.3.2",
        "Reserved bytes are not zero",
        "They are to be sent as zero and not tested by receivers. Some old ones test them.",
        "Nothing, unless the association is refused without another reason.",
        _BOTH,
        reserved_set,
    ),
    EntryRule(
        "ae-title-malformed",
        Severity.WARNING,
        "PS3.5 §6.2, PS3.8 Table 9-11",
        "An AE title is blank or has bytes no AE title may have",
        "AE titles are 1 to 16 characters of the default repertoire, without backslash and control characters. "
        "Acceptors refuse what they cannot match, and some abort.",
        "Correct the AE title in the requestor's settings.",
        (AssociateRq,),
        title_malformed,
    ),
    EntryRule(
        "ae-title-padded",
        Severity.WARNING,
        "PS3.5 §6.2, PS3.8 Table 9-11",
        "An AE title is padded with NUL",
        "AE titles are padded to 16 bytes with spaces. An acceptor that compares all 16 bytes does not recognize "
        "this one.",
        "Look at the requestor's encoder.",
        (AssociateRq,),
        title_padded,
    ),
    EntryRule(
        "uid-malformed",
        Severity.WARNING,
        "PS3.5 §9.1",
        "A UID of the negotiation is malformed",
        "UIDs are numbers joined by dots, without leading zeros, of 64 characters at most. What is no UID matches "
        "nothing; longer ones overrun buffers.",
        "Look at where the sender takes it from.",
        _BOTH,
        uid_malformed,
    ),
    EntryRule(
        "uid-padded",
        Severity.WARNING,
        "PS3.8 Annex F, PS3.5 §9.1",
        "A UID of the negotiation is padded",
        "UIDs are padded with NUL to even length in data sets and command sets, never in the negotiation. A receiver "
        "that compares all bytes does not recognize it and refuses the context.",
        "Look at the sender's encoder.",
        _BOTH,
        uid_padded,
    ),
)
"""Rules on proposals, in the order in which they are asked."""
