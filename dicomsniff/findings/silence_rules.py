"""Rules on silence: nobody answers, until one side gives up (PS3.8 §7.1, PS3.7 §A.4)."""

from collections.abc import Iterator
from itertools import chain

from msgspec.structs import replace

from dicomsniff.association.preambles import PROXY
from dicomsniff.association.state import State
from dicomsniff.dictionary.ports import TLS_PORT
from dicomsniff.dimse.message import Message
from dicomsniff.findings.codes import BROKEN, FRAMING, PROPOSAL, STALLS, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import is_broken_off, is_irregular
from dicomsniff.findings.parts import the_message_id, the_party
from dicomsniff.findings.retrieve import move_of, sent_meanwhile
from dicomsniff.findings.review import PATIENCE, Review, how_ended
from dicomsniff.findings.rule import Hit, final_rule
from dicomsniff.pdu.types import ReleaseRq
from dicomsniff.quantities import duration
from dicomsniff.side import SIDES, Side

_IDLE = 30_000_000_000
"""ns of silence after which an end is put down to an idle timeout."""
_SHORT_PATIENCE = PATIENCE // 2
"""The same as PATIENCE where the response is there, and came later: it was waited for, perhaps a second in all."""
_AT_ONCE = 1_000_000_000
"""ns within which an end is an answer to what came just before."""


@final_rule(
    code="association-unanswered",
    where=is_irregular,
    severity=Severity.ERROR,
    follows=(
        "tls-refused",
        *by("own", *FRAMING, *PROPOSAL, "connection-reuse-refused", "likely-reason"),
        "peer:identity-ignored",
    ),
)
def request_unanswered(review: Review) -> Iterator[Hit]:
    """A-ASSOCIATE-RQ gets no answer.

    TCP was connected, so something listens there; it never spoke DICOM. A hung server, a proxy or firewall that answers
    in its place, or another service. Where it ends the connection at once, it could not read the request, as a server
    that expects TLS cannot, or it does not admit callers from that address.

    What to do: Try C-ECHO from another host, look at the server's log, and at what listens on the port. Try TLS.
    """
    association, request, ending = review.association, review.association.request, review.ending
    if request is None or association.rejection is not None:
        return
    accept = association.accept
    if accept is not None and not _too_late(review):
        return
    if review.may_have_missed(Side.ACCEPTOR, since=request.span.first_packet):
        return
    if review.answered_otherwise and accept is None:
        return
    if association.ended_by_capture and ending is None:
        return
    gave_up = association.abort is not None and association.abort.side is Side.REQUESTOR
    if association.state is State.REQUESTED or accept is not None or (gave_up and review.silence >= PATIENCE):
        asked, silent = the_party(association.requestor), the_party(association.acceptor)
        waited = duration(review.waited(request.span.last_time))
        if ending is None:
            text = f"{silent} gave no answer to the A-ASSOCIATE-RQ of {asked} in {waited}"
        elif ending.side is Side.ACCEPTOR and ending.span.first_packet < request.span.first_packet:
            text = f"{silent} {how_ended(ending)} before the A-ASSOCIATE-RQ of {asked} came"
        elif ending.side is Side.ACCEPTOR:
            text = f"{silent} {how_ended(ending)} {waited} after the A-ASSOCIATE-RQ of {asked}, without an answer"
            if review.waited(request.span.last_time) <= _AT_ONCE and not review.spoke(Side.ACCEPTOR):
                if association.tls is not None:
                    text += "; it may not admit callers from there"
                elif association.acceptor.endpoint.port == TLS_PORT:
                    text += f"; it likely expects TLS: port {TLS_PORT} is that of DICOM over TLS"
                elif PROXY not in association.preambles.names:
                    text += "; it may expect TLS, or not admit callers from there"
        else:
            text = f"{asked} gave up after {waited} and {how_ended(ending)}: {silent} gave no answer to A-ASSOCIATE-RQ"
        if accept is not None and ending is not None:
            text += f"; its A-ASSOCIATE-AC came {duration(accept.span.first_time - ending.span.first_time)} later"
        # The alert that refuses a client's certificate in TLS 1.3 may come behind the request.
        refused = review.failed_handshake.span.last_packet if review.failed_handshake is not None else 0
        yield Hit(text, request.span, side=Side.REQUESTOR, latest_cause=max(refused, request.span.last_packet))


def _too_late(review: Review) -> bool:
    """Whether A-ASSOCIATE-AC came only when the requestor had given up."""
    accept, ending = review.association.accept, review.ending
    gave_up = ending is not None and ending.side is Side.REQUESTOR and review.silence >= PATIENCE
    return accept is not None and gave_up and ending is not None and accept.span.first_time > ending.span.first_time


