"""Decode the items and sub-items of A-ASSOCIATE-RQ and -AC, one function each (PS3.8 §9.3.2, PS3.7 Annex D.3.3)."""

from dataclasses import replace
from typing import Any

from dicomsniff.dictionary.pdu_types import item_type_name
from dicomsniff.pdu.fields import DecodeError, FieldReader
from dicomsniff.pdu.types import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ContextResult,
    ExtendedNegotiation,
    ProposedContext,
    RoleSelection,
    UnknownItem,
    UserIdentity,
    UserIdentityResponse,
    UserInformation,
)


class Items:
    """What the variable items of an A-ASSOCIATE PDU held, as far as they could be read."""

    def __init__(self) -> None:
        self.application_context_name: str | None = None
        self.proposed: list[ProposedContext] = []
        self.results: list[ContextResult] = []
        self.user_information = UserInformation()
        self.unknown: list[UnknownItem] = []
        self.problem = ""


def decode_items(body: FieldReader) -> Items:
    """Read items to the end of the PDU; where one does not fit, keep what came before and say where it stopped."""
    items = Items()
    try:
        while body.left:
            kind, length = _item_header(body)
            with body.item(item_type_name(kind), length):
                _decode_item(body, kind, length, items)
    except DecodeError as error:
        items.problem = str(error)
    return items


def _item_header(body: FieldReader) -> tuple[int, int]:
    kind = body.uint("Item-type", 1)
    body.take("Reserved", 1)
    return kind, body.uint("Item-length", 2)


def _decode_item(body: FieldReader, kind: int, length: int, items: Items) -> None:
    if kind == 0x10:
        items.application_context_name = body.text("Application-context-name", length)
    elif kind == 0x20:
        items.proposed.append(_proposed_context(body))
    elif kind == 0x21:
        items.results.append(_context_result(body))
    elif kind == 0x50:
        _user_information(body, items)
    else:
        items.unknown.append(UnknownItem(kind, body.take("Data", length)))


def _proposed_context(body: FieldReader) -> ProposedContext:
    """Presentation context item, proposed (PS3.8 §9.3.2.2, Table 9-13)."""
    identifier = body.uint("Presentation-context-ID", 1)
    body.take("Reserved", 3)
    abstract, transfer = "", []
    while body.left:
        kind, length = _item_header(body)
        name = item_type_name(kind)
        if kind == 0x30:
            abstract = body.text(name, length)
        elif kind == 0x40:
            transfer.append(body.text(name, length))
        else:
            body.take(name, length)
    return ProposedContext(identifier, abstract, tuple(transfer))


def _context_result(body: FieldReader) -> ContextResult:
    """Presentation context item, result (PS3.8 §9.3.3.2, Table 9-18)."""
    identifier = body.uint("Presentation-context-ID", 1)
    body.take("Reserved", 1)
    result = body.uint("Result/Reason", 1)
    body.take("Reserved", 1)
    transfer = ""
    while body.left:
        kind, length = _item_header(body)
        name = item_type_name(kind)
        if kind == 0x40:
            transfer = body.text(name, length)
        else:
            body.take(name, length)
    return ContextResult(identifier, result, transfer)


def _user_information(body: FieldReader, items: Items) -> None:
    while body.left:
        kind, length = _item_header(body)
        with body.item(item_type_name(kind), length):
            decode = SUB_ITEMS.get(kind)
            info = items.user_information
            if decode is None:
                unknown = UnknownItem(kind, body.take("Data", length))
                items.user_information = replace(info, unknown=(*info.unknown, unknown))
            else:
                name, value = decode(body, length)
                if isinstance(getattr(info, name), tuple):
                    value = (*getattr(info, name), value)
                items.user_information = replace(info, **{name: value})


def _maximum_length(body: FieldReader, _: int) -> tuple[str, Any]:
    """PS3.8 §D.1.1: the largest P-DATA-TF the sender of this wants, in bytes; 0 for any."""
    return "max_pdu_length", body.uint("Maximum-length-received", 4)


def _implementation_class_uid(body: FieldReader, length: int) -> tuple[str, Any]:
    """PS3.7 §D.3.3.2.1."""
    return "implementation_class_uid", body.text("Implementation-class-uid", length)


def _implementation_version_name(body: FieldReader, length: int) -> tuple[str, Any]:
    """PS3.7 §D.3.3.2.3."""
    return "implementation_version_name", body.text("Implementation-version-name", length)


def _asynchronous_operations_window(body: FieldReader, _: int) -> tuple[str, Any]:
    """PS3.7 §D.3.3.3."""
    invoked = body.uint("Maximum-number-operations-invoked", 2)
    return "asynchronous_operations_window", AsynchronousOperationsWindow(
        invoked, body.uint("Maximum-number-operations-performed", 2)
    )


def _role_selection(body: FieldReader, _: int) -> tuple[str, Any]:
    """PS3.7 §D.3.3.4."""
    uid = body.text("SOP-class-uid", body.uint("UID-length", 2))
    return "roles", RoleSelection(uid, body.uint("SCU-role", 1), body.uint("SCP-role", 1))


def _extended_negotiation(body: FieldReader, _: int) -> tuple[str, Any]:
    """PS3.7 §D.3.3.5."""
    uid = body.text("SOP-class-uid", body.uint("SOP-class-uid-length", 2))
    return "extended", ExtendedNegotiation(uid, body.take("Service-class-application-information", body.left))


def _common_extended_negotiation(body: FieldReader, _: int) -> tuple[str, Any]:
    """PS3.7 §D.3.3.6."""
    uid = body.text("SOP-class-uid", body.uint("SOP-class-uid-length", 2))
    service = body.text("Service-class-uid", body.uint("Service-class-uid-length", 2))
    related = []
    with body.item("Related-general-sop-classes", body.uint("Related-general-sop-class-identification-length", 2)):
        while body.left:
            related.append(body.text("Related-general-sop-class-uid", body.uint("UID-length", 2)))
    return "common_extended", CommonExtendedNegotiation(uid, service, tuple(related))


def _user_identity(body: FieldReader, _: int) -> tuple[str, Any]:
    """PS3.7 §D.3.3.7.1."""
    kind = body.uint("User-Identity-Type", 1)
    response = body.uint("Positive-response-requested", 1)
    primary = body.take("Primary-field", body.uint("Primary-field-length", 2), show=False)
    secondary = body.take("Secondary-field", body.uint("Secondary-field-length", 2), show=False)
    return "identity", UserIdentity(kind, response, primary, secondary)


def _user_identity_response(body: FieldReader, _: int) -> tuple[str, Any]:
    """PS3.7 §D.3.3.7.2."""
    length = body.uint("Server-response-length", 2)
    return "identity_response", UserIdentityResponse(body.take("Server-response", length, show=False))


SUB_ITEMS = {
    0x51: _maximum_length,
    0x52: _implementation_class_uid,
    0x53: _asynchronous_operations_window,
    0x54: _role_selection,
    0x55: _implementation_version_name,
    0x56: _extended_negotiation,
    0x57: _common_extended_negotiation,
    0x58: _user_identity,
    0x59: _user_identity_response,
}
"""Sub-items of the user information item by type: each returns the field of UserInformation it fills, and the value."""
