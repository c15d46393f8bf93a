"""A decoded data set -> field rows, each with the place of its bytes."""

from bisect import bisect_right

from dicomsniff.dictionary.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    find_uid_name,
)
from dicomsniff.dimse.command import tag_text
from dicomsniff.dimse.dataset import DecodedDataSet, Element
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.printable import printable

LONG_LENGTH_VRS = frozenset(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"])
"""VRs whose length field takes four bytes after two reserved ones (PS3.5 §7.1.2)."""


def data_set_rows(decoded: DecodedDataSet, block: int, length: int) -> list[FieldRow]:
    """Return a row per element; one inside a sequence has the place of the sequence."""
    tops = [element for element in decoded.elements if element.depth == 0 and element.start is not None]
    heads = [_head(element, decoded.transfer_syntax) for element in tops]
    rows: list[FieldRow] = []
    start, end = 0, 0
    for element in decoded.elements:
        if element.depth == 0:
            start, end = _place(element, heads, decoded.transfer_syntax, length)
        name = f"{tag_text(element.tag)} {element.vr} {element.name}"
        rows.append(
            FieldRow(
                printable(name),
                printable(element_value(element)),
                element.depth,
                block if end > start else None,
                start,
                end,
            )
        )
    return rows


def element_value(element: Element) -> str:
    """Return an element's value in words: a registered UID by its name first."""
    return named_uid(element.text) if element.vr == "UI" else element.text


def named_uid(uid: str) -> str:
    """Put a registered UID's name before it."""
    name = find_uid_name(uid) if uid.startswith("1.2.840.10008.") else None
    return f"{name} ({uid})" if name else uid


def is_deflated(decoded: DecodedDataSet) -> bool:
    """Whether the places of its elements count inflated bytes."""
    return decoded.transfer_syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN


def _head(element: Element, syntax: str) -> int:
    """Return where an element begins: its tag, before VR and length."""
    long = syntax != IMPLICIT_VR_LITTLE_ENDIAN and element.vr in LONG_LENGTH_VRS
    return max(0, (element.start or 0) - (12 if long else 8))


def _place(element: Element, heads: list[int], syntax: str, length: int) -> tuple[int, int]:
    """Return an element's bytes; one of undefined length ends where the next begins."""
    if element.start is None:
        return 0, 0
    head = _head(element, syntax)
    if element.length is not None:
        return head, element.start + element.length
    following = bisect_right(heads, element.start)
    return head, heads[following] if following < len(heads) else length
