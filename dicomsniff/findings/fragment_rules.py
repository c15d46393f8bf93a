"""Rules on fragments: what does not become a whole message, and why (PS3.7 §6.3, PS3.8 Annex E)."""

from bisect import bisect_right
from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry, TcpEnd
from dicomsniff.dictionary.reasons import context_result_name, in_words
from dicomsniff.dimse.assembler import StrayFragment
from dicomsniff.dimse.lack import Part
from dicomsniff.dimse.message import Message
from dicomsniff.findings.codes import COMMANDS, ENDS, FRAMING, NOT_CAPTURED, ORDER, STALLS, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import has_broken_message, has_fragments, has_stray_fragment, is_irregular
from dicomsniff.findings.parts import the_message_with_id, the_party
from dicomsniff.findings.review import Review, incomplete
from dicomsniff.findings.rule import Hit, entry_rule, final_rule
from dicomsniff.quantities import counted
from dicomsniff.side import SIDES, Side


def _strays(review: Review, *, announced: bool, captured: bool) -> Iterator[Hit]:
    """Yield fragments without a beginning: after a command that announced none or not, begun in sight or not."""
    timeline = review.association.timeline
    strays = [entry for entry in timeline if isinstance(entry.event, StrayFragment)]
    if not strays:
        return
    cut = {(entry.side, entry.span.last_packet) for entry in timeline if incomplete(entry)}
    ends: dict[tuple[Side, int], list[tuple[int, bool]]] = {}
    for message in review.association.messages:
        key = (message.side, message.context_id)
        ends.setdefault(key, []).append((message.span.end, message.command.announces_data_set))
    for entry in strays:
        event = entry.event
        if not isinstance(event, StrayFragment) or (entry.side, event.span.last_packet) in cut:
            continue  # the PDU that holds it was cut off, which is told
        before = sorted(ends.get((entry.side, event.context_id), ()))
        # A command in the same P-DATA-TF ends behind where the fragment's span begins, and before its bytes.
        at = bisect_right(before, (event.span.end - event.length, True)) - 1
        next_to = at >= 0 and event.span.start <= before[at][0]
        follows_command = next_to and not before[at][1] and event.lack.part is Part.BEGINNING
        seen = review.saw_all(entry.side, until=event.span.last_packet)
        if (seen, not follows_command) == (captured, announced):
            who = the_party(review.association.party(entry.side))
            text = f"{event.lack.text} ({counted(event.length, 'byte')} on context {event.context_id}, sent by {who})"
            elsewhere = _announced_elsewhere(review, event, entry.side)
            if elsewhere is not None:
                text = (
                    f"{who} sends a data set fragment on context {event.context_id}; the {elsewhere.name} that "
                    f"announces a data set was on context {elsewhere.context_id} ({counted(event.length, 'byte')})"
                )
            if follows_command:
                length = counted(event.length, "byte")
                text = f"{who} sends a data set of {length} after a command that announces none"
            yield Hit(text, event.span, side=entry.side)


def _announced_elsewhere(review: Review, stray: StrayFragment, side: Side) -> Message | None:
    """Return the message on another context whose data set was due where a data set fragment came."""
    if stray.lack.part is not Part.BEGINNING:
        return None
    due = (
        message
        for message in review.association.messages
        if message.side is side
        and not message.ended
        and message.data_set is None
        and message.context_id != stray.context_id
        and stray.span.start <= message.span.end <= stray.span.end - stray.length
    )
    return next(due, None)


def is_on_unusable_context(association: Association, message: Message) -> bool:
    """Whether a message came on a context of which nobody knows that it was accepted."""
    context = association.contexts.get(message.context_id)
    return context is None or context.result != 0


_BEFORE = (*by("own", *FRAMING, *ORDER), *NOT_CAPTURED)


@final_rule(
    code="fragment-stray",
    where=has_stray_fragment,
    severity=Severity.ERROR,
    follows=(*_BEFORE, *by("own", *COMMANDS, "context-not-accepted", "data-set-unannounced"), *ENDS),
)
def stray(review: Review) -> Iterator[Hit]:
    """A fragment belongs to no message.

    A data set fragment came without a command before it, or a command set that never ended. The receiver cannot know
    what it is for; it aborts or throws it away.

    What to do: Look at the sender: it left the command out, sent it on another context, or marked a fragment wrongly.
    """
    return _strays(review, announced=True, captured=True)


