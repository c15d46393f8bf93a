"""What a walk over a data set comes to -> its elements with their values, in words and in JSON."""

import hashlib
from array import array
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from dicomsniff.dimse.dataset_element import (
    BINARY_VRS,
    INLINE_BINARY,
    MAX_CREATOR,
    Element,
    binary,
    by_digest,
    certain_vr,
    convert,
    element_name,
    find_vr,
)
from dicomsniff.dimse.effort import HEADER, MAX_LISTED, MAX_SHOWN, TOO_DEAR, UNLIMITED, affordable, value_cost
from dicomsniff.dimse.scan.events import UNDEFINED_LENGTH, Header, Mode
from dicomsniff.dimse.scan.kinds import CHARACTER_SET, NUMBER_OF_FRAMES
from dicomsniff.dimse.scan.nesting import MAX_DEPTH
from dicomsniff.dimse.scan.values import DEFAULT_ENCODING, python_encodings
from dicomsniff.quantities import counted

LARGE = 1 << 16
"""Bytes: longer values are not read into memory, and given by length and digest."""
LISTED_FRAGMENTS = 256
"""Fragments, and entries of an offset table, whose numbers are listed."""

_ITEM_TAG = b"\xfe\xff\x00\xe0"
_PIXEL_REPRESENTATION = 0x00280103


@dataclass(slots=True)
class _Fragments:
    """Encapsulated pixel data up to byte `end`: its offset table, and its fragments by their lengths (PS3.5 §A.4)."""

    end: int
    items: int = 0
    """The offset table is one."""
    total: int = 0
    table: int = 0
    """Bytes of the offset table that are listed; it begins behind its own header."""
    last: int = 0
    """The length of the last item."""
    lengths: "array[int]" = field(default_factory=lambda: array("Q"))

    def take(self, start: int, length: int) -> None:
        """Take an item whose value begins at byte `start`."""
        if not self.items:
            self.table = min(length, 4 * LISTED_FRAGMENTS)
        else:
            self.total += length
            if self.items <= LISTED_FRAGMENTS:
                self.lengths.append(length)
        self.items += 1
        self.last, self.end = length, start + length

    def drop_last(self) -> None:
        """The value of the last item is not all there: it does not count."""
        self.items -= 1
        self.end -= 8 + self.last
        if not self.items:
            self.table = 0
            return
        self.total -= self.last
        del self.lengths[self.items - 1 :]

    @property
    def text(self) -> str:
        """Say how many fragments there are."""
        return f"{counted(max(self.items - 1, 0), 'fragment')}, {self.total} bytes"

    def to_json(self, table: bytes, frames: object) -> dict[str, Any]:
        """Return what is told beside length and digest; `frames` as Number of Frames has it."""
        entries = [int.from_bytes(table[at : at + 4], "little") for at in range(0, len(table), 4)]
        return {
            "frames": frames if isinstance(frames, int) else len(entries) or None,
            "fragments": max(self.items - 1, 0),
            "fragment_lengths": list(self.lengths),
            "offset_table": entries,
        }


@dataclass(slots=True)
class _Scope:
    """The data set, an item, or what was gone into (`element`): what is known of the elements inside."""

    encodings: list[str]
    signed: bool
    json: dict[str, Any] = field(default_factory=dict)
    creators: dict[int, str] = field(default_factory=dict)
    element: Element | None = None
    """The sequence or pixel data; None for the data set and for items."""
    items: int = 0
    head: int = 0
    """Where an item begins."""
    sent_as: bytes = b""
    """The VR of a sequence as sent."""
    fragments: _Fragments | None = None


@dataclass(slots=True)
class _Unread:
    """An element whose value, up to byte `end` of the data set as sent or inflated, is read when the walk is over."""

    element: Element
    scope: _Scope
    end: int
    inflated: bool
    fragments: _Fragments | None = None


