"""File meta information where a message must not have it: a Part 10 file sent as it is (PS3.10 §7.1)."""

import struct
from typing import NamedTuple

from dicomsniff.dimse.scan.element_kinds import LONG_VRS, TRANSFER_SYNTAX_UID, VRS
from dicomsniff.pdu.fields import plain_text

MAX_FILE_META = 1 << 13
"""Bytes of file meta information that are read; beyond, the data set is not found."""
GROUP = b"\2\0"
"""How an element of file meta information begins."""
_DESCRIBING = (b"\0\0", b"\1\0", b"\x10\0")
"""Numbers of the elements that make others of the group file meta information: length, version, transfer syntax."""
_PREAMBLE = 128
_PREFIX = b"DICM"
_HEADER = struct.Struct("<HH2sH").unpack_from


class FileMeta(NamedTuple):
    """`found` says what there is, empty where nothing is; `begin` is where its first element begins.

    The data set begins at `end`, None where that is unknown.
    """

    found: str
    begin: int = 0
    end: int | None = 0
    transfer_syntax: str | None = None


_NONE = FileMeta("")


def find_file_meta(head: bytes, *, final: bool) -> FileMeta | None:
    """Look for file meta information before a data set; None where more bytes must come (`final`: none will)."""
    if len(head) < _PREAMBLE + 4 and not final:
        return None
    if head[_PREAMBLE : _PREAMBLE + 4] == _PREFIX:
        return _read(head, _PREAMBLE + 4, "a preamble and file meta information", final=final)
    if head[:4] == _PREFIX:
        return _read(head, 4, "the prefix DICM and file meta information", final=final)
    if head[:2] == GROUP and len(head) >= 8:
        meta = _read(head, 0, "file meta information (group 0002)", final=final)
        # Some queries have a key of group 0002: it is an element like others, and no description of what follows.
        described = meta is None or meta.transfer_syntax is not None or head[2:4] in _DESCRIBING
        return meta if described else _NONE
    return _NONE


def _read(head: bytes, at: int, what: str, *, final: bool) -> FileMeta | None:
    """Go through the elements of group 0002, always explicit VR little endian."""
    found, syntax, size, begin = f"{what} before the data set", None, len(head), at
    while at + 8 <= size:
        group, number, vr, length = _HEADER(head, at)
        if group != 2 or vr not in VRS:
            return FileMeta(found, begin, at, syntax)
        start = at + 8
        if vr in LONG_VRS:
            if at + 12 > size:
                break
            start, length = at + 12, int.from_bytes(head[at + 8 : at + 12], "little")
        if start + length > size:
            break
        if number == TRANSFER_SYNTAX_UID & 0xFFFF:
            syntax = plain_text(head[start : start + length])
        at = start + length
    if final:
        return FileMeta(found, begin, at if at == size else None, syntax)
    return FileMeta(found, begin, None, syntax) if size - at > MAX_FILE_META else None
