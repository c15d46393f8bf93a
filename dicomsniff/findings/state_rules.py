"""Rules on the order of PDUs, as the state machine of PS3.8 §9.2 has it."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.state import BREACHES, State
from dicomsniff.association.timeline import Entry, UnexpectedPdu
from dicomsniff.dictionary.reasons import ABORT_REASONS, REJECT_REASONS, REJECT_RESULTS
from dicomsniff.findings.codes import FRAMING, by
from dicomsniff.findings.finding import EntryRule, FinalRule, Hit, Severity
from dicomsniff.findings.review import Review, asks_release_again, knows_state
from dicomsniff.pdu.types import Abort, AssociateRj
from dicomsniff.side import Side

_BEFORE = (State.IDLE, State.REQUESTED)


def data_before(association: Association, entry: Entry) -> Iterator[Hit]:
    """P-DATA-TF where no association stands yet (PS3.8 §9.2.2)."""
    match entry.event:
        case UnexpectedPdu(pdu="P-DATA-TF", state=state) if state in _BEFORE and _knows_state(association, entry):
            yield Hit(f"P-DATA-TF where the association is {state.value}")


def data_after(association: Association, entry: Entry) -> Iterator[Hit]:
    """P-DATA-TF after the association has ended, or after the sender's own A-RELEASE-RQ (PS3.8 §7.2, Table 9-10)."""
    match entry.event:
        case UnexpectedPdu(pdu="P-DATA-TF", state=state) if state.is_releasing:
            yield Hit(f"{association.party(entry.side).label} sent P-DATA-TF after its own A-RELEASE-RQ")
        case UnexpectedPdu(pdu="P-DATA-TF", state=state) if state.is_over and not _in_flight(association, entry):
            yield Hit(f"P-DATA-TF where the association is {state.value}")


def _knows_state(association: Association, entry: Entry) -> bool:
    """Whether the association's state is what it seems; else nothing can be unexpected."""
    return knows_state(association, entry.side)


def _in_flight(association: Association, entry: Entry) -> bool:
    """Whether it may have been sent before the other side's A-ABORT arrived (PS3.8 §9.2.3, Sta13)."""
    abort = association.abort
    aborted = isinstance(entry.event, UnexpectedPdu) and entry.event.state is State.ABORTED
    return aborted and abort is not None and abort.side is not entry.side


def request_again(_: Association, entry: Entry) -> Iterator[Hit]:
    """A-ASSOCIATE-RQ within an association (PS3.8 §9.2.2)."""
    match entry.event:
        case UnexpectedPdu(pdu="A-ASSOCIATE-RQ", state=state):
            yield Hit(f"A-ASSOCIATE-RQ where the association is {state.value} already")


def abort_after_end(_: Association, entry: Entry) -> Iterator[Hit]:
    """A-ABORT where there is nothing left to abort (PS3.8 §9.2.2)."""
    match entry.event:
        case UnexpectedPdu(pdu="A-ABORT", state=state) if state is not State.ABORTED:
            yield Hit(f"A-ABORT where the association is {state.value} already")


def unexpected(association: Association, entry: Entry) -> Iterator[Hit]:
    """Any other PDU the state machine does not expect (PS3.8 §9.2)."""
    match entry.event:
        case UnexpectedPdu(pdu="P-DATA-TF" | "A-ASSOCIATE-RQ" | "A-ABORT"):
            return
        case UnexpectedPdu(pdu=pdu, state=state) as event if (state, entry.side, pdu) in BREACHES or asks_release_again(
            event, entry.side
        ):
            return  # told by name
        case UnexpectedPdu(pdu=pdu, state=state) if not _in_flight(association, entry) and _knows_state(
            association, entry
        ):
            yield Hit(f"{pdu} where the association is {state.value}")


def abort_reserved(_: Association, entry: Entry) -> Iterator[Hit]:
    """An A-ABORT whose source or reason the standard does not define (PS3.8 Table 9-26)."""
    match entry.event:
        case Abort(source=source, reason=reason):
            if source not in (0, 2):
                yield Hit(f"A-ABORT has the reserved source {source} (reason {reason})")
            elif source == 2 and (reason not in ABORT_REASONS or reason == 3):
                yield Hit(f"A-ABORT by the service-provider has the reserved reason {reason}")


def abort_reason_of_user(association: Association, entry: Entry) -> Iterator[Hit]:
    """An A-ABORT by the service-user with a reason, which only the service-provider gives (PS3.8 Table 9-26)."""
    match entry.event:
        case Abort(source=0, reason=reason) if reason:
            who = association.party(entry.side).label
            yield Hit(f"{who} sends A-ABORT by the service-user with reason {reason}; it must be 0")


def reject_reserved(_: Association, entry: Entry) -> Iterator[Hit]:
    """An A-ASSOCIATE-RJ whose codes the standard does not define (PS3.8 Table 9-21)."""
    match entry.event:
        case AssociateRj(result=result, source=source, reason=reason):
            if result not in REJECT_RESULTS or (source, reason) not in REJECT_REASONS:
                yield Hit(f"A-ASSOCIATE-RJ has reserved codes: result {result}, source {source}, reason {reason}")


def connection_reused(review: Review) -> Iterator[Hit]:
    """An association that is not the first thing on its TCP connection, and was accepted (PS3.8 §9.1.1)."""
    if review.association.accept is not None:
        yield from _reuse(review)


def reuse_refused(review: Review) -> Iterator[Hit]:
    """An association that is not the first thing on its TCP connection, and came to nothing (PS3.8 §9.1.1)."""
    if review.association.accept is None:
        yield from _reuse(review)


