"""Rules on PDVs: what a fragment may be, and which may share a P-DATA-TF (PS3.8 Annex E)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry, OddPdv, SharedPdu
from dicomsniff.findings.codes import FRAMING, by
from dicomsniff.findings.finding import EntryRule, Hit, Severity
from dicomsniff.quantities import counted


def empty(association: Association, entry: Entry) -> Iterator[Hit]:
    """A PDV without a byte of a fragment (PS3.8 §E.1)."""
    match entry.event:
        case OddPdv(length=0):
            yield Hit(f"{association.party(entry.side).label} sends an empty fragment: a PDV without data")


def odd_length(association: Association, entry: Entry) -> Iterator[Hit]:
    """A fragment of odd length (PS3.8 §E.1)."""
    match entry.event:
        case OddPdv(length=length) if length & 1:
            sender = association.party(entry.side).label
            yield Hit(f"{sender} sends a fragment of odd length: {counted(length, 'byte')}")


def bits_reserved(_: Association, entry: Entry) -> Iterator[Hit]:
    """Reserved bits of a message control header that are set (PS3.8 §E.2)."""
    match entry.event:
        case OddPdv(header=header) if header > 3:
            yield Hit(f"message control header 0x{header:02X} has reserved bits set")


def shared(association: Association, entry: Entry) -> Iterator[Hit]:
    """PDVs of two messages in one P-DATA-TF (PS3.8 §E.1)."""
    if isinstance(entry.event, SharedPdu):
        sender = association.party(entry.side).label
        yield Hit(f"{sender} sends PDVs of two messages in one P-DATA-TF; they must all be of one message")


RULES = (
    EntryRule(
        "pdv-empty",
        Severity.WARNING,
        "PS3.8 §E.1",
        "A fragment is empty",
        "A PDV holds a presentation context id, a message control header and data. One without data is not allowed, "
        "not even to mark the last fragment. Most receivers can handle it; some abort or wait for more. Reported once "
        "per direction.",
        "If the receiver fails, make the sender mark the last fragment that has data.",
        (OddPdv,),
        empty,
    ),
    EntryRule(
        "pdv-odd-length",
        Severity.WARNING,
        "PS3.8 §E.1",
        "A fragment has an odd length",
        "Every fragment has an even number of bytes. Most receivers accept an odd number; some drop the fragment or "
        "abort. Reported once per direction.",
        "If the receiver fails, make the sender's PDU length even.",
        (OddPdv,),
        odd_length,
        by("own", *FRAMING, "command-malformed"),
    ),
    EntryRule(
        "pdv-reserved-bits",
        Severity.NOTE,
        "PS3.8 §E.2",
        "Reserved bits of a message control header are set",
        "Bits 2 to 7 are sent as zero and are not tested by receivers; some old ones test the whole byte. Reported "
        "once per direction and value.",
        "Nothing, unless the receiver fails. Look at the sender's encoder.",
        (OddPdv,),
        bits_reserved,
    ),
    EntryRule(
        "messages-in-one-pdu",
        Severity.WARNING,
        "PS3.8 §E.1",
        "A P-DATA-TF holds PDVs of two messages",
        "All PDVs of a P-DATA-TF belong to one message; the next message begins in the next P-DATA-TF. Receivers that "
        "read one message per P-DATA-TF lose the second one. Reported once per direction.",
        "Look at how the sender fills its PDUs.",
        (SharedPdu,),
        shared,
    ),
)
"""Rules on PDVs, in the order in which they are asked."""
