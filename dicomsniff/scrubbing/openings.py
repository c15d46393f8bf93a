"""What stands before TLS on a connection, as it is copied: of the same form and length, with nothing that it says.

Headers of the PROXY protocol name hosts; the opening of a tunnel, over HTTP or by SOCKS, does too, and may hold a
password. How they look is in association/preambles.py and socks.py.
"""

from collections.abc import Callable, Generator

from dicomsniff.association.preambles import BEGINS_1, BEGINS_2, BEGINS_ANSWER, BEGINS_REQUEST
from dicomsniff.association.socks import (
    CONNECT,
    GRANTED_4,
    MAX_METHODS,
    NAMED,
    PASSWORD,
    VERSION_4,
    VERSION_5,
    WIDTHS,
)

Opening = Generator[int | None, int, None]
"""Is sent the bytes of a side, one after the other, and gives what is copied of each; None for the first one behind."""
_Part = Generator[int, int, int]
"""The same of a part of it: begins with a byte that it was given, and returns the first one behind."""
_LF, _CR, _SPACE, _HIDDEN = b"\n\r x"
_UNKNOWN = BEGINS_1 + b"UNKNOWN"
_LOCAL = b"\x20\0"
"""Version, command and family of a header of version 2 that names nobody."""
_VERSION = b" " + BEGINS_ANSWER
_LENGTH = b"content-length:"
_MAX_LENGTH = 1 << 16
_BY_PASSWORD, _REFUSED, _MAX_REPLY = 2, 0xFF, 8
"""The method of authentication by a password, that no method will do, and the last of the replies of SOCKS 5."""
_IN_VAIN = range(0x5B, 0x5E)
"""What SOCKS 4 answers where it opens no tunnel."""


def opening() -> Opening:
    """Return what copies the first bytes of a side; it has to be given None first, as any generator."""
    byte = yield 0
    while part := _PARTS.get(byte):
        byte = yield from part(byte)
    yield None


def _version_1(byte: int) -> _Part:
    byte = yield from _literal(byte, BEGINS_1)
    at = len(BEGINS_1)
    while byte != _LF:
        hidden = _UNKNOWN[at] if at < len(_UNKNOWN) else _HIDDEN
        byte, at = (yield byte if byte == _CR else hidden), at + 1
    return (yield byte)


def _version_2(byte: int) -> _Part:
    byte = yield from _literal(byte, BEGINS_2)
    for each in _LOCAL:
        byte = yield each
    length = byte
    byte = yield byte
    length = length << 8 | byte
    byte = yield byte
    for _ in range(length):
        byte = yield 0
    return byte


def _request(byte: int) -> _Part:
    byte = yield from _literal(byte, BEGINS_REQUEST)
    while byte not in (_SPACE, _CR, _LF):
        byte = yield _HIDDEN
    byte = yield from _literal(byte, _VERSION)
    byte = yield from _one_of(byte, b"01")
    byte, _ = yield from _head(byte)
    return byte


def _answer(byte: int) -> _Part:
    byte = yield from _literal(byte, BEGINS_ANSWER)
    byte = yield from _one_of(byte, b"01")
    byte = yield from _literal(byte, b" ")
    status = byte
    for _ in range(3):
        byte = yield from _one_of(byte, b"0123456789")
    if byte == _SPACE:
        byte = yield byte
    byte, length = yield from _head(byte)
    for _ in range(0 if status in b"12" else length):
        byte = yield _HIDDEN
    return byte


def _socks_4(byte: int) -> _Part:
    byte = yield from _literal(byte, bytes((VERSION_4, CONNECT)))
    byte = yield from _hidden(byte, 2, 0)
    is_named = True
    for _ in range(3):
        is_named = is_named and not byte
        byte = yield 0
    is_named = is_named and byte != 0
    byte = yield int(is_named)
    for _ in ("user", "host")[: 1 + is_named]:
        while byte:
            byte = yield _HIDDEN
        byte = yield 0
    return byte


def _answer_4(byte: int) -> _Part:
    byte = yield byte
    byte = yield byte if byte == GRANTED_4 or byte in _IN_VAIN else 0
    return (yield from _hidden(byte, 6, 0))


def _socks_5(byte: int) -> _Part:
    """Copy what either side sends: what it offers or which method it takes, perhaps a password, and an address."""
    count = yield byte
    byte = yield count if count <= MAX_METHODS or count == _REFUSED else 0
    # An answer names a method in place of their number; whether a password was right is two bytes, as two methods are.
    is_answer = count > MAX_METHODS or (count == _BY_PASSWORD and byte == VERSION_5)
    for _ in range(0 if is_answer else count):
        byte = yield byte if byte <= MAX_METHODS else 0
    if byte == PASSWORD:
        byte = yield byte
        for _ in ("user", "password"):
            length = byte
            byte = yield length
            byte = yield from _hidden(byte, length, _HIDDEN)
    byte = yield from _literal(byte, bytes((VERSION_5,)))
    byte = yield byte if byte <= _MAX_REPLY else 0
    byte = yield from _literal(byte, b"\0")
    if byte == NAMED:
        length = yield byte
        byte = yield length
        byte = yield from _hidden(byte, length, _HIDDEN)
    elif byte in WIDTHS:
        width = WIDTHS[byte]
        byte = yield byte
        byte = yield from _hidden(byte, width, 0)
    else:
        byte = yield from _nothing()
    return (yield from _hidden(byte, 2, 0))


def _hidden(byte: int, length: int, hidden: int) -> _Part:
    """Copy nothing of so many bytes but how many they are."""
    for _ in range(length):
        byte = yield hidden
    return byte


def _nothing() -> _Part:
    """Copy nothing any more."""
    while True:
        yield 0


def _head(byte: int) -> Generator[int, int, tuple[int, int]]:
    """Copy the rest of a line, and lines to an empty one; return the byte behind, and the length of what follows it."""
    length, name, is_empty = 0, len(_LENGTH) + 1, False
    while byte != _LF or not is_empty:
        shown = byte
        if byte == _LF:
            name, is_empty = 0, True
        elif byte != _CR:
            is_empty, shown = False, _HIDDEN
            if name < len(_LENGTH):
                name = name + 1 if chr(byte).lower() == chr(_LENGTH[name]) else len(_LENGTH) + 1
                shown = byte if name <= len(_LENGTH) else _HIDDEN
                length = 0 if name == len(_LENGTH) else length
            elif name == len(_LENGTH) and byte in b"0123456789 \t":
                shown = byte
                length = min(length * 10 + byte - 0x30, _MAX_LENGTH) if byte >= 0x30 else length
        byte = yield shown
    return (yield byte), length


def _literal(byte: int, text: bytes) -> _Part:
    """Copy bytes that have to be these; where they are not, it is no such thing, and nothing is copied any more."""
    for each in text:
        if byte != each:
            yield from _nothing()
        byte = yield byte
    return byte


def _one_of(byte: int, those: bytes) -> _Part:
    return (yield from _literal(byte, bytes([byte if byte in those else those[0]])))


_PARTS: dict[int, Callable[[int], _Part]] = {
    BEGINS_1[0]: _version_1,
    BEGINS_2[0]: _version_2,
    BEGINS_REQUEST[0]: _request,
    BEGINS_ANSWER[0]: _answer,
    VERSION_4: _socks_4,
    0: _answer_4,
    VERSION_5: _socks_5,
}
