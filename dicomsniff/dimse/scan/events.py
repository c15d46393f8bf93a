"""What a walk over a data set tells of it: elements, items, fragments, and where what it goes into ends."""

from typing import NamedTuple, Protocol

from dicomsniff.dimse.scan.modes import Mode


class Header(NamedTuple):
    """What precedes the value of an element: it begins at byte `offset` of the data set, the value at `start`.

    `vr` is empty in implicit VR, and UN where the bytes there are no VR. `length` may be UNDEFINED_LENGTH. `mode` is
    that of the value: of UN it is implicit VR (PS3.5 §6.2.2).
    """

    tag: int
    vr: bytes
    mode: Mode
    offset: int
    start: int
    length: int


class ElementSink(Protocol):
    """Takes what a walk comes to, in the order of the bytes. Problems are not told here: they are in the outline."""

    longest: int
    """Bytes: longer values are not handed over, only that much of their beginning."""

    def element(self, header: Header, value: bytes) -> bool:
        """Take an element that ends where it must; return whether its value is a sequence, to go into.

        `value` is shorter than it should be where the data set ends before.
        """

    def begin(self, header: Header, *, pixels: bool) -> None:
        """Go into the items of a sequence, or into encapsulated `pixels`."""

    def begin_item(self, offset: int) -> None:
        """Go into the elements of an item."""

    def fragment(self, start: int, length: int) -> None:
        """Take an item of encapsulated pixel data, its value beginning at byte `start`: first the offset table."""

    def end(self, offset: int) -> None:
        """Leave what was gone into last: a sequence, an item or pixel data. It ends before byte `offset`."""

    def keep(self, inflated: bytes) -> None:
        """Take the next bytes that a deflated data set inflates to, which come before what the walk tells of them."""
