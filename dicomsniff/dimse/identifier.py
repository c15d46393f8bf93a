"""The identifier of a query or retrieval: its bytes, kept while they are few -> its keys (PS3.4 §C.2.2)."""

import warnings
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any, NamedTuple

from msgspec import Struct

from dicomsniff.dimse.dataset_element import convert, find_vr
from dicomsniff.dimse.inflating import BLOCK, Inflater
from dicomsniff.dimse.scan.element_kinds import CHARACTER_SET
from dicomsniff.dimse.scan.nesting import FOREVER
from dicomsniff.dimse.scan.syntax import Encoding, find_encoding
from dicomsniff.dimse.scan.values import DEFAULT_ENCODING, python_encodings
from dicomsniff.pdu.fields import plain_text

MAX_IDENTIFIER = 1 << 14
"""Bytes of an identifier, as sent and inflated; a longer one is not read."""
HAVE_IDENTIFIERS = frozenset([0x0020, 0x8020, 0x0021, 0x8021, 0x0010, 0x8010])
"""Command Fields of C-FIND, C-MOVE and C-GET: the data sets of these messages are identifiers."""
LEVEL = 0x00080052
"""Query/Retrieve Level."""
MAX_LEVEL = 16
"""Characters of a level that are shown (PS3.5 §6.2, CS)."""
NO_KEYS = frozenset([CHARACTER_SET, 0x00080053, LEVEL, 0x00080201])
"""What an identifier holds beside its keys: Specific Character Set, Query/Retrieve View, Query/Retrieve Level and
Timezone Offset From UTC say how it is meant (PS3.4 §C.4.1.1.3.1)."""
_TEXT = frozenset(["LO", "LT", "PN", "SH", "ST", "UC", "UT"])
"""VRs of text in the character set that is declared (PS3.5 §6.1.2.2)."""
_UNICODE = ("ISO_IR 192", "GB18030", "GBK")


class SentIdentifier(NamedTuple):
    """An identifier as sent, and the transfer syntax that fits it; `problem` says why it is not there."""

    content: bytes
    transfer_syntax: str | None
    problem: str = ""


class IdentifierBytes:
    """Keeps the bytes of one identifier as they come; `wanted` is the offset of the next byte it must be fed."""

    __slots__ = ("_content", "_problem", "wanted")

    def __init__(self) -> None:
        self._content = bytearray()
        self._problem = ""
        self.wanted = 0

    def feed(self, offset: int, data: bytes) -> None:
        """Take bytes that begin at `offset` of the identifier."""
        if offset > self.wanted:
            self._stop("bytes of it are missing from the capture")
        elif offset + len(data) > MAX_IDENTIFIER:
            self._stop(f"it is longer than {MAX_IDENTIFIER} bytes")
        elif self.wanted != FOREVER:
            self._content += data[self.wanted - offset :]
            self.wanted = len(self._content)

    def finish(self, length: int, transfer_syntax: str | None, *, whole: bool) -> SentIdentifier:
        """Hand over what came of an identifier of `length` bytes; without `whole` bytes of it are missing."""
        if not whole or self.wanted < length:
            self._stop("bytes of it are missing from the capture")
        return SentIdentifier(bytes(self._content), transfer_syntax, self._problem)

    def _stop(self, why: str) -> None:
        self._problem = self._problem or why
        self._content.clear()
        self.wanted = FOREVER


class Key(NamedTuple):
    """An element of an identifier: its value as sent; of a sequence the elements of each item instead."""

    tag: int
    vr: str
    value: bytes
    items: "tuple[tuple[Key, ...], ...]" = ()

    @property
    def is_empty(self) -> bool:
        """Whether it has no value, so that it matches everything (PS3.4 §C.2.2.2.3)."""
        return not self.items and not self.value.strip(b" \0")

    def all(self) -> "Iterator[Key]":
        """Yield the element, then those of its items."""
        yield self
        for item in self.items:
            for key in item:
                yield from key.all()


class Identifier(Struct, frozen=True):
    """What a query asks, or a match gives: the elements of a data set by tag.

    `level` is Query/Retrieve Level (0008,0052) as sent, without padding; None where it is absent.
    """

    elements: dict[int, Key]
    encoding: Encoding
    level: str | None

    @property
    def keys(self) -> list[Key]:
        """What is asked for or given, sequences as one key each."""
        return [key for tag, key in self.elements.items() if tag not in NO_KEYS]

    @property
    def character_set(self) -> str:
        """Specific Character Set (0008,0005) as sent, without padding; empty where none is declared."""
        key = self.elements.get(CHARACTER_SET)
        return plain_text(key.value) if key is not None else ""

    def values(self, key: Key) -> list[str]:
        """Return the values of a key that is text or a UID, without padding."""
        if key.value.isascii() and b"\x1b" not in key.value:
            text = key.value.decode()
        else:  # a byte of a character may look like the delimiter
            encodings = python_encodings(self.character_set)[0] or [DEFAULT_ENCODING]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                implicit, little = self.encoding.implicit, self.encoding.little
                text = convert(key.tag, key.vr, key.value, encodings, implicit=implicit, little=little)[2]
        return [value.strip(" \0") for value in text.split("\\")]

    def is_question_marks(self, key: Key) -> bool:
        """Whether text is question marks only, where its character set does not hold every character.

        This is what programs write for characters that they cannot write otherwise.
        """
        if key.vr not in _TEXT or key.value.count(b"?") < 2 or key.value.strip(b"?^= *,.-\\\0"):
            return False
        return not self.character_set.startswith(_UNICODE)


def read_identifier(sent: SentIdentifier) -> Identifier | None:
    """Return the elements of an identifier, None where it cannot be read. Never fails."""
    encoding = find_encoding(sent.transfer_syntax)
    if sent.problem or encoding is None:
        return None
    content = _inflated(sent.content) if encoding.deflated else sent.content
    if content is None:
        return None
    from pydicom.filereader import data_element_generator

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = data_element_generator(BytesIO(content), encoding.implicit, encoding.little)
            elements = {key.tag: key for key in _keys(found)}
    except Exception:  # noqa: BLE001  pydicom raises anything on bytes that are no data set
        return None
    level = elements.get(LEVEL)
    return Identifier(elements, encoding, plain_text(level.value) if level is not None else None)


def _inflated(content: bytes) -> bytes | None:
    inflater = Inflater(limit=MAX_IDENTIFIER)
    pieces = [piece for at in range(0, len(content), BLOCK) for piece in inflater.feed(content[at : at + BLOCK])]
    pieces += inflater.finish()
    return b"".join(pieces) if inflater.ended else None


def _keys(elements: Iterable[Any]) -> Iterator[Key]:
    """Yield keys of pydicom's elements, as they are before conversion."""
    from pydicom.dataelem import RawDataElement, convert_raw_data_element

    for each in elements:
        tag, vr = int(each.tag), each.VR or find_vr(int(each.tag), "")
        if vr != "SQ":
            yield Key(tag, vr, (each.value if isinstance(each.value, bytes) else b"") or b"")
            continue
        sequence = convert_raw_data_element(each).value if isinstance(each, RawDataElement) else each.value
        yield Key(tag, vr, b"", tuple(tuple(_keys(item.values())) for item in sequence or ()))
