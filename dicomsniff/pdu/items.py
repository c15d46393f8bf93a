"""Decode the items and sub-items of A-ASSOCIATE-RQ and -AC, one function each (PS3.8 §9.3.2, PS3.7 Annex D.3.3)."""

import struct
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from dicomsniff.dictionary.application_information import find_information_layout
from dicomsniff.dictionary.pdu_types import IDENTITY_TYPES, item_type_name
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

COMMON_EXTENDED_NEGOTIATION = 0x57
_ITEM_HEADER = struct.Struct(">BxH")
REPEATABLE = ("roles", "extended", "common_extended")
IDENTITIES = (0x58, 0x59)
ROLE = {0: "not proposed, or not accepted", 1: "proposed, or accepted"}


class Items(Struct, frozen=True):
    """What the variable items of an A-ASSOCIATE PDU hold, as far as they can be read."""

    application_context_name: str | None
    proposed: tuple[ProposedContext, ...]
    results: tuple[ContextResult, ...]
    user_information: UserInformation
    unknown: tuple[UnknownItem, ...]
    problem: str
    """Where reading stopped."""


class _Reading:
    """The same, while they are read."""

    def __init__(self) -> None:
        self.application_context_name: str | None = None
        self.proposed: list[ProposedContext] = []
        self.results: list[ContextResult] = []
        self.said: dict[str, Any] = {}
        """Fields of UserInformation; lists of those that may be said more than once."""
        self.unknown: list[UnknownItem] = []

    def end(self, problem: str) -> Items:
        """Return what was read."""
        said: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in self.said.items()
        }
        return Items(
            self.application_context_name,
            tuple(self.proposed),
            tuple(self.results),
            UserInformation(**said),
            tuple(self.unknown),
            problem,
        )


def decode_items(body: FieldReader) -> Items:
    """Read items to the end of the PDU; where one does not fit, keep what came before and say where it stopped."""
    items, problem = _Reading(), ""
    try:
        while body.left:
            kind, length = _item_header(body)
            with body.item(item_type_name(kind), length):
                _decode_item(body, kind, items)
    except DecodeError as error:
        problem = str(error)
    return items.end(problem)


def _item_header(body: FieldReader) -> tuple[int, int]:
    if (header := body.at_once(_ITEM_HEADER)) is not None:  # an A-ASSOCIATE-RQ may have hundreds
        return header[0], header[1]
    kind = body.uint("Item-type", 1)
    body.take("Sub-item-version" if kind == COMMON_EXTENDED_NEGOTIATION else "Reserved", 1)
    return kind, body.uint("Item-length", 2)


def _decode_item(body: FieldReader, kind: int, items: _Reading) -> None:
    if kind == 0x10 and items.application_context_name is None:
        items.application_context_name = body.text("Application-context-name", body.left)
    elif kind == 0x20:
        items.proposed.append(_proposed_context(body))
    elif kind == 0x21:
        items.results.append(_context_result(body))
    elif kind == 0x50:
        _user_information(body, items)
    else:
        items.unknown.append(UnknownItem(kind, body.take("Data", body.left)))


def _proposed_context(body: FieldReader) -> ProposedContext:
    """Presentation context item, proposed (PS3.8 §9.3.2.2, Table 9-13)."""
    identifier = body.uint("Presentation-context-ID", 1)
    body.take("Reserved", 3)
    syntaxes, unknown = _syntaxes(body)
    abstract = syntaxes.get(0x30, [""])
    unknown += [UnknownItem(0x30, again.encode()) for again in abstract[1:]]
    return ProposedContext(identifier, abstract[0], tuple(syntaxes.get(0x40, ())), tuple(unknown))


def _context_result(body: FieldReader) -> ContextResult:
    """Presentation context item, result (PS3.8 §9.3.3.2, Table 9-18)."""
    identifier = body.uint("Presentation-context-ID", 1)
    body.take("Reserved", 1)
    result = body.uint("Result/Reason", 1)
    body.take("Reserved", 1)
    syntaxes, unknown = _syntaxes(body)
    transfer = syntaxes.get(0x40, [""])
    unknown += [UnknownItem(kind, again.encode()) for kind in syntaxes for again in syntaxes[kind][kind == 0x40 :]]
    return ContextResult(identifier, result, transfer[0], tuple(unknown))


def _syntaxes(body: FieldReader) -> tuple[dict[int, list[str]], list[UnknownItem]]:
    """Read the sub-items of a presentation context (PS3.8 §9.3.2.2); return the syntaxes by type, and the rest."""
    syntaxes: dict[int, list[str]] = {}
    unknown: list[UnknownItem] = []
    while body.left:
        kind, length = _item_header(body)
        name = item_type_name(kind)
        if kind in (0x30, 0x40):
            syntaxes.setdefault(kind, []).append(body.text(name, length))
        else:
            unknown.append(UnknownItem(kind, body.take(name, length)))
    return syntaxes, unknown


