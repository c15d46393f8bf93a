"""Sequences and items inside each other: where each ends, and what is wrong where one does not (PS3.5 §7.5)."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from dicomsniff.dimse.scan.kept import KeptValues
from dicomsniff.dimse.scan.kinds import EXPLICIT_KINDS, implicit_kinds
from dicomsniff.dimse.scan.outline import ProblemList, named
from dicomsniff.dimse.scan.pixels import MAX_TABLE, SAMPLE, Fragments
from dicomsniff.dimse.scan.syntax import UNDEFINED_LENGTH, Encoding
from dicomsniff.quantities import counted

Buffer = bytes | bytearray
FOREVER = 1 << 62
MAX_DEPTH = 64
"""Sequences inside each other; more are followed, up to the limit of elements, but said to be too many."""

ITEM, ITEM_DELIMITER, SEQUENCE_DELIMITER = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD

LITTLE_TAG, BIG_TAG = struct.Struct("<HHL").unpack_from, struct.Struct(">HHL").unpack_from


class Mode(IntEnum):
    """How elements are encoded."""

    EXPLICIT_LITTLE = 0
    EXPLICIT_BIG = 1
    IMPLICIT = 2


class Level(IntEnum):
    """What is expected next: an element, an item of a sequence, an item of encapsulated pixel data."""

    ELEMENTS = 0
    ITEMS = 1
    FRAGMENTS = 2


@dataclass(slots=True)
class Container:
    """The data set, a sequence or an item: where it began, where it ends.

    `undelimited` is True until a delimiter ends what has an undefined length; `end` is then that of what it is in.
    `tag` is that of the sequence, also for its items; `last` is the tag before in the data set or item.
    """

    level: Level
    mode: Mode
    tag: int
    start: int
    end: int
    undelimited: bool = False
    last: int = -1

    @property
    def name(self) -> str:
        """What it is called in text."""
        of = "an item of " if self.level is Level.ELEMENTS else ""
        return f"{of}{named(self.tag)} at byte {self.start}"


class Nesting:
    """Where the walk is: the containers it is in, and the problems on its way."""

    __slots__ = (
        "_doubt", "_far", "_final", "_fragments", "_here", "_kinds", "_more", "_next", "_stack",
        "departure", "headers", "kept", "problems", "stopped",
    )  # fmt: skip

    def __init__(self, encoding: Encoding, problems: ProblemList, start: int) -> None:
        self.problems = problems
        self.kept = KeptValues(problems)
        self.headers = 0
        """Elements, items and fragments seen."""
        self.departure = ""
        """Says where the encoding becomes another than the one it began with."""
        self.stopped = ""
        """Says why nothing more is looked at."""
        explicit = Mode.EXPLICIT_LITTLE if encoding.little else Mode.EXPLICIT_BIG
        mode = Mode.IMPLICIT if encoding.implicit else explicit
        self._here = Container(Level.ELEMENTS, mode, 0, start, FOREVER)
        self._stack: list[Container] = []
        self._next = start
        self._far = (0, start, 0)
        """The last element whose value was not fed whole: tag, offset, length."""
        self._fragments: Fragments | None = None
        """Of the pixel data that is being read, at whatever depth."""
        self._final = self._more = False
        self._doubt = False
        """Whether a problem may have made the walk lose its place, so that the next one says nothing of the sender."""
        self._kinds: Mapping[Any, int] = {}
        self._choose_kinds()

    def _choose_kinds(self) -> None:
        kinds = implicit_kinds() if self._here.mode is Mode.IMPLICIT else EXPLICIT_KINDS
        self._kinds = kinds[min(len(self._stack) // 2, 2)]

    def _open(self, container: Container) -> None:
        if len(self._stack) == 2 * MAX_DEPTH and not self.problems.has("data-set-too-deep"):
            text = f"{container.name} is the {MAX_DEPTH + 1}th sequence inside another"
            self.problems.add("data-set-too-deep", text, container.start, container.tag)
        self._stack.append(self._here)
        self._here = container
        if container.level is Level.ELEMENTS:
            self._choose_kinds()

    def _close(self) -> None:
        self._here = self._stack.pop()
        if self._here.level is Level.ELEMENTS:
            self._choose_kinds()

    def _close_at_end(self) -> None:
        """Close a sequence or item because what contains it ends here, whether or not a delimiter is missing."""
        if self._here.undelimited:
            self._miss_delimiter(self._here)
        self._close()

    def _stop(self, why: str) -> None:
        self.stopped = self.stopped or why
        self._more = True

    def _leaves_order(self, tag: int, last: int, offset: int) -> bool:
        """Take a tag not greater than the last; return whether no element can have it, or the walk must stop."""
        if tag >= 0xFFFE0000:
            return True
        if self._doubt:
            self._stop(f"at byte {offset} it could not be followed any more")
            return True
        if not self.problems.has("data-set-order"):
            what = "is there again" if tag == last else f"comes after {named(last)}"
            self.problems.add("data-set-order", f"{named(tag)} at byte {offset} {what}", offset, tag)
        return False

    def _wrong_length(self, tag: int, length: int, offset: int, stop: int) -> int:
        """Take an element of odd length, or one that ends beyond its container; return where to go on."""
        if stop > self._here.end:
            self._overrun(f"{named(tag)} at byte {offset}", stop, offset, tag)
            return self._here.end
        text = f"{named(tag)} at byte {offset} has an odd length of {length} bytes"
        self.problems.add("data-set-odd-length", text, offset, tag)
        return stop

    def _overrun(self, what: str, stop: int, offset: int, tag: int) -> None:
        beyond = stop - self._here.end
        text = f"{what} ends {counted(beyond, 'byte')} behind {self._here.name}, which it is in"
        if not self._doubt:
            self.problems.add("data-set-overrun", text, offset, tag)
        self._doubt = True

    def _miss_delimiter(self, container: Container) -> None:
        if not self._doubt:
            text = f"{container.name} has an undefined length, and no delimiter"
            self.problems.add("data-set-undelimited", text, container.start, container.tag)

    def _stray(self, tag: int, offset: int, what: str) -> None:
        if not self._doubt:
            self.problems.add("data-set-stray-delimiter", f"{named(tag)} at byte {offset} {what}", offset, tag)

    def _read_delimiter(self, data: Buffer, at: int, base: int) -> int:
        """Take a tag of group FFFE or above where an element may stand."""
        here = self._here
        group, number, length = (BIG_TAG if here.mode is Mode.EXPLICIT_BIG else LITTLE_TAG)(data, at)
        tag = group << 16 | number
        if here.undelimited and tag == ITEM_DELIMITER:
            if length:
                self._stray(tag, base + at, f"has a length of {length}; it must be 0")
            self._close()
        elif here.undelimited and (tag == ITEM or (tag == SEQUENCE_DELIMITER and self._stack[-1].undelimited)):
            self._miss_delimiter(here)
            self._close()
            return at
        elif tag in (ITEM, ITEM_DELIMITER, SEQUENCE_DELIMITER):
            self._stray(tag, base + at, "stands where an element must")
        else:
            if not self._doubt:
                text = f"{named(tag)} at byte {base + at} stands where an element must"
                self.problems.add("data-set-order", text, base + at, tag)
            self._stop(f"at byte {base + at} it could not be followed any more")
        return at + 8

    def _read_item(self, data: Buffer, at: int, base: int) -> int:
        """Take what stands where an item must."""
        here = self._here
        if base + at >= here.end and at <= len(data):
            self._close_at_end()
            return at
        if at + 8 > len(data):
            self._more = True
            return at
        group, number, length = (BIG_TAG if here.mode is Mode.EXPLICIT_BIG else LITTLE_TAG)(data, at)
        tag, offset = group << 16 | number, base + at
        if tag == ITEM:
            if here.level is Level.FRAGMENTS:
                return self._take_fragment(length, data, at, base)
            self.headers += 1
            stop = here.end if length == UNDEFINED_LENGTH else offset + 8 + length
            if stop > here.end:
                self._overrun(f"an item of {named(here.tag)} at byte {offset}", stop, offset, here.tag)
                stop = here.end
            self._open(Container(Level.ELEMENTS, here.mode, here.tag, offset, stop, length == UNDEFINED_LENGTH))
        elif tag == SEQUENCE_DELIMITER and here.undelimited:
            if length:
                self._stray(tag, offset, f"has a length of {length}; it must be 0")
            if self._fragments is not None:
                self._fragments.ended = True
                self._fragments = None
            self._close()
        elif tag in (SEQUENCE_DELIMITER, ITEM_DELIMITER):
            self._stray(tag, offset, "stands where an item must")
        else:
            return self._miss_item(at, base)
        return at + 8

    def _miss_item(self, at: int, base: int) -> int:
        """Something that is no item stands where one must: the sequence has no delimiter, or its length is wrong."""
        here = self._here
        if here.undelimited:
            self._miss_delimiter(here)
        elif not self._doubt:
            text = f"{here.name} has something else where an item must be, at byte {base + at}"
            self.problems.add("data-set-item", text, base + at, here.tag)
        self._doubt = True
        self._fragments = None
        self._close()
        return at if here.undelimited else here.end - base

    def _take_fragment(self, length: int, data: Buffer, at: int, base: int) -> int:
        """Take an item of encapsulated pixel data: first the offset table, then fragments."""
        here, fragments, offset = self._here, self._fragments, base + at
        stop = at + 8 + length
        if length == UNDEFINED_LENGTH or base + stop > here.end:
            what = f"a fragment of {named(here.tag)} at byte {offset}"
            if length == UNDEFINED_LENGTH:
                self.problems.add("data-set-item", f"{what} has an undefined length", offset, here.tag)
                self._stop(f"at byte {offset} it could not be followed any more")
                return at
            self._overrun(what, base + stop, offset, here.tag)
            stop = here.end - base
        if fragments is not None:
            needed = length if not fragments.began and length <= MAX_TABLE else min(length, SAMPLE)
            if (fragments.count == 0 or not fragments.began) and at + 8 + needed > len(data) and not self._final:
                self._more = True
                return at
            value = bytes(data[at + 8 : at + 8 + needed])
            fragments.take(length, value if len(value) == needed else None)
        if length & 1:
            text = f"a fragment of {named(here.tag)} at byte {offset} has an odd length of {length} bytes"
            self.problems.add("data-set-odd-length", text, offset, here.tag)
        self.headers += 1
        if stop > len(data):
            self._far = (here.tag, offset, length)
        return stop

    def _judge_end(self, length: int) -> None:
        """The data set ends after `length` bytes, wherever the walk is."""
        containers = [*self._stack[1:], self._here] if self._stack else []
        tag, start, announced = self._far
        for container in containers:
            if not container.undelimited and container.end > length:
                self._cut_off(container.name, container.end - length, container.start, container.tag)
                return
        if self._next > length:
            self._cut_off(f"{named(tag)} at byte {start}, of {announced} bytes,", self._next - length, start, tag)
        elif self._next < length:
            left = length - self._next
            text = f"the {left} bytes from {self._next} to the end are too few for what they begin"
            if not self._doubt:
                self.problems.add("data-set-truncated-element", text, self._next)
        elif containers:
            inner = len(containers) - 1
            if not self._doubt:
                also = f"; nor has what is open in it ({inner})" if inner else ""
                text = f"{containers[0].name} has an undefined length, and no delimiter{also}"
                self.problems.add("data-set-undelimited", text, containers[0].start, containers[0].tag)

    def _cut_off(self, what: str, missing: int, offset: int, tag: int) -> None:
        if not self._doubt:
            text = f"{what} ends {counted(missing, 'byte')} behind the data set"
            self.problems.add("data-set-truncated-element", text, offset, tag)
