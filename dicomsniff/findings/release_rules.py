"""Rules on the orderly release: who may ask for it, when, and who answers (PS3.8 §7.2, PS3.7 §A.5)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.state import State
from dicomsniff.association.timeline import Entry, TcpEnd, UnexpectedPdu
from dicomsniff.dimse.message import Message
from dicomsniff.findings.codes import FRAMING, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_message_id, the_party
from dicomsniff.findings.review import PATIENCE, Review, asks_release_again
from dicomsniff.findings.rule import Hit, entry_rule, final_rule
from dicomsniff.pdu.types import ReleaseRp, ReleaseRq
from dicomsniff.quantities import counted, duration
from dicomsniff.side import Side

_BOTH = (State.COLLISION, State.COLLISION_ANSWERED)


@entry_rule(
    code="release-too-early",
    severity=Severity.WARNING,
    on=ReleaseRq,
    follows=(*by("own", *FRAMING, "message-id-repeated"), "peer:find-final-with-data-set"),
)
def too_early(association: Association, entry: Entry) -> Iterator[Hit]:
    """A release is asked for while an operation is outstanding.

    A release waits until all operations are confirmed. With A-RELEASE-RQ sent before, the response may come too late to
    be read, or not at all: whether the operation was done is then unknown to the side that asked.

    What to do: Look at the side that sent A-RELEASE-RQ: it must wait for the final response, or give up by A-ABORT.
    """
    open_ = _outstanding(association, entry)
    if open_:
        who, first = the_party(association.party(entry.side)), open_[0]
        more = f" and {counted(len(open_) - 1, 'other request')}" if len(open_) > 1 else ""
        name = f"{first.name} {the_message_id(first.command.message_id)}{more}"
        own = any(message.side is entry.side for message in open_)
        waited = max(entry.span.first_time - first.span.last_time, 0)
        since = f" for {duration(waited)}" if waited >= PATIENCE else ""
        outstanding = f"had been outstanding{since}" if since else "was outstanding"
        text = f"{who} sent A-RELEASE-RQ while {name} {outstanding}, without waiting for the response"
        if entry.side is Side.ACCEPTOR:
            how = outstanding if own else f"waited{since} for its response"
            text = f"{who}, the acceptor, sent A-RELEASE-RQ while {name} {how}; only the requestor may begin a release"
        yield Hit(text, side=entry.side)


def _outstanding(association: Association, entry: Entry) -> list[Message]:
    """Return requests that a release should have waited for, as far as the capture would have shown their answers.

    The requestor waits for what it asked itself; an event report of the acceptor may cross its A-RELEASE-RQ (PS3.4
    §J.3.3.1.2). The acceptor may not ask at all, least of all while anything is outstanding.
    """
    if not isinstance(entry.event, ReleaseRq) or _is_unexpected(association, entry):
        return []
    unseen = association.missing_bytes or any(health.missing for health in association.tcp.values())
    if unseen or not any(association.pdu_counts[entry.side.other].values()):
        return []
    return [
        message
        for message in association.unanswered
        if message.ended and (message.side is entry.side or entry.side is Side.ACCEPTOR)
    ]


def _is_unexpected(association: Association, entry: Entry) -> bool:
    return any(
        isinstance(each.event, UnexpectedPdu) and each.event.span == entry.span for each in association.timeline[-3:]
    )


@entry_rule(code="release-by-acceptor", severity=Severity.WARNING, on=ReleaseRq)
def by_acceptor(association: Association, entry: Entry) -> Iterator[Hit]:
    """The acceptor asks for the release.

    Only the requestor of an association may begin its orderly release. The upper layer (PS3.8) carries an A-RELEASE-RQ
    of the acceptor too, but many requestors are not ready for one and abort, or lose what they were about to send.

    What to do: Look at why the acceptor ends the association: an idle timer should use A-ABORT.
    """
    if not isinstance(entry.event, ReleaseRq) or entry.side is not Side.ACCEPTOR or association.state in _BOTH:
        return
    known = association.request is not None and association.accept is not None
    if known and not _is_unexpected(association, entry) and not _outstanding(association, entry):
        who = the_party(association.party(entry.side))
        yield Hit(f"{who}, the acceptor, sent A-RELEASE-RQ: only the requestor may begin a release")


@entry_rule(
    code="release-repeated",
    severity=Severity.WARNING,
    on=UnexpectedPdu,
    follows=by("own", *FRAMING, "bytes-missing"),
    once=True,
)
def again(association: Association, entry: Entry) -> Iterator[Hit]:
    """The same side asks to release more than once.

    One A-RELEASE-RQ ends an association. A second one of the same side, before an answer or in place of the answer to
    the other side's, is an unexpected PDU: strict receivers abort.

    What to do: Look at how the sender closes: often two threads do, or a timer repeats what TCP delivers anyway.
    """
    match entry.event:
        case UnexpectedPdu() as event if asks_release_again(event, entry.side):
            yield Hit(
                f"{the_party(association.party(entry.side))} sent A-RELEASE-RQ again, before an answer to the first"
            )


@entry_rule(
    code="release-answer-order",
    severity=Severity.WARNING,
    on=UnexpectedPdu,
    follows=by("own", *FRAMING, "bytes-missing"),
)
def answered_out_of_order(association: Association, entry: Entry) -> Iterator[Hit]:
    """In a release collision the acceptor answers first.

    Where both sides ask to release at once, the requestor answers first; the acceptor waits for that answer and then
    sends its own. An answer of the acceptor that comes earlier is an unexpected PDU to the requestor.

    What to do: Look at the acceptor's state machine (states 10 and 12).
    """
    match entry.event:
        case UnexpectedPdu(pdu="A-RELEASE-RP", state=State.COLLISION):
            who = the_party(association.party(entry.side))
            yield Hit(
                f"{who} answered first although both sides had asked to release: the requestor answers first, "
                "and the acceptor waits for that"
            )


@entry_rule(code="release-collision", severity=Severity.NOTE, on=ReleaseRq)
def collision(association: Association, entry: Entry) -> Iterator[Hit]:
    """Both sides ask to release at the same time.

    That is allowed: the requestor answers the other's A-RELEASE-RQ first, then the acceptor. Some implementations wait
    forever instead.

    What to do: Nothing, unless the connection then hangs.
    """
    if isinstance(entry.event, ReleaseRq) and association.state in _BOTH and not _is_unexpected(association, entry):
        yield Hit("both sides sent A-RELEASE-RQ before either was answered")


@final_rule(code="release-not-awaited", severity=Severity.WARNING)
def not_awaited(review: Review) -> Iterator[Hit]:
    """A side asks for the release and does not wait for the answer.

    The side that sent A-RELEASE-RQ closed the connection before A-RELEASE-RP came. All was done, but where it reset the
    connection, the other side's answer failed and its log may tell of an error. Where it took the answer nevertheless,
    this is a note.

    What to do: Look at how the sender closes: it should wait for A-RELEASE-RP.
    """
    association = review.association
    asked = next((each for each in association.timeline if isinstance(each.event, ReleaseRq)), None)
    answer = next((each for each in association.timeline if isinstance(each.event, ReleaseRp)), None)
    if asked is None or answer is None or answer.side is asked.side or association.missing_bytes:
        return
    own = [each for each in review.ends if each.side is asked.side]
    if own and asked.span.last_packet <= own[0].span.first_packet < answer.span.first_packet:
        reset = any(isinstance(each.event, TcpEnd) and each.event.how == "RST" for each in own)
        text = f"{the_party(association.party(asked.side))} closed the TCP connection without waiting for A-RELEASE-RP"
        text += "; when that came, it reset the connection" if reset else ", which came nevertheless"
        yield Hit(text, own[0].span, side=asked.side, severity=None if reset else Severity.NOTE)


@final_rule(code="released-unused", severity=Severity.WARNING, follows=("contexts-refused",))
def unused(review: Review) -> Iterator[Hit]:
    """An association is released unused after contexts were refused.

    Some presentation contexts were accepted, and nothing was sent on them: what the requestor had to send needed one
    that was refused, or it only wanted to see what is accepted.

    What to do: Compare what was to be sent, its SOP class and transfer syntax, with the contexts that were refused.
    """
    association = review.association
    if association.message_counts.messages:
        return
    refused = sum(bool(context.result) for context in association.contexts.values())
    asked = next((each for each in association.timeline if isinstance(each.event, ReleaseRq)), None)
    silent = not association.unlisted and not association.missing_bytes
    if asked is None or asked.side is not Side.REQUESTOR or association.nothing_accepted or not (refused and silent):
        return
    who = the_party(association.requestor)
    text = f"{who} released the association and had sent nothing: probably it needed one of the contexts refused"
    yield Hit(text, asked.span, side=Side.REQUESTOR)
