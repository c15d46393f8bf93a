"""Sequences and items inside each other: where each ends, and what is wrong where one does not (PS3.5 §7.5)."""

from enum import IntEnum

from msgspec import Struct

from dicomsniff.dimse.scan.events import ElementSink, Header
from dicomsniff.dimse.scan.modes import UNDEFINED_LENGTH, Mode
from dicomsniff.dimse.scan.outline import ProblemList, named
from dicomsniff.pdu.framing import FOREVER
from dicomsniff.quantities import counted

MAX_DEPTH = 64
"""Sequences inside each other; more are followed, up to the limit of elements, but said to be too many."""


class Level(IntEnum):
    """What is expected next: an element, an item of a sequence, an item of encapsulated pixel data."""

    ELEMENTS = 0
    ITEMS = 1
    FRAGMENTS = 2


class Container(Struct):
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
    """The containers a walk is in: `here` is the innermost, `outer` those around it. Tells what is wrong with them.

    `doubt` says that a problem may have made the walk lose its place, so that the next one says nothing of the sender.
    """

    __slots__ = ("_problems", "_sink", "doubt", "here", "outer")

    def __init__(self, mode: Mode, start: int, problems: ProblemList, sink: ElementSink | None) -> None:
        self.here = Container(Level.ELEMENTS, mode, 0, start, FOREVER)
        self.outer: list[Container] = []
        self.doubt = False
        self._problems = problems
        self._sink = sink

    def begin(self, header: Header, level: Level, end: int) -> None:
        """Go into a sequence, or into pixel data; it ends at byte `end` at the latest."""
        if self._sink is not None:
            self._sink.begin(header, pixels=level is Level.FRAGMENTS)
        undelimited = header.length == UNDEFINED_LENGTH
        self._open(Container(level, header.mode, header.tag, header.offset, end, undelimited))

    def begin_item(self, offset: int, length: int) -> None:
        """Go into an item."""
        here, undelimited = self.here, length == UNDEFINED_LENGTH
        end = here.end if undelimited else offset + 8 + length
        if end > here.end:
            end = self.overrun(f"an item of {named(here.tag)} at byte {offset}", end, offset, here.tag)
        if self._sink is not None:
            self._sink.begin_item(offset)
        self._open(Container(Level.ELEMENTS, here.mode, here.tag, offset, end, undelimited))

    def _open(self, container: Container) -> None:
        if len(self.outer) == 2 * MAX_DEPTH and not self._problems.has("data-set-too-deep"):
            text = f"{container.name} is the {MAX_DEPTH + 1}th sequence inside another"
            self._problems.add("data-set-too-deep", text, container.start, container.tag)
        self.outer.append(self.here)
        self.here = container

    def close(self, offset: int) -> None:
        """Leave the innermost container, which ends before byte `offset`."""
        self.here = self.outer.pop()
        if self._sink is not None:
            self._sink.end(offset)

    def close_at_end(self) -> None:
        """What a sequence or item is in ends here: so does it, whether it should have a delimiter or not."""
        if self.here.undelimited:
            self.miss_delimiter()
        self.close(self.here.end)

    def wrong_length(self, tag: int, length: int, offset: int, stop: int) -> int:
        """Take an element of odd length, or that ends behind what it is in; return where to go on."""
        if stop > self.here.end:
            return self.overrun(f"{named(tag)} at byte {offset}", stop, offset, tag)
        self.odd_length(named(tag), length, offset, tag)
        return stop

    def odd_length(self, what: str, length: int, offset: int, tag: int) -> None:
        """A value has an odd number of bytes."""
        text = f"{what} at byte {offset} has an odd length of {counted(length, 'byte')}"
        self._problems.add("data-set-odd-length", text, offset, tag)

    def overrun(self, what: str, stop: int, offset: int, tag: int) -> int:
        """Something ends behind the container it is in; return where to go on."""
        beyond = stop - self.here.end
        text = f"{what} extends {counted(beyond, 'byte')} past the end of {self.here.name}"
        self._suspect("data-set-overrun", text, offset, tag)
        self.doubt = True
        return self.here.end

    def miss_delimiter(self) -> None:
        """The innermost container ends without the delimiter that it must have."""
        text = f"{self.here.name} has an undefined length, and no delimiter"
        self._suspect("data-set-undelimited", text, self.here.start, self.here.tag)

    def miss_item(self, offset: int) -> int:
        """Something that is no item stands where one must: the sequence has no delimiter, or its length is wrong.

        Return where to go on.
        """
        here = self.here
        if here.undelimited:
            self.miss_delimiter()
        else:
            text = f"{here.name} has something else where an item was expected, at byte {offset}"
            self._suspect("data-set-item", text, offset, here.tag)
        self.doubt = True
        stop = offset if here.undelimited else here.end
        self.close(stop)
        return stop

    def wrong_order(self, tag: int, offset: int) -> None:
        """A tag is not above the one before it (PS3.5 §7.1); said once of a data set, as others often follow."""
        last = self.here.last
        if not self._problems.has("data-set-order"):
            what = "occurs a second time" if tag == last else f"comes after {named(last)}"
            self._problems.add("data-set-order", f"{named(tag)} at byte {offset} {what}", offset, tag)

    def undefined_vr(self, tag: int, vr: bytes, offset: int) -> None:
        """The bytes of a VR are none."""
        shown = repr(vr.decode()) if vr.isascii() and vr.decode().isprintable() else vr.hex(" ")
        text = f"{named(tag)} at byte {offset} has the undefined VR {shown}"
        self._problems.add("data-set-bad-vr", text, offset, tag)

    def endless_fragment(self, offset: int) -> None:
        """A fragment has no length."""
        tag = self.here.tag
        text = f"a fragment of {named(tag)} at byte {offset} has an undefined length"
        self._problems.add("data-set-item", text, offset, tag)

    def stray(self, tag: int, offset: int, what: str) -> None:
        """A delimiter, or an item, is wrong, or stands where it must not."""
        self._suspect("data-set-stray-delimiter", f"{named(tag)} at byte {offset} {what}", offset, tag)

    def no_element(self, tag: int, offset: int) -> None:
        """A tag that no element has stands where an element must."""
        text = f"{named(tag)} at byte {offset} is found where a data element was expected"
        self._suspect("data-set-order", text, offset, tag)

    def end_delimited(self, tag: int, offset: int, length: int) -> None:
        """A delimiter ends the innermost container; it must have no length."""
        if length:
            self.stray(tag, offset, f"has a length of {length}; it must be 0")
        self.close(offset + 8)

    def depart(self, mode: Mode, offset: int) -> str:
        """From an element on the encoding is another; say so, and return that for what is no item."""
        what = "have no VR (implicit VR)" if mode is Mode.IMPLICIT else "have a VR (explicit VR)"
        where = "" if not self.outer else f", in {self.here.name}"
        text = f"elements from byte {offset} on {what}{where}, those before are encoded otherwise"
        self._problems.add("data-set-wrong-syntax", text, offset)
        self.here.mode = mode
        self.doubt = True
        return "" if self.outer else text

    def judge_end(self, length: int, reached: int, far: tuple[int, int, int]) -> None:
        """The data set ends after `length` bytes, the walk came to byte `reached`.

        `far` are tag, offset and length of the last element whose value was not fed whole.
        """
        containers = [*self.outer[1:], self.here] if self.outer else []
        tag, start, announced = far
        for container in containers:
            if not container.undelimited and container.end > length:
                self._cut_off(container.name, container.end - length, container.start, container.tag)
                return
        if reached > length:
            self._cut_off(f"{named(tag)} at byte {start} ({counted(announced, 'byte')})", reached - length, start, tag)
        elif reached < length:
            text = f"{counted(length - reached, 'byte')} from {reached} to the end, too few for an element"
            self._suspect("data-set-truncated-element", text, reached)
        elif containers:
            inner = len(containers) - 1
            also = f"; likewise {inner} more inside it" if inner else ""
            text = f"{containers[0].name} has an undefined length, and no delimiter{also}"
            self._suspect("data-set-undelimited", text, containers[0].start, containers[0].tag)

    def _cut_off(self, what: str, missing: int, offset: int, tag: int) -> None:
        text = f"{what} extends {counted(missing, 'byte')} past the end of the data set"
        self._suspect("data-set-truncated-element", text, offset, tag)

    def _suspect(self, code: str, text: str, offset: int, tag: int | None = None) -> None:
        """List a problem, unless it may come of an earlier one."""
        if not self.doubt:
            self._problems.add(code, text, offset, tag)
