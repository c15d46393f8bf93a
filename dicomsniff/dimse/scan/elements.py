"""The bytes of a data set in one encoding -> its structure, element by element, values passed over (PS3.5 §7).

`ElementWalk` reads element after element with care: `_read_element` knows all that may be wrong. Where only an outline
is asked for, the loop of `_pass_over` runs ahead of it: it passes over elements of which nothing need be said, as of
nearly all, and leaves every other to it. A sink, where there is one, is told of each element.
"""

from collections.abc import Mapping
from typing import Any

from dicomsniff.dimse.effort import HEADER, MAX_ELEMENTS, TOO_DEAR
from dicomsniff.dimse.scan.element_kinds import (
    EXPLICIT_KINDS,
    FORMATTED,
    KEPT_ELEMENTS,
    LONG,
    LONG_TEXT,
    NAME,
    NAME_ITEM,
    PIXEL_DATA,
    PIXELS,
    PLAIN,
    SEQUENCE,
    SHORT_ITEM,
    SHORT_TEXT,
    TEXT,
    UID,
    UNDEFINED_VR,
    VRS,
    WATCHED,
    dictionary_vrs,
    implicit_formats,
    implicit_kinds,
)
from dicomsniff.dimse.scan.events import ElementSink, Header
from dicomsniff.dimse.scan.formats import CHECKED, MAX_NAME, MAX_SHORT, well_formed
from dicomsniff.dimse.scan.modes import (
    FIRST_DELIMITER,
    HEADERS,
    ITEM,
    ITEM_DELIMITER,
    LENGTHS,
    SEQUENCE_DELIMITER,
    TAGS,
    UNDEFINED_LENGTH,
    Mode,
)
from dicomsniff.dimse.scan.nesting import Level, Nesting
from dicomsniff.dimse.scan.outline import ProblemList, named
from dicomsniff.dimse.scan.pixels import MAX_TABLE, SAMPLE, Fragments
from dicomsniff.dimse.scan.syntax import Encoding
from dicomsniff.dimse.scan.undefined_vr import LOOKAHEAD, find_way
from dicomsniff.dimse.scan.value_checks import KeptValues
from dicomsniff.dimse.scan.values import is_uid
from dicomsniff.pdu.framing import FOREVER

KEPT = 1024
"""Bytes: a longer value is not checked."""
_ITEM_OF_TOP = 2
"""Levels around the elements of an item of a top-level sequence: the data set and the sequence."""

_ITEMS = (SHORT_ITEM, NAME_ITEM)
_CHECKED_KINDS = (TEXT, SHORT_TEXT, NAME, LONG_TEXT, UID, FORMATTED, WATCHED, *_ITEMS)
_Buffer = bytes | bytearray


