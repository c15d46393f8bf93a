"""Rules on how TCP ends an association: reset, closed early, or without a release, left open (PS3.8 §7.2, §9.1.4)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.state import State
from dicomsniff.association.timeline import Entry, TcpEnd
from dicomsniff.dimse.message import Message
from dicomsniff.findings.association_rules import HARMLESS, PROVOKED, reaction_to
from dicomsniff.findings.codes import FRAMING, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import is_broken_off, is_irregular
from dicomsniff.findings.parts import the_message_with_id, the_party
from dicomsniff.findings.review import IDLE, PATIENCE, Review, how_ended, incomplete, reset_by_both
from dicomsniff.findings.rule import Hit, final_rule
from dicomsniff.findings.silence_rules import request_unanswered
from dicomsniff.pdu.types import Abort, AssociateAc, ReleaseRq
from dicomsniff.quantities import duration
from dicomsniff.side import Side

_OPEN = 60_000_000_000
"""ns for which a connection may stay open after an abort before it is worth a word."""

_OVER = ("aborted", "rejected", "released")
"""Outcomes of associations that are over while their TCP connection may still be open."""


@final_rule(
    code="connection-reset",
    where=is_irregular,
    severity=Severity.ERROR,
    follows=(
        *PROVOKED,
        "peer:pdu-incomplete",
        "abort-within-pdu",
        "connection-closed-early",
        *by("own", "association-not-released", "release-unanswered"),
    ),
)
def reset(review: Review) -> Iterator[Hit]:
    """TCP is reset within the association.

    One side's operating system, or a firewall in its name, broke the connection off: a process died, a port was closed,
    an idle session was dropped. What was under way is lost. Where every request had been answered, nothing is, and
    this is a warning; where the connection was being closed already, it is a mere consequence, and a note. TCP does not
    answer a reset by a reset: where both sides seem to send one, a device between them did.

    What to do: Compare the time with both sides' logs and with the idle timeout of firewalls in between.
    """
    association = review.association
    entry = next((each for each in review.ends if isinstance(each.event, TcpEnd) and each.event.how == "RST"), None)
    if entry is None or association.state.is_over or association.state.is_releasing:
        return
    unread = any(not message.has_whole_command for message in association.messages)
    unsure = association.state is State.UNKNOWN or (unread and association.has_holes)
    if unsure and not review.saw_no_end:
        return
    who, since = the_party(association.party(entry.side)), reaction_to(association, entry)
    closing = review.ends[0]
    if closing is not entry:
        closer = "it" if closing.side is entry.side else the_party(association.party(closing.side))
        text = f"{who} reset the TCP connection, which {closer} had closed already"
        yield Hit(text, entry.span, side=entry.side, earliest_cause=since, severity=Severity.NOTE)
        return
    idle, (_, under_way) = _idle_before(association, entry), _under_way(review)
    if unsure and not under_way:
        if _last_word(association, entry) is not entry.side.other:
            return
        under_way = f" before it answered what {the_party(association.party(entry.side.other))} had sent"
    side: Side | None = entry.side
    when = idle if idle.startswith(_AT_ONCE) else f"{under_way}{idle}"
    text = f"{who} reset the TCP connection{when}"
    if (apart := reset_by_both(review, entry)) is not None:
        side, text = None, f"both sides sent TCP RST{when}, {duration(apart)} apart; neither answers the other's: "
        text += "likely a firewall or another device between them broke the connection off"
    unseen = any(gap.resynchronized for gaps in review.gaps.values() for gap in gaps)  # may have held requests
    answered = association.message_counts.statuses and not unseen and not association.unlisted
    if answered and not under_way and not association.operations.outstanding:
        text += HARMLESS
        yield Hit(text, entry.span, side=side, earliest_cause=since, severity=Severity.WARNING)
        return
    yield Hit(text, entry.span, side=side, earliest_cause=since)


def _last_word(association: Association, entry: Entry) -> Side | None:
    """Return who said something last before an entry."""
    before = (each for each in association.timeline if each.span.first_packet < entry.span.first_packet)
    spoken = [each for each in before if not isinstance(each.event, TcpEnd)]
    return max(spoken, key=lambda each: each.span.last_packet).side if spoken else None


def _under_way(review: Review) -> tuple[Message | None, str]:
    """Return what was under way, ` within C-STORE-RQ 1`, ` before a final response to C-STORE-RQ 1`; else nothing."""
    cut = [message for message in review.association.messages if not message.ended and message.data_set is not None]
    what = next(iter([*cut, *review.unanswered()]), None)
    if what is None:
        return None, ""
    name = the_message_with_id(what)
    return what, f" within {name}" if cut else f" before a final response to {name}"


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
    unsure = review.association.state is State.UNKNOWN and not review.saw_no_end
    return ending if closed and review.association.outcome == "unfinished" and not unsure else None


@final_rule(
    code="connection-closed-early",
    where=is_broken_off,
    severity=Severity.ERROR,
    follows=(*PROVOKED, *by("own", *FRAMING), "own:pdu-incomplete", "abort-within-pdu"),
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
    what, under_way = _under_way(review)
    late = _in_vain(review, ending) if what is None else None
    if late is not None:
        came, after = duration(late[1].span.first_time - ending.span.last_time), the_message_with_id(late[0])
        text = f"{the_party(association.party(ending.side))} closed the TCP connection without a release, before "
        text += f"a final response to {after}; it came {came} later, and was met by a reset"
        yield Hit(text, ending.span, side=ending.side, earliest_cause=reaction_to(association, ending))
    if what is not None:
        party = association.party(ending.side)
        idle = what.span.first_time - ending.span.last_time
        if what.span.first_packet > ending.span.last_packet:
            before = f" after {duration(review.silence)} of silence" if review.silence >= PATIENCE else ""
            if not before and _nothing_said_before(association, ending):
                before = " right after A-ASSOCIATE-AC"
            text = f"{the_party(party)} closed the TCP connection{before}; {the_party(association.party(what.side))} "
            text += f"sent {the_message_with_id(what)} on it {duration(idle)} later"
        else:
            text = f"{the_party(party)} closed the TCP connection{under_way}"
        since = reaction_to(association, ending)
        yield Hit(text, ending.span, side=ending.side, earliest_cause=since)


def _in_vain(review: Review, ending: Entry) -> tuple[Message, Message] | None:
    """Return a request of who closed and its response, which came after that and did not arrive: TCP was reset then."""
    resets = [each for each in review.ends if isinstance(each.event, TcpEnd) and each.event.how == "RST"]
    reset = next((each.span.first_packet for each in resets if each.side is ending.side), 0)
    for request in review.answered_late():
        final = request.operation.final if request.operation is not None else None
        if final is not None and final.span.first_packet < reset:
            return request, final
    return None


def _nothing_said_before(association: Association, ending: Entry) -> bool:
    """Whether A-ASSOCIATE-AC is the last that was said before an end of TCP."""
    said = (each for each in reversed(association.timeline) if not isinstance(each.event, TcpEnd))
    last = next((each for each in said if each.span.last_packet < ending.span.first_packet), None)
    return last is not None and isinstance(last.event, AssociateAc)


@final_rule(
    code="association-not-released",
    where=is_broken_off,
    severity=Severity.WARNING,
    follows=(*PROVOKED, *by("own", *FRAMING), "pdu-incomplete", "abort-within-pdu"),
)
def not_released(review: Review) -> Iterator[Hit]:
    """TCP is closed without A-RELEASE or A-ABORT.

    An association ends with A-RELEASE or A-ABORT. Here TCP was just closed, with nothing under way: nothing is lost,
    but the other side cannot tell a normal end from a failure. Where nothing had been asked yet, whatever the
    association was for failed, and this is an error.

    What to do: Look at the side that closed first; it should release.
    """
    association, ending = review.association, _closing(review)
    if ending is None or association.lost_until or any(closed_early(review)):
        return
    if association.state in (State.REQUESTED, State.IDLE, State.UNKNOWN) or association.state.is_releasing:
        return
    if association.accept is not None and ending.span.first_packet < association.accept.span.first_packet:
        return  # it gave up before there was an association
    if association.contexts or association.messages:
        party = association.party(ending.side)
        text = f"{the_party(party)} closed the TCP connection while the association was {association.state.value}"
        since = reaction_to(association, ending)
        unlisted = association.unlisted or association.has_holes
        unused = not association.messages and not association.nothing_accepted and not unlisted
        if unused:
            text += ", before anything was asked"
        yield Hit(
            text, ending.span, side=ending.side, earliest_cause=since, severity=Severity.ERROR if unused else None
        )


@final_rule(
    code="closed-before-abort",
    where=is_broken_off,
    severity=Severity.WARNING,
    follows=FRAMING,
)
def closed_before_abort(review: Review) -> Iterator[Hit]:
    """One side closed TCP, and the other one aborted.

    A side that closes its direction of the TCP connection can send nothing more: no request, no release. The other side
    waits, and aborts when it notices or its timer expires.

    What to do: Look at the side that closed first. A probe that sends A-ASSOCIATE-RQ and closes should wait for the
    answer and release.
    """
    association, ending, abort = review.association, review.ending, review.association.abort
    if abort is None or ending is None or not isinstance(ending.event, TcpEnd) or ending.event.how != "FIN":
        return
    if abort.side is ending.side or any(request_unanswered(review)) or ReleaseRq in review.kinds:
        return
    if any(incomplete(each) for each in association.timeline):
        return  # which says who closed
    aborted = next((each for each in association.timeline if isinstance(each.event, Abort)), None)
    if aborted is not None and aborted.span.first_packet > ending.span.last_packet:
        closer, other = the_party(association.party(ending.side)), the_party(association.party(abort.side))
        later = duration(aborted.span.first_time - ending.span.last_time)
        text = f"{closer} closed the TCP connection without A-RELEASE-RQ or A-ABORT; {other} aborted {later} later"
        yield Hit(text, ending.span, side=ending.side)


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


@final_rule(code="connection-left-open", severity=Severity.NOTE)
def left_open(review: Review) -> Iterator[Hit]:
    """The TCP connection stays open long after the end.

    After A-RELEASE-RP, A-ABORT or A-ASSOCIATE-RJ the side that received it closes TCP; the other does when its ARTIM
    timer expires. Connections that stay open use up the acceptor's limit.

    What to do: Look at why the side that is to close does not, and at both sides' ARTIM timeout.
    """
    association, ends = review.association, review.ends
    until = ends[0].span.first_time if ends else association.watched_until
    if association.outcome not in _OVER or not (ends or association.ended_by_capture):
        return
    if until - association.start_time < _OPEN and not any(health.went_back for health in association.tcp.values()):
        return  # most end before anything can have stayed open for so long
    # What never became whole is listed behind the A-ABORT that came long after it.
    said = (each for each in association.timeline if not isinstance(each.event, TcpEnd))
    last = max(said, key=lambda each: each.span.last_packet, default=None)
    if last is None or association.has_holes or association.unlisted:
        return
    stayed = until - last.span.last_time
    if stayed >= _OPEN:
        closer = the_party(association.party(last.side.other))
        text = f"the TCP connection stayed open for {stayed / 1e9:.0f} s after the association was over"
        yield Hit(f"{text}; {closer} was to close it", last.span, side=last.side.other)
