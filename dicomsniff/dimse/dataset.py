"""Data set bytes -> elements, through pydicom, as far as they can be read (PS3.5)."""

import hashlib
import warnings
import zlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, BinaryIO

from dicomsniff.dictionary.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

MAX_INFLATED = 256 << 20
"""Bytes a deflated data set may grow to; what is beyond is not decoded."""
LARGE = 1 << 20
"""Bytes: longer values are not read into memory."""
UNDEFINED_LENGTH = 0xFFFFFFFF
_DELIMITER = 8
INLINE_BINARY = 64
"""Bytes: longer binary values are given by length and digest."""

_VRS = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
)


@dataclass(slots=True)
class Element:
    """A data element: tag (0xGGGGEEEE), VR, name, value in words, its JSON model, and the place of its value.

    `start` counts bytes of the data set (of the inflated one where it is deflated) up to the value; None inside a
    sequence. `length` is None for an undefined length.
    """

    tag: int
    vr: str
    name: str
    text: str
    json: dict[str, Any]
    start: int | None
    length: int | None
    depth: int


@dataclass(slots=True)
class DecodedDataSet:
    """What could be read of a data set: its elements in order, sequences flattened with their depth.

    `transfer_syntax` is the one decoded with, `guessed` whether the negotiation did not say so. `problem` says where
    decoding had to stop.
    """

    transfer_syntax: str
    guessed: bool
    elements: list[Element] = field(default_factory=list)
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the DICOM JSON model (PS3.18 Annex F); long binary values by length and SHA-256."""
        return {f"{element.tag:08X}": element.json for element in self.elements if element.depth == 0}


def decode_data_set(content: BinaryIO, transfer_syntax: str | None, whole: int | None = None) -> DecodedDataSet:
    """Decode a data set from the start of `content`; a transfer syntax of None is guessed from its first bytes.

    `whole` is the number of bytes before the first missing one: nothing behind it is decoded.
    """
    from pydicom import config
    from pydicom.dataelem import RawDataElement, convert_raw_data_element
    from pydicom.filereader import data_element_generator

    content.seek(0)
    guessed = transfer_syntax is None
    syntax = transfer_syntax or _guess_syntax(content.read(6))
    content.seek(0)
    decoded = DecodedDataSet(syntax, guessed)
    if whole is not None and content.seek(0, 2) > whole:
        content.seek(0)
        content = BytesIO(content.read(whole))
        decoded.problem = f"bytes are missing after the first {whole}; what follows is not decoded"
    content.seek(0)
    if syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        content, problem = _inflate(content)
        decoded.problem = decoded.problem or problem
    size = content.seek(0, 2)
    content.seek(0)
    implicit = syntax == IMPLICIT_VR_LITTLE_ENDIAN
    little = syntax != EXPLICIT_VR_BIG_ENDIAN
    encoding: list[str] = ["iso8859"]
    signed = False
    with warnings.catch_warnings(), config.disable_value_validation():
        warnings.simplefilter("ignore")
        try:
            for raw in data_element_generator(content, implicit, little, defer_size=LARGE):
                resume = content.tell()
                if isinstance(raw, RawDataElement):
                    announced = None if raw.length == UNDEFINED_LENGTH else raw.length
                    if announced is not None and raw.value_tell + announced > size:
                        there = max(0, size - raw.value_tell)
                        decoded.problem = f"{_tag(raw.tag)} announces {announced} bytes; {there} are there"
                        break
                    if raw.value is None and raw.length:
                        decoded.elements.append(_large(content, raw, resume))
                        content.seek(resume)
                        continue
                    element = convert_raw_data_element(raw, encoding=encoding)
                    if " or " in element.VR:
                        certain = raw._replace(VR=_certain_vr(element.VR, signed=signed))
                        element = convert_raw_data_element(certain, encoding=encoding)
                    decoded.elements += _flatten(element, 0, raw.value_tell, announced)
                else:
                    element = raw
                    decoded.elements += _flatten(element, 0, raw.file_tell, None)
                if element.tag == 0x00080005:
                    encoding = _python_encodings(element.value)
                elif element.tag == 0x00280103:
                    signed = element.value == 1
        except Exception as error:  # noqa: BLE001  pydicom raises anything on bytes that are no data set
            decoded.problem = decoded.problem or f"after {_last_tag(decoded)}: {error or type(error).__name__}"
    return decoded


def _certain_vr(vr: str, *, signed: bool) -> str:
    """Choose where implicit VR leaves open which it is: words, else what Pixel Representation says (PS3.5 §A.1)."""
    if "OW" in vr:
        return "OW"
    return "SS" if signed and "SS" in vr else vr.partition(" or ")[0]


def _large(content: BinaryIO, raw: Any, end: int) -> Element:
    """Describe a value too large to be read at once, by length and digest."""
    from pydicom.datadict import dictionary_description, dictionary_has_tag, dictionary_VR

    known = dictionary_has_tag(raw.tag)
    vr = raw.VR or (_certain_vr(dictionary_VR(raw.tag), signed=False) if known else "UN")
    length = raw.length if raw.length != UNDEFINED_LENGTH else end - raw.value_tell - _DELIMITER
    content.seek(raw.value_tell)
    hasher, left = hashlib.sha256(), length
    while left > 0 and (part := content.read(min(left, LARGE))):
        hasher.update(part)
        left -= len(part)
    json = {"vr": vr, "length": length, "sha256": hasher.hexdigest()}
    name = dictionary_description(raw.tag) if known else "Unknown"
    announced = None if raw.length == UNDEFINED_LENGTH else raw.length
    return Element(int(raw.tag), vr, name, f"{length} bytes", json, raw.value_tell, announced, 0)


def _flatten(element: Any, depth: int, start: int | None, length: int | None) -> Iterator[Element]:
    tag, vr = int(element.tag), str(element.VR)
    name = str(element.name)
    if vr == "SQ":
        items = list(element.value)
        nested = [
            [part for inner in _in_order(item) for part in _flatten(inner, depth + 1, None, None)] for item in items
        ]
        values = [{f"{e.tag:08X}": e.json for e in item if e.depth == depth + 1} for item in nested]
        json: dict[str, Any] = {"vr": "SQ", "Value": values}
        yield Element(tag, vr, name, f"{len(items)} item{'s' * (len(items) != 1)}", json, start, length, depth)
        for item in nested:
            yield from item
        return
    text, json = _value(element, vr)
    yield Element(tag, vr, name, text, json, start, length, depth)


def _in_order(item: Any) -> list[Any]:
    elements = []
    for tag in sorted(item.keys()):
        try:
            elements.append(item[tag])
        except Exception:  # noqa: BLE001  a value that pydicom cannot convert is shown undecoded
            elements.append(_Undecodable(item.get_item(tag)))
    return elements


class _Undecodable:
    """Stands for an element whose value pydicom refuses; its bytes are shown."""

    VR = "UN"
    name = "undecodable value"

    def __init__(self, raw: Any) -> None:
        self.tag, self.value = raw.tag, raw.value or b""


def _value(element: Any, vr: str) -> tuple[str, dict[str, Any]]:
    value = element.value
    if isinstance(value, bytes):
        if len(value) > INLINE_BINARY:
            digest = hashlib.sha256(value).hexdigest()
            return f"{len(value)} bytes", {"vr": vr, "length": len(value), "sha256": digest}
        return value.hex(" "), {"vr": vr} | ({"InlineBinary": b64encode(value).decode()} if value else {})
    try:
        json = element.to_json_dict(None, 1 << 62)
    except Exception:  # noqa: BLE001  values that break their VR have no JSON model; their text still helps
        json = {"vr": vr, "Value": [str(value)]}
    return _text(value), json


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str) or not hasattr(value, "__iter__") or type(value).__name__ == "PersonName":
        return str(value)
    return "\\".join(str(part) for part in value)


def _guess_syntax(head: bytes) -> str:
    """Explicit VR where a VR stands after the first tag, big endian where the tag's group only then is small."""
    if head[4:6] in _VRS:
        little, big = int.from_bytes(head[:2], "little"), int.from_bytes(head[:2], "big")
        return EXPLICIT_VR_BIG_ENDIAN if big < little else EXPLICIT_VR_LITTLE_ENDIAN
    return IMPLICIT_VR_LITTLE_ENDIAN


def _inflate(content: BinaryIO) -> tuple[BinaryIO, str]:
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)  # PS3.5 §A.5: RFC 1951, no zlib header
    try:
        inflated = inflater.decompress(content.read(), MAX_INFLATED)
    except zlib.error as error:
        return BytesIO(b""), f"deflated data set does not inflate: {error}"
    if inflater.unconsumed_tail:
        return BytesIO(inflated), f"inflated beyond {MAX_INFLATED} bytes; the rest is not decoded"
    return BytesIO(inflated), "" if inflater.eof else "the deflated data set is cut off"


def _python_encodings(value: Any) -> list[str]:
    from pydicom.charset import convert_encodings

    names = [value] if isinstance(value, str) else [str(part) for part in value or [""]]
    return list(convert_encodings(names))


def _tag(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _last_tag(decoded: DecodedDataSet) -> str:
    return _tag(decoded.elements[-1].tag) if decoded.elements else "its start"
