"""The fields of a PDU or a command set -> field rows, with what their codes mean."""

from msgspec.structs import replace

from dicomsniff.dictionary.commands import COMMAND_ELEMENTS
from dicomsniff.dictionary.pdu_types import pdu_type_name
from dicomsniff.dictionary.reasons import (
    ABORT_SOURCES,
    REJECT_RESULTS,
    REJECT_SOURCES,
    context_result_name,
)
from dicomsniff.dictionary.statuses import status_text
from dicomsniff.dictionary.uids import uid_text
from dicomsniff.dimse.message import Message
from dicomsniff.pdu.decode import HEADER_LENGTH, list_fields
from dicomsniff.pdu.fields import Field
from dicomsniff.quantities import counted
from dicomsniff.tui.data_set_fields import named_uid
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.said import gate

CONTEXT = "Presentation Context"
_CONTROL_PDUS = (1, 2, 3, 5, 6, 7)
_P_DATA_TF = 4
_PDV_HEADERS = 12
"""Bytes of a P-DATA-TF before the data of its first PDV (PS3.8 §9.3.5)."""
FEW = 12
"""Presentation contexts up to which all is shown of each at once."""


def pdu_rows(data: bytes, block: int) -> list[FieldRow]:
    """Return a row per field of a PDU, its header (PS3.8 §9.3.1) included."""
    if len(data) < HEADER_LENGTH:
        return [FieldRow("too short for a PDU header", counted(len(data), "byte"), 0, block, 0, len(data))]
    kind = data[0]
    rows = [
        FieldRow("PDU-type", f"0x{kind:02X} {pdu_type_name(kind)}", 0, block, 0, 1),
        FieldRow("Reserved", gate().octets(data[1:2]), 0, block, 1, 2),
        FieldRow("PDU-length", str(int.from_bytes(data[2:6], "big")), 0, block, 2, HEADER_LENGTH),
    ]
    fields = merge_items(list_fields(kind, data[HEADER_LENGTH:]))
    contexts = sum(field.name.startswith(CONTEXT) for field in fields)
    return rows + [
        FieldRow(
            field.name,
            _pdu_value(kind, field.name, _pdu_text(field)),
            field.depth,
            block,
            field.start + HEADER_LENGTH,
            field.end + HEADER_LENGTH,
            folded=contexts > FEW and field.name.startswith(CONTEXT),
        )
        for field in fields
    ]


def secret_places(data: bytes) -> list[tuple[int, int]]:
    """Return where bytes lie that must not be shown, in a PDU or in other bytes: (start, end) of each."""
    kind = data[0] if data else 0
    if kind in _CONTROL_PDUS:
        return [
            (field.start + HEADER_LENGTH, field.end + HEADER_LENGTH)
            for field in list_fields(kind, data[HEADER_LENGTH:])
            if field.end > field.start and (field.secret or _is_hidden(field))
        ]
    if gate().privacy.keep_phi:
        return []
    headers = _header_length(data)
    anything = [(headers, len(data))] if len(data) > headers else []
    if kind == _P_DATA_TF:
        return anything
    return [(at, at + 1) for at in range(min(headers, len(data))) if gate().hides_octets(data[at : at + 1])] + anything


def _header_length(data: bytes) -> int:
    """Return how many bytes of a data PDU are headers; those of the first PDV of a P-DATA-TF are counted too.

    Where that PDV is longer than the PDU, it is none.
    """
    whole, first = int.from_bytes(data[2:6], "big"), int.from_bytes(data[6:10], "big")
    return _PDV_HEADERS if data[:1] == bytes([_P_DATA_TF]) and first <= whole - 4 else HEADER_LENGTH


def _pdu_text(field: Field) -> str:
    """Return what may be shown of a field's value."""
    if field.raw is not None:
        return gate().octets(field.raw[:32]) + (" …" if len(field.raw) > 32 else "")
    if not field.is_text or field.name == "Implementation-version-name":
        return field.value
    return gate().title(field.value) if field.name.endswith("AE-title") else gate().uid(field.value)


def _is_hidden(field: Field) -> bool:
    return gate().hides_octets(field.raw) if field.raw is not None else _pdu_text(field) != field.value


def merge_items(fields: list[Field]) -> list[Field]:
    """Join each item's type, reserved byte and length with the item that follows them; say what a context is about."""
    merged: list[Field] = []
    at = 0
    while at < len(fields):
        field = fields[at]
        at += 1
        if field.name == "Item-type" and at + 2 < len(fields) and fields[at + 1].name == "Item-length":
            item = fields[at + 2]
            at += 3
            value = item.value
            if item.name.startswith(CONTEXT):
                value = _context(item, fields[at:])
            field = replace(item, start=field.start, value=value)
        merged.append(field)
    return merged


def _context(item: Field, following: list[Field]) -> str:
    parts = []
    for field in following:
        if field.start >= item.end:
            break
        if field.name == "Presentation-context-ID":
            parts.append(field.value)
        elif field.name == "Abstract Syntax":
            parts.append(uid_text(gate().uid(field.value)))
        elif field.name == "Result/Reason":
            parts.append(context_result_name(int(field.value)))
    return ": ".join(parts)


def command_rows(message: Message, block: int) -> list[FieldRow]:
    """Return a row per element of a message's command set."""
    return [
        FieldRow(
            field.name,
            _command_value(message, field.name, _allowed(field)),
            field.depth,
            block,
            field.start,
            field.end,
        )
        for field in message.command.fields()
    ]


_HEADER = 8
"""Bytes of a command element before its value (PS3.7 §6.3.1)."""


def _allowed(field: Field) -> str:
    """Return what may be shown of a command element's value."""
    tag = int(field.name[1:5] + field.name[6:10], 16) if field.name.startswith("(") else 0
    element = COMMAND_ELEMENTS.get(tag)
    if element is not None:
        return gate().command_value(tag, element.vr, field.value)
    return gate().unknown_text(field.value) if tag else field.value


def _pdu_value(kind: int, name: str, value: str) -> str:
    if not value.isdecimal():
        return named_uid(value)
    code = int(value)
    meaning = None
    if name == "Result/Reason":
        meaning = context_result_name(code)
    elif name == "Result" and kind == 0x03:
        meaning = REJECT_RESULTS.get(code)
    elif name == "Source":
        meaning = (REJECT_SOURCES if kind == 0x03 else ABORT_SOURCES).get(code)
    return f"{value} {meaning}" if meaning else value


def _command_value(message: Message, name: str, value: str) -> str:
    command = message.command
    if name.startswith("(0000,0900)") and command.status is not None:
        return f"{value} {status_text(command.service, message.sop_class_uid, command.status)}"
    if name.startswith("(0000,0800)"):
        return f"{value} {'a data set follows' if command.announces_data_set else 'no data set'}"
    return named_uid(value)


def secret_elements(message: Message) -> list[tuple[int, int]]:
    """Return the places of command elements that are not shown as they are: comments, and what is not known."""
    if gate().privacy.keep_phi:
        return []
    fields = message.command.fields()
    return [(field.start + _HEADER, field.end) for field in fields if _allowed(field) != field.value]
