"""Rules on the order of PDUs, as the state machine of PS3.8 §9.2 has it."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.state import BREACHES, State
from dicomsniff.association.timeline import Entry, UnexpectedPdu
from dicomsniff.dictionary.reasons import ABORT_REASONS, REJECT_REASONS, REJECT_RESULTS
from dicomsniff.findings.codes import FRAMING, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import is_irregular
from dicomsniff.findings.parts import the_party
from dicomsniff.findings.review import Review, asks_release_again, knows_state
from dicomsniff.findings.rule import Hit, entry_rule, final_rule
from dicomsniff.pdu.types import Abort, AssociateRj
from dicomsniff.quantities import counted
from dicomsniff.side import Side

_BEFORE = (State.IDLE, State.REQUESTED)


_PLACE_LOST = (*by("own", *FRAMING), "own:bytes-missing")


@entry_rule(
    code="pdata-before-association",
    severity=Severity.ERROR,
    on=UnexpectedPdu,
    follows=_PLACE_LOST,
    once=True,
)
def data_before(association: Association, entry: Entry) -> Iterator[Hit]:
    """Data is sent before the association is accepted.

    P-DATA-TF may be sent only once A-ASSOCIATE-AC has come. The other side answers with A-ABORT (unexpected-PDU), or
    loses the data.

    What to do: Look at the sender: it must wait for A-ASSOCIATE-AC. If it did, its answer came from somebody else.
    """
    match entry.event:
        case UnexpectedPdu(pdu="P-DATA-TF", state=state) if state in _BEFORE and _knows_state(association, entry):
            who = the_party(association.party(entry.side))
            before = "the association was accepted" if state is State.REQUESTED else "any A-ASSOCIATE-RQ"
            yield Hit(f"{who} sent P-DATA-TF before {before}")


@entry_rule(
    code="pdata-after-release",
    severity=Severity.ERROR,
    on=UnexpectedPdu,
    follows=(*_PLACE_LOST, "release-too-early"),
    once=True,
)
def data_after(association: Association, entry: Entry) -> Iterator[Hit]:
    """Data is sent after the association has ended.

    After A-RELEASE-RP, A-ASSOCIATE-RJ or its own A-ABORT or A-RELEASE-RQ a side sends no more data. After the end it is
    ignored; after an A-RELEASE-RQ of its own, the other side aborts. Either way it is lost.

    What to do: Look at the sender: it releases before it is done, or leaves bytes of a message in its buffers.
    """
    match entry.event:
        case UnexpectedPdu(pdu="P-DATA-TF", state=state) if state.is_releasing:
            yield Hit(f"{the_party(association.party(entry.side))} sent P-DATA-TF after its own A-RELEASE-RQ")
        case UnexpectedPdu(pdu="P-DATA-TF", state=state) if state.is_over and not _in_flight(association, entry):
            yield Hit(
                f"{the_party(association.party(entry.side))} sent P-DATA-TF while the association was {state.value}"
            )


def _knows_state(association: Association, entry: Entry) -> bool:
    """Whether the association's state is what it seems; else nothing can be unexpected."""
    return knows_state(association, entry.side)


def _in_flight(association: Association, entry: Entry) -> bool:
    """Whether it may have been sent before the other side's A-ABORT arrived (PS3.8 §9.2.3, Sta13)."""
    abort = association.abort
    aborted = isinstance(entry.event, UnexpectedPdu) and entry.event.state is State.ABORTED
    return aborted and abort is not None and abort.side is not entry.side


@entry_rule(
    code="associate-repeated",
    severity=Severity.ERROR,
    on=UnexpectedPdu,
    follows=_PLACE_LOST,
    once=True,
)
def request_again(association: Association, entry: Entry) -> Iterator[Hit]:
    """A second A-ASSOCIATE-RQ comes within an association.

    An association is negotiated once. The other side answers a second A-ASSOCIATE-RQ with A-ABORT (unexpected-PDU).

    What to do: Another association needs another TCP connection. Look for a connection pool that forgets its state.
    """
    match entry.event:
        case UnexpectedPdu(pdu="A-ASSOCIATE-RQ", state=state):
            who = the_party(association.party(entry.side))
            yield Hit(f"{who} sent A-ASSOCIATE-RQ while the association was {state.value} already")


@entry_rule(
    code="abort-after-end",
    severity=Severity.WARNING,
    on=UnexpectedPdu,
    follows=_PLACE_LOST,
    once=True,
)
def abort_after_end(association: Association, entry: Entry) -> Iterator[Hit]:
    """A-ABORT is sent after the association has ended.

    The association was released or rejected already, so there is nothing to abort: only the TCP connection remains to
    be closed. Logs of the other side will show an abort that means nothing.

    What to do: Look at how the sender shuts down; often a second thread closes what is closed already.
    """
    match entry.event:
        case UnexpectedPdu(pdu="A-ABORT", state=state) if state is not State.ABORTED:
            who = the_party(association.party(entry.side))
            yield Hit(f"{who} sent A-ABORT when the association was {state.value} already")


