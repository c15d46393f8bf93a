"""A data set -> the bytes of it that may not be shown, and what stands in their place: as long, in the same places."""

from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct, field

from dicomsniff.dictionary.registry import attributes
from dicomsniff.dimse.dataset import HARMLESS
from dicomsniff.dimse.dataset_element import BINARY_VRS, certain_vr, find_vr
from dicomsniff.dimse.scan.element_kinds import CHARACTER_SET
from dicomsniff.dimse.scan.events import Header
from dicomsniff.dimse.scan.outline import DataSetOutline
from dicomsniff.dimse.scan.scanner import DataSetScanner, Readable
from dicomsniff.dimse.scan.values import DEFAULT_ENCODING, python_encodings
from dicomsniff.pdu.fields import plain_text
from dicomsniff.privacy.codestream import SAMPLE, beginning_like, is_offset_table
from dicomsniff.privacy.gate import Privacy
from dicomsniff.privacy.judging import is_told_anywhere, is_withheld
from dicomsniff.privacy.stand_ins import NUMBERS, StandIns

MAX_VALUE = 1 << 16
"""Bytes of a value that stand-ins are made of; a longer one is overwritten with spaces or zeros."""
_ITEM_TAG = b"\xfe\xff\x00\xe0"
DEFLATED = "it is deflated"
"""Why nothing of a data set is shown that is sound, but whose values are in no places of their own."""
_SOUND = HARMLESS | {"data-set-wrong-syntax"}
"""Problems that leave no doubt where each value is; of the last one, the first of a data set that is in one syntax."""


class Hidden(NamedTuple):
    """Bytes `start` to `end` of a data set; `value` stands in their place, or zeros."""

    start: int
    end: int
    value: bytes | None = None


class Erasure(Struct):
    """What of a data set may not be shown, in order. `why` says why all of it may not, empty where that is not so."""

    hidden: list[Hidden] = field(default_factory=list)
    why: str = ""


class _Scope(Struct):
    """What the walk is in: the data set or an item, with its character sets and private creators."""

    encodings: tuple[str, ...]
    hides_all: bool = False
    """Whether it stands in a sequence that is withheld."""
    creators: dict[int, str] = field(default_factory=dict)


class Eraser:
    """Takes what a walk comes to (`ElementSink`); `hidden` are values that may not be shown, and `remember` is told.

    With `keeps_bulk`, pixels and other bulk data are shown where they identify nobody by their attribute.
    """

    def __init__(
        self, privacy: Privacy, stand_ins: StandIns, *, keeps_bulk: bool, remember: Callable[[str], object]
    ) -> None:
        self.longest = MAX_VALUE
        self.hidden: list[Hidden] = []
        self.reached = 0
        """Up to where it is known what stands there."""
        self.strange = False
        """Whether there is an element that no dictionary knows, and that none of a private creator's is."""
        self.inflates = False
        self.first_items: list[tuple[int, int, bool]] = []
        """Where the offset table and the first fragment of pixel data are: start, length, whether it is the table."""
        self._privacy, self._stand_ins, self._keeps_bulk, self._remember = privacy, stand_ins, keeps_bulk, remember
        self._scopes = [_Scope((DEFAULT_ENCODING,))]
        self._pixels: list[int] = []
        """For each thing gone into: -1, or of pixel data the number of its items so far."""

    def element(self, header: Header, value: bytes) -> bool:
        """Take an element; return whether its value is a sequence, to go into."""
        creator, vr = self._find(header)
        if vr == "SQ" and value[:4] == _ITEM_TAG:
            return True
        tag, start, end = header.tag, header.start, header.start + header.length
        self.reached = end
        scope = self._scopes[-1]
        if tag == CHARACTER_SET:
            encodings, _ = python_encodings(plain_text(value))
            scope.encodings = tuple(encodings)
        elif tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF:
            scope.creators[(tag >> 16 << 8) | tag & 0xFF] = plain_text(value)
        self.strange |= not creator and _is_strange(tag)
        stand_in = self._stand_in(scope, tag, "UN" if vr == "SQ" else vr, value)
        if header.length != len(value) and (stand_in != value or vr in BINARY_VRS):
            self._hide_long(vr, tag, start, end)
        elif stand_in != value:
            self.hidden.append(Hidden(start, end, stand_in if any(stand_in) else None))
        return False

    def begin(self, header: Header, *, pixels: bool) -> None:
        """Go into a sequence, or into pixel data."""
        self.reached = header.start
        creator, _ = self._find(header)
        self.strange |= not creator and _is_strange(header.tag)
        outer = self._scopes[-1]
        hides = outer.hides_all or is_withheld(header.tag, "SQ", "")
        self._scopes.append(_Scope(outer.encodings, hides))
        shown = self._keeps_bulk and not is_withheld(header.tag, "OB", "")
        self._pixels.append((1 if shown else 0) << 32 if pixels else -1)

    def begin_item(self, offset: int) -> None:
        """Go into the elements of an item."""
        self.reached = offset + 8
        outer = self._scopes[-1]
        self._scopes.append(_Scope(outer.encodings, outer.hides_all))
        self._pixels.append(-1)

    def fragment(self, start: int, length: int) -> None:
        """Take an item of encapsulated pixel data."""
        self.reached = start + length
        count = self._pixels[-1]
        self._pixels[-1] += 1
        if count >> 32:
            return
        if count < 2:
            self.first_items.append((start, length, not count))
        if count:
            self.hidden.append(Hidden(start, start + length))

    def end(self, offset: int) -> None:
        """Leave what was gone into last."""
        self.reached = offset
        self._scopes.pop()
        self._pixels.pop()

    def keep(self, inflated: bytes) -> None:  # noqa: ARG002
        """A deflated data set has no values in places of their own."""
        self.inflates = True

    def _find(self, header: Header) -> tuple[str, str]:
        tag, scope = header.tag, self._scopes[-1]
        creator = scope.creators.get(tag >> 8, "") if tag >> 16 & 1 and tag & 0xFFFF > 0xFF else ""
        vr = header.vr.decode()
        if not vr or (vr == "UN" and header.length < 0xFFFF):
            vr = find_vr(tag, creator)
        return creator, certain_vr(vr, signed=False)

    def _stand_in(self, scope: _Scope, tag: int, vr: str, value: bytes) -> bytes:
        """Return what is shown in a value's place: the value itself, if it may be."""
        text = plain_text(value) if vr not in BINARY_VRS | NUMBERS and len(value) <= MAX_VALUE else ""
        if not tag & 0xFFFF and vr == "UL":
            return value
        hides = not is_told_anywhere(tag, vr, text) if scope.hides_all else is_withheld(tag, vr, text)
        privacy, stand_ins = self._privacy, self._stand_ins
        if hides:
            self._remember(text)
            return stand_ins.value(vr, value, scope.encodings)
        if vr == "UI":
            return stand_ins.uid(value) if privacy.redact_uids or not _reads_as_uids(text) else value
        if vr == "AE":
            return stand_ins.text(value) if privacy.redact_network else value
        if vr in BINARY_VRS:
            return value if self._keeps_bulk else bytes(len(value))
        return value

    def _hide_long(self, vr: str, tag: int, start: int, end: int) -> None:
        """Hide a value of which only the beginning is there, or looked at."""
        if vr in BINARY_VRS and self._keeps_bulk and not is_withheld(tag, vr, "") and not self._scopes[-1].hides_all:
            return
        is_text = vr not in BINARY_VRS and end - start <= 1 << 20
        self.hidden.append(Hidden(start, end, b" " * (end - start) if is_text else None))


