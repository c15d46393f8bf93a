"""Rules on how associations begin and end: refused, aborted, cut off, left open (PS3.8 §7, §9)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.state import State
from dicomsniff.association.timeline import Entry, TcpEnd, UnexpectedPdu
from dicomsniff.dictionary.reasons import aborted_for, aborter, refused_in_words
from dicomsniff.dimse.message import Message
from dicomsniff.findings.codes import (
    ANSWER,
    ANSWERS_LACKING,
    BROKEN,
    FRAMING,
    NORMALIZED,
    PROPOSAL,
    QUERIES,
    RELEASE,
    SILENCE,
    STALLS,
    by,
)
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import is_broken_off, is_irregular
from dicomsniff.findings.identity_rules import refused_for_identity
from dicomsniff.findings.parts import the_message_with_id, the_party
from dicomsniff.findings.review import IDLE, PATIENCE, Review, how_ended
from dicomsniff.findings.rule import Hit, entry_rule, final_rule, judging_rule
from dicomsniff.pdu.types import Abort, AssociateRj, AssociateRq, MissingBytes, ReleaseRq
from dicomsniff.quantities import duration
from dicomsniff.side import Side

_OPEN = 60_000_000_000
"""ns for which a connection may stay open after an abort before it is worth a word."""
_HARMLESS = "; every request had been answered, so nothing was lost by it"
"""What is said of an end that cost nothing."""


_MISLEADING = (*BROKEN, "response-on-other-context", "response-about-another")
"""Responses that the side that asked may not have taken for its own."""


_PROVOKED = (
    "peer:role-not-negotiated",
    *by("peer", *BROKEN, *QUERIES, *PROPOSAL, *ANSWER, "pdu-beyond-maximum", "status-failure"),
    *by("peer", "cancel-of-nothing", "connection-reuse-refused", *RELEASE, *NORMALIZED, *ANSWERS_LACKING),
    *by("peer", "likely-reason", "pending-without-progress"),
    *SILENCE,
    *STALLS,
    "contexts-all-refused",
)


_TITLES = ("ae-title-malformed", "ae-title-padded")
_REJECTED_FOR = {
    (1, 2): ("application-context", "application-context-private"),
    (1, 3): _TITLES,
    (1, 7): _TITLES,
    (2, 2): ("protocol-version",),
    (3, 1): ("likely-reason",),
    (3, 2): ("likely-reason",),
}
"""What a refusal may be for, by its source and reason, where these say so (PS3.8 Table 9-21)."""


@entry_rule(
    code="association-rejected",
    severity=Severity.ERROR,
    on=AssociateRj,
    follows=(*by("peer", *PROPOSAL, "role-scp-only", "likely-reason"), "own:pdu-unexpected"),
)
def rejected(association: Association, entry: Entry) -> Iterator[Hit]:
    """The acceptor refuses the association.

    A-ASSOCIATE-RJ says who refused (the application or the service-provider), why, and whether trying again later may
    help (transient) or not (permanent).

    What to do: Called AE title: what the acceptor calls itself. Calling AE title and address: what it admits. Local
    limit or congestion: how many associations it takes at a time.
    """
    match entry.event:
        case AssociateRj(result=result, source=source, reason=reason):
            party = association.party(entry.side)
            said = f"{the_party(party)} refuses the association: {refused_in_words(result, source, reason)}"
            likely = refused_for_identity(association)
            why = _REJECTED_FOR.get((source, reason))
            only = (*why, "pdu-unexpected") if why is not None else ()
            yield Hit(said + (f"; {likely}" if likely else ""), only=only)


@judging_rule(
    code="association-aborted",
    severity=Severity.ERROR,
    on=Abort,
    follows=(*_PROVOKED, *by("own", "abort-reserved", "last-fragment-missing"), "peer:release-unanswered"),
)
def aborted_by_user(association: Association, entry: Entry, found: Findings) -> Iterator[Hit]:
    """An application aborts the association.

    A-ABORT by the service-user, the application: it gave up, by decision, timeout or crash. It gives no reason (the
    field is to be 0). What was under way is lost. Where every request had been answered, nothing is, and this is a
    warning.

    What to do: What the other side sent, or did not send, just before is the usual cause; the aborting side's log names
    it.
    """
    match entry.event:
        case Abort(source=source) if source != 2:
            yield from _aborted(association, entry, found, _reaction_to(association, entry))


@judging_rule(
    code="provider-aborted",
    severity=Severity.ERROR,
    on=Abort,
    follows=(
        *_PROVOKED,
        *by("peer", "pdu-incomplete", "release-unanswered"),
        *by("own", "abort-reserved", "last-fragment-missing"),
    ),
)
def aborted_by_provider(association: Association, entry: Entry, found: Findings) -> Iterator[Hit]:
    """The service-provider aborts the association.

    The service-provider is the part of a program that speaks the protocol of PS3.8, its DICOM library. It met a PDU
    that it does not know, does not expect here, or cannot read. Its reason says which. Where every request had been
    answered, nothing is lost, and this is a warning.

    What to do: Look at the last PDUs of the other side. If nothing is found about them, the aborting side is wrong.
    """
    match entry.event:
        case Abort(source=2):
            yield from _aborted(association, entry, found, _since_answer(association, entry))


def _aborted(association: Association, entry: Entry, found: Findings, since: int) -> Iterator[Hit]:
    abort = association.abort
    if isinstance(entry.event, Abort) and abort is not None and not _after_end(association, entry):
        party = association.party(entry.side)
        source, reason = entry.event.source, entry.event.reason
        who = f"the {aborter(source)} of {the_party(party)}" if aborter(source) else the_party(party)
        why = aborted_for(source, reason)
        said = f"{who} aborted: {why}" if why else f"{who} aborted without giving a reason"
        said += _instead_of_answer(association, entry) or _after_silence(association, entry)
        broken = any(each.severity is Severity.ERROR and each.code != "status-failure" for each in found.all)
        if abort.costs or broken or _stumbled(entry.side, found, since):
            yield Hit(said, earliest_cause=since)
        else:
            yield Hit(said + _HARMLESS, earliest_cause=since, severity=Severity.WARNING)


def _stumbled(side: Side, found: Findings, since: int) -> bool:
    """Whether a response that a side may have aborted for breaks the standard: it may never have been understood."""
    return any(
        each.about is not None and each.about.command.is_response and each.code in _MISLEADING
        for each in found.all
        if each.side is not side and each.span.last_packet >= since
    )


def _instead_of_answer(association: Association, entry: Entry) -> str:
    """Say that an A-ABORT came where the association or release that the other side had asked for was due."""
    others = [each for each in association.timeline if each is not entry]
    if entry.side is Side.ACCEPTOR and others and isinstance(others[-1].event, AssociateRq):
        return ", instead of answering A-ASSOCIATE-RQ"
    asked = bool(others) and isinstance(others[-1].event, ReleaseRq) and others[-1].side is not entry.side
    return ", instead of answering A-RELEASE-RQ" if asked else ""


def _after_silence(association: Association, entry: Entry) -> str:
    before = [each.span.last_time for each in association.timeline if each is not entry]
    silent = entry.span.first_time - max(before, default=entry.span.first_time)
    return f", after {duration(silent)} of silence" if silent >= PATIENCE else ""


def _after_end(association: Association, entry: Entry) -> bool:
    return any(
        isinstance(each.event, UnexpectedPdu) and each.event.span == entry.span for each in association.timeline[-3:]
    )


def _reaction_to(association: Association, entry: Entry) -> int:
    """Return the packet since which something may have provoked a side: the other's last words, if still unanswered."""
    since = 0
    for earlier in reversed(association.timeline):
        if earlier is entry or isinstance(earlier.event, TcpEnd | MissingBytes | UnexpectedPdu):
            continue
        if earlier.side is not entry.side:
            since = earlier.span.first_packet
        elif since or (isinstance(earlier.event, Message) and earlier.event.command.is_response):
            return earlier.span.last_packet + 1
    return since