@final_rule(
    code="data-set-unannounced",
    where=has_stray_fragment,
    severity=Severity.ERROR,
    follows=(*_BEFORE, *by("own", "command-malformed", "command-element-missing", "command-unknown")),
)
def unannounced(review: Review) -> Iterator[Hit]:
    """A data set follows a command that announces none.

    Command Data Set Type (0000,0800) is 0101H, so that the message ended with its command; the data set that follows
    belongs to nothing. Receivers abort or throw it away.

    What to do: Look at how the sender sets Command Data Set Type.
    """
    return _strays(review, announced=False, captured=True)


@final_rule(
    code="data-set-missing",
    where=has_broken_message,
    severity=Severity.ERROR,
    follows=(
        *_BEFORE,
        *by("own", "command-malformed", "command-unknown", "find-final-with-data-set", "data-set-not-allowed"),
    ),
)
def data_set_missing(review: Review) -> Iterator[Hit]:
    """A command announces a data set and none follows.

    Command Data Set Type (0000,0800) says that a data set follows, and the next thing the sender sent was something
    else. The receiver waits for it, or takes the next message's for it.

    What to do: Look at how the sender sets Command Data Set Type, and at whether it failed to read the object.
    """
    for message in _broken(review):
        if not message.ended and message.data_set is None and review.went_on(message):
            yield Hit(f"{message.name} announces a data set; none followed", message.span, message)


def _is_sender_s(review: Review, message: Message) -> bool:
    """Whether it is the sender's doing that a message is not whole, as far as the capture can tell."""
    since, until = message.span.first_packet, message.span.last_packet
    if review.lost_within(message.side, since=since, until=until):
        return False
    if message.ended:
        return True
    whole = not review.may_have_missed(message.side, since=since)
    stopped = review.ended_by(message.side) or review.association.outcome == "aborted"
    return whole and bool(review.went_on(message) or (stopped and not review.association.ended_by_capture) or
                          review.association.state.is_over)  # fmt: skip


def _broken(review: Review) -> Iterator[Message]:
    """Yield the messages whose sender did not bring them to their end."""
    return (
        message for message in review.association.messages if message.lack is not None and _is_sender_s(review, message)
    )


def _is_interrupted(message: Message) -> bool:
    return message.lack is not None and message.lack.part is Part.INTERRUPTED


@final_rule(code="message-interrupted", where=has_broken_message, severity=Severity.ERROR, follows=_BEFORE)
def interrupted(review: Review) -> Iterator[Hit]:
    """A message is interrupted by another on the same context.

    The fragments of a message follow each other on their context until the last one, which is marked. Here a new
    command came before. The receiver loses one of the two messages, or both.

    What to do: Look for two threads of the sender that use one association at the same time.
    """
    for message in _broken(review):
        if message.data_set is not None and _is_interrupted(message):
            text = f"{the_message_with_id(message)} is interrupted by the next message before the last fragment"
            yield Hit(f"{text} of its data set", message.span, message)


@final_rule(code="messages-interleaved", where=has_fragments, severity=Severity.WARNING, follows=_BEFORE)
def interleaved(review: Review) -> Iterator[Hit]:
    """A message is sent between the fragments of another.

    All fragments of a message are sent before those of the next one, on whatever context. Receivers that keep one
    message at a time lose one of the two. Reported once.

    What to do: Look for two threads of the sender that use one association at the same time.
    """
    for side in SIDES:
        outer: Message | None = None
        sent = (message for message in review.association.messages if message.side is side)
        for message in sorted(sent, key=lambda message: message.span.start):
            if outer is not None and outer.span.start < message.span.start and message.span.end < outer.span.end:
                text = (
                    f"{the_message_with_id(message)} is sent between the fragments of {the_message_with_id(outer)}, "
                    "on another context"
                )
                yield Hit(text, message.span, message)
                return
            if outer is None or message.span.end > outer.span.end:
                outer = message


