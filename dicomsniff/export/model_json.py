"""The model -> JSON objects, as transcripts and JSON lines have them: associations, messages, operations, findings."""

from collections.abc import Iterable
from typing import Any

from dicomsniff.association.association import Association, Party
from dicomsniff.dictionary.commands import COMMAND_ELEMENTS
from dicomsniff.dictionary.reasons import abort_meaning, reject_meaning
from dicomsniff.dictionary.statuses import status_text
from dicomsniff.dimse.command import Command, attribute_tags
from dicomsniff.dimse.dataset import DecodedDataSet, decode_data_set
from dicomsniff.dimse.identifier import LEVEL
from dicomsniff.dimse.message import Message, number_of
from dicomsniff.dimse.operations import Operation
from dicomsniff.dimse.queries import Query
from dicomsniff.export import Json, direction
from dicomsniff.export.negotiation_json import agreement_json, information_json
from dicomsniff.export.time_json import operation_timing_json, timing_json
from dicomsniff.export.tls_json import preambles_json, tls_json
from dicomsniff.findings.alike import Alike, fold
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.parts import shown
from dicomsniff.findings.verdicts import verdict
from dicomsniff.library import Capture
from dicomsniff.pdu.fields import plain_text
from dicomsniff.privacy.gate import Gate
from dicomsniff.quantities import in_seconds, timestamp
from dicomsniff.side import SIDES
from dicomsniff.tcp.health import StreamHealth


def capture_json(capture: Capture, gate: Gate) -> Json:
    """Describe the capture as a whole."""
    reader, analyzer = capture.reader, capture.analyzer
    digits = reader.resolution_digits
    first, last = analyzer.first_time, analyzer.last_time
    return {
        "name": shown(capture.marked_name, gate),
        "format": reader.format or None,
        "packets": analyzer.packets,
        "bytes": analyzer.bytes,
        "first_time": timestamp(first, digits) if first is not None else None,
        "last_time": timestamp(last, digits) if last is not None else None,
        "truncated": bool(reader.truncated),
        "truncated_reason": reader.truncated or None,
        "dropped": analyzer.losses.packets,
        "dropped_by": analyzer.losses.by,
        "connections": analyzer.connections,
        "connections_without_dicom": sum(analyzer.foreign.values()),
        "packets_not_used": dict(sorted(analyzer.undecoded.items())),
    }


def association_json(association: Association, found: Findings, digits: int, gate: Gate) -> Json:
    """Describe an association without its contexts, messages and findings."""
    rejection, abort = association.rejection, association.abort
    return {
        "id": association.id,
        "start_time": timestamp(association.start_time, digits),
        "end_time": timestamp(association.end_time, digits),
        "requestor": party_json(association.requestor, gate)
        | information_json(association.requestor.information, gate),
        "acceptor": party_json(association.acceptor, gate) | information_json(association.acceptor.information, gate),
        "requestor_known_by": association.requestor_is,
        "application_context_name": gate.uid_or_none(association.application_context_name),
        "outcome": association.outcome,
        "verdict": shown(verdict(association, found), gate),
        "follows_association": association.follows,
        "reject": rejection
        and {
            "result": rejection.result,
            "source": rejection.source,
            "reason": rejection.reason,
            "meaning": reject_meaning(rejection.result, rejection.source, rejection.reason),
        },
        "abort": abort
        and {
            "source": abort.source,
            "reason": abort.reason,
            "direction": direction(abort.side),
            "meaning": abort_meaning(abort.source, abort.reason),
        },
        **agreement_json(association, gate),
        **_unlisted(association, found),
        "pdu_counts": {direction(side): dict(association.pdu_counts[side]) for side in SIDES},
        "tcp": {direction(side): _health(health) for side, health in association.tcp.items()},
        **_transport(association, gate),
        "missing_bytes": association.missing_bytes,
        "timing": timing_json(association),
    }


def _transport(association: Association, gate: Gate) -> Json:
    """Describe what it came over, and behind what; nothing where that is bare TCP."""
    if association.tls is not None:
        return {"tls": tls_json(association, association.tls, gate)}
    return preambles_json(association.preambles, gate)


