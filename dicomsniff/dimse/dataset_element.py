"""A decoded data element, and the value of one in words and in JSON, through pydicom (PS3.5 §6, PS3.18 Annex F)."""

import math
from functools import lru_cache
from typing import Any

from msgspec import Struct, field

from dicomsniff.dictionary.registry import attributes
from dicomsniff.dictionary.uids import uid_text
from dicomsniff.dimse.command import tag_text
from dicomsniff.dimse.effort import has_odd_escapes
from dicomsniff.quantities import counted

INLINE_BINARY = 64
"""Bytes: longer binary values are given by length and digest."""
BINARY_VRS = frozenset(["OB", "OD", "OF", "OL", "OV", "OW", "UN"])
"""VRs whose values are given as bytes."""
SHORT = 64
"""Bytes: what shorter values are is remembered."""
MAX_CREATOR = 64
"""Characters of a private creator (PS3.5 §6.2, LO); a longer one names no dictionary."""


class Element(Struct):
    """A data element: tag (0xGGGGEEEE), VR, name, value in words, its JSON model, and the place of its value.

    `start` counts bytes of the data set (of the inflated one where it is deflated) up to the value, `head` those up
    to the tag, `end` those up to what follows it, a delimiter included. `length` is None for an undefined length.
    `depth` counts the sequences it is in. `items` are (first byte, byte behind) of the items of a sequence.
    """

    tag: int
    vr: str
    name: str
    text: str
    json: dict[str, Any]
    head: int
    start: int
    length: int | None
    depth: int
    end: int
    items: list[tuple[int, int]] = field(default_factory=list)
    hidden: bool = False
    """Whether its bytes may not be shown as they are."""

    def __repr__(self) -> str:
        length = "an undefined length" if self.length is None else f"{self.length} bytes"
        return f"<Element {tag_text(self.tag)} {self.vr} {self.name}, {length}>"


class Inflated(Struct, frozen=True):
    """What a deflated data set inflates to: `length` bytes, of which the first are `content`.

    The places of its elements count these bytes from the one at index `first_element` on; those before, of file meta
    information, count bytes as sent.
    """

    length: int
    first_element: int
    content: bytes


