"""What the scanner does with an element: by VR where the bytes name it, else by tag (PS3.5 §6.2, §7.1; PS3.6)."""

from functools import lru_cache

from dicomsniff.dictionary.registry import attributes
from dicomsniff.dimse.scan.formats import VRS as FORMATTED_VRS

PLAIN, TEXT, SHORT_TEXT, NAME, SHORT_ITEM, NAME_ITEM, UID, FORMATTED, WATCHED = range(9)
LONG, LONG_TEXT, SEQUENCE, PIXELS, UNDEFINED_VR = range(9, 14)
"""What to do with a value: skip it (0), check its characters, those and its length (16, 64 characters), its length only
(16, 64), check it as a UID, check how it is written, keep it if it is wanted; then those with a 4-byte length in
explicit VR: skip it, check its characters, go into it, check the pixels; and what is no VR."""

PIXEL_DATA = 0x7FE00010
EXTENDED_OFFSET_TABLE = 0x7FE00001
CHARACTER_SET = 0x00080005
NUMBER_OF_FRAMES = 0x00280008
ROWS, COLUMNS, SAMPLES_PER_PIXEL, BITS_ALLOCATED = 0x00280010, 0x00280011, 0x00280002, 0x00280100
PHOTOMETRIC_INTERPRETATION = 0x00280004
TRANSFER_SYNTAX_UID = 0x00020010
REFERENCED_SOP_INSTANCE_UID = 0x00081155
FAILURE_REASON = 0x00081197

NUMBERS = frozenset([ROWS, COLUMNS, SAMPLES_PER_PIXEL, BITS_ALLOCATED, FAILURE_REASON])
"""Kept elements that are one unsigned 16-bit number."""
KEPT_ELEMENTS = NUMBERS | {
    CHARACTER_SET,
    0x00080016,  # SOP Class UID
    0x00080018,  # SOP Instance UID
    0x00080052,  # Query/Retrieve Level
    0x00081195,  # Transaction UID
    0x00400252,  # Performed Procedure Step Status
    0x00741000,  # Procedure Step State
    TRANSFER_SYNTAX_UID,
    NUMBER_OF_FRAMES,
    PHOTOMETRIC_INTERPRETATION,
}
"""Top-level elements whose value is kept; Failure Reason is counted in items, where it is."""

_SHORT = {b"LO": NAME, b"LT": TEXT, b"PN": NAME, b"SH": SHORT_TEXT, b"ST": TEXT, b"UI": UID, b"US": WATCHED}
_SHORT |= dict.fromkeys(FORMATTED_VRS, FORMATTED)
_SHORT |= dict.fromkeys(b"AE AT FD FL SL SS UL".split(), PLAIN)
_LONG = dict.fromkeys(b"OB OD OF OL OV OW SV UN UR UV".split(), LONG)
_LONG |= {b"UC": LONG_TEXT, b"UT": LONG_TEXT, b"SQ": SEQUENCE}

LONG_VRS = frozenset(_LONG)
"""VRs with two reserved bytes and a 4-byte length in explicit VR (PS3.5 Table 7.1-1)."""
VRS = LONG_VRS | frozenset(_SHORT)

_NESTED = dict.fromkeys(_SHORT, PLAIN) | dict.fromkeys(_LONG, LONG) | {b"SQ": SEQUENCE, b"UI": UID}
_NESTED |= dict.fromkeys(FORMATTED_VRS, FORMATTED)
_IN_ITEMS = {SHORT_TEXT: SHORT_ITEM, NAME: NAME_ITEM}
"""What to do with texts of limited length in items: their character set may be another one, so only length counts."""
_NESTED |= {vr: _IN_ITEMS[kind] for vr, kind in _SHORT.items() if kind in _IN_ITEMS}
EXPLICIT_KINDS: tuple[dict[bytes, int], ...] = (_SHORT | _LONG, _NESTED | {b"US": WATCHED}, _NESTED)
"""What to do by VR: at top level, in the items of a top-level sequence, deeper."""


_BY_TAG = (TEXT, SHORT_TEXT, NAME, UID, FORMATTED, SEQUENCE, LONG_TEXT)


@lru_cache(maxsize=1)
def implicit_kinds() -> tuple[dict[int, int], ...]:
    """Return what to do by tag where no VR is sent; a tag not listed is PLAIN. Levels as in EXPLICIT_KINDS."""
    top: dict[int, int] = {}
    for tag, (vr, *_) in attributes().items():
        kind = EXPLICIT_KINDS[0].get(vr.encode(), PLAIN)
        if kind in _BY_TAG or (kind == WATCHED and tag in KEPT_ELEMENTS):
            top[tag] = kind
    top[PIXEL_DATA] = PIXELS
    top[EXTENDED_OFFSET_TABLE] = PIXELS
    deeper = {
        tag: _IN_ITEMS.get(kind, kind)
        for tag, kind in top.items()
        if kind in (SEQUENCE, UID, FORMATTED) or kind in _IN_ITEMS
    }
    return top, deeper | {FAILURE_REASON: WATCHED}, deeper


@lru_cache(maxsize=1)
def dictionary_vrs() -> dict[int, bytes]:
    """Return the VR of attributes (PS3.6 §6) by tag, of those that have but one."""
    found = ((tag, vr.encode()) for tag, (vr, *_) in attributes().items())
    return {tag: vr for tag, vr in found if vr in VRS}


@lru_cache(maxsize=1)
def implicit_formats() -> dict[int, bytes]:
    """Return the VR of what is FORMATTED, or of limited length, by tag, where no VR is sent."""
    found = ((tag, vr.encode()) for tag, (vr, *_) in attributes().items())
    return {tag: vr for tag, vr in found if _SHORT.get(vr) in (SHORT_TEXT, NAME, FORMATTED)}
