"""Rules on security: what is readable on the wire, and other protocols where DICOM is due (PS3.7 §D.3.3.7, PS3.15)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.protocols import PROXY, find_protocol
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.pdu_types import PDU_TYPES
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import has_malformed_bytes
from dicomsniff.findings.parts import the_party
from dicomsniff.findings.review import Review, saw_beginning
from dicomsniff.findings.rule import Hit, entry_rule, final_rule
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


@final_rule(code="proxy-header", where=has_malformed_bytes, severity=Severity.ERROR)
def proxy_header(review: Review) -> Iterator[Hit]:
    """A PROXY protocol header stands before the A-ASSOCIATE-RQ.

    HAProxy and others tell the server by such a header who the client is (`send-proxy`). A server that is not set to
    expect it takes it for a PDU, and aborts or closes. Where the association was accepted, it is a note.

    What to do: Let the load balancer send no such header to this acceptor, or set the acceptor to expect it.
    """
    association = review.association
    sent = (each for each in association.timeline if each.side is Side.REQUESTOR)
    first = next(sent, None)
    if first is None or not isinstance(first.event, MalformedPdu):
        return
    if names_other_protocol(association, first.event) == PROXY:
        party = the_party(association.requestor)
        first_word = f"the A-ASSOCIATE-RQ of {party}" if association.request is not None else f"what {party} sent"
        text = f"a header of the PROXY protocol stands before {first_word}: a load balancer sends it"
        note = Severity.NOTE if association.accept is not None else None
        yield Hit(text, first.span, side=first.side, severity=note)


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
            said = f"answered A-ASSOCIATE-RQ in {name}" if asked else f"speaks {name}, not DICOM"
            if entry.side is Side.REQUESTOR and association.request is not None:
                said = f"speaks {name} before its A-ASSOCIATE-RQ"
            if not (entry.side is Side.REQUESTOR and name == PROXY):
                yield Hit(f"{the_party(party)} {said}")
        case SkippedBytes(span=span, length=length) if not span.start and saw_beginning(association):
            first = (each.event for each in association.timeline if each.side is entry.side and not each.span.start)
            if any(isinstance(each, MalformedPdu) for each in first):
                return  # told, and by name
            who = the_party(association.party(entry.side))
            yield Hit(
                f"{who} does not begin with DICOM ({counted(length, 'byte')}): another protocol, such as TLS or HTTP"
            )