@final_rule(code="last-fragment-missing", where=has_broken_message, severity=Severity.ERROR, follows=_BEFORE)
def never_last(review: Review) -> Iterator[Hit]:
    """The last-fragment flag of a data set is never set.

    Bit 1 of the message control header marks the last fragment. It never came, although the sender went on: the
    receiver waits for more, and the object may never be stored.

    What to do: Look at the sender's fragmentation; data sets that end where a PDU is full are the usual case.
    """
    for message in _broken(review):
        if (
            not message.ended
            and message.data_set is not None
            and review.went_on(message)
            and not _is_interrupted(message)
        ):
            who = the_party(review.association.party(message.side))
            name = the_message_with_id(message)
            text = f"{name} is incomplete: its last-fragment flag was never set, yet {who} went on"
            yield Hit(text + _with_what(review, message), message.span, message)


def _with_what(review: Review, message: Message) -> str:
    """Say what the sender of a message sent behind it."""
    behind = (
        entry
        for entry in review.association.timeline
        if entry.side is message.side and entry.span.start >= message.span.end and not isinstance(entry.event, TcpEnd)
    )
    first = min(behind, key=lambda entry: entry.span.start, default=None)
    return f" with {first.event.name}" if first is not None else ""


@final_rule(
    code="message-incomplete",
    where=has_broken_message,
    severity=Severity.ERROR,
    follows=(
        *by("own", *FRAMING, *ORDER, *COMMANDS, "pdu-incomplete", "context-not-accepted", "fragment-stray"),
        *by("own", "find-final-with-data-set", "data-set-not-allowed"),
        "association-aborted",
        "provider-aborted",
        "connection-reset",
        "connection-closed-early",
        "association-not-released",
        *STALLS,
        *NOT_CAPTURED,
    ),
)
def cut_off(review: Review) -> Iterator[Hit]:
    """A message was cut off.

    The sender stopped, was stopped, or lost bytes before the message was whole. The object or request is lost.

    What to do: Look at what ended the association, and at malformed PDUs within the message.
    """
    for message in _broken(review):
        if message.ended or not review.went_on(message):
            yield Hit(
                f"{the_message_with_id(message)} is incomplete: {message.problem}",
                message.span,
                message,
                latest_cause=-1,
            )


@final_rule(
    code="message-partly-captured",
    where=is_irregular,
    severity=Severity.WARNING,
    follows=(*NOT_CAPTURED, *by("own", *FRAMING, "bytes-skipped")),
)
def partly_captured(review: Review) -> Iterator[Hit]:
    """The capture holds a part of a message only.

    Bytes of it were lost by the capture, or it began before the capture or goes on after its end. The receiver may well
    have it whole.

    What to do: Look at what the capture lost. Capture again, nearer to one side or longer.
    """
    for announced in (True, False):
        yield from _strays(review, announced=announced, captured=False)
    broken = (each for each in review.association.messages if each.lack is not None)
    partly = [message for message in broken if not _is_sender_s(review, message)]
    if len(partly) > 1 and all(review.is_cut_short(message.side) for message in partly):
        first = min(partly, key=lambda message: message.span.first_packet)
        yield Hit(f"{len(partly)} messages are not whole in the capture", first.span)
        return
    for message in partly:
        yield Hit(f"{message.name} is not whole in the capture: {message.problem}", message.span, message)


@entry_rule(
    code="context-not-accepted",
    severity=Severity.ERROR,
    on=Message,
    follows=(
        *by("own", *FRAMING, "context-id-even", "context-id-repeated"),
        "contexts-all-refused",
        "contexts-unanswered",
    ),
    condition=is_on_unusable_context,
)
def context_unusable(association: Association, entry: Entry) -> Iterator[Hit]:
    """A message is sent on a context that was not accepted.

    Only accepted presentation contexts carry messages. On any other, the receiver does not know SOP class and transfer
    syntax, and aborts or ignores the message.

    What to do: Look at how the sender chooses the context.
    """
    match entry.event:
        case Message(context_id=number, name=name):
            context = association.contexts.get(number)
            request, accept = association.request, association.accept
            if request is None or accept is None or request.problem or accept.problem:
                return
            even = "an even number, which no context may have" if number % 2 == 0 else "which was never proposed"
            if context is None:
                yield Hit(f"{name} is sent on presentation context {number}, {even}")
            elif context.result is None:
                yield Hit(f"{name} is sent on presentation context {number}, which the acceptor did not answer")
            elif context.result != 0:
                why = in_words(context_result_name(context.result))
                yield Hit(f"{name} is sent on presentation context {number}, which was refused: {why}")
