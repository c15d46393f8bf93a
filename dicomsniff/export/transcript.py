"""The model -> the JSON transcript `dicomsniff.transcript/1`, written as the capture is read, one message a line."""

import json
from collections.abc import Iterable, Iterator
from os import SEEK_END
from tempfile import TemporaryFile
from typing import IO, Any

from dicomsniff import __version__
from dicomsniff.association.association import Association, Party
from dicomsniff.dictionary.commands import COMMAND_ELEMENTS
from dicomsniff.dictionary.reasons import abort_meaning, reject_meaning
from dicomsniff.dictionary.statuses import status_text
from dicomsniff.dimse.command import Command, attribute_tags
from dicomsniff.dimse.dataset import decode_data_set
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.operations import Operation
from dicomsniff.export.link_json import links_json
from dicomsniff.export.negotiation import agreement_json, contexts_json, information_json
from dicomsniff.export.time_words import timing_json
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.verdicts import verdict
from dicomsniff.library import Capture
from dicomsniff.pdu.fields import plain_text
from dicomsniff.quantities import timestamp
from dicomsniff.tcp.health import StreamHealth

SCHEMA = "dicomsniff.transcript/1"
PIECE = 1 << 16
"""Characters of messages that wait in memory, per association."""

Json = dict[str, Any]


def write_transcript(capture: Capture, out: IO[str]) -> None:
    """Read a capture (opened with `collect`) to its end and write its transcript.

    Messages and associations are encoded as they come and wait in a temporary file, so that memory does not grow
    with them.
    """
    reader = capture.reader  # a pcapng file tells the resolution of its clocks only with its first blocks
    with TemporaryFile() as file:
        drafts: dict[int, _Draft] = {}
        for updates in capture.updates():
            for association, entry in updates:
                if association.id not in drafts:
                    drafts[association.id] = _Draft(file)
                if isinstance(entry.event, Message):
                    said = _dump(message_json(association, entry.event, reader.resolution_digits))
                    drafts[association.id].add(entry.event, said)
            for association in capture.analyzer.take_closed():
                drafts.setdefault(association.id, _Draft(file)).finish(association, reader.resolution_digits)
        out.write("{\n")
        out.write(f' "schema": {_dump(SCHEMA)},\n')
        out.write(f' "tool": {_dump({"name": "dicomsniff", "version": __version__})},\n')
        out.write(f' "capture": {_dump(capture_json(capture))},\n')
        out.write(f' "privacy": {_dump({"phi": "kept"})},\n')
        out.write(' "associations": [')
        for index, number in enumerate(sorted(drafts)):
            out.write(",\n  {" if index else "\n  {")
            out.writelines(drafts[number].parts())
            out.write("}")
        digits = reader.resolution_digits
        links = _lines(_dump(link) for link in links_json(capture.analyzer.links, digits))
        found = _lines(_dump(finding_json(finding, None)) for finding in capture.analyzer.findings)
        out.write(f'],\n "verdict": {_dump(capture.analyzer.verdict)},\n "links": {links},\n "findings": {found}\n}}\n')


class _Draft:
    """An association's part of the transcript, in pieces of a temporary file."""

    __slots__ = ("_buffer", "_file", "_head", "_messages", "_places", "_size", "_tail", "_unended")

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._buffer: list[str] = []
        self._size = self._messages = 0
        self._places: list[tuple[int, int]] = []
        self._unended: list[tuple[Message, str]] = []
        self._head = self._tail = (0, 0)

    def add(self, message: Message, said: str) -> None:
        """Add a message; one that never ended waits for its number, which comes last."""
        if message.ended:
            self._number(message, said)
        else:
            self._unended.append((message, said))

    def _number(self, message: Message, said: str) -> None:
        self._messages += 1
        line = f'{"," if self._messages > 1 else ""}\n    {{"number": {message.number}, {said[1:]}'
        self._buffer.append(line)
        self._size += len(line)
        if self._size > PIECE:
            self._flush()

    def finish(self, association: Association, digits: int) -> None:
        """Nothing more comes of the association."""
        unended, self._unended = self._unended, []
        for message, said in sorted(unended, key=lambda pair: pair[0].number):
            self._number(message, said)
        self._flush()
        head = association_json(association, digits)
        fields = ",\n   ".join(f"{_dump(key)}: {_dump(value)}" for key, value in head.items())
        contexts = _lines(_dump(context) for context in contexts_json(association))
        self._head = self._write(f'{fields},\n   "presentation_contexts": {contexts},\n   "messages": [')
        found = (_dump(finding_json(finding, association.id)) for finding in association.findings)
        operations = _lines(_dump(operation_json(each)) for each in association.operations.operations)
        self._tail = self._write(f'],\n   "operations": {operations},\n   "findings": {_lines(found)}')

    def parts(self) -> Iterator[str]:
        """Yield the association's fields, in order."""
        for at, length in (self._head, *self._places, self._tail):
            self._file.seek(at)
            yield self._file.read(length).decode()

    def _flush(self) -> None:
        if self._buffer:
            self._places.append(self._write("".join(self._buffer)))
            self._buffer, self._size = [], 0

    def _write(self, text: str) -> tuple[int, int]:
        data, at = text.encode(), self._file.seek(0, SEEK_END)
        self._file.write(data)
        return at, len(data)