def _user_information(body: FieldReader, items: _Reading) -> None:
    """Read the sub-items; of one that may stand only once, the first counts."""
    said = items.said
    while body.left:
        kind, length = _item_header(body)
        with body.item(item_type_name(kind), length, secret=kind in IDENTITIES):
            name, decode = SUB_ITEMS.get(kind, ("", None))
            if decode is None or (name in said and name not in REPEATABLE):
                read = body.secret if kind in IDENTITIES else body.take
                said.setdefault("unknown", []).append(UnknownItem(kind, read("Data", body.left)))
            else:
                value = _sub_item(body, kind, decode)
                if name in REPEATABLE:
                    said.setdefault(name, []).append(value)
                else:
                    said[name] = value


def _sub_item(body: FieldReader, kind: int, decode: Callable[[FieldReader], Any]) -> Any:
    """Decode a sub-item of the user information; where it does not fit, say which one."""
    try:
        return decode(body)
    except DecodeError as error:
        raise DecodeError(f"{item_type_name(kind)}: {error}") from error


def _maximum_length(body: FieldReader) -> int:
    """PS3.8 §D.1.1: the largest P-DATA-TF the sender of this wants, in bytes; 0 for any."""
    return body.uint("Maximum-length-received", 4, {0: "no limit"})


def _implementation_class_uid(body: FieldReader) -> str:
    """PS3.7 §D.3.3.2.1."""
    return body.text("Implementation-class-uid", body.left)


def _implementation_version_name(body: FieldReader) -> str:
    """PS3.7 §D.3.3.2.3."""
    return body.text("Implementation-version-name", body.left)


def _asynchronous_operations_window(body: FieldReader) -> AsynchronousOperationsWindow:
    """PS3.7 §D.3.3.3."""
    invoked = body.uint("Maximum-number-operations-invoked", 2, {0: "any number"})
    return AsynchronousOperationsWindow(invoked, body.uint("Maximum-number-operations-performed", 2, {0: "any number"}))


def _role_selection(body: FieldReader) -> RoleSelection:
    """PS3.7 §D.3.3.4."""
    uid = body.text("SOP-class-uid", body.uint("UID-length", 2))
    return RoleSelection(uid, body.uint("SCU-role", 1, ROLE), body.uint("SCP-role", 1, ROLE))


def _extended_negotiation(body: FieldReader) -> ExtendedNegotiation:
    """PS3.7 §D.3.3.5; what the information means is the service's affair (PS3.4)."""
    uid = body.text("SOP-class-uid", body.uint("SOP-class-uid-length", 2))
    start = body.position
    for each in find_information_layout(uid)[: body.left]:
        body.uint(each.name, 1, each.meanings)
    if body.left:
        body.take("Service-class-application-information", body.left)
    return ExtendedNegotiation(uid, body.data[start : body.position])


def _common_extended_negotiation(body: FieldReader) -> CommonExtendedNegotiation:
    """PS3.7 §D.3.3.6."""
    uid = body.text("SOP-class-uid", body.uint("SOP-class-uid-length", 2))
    service = body.text("Service-class-uid", body.uint("Service-class-uid-length", 2))
    related = []
    with body.item("Related-general-sop-classes", body.uint("Related-general-sop-class-identification-length", 2)):
        while body.left:
            related.append(body.text("Related-general-sop-class-uid", body.uint("UID-length", 2)))
    return CommonExtendedNegotiation(uid, service, tuple(related))


def _user_identity(body: FieldReader) -> UserIdentity:
    """PS3.7 §D.3.3.7.1."""
    kind = body.uint("User-Identity-Type", 1, IDENTITY_TYPES)
    response = body.uint("Positive-response-requested", 1, {0: "no", 1: "yes"})
    primary = body.secret("Primary-field", body.uint("Primary-field-length", 2))
    secondary = body.secret("Secondary-field", body.uint("Secondary-field-length", 2))
    return UserIdentity(kind, response, primary, secondary)


def _user_identity_response(body: FieldReader) -> UserIdentityResponse:
    """PS3.7 §D.3.3.7.2."""
    return UserIdentityResponse(body.secret("Server-response", body.uint("Server-response-length", 2)))


SUB_ITEMS: dict[int, tuple[str, Callable[[FieldReader], Any]]] = {
    0x51: ("max_pdu_length", _maximum_length),
    0x52: ("implementation_class_uid", _implementation_class_uid),
    0x53: ("asynchronous_operations_window", _asynchronous_operations_window),
    0x54: ("roles", _role_selection),
    0x55: ("implementation_version_name", _implementation_version_name),
    0x56: ("extended", _extended_negotiation),
    COMMON_EXTENDED_NEGOTIATION: ("common_extended", _common_extended_negotiation),
    0x58: ("identity", _user_identity),
    0x59: ("identity_response", _user_identity_response),
}
"""Sub-items of the user information item by type: the field of UserInformation it fills, and how it is read."""