def erase(
    content: Readable,
    size: int,
    transfer_syntax: str | None,
    privacy: Privacy,
    stand_ins: StandIns,
    *,
    whole: bool = True,
    keeps_bulk: bool = False,
    remember: Callable[[str], object] = lambda _: None,
) -> Erasure:
    """Return what of a data set of `size` bytes may not be shown; all of it where it is not plain where values are.

    Without `whole` it goes on beyond `size`, with bytes that are missing. What is hidden of text is told to `remember`.
    """
    sink = Eraser(privacy, stand_ins, keeps_bulk=keeps_bulk, remember=remember)
    scanner = DataSetScanner(transfer_syntax, sink)
    while scanner.wanted < size:
        scanner.read_on(content, size)
    outline = scanner.finish(size, whole=whole)
    if why := _doubt(outline, sink, whole=whole):
        return Erasure([Hidden(0, size)] if size else [], why)
    hidden = [Hidden(each.start, min(each.end, size), each.value) for each in sink.hidden if each.start < size]
    if not keeps_bulk:
        hidden += _codestreams(content, sink, size)
    if sink.reached < size:
        hidden.append(Hidden(sink.reached, size))
    return Erasure(_apart(hidden))


def _doubt(outline: DataSetOutline, sink: Eraser, *, whole: bool) -> str:
    """Say why it is not sure where each value is; empty where it is."""
    codes = {problem.code for problem in outline.problems} | set(outline.unlisted)
    if sink.inflates and "data-set-deflate" not in codes:
        return DEFLATED
    wrong = [problem for problem in outline.problems if problem.code == "data-set-wrong-syntax"]
    if codes - _SOUND or outline.has_file_meta or outline.transfer_syntax is None:
        return "its structure is broken"
    if wrong and (len(wrong) > 1 or wrong[0].offset):
        return "its encoding changes"
    if "data-set-order" in codes and sink.strange:
        return "its elements are out of order, and some are unknown"
    return "it was not read to its end" if whole and outline.unexamined else ""


def _codestreams(content: Readable, sink: Eraser, size: int) -> list[Hidden]:
    """Return what stands for offset tables that are none, and for the beginnings of codestreams, which tell codecs."""
    found = []
    for start, length, is_table in sink.first_items:
        content.seek(start)
        if is_table:
            if start + length > size or length > MAX_VALUE or not is_offset_table(content.read(length)):
                found.append(Hidden(start, min(start + length, size)))
        else:
            like = beginning_like(content.read(min(length, SAMPLE, size - start)))
            found.append(Hidden(start, start + len(like), like))
    return found


def _apart(hidden: list[Hidden]) -> list[Hidden]:
    """Return what is hidden in order, none over another: the one that begins later, and tells more, stands."""
    found: list[Hidden] = []
    for each in sorted(hidden, key=lambda one: (one.start, one.value is None)):
        last = found[-1] if found else None
        if last is not None and each.start < last.end:
            if each.end <= last.end:
                continue
            each = Hidden(last.end, each.end, each.value[last.end - each.start :] if each.value else None)
        if each.start < each.end:
            found.append(each)
    return found


def _is_strange(tag: int) -> bool:
    """Whether no dictionary knows a tag; a private one is told by its creator."""
    if not tag & 0xFFFF:
        return False
    if tag >> 16 & 1:
        return not 0x10 <= tag & 0xFFFF <= 0xFF
    return tag not in attributes() and find_vr(tag, "") == "UN"


def _reads_as_uids(text: str) -> bool:
    return not set(text) - set("0123456789.*?\\")
