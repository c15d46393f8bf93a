"""The bytes of a data set in one encoding -> its structure, element by element, values passed over (PS3.5 §7)."""

import struct

from dicomsniff.dimse.effort import HEADER, MAX_ELEMENTS
from dicomsniff.dimse.scan.kinds import (
    KEPT_ELEMENTS,
    LONG,
    LONG_TEXT,
    PIXEL_DATA,
    PIXELS,
    PLAIN,
    SEQUENCE,
    TEXT,
    UID,
    UNDEFINED_VR,
    VRS,
    WATCHED,
)
from dicomsniff.dimse.scan.nesting import FOREVER, LITTLE_TAG, Buffer, Container, Level, Mode, Nesting
from dicomsniff.dimse.scan.outline import ProblemList, named
from dicomsniff.dimse.scan.syntax import FIRST_DELIMITER, UNDEFINED_LENGTH, Encoding

KEPT = 1024
"""Bytes: a longer value is not checked."""
LOOKAHEAD = 4096
"""Bytes looked at behind an undefined VR, to see where the next element is."""

_LITTLE_HEADER, _BIG_HEADER = struct.Struct("<HH2sH").unpack_from, struct.Struct(">HH2sH").unpack_from
_LITTLE_LENGTH, _BIG_LENGTH = struct.Struct("<L").unpack_from, struct.Struct(">L").unpack_from