class DecodedDataSet(Struct):
    """What could be read of a data set: its elements in order, sequences flattened with their depth.

    `transfer_syntax` is the one decoded with, `guessed` whether it is not the negotiated one, and `why`. `problem`
    says where bytes could not be read, and whether decoding had to stop there. `inflated` is None where it is not
    deflated.
    """

    transfer_syntax: str
    guessed: bool
    elements: list[Element] = field(default_factory=list)
    problem: str = ""
    why: str = ""
    inflated: Inflated | None = None

    def __repr__(self) -> str:
        problem = f", {self.problem}" if self.problem else ""
        return (
            f"<DecodedDataSet of {counted(len(self.elements), 'element')}, {uid_text(self.transfer_syntax)}{problem}>"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the DICOM JSON model (PS3.18 Annex F); long binary values by length and SHA-256."""
        return {f"{element.tag:08X}": element.json for element in self.elements if element.depth == 0}

    def note(self, problem: str) -> None:
        """Add a problem, where not too many are told already."""
        if self.problem.count("; ") < 4:
            self.problem = f"{self.problem}; {problem}" if self.problem else problem


@lru_cache(maxsize=4096)
def element_name(tag: int, creator: str) -> str:
    """Return an attribute's name; a private one's in brackets, where pydicom knows its creator."""
    from pydicom.dataelem import DataElement

    element = DataElement(tag, "UN", b"")
    element.private_creator = creator or None
    return element.name or "Unknown"


@lru_cache(maxsize=4096)
def find_vr(tag: int, creator: str) -> str:
    """Return an attribute's VR as the dictionaries have it, UN where they do not; may leave a choice (`US or SS`)."""
    found = attributes().get(tag)
    if found is not None:
        return found[0]
    if not tag & 0xFFFF:
        return "UL"  # a group length (PS3.5 §7.2)
    private = bool(tag >> 16 & 1)
    if private and 0x10 <= tag & 0xFFFF <= 0xFF:
        return "LO"
    if private and not creator:
        return "UN"
    from pydicom.datadict import dictionary_VR, private_dictionary_VR  # knows repeating groups and vendors' elements

    try:
        return private_dictionary_VR(tag, creator) if private else dictionary_VR(tag)
    except KeyError:
        return "UN"


def certain_vr(vr: str, *, signed: bool) -> str:
    """Choose where implicit VR leaves open which it is: words, else what Pixel Representation says (PS3.5 §A.1)."""
    if " or " not in vr:
        return vr
    if "OW" in vr:
        return "OW"
    return "SS" if signed and "SS" in vr else vr.partition(" or ")[0]


def convert(
    tag: int, vr: str, value: bytes, encodings: list[str], *, implicit: bool, little: bool
) -> tuple[Any, str, str, dict[str, Any]]:
    """Return a value as pydicom has it (None where it cannot), its VR (UN where it is none of its own), text and JSON.

    `pydicom.config` must not validate, and warnings be ignored. The JSON is the caller's own, but not what is in it.
    """
    if not value:
        return None, vr, "", {"vr": vr}
    if vr in BINARY_VRS:
        return None, vr, *binary(vr, value)
    if has_odd_escapes(value):
        return None, vr, *_as_sent(vr, value)
    # The objects of a series have most of their values in common.
    convert_it = _convert_short if len(value) <= SHORT else _convert
    found, vr, text, json = convert_it(tag, vr, value, tuple(encodings), implicit, little)
    return found, vr, text, json.copy()


def _convert(
    tag: int, vr: str, value: bytes, encodings: tuple[str, ...], implicit: bool, little: bool
) -> tuple[Any, str, str, dict[str, Any]]:
    from pydicom.dataelem import RawDataElement, convert_raw_data_element
    from pydicom.tag import Tag

    try:
        raw = RawDataElement(Tag(tag), vr, len(value), value, 0, implicit, little)
        element = convert_raw_data_element(raw, encoding=list(encodings))
        found = element.value
        return found, str(element.VR), *_describe(element, str(element.VR))
    except Exception:  # noqa: BLE001  pydicom raises anything on bytes that are not of their VR
        return None, vr, *_as_sent(vr, value)


_convert_short = lru_cache(maxsize=2048)(_convert)


def _describe(element: Any, vr: str) -> tuple[str, dict[str, Any]]:
    value = element.value
    if isinstance(value, bytes):
        return binary(vr, value)
    try:
        json = element.to_json_dict(None, 1 << 62)
        if isinstance(json.get("Value"), list):
            json["Value"] = [_finite(each) for each in json["Value"]]
    except Exception:  # noqa: BLE001  values that break their VR have no JSON model; their text still helps
        json = {"vr": vr, "Value": [str(value)]}
    return _text(value), json


def _finite(value: Any) -> Any:
    """Return a value as JSON can have it: special numbers are strings (PS3.18 Table F.2.3-1)."""
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else str(value)


def _as_sent(vr: str, value: bytes) -> tuple[str, dict[str, Any]]:
    """Describe bytes that are no value of their VR."""
    text = value.rstrip(b"\0 ")
    if text.isascii() and text.decode().isprintable():
        return text.decode(), {"vr": vr, "Value": [text.decode()]}
    return binary(vr, value)


def binary(vr: str, value: bytes) -> tuple[str, dict[str, Any]]:
    """Describe bytes: short ones are shown, longer ones given by length and digest."""
    if len(value) > INLINE_BINARY:
        import hashlib

        return by_digest(vr, len(value), hashlib.sha256(value).hexdigest())
    from base64 import b64encode

    return value.hex(" "), {"vr": vr} | ({"InlineBinary": b64encode(value).decode()} if value else {})


def by_digest(vr: str, length: int, sha256: str) -> tuple[str, dict[str, Any]]:
    """Describe a value that is not shown."""
    return counted(length, "byte"), {"vr": vr, "length": length, "sha256": sha256}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str) or not hasattr(value, "__iter__") or type(value).__name__ == "PersonName":
        return str(value)
    return "\\".join(str(part) for part in value)