@entry_rule(
    code="pdu-unexpected",
    severity=Severity.ERROR,
    on=UnexpectedPdu,
    follows=_PLACE_LOST,
    once=True,
)
def unexpected(association: Association, entry: Entry) -> Iterator[Hit]:
    """A PDU is not expected in the state of the association.

    The sender breaks the order of the protocol. Receivers answer with A-ABORT (unexpected-PDU).

    What to do: Look at the sender, and at whether it mixes up the roles of requestor and acceptor.
    """
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
            yield Hit(f"{the_party(association.party(entry.side))} sent {pdu} while the association was {state.value}")


@entry_rule(
    code="abort-reserved",
    severity=Severity.WARNING,
    on=Abort,
    follows=_PLACE_LOST,
    once=True,
)
def abort_reserved(association: Association, entry: Entry) -> Iterator[Hit]:
    """An A-ABORT carries codes the standard does not define.

    Sources are 0 (service-user) and 2 (service-provider), reasons of the latter 0 to 6 without 3. With others, nobody
    can tell who gave up or why.

    What to do: Look at the sender's encoder; source and reason may have been swapped.
    """
    match entry.event:
        case Abort(source=source, reason=reason):
            who = the_party(association.party(entry.side))
            if source not in (0, 2):
                yield Hit(f"{who} sends A-ABORT with the reserved source {source} (reason {reason})")
            elif source == 2 and (reason not in ABORT_REASONS or reason == 3):
                yield Hit(f"{who} sends A-ABORT by the service-provider with the reserved reason {reason}")


@entry_rule(
    code="abort-reason-of-user",
    severity=Severity.WARNING,
    on=Abort,
    follows=_PLACE_LOST,
)
def abort_reason_of_user(association: Association, entry: Entry) -> Iterator[Hit]:
    """An A-ABORT by an application carries a reason.

    Only the service-provider gives a reason; with source 0 (service-user) the reason is sent as 0. Receivers do not
    look at it, so nothing follows from it.

    What to do: Look at the sender's encoder; source and reason may be of another abort.
    """
    match entry.event:
        case Abort(source=0, reason=reason) if reason:
            who = the_party(association.party(entry.side))
            yield Hit(f"{who} sends A-ABORT by the service-user with reason {reason}; it must be 0")


@entry_rule(code="reject-reserved", severity=Severity.WARNING, on=AssociateRj)
def reject_reserved(association: Association, entry: Entry) -> Iterator[Hit]:
    """An A-ASSOCIATE-RJ carries codes the standard does not define.

    The meaning of a reason depends on the source; this combination has none. The association is refused all the same,
    but nobody can tell why.

    What to do: Look at the acceptor's log for the reason, and at its encoder.
    """
    match entry.event:
        case AssociateRj(result=result, source=source, reason=reason):
            if result not in REJECT_RESULTS or (source, reason) not in REJECT_REASONS:
                who, codes = the_party(association.party(entry.side)), f"{result}, source {source}, reason {reason}"
                yield Hit(f"{who} sends A-ASSOCIATE-RJ with reserved codes: result {codes}")


@final_rule(code="connection-reused", where=is_irregular, severity=Severity.WARNING)
def connection_reused(review: Review) -> Iterator[Hit]:
    """The TCP connection carried something before this association.

    A TCP connection carries one association; here another one, or other bytes, preceded. This acceptor took it; many
    others close the connection after a release, or abort.

    What to do: If another acceptor fails, open a new TCP connection for every association.
    """
    if review.association.accept is not None:
        yield from _reuse(review)


@final_rule(code="connection-reuse-refused", where=is_irregular, severity=Severity.WARNING)
def reuse_refused(review: Review) -> Iterator[Hit]:
    """An association was not accepted on a TCP connection that was used before.

    A TCP connection carries one association; here another one, or other bytes, preceded. The acceptor answers the
    second A-ASSOCIATE-RQ with an abort, closes the connection, or does not answer at all.

    What to do: Open a new TCP connection for every association.
    """
    if review.association.accept is None:
        yield from _reuse(review)


def _reuse(review: Review) -> Iterator[Hit]:
    request = review.association.request
    first = review.association.timeline[0].event if review.association.timeline else None
    before = review.association.begins_at(Side.REQUESTOR)
    if request is not None and request.span.start > before and first is request:
        who = the_party(review.association.party(Side.REQUESTOR))
        used = counted(request.span.start - before, "byte")
        text = f"{who} sent A-ASSOCIATE-RQ on a TCP connection that was used before, {used} into it"
        yield Hit(text, request.span, side=Side.REQUESTOR)