def _lines(items: Iterable[str]) -> str:
    joined = ",\n    ".join(items)
    return f"[\n    {joined}]" if joined else "[]"


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def capture_json(capture: Capture) -> Json:
    """Describe the capture as a whole."""
    reader, analyzer = capture.reader, capture.analyzer
    digits = reader.resolution_digits
    first, last = analyzer.first_time, analyzer.last_time
    return {
        "name": reader.name,
        "format": reader.format,
        "packets": analyzer.packets,
        "bytes": analyzer.bytes,
        "first_time": timestamp(first, digits) if first is not None else None,
        "last_time": timestamp(last, digits) if last is not None else None,
        "truncated": bool(reader.truncated),
        "truncated_reason": reader.truncated or None,
        "connections": analyzer.connections,
        "connections_without_dicom": sum(analyzer.foreign.values()),
        "packets_not_used": dict(sorted(analyzer.undecoded.items())),
    }


def association_json(association: Association, digits: int) -> Json:
    """Describe an association without its contexts, messages and findings."""
    rejection, abortion = association.rejection, association.abortion
    return {
        "id": association.id,
        "start_time": timestamp(association.start_time, digits),
        "end_time": timestamp(association.end_time, digits),
        "requestor": _party(association.requestor),
        "acceptor": _party(association.acceptor),
        "requestor_known_by": association.requestor_is,
        "application_context_name": association.application_context_name,
        "outcome": association.outcome,
        "verdict": verdict(association),
        "follows_association": association.follows,
        "reject": rejection
        and {
            "result": rejection.result,
            "source": rejection.source,
            "reason": rejection.reason,
            "meaning": reject_meaning(rejection.result, rejection.source, rejection.reason),
        },
        "abort": abortion
        and {
            "source": abortion.source,
            "reason": abortion.reason,
            "direction": direction(from_requestor=abortion.from_requestor),
            "meaning": abort_meaning(abortion.source, abortion.reason),
        },
        **agreement_json(association),
        "pdu_counts": {
            direction(from_requestor=sender): dict(association.pdu_counts[sender]) for sender in (True, False)
        },
        "tcp": {direction(from_requestor=sender): _health(health) for sender, health in association.tcp.items()},
        "missing_bytes": association.missing_bytes,
        "timing": timing_json(association),
    }


def direction(*, from_requestor: bool) -> str:
    """Name a direction."""
    return "requestor-to-acceptor" if from_requestor else "acceptor-to-requestor"


def _health(health: StreamHealth) -> Json:
    return {
        "retransmitted_segments": health.retransmitted,
        "duplicated_frames": health.duplicated_frames,
        "out_of_order_segments": health.out_of_order,
        "duplicate_acknowledgements": health.duplicate_acks,
        "zero_windows": health.zero_windows,
        "zero_window_time": _seconds(health.zero_window_time),
        "stall_time": _seconds(health.stall_time),
        "delayed_acknowledgements": health.delayed_acks,
        "missing_bytes": health.missing,
        "max_bytes_in_flight": health.max_in_flight,
        "maximum_segment_size": health.maximum_segment_size,
        "round_trip_time": _seconds(health.round_trip_time),
        "handshake_time": _seconds(health.handshake_time),
    }


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else round(nanoseconds / 1e9, 9)


def _party(party: Party) -> Json:
    said = party.information
    return {
        "address": party.endpoint.address,
        "port": party.endpoint.port,
        "ae_title": party.ae_title,
        "max_pdu_length": said.max_pdu_length if said else None,
        "implementation_class_uid": said.implementation_class_uid if said else None,
        "implementation_version_name": said.implementation_version_name if said else None,
        **information_json(said),
    }


