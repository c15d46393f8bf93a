"""What is known of a timeline entry without rereading it: findings, place in the capture, context, what it answers."""

from collections.abc import Iterator

from dicomsniff.association.agreement import selected_roles
from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.reasons import context_result_name
from dicomsniff.dimse.assembler import StrayFragment
from dicomsniff.dimse.message import Message
from dicomsniff.findings.catalogue import RULES
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.parts import the_class, the_party
from dicomsniff.pdu.types import AssociateAc
from dicomsniff.quantities import duration, of_all, timestamp
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.link_book import LinkBook
from dicomsniff.tui.pdu_fields import FEW
from dicomsniff.tui.related import operation_rows, related_rows
from dicomsniff.tui.said import allowed
from dicomsniff.words.entries import entry_detail, entry_name
from dicomsniff.words.negotiation import DEFAULT_ROLES, consequences, limits, result_text, role_text
from dicomsniff.words.times import latency_text

ADVICE = {rule.code: rule.remedy for rule in RULES}
"""What to do about a finding, by its code."""


def entry_facts(association: Association, found: Findings, entry: Entry, digits: int, book: LinkBook) -> list[FieldRow]:
    """Return the findings about an entry, its operation, what belongs together with it, and its place."""
    name, *rows = place_facts(association, entry, digits, book)
    return [name, *_about(entry, found), *rows]


def _about(entry: Entry, found: Findings) -> list[FieldRow]:
    rows: list[FieldRow] = []
    for finding in found.all:
        if finding.span == entry.span:
            rows.append(FieldRow(finding.severity.value, allowed(finding.line), style=finding.severity.value))
            rows.append(FieldRow("advice", ADVICE.get(finding.code, ""), depth=1))
            reference = f"{finding.code}, {finding.reference}" if finding.reference else finding.code
            rows.append(FieldRow("rule", reference, depth=1))
    return rows


def place_facts(association: Association, entry: Entry, digits: int, book: LinkBook) -> list[FieldRow]:
    """Return the same without the findings."""
    rows = [FieldRow(entry_name(entry), allowed(entry_detail(association, entry)), style="heading")]
    facts = [*_place(association, entry, digits), *_message_facts(association, entry)]
    if isinstance(entry.event, Message):
        rows += operation_rows(association, entry.event)
    rows += related_rows(association, entry, book)
    if any(row.is_heading for row in rows[1:]):
        rows.append(FieldRow("On the wire", style="heading"))
    rows += [FieldRow(name, value) for name, value in facts]
    return rows + _agreement(association) if isinstance(entry.event, AssociateAc) else rows


def _agreement(association: Association) -> list[FieldRow]:
    """Return what the negotiation came to: context by context, both sides' limits, and what follows."""
    selected = selected_roles(association)
    accepted = sum(context.accepted for context in association.contexts.values())
    rows = [FieldRow("Negotiated", of_all(accepted, len(association.contexts), "context"), style="heading")]
    follows = list(map(allowed, consequences(association)))
    if len(follows) > FEW:
        rows.append(FieldRow("so", f"{len(follows)} things follow", folded=True))
    rows += [FieldRow("so", said, depth=int(len(follows) > FEW)) for said in follows]
    rows.append(FieldRow("roles", DEFAULT_ROLES))
    rows += [FieldRow("limit", allowed(limit)) for limit in limits(association)]
    fold = len(association.contexts) > FEW
    for context in association.contexts.values():
        result = f"{allowed(the_class(context.abstract_syntax))}: {allowed(result_text(context))}"
        rows.append(FieldRow(f"context {context.id}", result, folded=fold))
        proposed = ", ".join(allowed(the_class(syntax)) for syntax in context.proposed_transfer_syntaxes)
        rows.append(FieldRow("proposed", proposed, depth=1))
        roles = selected.get(context.abstract_syntax or "")
        if roles is not None:
            rows.append(FieldRow("roles", allowed(role_text(association, roles)), depth=1))
    return rows


def _place(association: Association, entry: Entry, digits: int) -> Iterator[tuple[str, str]]:
    span = entry.span
    sender = association.party(entry.side)
    yield "sent by", f"{entry.side.value} {allowed(the_party(sender))}"
    yield "captured", f"{timestamp(span.first_time, digits)}{_lasting(span.last_time - span.first_time)}"
    if span.first_packet == span.last_packet:
        yield "packet", str(span.first_packet)
    else:
        yield "packets", f"{span.first_packet} to {span.last_packet}"


def _message_facts(association: Association, entry: Entry) -> Iterator[tuple[str, str]]:
    match entry.event:
        case Message() as message:
            yield "context", _context(association, message.context_id)
            if message.request is not None and message.latency is not None:
                yield "latency", latency_text(message.latency)
            data = message.data_set
            fragments = f"{message.command_fragments} of the command set"
            yield "fragments", fragments + (f", {data.fragments} of the data set" if data is not None else "")
        case StrayFragment(context_id=number):
            yield "context", _context(association, number)


def _context(association: Association, number: int) -> str:
    context = association.contexts.get(number)
    if context is None:
        return f"{number}, not in the negotiation captured"
    text = f"{number}: {allowed(the_class(context.abstract_syntax))}"
    if context.transfer_syntax:
        return f"{text}, {allowed(the_class(context.transfer_syntax))}"
    if context.result:
        return f"{text}, refused: {context_result_name(context.result)}"
    return f"{text}, not answered"


def _lasting(nanoseconds: int) -> str:
    return f", over {duration(nanoseconds)}" if nanoseconds else ""
