"""Rules on C-CANCEL: what came of it, and operations that were cancelled without one (PS3.7 §9.1.2.2, §9.3.2.3)."""

from collections.abc import Iterator

from msgspec.structs import replace

from dicomsniff.association.association import Association
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.operations import Operation
from dicomsniff.dimse.sub_operations import read_counters
from dicomsniff.findings.codes import FRAMING, NOT_CAPTURED, ORDER, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import cancels
from dicomsniff.findings.parts import the_message_id, the_party
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, final_rule
from dicomsniff.quantities import counted, duration, of_all

_CROSSING = 1_000_000_000
"""ns in which responses may have been on their way, or have waited to be sent, when a C-CANCEL-RQ arrived."""
_MANY = 100
"""Messages that are too many to have been on their way."""
_CANCELLED = 0xFE00


def _cancelled(review: Review) -> Iterator[tuple[Operation, Message, list[Message]]]:
    """Yield operations with the C-CANCEL-RQ that asked to stop them and what their performer sent for them after it.

    These are responses and, of a C-GET, the requests of its C-STORE sub-operations.
    """
    cancelled = [each for each in review.association.operations.operations if each.cancel is not None]
    if not cancelled:
        return
    later: dict[int, list[Message]] = {id(operation): [] for operation in cancelled}
    for message in review.association.messages:
        operation = message.operation
        if operation is not None and not message.command.is_response:
            operation = operation.parent
        if operation is None or operation.cancel is None:
            continue
        if id(operation) in later and message.span.first_packet > operation.cancel.span.last_packet:
            later[id(operation)].append(message)
    for operation in cancelled:
        if operation.cancel is not None and not operation.cancel.problem:
            yield operation, operation.cancel, later[id(operation)]


def _went_on(cancel: Message, later: list[Message]) -> bool:
    """Whether messages came after a C-CANCEL-RQ that cannot have been on their way."""
    return bool(later) and (len(later) > _MANY or later[-1].span.first_time - cancel.span.last_time > _CROSSING)


_BEFORE = (*by("own", *FRAMING, *ORDER), *NOT_CAPTURED)


@final_rule(code="cancel-ignored", where=cancels, severity=Severity.WARNING, follows=_BEFORE)
def ignored(review: Review) -> Iterator[Hit]:
    """An operation goes on after C-CANCEL.

    An operation that is cancelled ends with status FE00H. Some responses, and objects of a C-GET, may be on their way
    when C-CANCEL-RQ is sent, but here they went on for longer than that: the performer reads no messages while it
    answers, or does not support C-CANCEL.

    What to do: Narrow the query instead, or release or abort the association.
    """
    for operation, cancel, later in _cancelled(review):
        pending = [each for each in later if each is not operation.final]
        if _went_on(cancel, pending):
            text = f"{_answerer(review.association, cancel)} sent {_many(pending, cancel)}; {_end(operation)}"
            text += _elsewhere(operation, cancel)
            latest = pending[0].span.first_packet
            span = replace(cancel.span, last_packet=pending[-1].span.last_packet)  # an abort may come of any of them
            yield Hit(text, span, cancel, side=cancel.side.other, latest_cause=latest)


@final_rule(
    code="cancel-without-effect",
    where=cancels,
    severity=Severity.NOTE,
    follows=_BEFORE,
)
def too_late(review: Review) -> Iterator[Hit]:
    """C-CANCEL came too late or had no effect.

    The final status is not FE00H (cancelled). The operation may have been complete when C-CANCEL-RQ arrived, which is
    allowed, or the performer does not support C-CANCEL.

    What to do: Nothing, unless cancelling never works with this peer.
    """
    for operation, cancel, later in _cancelled(review):
        pending = [each for each in later if each is not operation.final]
        if operation.final is None or operation.status == _CANCELLED or _went_on(cancel, pending):
            continue
        if _stopped_short(operation):
            continue
        after = f" and {_many(pending, cancel)}" if pending else ""
        text = f"C-CANCEL-RQ had no effect on {_name(operation)}: status 0x{operation.status:04X} followed it{after}"
        yield Hit(text + _elsewhere(operation, cancel), cancel.span, cancel)


@final_rule(code="cancel-not-told", where=cancels, severity=Severity.WARNING, follows=_BEFORE)
def not_told(review: Review) -> Iterator[Hit]:
    """A retrieval was cancelled, and its final status does not say so.

    After C-CANCEL-RQ the retrieval stopped before all objects were sent. Its final response must say so with status
    FE00H; any other one makes the requestor believe that it has all there is, or that objects failed.

    What to do: Look at the performer. Do not count on this study being complete.
    """
    for operation, cancel, later in _cancelled(review):
        final, progress = operation.final, operation.progress
        if final is None or operation.status == _CANCELLED or progress is None or not _stopped_short(operation):
            continue
        if not _went_on(cancel, [each for each in later if each is not final]):
            over = f"after {of_all(read_counters(final.command).done, progress.total or 0, 'sub-operation')}"
            status = f"its final status is 0x{operation.status:04X}, not 0xFE00 (cancelled)"
            yield Hit(f"C-CANCEL-RQ stopped {_name(operation)} {over}, yet {status}", final.span, final)


def _stopped_short(operation: Operation) -> bool:
    """Whether a retrieval ended before all the sub-operations that its responses had announced."""
    final, progress = operation.final, operation.progress
    if final is None or progress is None or progress.contradicting is not final:
        return False
    return read_counters(final.command).done < (progress.total or 0)


@final_rule(
    code="cancelled-unasked",
    severity=Severity.WARNING,
    follows=(*_BEFORE, "peer:cancel-of-nothing"),
)
def not_asked_for(review: Review) -> Iterator[Hit]:
    """An operation ends as cancelled and nobody cancelled it.

    Status FE00H answers a C-CANCEL-RQ. Some performers send it when they reach a limit of their own: the results are
    then not complete.

    What to do: Look at the performer's limits and log. Ask for less at a time.
    """
    for operation in review.association.operations.operations:
        final = operation.final
        if final is None or operation.status != _CANCELLED or operation.cancel is not None:
            continue
        if review.saw_all(operation.side, until=final.span.last_packet):
            text = f"{final.name} says that {_name(operation)} was cancelled (FE00H); no C-CANCEL-RQ was sent"
            yield Hit(text, final.span, final)


def _elsewhere(operation: Operation, cancel: Message) -> str:
    """Say that a C-CANCEL-RQ came on another presentation context than what it is to stop."""
    if cancel.context_id == operation.request.context_id:
        return ""
    its, own = f"presentation context {cancel.context_id}", operation.request.context_id
    return f"; C-CANCEL-RQ came on {its}, {operation.request.name} on {own}, which may be why"


def _answerer(association: Association, cancel: Message) -> str:
    return the_party(association.party(cancel.side.other))


def _name(operation: Operation) -> str:
    return f"{operation.name} {the_message_id(operation.request.command.message_id)}"


def _many(pending: list[Message], cancel: Message) -> str:
    took = duration(max(0, pending[-1].span.first_time - cancel.span.last_time))
    objects = sum(not each.command.is_response for each in pending)
    sent = [(objects, "C-STORE-RQ"), (len(pending) - objects, "pending response")]
    what = " and ".join(counted(count, noun) for count, noun in sent if count)
    return f"{what} within {took} after C-CANCEL-RQ"


def _end(operation: Operation) -> str:
    if operation.final is None:
        return "no final response followed"
    return f"the final status is 0x{operation.status:04X}" + (" (cancelled)" if operation.status == _CANCELLED else "")
