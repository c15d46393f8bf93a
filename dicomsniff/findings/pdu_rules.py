"""Rules on PDUs: malformed, too long, unexpected, missing (PS3.8 §9)."""

from collections.abc import Callable, Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import ConflictingBytes, Entry, OversizedPdu, UnexpectedPdu
from dicomsniff.findings.finding import EntryRule, Hit, Severity
from dicomsniff.pdu.types import (
    Abort,
    AssociateAc,
    AssociateRj,
    AssociateRq,
    MalformedPdu,
    MissingBytes,
    ReleaseRp,
    ReleaseRq,
    SkippedBytes,
    UnknownPdu,
)


def malformed(code: str) -> Callable[[Association, Entry], Iterator[Hit]]:
    """Return a check for one kind of malformed bytes."""

    def check(_: Association, entry: Entry) -> Iterator[Hit]:
        match entry.event:
            case MalformedPdu(code=found, problem=problem) if found == code:
                yield Hit(problem)

    return check


def unknown_type(_: Association, entry: Entry) -> Iterator[Hit]:
    """A PDU type the standard does not define (PS3.8 §9.3.1)."""
    match entry.event:
        case UnknownPdu(type=kind, length=length, problem="") if kind not in range(1, 8):
            yield Hit(f"PDU type 0x{kind:02X} is not defined; it announces {length} bytes")


def body_malformed(_: Association, entry: Entry) -> Iterator[Hit]:
    """A PDU whose body does not have its type's layout (PS3.8 §9.3)."""
    match entry.event:
        case AssociateRq() | AssociateAc() | AssociateRj() | ReleaseRq() | ReleaseRp() | Abort() | UnknownPdu() as pdu:
            if pdu.problem:
                yield Hit(f"{pdu.name}: {pdu.problem}")


def beyond_maximum(association: Association, entry: Entry) -> Iterator[Hit]:
    """A P-DATA-TF longer than the receiver's maximum (PS3.8 §D.1.1)."""
    match entry.event:
        case OversizedPdu(length=length, limit=limit):
            sender = association.sender(from_requestor=entry.from_requestor)
            yield Hit(f"{sender.label} sends a P-DATA-TF of {length} bytes; the receiver takes {limit}")


def unexpected(_: Association, entry: Entry) -> Iterator[Hit]:
    """A PDU the state machine does not expect (PS3.8 §9.2)."""
    match entry.event:
        case UnexpectedPdu(pdu=pdu, state=state):
            yield Hit(f"{pdu} where the association is {state.value}")


def missing(association: Association, entry: Entry) -> Iterator[Hit]:
    """Bytes the capture does not have; nobody on the wire is to blame."""
    match entry.event:
        case MissingBytes(length=length, resynchronized=lost):
            sender = association.sender(from_requestor=entry.from_requestor)
            then = "; decoding goes on at the next PDU found" if lost else ""
            yield Hit(f"{length} bytes sent by {sender.label} are not in the capture{then}")


def conflicting(association: Association, entry: Entry) -> Iterator[Hit]:
    """Bytes sent twice with different contents: the receiver may have taken the others (RFC 9293 §3.10)."""
    match entry.event:
        case ConflictingBytes(length=length):
            sender = association.sender(from_requestor=entry.from_requestor)
            yield Hit(f"{sender.label} sent {length} bytes again with another content; the first copy is decoded")


def skipped(_: Association, entry: Entry) -> Iterator[Hit]:
    """Bytes between PDUs that could not be read as any."""
    match entry.event:
        case SkippedBytes(length=length):
            yield Hit(f"{length} bytes could not be read as PDUs and were passed over")


_CONTROL = (AssociateRq, AssociateAc, AssociateRj, ReleaseRq, ReleaseRp, Abort, UnknownPdu)

RULES = (
    EntryRule(
        "pdu-incomplete",
        Severity.ERROR,
        "PS3.8 §9.3.1",
        "The stream stops inside a PDU: a reset, a crash or a timeout of the sender, or a capture that ended early.",
        (MalformedPdu,),
        malformed("pdu-incomplete"),
    ),
    EntryRule(
        "pdu-header",
        Severity.ERROR,
        "PS3.8 §9.3.1",
        "The PDU before it probably announced a wrong length. Look at the sender's PDU writer.",
        (MalformedPdu,),
        malformed("pdu-header"),
    ),
    EntryRule(
        "pdv-beyond-pdu",
        Severity.ERROR,
        "PS3.8 §9.3.5.1",
        "The lengths of PDV item and P-DATA-TF contradict each other. Receivers abort (invalid-PDU-parameter).",
        (MalformedPdu,),
        malformed("pdv-beyond-pdu"),
    ),
    EntryRule(
        "pdv-too-short",
        Severity.ERROR,
        "PS3.8 §9.3.5.1",
        "A PDV item holds at least a context id and a message control header. Receivers abort.",
        (MalformedPdu,),
        malformed("pdv-too-short"),
    ),
    EntryRule(
        "pdu-trailing-bytes",
        Severity.ERROR,
        "PS3.8 §9.3.5",
        "The P-DATA-TF announces more than its PDVs need. Look at the sender's length computation.",
        (MalformedPdu,),
        malformed("pdu-trailing-bytes"),
    ),
    EntryRule(
        "pdata-without-pdv",
        Severity.ERROR,
        "PS3.8 §9.3.5",
        "A P-DATA-TF holds one or more PDVs. Look at the sender's fragmentation.",
        (MalformedPdu,),
        malformed("pdata-without-pdv"),
    ),
    EntryRule(
        "pdu-type-unknown",
        Severity.ERROR,
        "PS3.8 §9.3.1",
        "Receivers answer with A-ABORT (unrecognized-PDU). The sender is no DICOM peer, or its stream lost its place.",
        (UnknownPdu,),
        unknown_type,
    ),
    EntryRule(
        "pdu-malformed",
        Severity.ERROR,
        "PS3.8 §9.3",
        "The PDU was decoded up to the place named. Look at the sender's encoder there.",
        _CONTROL,
        body_malformed,
    ),
    EntryRule(
        "pdu-beyond-maximum",
        Severity.WARNING,
        "PS3.8 §D.1.1",
        "The receiver may abort or lose data. Limit the sender's PDU length to what the receiver announced.",
        (OversizedPdu,),
        beyond_maximum,
    ),
    EntryRule(
        "pdu-unexpected",
        Severity.ERROR,
        "PS3.8 §9.2",
        "The sender breaks the order of the protocol. Receivers answer with A-ABORT (unexpected-PDU).",
        (UnexpectedPdu,),
        unexpected,
    ),
    EntryRule(
        "bytes-missing",
        Severity.WARNING,
        "",
        "The capture lost them: a dropped packet, a short snaplen. Capture again, close to one side, with -s 0.",
        (MissingBytes,),
        missing,
    ),
    EntryRule(
        "bytes-conflicting",
        Severity.ERROR,
        "RFC 9293 §3.10",
        "A broken network stack, two senders with one address, or an attack. Capture at both ends and compare.",
        (ConflictingBytes,),
        conflicting,
    ),
    EntryRule(
        "bytes-skipped",
        Severity.WARNING,
        "PS3.8 §9.3.1",
        "After lost or malformed bytes the next PDU had to be searched; what lies between is not decoded.",
        (SkippedBytes,),
        skipped,
    ),
)
"""Rules on PDUs, in the order in which they are asked."""
