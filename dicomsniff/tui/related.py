"""A timeline entry -> rows on its operation and on what belongs together with it, each leading there."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.statuses import status_text
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.operations import Operation
from dicomsniff.dimse.outlines import C_STORE_RQ
from dicomsniff.pdu.types import AssociateRj, AssociateRq
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.link_book import LinkBook, LinkLines, Target
from dicomsniff.tui.said import allowed
from dicomsniff.words.entries import query_text
from dicomsniff.words.times import latency_text

NEAR = 12
"""Parts of a link that are listed of an entry: those before and after its own."""


def operation_rows(association: Association, message: Message) -> list[FieldRow]:
    """Return what is known by now of the operation that a message belongs to; nothing where it belongs to none."""
    operation = message.operation
    if operation is None:
        return []
    rows = [FieldRow("Operation", _service(operation), style="heading")]
    rows += [
        FieldRow(name, value, target=target)
        for name, value, target in _operation_facts(association, message, operation)
    ]
    return rows


def _operation_facts(
    association: Association, message: Message, operation: Operation
) -> Iterator[tuple[str, str, Target | None]]:
    request, first, final, cancel = operation.request, operation.first_response, operation.final, operation.cancel
    if message is not request:
        yield "request", _named(request), _target(association, request)
    if first is not None and first is not final:
        where = _target(association, first) if first is not message else None
        yield "first response", latency_text(operation.latency), where
    if asked := query_text(request):
        yield "asks for", allowed(asked), None
    pending = f"{operation.pending} pending"
    if final is not None and operation.status is not None:
        ended = status_text(operation.name, request.sop_class_uid, operation.status)
        ended += f", {latency_text(operation.final_latency)}" + (f", after {pending}" if operation.pending else "")
        yield "final response", ended, _target(association, final) if final is not message else None
    else:
        so_far = pending if operation.pending else "none"
        yield "responses", f"{so_far} {'so far' if not association.closed else 'and no final one'}", None
    if cancel is not None:
        when = latency_text(cancel.span.first_time - request.span.last_time)
        yield "cancelled by", f"C-CANCEL-RQ, {when}", _target(association, cancel) if cancel is not message else None
    if operation.sub_operations:
        said = f"{operation.sub_operations} C-STORE{'s' * (operation.sub_operations != 1)}"
        stored = dict(operation.stored or {})
        said += ": " + ", ".join(f"{count} {how}" for how, count in stored.items()) if stored else ""
        yield "sub-operations", said, None
    if operation.reuses_id:
        yield "Message ID", "of another request that was outstanding when it came", None


def related_rows(association: Association, entry: Entry, book: LinkBook) -> list[FieldRow]:
    """Return what belongs together with an entry, in the same association or another."""
    match entry.event:
        case Message(operation=Operation() as operation):
            rows = [*_message_rows(association, operation, book)]
        case AssociateRq() | AssociateRj():
            rows = [row for link in book.having(association, None) for row in _link_rows(link, association, None)]
        case _:
            rows = []
    return [FieldRow("Belongs together", style="heading"), *rows] if rows else []


def targets(rows: list[FieldRow], association: Association, entry: Entry) -> list[Target]:
    """Return where rows lead, without the entry itself."""
    event = entry.event
    here = (association.id, event.number if isinstance(event, Message) else 0)
    return [row.target for row in rows if row.target is not None and row.target[:2] != here]


def related_links(association: Association, entry: Entry, book: LinkBook) -> list[LinkLines]:
    """Return the links that an entry has part in."""
    match entry.event:
        case Message(operation=Operation(request=request)):
            return book.having(association, request)
        case AssociateRq() | AssociateRj():
            return book.having(association, None)
        case _:
            return []


def counterpart(message: Message) -> Message | None:
    """Return a request's final response, or the latest there is; of any other message, its request."""
    operation = message.operation
    if operation is None:
        return None
    if message is operation.request:
        return operation.final or operation.first_response
    return operation.request


def target_of(association: Association, entry: Entry) -> Target | None:
    """Return where a message of an association is; None for what is none."""
    return _target(association, entry.event) if isinstance(entry.event, Message) else None


def stored(entry: Entry | None) -> Message | None:
    """Return the C-STORE-RQ that an entry is, or responds to."""
    message = entry.event if entry is not None else None
    if not isinstance(message, Message):
        return None
    request = message.operation.request if message.operation is not None else message
    return request if request.command.field == C_STORE_RQ else None


def _message_rows(association: Association, operation: Operation, book: LinkBook) -> Iterator[FieldRow]:
    request = operation.request
    if operation.parent is not None:
        parent = operation.parent.request
        yield FieldRow("sub-operation of", _named(parent), target=_target(association, parent))
    first = _first_sub_operation(association, operation)
    if first is not None:
        yield FieldRow("first sub-operation", _named(first), target=_target(association, first))
    links = book.having(association, request)
    if not links and operation.name == "C-MOVE" and not association.closed:
        yield FieldRow("deliveries", "are looked for when the association is over")
    for link in links:
        yield from _link_rows(link, association, request)


def _link_rows(link: LinkLines, association: Association, request: Message | None) -> Iterator[FieldRow]:
    """Yield what leads to the beginning of a link, or there, the link with its parts, of many those around it."""
    here = (association.id, request.number if request is not None else 0)
    if link.begins_apart and link.target[:2] != here:
        yield FieldRow("asked for by", link.target.text, target=link.target)
        return
    yield FieldRow(link.kind, link.target.text)
    own = next((place for place, part in enumerate(link.parts) if part[:2] == here), 0)
    first = max(0, min(own - NEAR // 2, len(link.parts) - NEAR))
    for part in link.parts[first : first + NEAR]:
        if part[:2] == here:
            yield FieldRow(f"this {link.part_name}", part.text, depth=1)
        else:
            yield FieldRow(link.part_name, part.text, depth=1, target=part)
    if (count := len(link.parts) + link.unlisted) > NEAR:
        yield FieldRow("…", f"{count} in all", depth=1)
    if link.explanation:
        yield FieldRow("likely because", allowed(link.explanation), style="warning")


def _first_sub_operation(association: Association, operation: Operation) -> Message | None:
    if not operation.sub_operations:
        return None
    every = association.operations.operations
    return next((each.request for each in every if each.parent is operation), None)


def _target(association: Association, message: Message) -> Target | None:
    """Return where a message is; one without an end has no number before its association is over."""
    return Target(association.id, message.number, _named(message)) if message.number else None


def _service(operation: Operation) -> str:
    return f"{operation.name} {operation.request.command.message_id}"


def _named(message: Message) -> str:
    number = message.command.message_id
    if message.command.is_response or number is None:
        number = message.command.message_id_being_responded_to
    return f"{message.name} {number}" if number is not None else message.name