def _since_answer(association: Association, entry: Entry) -> int:
    """Return the packet after a side's last response: what came before that cannot be what it stumbled over."""
    for earlier in reversed(association.timeline):
        event = earlier.event
        if earlier.side is entry.side and isinstance(event, Message) and event.command.is_response:
            return event.span.last_packet + 1
    return 0


def _not_sure(state: State) -> bool:
    """Whether TCP may end without harm, or the capture missed what came before."""
    return state.is_releasing or state is State.UNKNOWN


@final_rule(
    code="connection-reset",
    where=is_irregular,
    severity=Severity.ERROR,
    follows=(
        *_PROVOKED,
        "peer:pdu-incomplete",
        "connection-closed-early",
        *by("own", "association-not-released", "release-unanswered"),
    ),
)
def reset(review: Review) -> Iterator[Hit]:
    """TCP is reset within the association.

    One side's operating system, or a firewall in its name, broke the connection off: a process died, a port was closed,
    an idle session was dropped. What was under way is lost. Where every request had been answered, nothing is, and
    this is a warning; where the connection was being closed already, it is a mere consequence, and a note.

    What to do: Compare the time with both sides' logs and with the idle timeout of firewalls in between.
    """
    association = review.association
    entry = next((each for each in review.ends if isinstance(each.event, TcpEnd) and each.event.how == "RST"), None)
    if entry is None or association.state.is_over or _not_sure(association.state):
        return
    who, since = the_party(association.party(entry.side)), _reaction_to(association, entry)
    closing = review.ends[0]
    if closing is not entry:
        closer = "it" if closing.side is entry.side else the_party(association.party(closing.side))
        text = f"{who} reset the TCP connection, which {closer} had closed already"
        yield Hit(text, entry.span, side=entry.side, earliest_cause=since, severity=Severity.NOTE)
        return
    idle, under_way = _idle_before(association, entry), _under_way(review)
    text = f"{who} reset the TCP connection{idle if idle.startswith(_AT_ONCE) else f'{under_way}{idle}'}"
    answered = association.message_counts.statuses and not association.missing_bytes and not association.unlisted
    if answered and not under_way and not association.operations.outstanding:
        text += _HARMLESS
        yield Hit(text, entry.span, side=entry.side, earliest_cause=since, severity=Severity.WARNING)
        return
    yield Hit(text, entry.span, side=entry.side, earliest_cause=since)


