"""The identifier of a query or retrieval: its bytes, kept while they are few -> its keys (PS3.4 §C.2.2)."""

import re
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from dicomsniff.dimse.dataset_element import convert, find_vr
from dicomsniff.dimse.scan.element_kinds import CHARACTER_SET
from dicomsniff.pdu.fields import plain_text
from dicomsniff.pdu.framing import FOREVER

if TYPE_CHECKING:
    from dicomsniff.dimse.scan.events import Header
    from dicomsniff.dimse.scan.syntax import Encoding

MAX_IDENTIFIER = 1 << 16
"""Bytes of an identifier as sent, enough for a thousand UIDs; a longer one is not read."""
MAX_INFLATED = 1 << 14
"""Bytes of an identifier that was deflated; where there are more, it is not read."""
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
_UNREADABLE = (
    "data-set-item", "data-set-overrun", "data-set-too-deep", "data-set-truncated-element", "data-set-undelimited",
    "data-set-wrong-syntax",
)  # fmt: skip
"""Problems that leave it open what an identifier asks."""
_UNICODE = ("ISO_IR 192", "GB18030", "GBK")


class SentIdentifier(Struct, frozen=True):
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


class Key(Struct, frozen=True):
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
    encoding: "Encoding"
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
        if not self.is_foreign(key):
            text = key.value.decode()
        else:  # a byte of a character may look like the delimiter
            from dicomsniff.dimse.scan.values import DEFAULT_ENCODING, python_encodings

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

    def is_foreign(self, key: Key) -> bool:
        """Whether text is not plain ASCII, so that its character set matters."""
        return not key.value.isascii() or b"\x1b" in key.value

    def has_question_marks_within(self, key: Key) -> bool:
        """Whether a person's name has question marks within its words, and no character that is not ASCII."""
        return key.vr == "PN" and key.value.isascii() and _LOST.search(key.value) is not None


_LOST = re.compile(rb"\?[A-Za-z]")
"""What becomes of a word whose letters are not in the character set that a program writes; found in linear time."""


def read_identifier(sent: SentIdentifier) -> Identifier | None:
    """Return the elements of an identifier, None where it cannot be read. Never fails."""
    from dicomsniff.dimse.scan.elements import ElementWalk  # none of this is needed where no data set is sent
    from dicomsniff.dimse.scan.outline import ProblemList
    from dicomsniff.dimse.scan.syntax import find_encoding

    encoding = find_encoding(sent.transfer_syntax)
    if sent.problem or encoding is None:
        return None
    content = _inflated(sent.content) if encoding.deflated else sent.content
    if content is None:
        return None
    sink, problems = _KeySink(), ProblemList()
    walk = ElementWalk(encoding, problems, sink=sink)
    walk.feed(content, 0)
    walk.finish(len(content), whole=True)
    if walk.stopped or any(problems.has(code) for code in _UNREADABLE):
        return None
    elements = {key.tag: key for key in sink.keys}
    level = elements.get(LEVEL)
    return Identifier(elements, encoding, plain_text(level.value) if level is not None else None)


def _inflated(content: bytes) -> bytes | None:
    from dicomsniff.dimse.inflating import BLOCK, Inflater

    inflater = Inflater(limit=MAX_INFLATED)
    pieces = [piece for at in range(0, len(content), BLOCK) for piece in inflater.feed(content[at : at + BLOCK])]
    pieces += inflater.finish()
    return b"".join(pieces) if inflater.ended else None


class _KeySink:
    """Makes keys of what a walk comes to."""

    longest = MAX_IDENTIFIER

    def __init__(self) -> None:
        self.keys: list[Key] = []
        self._within: list[tuple[int, list[Key], list[tuple[Key, ...]]] | None] = []
        """What the walk is in: of a sequence its tag, the keys that it is one of, and its items that are whole; None
        for an item, whose keys `keys` are."""

    def element(self, header: "Header", value: bytes) -> bool:
        """Take an element; it is no sequence."""
        self.keys.append(Key(header.tag, header.vr.decode() or find_vr(header.tag, ""), value))
        return False

    def begin(self, header: "Header", *, pixels: bool) -> None:  # noqa: ARG002
        """Go into a sequence, or into encapsulated pixel data, which are none of a query's business."""
        self._within.append((header.tag, self.keys, []))

    def begin_item(self, offset: int) -> None:  # noqa: ARG002
        """Go into an item."""
        self._within.append(None)
        self.keys = []

    def fragment(self, start: int, length: int) -> None:
        """Pass over a fragment."""

    def end(self, offset: int) -> None:  # noqa: ARG002
        """Leave an item or a sequence."""
        left = self._within.pop()
        if left is not None:
            tag, self.keys, items = left
            self.keys.append(Key(tag, "SQ", b"", tuple(items)))
        elif (sequence := self._within[-1]) is not None:
            sequence[2].append(tuple(self.keys))

    def keep(self, inflated: bytes) -> None:
        """Keep no bytes."""