class ElementList:
    """Lists what a walk comes to (`ElementSink`), as far as it is affordable; `elements` are complete after `finish`.

    `content` holds the `size` bytes of the data set as sent, `inflated` takes what a deflated one inflates to. Warnings
    must be ignored, and pydicom's validation be off.
    """

    def __init__(self, content: BinaryIO, size: int, inflated: BinaryIO) -> None:
        self.longest = LARGE
        self.elements: list[Element] = []
        self.notes: list[str] = []
        """What is not shown, and why."""
        self.cut: Element | None = None
        """The element whose value is not all there, which is not listed."""
        self.first_inflated: int | None = None
        """The index of the first element of what is deflated; None where nothing is."""
        self.stopped = False
        """Whether no more elements are listed."""
        self._content, self._size, self._inflated = content, size, inflated
        self._affordable = UNLIMITED
        self._scopes = [_Scope([DEFAULT_ENCODING], signed=False)]
        self._unread: list[_Unread] = []
        self._effort = self._shown = self._listed = 0
        """What was spent on all that was met, and on values alone; how many elements and items were met."""
        self._abridged = False
        """Whether long values are given by digest only."""

    def keep(self, inflated: bytes) -> None:
        """Take the next bytes that a deflated data set inflates to."""
        if self.first_inflated is None:
            self.first_inflated = len(self.elements)
            self._affordable = affordable(self._size)
        self._inflated.write(inflated)

    def element(self, header: Header, value: bytes) -> bool:
        """List an element with its value; return whether that is a sequence, which is listed when it is gone into."""
        if not self._admit(header.offset) or self._depth > MAX_DEPTH:
            return False
        creator, vr = self._find(header)
        if vr == "SQ" and value[:4] == _ITEM_TAG:
            return True
        element, scope = self._make(header, creator, "UN" if vr == "SQ" else vr), self._scopes[-1]
        if len(value) < min(header.length, LARGE):
            self.cut = element
            return False
        if header.length > LARGE or self._abridges(element, value):
            self._put_off(element, scope, element.end)
        else:
            self._convert(scope, header, element, value)
        self._add(scope, element)
        return False

    def begin_sequence(self, header: Header) -> None:
        """List a sequence; its items follow."""
        self._begin(header, "SQ")

    def begin_fragments(self, header: Header) -> None:
        """List encapsulated pixel data; its offset table and fragments follow."""
        self._begin(header, self._find(header)[1], _Fragments(header.start))

    def begin_item(self, offset: int) -> None:
        """An item of the sequence begins."""
        if not self._admit(offset):
            return
        outer = self._scopes[-1]
        item = _Scope(outer.encodings, outer.signed, head=offset)
        outer.items += 1
        if outer.element is not None:
            outer.element.text = counted(outer.items, "item")
            if self._depth < MAX_DEPTH:
                outer.element.json["Value"].append(item.json)
        self._scopes.append(item)

    def fragment(self, start: int, length: int) -> None:
        """Take the offset table, then fragments."""
        fragments = self._scopes[-1].fragments
        if fragments is not None:
            self._effort += HEADER
            fragments.take(start, length)

    def end(self, offset: int) -> None:
        """What was gone into last ends before byte `offset`."""
        if self.stopped:
            return
        inner = self._scopes.pop()
        outer, element = self._scopes[-1], inner.element
        if element is None:
            if outer.element is not None and self._depth < MAX_DEPTH:
                outer.element.items.append((inner.head, offset))
            return
        element.end = offset
        if inner.fragments is not None:
            self._put_off(element, outer, inner.fragments.end, inner.fragments)
        elif not inner.items and inner.sent_as != b"SQ" and element.length and offset == element.start + element.length:
            self._put_off(element, outer, offset)

    def finish(self) -> None:
        """The walk is over: read what is given by its digest; what is not all there is not listed."""
        for unread in self._unread:
            self._read(unread)
        self._unread.clear()
        # What is wrong with a length may make a sequence end behind all bytes.
        for element in self.elements[self.first_inflated or 0 :]:
            element.end = min(element.end, self._size_of(inflated=self.first_inflated is not None))

    @property
    def _depth(self) -> int:
        """How many sequences an element stands in."""
        return (len(self._scopes) - 1) // 2

    def _admit(self, offset: int) -> bool:
        """Count an element; return whether it is listed."""
        if self.stopped:
            return False
        if self._listed > MAX_LISTED:
            self._stop(f"it has more than {MAX_LISTED} elements; from byte {offset} on they are not listed", offset)
        elif self._effort > self._affordable:
            self._stop(f"{TOO_DEAR}; from inflated byte {offset} on they are not listed", offset)
        self._listed += 1
        self._effort += HEADER
        return not self.stopped

    def _stop(self, note: str, offset: int) -> None:
        self.notes.append(note)
        while len(self._scopes) > 1:
            self.end(offset)
        self.stopped = True

    def _find(self, header: Header) -> tuple[str, str]:
        """Return an element's private creator, and its VR: as sent, else as the dictionaries have it."""
        tag, scope = header.tag, self._scopes[-1]
        creator = scope.creators.get(tag >> 8, "") if tag >> 16 & 1 and tag & 0xFFFF > 0xFF else ""
        sent = header.vr.decode()
        # UN: the sender had no dictionary for it.
        vr = find_vr(tag, creator) if not sent or (sent == "UN" and header.length < 0xFFFF) else sent
        return creator, certain_vr(vr, signed=scope.signed)

    def _make(self, header: Header, creator: str, vr: str) -> Element:
        tag, _, _, offset, start, length = header
        known = None if length == UNDEFINED_LENGTH else length
        end = start + (known or 0)
        return Element(tag, vr, element_name(tag, creator), "", {"vr": vr}, offset, start, known, self._depth, end)

    def _size_of(self, *, inflated: bool) -> int:
        return self._inflated.seek(0, 2) if inflated else self._size

    def _put_off(self, element: Element, scope: _Scope, end: int, fragments: _Fragments | None = None) -> None:
        self._unread.append(_Unread(element, scope, end, self.first_inflated is not None, fragments))

    def _add(self, scope: _Scope, element: Element) -> None:
        if self._depth <= MAX_DEPTH:
            self.elements.append(element)
            scope.json[f"{element.tag:08X}"] = element.json

    def _begin(self, header: Header, vr: str, fragments: _Fragments | None = None) -> None:
        if not self._admit(header.offset):
            return
        scope = self._scopes[-1]
        element = self._make(header, self._find(header)[0], vr)
        if fragments is None:
            element.text, element.json = "0 items", {"vr": vr, "Value": []}
        self._add(scope, element)
        self._scopes.append(
            _Scope(scope.encodings, scope.signed, element=element, sent_as=header.vr, fragments=fragments)
        )

    def _abridges(self, element: Element, value: bytes) -> bool:
        """Whether a value is given by its digest, as those before it were too much already."""
        cost = value_cost(value) if element.vr not in BINARY_VRS else 0
        too_much = self._shown + cost > MAX_SHOWN or self._effort + cost > self._affordable
        if cost > INLINE_BINARY and too_much:
            if not self._abridged:
                self.notes.append(f"from byte {element.head} on, long values are given by length and digest only")
            self._abridged = True
            return True
        self._effort += cost
        self._shown += cost
        return False

    def _convert(self, scope: _Scope, header: Header, element: Element, value: bytes) -> None:
        tag = element.tag
        implicit, little = header.mode is Mode.IMPLICIT, header.mode is not Mode.EXPLICIT_BIG
        found, element.vr, element.text, element.json = convert(
            tag, element.vr, value, scope.encodings, implicit=implicit, little=little
        )
        if tag == CHARACTER_SET:
            scope.encodings, _ = python_encodings(element.text)
        elif tag == _PIXEL_REPRESENTATION:
            scope.signed = found == 1
        elif tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF:
            creator = element.text if len(element.text) <= MAX_CREATOR else ""
            scope.creators[(tag >> 16 << 8) | tag & 0xFF] = creator

    def _read(self, unread: _Unread) -> None:
        """Read a value that was not handed over, and give its digest."""
        element, fragments, end = unread.element, unread.fragments, unread.end
        content, size = self._inflated if unread.inflated else self._content, self._size_of(inflated=unread.inflated)
        if fragments is not None and end > size:
            fragments.drop_last()
            end = fragments.end
        if element.vr == "SQ":
            if end > size:
                return
            element.vr = "UN"  # the dictionary has a sequence of that tag, the sender sent something else
        if end > size:
            self.cut = element
            self.elements.pop()  # as nothing can follow it
            del unread.scope.json[f"{element.tag:08X}"]
            return
        length = end - element.start
        content.seek(element.start)
        if fragments is None and element.vr in BINARY_VRS and length <= INLINE_BINARY:
            element.text, json = binary(element.vr, content.read(length))
        else:
            element.text, json = by_digest(element.vr, length, _digest(content, length))
        if fragments is not None:
            (frames, *_) = unread.scope.json.get(f"{NUMBER_OF_FRAMES:08X}", {}).get("Value") or [None]
            content.seek(element.start + 8)
            element.text = fragments.text
            json |= fragments.to_json(content.read(fragments.table), frames)
        # In place, as the data set's JSON holds it already.
        element.json.clear()
        element.json.update(json)


def _digest(content: BinaryIO, length: int) -> str:
    digest = hashlib.sha256()
    while length > 0 and (part := content.read(min(length, LARGE))):
        digest.update(part)
        length -= len(part)
    return digest.hexdigest()