def _unlisted(association: Association, found: Findings) -> Json:
    """Say what was given up, or counted and not kept, to bound memory; nothing where all is there."""
    if association.condensed:
        return {"condensed": True}
    said: Json = {}
    if association.operations.unlisted:
        said["operations_not_listed"] = association.operations.unlisted
    if found.unlisted:
        said["findings_not_listed"] = dict(found.unlisted)
    return said


def _health(health: StreamHealth) -> Json:
    return {
        "retransmitted_segments": health.retransmitted,
        "duplicated_frames": health.duplicated_frames,
        "out_of_order_segments": health.out_of_order,
        "duplicate_acknowledgements": health.duplicate_acks,
        "zero_windows": health.zero_windows,
        "zero_window_time": in_seconds(health.zero_window_time),
        "stall_time": in_seconds(health.stall_time),
        "delayed_acknowledgements": health.delayed_acks,
        "missing_bytes": health.missing,
        "max_bytes_in_flight": health.max_in_flight,
        "maximum_segment_size": health.maximum_segment_size,
        "round_trip_time": in_seconds(health.round_trip_time),
        "handshake_time": in_seconds(health.handshake_time),
    }


def party_json(party: Party, gate: Gate) -> Json:
    """Describe a side without the items of its user information that few send."""
    said = party.information
    return {
        "address": gate.address(party.endpoint.address),
        "port": party.endpoint.port,
        "ae_title": gate.title(party.ae_title) if party.ae_title is not None else None,
        "max_pdu_length": said.max_pdu_length if said else None,
        "implementation_class_uid": gate.uid_or_none(said.implementation_class_uid) if said else None,
        "implementation_version_name": said.implementation_version_name if said else None,
    }


def message_json(association: Association, message: Message, digits: int, gate: Gate) -> Json:
    """Describe a message without its number; a collected data set is decoded, and dropped."""
    command, latency = message.command, message.latency
    said = {
        "time": timestamp(message.span.first_time, digits),
        "end_time": timestamp(message.span.last_time, digits),
        "direction": direction(message.side),
        "command": message.name,
        "presentation_context_id": message.context_id,
        "message_id": command.message_id,
        "message_id_being_responded_to": command.message_id_being_responded_to,
        "request_number": number_of(message.request),
        "status": command.status,
        "status_meaning": status_text(command.service, message.sop_class_uid, command.status)
        if command.status is not None
        else None,
        "latency": in_seconds(latency),
        "affected_sop_class_uid": gate.uid_or_none(command.affected_sop_class_uid),
        "affected_sop_instance_uid": gate.uid_or_none(command.affected_sop_instance_uid),
        "requested_sop_class_uid": gate.uid_or_none(command.requested_sop_class_uid),
        "requested_sop_instance_uid": gate.uid_or_none(command.requested_sop_instance_uid),
        "command_set": {
            "length": len(command.raw),
            "fragments": message.command_fragments,
            "elements": command_json(command, gate),
        },
        "data_set": _data_set(association, message, gate),
        "complete": message.complete,
        "first_packet": message.span.first_packet,
        "last_packet": message.span.last_packet,
    }
    if message.problem:
        said["problem"] = message.problem
    return said


def operation_json(operation: Operation, gate: Gate) -> Json:
    """Describe an operation by the numbers of its messages; durations in seconds."""
    said: Json = {
        "name": operation.name,
        "request": operation.request.number,
        "first_response": number_of(operation.first_response),
        "final_response": number_of(operation.final),
        "status": operation.status,
        "responses": operation.responses,
        "pending": operation.pending,
        "latency": in_seconds(operation.latency),
        "final_latency": in_seconds(operation.final_latency),
        "timing": operation_timing_json(operation),
    }
    if operation.query is not None:
        said["query"] = _query_json(operation, operation.query, gate)
    if operation.cancel is not None:
        said["cancelled_by"] = operation.cancel.number
    if operation.parent is not None:
        said["sub_operation_of"] = operation.parent.request.number
    if operation.sub_operations:
        said["sub_operations"] = operation.sub_operations
        said["stored"] = dict(sorted((operation.stored or {}).items()))
    return said


