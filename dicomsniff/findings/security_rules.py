"""Rules on security: what is readable on the wire, and other protocols where DICOM is due (PS3.7 §D.3.3.7, PS3.15)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.protocols import find_protocol
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.pdu_types import PDU_TYPES
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_party
from dicomsniff.findings.review import saw_beginning
from dicomsniff.findings.rule import Hit, entry_rule
from dicomsniff.pdu.types import AssociateRq, MalformedPdu, SkippedBytes
from dicomsniff.quantities import counted
from dicomsniff.side import Side


def names_other_protocol(association: Association, event: MalformedPdu) -> str:
    """Name the protocol that a stream begins with instead of a PDU; empty where it does not."""
    if event.code != "pdu-header" or event.span.start:
        return ""
    named = find_protocol(event.header).name
    is_pdu = event.header[0] in PDU_TYPES  # with a length that cannot be
    return named or ("" if is_pdu or not saw_beginning(association) else "another protocol")


@entry_rule(code="other-protocol", severity=Severity.ERROR, on=(MalformedPdu, SkippedBytes))
def other_protocol(association: Association, entry: Entry) -> Iterator[Hit]:
    """One side speaks another protocol than DICOM.

    One side sent A-ASSOCIATE, the other answered with TLS, HTTP or the like. Where it is TLS, one side is set to secure
    transport and the other is not; else the port belongs to another service.

    What to do: Give both sides the same transport security, and check the port number.
    """
    match entry.event:
        case MalformedPdu() as event if name := names_other_protocol(association, event):
            party = association.party(entry.side)
            asked = isinstance(association.timeline[0].event, AssociateRq) and entry.side is Side.ACCEPTOR
            yield Hit(
                f"{the_party(party)} "
                + (f"answered A-ASSOCIATE-RQ in {name}" if asked else f"speaks {name}, not DICOM")
            )
        case SkippedBytes(span=span, length=length) if not span.start and saw_beginning(association):
            if any(isinstance(each.event, MalformedPdu) and not each.span.start for each in association.timeline[-5:]):
                return  # told, and by name
            who = the_party(association.party(entry.side))
            yield Hit(
                f"{who} does not begin with DICOM ({counted(length, 'byte')}): another protocol, such as TLS or HTTP"
            )