@final_rule(code="requestor-silent", where=is_broken_off, severity=Severity.WARNING)
def requestor_silent(review: Review) -> Iterator[Hit]:
    """A TCP connection is opened and no A-ASSOCIATE-RQ comes.

    The acceptor waits for A-ASSOCIATE-RQ until its ARTIM timer expires. A program that opens a connection and says
    nothing hangs, is a port scanner or the health check of a load balancer, or waits for the other side to speak first,
    as clients of other protocols do.

    What to do: Look at what opens the connection. Where it is a monitor, let it close the connection or send C-ECHO.
    """
    association, ending = review.association, review.ending
    if ending is None or ending.side is Side.REQUESTOR or review.silence < PATIENCE or not review.begun_in_sight:
        return
    if not review.spoke(Side.REQUESTOR) and review.hears(Side.REQUESTOR) and not association.messages:
        opener, other = the_party(association.requestor), the_party(association.acceptor)
        text = f"{opener} opened the TCP connection and sent nothing for {duration(review.silence)}"
        yield Hit(f"{text}; then {other} {how_ended(ending)}", ending.span, side=Side.REQUESTOR)


@final_rule(
    code="peer-silent",
    where=is_broken_off,
    severity=Severity.ERROR,
    follows=(
        *by("own", *BROKEN, "pdu-beyond-maximum", "pdu-incomplete", "likely-reason", "release-too-early"),
        *by("peer", *BROKEN),
        *STALLS,
    ),
)
def peer_silent(review: Review) -> Iterator[Hit]:
    """The requester gave up waiting for a response.

    The request arrived whole and nothing came back until the asking side ended the association: the peer hangs, or
    takes longer than the asking side's timeout.

    What to do: Look at the peer's log at the time of the request. If it was busy, raise the timeout.
    """
    association, ending = review.association, review.ending
    unanswered = ((message, PATIENCE) for message in review.unanswered())
    late_ones = ((message, _SHORT_PATIENCE) for message in review.answered_late())
    for message, patience in chain(unanswered, late_ones):
        if ending is not None and review.gave_up(message.side, patience):
            asked, silent = the_party(association.party(message.side)), the_party(association.party(message.side.other))
            waited = review.waited(message.span.last_time)
            name = f"{message.name} {the_message_id(message.command.message_id)}"
            text = f"{asked} gave up after {duration(review.silence)} without a message and {how_ended(ending)}: "
            first = message.operation.first_response if message.operation is not None else None
            late = first.span.first_time - ending.span.first_time if first is not None else 0
            what = "no final response" if first is not None and late <= 0 else "no response"
            since = f" in the {duration(waited)} since then" if waited > review.silence + PATIENCE // 10 else ""
            text += f"{silent} had sent {what} to {name}{since}"
            text += f"; it came {duration(late)} later" if late > 0 else ""
            if meanwhile := _sent_meanwhile(review, message):
                text += f"; {meanwhile}"
            upto = ending.span
            span = replace(message.span, last_packet=upto.first_packet, last_time=upto.first_time)
            yield Hit(text, span, message, earliest_cause=message.span.first_packet)
            return


def _sent_meanwhile(review: Review, message: Message) -> str:
    """Say where objects were being sent for a C-MOVE, or no longer were, as far as the capture shows it."""
    operation = message.operation
    move = move_of(review, operation) if operation is not None and operation.name == "C-MOVE" else None
    return sent_meanwhile(move) if move is not None else ""


@final_rule(
    code="idle-timeout",
    where=is_broken_off,
    severity=Severity.WARNING,
    follows=(
        *BROKEN,
        "pdu-incomplete",
        "own:likely-reason",
        *by("peer", "find-final-with-data-set", "data-set-not-allowed"),
    ),
)
def idle(review: Review) -> Iterator[Hit]:
    """After long silence the association is ended without release.

    Nothing was under way and nobody said anything, until one side's idle timeout ended the association.

    What to do: Let the requestor release when it is done, or shorten its pauses below the timeout.
    """
    association, ending = review.association, review.ending
    if ending is None or review.silence < _IDLE or association.unanswered or association.state.is_releasing:
        return
    accepted = association.accept is not None and not _too_late(review)
    established = (accepted or association.messages) and not any(review.answered_late())
    if any(isinstance(each.event, ReleaseRq) for each in association.timeline):
        return  # nobody was idle: a release was under way
    if any(map(review.probes_in_vain, SIDES)):
        return  # who asked whether the other is still there did not tire of it
    if established and any(association.pdu_counts.values()) and not association.unlisted:
        party = association.party(ending.side)
        text = f"nothing was sent for {duration(review.silence)}; then {the_party(party)} {how_ended(ending)}"
        before = [each for each in association.timeline if each.span.last_packet < ending.span.first_packet]
        since = max((each.span.first_packet for each in before), default=0)
        yield Hit(text, ending.span, side=ending.side, earliest_cause=since)
