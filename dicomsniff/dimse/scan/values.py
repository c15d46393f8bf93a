"""Small values of a data set, checked: UIDs, characters, the length of native pixel data (PS3.5 §6.1, §8, §9)."""

import re
import warnings
from collections.abc import Mapping

from dicomsniff.dimse.effort import ESCAPE, has_odd_escapes
from dicomsniff.dimse.scan.element_kinds import (
    BITS_ALLOCATED,
    COLUMNS,
    NUMBER_OF_FRAMES,
    NUMBERS,
    PHOTOMETRIC_INTERPRETATION,
    ROWS,
    SAMPLES_PER_PIXEL,
)
from dicomsniff.pdu.fields import plain_text
from dicomsniff.quantities import counted

MAX_UID = 64
MAX_TERMS = 32
"""Character sets that are declared at once and looked at; there are fewer defined terms."""
_UID = re.compile(rb"(?:(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))*)?\0?")
_DIGITS = re.compile(r"[0-9.]*")
_MISSPELLED = re.compile(r"ISO.?IR.?(\d+)")
DEFAULT_ENCODING = "iso8859"
"""How pydicom calls the default repertoire."""
_DELIMITERS = frozenset(b"\t\n\f\r\\^=")

Values = Mapping[int, str | int]


_SINGLE_BYTE = (13, 100, 101, 109, 110, 126, 127, 138, 144, 148, 166, 203)
_TERMS = frozenset(
    ["", "ISO_IR 6", "ISO 2022 IR 6", "ISO_IR 192", "GB18030", "GBK", "ISO 2022 GBK", "ISO 2022 58", "ISO 2022 IR 58"]
    + [
        f"ISO{kind}IR {n}"
        for n in (13, 100, 101, 109, 110, 126, 127, 138, 144, 148, 166, 203)
        for kind in ("_", " 2022 ")
    ]
    + [f"ISO 2022 IR {number}" for number in (87, 149, 159)]
)
"""Defined terms of Specific Character Set (PS3.3 §C.12.1.1.2), and what all take for one."""


def undefined_term(declared: str) -> str:
    """Return the first character set that is declared and no defined term; empty where all are."""
    return next((term for each in declared.split("\\") if (term := each.strip(" \0")) not in _TERMS), "")


def small_value(tag: int, value: bytes, *, little: bool) -> str | int | None:
    """Return a kept value: a number where the element is one, else its text; None for a number of a wrong length."""
    if tag in NUMBERS:
        return int.from_bytes(value, "little" if little else "big") if len(value) == 2 else None
    text = plain_text(value)
    if tag == NUMBER_OF_FRAMES and text.isascii() and text.isdigit():
        return int(text)
    return text


def is_uid(value: bytes) -> bool:
    """Whether a value is a single UID without fault, or empty, as nearly all are."""
    return len(value) <= MAX_UID and bool(_UID.fullmatch(value))


def uid_problem(value: bytes) -> str:
    """Say what is wrong with the UIDs of an element, empty where nothing is (PS3.5 §9.1)."""
    for part in value.decode("latin-1").split("\\"):
        # Padding by spaces, or by more than one NUL, is a slip that every receiver lives with.
        uid = part.strip(" \0")
        if len(uid) > MAX_UID:
            return f"a UID of {counted(len(uid), 'character')}; it may have {MAX_UID}"
        if not _DIGITS.fullmatch(uid):
            return "a UID with a character that is neither a digit nor a dot"
        components = uid.split(".") if uid else []
        if "" in components:
            return "a UID with an empty component"
        if any(component[0] == "0" and len(component) > 1 for component in components):
            return "a UID with a component that begins with 0"
    return ""


_BEYOND_ISO_2022 = ("utf8", "utf-8", "gb18030", "gbk", "gb2312")
"""Python's names of encodings that use any bytes."""
_LATIN_1 = "latin_1"
_C1 = frozenset(range(0x80, 0xA0))


