"""Rules on what the responses to C-MOVE and C-GET say of their sub-operations (PS3.7 §9.1.3, §9.1.4, PS3.4 §C.4)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.dictionary.commands import COMMAND_ELEMENTS, RETRIEVE_RESPONSES
from dicomsniff.dictionary.statuses import PENDING, find_status
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.operations import Operation
from dicomsniff.dimse.sub_operations import COUNTER_TAGS, RETRIEVALS, Counters, read_counters
from dicomsniff.findings.codes import FRAMING, NOT_CAPTURED, ORDER, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import retrieves
from dicomsniff.findings.parts import the_party
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, final_rule
from dicomsniff.quantities import counted, duration, of_all
from dicomsniff.span import join_spans

_SEVERAL, _LONG = 5, 30_000_000_000
"""Pending responses, and ns, from which on it is worth a word that nothing goes forward."""
_WITH_LIST = ("Warning", "Failure", "Cancel")
"""Final statuses whose responses name the instances that failed (PS3.4 §C.4.2.1.4.2)."""


def _retrieved(association: Association) -> Iterator[tuple[Operation, Message, Counters]]:
    """Yield C-MOVE and C-GET operations with their final response and what it counts."""
    for operation in association.operations.operations:
        final = operation.final
        if operation.name in RETRIEVALS and final is not None and final.command.field in RETRIEVE_RESPONSES:
            yield operation, final, read_counters(final.command)


_BEFORE = (*by("own", *FRAMING, *ORDER), *NOT_CAPTURED)


@final_rule(
    code="success-with-failures",
    where=retrieves,
    severity=Severity.ERROR,
    follows=(*_BEFORE, "get-without-role"),
)
def success_with_failures(review: Review) -> Iterator[Hit]:
    """A retrieval says Success, although objects failed.

    Success means that every sub-operation succeeded. This response counts failed ones: objects are missing at the
    destination, and a requestor that reads the status alone does not notice.

    What to do: Retrieve the missing objects again. Look at the SCP's log for why they failed; it should answer
    B000H, or a failure if all of them failed.
    """
    for operation, final, counters in _retrieved(review.association):
        if operation.status == 0 and counters.failed:
            text = (
                f"{final.name} says Success, although {of_all(counters.failed, counters.done, 'sub-operation')} failed"
            )
            yield Hit(text, final.span, final)


@final_rule(
    code="failed-list-missing",
    where=retrieves,
    severity=Severity.WARNING,
    follows=(*_BEFORE, "own:success-with-failures"),
)
def list_missing(review: Review) -> Iterator[Hit]:
    """A retrieval does not say which objects failed.

    A final response that counts failed sub-operations names them in Failed SOP Instance UID List (0008,0058). Without
    it the requestor cannot retrieve just those again.

    What to do: Compare what arrived at the destination with what was asked for. Look at the SCP's log.
    """
    for operation, final, counters in _retrieved(review.association):
        command = final.command
        if counters.failed and operation.category in _WITH_LIST and not command.announces_data_set:
            failed = counted(counters.failed, "failed sub-operation")
            text = f"{final.name} 0x{operation.status:04X} counts {failed} and has no data set with"
            yield Hit(f"{text} Failed SOP Instance UID List (0008,0058)", final.span, final)


@final_rule(
    code="failed-list-differs",
    where=retrieves,
    severity=Severity.WARNING,
    follows=(*_BEFORE, "own:success-with-failures"),
)
def list_differs(review: Review) -> Iterator[Hit]:
    """A retrieval names another number of failed objects than it counts.

    Failed SOP Instance UID List (0008,0058) of the final response names just the objects of the sub-operations that it
    counts as failed. With more, a requestor retrieves again what it has; with fewer, it misses some.

    What to do: Compare what arrived at the destination with the list. Report it to the SCP's maker.
    """
    for operation, final, counters in _retrieved(review.association):
        listed = operation.query.failed_instances if operation.query is not None else None
        if counters.failed is not None and listed is not None and listed != counters.failed:
            failed = counted(counters.failed, "failed sub-operation")
            text = f"{final.name} 0x{operation.status or 0:04X} counts {failed} and lists"
            yield Hit(f"{text} {counted(listed, 'instance')} as failed (0008,0058)", final.span, final)


@final_rule(
    code="pending-without-counters",
    where=retrieves,
    severity=Severity.WARNING,
    follows=_BEFORE,
)
def pending_uncounted(review: Review) -> Iterator[Hit]:
    """A pending response does not count the sub-operations.

    Pending responses to C-MOVE and C-GET hold the numbers of remaining, completed, failed and warning sub-operations.
    Without them nobody sees the progress; some requestors abort. Reported once per operation.

    What to do: Look at the SCP. If the requestor fails on these responses, switch pending responses off.
    """
    first: dict[int, tuple[Message, list[int]]] = {}
    count: dict[int, int] = {}
    if not any(operation.name in RETRIEVALS for operation in review.association.operations.operations):
        return
    for message in review.association.messages:
        command = message.command
        if (
            command.field in RETRIEVE_RESPONSES
            and command.status in PENDING
            and not command.problem
            and not message.problem
        ):
            numbers = zip(COUNTER_TAGS, read_counters(command), strict=True)
            if absent := [tag for tag, number in numbers if number is None]:
                first.setdefault(id(message.operation), (message, absent))
                count[id(message.operation)] = count.get(id(message.operation), 0) + 1
    for key, (message, absent) in first.items():
        many = f"{count[key]} pending {message.name} have" if count[key] > 1 else f"the pending {message.name} has"
        yield Hit(f"{many} no {_names(absent)}", message.span, message)


@final_rule(
    code="pending-without-progress",
    where=retrieves,
    severity=Severity.WARNING,
    follows=_BEFORE,
)
def no_progress(review: Review) -> Iterator[Hit]:
    """Pending responses go on without progress.

    An SCP sends pending responses while it works, and counts in them what is left. Here the counts stay as they
    were, response after response, until somebody gave up: the SCP waits for its storage, or for the destination.

    What to do: Look at the SCP's log, and at its association to the destination.
    """
    for operation in review.association.operations.operations:
        if operation.final is not None or operation.pending < _SEVERAL:
            continue
        side = operation.request.side.other
        said = [each for each in review.association.messages if each.side is side and each.operation is operation]
        same = _unchanged(said)
        if len(same) < _SEVERAL or (lasted := same[-1].span.last_time - same[0].span.first_time) < _LONG:
            continue
        remaining = read_counters(same[0].command)[0]
        who, span = the_party(review.association.party(side)), join_spans(same[0].span, same[-1].span)
        left = f"{remaining} remaining" if remaining is not None else "no change"
        text = f"{who} sent {len(same)} pending {same[0].name}s in {duration(lasted)}, all with {left}: nothing went on"
        yield Hit(text, span, same[0], side=side)


def _unchanged(responses: list[Message]) -> list[Message]:
    """Return the last responses that all count the same, if they count at all."""
    if not responses:
        return []
    last = read_counters(responses[-1].command)
    differ = (at for at, each in enumerate(reversed(responses)) if read_counters(each.command) != last)
    return responses[-next(differ, len(responses)) :]


def _names(tags: list[int]) -> str:
    """Return `Number of Remaining, Completed and Failed Sub-operations`."""
    kinds = [COMMAND_ELEMENTS[tag].name.removeprefix("Number of ").removesuffix(" Sub-operations") for tag in tags]
    listed = ", ".join(kinds[:-1]) + (" and " if len(kinds) > 1 else "") + kinds[-1]
    return f"Number of {listed} Sub-operations"


@final_rule(
    code="remaining-in-final",
    where=retrieves,
    severity=Severity.WARNING,
    follows=(*_BEFORE, "own:status-failure", "own:status-warning"),
)
def remaining_at_the_end(review: Review) -> Iterator[Hit]:
    """A final response counts remaining sub-operations.

    With the final response the operation is over, so that nothing remains; only a cancelled one may say what was left.
    The objects counted here were never tried.

    What to do: Look at the SCP's log for why it stopped.
    """
    for operation, final, counters in _retrieved(review.association):
        command = final.command
        category = find_status(command.service, final.sop_class_uid, command.status or 0).category
        # That nothing remains, many say although they should not: it harms nobody. Success is told by the counters.
        if counters.remaining and category in ("Warning", "Failure"):
            remains = counted(counters.remaining, "remaining sub-operation")
            yield Hit(f"{final.name} 0x{operation.status:04X} is final and counts {remains}", final.span, final)