class ElementWalk(Nesting):
    """Walks the elements; `wanted` is the offset of the next byte it must be fed, none before it need be.

    Offsets count from the start of the data set.
    """

    __slots__ = ("_encapsulated", "_pending", "wanted")

    def __init__(self, encoding: Encoding, problems: ProblemList, start: int = 0) -> None:
        super().__init__(encoding, problems, start)
        self.wanted = start
        self._encapsulated = encoding.encapsulated
        self._pending = bytearray()

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

    def finish(self, length: int, *, whole: bool) -> None:
        """The data set has `length` bytes. Without `whole`, that it ends early is nobody's fault."""
        self._final = True
        if self._next <= length and (self._pending or self._stack) and not self.stopped:
            self._advance(self._pending, 0, self._next)
        if whole and not self.stopped:
            self._judge_end(length)

    def _advance(self, data: Buffer, at: int, base: int) -> None:
        self._more = False
        while not self._more:
            if self._here.level is not Level.ELEMENTS:
                at = self._read_item(data, at, base)
            elif self._here.mode is Mode.IMPLICIT:
                at = self._read_implicit(data, at, base)
            else:
                at = self._read_explicit(data, at, base)
            if self.headers > MAX_ELEMENTS:
                self._stop(f"it has more than {MAX_ELEMENTS} elements")
            elif HEADER * self.headers + self.kept.effort > self.kept.affordable:
                self._stop("it inflates to far more elements than is usual for its length")
        if self.stopped:
            self._pending, self.wanted = bytearray(), FOREVER
            return
        self._next = base + at
        if data is self._pending:
            del self._pending[:at]
        else:
            self._pending = bytearray(data[at:])
        self.wanted = self._next + len(self._pending)

    def _read_explicit(self, data: Buffer, at: int, base: int) -> int:
        """Read elements with a VR (PS3.5 §7.1.2); stop where something else comes, or more bytes are needed."""
        here, kinds, kept = self._here, self._kinds, self.kept
        little = here.mode is Mode.EXPLICIT_LITTLE
        unpack = _LITTLE_HEADER if little else _BIG_HEADER
        size, end, last, final = len(data), here.end - base, here.last, self._final
        limit, within, escapes = min(size - 7, end), min(size, end), kept.characters.extended
        count, begin, length = 0, at, 0
        while at < limit:
            group, number, vr, length = unpack(data, at)
            tag = group << 16 | number
            if not last < tag < FIRST_DELIMITER and self._leaves_order(tag, last, base + at):
                break
            kind = kinds.get(vr, UNDEFINED_VR)
            stop = at + 8 + length
            if kind:
                if kind > WATCHED:
                    if kind == UNDEFINED_VR or at + 12 > size:
                        break
                    length = (_LITTLE_LENGTH if little else _BIG_LENGTH)(data, at + 8)[0]
                    stop = at + 12 + length
                    if kind != LONG or length == UNDEFINED_LENGTH or group == 0x7FE0:
                        break
                elif stop > within:
                    if length <= KEPT and not final and stop <= end:
                        break
                elif kind == TEXT:
                    if (escapes or not data[at + 8 : stop].isascii()) and length <= KEPT:
                        kept.check_text(tag, bytes(data[at + 8 : stop]), base + at)
                elif (kind == UID or tag in KEPT_ELEMENTS) and length <= KEPT:
                    self._take(tag, kind, bytes(data[at + 8 : stop]), base + at)
                    escapes = kept.characters.extended
            if stop > end or length & 1:
                stop = self._wrong_length(tag, length, base + at, base + stop) - base
            last = tag
            count += 1
            begin, at = at, stop
        self.headers += count
        here.last = last
        if at < limit:
            return self._step_explicit(data, at, base)
        if at > size and at > begin:
            self._far = (last, base + begin, length)
        self._pause(at, size, end)
        return at

    def _step_explicit(self, data: Buffer, at: int, base: int) -> int:
        """Take what the plain reading of elements stopped at."""
        little = self._here.mode is Mode.EXPLICIT_LITTLE
        group, number, vr, _ = (_LITTLE_HEADER if little else _BIG_HEADER)(data, at)
        tag = group << 16 | number
        if self.stopped:
            return at
        if tag >= FIRST_DELIMITER:
            return self._read_delimiter(data, at, base)
        kind = self._kinds.get(vr, UNDEFINED_VR)
        if kind == UNDEFINED_VR:
            return self._read_undefined_vr(tag, vr, data, at, base)
        if kind <= WATCHED or at + 12 > len(data):
            self._more = True
            return at
        length = (_LITTLE_LENGTH if little else _BIG_LENGTH)(data, at + 8)[0]
        mode = self._here.mode
        if vr == b"UN":
            mode = Mode.IMPLICIT  # PS3.5 §6.2.2
        elif tag == PIXEL_DATA or (kind == LONG and length == UNDEFINED_LENGTH):
            kind = PIXELS
        return self._take_long(tag, kind, length, mode, data, at, at + 12, base)

    def _read_implicit(self, data: Buffer, at: int, base: int) -> int:
        """Read elements without a VR (PS3.5 §7.1.3); stop where something else comes, or more bytes are needed."""
        here, kinds, kept = self._here, self._kinds, self.kept
        size, end, last, final = len(data), here.end - base, here.last, self._final
        limit, within, escapes = min(size - 7, end), min(size, end), kept.characters.extended
        count, begin, length = 0, at, 0
        while at < limit:
            group, number, length = LITTLE_TAG(data, at)
            tag = group << 16 | number
            if not last < tag < FIRST_DELIMITER and self._leaves_order(tag, last, base + at):
                break
            stop = at + 8 + length
            if tag in kinds:
                kind = kinds[tag]
                if kind > WATCHED or length == UNDEFINED_LENGTH:
                    break
                if stop > within:
                    if length <= KEPT and not final and stop <= end:
                        break
                elif kind == TEXT:
                    if (escapes or not data[at + 8 : stop].isascii()) and length <= KEPT:
                        kept.check_text(tag, bytes(data[at + 8 : stop]), base + at)
                elif (kind == UID or tag in KEPT_ELEMENTS) and length <= KEPT:
                    self._take(tag, kind, bytes(data[at + 8 : stop]), base + at)
                    escapes = kept.characters.extended
            elif length == UNDEFINED_LENGTH:
                break
            if stop > end or length & 1:
                if stop > end and bytes(data[at + 4 : at + 6]) in VRS:
                    self._depart(Mode.EXPLICIT_LITTLE, base + at)
                    break
                stop = self._wrong_length(tag, length, base + at, base + stop) - base
            last = tag
            count += 1
            begin, at = at, stop
        self.headers += count
        here.last = last
        if at < limit:
            return self._step_implicit(data, at, base)
        if at > size and at > begin:
            self._far = (last, base + begin, length)
        self._pause(at, size, end)
        return at

    def _pause(self, at: int, size: int, end: int) -> None:
        """Nothing can be read at `at`: a value, or a header, is not whole, or the container ends."""
        if at > size:
            self._more = True
        elif at >= end:
            self._close_at_end()
        else:
            self._more = True

    def _step_implicit(self, data: Buffer, at: int, base: int) -> int:
        """Take what the plain reading of elements stopped at."""
        if self.stopped or self._here.mode is not Mode.IMPLICIT:
            return at
        group, number, length = LITTLE_TAG(data, at)
        tag = group << 16 | number
        if tag >= FIRST_DELIMITER:
            return self._read_delimiter(data, at, base)
        kind = PIXELS if tag == PIXEL_DATA else self._kinds.get(tag, PLAIN)
        if kind <= WATCHED and length != UNDEFINED_LENGTH:
            self._more = True
            return at
        return self._take_long(tag, kind, length, Mode.IMPLICIT, data, at, at + 8, base)

    def _take(self, tag: int, kind: int, value: bytes, offset: int) -> None:
        little = self._here.mode is not Mode.EXPLICIT_BIG
        if self._stack:
            self.kept.refer(self._here.tag, tag, value, little=little)
        else:
            self.kept.take(tag, kind, value, offset, little=little)

    def _take_long(
        self, tag: int, kind: int, length: int, mode: Mode, data: Buffer, at: int, start: int, base: int
    ) -> int:
        """Take an element that is gone into, or long and looked at; its value begins at `start`."""
        here, offset, stop = self._here, base + at, start + length
        top = not self._stack
        if length == UNDEFINED_LENGTH:
            level = Level.FRAGMENTS if kind == PIXELS else Level.ITEMS
            if top and tag == PIXEL_DATA:
                self.kept.begin_fragments(tag, offset, encapsulated=self._encapsulated)
                self._fragments = self.kept.fragments
            self._open(Container(level, mode, tag, offset, here.end, undelimited=True))
            stop = start
        elif kind == LONG_TEXT and length <= KEPT:
            if stop > len(data) and base + stop <= here.end and not self._final:
                self._more = True
                return at
            if stop <= len(data) and base + stop <= here.end:
                self.kept.check_text(tag, bytes(data[start:stop]), offset)
        elif kind == PIXELS and top and tag == PIXEL_DATA:
            self.kept.check_native_pixels(tag, length, offset, encapsulated=self._encapsulated)
        self.headers += 1
        here.last = tag
        if length == UNDEFINED_LENGTH:
            return start
        if base + stop > here.end or length & 1:
            stop = self._wrong_length(tag, length, offset, base + stop) - base
        if kind == SEQUENCE:
            self._open(Container(Level.ITEMS, mode, tag, offset, base + stop))
            return start
        if stop > len(data):
            self._far = (tag, offset, length)
        return stop

    def _depart(self, mode: Mode, offset: int) -> None:
        """From here on the encoding is another."""
        what = "have no VR (implicit VR)" if mode is Mode.IMPLICIT else "have a VR (explicit VR)"
        where = "" if not self._stack else f", in {self._here.name}"
        text = f"elements from byte {offset} on {what}{where}, those before are encoded otherwise"
        self.problems.add("data-set-wrong-syntax", text, offset)
        if not self._stack:
            self.departure = text
        self._here.mode = mode
        self._doubt = True
        self._choose_kinds()

    def _read_undefined_vr(self, tag: int, vr: bytes, data: Buffer, at: int, base: int) -> int:
        """Take an element whose VR is none: go on where the next element is seen, or as if there were no VR."""
        here, offset = self._here, base + at
        little = here.mode is Mode.EXPLICIT_LITTLE
        if self._doubt:
            self._stop(f"at byte {offset} it could not be followed any more")
            return at
        if at + LOOKAHEAD > len(data) and not self._final:
            self._more = True
            return at
        ends, window = self._final and at + LOOKAHEAD > len(data), bytes(data[at : at + LOOKAHEAD])
        header, long = (_LITTLE_HEADER, _LITTLE_LENGTH) if little else (_BIG_HEADER, _BIG_LENGTH)
        length: int = header(window, 0)[3]
        ways: list[tuple[Mode, int]] = [(here.mode, at + 8 + length)]
        if length == 0 and len(window) >= 12:
            ways.append((here.mode, at + 12 + long(window, 8)[0]))
        if little:
            without = (Mode.IMPLICIT, at + 8 + int(_LITTLE_LENGTH(window, 4)[0]))
            ways = [*ways, without] if vr.isalpha() and vr.isupper() else [without, *ways]
        seen = [
            (self._goes_on(window, stop - at, mode, tag, offset, ends=ends), -index)
            for index, (mode, stop) in enumerate(ways)
        ]
        verdict, index = max(seen)
        mode, stop = ways[-index]
        if mode is Mode.IMPLICIT and verdict > 0:
            self._depart(Mode.IMPLICIT, offset)
            self._doubt = False
            return at
        shown = repr(vr.decode()) if vr.isascii() and vr.decode().isprintable() else vr.hex(" ")
        self.problems.add("data-set-bad-vr", f"{named(tag)} at byte {offset} has the undefined VR {shown}", offset, tag)
        if mode is Mode.IMPLICIT or verdict < 0:
            self._stop(f"at byte {offset} it could not be followed any more")
            return at
        self._doubt = verdict == 0
        self.headers += 1
        here.last = tag
        if stop > at + len(window):
            self._far = (tag, offset, stop - at - 8)
        return stop

    def _goes_on(self, data: bytes, at: int, mode: Mode, last: int, base: int, *, ends: bool) -> int:
        """Whether an element (or the end) follows at `at`: 1 yes, -1 no, 0 where it is not to be seen.

        `ends`: the data set does where `data` does.
        """
        here, size = self._here, len(data)
        if base + at >= here.end:
            return 1 if base + at == here.end else -1
        if at + 8 > size:
            return (1 if at == size and not self._stack else -1) if ends else 0
        group, number, vr, _ = (_BIG_HEADER if mode is Mode.EXPLICIT_BIG else _LITTLE_HEADER)(data, at)
        tag = group << 16 | number
        if tag >= FIRST_DELIMITER:
            return 1 if self._stack else -1
        return 1 if tag > last and (mode is Mode.IMPLICIT or vr in VRS) else -1