def _reuse(review: Review) -> Iterator[Hit]:
    request = review.association.request
    first = review.association.timeline[0].event if review.association.timeline else None
    if request is not None and request.span.start and first is request:
        who = review.association.party(Side.REQUESTOR).label
        text = f"{who} sent A-ASSOCIATE-RQ on a TCP connection that was used before, {request.span.start} bytes into it"
        yield Hit(text, request.span, side=Side.REQUESTOR)


_PLACE_LOST = (*by("own", *FRAMING), "own:bytes-missing")

RULES = (
    EntryRule(
        "pdata-before-association",
        Severity.ERROR,
        "PS3.8 §9.2.3, Table 9-10",
        "Data is sent before the association is accepted",
        "P-DATA-TF may be sent only once A-ASSOCIATE-AC has come. The other side answers with A-ABORT "
        "(unexpected-PDU), or loses the data.",
        "Look at the sender: it must wait for A-ASSOCIATE-AC. If it did, its answer came from somebody else.",
        (UnexpectedPdu,),
        data_before,
        _PLACE_LOST,
        once=True,
    ),
    EntryRule(
        "pdata-after-release",
        Severity.ERROR,
        "PS3.8 §9.2.3, Table 9-10",
        "Data is sent after the association has ended",
        "After A-RELEASE-RP, A-ASSOCIATE-RJ or its own A-ABORT or A-RELEASE-RQ a side sends no more data. After the "
        "end it is ignored; after an A-RELEASE-RQ of its own, the other side aborts. Either way it is lost.",
        "Look at the sender: it releases before it is done, or leaves bytes of a message in its buffers.",
        (UnexpectedPdu,),
        data_after,
        _PLACE_LOST,
        once=True,
    ),
    EntryRule(
        "associate-repeated",
        Severity.ERROR,
        "PS3.8 §7.1.2.1, Table 9-10",
        "A second A-ASSOCIATE-RQ comes within an association",
        "An association is negotiated once. The other side answers a second A-ASSOCIATE-RQ with A-ABORT "
        "(unexpected-PDU).",
        "Another association needs another TCP connection. Look for a connection pool that forgets its state.",
        (UnexpectedPdu,),
        request_again,
        _PLACE_LOST,
        once=True,
    ),
    EntryRule(
        "abort-after-end",
        Severity.WARNING,
        "PS3.8 §7.3.2.2, Table 9-10",
        "A-ABORT is sent after the association has ended",
        "The association was released or rejected already, so there is nothing to abort: only the TCP connection "
        "remains to be closed. Logs of the other side will show an abort that means nothing.",
        "Look at how the sender shuts down; often a second thread tidies up what is gone.",
        (UnexpectedPdu,),
        abort_after_end,
        _PLACE_LOST,
        once=True,
    ),
    EntryRule(
        "pdu-unexpected",
        Severity.ERROR,
        "PS3.8 §9.2",
        "A PDU comes where the state machine expects another",
        "The sender breaks the order of the protocol. Receivers answer with A-ABORT (unexpected-PDU).",
        "Look at the sender, and at which side it thinks it is.",
        (UnexpectedPdu,),
        unexpected,
        _PLACE_LOST,
        once=True,
    ),
    EntryRule(
        "abort-reserved",
        Severity.WARNING,
        "PS3.8 §9.3.8, Table 9-26",
        "An A-ABORT carries codes the standard does not define",
        "Sources are 0 (service-user) and 2 (service-provider), reasons of the latter 0 to 6 without 3. With others, "
        "nobody can tell who gave up or why.",
        "Look at the sender's encoder; source and reason may have been swapped.",
        (Abort,),
        abort_reserved,
        _PLACE_LOST,
        once=True,
    ),
    EntryRule(
        "abort-reason-of-user",
        Severity.WARNING,
        "PS3.8 §9.3.8, Table 9-26",
        "An A-ABORT by an application carries a reason",
        "Only the service-provider gives a reason; with source 0 (service-user) the reason is sent as 0. Receivers do "
        "not look at it, so nothing follows from it.",
        "Look at the sender's encoder; source and reason may be of another abort.",
        (Abort,),
        abort_reason_of_user,
        _PLACE_LOST,
    ),
    EntryRule(
        "reject-reserved",
        Severity.WARNING,
        "PS3.8 §9.3.4, Table 9-21",
        "An A-ASSOCIATE-RJ carries codes the standard does not define",
        "The meaning of a reason depends on the source; this combination has none. The association is refused all "
        "the same, but nobody can tell why.",
        "Look at the acceptor's log for the reason, and at its encoder.",
        (AssociateRj,),
        reject_reserved,
    ),
    FinalRule(
        "connection-reused",
        Severity.NOTE,
        "PS3.8 §9.1.1",
        "The TCP connection carried something before this association",
        "A TCP connection carries one association; here another one, or other bytes, preceded. This acceptor took it; "
        "many others close the connection after a release, or abort.",
        "If another acceptor fails, open a new TCP connection for every association.",
        connection_reused,
    ),
    FinalRule(
        "connection-reuse-refused",
        Severity.WARNING,
        "PS3.8 §9.1.1",
        "An association was not accepted on a TCP connection that was used before",
        "A TCP connection carries one association; here another one, or other bytes, preceded. The acceptor answers "
        "the second A-ASSOCIATE-RQ with an abort, closes the connection, or does not answer at all.",
        "Open a new TCP connection for every association.",
        reuse_refused,
    ),
)
"""Rules on the order of PDUs, in the order in which they are asked."""
