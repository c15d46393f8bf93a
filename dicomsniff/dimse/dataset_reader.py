"""Data set bytes in one encoding -> elements, every one that can be read, on whatever is wrong between them."""

import hashlib
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from dicomsniff.dimse.command import tag_text
from dicomsniff.dimse.dataset_element import (
    BINARY_VRS,
    INLINE_BINARY,
    MAX_CREATOR,
    DecodedDataSet,
    Element,
    by_digest,
    certain_vr,
    convert,
    element_name,
    find_vr,
)
from dicomsniff.dimse.dataset_fragments import read_fragments
from dicomsniff.dimse.effort import HEADER, MAX_LISTED, MAX_SHOWN, UNLIMITED, value_cost
from dicomsniff.dimse.scan.kinds import LONG_VRS, NUMBER_OF_FRAMES, PIXEL_DATA, VRS
from dicomsniff.dimse.scan.nesting import ITEM, ITEM_DELIMITER, MAX_DEPTH, SEQUENCE_DELIMITER
from dicomsniff.dimse.scan.pixels import identify_codec
from dicomsniff.dimse.scan.syntax import FIRST_DELIMITER, UNDEFINED_LENGTH, Encoding
from dicomsniff.dimse.scan.values import DEFAULT_ENCODING, python_encodings
from dicomsniff.quantities import counted

LARGE = 1 << 16
"""Bytes: longer values are not read into memory, and given by length and digest."""

_ITEM_TAG = b"\xfe\xff\x00\xe0"
_CHARACTER_SET, _PIXEL_REPRESENTATION = 0x00080005, 0x00280103


@dataclass(slots=True)
class _Container:
    """The data set, a sequence (with `items`) or an item, as far as it was read."""

    end: int
    implicit: bool
    little: bool
    depth: int
    undelimited: bool
    encodings: list[str]
    signed: bool
    name: str = "the data set"
    json: dict[str, Any] = field(default_factory=dict)
    element: Element | None = None
    """The sequence's element; None for the data set and for items."""
    items: int = 0
    listed_in: Element | None = None
    """The sequence that an item belongs to, where it is listed; `head` is where the item begins."""
    head: int = 0
    creators: dict[int, str] = field(default_factory=dict)


