"""An element whose VR is none: how it may be meant, by what follows it (PS3.5 §7.1)."""

from typing import NamedTuple

from dicomsniff.dimse.scan.element_kinds import VRS
from dicomsniff.dimse.scan.modes import FIRST_DELIMITER, HEADERS, LENGTHS, Mode
from dicomsniff.dimse.scan.nesting import Container

LOOKAHEAD = 4096
"""Bytes looked at from the element on, to see where the next one is."""


class Way(NamedTuple):
    """A way to read an element: the value begins `start` bytes behind the element, `mode` tells whether VRs are sent.

    `verdict` says whether an element, or the end, follows: 1 yes, -1 no, 0 where that is not to be seen.
    """

    verdict: int
    mode: Mode
    start: int
    length: int


def find_way(window: bytes, offset: int, here: Container, *, nested: bool, ends: bool) -> Way:
    """Return the most likely way to read the element at the start of `window`, at byte `offset`, in `here`.

    `nested`: that is an item. `ends`: the data set ends where `window` does.
    """
    group, number, vr, length = HEADERS[here.mode](window)
    tag = group << 16 | number
    ways = [(here.mode, 8, length)]
    if length == 0 and len(window) >= 12:
        ways.append((here.mode, 12, LENGTHS[here.mode](window, 8)[0]))
    if here.mode is Mode.EXPLICIT_LITTLE:
        without = (Mode.IMPLICIT, 8, LENGTHS[Mode.IMPLICIT](window, 4)[0])
        # Two capital letters are rather a VR of the future, or a misspelled one, than a length.
        ways = [*ways, without] if vr.isalpha() and vr.isupper() else [without, *ways]
    judged = [Way(_verdict(window, way, tag, offset, here, nested=nested, ends=ends), *way) for way in ways]
    return max(judged, key=lambda way: way.verdict)


def _verdict(
    window: bytes, way: tuple[Mode, int, int], last: int, offset: int, here: Container, *, nested: bool, ends: bool
) -> int:
    mode, start, length = way
    at = start + length
    if offset + at >= here.end:
        return 1 if offset + at == here.end else -1
    if at + 8 > len(window):
        return (1 if at == len(window) and not nested else -1) if ends else 0
    group, number, vr, _ = HEADERS[mode](window, at)
    tag = group << 16 | number
    if tag >= FIRST_DELIMITER:
        return 1 if nested else -1
    return 1 if tag > last and (mode is Mode.IMPLICIT or vr in VRS) else -1