def _under_way(review: Review) -> str:
    """` within C-STORE-RQ 1`, ` before a final response to C-STORE-RQ 1`; empty where nothing was under way."""
    cut = [message for message in review.association.messages if not message.ended and message.data_set is not None]
    what = next(iter([*cut, *review.unanswered()]), None)
    if what is None:
        return ""
    name = the_message_with_id(what)
    return f" within {name}" if cut else f" before a final response to {name}"


_AT_ONCE = " in answer to the first message"


def _idle_before(association: Association, entry: Entry) -> str:
    """Say that what was reset had been idle for long, as firewalls drop it: until one message, or until the reset."""
    following = entry
    for each in reversed(association.timeline):
        if each is entry or each.span.first_packet >= following.span.first_packet:
            continue
        if (idle := following.span.first_time - each.span.last_time) >= IDLE:
            return f"{'' if following is entry else _AT_ONCE} after {duration(idle)} of silence"
        if each.side is entry.side:
            break
        following = each
    return ""


def _closing(review: Review) -> Entry | None:
    """Return where TCP was closed in order although the association was not over."""
    ending = review.ending
    closed = ending is not None and isinstance(ending.event, TcpEnd) and ending.event.how == "FIN"
    over = review.association.outcome != "unfinished" or review.association.state is State.UNKNOWN
    return ending if closed and not over else None


@final_rule(
    code="connection-closed-early",
    where=is_broken_off,
    severity=Severity.ERROR,
    follows=(*_PROVOKED, *by("own", *FRAMING), "own:pdu-incomplete"),
)
def closed_early(review: Review) -> Iterator[Hit]:
    """TCP is closed while a message is under way or unanswered.

    One side closed the connection in order, as if it were done, although a message had not ended or a request had no
    final response. What was under way is lost.

    What to do: Look at the log of the side that closed: it ended, or gave up, without saying so by A-ABORT.
    """
    association, ending = review.association, _closing(review)
    if ending is None or association.state is State.REQUESTED or association.state.is_releasing:
        return
    cut = [message for message in association.messages if not message.ended and message.data_set is not None]
    asked = list(review.unanswered())
    if cut or asked:
        party = association.party(ending.side)
        what = (cut or asked)[0]
        name = the_message_with_id(what)
        idle = what.span.first_time - ending.span.last_time
        if what.span.first_packet > ending.span.last_packet and idle >= PATIENCE:
            before = f" after {duration(review.silence)} of silence" if review.silence >= PATIENCE else ""
            text = f"{the_party(party)} closed the TCP connection{before}; {the_party(association.party(what.side))} "
            text += f"sent {name} on it {duration(idle)} later"
        else:
            how = "within" if cut else "before a final response to"
            text = f"{the_party(party)} closed the TCP connection {how} {name}"
        since = _reaction_to(association, ending)
        yield Hit(text, ending.span, side=ending.side, earliest_cause=since)