def message_json(association: Association, message: Message, digits: int) -> Json:
    """Describe a message without its number; a collected data set is decoded, and dropped."""
    command, latency = message.command, message.latency
    said = {
        "time": timestamp(message.span.first_time, digits),
        "end_time": timestamp(message.span.last_time, digits),
        "direction": direction(from_requestor=message.from_requestor),
        "command": message.name,
        "presentation_context_id": message.context_id,
        "message_id": command.message_id,
        "message_id_being_responded_to": command.message_id_being_responded_to,
        "status": command.status,
        "status_meaning": status_text(command.service, message.sop_class_uid, command.status)
        if command.status is not None
        else None,
        "latency": _seconds(latency),
        "affected_sop_class_uid": command.affected_sop_class_uid,
        "affected_sop_instance_uid": command.affected_sop_instance_uid,
        "requested_sop_class_uid": command.requested_sop_class_uid,
        "requested_sop_instance_uid": command.requested_sop_instance_uid,
        "command_set": {
            "length": len(command.raw),
            "fragments": message.command_fragments,
            "elements": command_json(command),
        },
        "data_set": _data_set(association, message),
        "complete": message.complete,
        "first_packet": message.span.first_packet,
        "last_packet": message.span.last_packet,
    }
    if message.problem:
        said["problem"] = message.problem
    return said


def operation_json(operation: Operation) -> Json:
    """Describe an operation by the numbers of its messages; durations in seconds."""
    said: Json = {
        "name": operation.name,
        "request": operation.request.number,
        "first_response": _number(operation.first_response),
        "final_response": _number(operation.final),
        "status": operation.status,
        "responses": operation.responses,
        "pending": operation.pending,
        "latency": _seconds(operation.latency),
        "final_latency": _seconds(operation.final_latency),
    }
    if operation.cancel is not None:
        said["cancelled_by"] = operation.cancel.number
    if operation.parent is not None:
        said["sub_operation_of"] = operation.parent.request.number
    if operation.sub_operations:
        said["sub_operations"] = operation.sub_operations
        said["stored"] = dict(sorted((operation.stored or {}).items()))
    return said


def _number(message: Message | None) -> int | None:
    return message.number if message is not None else None


def command_json(command: Command) -> Json:
    """Return a command set in the DICOM JSON model (PS3.18 Annex F)."""
    return {f"{tag:08X}": _command_element(tag, value) for tag, value in command.elements.items()}


def _command_element(tag: int, value: bytes) -> Json:
    element = COMMAND_ELEMENTS.get(tag)
    vr = element.vr if element else "UN"
    values: list[Any]
    if vr in ("US", "UL"):
        width = 4 if vr == "UL" else 2
        values = [int.from_bytes(value[at : at + width], "little") for at in range(0, len(value) - width + 1, width)]
    elif vr == "AT":
        values = [f"{tag:08X}" for tag in attribute_tags(value)]
    elif vr == "UN":
        values = [value.hex()] if value else []
    else:
        text = plain_text(value)
        values = [text] if text else []
    return {"vr": vr, "Value": values} if values else {"vr": vr}


def _data_set(association: Association, message: Message) -> Json | None:
    data = message.data_set
    if data is None:
        return None
    said: Json = {"length": data.length, "fragments": data.fragments, "sha256": data.sha256}
    if data.missing:
        said["missing"] = data.missing
    if data.content is not None:
        syntax = association.transfer_syntax(message.context_id)
        with data.content as content:
            decoded = decode_data_set(content, syntax, data.whole)  # type: ignore[arg-type]
        data.content = None
        said["transfer_syntax"] = decoded.transfer_syntax
        said["transfer_syntax_guessed"] = decoded.guessed
        said["elements"] = decoded.to_json()
        if decoded.problem:
            said["problem"] = decoded.problem
    else:
        said["elements"] = {}
    return said


def finding_json(finding: Finding, association: int | None) -> Json:
    """Describe a finding, and what follows from it."""
    said: Json = {
        "code": finding.code,
        "severity": str(finding.severity),
        "message": finding.message,
        "reference": finding.reference,
        "association": association if association is not None else finding.association,
        "message_number": finding.message_number,
        "first_packet": finding.span.first_packet or None,
        "last_packet": finding.span.last_packet or None,
    }
    if finding.followers:
        said["followers"] = [finding_json(follower, association) for follower in finding.followers]
    return said