class DataSetReader:
    """Reads `content` from `start` to `size` into `decoded`, as far as it is `affordable` (`effort`).

    `has_native_pixels`, `codec` and `codec_syntax` tell of Pixel Data at top level, `has_fragments` that it is
    encapsulated.
    """

    def __init__(
        self,
        content: BinaryIO,
        start: int,
        size: int,
        encoding: Encoding,
        decoded: DecodedDataSet,
        *,
        affordable: int = UNLIMITED,
    ) -> None:
        self.has_native_pixels = self.has_fragments = False
        self.codec = self.codec_syntax = ""
        self.departure = ""
        self._content, self._at, self._size, self._decoded = content, start, size, decoded
        top = _Container(
            size, encoding.implicit, encoding.little, 0, undelimited=False, encodings=[DEFAULT_ENCODING], signed=False
        )
        self._stack = [top]
        self._affordable = affordable
        self._effort = self._shown = self._listed = 0
        """What was spent on all that was met, and on values alone; how many elements and items were met."""
        self._abridged = self._too_deep = False
        """Whether long values are given by digest only, and whether sequences are passed over, as is said once."""

    def read(self) -> None:
        """Read every element. Warnings must be ignored, and pydicom's validation be off."""
        while self._stack:
            here = self._stack[-1]
            if self._listed > MAX_LISTED:
                self._stop(f"it has more than {MAX_LISTED} elements; from byte {self._at} on they are not listed")
            elif self._effort > self._affordable:
                text = "it inflates to far more elements than is usual for its length"
                self._stop(f"{text}; from inflated byte {self._at} on they are not listed")
            elif self._at >= here.end:
                if here.undelimited:
                    self._decoded.note(f"{here.name} has no delimiter")
                self._close(self._at)
            elif here.element is not None:
                self._read_item(here, here.element)
            else:
                self._read_element(here)

    def _stop(self, problem: str) -> None:
        self._decoded.note(problem)
        while self._stack:
            self._close(self._at)

    def _close(self, end: int) -> None:
        """What is innermost ends at byte `end`: there reading goes on."""
        here, self._at = self._stack.pop(), end
        if here.element is not None:
            here.element.end = end
        elif here.listed_in is not None:
            here.listed_in.items.append((here.head, end))

    def _peek(self, at: int, length: int) -> bytes:
        self._content.seek(at)
        return self._content.read(min(length, max(0, self._size - at)))

    def _read_element(self, here: _Container) -> None:
        head, at = self._peek(self._at, 12), self._at
        self._effort += HEADER
        self._listed += 1
        if len(head) < 8:
            self._stop(f"the last {len(head)} bytes are no element")
            return
        tag = _number(head[:2], here) << 16 | _number(head[2:4], here)
        if tag >= FIRST_DELIMITER:
            self._read_delimiter(here, tag, _number(head[4:8], here))
            return
        creator = here.creators.get(tag >> 8, "") if tag >> 16 & 1 and tag & 0xFFFF > 0xFF else ""
        if here.implicit:
            vr, start, length = find_vr(tag, creator), at + 8, _number(head[4:8], here)
        elif head[4:6] in LONG_VRS:
            if len(head) < 12:
                self._stop(f"the last {len(head)} bytes are no element")
                return
            vr, start, length = head[4:6].decode(), at + 12, _number(head[8:12], here)
        elif head[4:6] in VRS:
            vr, start, length = head[4:6].decode(), at + 8, _number(head[6:8], here)
        elif self._departs(here, tag, head):
            return
        else:
            vr = "UN"
            problem = f"{tag_text(tag)} at byte {at} has the undefined VR {_shown(head[4:6])}"
            if (place := self._find_value(here, tag, head)) is None:
                self._stop(problem)
                return
            self._decoded.note(problem)
            start, length = place
        element = Element(
            tag, vr, element_name(tag, creator), "", {"vr": vr}, at, start, length, here.depth, start + length
        )
        self._take(here, element, creator, start, length)

    def _take(self, here: _Container, element: Element, creator: str, start: int, length: int) -> None:
        """Take an element whose header was read; its value begins at `start`."""
        tag, sent_vr, stop = element.tag, element.vr, start + length
        implicit = here.implicit or sent_vr == "UN"  # PS3.5 §6.2.2
        vr = sent_vr
        if sent_vr == "UN" and length < 0xFFFF:
            vr = find_vr(tag, creator)  # the sender had no dictionary for it
        vr = element.vr = certain_vr(vr, signed=here.signed)
        if length == UNDEFINED_LENGTH:
            element.length = None
            self._add(here, element)
            if tag == PIXEL_DATA or (vr in ("OB", "OW") and sent_vr != "UN"):
                self._read_fragments(here, element, start)
            else:
                self._open(here, element, start, here.end, implicit=implicit, undelimited=True)
            return
        sequence = vr == "SQ" and (sent_vr == "SQ" or self._peek(start, 4) == _ITEM_TAG)
        if stop > here.end and not (sequence and here.end == self._size):
            self._overrun(here, tag, start, stop)
            return
        self._add(here, element)
        if sequence:
            if stop > here.end:
                self._decoded.note(f"{tag_text(tag)} announces {length} bytes; {here.end - start} are there")
            self._open(here, element, start, min(stop, here.end), implicit=implicit, undelimited=False)
            return
        self._at = stop
        if vr == "SQ":
            element.vr = "UN"
        if here.depth > MAX_DEPTH:
            return
        value = self._peek(start, length) if length <= LARGE else b""
        if length > LARGE or self._abridges(element, value):
            element.text, element.json = by_digest(element.vr, length, self._digest(start, length))
        else:
            self._convert(here, element, value)
        here.json[f"{tag:08X}"] = element.json
        if tag == PIXEL_DATA and not here.depth:
            self.has_native_pixels = True

    def _add(self, here: _Container, element: Element) -> None:
        if here.depth <= MAX_DEPTH:
            self._decoded.elements.append(element)
            here.json[f"{element.tag:08X}"] = element.json

    def _abridges(self, element: Element, value: bytes) -> bool:
        """Whether a value is given by its digest, as those before it were too much already."""
        cost = value_cost(value) if element.vr not in BINARY_VRS else 0
        too_much = self._shown + cost > MAX_SHOWN or self._effort + cost > self._affordable
        if cost > INLINE_BINARY and too_much:
            if not self._abridged:
                self._decoded.note(f"from byte {element.head} on, long values are given by length and digest only")
            self._abridged = True
            return True
        self._effort += cost
        self._shown += cost
        return False

    def _convert(self, here: _Container, element: Element, value: bytes) -> None:
        tag = element.tag
        found, element.vr, element.text, element.json = convert(
            tag, element.vr, value, here.encodings, implicit=here.implicit, little=here.little
        )
        if tag == _CHARACTER_SET:
            here.encodings, _ = python_encodings(element.text)
        elif tag == _PIXEL_REPRESENTATION:
            here.signed = found == 1
        elif tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF:
            creator = element.text if len(element.text) <= MAX_CREATOR else ""
            here.creators[(tag >> 16 << 8) | tag & 0xFF] = creator

    def _open(
        self, here: _Container, element: Element, start: int, end: int, *, implicit: bool, undelimited: bool
    ) -> None:
        """Go into a sequence whose value begins at `start`."""
        element.vr, element.text, element.json = "SQ", "0 items", {"vr": "SQ", "Value": []}
        if here.depth <= MAX_DEPTH:
            here.json[f"{element.tag:08X}"] = element.json
        self._at = start
        if here.depth >= MAX_DEPTH and not self._too_deep:
            self._decoded.note(f"elements in sequences more than {MAX_DEPTH} deep are not listed")
            self._too_deep = True
        little = here.little or implicit
        inner = _Container(end, implicit, little, here.depth, undelimited, here.encodings, here.signed)
        inner.name, inner.element = tag_text(element.tag), element
        self._stack.append(inner)

    def _read_item(self, here: _Container, element: Element) -> None:
        head, at = self._peek(self._at, 8), self._at
        if len(head) < 8:
            self._stop(f"the last {len(head)} bytes are no item of {here.name}")
            return
        tag, length = _tag(head, little=here.little), _number(head[4:], here)
        self._at = at + 8
        self._effort += HEADER
        if tag == ITEM:
            self._listed += 1
            end = here.end if length == UNDEFINED_LENGTH else at + 8 + length
            if end > here.end:
                self._decoded.note(f"an item of {here.name} announces {length} bytes; {here.end - at - 8} are there")
                end = here.end
            item = _Container(
                end,
                here.implicit,
                here.little,
                here.depth + 1,
                length == UNDEFINED_LENGTH,
                here.encodings,
                here.signed,
                f"an item of {here.name}",
            )
            here.items += 1
            element.text = f"{counted(here.items, 'item')}"
            if item.depth <= MAX_DEPTH:
                element.json["Value"].append(item.json)
                item.listed_in, item.head = element, at
            self._stack.append(item)
        elif tag == SEQUENCE_DELIMITER and here.undelimited:
            self._check_delimiter(tag, at, length)
            self._close(at + 8)
        elif tag in (SEQUENCE_DELIMITER, ITEM_DELIMITER):
            self._decoded.note(f"{here.name} has a delimiter at byte {at} where an item must be")
        else:
            self._decoded.note(f"{here.name} has something else than an item at byte {at}")
            self._close(at if here.undelimited else here.end)

    def _read_delimiter(self, here: _Container, tag: int, length: int) -> None:
        at = self._at
        self._at = at + 8
        if here.undelimited and tag == ITEM_DELIMITER:
            self._check_delimiter(tag, at, length)
            self._close(at + 8)
        elif here.undelimited and tag in (ITEM, SEQUENCE_DELIMITER):
            self._decoded.note(f"{here.name} has no delimiter")
            self._close(at)
        elif tag in (ITEM, ITEM_DELIMITER, SEQUENCE_DELIMITER):
            self._decoded.note(f"{tag_text(tag)} at byte {at} stands where an element must")
        else:
            self._stop(f"{tag_text(tag)} at byte {at} is no tag of an element")

    def _check_delimiter(self, tag: int, at: int, length: int) -> None:
        if length:
            self._decoded.note(f"{tag_text(tag)} at byte {at} has a length of {length}; it must be 0")

    def _overrun(self, here: _Container, tag: int, start: int, stop: int) -> None:
        """An element ends behind what it is in: what follows that may be read, the element not."""
        there = max(0, here.end - start)
        problem = f"{tag_text(tag)} announces {stop - start} bytes; {there} are there"
        if here.end >= self._size:
            self._stop(problem)
        else:
            self._decoded.note(f"{problem} in {here.name}")
            self._at = here.end

    def _read_fragments(self, here: _Container, element: Element, start: int) -> None:
        """Take encapsulated pixel data: its fragments by their lengths, all of it by its digest (PS3.5 §A.4)."""
        found = read_fragments(self._peek, start, here.end, 1 + (self._affordable - self._effort) // HEADER)
        self._effort += HEADER * found.items
        self._at = at = found.at
        if self._effort > self._affordable:
            pass  # which is said where the next element would be read
        elif found.ended:
            self._check_delimiter(SEQUENCE_DELIMITER, at, found.announced)
            self._at = at + 8
        elif found.tag == ITEM:
            what = f"a fragment of {tag_text(element.tag)} announces {found.announced} bytes"
            self._stop(f"{what}; {here.end - at - 8} are there")
        else:
            self._decoded.note(f"{tag_text(element.tag)} has no delimiter")
            self._at = at if found.tag is not None else here.end
        element.end, element.text = self._at, found.text
        (frames, *_) = here.json.get(f"{NUMBER_OF_FRAMES:08X}", {}).get("Value") or [None]
        _, element.json = by_digest(element.vr, at - start, self._digest(start, at - start))
        element.json |= found.to_json(frames)
        if here.depth <= MAX_DEPTH:
            here.json[f"{element.tag:08X}"] = element.json
        if element.tag == PIXEL_DATA and not here.depth:
            self.has_fragments = True
            self.codec, self.codec_syntax = identify_codec(found.sample)

    def _digest(self, start: int, length: int) -> str:
        hasher, left = hashlib.sha256(), length
        self._content.seek(start)
        while left > 0 and (part := self._content.read(min(left, LARGE))):
            hasher.update(part)
            left -= len(part)
        return hasher.hexdigest()

    def _departs(self, here: _Container, tag: int, head: bytes) -> bool:
        """Return whether elements from this one on have no VR: only read so does what follows make sense."""
        if not here.little or (head[4:6].isalpha() and head[4:6].isupper() and self._find_value(here, tag, head)):
            return False
        length = int.from_bytes(head[4:8], "little")
        if not self._goes_on(here, self._at + 8 + length, tag, implicit=True):
            return False
        text = f"elements from byte {self._at} on have no VR"
        self._decoded.note(text)
        if not here.depth:
            self.departure = text
        here.implicit = True
        return True

    def _find_value(self, here: _Container, tag: int, head: bytes) -> tuple[int, int] | None:
        """Return where the value of an element with an undefined VR begins, and its length, if what follows tells."""
        places = [(self._at + 8, _number(head[6:8], here))]
        if head[6:8] == b"\0\0" and len(head) == 12:
            places.append((self._at + 12, _number(head[8:12], here)))
        return next((place for place in places if self._goes_on(here, sum(place), tag, implicit=False)), None)

    def _goes_on(self, here: _Container, at: int, last: int, *, implicit: bool) -> bool:
        if at >= here.end:
            return at == here.end
        head = self._peek(at, 8)
        if len(head) < 8:
            return False
        tag = _tag(head, little=here.little)
        if tag >= FIRST_DELIMITER:
            return len(self._stack) > 1
        return tag > last and (implicit or head[4:6] in VRS)


def _number(value: bytes, here: _Container) -> int:
    return int.from_bytes(value, "little" if here.little else "big")


def _tag(head: bytes, *, little: bool) -> int:
    if little:
        return int.from_bytes(head[:2], "little") << 16 | int.from_bytes(head[2:4], "little")
    return int.from_bytes(head[:4], "big")


def _shown(vr: bytes) -> str:
    return repr(vr.decode()) if vr.isascii() and vr.decode().isprintable() else vr.hex(" ")
