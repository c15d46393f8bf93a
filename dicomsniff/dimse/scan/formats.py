"""How values of dates, times, numbers, codes and names are written (PS3.5 §6.2), as far as receivers insist on it."""

import re
from collections.abc import Callable
from functools import cache

from dicomsniff.quantities import counted

CHECKED = 256
"""Bytes: a longer value of these VRs is not checked."""
MAX_NAME, MAX_SHORT = 64, 16
"""Characters of a component group of a person name, or of a long string, and of a short string (PS3.5 §6.2)."""
_LONGEST = {b"CS": 16, b"DS": 16, b"IS": 12}
"""Characters that a value may have, without padding."""
_MEANING = {
    b"AS": "an age (a number, then D, W, M or Y)",
    b"CS": "a code of letters, digits, space and underscore",
    b"DA": "a date (YYYYMMDD)",
    b"DS": "a decimal number",
    b"DT": "a date and time (YYYYMMDDHHMMSS.FFFFFF&ZZXX)",
    b"IS": "an integer",
    b"TM": "a time (HHMMSS.FFFFFF)",
}
# The old forms with dots and colons (PS3.5 §6.2, notes), and ranges and wildcards of queries, are understood.
_DAY = rb"(?:(?:0[13578]|1[02])%s(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)%s(?:0[1-9]|[12]\d|30)|02%s(?:0[1-9]|[12]\d))"
_DATE = rb"\d{4}" + _DAY % (b"", b"", b"") + rb"|\d{4}\." + _DAY % (rb"\.", rb"\.", rb"\.")
_TIME = rb"(?:[01]\d|2[0-3])(?::?[0-5]\d(?::?(?:[0-5]\d|60)(?:\.\d{1,6})?)?)?"
_MOMENT = (
    rb"\d{4}(?:(?:0[1-9]|1[0-2])(?:(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-3])"
    rb"(?:[0-5]\d(?:(?:[0-5]\d|60)(?:\.\d{1,6})?)?)?)?)?)?(?:[+-](?:0\d|1[0-4])[0-5]\d)?"
)
_VALUES = {
    b"AS": rb"\d{1,3}[DWMYdwmy]",  # leading zeros are often left out
    b"CS": rb"[A-Za-z0-9 _*?]{1,16}",
    b"DA": _DATE,
    b"DS": rb"[ ]*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?",
    b"DT": _MOMENT,
    b"IS": rb"[ ]*[+-]?\d+",
    b"TM": _TIME,
}
_RANGES = (b"DA", b"DT", b"TM")
_SINGLE = {
    vr: rb"(?:%s)[ \0]*"
    % (rb"(?:(?:%s)(?:-(?:%s)?)?|-(?:%s))?" % (one, one, one) if vr in _RANGES else rb"(?:%s)?" % one)
    for vr, one in _VALUES.items()
}
_GROUPS, _PARTS = re.compile(rb"[\\=]"), re.compile(rb"\\")
_AT_MOST = {vr: rb"(?=[^\\]{0,%d}(?![^\\]))" % longest for vr, longest in _LONGEST.items()}
VRS = frozenset(_VALUES)


@cache
def well_formed(vr: bytes) -> Callable[..., object]:
    """Return what matches the values of an element if they are as they should be: nearly all are.

    It is compiled when the VR first comes by, as many captures hold no data set. Codes in small letters, which most
    receivers take, do not match (`has_small_letters`).
    """
    one = _AT_MOST.get(vr, b"") + _SINGLE[vr].replace(b"A-Za-z", b"A-Z")
    return re.compile(rb"%s(?:\\%s)*" % (one, one)).fullmatch


def format_problem(vr: bytes, value: bytes) -> str:
    """Say what is wrong with the values of an element, without showing them; empty where nothing is."""
    longest = _LONGEST.get(vr, CHECKED)
    for number, part in enumerate(value.split(b"\\"), start=1):
        which = f"value {number}" if b"\\" in value else "its value"
        length = len(part.rstrip(b" \0"))
        if length > longest:
            return f"{which} is {counted(length, 'character')} long; {vr.decode()} allows {longest}"
        if not re.fullmatch(_SINGLE[vr], part):
            return f"{which} is not {_MEANING[vr]}"
    return ""


def has_small_letters(vr: bytes, value: bytes) -> bool:
    """Whether codes, which are written in capitals, have small letters."""
    return vr == b"CS" and value.upper() != value


_ESCAPE = b"\x1b"
"""Behind it, as in Japanese names, ASCII bytes are no characters of ASCII (PS3.5 §6.1.2.5)."""


def length_problem(vr: bytes, value: bytes) -> str:
    """Say where a person name, LO or SH in ASCII is too long; in other character sets bytes are not characters."""
    most = MAX_SHORT if vr == b"SH" else MAX_NAME
    if len(value) > most and value.isascii() and _ESCAPE not in value:
        longest = max(len(part.strip(b" \0")) for part in (_GROUPS if vr == b"PN" else _PARTS).split(value))
        if longest > most:
            what = "a component group" if vr == b"PN" else "its value"
            return f"{what} is {counted(longest, 'character')} long; {vr.decode()} allows {most}"
    return ""
