"""Rules on PDVs: what a fragment may be, and which may share a P-DATA-TF (PS3.8 Annex E)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry, OddPdv, SharedPdu
from dicomsniff.findings.codes import FRAMING, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_party
from dicomsniff.findings.rule import Hit, entry_rule
from dicomsniff.quantities import counted


@entry_rule(code="pdv-empty", severity=Severity.WARNING, on=OddPdv)
def empty(association: Association, entry: Entry) -> Iterator[Hit]:
    """A fragment is empty.

    A PDV holds a presentation context id, a message control header and data. One without data is not allowed, not even
    to mark the last fragment. Most receivers can handle it; some abort or wait for more. Reported once per direction.

    What to do: If the receiver fails, make the sender mark the last fragment that has data.
    """
    match entry.event:
        case OddPdv(length=0):
            yield Hit(f"{the_party(association.party(entry.side))} sends an empty fragment: a PDV without data")


@entry_rule(
    code="pdv-odd-length",
    severity=Severity.WARNING,
    on=OddPdv,
    follows=by("own", *FRAMING, "command-malformed"),
)
def odd_length(association: Association, entry: Entry) -> Iterator[Hit]:
    """A fragment has an odd length.

    Every fragment has an even number of bytes. Most receivers accept an odd number; some drop the fragment or abort.
    Reported once per direction.

    What to do: If the receiver fails, make the sender's PDU length even.
    """
    match entry.event:
        case OddPdv(length=length) if length & 1:
            sender = the_party(association.party(entry.side))
            yield Hit(f"{sender} sends a fragment of odd length: {counted(length, 'byte')}")


@entry_rule(code="pdv-reserved-bits", severity=Severity.NOTE, on=OddPdv)
def bits_reserved(association: Association, entry: Entry) -> Iterator[Hit]:
    """Reserved bits of a message control header are set.

    Bits 2 to 7 are sent as zero; as receivers are told not to test them, this is a note. Some old ones test the whole
    byte. Reported once per direction and value.

    What to do: Nothing, unless the receiver fails. Look at the sender's encoder.
    """
    match entry.event:
        case OddPdv(header=header) if header > 3:
            who = the_party(association.party(entry.side))
            yield Hit(f"{who} sends a message control header with reserved bits set: 0x{header:02X}")


@entry_rule(code="messages-in-one-pdu", severity=Severity.WARNING, on=SharedPdu)
def shared(association: Association, entry: Entry) -> Iterator[Hit]:
    """A P-DATA-TF holds PDVs of two messages.

    All PDVs of a P-DATA-TF belong to one message; the next message begins in the next P-DATA-TF. Receivers that read
    one message per P-DATA-TF lose the second one. Reported once per direction.

    What to do: Look at how the sender fills its PDUs.
    """
    if isinstance(entry.event, SharedPdu):
        sender = the_party(association.party(entry.side))
        yield Hit(f"{sender} sends PDVs of two messages in one P-DATA-TF; they must all be of one message")
