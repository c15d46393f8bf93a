"""A capture -> four tables: associations, messages, operations, findings; each a list of columns, as in transcripts."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple

from dicomsniff.association.association import Association, Party
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.reasons import abort_meaning, reject_meaning
from dicomsniff.dictionary.statuses import find_status, status_text
from dicomsniff.dictionary.uids import find_uid_name
from dicomsniff.dimse.message import Message, number_of
from dicomsniff.dimse.operations import Operation
from dicomsniff.export import direction
from dicomsniff.export.model_json import findings_json, party_json
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.finding import SEVERITIES, Finding
from dicomsniff.findings.parts import shown
from dicomsniff.findings.verdicts import verdict
from dicomsniff.privacy.gate import Gate
from dicomsniff.quantities import in_seconds


class Kind(StrEnum):
    """What the values of a column are; any may be absent."""

    INTEGER = "integer"
    SECONDS = "seconds"
    TEXT = "text"
    TIME = "time"
    """In ns since 1970."""
    TRUTH = "truth"


class Column(NamedTuple):
    """A column of a table."""

    name: str
    kind: Kind


def columns_of(kinds: dict[Kind, str], order: str) -> tuple[Column, ...]:
    """Return columns by their names, in order; those that `kinds` does not name are text."""
    kind_of = {name: kind for kind, names in kinds.items() for name in names.split()}
    return tuple(Column(name, kind_of.get(name, Kind.TEXT)) for name in order.split())


_PARTY = (
    "address",
    "port",
    "ae_title",
    "max_pdu_length",
    "implementation_class_uid",
    "implementation_version_name",
)
_KINDS = {
    Kind.TIME: "start_time end_time time",
    Kind.SECONDS: "duration latency final_latency",
    Kind.TRUTH: "complete over_tls",
    Kind.INTEGER: "association requestor_port acceptor_port requestor_max_pdu_length acceptor_max_pdu_length contexts "
    "contexts_accepted messages errors warnings notes missing_bytes number presentation_context_id message_id "
    "message_id_being_responded_to request_number status command_set_length data_set_length first_packet last_packet "
    "request first_response final_response responses pending sub_operation_of cancelled_by cause count message_number "
    "index",
}
TABLES: dict[str, tuple[Column, ...]] = {
    "associations": columns_of(
        _KINDS,
        "association start_time end_time duration "
        + " ".join(f"{side}_{name}" for side in ("requestor", "acceptor") for name in _PARTY)
        + " application_context_name outcome verdict reject abort contexts contexts_accepted messages errors warnings "
        "notes missing_bytes over_tls",
    ),
    "messages": columns_of(
        _KINDS,
        "association number time end_time direction command presentation_context_id transfer_syntax_uid message_id "
        "message_id_being_responded_to request_number status status_category status_meaning latency sop_class_uid "
        "sop_class_name sop_instance_uid command_set_length data_set_length complete first_packet last_packet",
    ),
    "operations": columns_of(
        _KINDS,
        "association name time sop_class_uid sop_class_name request first_response final_response status "
        "status_category responses pending latency final_latency sub_operation_of cancelled_by",
    ),
    "findings": columns_of(
        _KINDS,
        "association index cause code severity message reference message_number first_packet last_packet count",
    ),
}
"""The columns of each table, in their order. Names mean what they mean in transcripts; durations are seconds."""

Row = tuple[Any, ...]
"""The values of a row, None where there is none, in the order of its columns."""


def rows_of(
    association: Association, found: Findings, entries: Iterable[Entry], gate: Gate
) -> Iterator[tuple[str, int, Row]]:
    """Yield the rows of an association that is over, each with its table, and the packet where it begins.

    That is 0 where it begins with the association. Messages, and operations that they ask for, are those of `entries`.
    """
    yield "associations", 0, association_row(association, found, gate)
    messages = sorted((each.event for each in entries if isinstance(each.event, Message)), key=attrgetter("number"))
    for message in messages:
        yield "messages", message.span.first_packet, message_row(association, message, gate)
    shown = {id(each) for each in messages}
    for operation in association.operations.operations:
        if id(operation.request) in shown:
            yield "operations", operation.request.span.first_packet, operation_row(association, operation, gate)
    for row in finding_rows(found.causes, association.id, gate):
        yield "findings", 0, row


def association_row(association: Association, found: Findings, gate: Gate) -> Row:
    """Return the row of an association that is over."""
    contexts = association.contexts.values()
    rejection, abort = association.rejection, association.abort
    counts = found.counts
    return (
        association.id,
        association.start_time,
        association.end_time,
        in_seconds(association.end_time - association.start_time),
        *_party(association.requestor, gate),
        *_party(association.acceptor, gate),
        gate.uid_or_none(association.application_context_name),
        association.outcome,
        shown(verdict(association, found), gate),
        reject_meaning(rejection.result, rejection.source, rejection.reason) if rejection is not None else None,
        abort_meaning(abort.source, abort.reason) if abort is not None else None,
        len(contexts),
        sum(each.accepted for each in contexts),
        association.message_counts.messages,
        *(counts[severity] for severity in SEVERITIES),
        association.missing_bytes,
        association.tls is not None,
    )


def _party(party: Party, gate: Gate) -> Row:
    said = party_json(party, gate)
    return tuple(said[name] for name in _PARTY)


def message_row(association: Association, message: Message, gate: Gate) -> Row:
    """Return the row of a message."""
    command, data = message.command, message.data_set
    status, uid = command.status, message.sop_class_uid
    return (
        association.id,
        message.number,
        message.span.first_time,
        message.span.last_time,
        direction(message.side),
        message.name,
        message.context_id,
        gate.uid_or_none(message.transfer_syntax),
        command.message_id,
        command.message_id_being_responded_to,
        number_of(message.request),
        status,
        find_status(command.service, uid, status).category if status is not None else None,
        status_text(command.service, uid, status) if status is not None else None,
        in_seconds(message.latency),
        gate.uid_or_none(uid),
        find_uid_name(uid) if uid else None,
        gate.uid_or_none(command.affected_sop_instance_uid or command.requested_sop_instance_uid),
        len(command.raw),
        data.length if data is not None else None,
        message.complete,
        message.span.first_packet,
        message.span.last_packet,
    )


def operation_row(association: Association, operation: Operation, gate: Gate) -> Row:
    """Return the row of an operation, by the numbers of its messages."""
    uid = operation.request.sop_class_uid
    return (
        association.id,
        operation.name,
        operation.request.span.first_time,
        gate.uid_or_none(uid),
        find_uid_name(uid) if uid else None,
        number_of(operation.request),
        number_of(operation.first_response),
        number_of(operation.final),
        operation.status,
        operation.category or None,
        operation.responses,
        operation.pending,
        in_seconds(operation.latency),
        in_seconds(operation.final_latency),
        number_of(operation.parent.request) if operation.parent is not None else None,
        number_of(operation.cancel),
    )


def finding_rows(findings: Iterable[Finding], association: int | None, gate: Gate) -> Iterator[Row]:
    """Yield the rows of findings; `cause` is the index of a consequence's cause among those of its association."""
    names = [each.name for each in TABLES["findings"]]
    for index, said in enumerate(findings_json(findings, association, gate)):
        yield tuple(index if name == "index" else said.get(name) for name in names)