@final_rule(
    code="association-not-released",
    where=is_broken_off,
    severity=Severity.WARNING,
    follows=(*_PROVOKED, *by("own", *FRAMING), "pdu-incomplete"),
)
def not_released(review: Review) -> Iterator[Hit]:
    """TCP is closed without A-RELEASE or A-ABORT.

    An association ends with A-RELEASE or A-ABORT. Here TCP was just closed, with nothing under way: nothing is lost,
    but the other side cannot tell a normal end from a failure.

    What to do: Look at the side that closed first; it should release.
    """
    association, ending = review.association, _closing(review)
    if ending is None or association.lost_until or any(closed_early(review)):
        return
    if association.state in (State.REQUESTED, State.IDLE) or association.state.is_releasing:
        return
    if association.accept is not None and ending.span.first_packet < association.accept.span.first_packet:
        return  # it gave up before there was an association
    if association.contexts or association.messages:
        party = association.party(ending.side)
        text = f"{the_party(party)} closed the TCP connection while the association was {association.state.value}"
        since = _reaction_to(association, ending)
        yield Hit(text, ending.span, side=ending.side, earliest_cause=since)


@final_rule(
    code="release-unanswered",
    where=is_broken_off,
    severity=Severity.WARNING,
    follows=(*FRAMING, "release-too-early", "peer:last-fragment-missing"),
)
def release_unanswered(review: Review) -> Iterator[Hit]:
    """A-RELEASE-RQ gets no answer, or the connection is closed instead.

    A-RELEASE-RQ is answered by A-RELEASE-RP; only then the connection is closed. Here no answer came, or one side
    closed at once. The other may log a failure although all was done.

    What to do: Mostly harmless. Look at the side that closed.
    """
    association = review.association
    asked = next((e for e in reversed(association.timeline) if isinstance(e.event, ReleaseRq)), None)
    if asked is None or review.ending is None or association.unlisted or association.released:
        return
    gave_up = isinstance(review.ending.event, Abort) and review.ending.side is asked.side
    if not association.state.is_releasing and not gave_up:
        return
    if review.may_have_missed(asked.side.other, since=asked.span.first_packet):
        return
    ender, ended = the_party(association.party(review.ending.side)), how_ended(review.ending)
    waits = review.ending.side is asked.side
    waited = review.ending.span.first_time - asked.span.last_time
    if waits and waited >= PATIENCE:
        silent = the_party(association.party(asked.side.other))
        text = f"{silent} did not answer A-RELEASE-RQ; after {duration(waited)} {ender} {ended}"
        yield Hit(text, asked.span, side=asked.side.other, earliest_cause=asked.span.first_packet)
        return
    if gave_up:
        return
    how = "without waiting for A-RELEASE-RP" if waits else "without sending A-RELEASE-RP"
    yield Hit(f"{ender} {ended} {how}", review.ending.span, side=review.ending.side)


@final_rule(code="connection-left-open", where=is_irregular, severity=Severity.NOTE)
def left_open(review: Review) -> Iterator[Hit]:
    """Nobody closes the TCP connection after the end.

    After A-ABORT or A-ASSOCIATE-RJ the side that received it closes TCP, and the other does when its ARTIM timer
    expires. Connections that stay open use up the acceptor's limit.

    What to do: Look at both sides' ARTIM timeout.
    """
    association = review.association
    if association.outcome in ("aborted", "rejected") and association.ended_by_capture and not review.ends:
        stayed = association.watched_until - association.end_time
        if stayed >= _OPEN and not association.has_holes and not association.unlisted:
            yield Hit(f"the TCP connection stayed open for {stayed / 1e9:.0f} s after the association was over")
