"""Rules on security: what is readable on the wire, and other protocols where DICOM is due (PS3.7 §D.3.3.7, PS3.15)."""

from collections.abc import Iterator

from dicomsniff.association import preambles
from dicomsniff.association.association import Association
from dicomsniff.association.protocols import PROXY, find_protocol
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.pdu_types import PDU_TYPES
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import begins_otherwise
from dicomsniff.findings.parts import the_party
from dicomsniff.findings.review import Review, saw_beginning
from dicomsniff.findings.rule import Hit, entry_rule, final_rule
from dicomsniff.pdu.types import AssociateRq, MalformedPdu, SkippedBytes
from dicomsniff.quantities import counted
from dicomsniff.side import Side


def names_other_protocol(association: Association, event: MalformedPdu, side: Side) -> str:
    """Name the protocol that a stream begins with instead of a PDU; empty where it does not."""
    if event.code != "pdu-header" or event.span.start > association.begins_at(side):
        return ""
    named = find_protocol(event.header).name
    is_pdu = event.header[0] in PDU_TYPES  # with a length that cannot be
    return named or ("" if is_pdu or not saw_beginning(association) else "another protocol")


@final_rule(code="proxy-header", where=begins_otherwise, severity=Severity.ERROR)
def proxy_header(review: Review) -> Iterator[Hit]:
    """A PROXY protocol header stands before the A-ASSOCIATE-RQ.

    HAProxy and others tell the server by such a header who the client is (`send-proxy`). A server that is not set to
    expect it takes it for a PDU, and aborts or closes, or waits for the rest of it. Where it answered, it is a note.

    What to do: Let the load balancer send no such header to this acceptor, or set the acceptor to expect it.
    """
    association = review.association
    first = next((each for each in association.timeline if each.side is Side.REQUESTOR), None)
    if first is None or association.tls is not None:
        return
    event = first.event
    is_damaged = isinstance(event, MalformedPdu) and names_other_protocol(association, event, first.side) == PROXY
    if is_damaged or preambles.PROXY in association.preambles.names:
        party = the_party(association.requestor)
        first_word = f"the A-ASSOCIATE-RQ of {party}" if association.request is not None else f"what {party} sent"
        text = f"a header of the PROXY protocol stands before {first_word}: a load balancer sends it"
        is_refused = not review.answered_otherwise and review.ending is not None
        if is_refused:
            text += ", and an acceptor that does not expect it cannot read what follows"
        yield Hit(text, first.span, side=first.side, severity=None if is_refused else Severity.NOTE)


@entry_rule(code="other-protocol", severity=Severity.ERROR, on=(MalformedPdu, SkippedBytes))
def other_protocol(association: Association, entry: Entry) -> Iterator[Hit]:
    """One side speaks another protocol than DICOM.

    One side sent A-ASSOCIATE, the other answered with TLS, HTTP or the like. Where it is TLS, one side is set to secure
    transport and the other is not; else the port belongs to another service.

    What to do: Give both sides the same transport security, and check the port number.
    """
    match entry.event:
        case MalformedPdu() as event if name := names_other_protocol(association, event, entry.side):
            party = association.party(entry.side)
            asked = isinstance(association.timeline[0].event, AssociateRq) and entry.side is Side.ACCEPTOR
            said = f"answered A-ASSOCIATE-RQ in {name}" if asked else f"speaks {name}, not DICOM"
            if entry.side is Side.REQUESTOR and association.request is not None:
                said = f"speaks {name} before its A-ASSOCIATE-RQ"
            if not (entry.side is Side.REQUESTOR and name == PROXY):
                yield Hit(f"{the_party(party)} {said}")
        case SkippedBytes(span=span, length=length) if span.start <= (
            begins := association.begins_at(entry.side)
        ) and saw_beginning(association):
            own = (each for each in association.timeline if each.side is entry.side)
            first = (each.event for each in own if each.span.start <= begins)
            if any(isinstance(each, MalformedPdu) for each in first):
                return  # told, and by name
            who = the_party(association.party(entry.side))
            yield Hit(
                f"{who} does not begin with DICOM ({counted(length, 'byte')}): another protocol, such as TLS or HTTP"
            )