class ElementWalk:
    """Walks the elements; `wanted` is the offset of the next byte it must be fed, none before it need be.

    Offsets count from the start of the data set. `sink` is told of every element.
    """

    __slots__ = (
        "_encapsulated", "_far", "_final", "_fragments", "_more", "_nesting", "_next", "_pending", "_sink", "departure",
        "headers", "kept", "stopped", "wanted",
    )  # fmt: skip

    def __init__(
        self, encoding: Encoding, problems: ProblemList, start: int = 0, sink: ElementSink | None = None
    ) -> None:
        self._nesting = Nesting(encoding.mode, start, problems, sink)
        self._sink = sink
        self._encapsulated = encoding.encapsulated
        self.kept = KeptValues(problems)
        self.wanted = self._next = start
        self.headers = 0
        """Elements, items and fragments seen."""
        self.departure = ""
        """Says where the encoding becomes another than the one it began with."""
        self.stopped = ""
        """Says why nothing more is looked at."""
        self._pending = bytearray()
        self._far = (0, start, 0)
        """The last element whose value was not fed whole: tag, offset, length."""
        self._fragments: Fragments | None = None
        """Of the pixel data that is being read, where it is that of the data set itself."""
        self._final = self._more = False

    def feed(self, data: bytes, offset: int) -> None:
        """Take bytes of the data set; they begin at `wanted` or before."""
        start = self.wanted - offset
        if start >= len(data):
            return
        if self._pending:
            self._pending += data[start:]  # in place: a value may come in very many pieces
            self._advance(self._pending, 0, self._next)
        else:
            self._advance(data, start, offset)

    @property
    def last(self) -> int:
        """The tag of the last element of the data set itself; -1 where there is none."""
        return (self._nesting.outer or [self._nesting.here])[0].last

    def ends_with_pixels(self, length: int) -> bool:
        """Whether the first `length` bytes of the data set end where its Pixel Data does: little may follow that."""
        at_top = not self._nesting.outer and not self._pending and not self.stopped
        return at_top and self._next == length and self._nesting.here.last == PIXEL_DATA

    def finish(self, length: int, *, whole: bool) -> None:
        """The data set has `length` bytes. Without `whole`, that it ends early is nobody's fault."""
        self._final = True
        if self._next <= length and (self._pending or self._nesting.outer) and not self.stopped:
            self._advance(self._pending, 0, self._next)
        if whole and not self.stopped:
            self._nesting.judge_end(length, self._next, self._far)
        while self._sink is not None and self._nesting.outer:
            self._nesting.close(min(self._next, length))

    def _advance(self, data: _Buffer, at: int, base: int) -> None:
        self._more = False
        nesting = self._nesting
        while not self._more:
            if nesting.here.level is not Level.ELEMENTS:
                at = self._read_item(data, at, base)
            else:
                if self._sink is None:
                    at = self._pass_over(data, at, base)
                at = self._read_element(data, at, base)
            if self.headers > MAX_ELEMENTS:
                self._stop(f"it has more than {MAX_ELEMENTS} elements; from byte {base + at} on it is not looked at")
            elif HEADER * self.headers + self.kept.effort > self.kept.affordable:
                self._stop(f"{TOO_DEAR}; from inflated byte {base + at} on it is not looked at")
        self._next = base + at
        if self.stopped:
            self._pending, self.wanted = bytearray(), FOREVER
            return
        if data is self._pending:
            del self._pending[:at]
        else:
            self._pending = bytearray(data[at:])
        self.wanted = self._next + len(self._pending)

    def _pass_over(self, data: _Buffer, at: int, base: int) -> int:
        """Pass over elements up to one that takes a closer look, or is not there (PS3.5 §7.1.2, §7.1.3)."""
        nesting, kept = self._nesting, self.kept
        here = nesting.here
        mode = here.mode
        implicit = mode is Mode.IMPLICIT
        kind_of = self._kinds().get
        unpack, long, size, end, last = HEADERS[mode], LENGTHS[mode], len(data), here.end - base, here.last
        limit, within, escapes = min(size - 7, end), min(size, end), kept.characters.extended
        formats = implicit_formats() if implicit else {}
        vr_of = dictionary_vrs().get
        count, begin, length = 0, at, 0
        while at < limit:
            group, number, vr, length = unpack(data, at)
            tag = group << 16 | number
            if not last < tag < FIRST_DELIMITER:
                break
            if implicit:
                length = length << 16 | vr
                kind = kind_of(tag, PLAIN)
            else:
                kind = kind_of(vr, UNDEFINED_VR)
                if vr_of(tag, vr) != vr:
                    break
            stop = at + 8 + length
            if kind:
                if kind > WATCHED:
                    if kind != LONG or at + 12 > size or group == 0x7FE0:
                        break
                    length = long(data, at + 8)[0]
                    stop = at + 12 + length
                elif stop > within or length & 1:
                    break
                elif kind <= NAME:
                    if (escapes or not data[at + 8 : stop].isascii()) and length <= KEPT:
                        break
                    if length > MAX_SHORT and kind != TEXT and (length > MAX_NAME or kind == SHORT_TEXT):
                        break
                elif kind <= NAME_ITEM:
                    if length > MAX_SHORT and (length > MAX_NAME or kind == SHORT_ITEM):
                        break
                else:
                    if kind == FORMATTED and 0 < length <= CHECKED:
                        matches = well_formed(formats[tag] if implicit else vr)
                        if not matches(data, at + 8, stop):
                            break
                    if (kind == UID or tag in KEPT_ELEMENTS) and length <= KEPT:
                        self._take(tag, kind, bytes(data[at + 8 : stop]), base + at)
                        escapes = kept.characters.extended
            if stop > end or length & 1:  # as an undefined length is
                break
            last = tag
            count += 1
            begin, at = at, stop
        self.headers += count
        here.last = last
        if at > size and count:
            self._far = (last, base + begin, length)
        return at

    def _kinds(self) -> Mapping[Any, int]:
        """Return what is done with elements here, by VR, or by tag where none is sent."""
        kinds = implicit_kinds() if self._nesting.here.mode is Mode.IMPLICIT else EXPLICIT_KINDS
        return kinds[min(len(self._nesting.outer) // 2, 2)]

    def _read_element(self, data: _Buffer, at: int, base: int) -> int:
        """Take what stands where an element must, and tell what is wrong with it; return where to go on."""
        nesting, size = self._nesting, len(data)
        here, offset = nesting.here, base + at
        if at <= size and offset >= here.end:
            nesting.close_at_end()
            return at
        if at + 8 > size:
            return self._wait(at)
        mode, start = here.mode, at + 8
        group, number, vr, length = HEADERS[mode](data, at)
        tag = group << 16 | number
        if tag >= FIRST_DELIMITER:
            return self._read_delimiter(tag, data, at, base)
        if tag <= here.last:
            if nesting.doubt:
                return self._give_up(at, offset)
            nesting.wrong_order(tag, offset)
        if mode is Mode.IMPLICIT:
            length, vr = length << 16 | vr, b""
            kind = PIXELS if tag == PIXEL_DATA else self._kinds().get(tag, PLAIN)
            beyond = offset + 8 + length > here.end and length != UNDEFINED_LENGTH
            if beyond and kind <= WATCHED and bytes(data[at + 4 : at + 6]) in VRS:
                self._depart(Mode.EXPLICIT_LITTLE, offset)
                return at
        else:
            kind = self._kinds().get(vr, UNDEFINED_VR)
            if kind == UNDEFINED_VR:
                return self._read_undefined_vr(tag, vr, data, at, base)
            if (listed := dictionary_vrs().get(tag, vr)) != vr:
                self.kept.note_other_vr(tag, vr, listed, offset, nesting.here.tag if nesting.outer else None)
            if kind > WATCHED:
                start = at + 12
                if start > size:
                    return self._wait(at)
                length = LENGTHS[mode](data, at + 8)[0]
                if vr == b"UC":
                    self.kept.note_unusual(tag, offset, "has the VR UC, which older receivers do not know")
                if vr == b"UN":
                    mode = Mode.IMPLICIT  # PS3.5 §6.2.2
                elif tag == PIXEL_DATA or (kind == LONG and length == UNDEFINED_LENGTH):
                    kind = PIXELS
        header = Header(tag, vr, mode, offset, base + start, length)
        if length != UNDEFINED_LENGTH:
            return self._take_value(header, kind, data, at, base)
        self.headers += 1
        here.last = tag
        if kind == PIXELS and tag == PIXEL_DATA and not nesting.outer:
            self._fragments = self.kept.begin_fragments(tag, offset, encapsulated=self._encapsulated)
        nesting.begin(header, Level.FRAGMENTS if kind == PIXELS else Level.ITEMS, here.end)
        return start

    def _wait(self, at: int) -> int:
        """More bytes must come."""
        self._more = True
        return at

    def _stop(self, why: str) -> None:
        self.stopped = self.stopped or why
        self._more = True

    def _give_up(self, at: int, offset: int) -> int:
        """Nobody can tell where the next element is."""
        self._stop(f"at byte {offset} it cannot be followed any further")
        return at

    def _depart(self, mode: Mode, offset: int) -> None:
        self.departure = self._nesting.depart(mode, offset) or self.departure

    def _take(self, tag: int, kind: int, value: bytes, offset: int) -> None:
        here, depth = self._nesting.here, len(self._nesting.outer)
        little = here.mode is not Mode.EXPLICIT_BIG
        if kind == UID and not is_uid(value):
            self.kept.check_uid(tag, value, offset, here.tag if depth else None)
        if not depth:
            self.kept.take(tag, value, offset, little=little)
        elif depth == _ITEM_OF_TOP:
            self.kept.refer(here.tag, tag, value, little=little)

    def _take_value(self, header: Header, kind: int, data: _Buffer, at: int, base: int) -> int:
        """Take an element of a length; look at its value, if somebody wants to see it, once it is there."""
        tag, vr, _, offset, first, length = header
        nesting, kept, sink = self._nesting, self.kept, self._sink
        start, end = first - base, first + length
        inside = end <= nesting.here.end
        checked = length <= KEPT and kind in _CHECKED_KINDS
        shown = min(length, sink.longest) if sink is not None and kind != SEQUENCE else 0
        needed = start + (length if checked else shown)
        if needed > len(data) and inside and not self._final:
            return self._wait(at)
        if checked and inside and needed <= len(data):
            value = bytes(data[start:needed])
            if kind in (UID, FORMATTED, WATCHED):
                if kind == FORMATTED:
                    within = nesting.here.tag if nesting.outer else None
                    kept.check_format(tag, vr or implicit_formats()[tag], value, offset, within)
                if kind == UID or tag in KEPT_ELEMENTS:
                    self._take(tag, kind, value, offset)
            elif kind in _ITEMS:
                kept.check_length(tag, vr or implicit_formats()[tag], value, offset, nesting.here.tag)
            elif kind == LONG_TEXT or kept.characters.extended or not value.isascii():
                kept.check_text(tag, value, offset)
            if kind in (SHORT_TEXT, NAME):
                kept.check_length(tag, vr or implicit_formats()[tag], value, offset, None)
        elif kind == PIXELS and tag == PIXEL_DATA and not nesting.outer:
            kept.check_native_pixels(tag, length, offset, encapsulated=self._encapsulated)
        self.headers += 1
        nesting.here.last = tag
        stop = end if inside and not length & 1 else nesting.wrong_length(tag, length, offset, end)
        if kind == SEQUENCE or (
            sink is not None and inside and sink.element(header, bytes(data[start : start + shown]))
        ):
            nesting.begin(header, Level.ITEMS, stop)
            return start
        if stop > base + len(data):
            self._far = (tag, offset, length)
        return stop - base

    def _read_undefined_vr(self, tag: int, vr: bytes, data: _Buffer, at: int, base: int) -> int:
        """Take an element whose VR is none: go on where the next element is seen, or as if there were no VR."""
        here, offset = self._nesting.here, base + at
        if self._nesting.doubt:
            return self._give_up(at, offset)
        ends = at + LOOKAHEAD > len(data)
        if ends and not self._final:
            return self._wait(at)
        window, nested = bytes(data[at : at + LOOKAHEAD]), bool(self._nesting.outer)
        verdict, mode, start, length = find_way(window, offset, here, nested=nested, ends=ends)
        if mode is Mode.IMPLICIT and verdict > 0:
            self._depart(Mode.IMPLICIT, offset)
            self._nesting.doubt = False
            return at
        shown = min(length, self._sink.longest) if self._sink is not None else 0
        if at + start + shown > len(data) and verdict >= 0 and not self._final:
            return self._wait(at)
        self._nesting.undefined_vr(tag, vr, offset)
        if mode is Mode.IMPLICIT or verdict < 0:
            return self._give_up(at, offset)
        self._nesting.doubt = verdict == 0
        self.headers += 1
        here.last = tag
        if self._sink is not None:
            header = Header(tag, b"UN", mode, offset, offset + start, length)
            self._sink.element(header, bytes(data[at + start : at + start + shown]))
        stop = at + start + length
        if stop > at + len(window):
            self._far = (tag, offset, length)
        return stop

    def _read_delimiter(self, tag: int, data: _Buffer, at: int, base: int) -> int:
        """Take a tag of group FFFE or above where an element may stand."""
        nesting = self._nesting
        here, offset = nesting.here, base + at
        if here.undelimited and tag == ITEM_DELIMITER:
            nesting.end_delimited(tag, offset, TAGS[here.mode](data, at)[2])
        elif here.undelimited and (tag == ITEM or (tag == SEQUENCE_DELIMITER and nesting.outer[-1].undelimited)):
            nesting.miss_delimiter()
            nesting.close(offset)
            return at
        elif tag in (ITEM, ITEM_DELIMITER, SEQUENCE_DELIMITER):
            nesting.stray(tag, offset, "is found where a data element was expected")
        else:
            nesting.no_element(tag, offset)
            return self._give_up(at + 8, offset)
        return at + 8

    def _read_item(self, data: _Buffer, at: int, base: int) -> int:
        """Take what stands where an item must."""
        nesting = self._nesting
        here, offset = nesting.here, base + at
        if at <= len(data) and offset >= here.end:
            nesting.close_at_end()
            return at
        if at + 8 > len(data):
            return self._wait(at)
        group, number, length = TAGS[here.mode](data, at)
        tag = group << 16 | number
        if tag == ITEM and here.level is Level.FRAGMENTS:
            return self._take_fragment(length, data, at, base)
        if tag == ITEM:
            self.headers += 1
            nesting.begin_item(offset, length)
        elif tag == SEQUENCE_DELIMITER and here.undelimited:
            if self._fragments is not None:
                self._fragments.ended = True
                self._fragments = None
            nesting.end_delimited(tag, offset, length)
        elif tag in (SEQUENCE_DELIMITER, ITEM_DELIMITER):
            nesting.stray(tag, offset, "is found where an item was expected")
        else:
            self._fragments = None
            return nesting.miss_item(offset) - base
        return at + 8

    def _take_fragment(self, length: int, data: _Buffer, at: int, base: int) -> int:
        """Take an item of encapsulated pixel data: first the offset table, then fragments."""
        here, fragments, offset = self._nesting.here, self._fragments, base + at
        stop = offset + 8 + length
        if length == UNDEFINED_LENGTH:
            self._nesting.endless_fragment(offset)
            return self._give_up(at, offset)
        if fragments is not None:
            needed = length if not fragments.began and length <= MAX_TABLE else min(length, SAMPLE)
            if (fragments.count == 0 or not fragments.began) and at + 8 + needed > len(data) and not self._final:
                return self._wait(at)
            value = bytes(data[at + 8 : at + 8 + needed])
            fragments.take(length, value if len(value) == needed else None)
        if stop > here.end:
            stop = self._nesting.overrun(f"a fragment of {named(here.tag)} at byte {offset}", stop, offset, here.tag)
        elif self._sink is not None:
            self._sink.fragment(offset + 8, length)
        if length & 1:
            self._nesting.odd_length(f"a fragment of {named(here.tag)}", length, offset, here.tag)
        self.headers += 1
        if stop > base + len(data):
            self._far = (here.tag, offset, length)
        return stop - base