def _query_json(operation: Operation, query: Query, gate: Gate) -> Json:
    """Describe what identifiers ask for and give, without values other than the level."""
    asked = query.request
    said: Json = {
        "level": gate.value(LEVEL, asked.level) if asked is not None and asked.level is not None else None,
        "keys": [f"{key.tag:08X}" for key in asked.keys] if asked is not None else None,
    }
    if asked is None:
        said["not_read"] = query.unread
    if operation.name == "C-FIND":
        return said | {"matches": operation.pending, "matches_looked_at": query.looked_at}
    return said | {"failed_instances_listed": query.failed_instances}


def command_json(command: Command, gate: Gate) -> Json:
    """Return a command set in the DICOM JSON model (PS3.18 Annex F)."""
    return {f"{tag:08X}": _command_element(tag, value, gate) for tag, value in command.elements.items()}


def _command_element(tag: int, value: bytes, gate: Gate) -> Json:
    element = COMMAND_ELEMENTS.get(tag)
    vr = element.vr if element else "UN"
    values: list[Any]
    if vr in ("US", "UL"):
        width = 4 if vr == "UL" else 2
        values = [int.from_bytes(value[at : at + width], "little") for at in range(0, len(value) - width + 1, width)]
    elif vr == "AT":
        values = [f"{tag:08X}" for tag in attribute_tags(value)]
    elif vr == "UN":
        return gate.unknown_element(value)
    else:
        text = gate.command_value(tag, vr, plain_text(value))
        values = [text] if text else []
    return {"vr": vr, "Value": values} if values else {"vr": vr}


def _data_set(association: Association, message: Message, gate: Gate) -> Json | None:
    data = message.data_set
    if data is None:
        return None
    said: Json = {"length": data.length, "fragments": data.fragments, "sha256": data.sha256}
    if data.missing:
        said["missing"] = data.missing
    decoded = take_data_set(association, message, gate)
    if decoded is not None:
        said["transfer_syntax"] = decoded.transfer_syntax
        said["transfer_syntax_guessed"] = decoded.guessed
        if decoded.why:
            said["transfer_syntax_why"] = decoded.why
        said["elements"] = decoded.to_json()
        if decoded.problem:
            said["problem"] = decoded.problem
    else:
        said["elements"] = {}
    return said


def take_data_set(association: Association, message: Message, gate: Gate) -> DecodedDataSet | None:
    """Decode a collected data set as it may be shown, and drop its bytes; None where it was not collected."""
    data = message.data_set
    if data is None or data.content is None:
        return None
    with data.content as content:
        syntax = association.transfer_syntax(message.context_id)
        decoded = gate.filter(decode_data_set(content, syntax, data.whole))  # type: ignore[arg-type]
    data.content = None
    return decoded


def findings_json(findings: Iterable[Finding], association: int | None, gate: Gate) -> list[Json]:
    """Describe findings, causes and consequences in one list; `cause` is the index of a consequence's cause in it."""
    said: list[Json] = []
    for alike in fold(findings):
        cause = len(said)
        said.append(_alike_json(alike, association, None, gate))
        said += [_alike_json(follower, association, cause, gate) for follower in alike.followers]
    return said


def _alike_json(alike: Alike, association: int | None, cause: int | None, gate: Gate) -> Json:
    said = _finding_json(alike.finding, association, shown(alike.text, gate)) | {"cause": cause}
    if alike.count > 1:
        where = {"associations": alike.associations} if alike.associations else {"message_numbers": alike.numbers}
        said |= {"count": alike.count} | where
    return said


def _finding_json(finding: Finding, association: int | None, said: str) -> Json:
    """Describe a finding, which says something, by itself."""
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "message": said,
        "reference": finding.reference,
        "association": association if association is not None else finding.association,
        "message_number": finding.message_number,
        "first_packet": finding.span.first_packet or None,
        "last_packet": finding.span.last_packet or None,
    }
