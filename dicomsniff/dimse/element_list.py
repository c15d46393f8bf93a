"""What a walk over a data set comes to -> its elements with their values, in words and in JSON."""

from array import array
from typing import Any, BinaryIO, NamedTuple

from msgspec import Struct, field

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
from dicomsniff.dimse.scan.element_kinds import CHARACTER_SET, NUMBER_OF_FRAMES
from dicomsniff.dimse.scan.events import Header
from dicomsniff.dimse.scan.modes import UNDEFINED_LENGTH, Mode
from dicomsniff.dimse.scan.nesting import MAX_DEPTH
from dicomsniff.dimse.scan.values import DEFAULT_ENCODING, python_encodings
from dicomsniff.quantities import counted

LARGE = 1 << 16
"""Bytes: longer values are not read into memory, and given by length and digest."""
LISTED_FRAGMENTS = 256
"""Fragments, and entries of an offset table, whose numbers are listed."""

_TOO_DEEP = f"elements in sequences more than {MAX_DEPTH} deep are not listed"
_ITEM_TAG = b"\xfe\xff\x00\xe0"
_PIXEL_REPRESENTATION = 0x00280103


class _Fragments(Struct):
    """Encapsulated pixel data up to byte `end`: its offset table, and its fragments by their lengths (PS3.5 §A.4)."""

    end: int
    table: int = 0
    """The length of the offset table."""
    count: int = -1
    """Fragments; the offset table before them is none."""
    total: int = 0
    last: int = 0
    """The length of the last one."""
    lengths: "array[int]" = field(default_factory=lambda: array("Q"))

    def take(self, start: int, length: int) -> None:
        """Take an item whose value begins at byte `start`."""
        self.count += 1
        self.last, self.end = length, start + length
        if not self.count:
            self.table = length
            return
        self.total += length
        if self.count <= LISTED_FRAGMENTS:
            self.lengths.append(length)

    def drop_last(self) -> None:
        """The value of the last item is not all there: it does not count."""
        self.count -= 1
        self.end -= 8 + self.last
        if self.count < 0:
            self.table = 0
            return
        self.total -= self.last
        del self.lengths[self.count :]

    def describe(self, table: bytes, frames: object) -> tuple[str, dict[str, Any]]:
        """Say how many there are; return what is told beside length and digest, `frames` as Number of Frames has it."""
        entries = [int.from_bytes(table[at : at + 4], "little") for at in range(0, len(table), 4)]
        count = max(self.count, 0)
        return f"{counted(count, 'fragment')}, {self.total} bytes", {
            "frames": frames if isinstance(frames, int) else len(entries) or None,
            "fragments": count,
            "fragment_lengths": list(self.lengths),
            "offset_table": entries,
        }


class _Scope(Struct):
    """What the walk is in: the data set, an item beginning at byte `head`, or what an `element` holds."""

    encodings: list[str]
    signed: bool
    element: Element | None = None
    sent_as: bytes = b""
    """The VR of the element as sent."""
    fragments: _Fragments | None = None
    items: int = 0
    head: int = 0
    json: dict[str, Any] = field(default_factory=dict)
    creators: dict[int, str] = field(default_factory=dict)