class Characters:
    """What a Specific Character Set (0008,0005) allows in text (PS3.5 §6.1.2); `""` where none is declared."""

    __slots__ = ("_declared", "_encodings", "_unknown", "extended")

    def __init__(self, declared: str = "") -> None:
        self._declared = declared
        self.extended = "\\" in declared or declared.startswith("ISO 2022")
        """Whether escape sequences may occur, so that bytes below 0x80 need a look too."""
        self._encodings: list[str] | None = None
        self._unknown = ""

    def problem(self, value: bytes) -> str:
        """Say why text cannot be decoded as declared, empty where it can."""
        if value.isascii() and ESCAPE not in value:
            return ""
        encodings = self._find_encodings()
        if self._unknown:
            return f"characters beyond ASCII, and the declared character set {self.quoted} is no defined term"
        if ESCAPE in value and not self.extended:
            return "an escape sequence, although no character set with code extensions is declared"
        if ESCAPE not in value and encodings[0] == DEFAULT_ENCODING:
            byte = next(byte for byte in value if byte > 0x7F)
            if not self._declared:
                return f"byte 0x{byte:02X}, and no character set beyond ASCII is declared"
            return f"byte 0x{byte:02X}, which {self.quoted} does not have there"
        if has_odd_escapes(value) or not _decodes(value, encodings):
            return f"bytes that are not {self.quoted}"
        if _reads_as_utf_8(value, encodings[0]):
            return f"bytes that read as UTF-8, which {self.quoted} is not"
        return ""

    @property
    def quoted(self) -> str:
        """What problems quote: what is declared, as far as it is not known."""
        return repr(self._unknown or self._declared)

    def _find_encodings(self) -> list[str]:
        if self._encodings is None:
            self._encodings, self._unknown = python_encodings(self._declared)
        return self._encodings


COMMON_ENCODINGS = {"ISO_IR 100": "latin_1", "ISO_IR 192": "UTF8"}
"""What `python_encodings` returns for the sets that nearly all declare: to ask pydicom is to load it all."""


def python_encodings(declared: str) -> tuple[list[str], str]:
    """Return Python's names of the declared character sets, and the first that is no defined term (PS3.3 §C.12.1.1.2).

    What is misspelled in a known way is taken for what it must mean, and is no defined term all the same.
    """
    if declared in COMMON_ENCODINGS:
        return [COMMON_ENCODINGS[declared]], ""
    from pydicom.charset import convert_encodings, python_encoding

    terms, unknown = [term.strip(" \0") for term in declared.split("\\", MAX_TERMS)[:MAX_TERMS]], ""
    for index, term in enumerate(terms):
        if term not in python_encoding:
            unknown = unknown or term
            corrected = _MISSPELLED.sub(r"ISO_IR \1", term)
            terms[index] = corrected if corrected in python_encoding else ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(convert_encodings(terms)), unknown


def _reads_as_utf_8(value: bytes, encoding: str) -> bool:
    """Whether text in another encoding is UTF-8 by all appearance.

    Text in UTF-8 is hardly ever text in another: mostly it has bytes from 80H to 9FH, where no character set of ISO
    8859 or ISO 2022 has characters, and in Latin-1 its other bytes are signs such as `Ã¼`.
    """
    if encoding.lower() in _BEYOND_ISO_2022:
        return False
    try:
        value.decode("utf-8")
    except UnicodeError:
        return False
    return encoding == _LATIN_1 or not _C1.isdisjoint(value)


def _decodes(value: bytes, encodings: list[str]) -> bool:
    if len(encodings) == 1 and ESCAPE not in value:
        try:
            value.decode(encodings[0])
        except UnicodeError:
            return False
        return True
    from pydicom.charset import decode_bytes

    if "iso2022_jp" in encodings:
        # Devices return to JIS X 0201 where they mean ASCII, and every receiver takes it.
        value = value.replace(b"\x1b(J", b"\x1b(B")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            decode_bytes(value, encodings, set(_DELIMITERS))
        except UnicodeError:
            return False
    return not caught


def native_length_problem(length: int, values: Values) -> str:
    """Say why native pixel data cannot have a length (bytes), empty where it can or that is not known (PS3.5 §8)."""
    numbers = [values.get(tag) for tag in (ROWS, COLUMNS, BITS_ALLOCATED)]
    samples, frames = values.get(SAMPLES_PER_PIXEL, 1), values.get(NUMBER_OF_FRAMES) or 1
    rows, columns, bits = (number if isinstance(number, int) else 0 for number in numbers)
    if not (rows and columns and bits) or not isinstance(samples, int) or not isinstance(frames, int) or not samples:
        return ""
    pixels = rows * columns
    per_frame = {(pixels * samples * bits + 7) // 8}
    photometric = str(values.get(PHOTOMETRIC_INTERPRETATION, ""))
    if photometric.endswith("422"):
        per_frame.add((pixels * 2 * bits + 7) // 8)
    elif photometric.endswith("420"):
        per_frame.add((pixels * 3 * bits // 2 + 7) // 8)
    if bits == 12:
        per_frame.add(pixels * samples * 2)
    lengths = {each * frames for each in per_frame} | {(pixels * samples * bits * frames + 7) // 8}
    if length in lengths or any(length == each + each % 2 for each in lengths):
        return ""
    expected = max(per_frame) * frames
    return (
        f"{length} bytes; {rows} rows, {columns} columns, {counted(samples, 'sample')} of {bits} bits and"
        f" {counted(frames, 'frame')} make {expected}"
    )
