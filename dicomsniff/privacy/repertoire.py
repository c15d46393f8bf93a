"""The characters of a character set, as bytes, sorted by what may stand for what (PS3.5 §6.1, PS3.3 §C.12.1.1.2).

A character is replaced by one that is encoded in as many bytes, of the same sort (`shape.sort`) and script, so that the
text can be decoded as before and looks alike.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from dicomsniff.privacy.shape import sort

_ESC = 0x1B
_BETWEEN = frozenset(b"\\^=\t\n\f\r")
"""Bytes behind which the character set is the first one again, and that lie between words of their own."""
_UNSAFE = frozenset(b"\\^=*?")
"""Bytes that no replacement has where they were not: readers look for them before they decode."""
_ASTRAL = range(0x1F300, 0x20800)
_PAIRS = {"iso2022_jp": b"", "iso2022_jp_2": b"\x8f"}
"""Sets of 7-bit pairs, and what stands before a pair in EUC-JP, which has both of them with the eighth bit set."""
_LONGEST = 4
"""Bytes of a character."""


class Alphabet(NamedTuple):
    """Characters that may stand for each other."""

    characters: tuple[bytes, ...]


class Symbol(NamedTuple):
    """A character, by its place in an alphabet."""

    alphabet: Alphabet
    place: int


Piece = bytes | Symbol
"""A character that is replaced; or bytes that stand as they are: delimiters, escape sequences, punctuation."""
Characters = dict[bytes, Symbol]


def pieces(value: bytes, encodings: Sequence[str]) -> Iterator[Piece]:
    """Take text apart, in pydicom's names of its character sets."""
    first = encodings[0] if encodings else "ascii"
    encoding, at = first, 0
    while at < len(value):
        byte = value[at]
        escape = _escape_at(value, at) if byte == _ESC else None
        if escape is not None:
            sequence, encoding = escape
            yield sequence
            at += len(sequence)
            continue
        found = _find(value, at, encoding)
        if found is None:
            piece: Piece = value[at : at + 1]
            if byte in _BETWEEN:
                encoding = first
            at += 1
        else:
            piece = found
            at += len(found.alphabet.characters[found.place])
        yield piece


def _find(value: bytes, at: int, encoding: str) -> Symbol | None:
    if encoding in _PAIRS:
        return _characters(encoding).get(value[at : at + 2])
    byte = value[at]
    if byte < 0x80:
        return _ascii().get(value[at : at + 1])
    known = _characters(encoding)
    for length in range(1, _LONGEST + 1):
        if (symbol := known.get(value[at : at + length])) is not None:
            return symbol
    return _odd_bytes()[value[at : at + 1]]


def _escape_at(value: bytes, at: int) -> tuple[bytes, str] | None:
    from pydicom.charset import CODES_TO_ENCODINGS

    for length in (3, 4):
        encoding = CODES_TO_ENCODINGS.get(value[at : at + length])
        if encoding is not None:
            return value[at : at + length], encoding
    return None


def _alphabets(groups: "dict[object, list[bytes]]") -> Characters:
    found: Characters = {}
    for characters in groups.values():
        alphabet = Alphabet(tuple(characters))
        found |= {each: Symbol(alphabet, place) for place, each in enumerate(characters)}
    return found


@cache
def _ascii() -> Characters:
    groups: dict[object, list[bytes]] = defaultdict(list)
    for code in range(0x80):
        if chr(code).isalnum():
            groups[sort(chr(code))].append(bytes([code]))
    return _alphabets(groups)


@cache
def _odd_bytes() -> Characters:
    """Return bytes that are no characters of a set, to stand for each other."""
    groups: dict[object, list[bytes]] = defaultdict(list)
    for code in range(0x80, 0x100):
        groups[code > 0xA0].append(bytes([code]))
    return _alphabets(groups)


@cache
def _characters(encoding: str) -> Characters:
    """Return the characters of a set beyond ASCII, with the alphabets that they are in."""
    groups: dict[object, list[bytes]] = defaultdict(list)
    for code in (*range(0x80, 0xD800), *range(0xF900, 0xFFFE), *_ASTRAL):
        character = chr(code)
        if unicodedata.category(character) in ("Cc", "Cn", "Co", "Zs"):
            continue
        try:
            encoded = _encode(character, encoding)
        except (UnicodeError, LookupError):
            continue
        if encoded and not _UNSAFE & frozenset(encoded):
            script = unicodedata.name(character, "").partition(" ")[0]
            groups[len(encoded), sort(character), script].append(encoded)
    return _alphabets(groups)


def _encode(character: str, encoding: str) -> bytes:
    """Return the bytes of a character, empty where the set does not have it."""
    if encoding not in _PAIRS:
        return character.encode("latin_1" if encoding == "iso8859" else encoding)
    before, encoded = _PAIRS[encoding], character.encode("euc_jp")
    pair = encoded[len(before) :]
    is_pair = encoded.startswith(before) and len(pair) == 2 and pair[0] > 0xA0
    return bytes(each & 0x7F for each in pair) if is_pair else b""
