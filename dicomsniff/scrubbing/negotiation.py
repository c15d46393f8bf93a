"""A-ASSOCIATE-RQ and -AC -> what of their bodies is shown: items without secrets, and without what nobody knows."""

from dicomsniff.pdu.decode import list_fields
from dicomsniff.pdu.fields import Field
from dicomsniff.scrubbing.erasing import Erasing

_RESERVED = 4
"""Bytes: longer runs that mean nothing may hold text."""
_FIRST_OF_TEXT = 0x20
_VERSION_NAME = "Implementation-version-name"


def shown_body(kind: int, body: bytes, erasing: Erasing) -> bytes:
    """Return the body of a PDU (type 1 or 2) as it is shown; of what cannot be decoded there are zeros."""
    out = bytearray(len(body))
    for field in list_fields(kind, body):
        if not _is_container(field):
            out[field.start : field.end] = _shown(field, body[field.start : field.end], erasing)
    return bytes(out)


def _is_container(field: Field) -> bool:
    """Whether a field stands for an item, whose own fields follow."""
    return not field.secret and not field.is_text and field.raw is None and field.value.endswith(("byte", "bytes"))


def _shown(field: Field, value: bytes, erasing: Erasing) -> bytes:
    if field.secret:
        return b"X" * len(value)
    if field.raw is not None:
        return value if len(value) < _RESERVED else bytes(each if each < _FIRST_OF_TEXT else 0 for each in value)
    if not field.is_text or field.name == _VERSION_NAME:
        return value
    return erasing.title(value) if field.name.endswith("AE-title") else erasing.uid(value)
