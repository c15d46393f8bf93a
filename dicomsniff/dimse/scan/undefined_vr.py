"""An element whose VR is none: how it may be meant, by what follows it (PS3.5 §7.1)."""

import struct
from typing import Literal, NamedTuple

from dicomsniff.dimse.scan.events import Mode
from dicomsniff.dimse.scan.kinds import VRS
from dicomsniff.dimse.scan.nesting import Container
from dicomsniff.dimse.scan.syntax import FIRST_DELIMITER

LOOKAHEAD = 4096
"""Bytes looked at from the element on, to see where the next one is."""

_HEADERS = {Mode.EXPLICIT_BIG: struct.Struct(">HH2sH").unpack_from}
_LITTLE_HEADER = struct.Struct("<HH2sH").unpack_from


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
    big = here.mode is Mode.EXPLICIT_BIG
    order: Literal["big", "little"] = "big" if big else "little"
    group, number, vr, length = _HEADERS.get(here.mode, _LITTLE_HEADER)(window)
    tag = group << 16 | number
    ways = [(here.mode, 8, length)]
    if length == 0 and len(window) >= 12:
        ways.append((here.mode, 12, int.from_bytes(window[8:12], order)))
    if not big:
        without = (Mode.IMPLICIT, 8, int.from_bytes(window[4:8], order))
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
    group, number, vr, _ = _HEADERS.get(mode, _LITTLE_HEADER)(window, at)
    tag = group << 16 | number
    if tag >= FIRST_DELIMITER:
        return 1 if nested else -1
    return 1 if tag > last and (mode is Mode.IMPLICIT or vr in VRS) else -1
