"""A decoded data set -> field rows, each with the place of its bytes."""

from dicomsniff.dictionary.uids import find_uid_name
from dicomsniff.dimse.command import tag_text
from dicomsniff.dimse.dataset import DecodedDataSet, Element
from dicomsniff.tui.field_row import FieldRow


def data_set_rows(decoded: DecodedDataSet, block: int, length: int) -> list[FieldRow]:
    """Return a row per element, each with its own place, also inside a sequence.

    `block` shows the data set of `length` bytes; of a deflated one its inflated bytes, and the next block those sent.
    """
    inflated = decoded.inflated
    if inflated is None:
        return _rows(decoded.elements, block, length)
    sent, proper = decoded.elements[: inflated.first_element], decoded.elements[inflated.first_element :]
    return _rows(sent, block + 1, length) + _rows(proper, block, inflated.length)


def _rows(elements: list[Element], block: int, length: int) -> list[FieldRow]:
    rows: list[FieldRow] = []
    for element in elements:
        start, end = element.head, min(element.end, length)
        name = f"{tag_text(element.tag)} {element.vr} {element.name}"
        place = block if end > start else None
        rows.append(FieldRow(name, element_value(element), element.depth, place, start, end))
    return rows


def element_value(element: Element) -> str:
    """Return an element's value in words: a registered UID by its name first."""
    return named_uid(element.text) if element.vr == "UI" else element.text


def named_uid(uid: str) -> str:
    """Put a registered UID's name before it."""
    name = find_uid_name(uid) if uid.startswith("1.2.840.10008.") else None
    return f"{name} ({uid})" if name else uid
