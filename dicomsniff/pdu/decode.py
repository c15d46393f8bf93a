"""The bytes of one PDU, after its 6-byte header -> a PDU (PS3.8 §9.3). P-DATA-TF is streamed: see stream.py."""

from collections.abc import Callable
from functools import lru_cache

from msgspec.structs import replace

from dicomsniff.dictionary.pdu_types import pdu_type_name
from dicomsniff.pdu.fields import DecodeError, Field, FieldReader
from dicomsniff.pdu.items import Items, decode_items
from dicomsniff.pdu.types import (
    Abort,
    AssociateAc,
    AssociateRj,
    AssociateRq,
    ControlPdu,
    CutAssociate,
    ReleaseRp,
    ReleaseRq,
    UnknownPdu,
)
from dicomsniff.quantities import counted
from dicomsniff.span import Span

HEADER_LENGTH = 6
_CALLED_END, _CALLING_END, _FIXED_FIELDS = 20, 36, 68
"""Where the AE titles and the fixed fields end in the body of A-ASSOCIATE-RQ and -AC (PS3.8 Table 9-11)."""
LONGEST_KNOWN, MAX_KNOWN = 1 << 14, 128
"""Bytes of items that are remembered with what they mean, and how many are: systems repeat theirs, whoever calls."""
_NOWHERE = Span(0, 0, 0, 0, 0)
SHORTEST_BODY = 4
"""Bytes in the body of A-ASSOCIATE-RJ, A-RELEASE-RQ, -RP and A-ABORT; every other PDU has more (PS3.8 §9.3)."""


def decode_associate_rq(body: FieldReader, span: Span) -> AssociateRq:
    """A-ASSOCIATE-RQ (PS3.8 §9.3.2, Table 9-11)."""
    titles, items = _titles(body), _items(body)
    name, rest = items.application_context_name, (items.user_information, items.unknown, items.problem)
    return AssociateRq(span, len(body.data), *titles, name, items.proposed, *rest, raw=body.data)


def decode_associate_ac(body: FieldReader, span: Span) -> AssociateAc:
    """A-ASSOCIATE-AC (PS3.8 §9.3.3, Table 9-17)."""
    titles, items = _titles(body), _items(body)
    name, rest = items.application_context_name, (items.user_information, items.unknown, items.problem)
    return AssociateAc(span, len(body.data), *titles, name, items.results, *rest, raw=body.data)


def _titles(body: FieldReader) -> tuple[int, str, str]:
    version = body.uint("Protocol-version", 2)
    body.take("Reserved", 2)
    called = body.text("Called-AE-title", 16)
    calling = body.text("Calling-AE-title", 16)
    body.take("Reserved", 32)
    return version, called, calling


def _items(body: FieldReader) -> Items:
    """Read all that follows the fixed fields, unless the same was read before."""
    if body.notes or body.left > LONGEST_KNOWN:
        return decode_items(body)
    return _known_items(body.data[_FIXED_FIELDS:])


@lru_cache(maxsize=MAX_KNOWN)
def _known_items(items: bytes) -> Items:
    body = FieldReader(bytes(_FIXED_FIELDS) + items)  # what is said of them tells places in the body
    body.position = _FIXED_FIELDS
    return decode_items(body)


def decode_associate_rj(body: FieldReader, span: Span) -> AssociateRj:
    """A-ASSOCIATE-RJ (PS3.8 §9.3.4, Table 9-21)."""
    body.take("Reserved", 1)
    return AssociateRj(
        span, len(body.data), body.uint("Result", 1), body.uint("Source", 1), body.uint("Reason/Diag.", 1), _rest(body)
    )


def decode_release_rq(body: FieldReader, span: Span) -> ReleaseRq:
    """A-RELEASE-RQ (PS3.8 §9.3.6, Table 9-24)."""
    return ReleaseRq(span, len(body.data), _reserved_only(body))


def decode_release_rp(body: FieldReader, span: Span) -> ReleaseRp:
    """A-RELEASE-RP (PS3.8 §9.3.7, Table 9-25)."""
    return ReleaseRp(span, len(body.data), _reserved_only(body))


def decode_abort(body: FieldReader, span: Span) -> Abort:
    """A-ABORT (PS3.8 §9.3.8, Table 9-26)."""
    body.take("Reserved", 2)
    return Abort(span, len(body.data), body.uint("Source", 1), body.uint("Reason/Diag.", 1), _rest(body))


def _reserved_only(body: FieldReader) -> str:
    """Read a body of 4 reserved bytes: however many are there, the PDU says the same. Return its problem."""
    length = min(body.left, SHORTEST_BODY)
    body.take("Reserved", length)
    return _rest(body) if length == SHORTEST_BODY else f"{length} of {SHORTEST_BODY} reserved bytes are there"


def _rest(body: FieldReader) -> str:
    if not body.left:
        return ""
    return f"{counted(len(body.take('Rest of the PDU', body.left)), 'byte')} beyond the PDU's layout"


DECODERS: dict[int, Callable[[FieldReader, Span], ControlPdu]] = {
    0x01: decode_associate_rq,
    0x02: decode_associate_ac,
    0x03: decode_associate_rj,
    0x05: decode_release_rq,
    0x06: decode_release_rp,
    0x07: decode_abort,
}


def decode_control_pdu(kind: int, data: bytes, span: Span) -> ControlPdu:
    """Decode the body of any PDU but P-DATA-TF; one that lacks fields becomes an UnknownPdu with its problem."""
    return replace(_known(kind, data), span=span) if len(data) == SHORTEST_BODY else _decode(kind, data, span)


def _decode(kind: int, data: bytes, span: Span = _NOWHERE) -> ControlPdu:
    decode = DECODERS.get(kind)
    if decode is None:
        return UnknownPdu(span, len(data), kind, data)
    try:
        return decode(FieldReader(data), span)
    except DecodeError as error:
        return UnknownPdu(span, len(data), kind, data, str(error))


_known = lru_cache(maxsize=MAX_KNOWN)(_decode)
"""PDUs that say next to nothing, and come with every association."""


def decode_cut_associate(kind: int, data: bytes, length: int, span: Span) -> CutAssociate | None:
    """Read the AE titles of an A-ASSOCIATE-RQ or -AC of `length` bytes of which `data` is there; None without any."""
    if len(data) < _CALLED_END:
        return None
    body = FieldReader(data)
    body.take("Protocol-version, reserved", 4)
    called = body.text("Called-AE-title", 16)
    calling = body.text("Calling-AE-title", 16) if len(data) >= _CALLING_END else None
    return CutAssociate(span, pdu_type_name(kind), length, len(data), called, calling)


def list_fields(kind: int, data: bytes) -> list[Field]:
    """Return the fields of a PDU's body with their places, as far as they can be read."""
    body = FieldReader(data, note=True)
    decode = DECODERS.get(kind)
    try:
        if decode is not None:
            decode(body, _NOWHERE)
        else:
            body.take("Data", len(data))
    except DecodeError:
        if body.left:
            body.take("Undecodable", body.left)
    return body.fields
