"""Bytes that stand for a withheld value in the value's place: as long, valid in its VR, the same for the same value.

Delimiters, padding and punctuation stay, a digit becomes a digit, a capital letter a capital letter, a character one
that is encoded in as many bytes. Dates become dates, times times. What breaks its VR becomes what breaks it too: the
defect may be what a capture is sent for. Each component of a name, and each value of several, is replaced by itself.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache, partial

from dicomsniff.dictionary.uids import find_uid_name
from dicomsniff.dimse.dataset_element import BINARY_VRS
from dicomsniff.dimse.scan.formats import VRS as FORMATTED
from dicomsniff.dimse.scan.formats import format_problem
from dicomsniff.privacy.permutation import Permutation
from dicomsniff.privacy.repertoire import Piece, Symbol, pieces

NUMBERS = frozenset(["AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"])
"""VRs of binary numbers."""
_WORD_ENDS = frozenset([b"\\", b"^", b"=", b"\n", b"\r", b"\t", b"\f"])
_MAX_WORD = 48
"""Characters replaced together; those of longer words are, so many at a time."""
_TRIES = 500
"""How often another value is tried until it keeps or breaks the rules of its VR as the old one did."""
_AGES = (range(1900, 2100), range(1, 1900), range(2100, 10000))
"""Years that stand for each other: those that somebody may have lived in, and others."""
_CACHED, _SHORT = 1 << 12, 256
"""Stand-ins that are remembered, of values of so many bytes at most."""
_UID = re.compile(rb"[0-9]+(?:\.[0-9]+)*")
_RUN = re.compile(rb"[0-9]+")
_MAX_INTEGER = 1 << 31


class StandIns:
    """Gives stand-ins of values; `key` makes them the same in every run, without it nobody can tell what was there."""

    def __init__(self, key: bytes | None = None) -> None:
        self._permuted = Permutation(key).of
        self._remembered = lru_cache(_CACHED)(self._value)

    def value(self, vr: str, value: bytes, encodings: tuple[str, ...] = ("ascii",)) -> bytes:
        """Return what stands for the value of an element of a VR, its text being in pydicom's `encodings`."""
        return (self._remembered if len(value) <= _SHORT else self._value)(vr, value, encodings)

    def _value(self, vr: str, value: bytes, encodings: tuple[str, ...]) -> bytes:
        if vr in BINARY_VRS or vr in NUMBERS:
            return bytes(len(value))
        if vr in ("DA", "DT", "TM"):
            return b"\\".join(self._moments(vr, part) for part in value.split(b"\\"))
        if vr.encode() in FORMATTED:
            return b"\\".join(self._checked(part, partial(_state, vr)) for part in value.split(b"\\"))
        return self.text(value, encodings)

    def text(self, value: bytes, encodings: Sequence[str] = ("ascii",)) -> bytes:
        """Return what stands for text."""
        return b"".join(self._words(pieces(value, encodings)))

    def uid(self, value: bytes) -> bytes:
        """Return what stands for one or more UIDs; those that the standard registers stand for themselves.

        The first two components stay: without them, few numbers would make a UID (PS3.5 §9.1).
        """
        return b"\\".join(self._one_uid(part) for part in value.split(b"\\"))

    def _one_uid(self, value: bytes) -> bytes:
        bare = value.rstrip(b"\0 ")
        if _UID.fullmatch(bare) is None:
            return self.text(value)
        if find_uid_name(bare.decode()) is not None:
            return value
        components = bare.split(b".")
        sizes = [10 if len(each) == 1 or each[:1] == b"0" else 9 * 10 ** (len(each) - 1) for each in components]
        total, number = 1, 0
        for component, size in list(zip(components, sizes, strict=True))[2:]:
            least = size // 9 if size > 10 else 0
            number, total = number * size + (int(component) - least) % size, total * size
        number = self._permuted(number, total) if total > 1 else 0
        for at in range(len(components) - 1, 1, -1):
            number, digits = divmod(number, sizes[at])
            least = sizes[at] // 9 if sizes[at] > 10 else 0
            components[at] = b"%0*d" % (len(components[at]), digits + least)
        return b".".join(components) + value[len(bare) :]

    def _checked(self, value: bytes, state: Callable[[bytes], object]) -> bytes:
        """Replace characters until the value is as good, or as bad, as before."""
        wanted, found = state(value), value
        for _ in range(_TRIES):
            found = self.text(found)
            if state(found) == wanted:
                break
        return found

    def _moments(self, vr: str, value: bytes) -> bytes:
        """Replace a date or time, or a range of them; anything else as text."""
        if format_problem(vr.encode(), value):
            return self._checked(value, partial(_state, vr))
        bare = value.rstrip(b" \0")
        parts = re.split(rb"(-(?![0-9]{4}(?:[^0-9]|$)))", bare) if vr == "DT" else re.split(rb"(-)", bare)
        found = [part if part in (b"", b"-") else self._moment(vr, part) for part in parts]
        if len(parts) == 3 and all(parts):
            least = min(len(parts[0]), len(parts[2]))
            if (parts[0][:least] <= parts[2][:least]) != (found[0][:least] <= found[2][:least]):
                # A range goes on as it went: from the earlier to the later, or the wrong way.
                found[0], found[2] = found[2][:least] + found[0][least:], found[0][:least] + found[2][least:]
        return b"".join([*found, value[len(bare) :]])

    def _moment(self, vr: str, value: bytes) -> bytes:
        zone = re.search(rb"[+-]", value) if vr == "DT" else None
        end = zone.start() if zone is not None else len(value)
        digits = b"".join(_RUN.findall(value[:end]))
        replaced = self._date_and_time(digits) if vr != "TM" else self._time(digits)
        if replaced is None:
            return self._checked(value, partial(_state, vr))
        fresh = iter(replaced)
        return bytes(next(fresh) if 0x30 <= byte <= 0x39 else byte for byte in value[:end]) + value[end:]

    def _date_and_time(self, digits: bytes) -> bytes | None:
        age = next((each for each in _AGES if int(digits[:4]) in each), None)
        if age is None:
            return None
        if len(digits) < 8:  # a year, or a month of it
            months = 12 if len(digits) == 6 else 1
            number = (int(digits[:4]) - age.start) * months + (int(digits[4:6]) - 1 if months > 1 else 0)
            year, month = divmod(self._permuted(number, len(age) * months), months)
            return b"%04d" % (year + age.start) + (b"%02d" % (month + 1) if months > 1 else b"")
        try:
            day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])).toordinal()
        except ValueError:
            return None
        first = date(age.start, 1, 1).toordinal()
        days = date(age.stop - 1, 12, 31).toordinal() + 1 - first
        found = date.fromordinal(self._permuted(day - first, days) + first)
        time = self._time(digits[8:]) if len(digits) > 8 else b""
        return None if time is None else f"{found.year:04}{found.month:02}{found.day:02}".encode() + time

    def _time(self, digits: bytes) -> bytes | None:
        units, limits = [digits[at : at + 2] for at in range(0, min(len(digits), 6), 2)], (24, 60, 60)
        number, total = 0, 1
        for unit, limit in zip(units, limits, strict=False):
            if int(unit) >= limit:
                return None
            number, total = number * limit + int(unit), total * limit
        fraction = digits[6:]
        number, total = number * 10 ** len(fraction) + int(fraction or b"0"), total * 10 ** len(fraction)
        number, rest = divmod(self._permuted(number, total), 10 ** len(fraction))
        found = []
        for limit in reversed(limits[: len(units)]):
            number, unit_number = divmod(number, limit)
            found.append(b"%02d" % unit_number)
        return b"".join(reversed(found)) + (b"%0*d" % (len(fraction), rest) if fraction else b"")

    def _words(self, text: Iterable[Piece]) -> Iterator[bytes]:
        """Replace word by word: what stands between delimiters, with the punctuation that is in it."""
        word: list[Piece] = []
        count = 0
        for piece in text:
            if piece in _WORD_ENDS or count == _MAX_WORD:
                yield from self._word(word)
                word, count = [], 0
            word.append(piece)
            count += isinstance(piece, Symbol)
        yield from self._word(word)

    def _word(self, word: list[Piece]) -> Iterator[bytes]:
        number, total = 0, 1
        for piece in word:
            if isinstance(piece, Symbol):
                size = len(piece.alphabet.characters)
                number, total = number * size + piece.place, total * size
        number = self._permuted(number, total) if total > 1 else 0
        found: list[bytes] = []
        for piece in reversed(word):
            if isinstance(piece, Symbol):
                number, place = divmod(number, len(piece.alphabet.characters))
                found.append(piece.alphabet.characters[place])
            else:
                found.append(piece)
        yield from reversed(found)


def _state(vr: str, value: bytes) -> tuple[bool, bool]:
    """Return whether a value is written as its VR asks, and, of an integer, whether it has a place in 32 bits."""
    sound = not format_problem(vr.encode(), value)
    return sound, sound and vr == "IS" and bool(value.strip()) and abs(int(value.strip(b" \0") or 0)) < _MAX_INTEGER