class _Unread(NamedTuple):
    """An element whose value, up to byte `end`, is read when the walk is over, and the `json` of what it is in."""

    element: Element
    json: dict[str, Any]
    end: int
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
        """Take the next bytes that a deflated data set inflates to: all further places count these."""
        if self.first_inflated is None:
            self.finish()
            self.first_inflated = len(self.elements)
            self._affordable = affordable(self._size)
            self._content, self._size = self._inflated, 0
        self._inflated.seek(self._size)
        self._inflated.write(inflated)
        self._size += len(inflated)

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
            self._unread.append(_Unread(element, scope.json, element.end))
        else:
            self._convert(scope, header, element, value)
        self._add(element)
        return False

    def begin(self, header: Header, *, pixels: bool) -> None:
        """List a sequence or encapsulated pixel data; items or fragments follow."""
        if not self._admit(header.offset):
            return
        scope, (creator, vr) = self._scopes[-1], self._find(header)
        element = self._make(header, creator, vr if pixels else "SQ")
        if not pixels:
            element.text = "0 items"
            element.json["Value"] = []
            if self._depth >= MAX_DEPTH and _TOO_DEEP not in self.notes:
                self.notes.append(_TOO_DEEP)
        self._add(element)
        fragments = _Fragments(header.start) if pixels else None
        self._scopes.append(_Scope(scope.encodings, scope.signed, element, header.vr, fragments))

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
        empty = not inner.items and inner.sent_as != b"SQ" and element.length
        if inner.fragments is not None:
            self._unread.append(_Unread(element, outer.json, inner.fragments.end, inner.fragments))
        elif empty and offset == element.start + empty:
            self._unread.append(_Unread(element, outer.json, offset))

    def finish(self) -> None:
        """The walk is over: read the values that were put off."""
        for unread in self._unread:
            self._read(*unread)
        self._unread.clear()
        # A length that is wrong may make a sequence end behind all bytes.
        for element in self.elements[self.first_inflated or 0 :]:
            element.end = min(element.end, self._size)

    @property
    def _depth(self) -> int:
        """How many sequences an element stands in."""
        return (len(self._scopes) - 1) // 2

    def _admit(self, offset: int) -> bool:
        """Count an element or item; return whether it is listed."""
        if self._listed > MAX_LISTED:
            self._stop(f"it has more than {MAX_LISTED} elements; from byte {offset} on they are not listed", offset)
        elif self._effort > self._affordable:
            self._stop(f"{TOO_DEAR}; from inflated byte {offset} on they are not listed", offset)
        self._listed += 1
        self._effort += HEADER
        return not self.stopped

    def _stop(self, note: str, offset: int) -> None:
        if self.stopped:
            return
        self.notes.append(note)
        while len(self._scopes) > 1:
            self.end(offset)
        self.stopped = True

    def _find(self, header: Header) -> tuple[str, str]:
        """Return an element's private creator, and its VR: as sent, else as the dictionaries have it."""
        tag, scope = header.tag, self._scopes[-1]
        creator = scope.creators.get(tag >> 8, "") if tag >> 16 & 1 and tag & 0xFFFF > 0xFF else ""
        vr = header.vr.decode()
        if not vr or (vr == "UN" and header.length < 0xFFFF):  # UN: the sender had no dictionary for it
            vr = find_vr(tag, creator)
        return creator, certain_vr(vr, signed=scope.signed)

    def _make(self, header: Header, creator: str, vr: str) -> Element:
        tag, _, _, offset, start, announced = header
        length = announced if announced != UNDEFINED_LENGTH else None
        name, end = element_name(tag, creator), start + (length or 0)
        return Element(tag, vr, name, "", {"vr": vr}, offset, start, length, self._depth, end)

    def _add(self, element: Element) -> None:
        if self._depth <= MAX_DEPTH:
            self.elements.append(element)
            self._scopes[-1].json[f"{element.tag:08X}"] = element.json

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

    def _read(self, element: Element, outer: dict[str, Any], end: int, fragments: _Fragments | None) -> None:
        """Read a value that was put off; where it is not all there, the element is not listed."""
        if fragments is not None and end > self._size:
            fragments.drop_last()
            end = fragments.end
        if element.vr == "SQ":
            if end > self._size:
                return
            element.vr = "UN"  # the dictionary has a sequence of that tag, the sender sent something else
        elif end > self._size:
            self.cut = self.elements.pop()  # as nothing can follow it
            del outer[f"{element.tag:08X}"]
            return
        length = end - element.start
        self._content.seek(element.start)
        if fragments is None and length <= INLINE_BINARY and element.vr in BINARY_VRS:
            element.text, said = binary(element.vr, self._content.read(length))
        else:
            element.text, said = by_digest(element.vr, length, self._digest(length))
        if fragments is not None:
            (frames, *_) = outer.get(f"{NUMBER_OF_FRAMES:08X}", {}).get("Value") or [None]
            self._content.seek(element.start + 8)
            element.text, also = fragments.describe(
                self._content.read(min(fragments.table, 4 * LISTED_FRAGMENTS)), frames
            )
            said |= also
        # In place, as the data set's JSON holds it already.
        element.json.clear()
        element.json.update(said)

    def _digest(self, length: int) -> str:
        import hashlib

        digest = hashlib.sha256()
        while length > 0 and (part := self._content.read(min(length, LARGE))):
            digest.update(part)
            length -= len(part)
        return digest.hexdigest()
