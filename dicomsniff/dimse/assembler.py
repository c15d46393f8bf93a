"""The PDVs of one direction -> DIMSE messages (PS3.7 §6.3, PS3.8 Annex E)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dicomsniff.dimse.collection import Collection
from dicomsniff.dimse.command import Command, read_command
from dicomsniff.dimse.contents import HAVE_CONTENTS
from dicomsniff.dimse.identifier import HAVE_IDENTIFIERS, IdentifierBytes
from dicomsniff.dimse.lack import Lack, Part
from dicomsniff.dimse.message import DataSetInfo, Message
from dicomsniff.dimse.outlines import worth_keeping
from dicomsniff.pdu.framing import FOREVER
from dicomsniff.pdu.types import MissingBytes, Pdv, PdvBytes, PdvRun
from dicomsniff.quantities import counted, is_are
from dicomsniff.side import Side
from dicomsniff.span import PacketMark, Source, Span

if TYPE_CHECKING:
    import hashlib

    from dicomsniff.dimse.scan.scanner import DataSetScanner

_READ_WHOLE = HAVE_IDENTIFIERS | HAVE_CONTENTS
"""Command Fields of messages whose data sets are read, where they are small."""
MAX_COMMAND_SET = 1 << 20
"""Bytes kept of a command set; one beyond is said to be cut."""
_NO_COMMAND = Lack(Part.BEGINNING, "a data set fragment with no command before it")


class StrayFragment(Struct, frozen=True):
    """A fragment that continues no message: a data set without a command before it (PS3.7 §6.3)."""

    span: Span
    context_id: int
    length: int
    lack: Lack
    name = "stray fragment"


class _Underway(Struct):
    """A message whose last fragment has not come."""

    first: PacketMark
    pdu_first: PacketMark
    start: int
    last: PacketMark
    end: int
    command_bytes: bytearray = field(default_factory=bytearray)
    command_fragments: int = 0
    command: Command | None = None
    command_missing: int = 0
    command_cut: int = 0
    data: DataSetInfo = field(default_factory=DataSetInfo)
    hasher: "hashlib._Hash | None" = None
    scanner: "DataSetScanner | None" = None
    identifier: IdentifierBytes | None = None
    head: bytearray = field(default_factory=bytearray)
    before: int = 0
    """Bytes of the data set in the fragments that ended, those missing included."""
    unplaced: bool = False
    """Whether bytes are missing, and how many of them belong to the data set is unknown."""
    lack: Lack | None = None


class Assembler:
    """Joins the fragments of one direction. With a `collection`, data sets are digested, and kept there.

    `syntax_of` tells the transfer syntax of a presentation context: data sets are then scanned as they come.
    """

    __slots__ = (
        "_collection",
        "_source",
        "_syntax_of",
        "_underway",
        "side",
    )

    def __init__(
        self,
        source: Source | None,
        *,
        side: Side,
        collection: Collection | None = None,
        syntax_of: Callable[[int], str | None] | None = None,
    ) -> None:
        self.side = side
        self._syntax_of = syntax_of
        self._source = source
        self._collection = collection
        self._underway: dict[int, _Underway] = {}

    @property
    def has_underway(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._underway)

    def begins_with(self, pdv: Pdv) -> bool:
        """Whether a message begins with this PDV, which is about to be fed."""
        underway = self._underway.get(pdv.context_id)
        return pdv.is_command and (underway is None or underway.command is not None)

    def feed(self, pdv: Pdv | PdvRun | PdvBytes) -> list[Message | StrayFragment]:
        """Take a PDV; return the message it completes, and any it shows to be incomplete."""
        underway = self._underway.get(pdv.context_id)
        if isinstance(pdv, PdvBytes):
            if underway is not None and underway.command is not None:
                if self._collection is not None:
                    if self._collection.takes(underway.command.field):
                        self._keep(underway, pdv.data, self._collection)
                    elif underway.before + pdv.at == len(underway.head) < self._collection.heads:
                        underway.head += pdv.data[: self._collection.heads - len(underway.head)]
                if self._syntax_of is not None:
                    self._scan(underway, pdv, self._syntax_of)
            return []
        if isinstance(pdv, PdvRun):
            return self._run(pdv, underway)
        if pdv.is_command:
            return self._command_fragment(pdv, underway)
        if underway is None or underway.command is None:
            span = self._span(pdv.first, pdv.last, pdv.start, pdv.end, pdv.pdu_first)
            return [StrayFragment(span, pdv.context_id, pdv.received, _NO_COMMAND)]
        self._extend(underway, pdv)
        data = underway.data
        data.joined = data.joined or pdv.start == underway.start
        data.fragments += 1
        data.length += pdv.received
        data.missing += pdv.length - pdv.received
        underway.before += pdv.length
        return [self._finish(pdv.context_id, underway)] if pdv.is_last else []

    def unneeded(self, context_id: int, taken: int) -> int:
        """Return how many data set bytes need only be counted, after the first `taken` of the current fragment."""
        underway = self._underway.get(context_id)
        if self._syntax_of is None or underway is None or underway.command is None:
            return FOREVER
        if self._collection is not None and self._collection.takes(underway.command.field):
            return FOREVER if self._collection.fields is None else 0  # where all are kept, so are bytes passed over
        wanted = underway.scanner.wanted if underway.scanner is not None else 0
        if underway.identifier is not None:
            wanted = min(wanted, underway.identifier.wanted)
        if self._collection is not None and len(underway.head) < self._collection.heads:
            wanted = min(wanted, len(underway.head))
        return max(0, wanted - underway.before - taken)

    def lost(self, missing: MissingBytes, *, inside: bool = False) -> None:
        """Bytes are missing. Where the place among the PDUs is lost too, every message under way may have lost some.

        `inside`: they all belong to the fragment that is still coming.
        """
        for underway in self._underway.values():
            if not inside:
                underway.unplaced = True
                if underway.scanner is not None:
                    underway.scanner.lose()
            if underway.data.whole is None:
                underway.data.whole = underway.data.content.tell() if underway.data.content is not None else 0
            if missing.resynchronized and underway.lack is None:
                lost = (
                    f"up to {counted(missing.length, 'byte')} of it {is_are(missing.length)} missing from the capture"
                )
                underway.lack = Lack(Part.UNPLACED, lost)

    def close(self, *, seen: bool = True) -> list[Message | StrayFragment]:
        """End the direction: return every message under way, as incomplete.

        `seen`: the direction has ended in the capture, not with it.
        """
        how = "never came" if seen else "is not in the capture"
        events: list[Message | StrayFragment] = []
        for context_id, underway in list(self._underway.items()):
            what, part = ("data set", Part.END) if underway.command is not None else ("command set", Part.COMMAND_SET)
            lack = Lack(part, f"the last fragment of its {what} {how}")
            scanner, whole = underway.scanner, not underway.data.missing and not underway.unplaced
            if seen and whole and scanner is not None and scanner.ends_with_pixels(underway.before):
                text = "no fragment of its data set is marked as the last, although its Pixel Data is whole"
                lack = Lack(Part.MARK, text)
            events.append(self._give_up(context_id, underway, lack))
        return events

    def _run(self, run: PdvRun, underway: _Underway | None) -> list[Message | StrayFragment]:
        length = run.fragments * run.length
        if underway is None or underway.command is None:
            span = self._span(run.first, run.last, run.start, run.end, run.first)
            return [StrayFragment(span, run.context_id, length, _NO_COMMAND)]
        underway.data.fragments += run.fragments
        underway.data.length += length
        underway.before += length
        underway.last, underway.end = max(underway.last, run.last), run.end
        return []

    def _command_fragment(self, pdv: Pdv, underway: _Underway | None) -> list[Message | StrayFragment]:
        if underway is None and pdv.is_last and len(pdv.data) == pdv.length:
            # As by far the most come. Without this short cut, `show` takes 1.06 times the CPU on many C-ECHOs.
            return self._whole_command(pdv)
        events: list[Message | StrayFragment] = []
        if underway is not None and underway.command is not None:
            lack = Lack(Part.INTERRUPTED, "the next command came before the last fragment of its data set")
            events.append(self._give_up(pdv.context_id, underway, lack))
            underway = None
        if underway is None:
            underway = _Underway(pdv.first, pdv.pdu_first, pdv.start, pdv.last, pdv.end)
            self._underway[pdv.context_id] = underway
        self._extend(underway, pdv)
        underway.command_fragments += 1
        # Behind a hole, bytes cannot be joined to those before it: they would be read as something else.
        room = 0 if underway.command_missing else MAX_COMMAND_SET - len(underway.command_bytes)
        underway.command_bytes += pdv.data[:room]
        underway.command_missing += pdv.length - pdv.received
        underway.command_cut += pdv.received - len(pdv.data[:room])
        if pdv.is_last:
            command = underway.command = read_command(bytes(underway.command_bytes))
            if lost := underway.command_missing:
                said = f"{counted(lost, 'byte')} of its command set {is_are(lost)} missing"
                underway.lack = Lack(Part.COMMAND_SET, said)
            elif cut := underway.command_cut:
                said = f"{counted(cut, 'byte')} of its command set {is_are(cut)} beyond what is kept"
                underway.lack = Lack(Part.COMMAND_SET, said)
            if not command.announces_data_set:
                events.append(self._finish(pdv.context_id, underway))
        return events

    def _whole_command(self, pdv: Pdv) -> list[Message | StrayFragment]:
        command = read_command(pdv.data)
        if not command.announces_data_set:
            span = self._span(pdv.first, pdv.last, pdv.start, pdv.end, pdv.pdu_first)
            return [Message(self.side, pdv.context_id, command, 1, None, span)]
        underway = _Underway(pdv.first, pdv.pdu_first, pdv.start, pdv.last, pdv.end)
        underway.command, underway.command_fragments = command, 1
        self._underway[pdv.context_id] = underway
        return []

    def _extend(self, underway: _Underway, pdv: Pdv) -> None:
        underway.last, underway.end = max(underway.last, pdv.last), pdv.end
        underway.first = min(underway.first, pdv.first)
        underway.pdu_first = min(underway.pdu_first, pdv.pdu_first)

    def _keep(self, underway: _Underway, data: bytes, collection: Collection) -> None:
        if underway.hasher is None:
            import hashlib

            underway.hasher = hashlib.sha256()
            underway.data.content = collection.begin()
        underway.hasher.update(data)
        if underway.data.content is not None:
            underway.data.content.write(data)

    def _scan(self, underway: _Underway, pdv: PdvBytes, syntax_of: Callable[[int], str | None]) -> None:
        if underway.scanner is None:
            from dicomsniff.dimse.scan.scanner import DataSetScanner  # which many short associations do not need

            underway.scanner = DataSetScanner(syntax_of(pdv.context_id))
            if underway.unplaced:
                underway.scanner.lose()
            if underway.command is not None and underway.command.field in _READ_WHOLE:
                underway.identifier = IdentifierBytes()
        underway.scanner.feed(underway.before + pdv.at, pdv.data)
        if underway.identifier is not None:
            underway.identifier.feed(underway.before + pdv.at, pdv.data)

    def _finish(self, context_id: int, underway: _Underway, *, ended: bool = True) -> Message:
        del self._underway[context_id]
        data = underway.data if underway.data.fragments else None
        if data is not None and underway.hasher is not None:
            data.sha256 = underway.hasher.hexdigest()
        elif data is not None and self._collection is not None and self._collection.takes(_field(underway)):
            import hashlib

            data.sha256 = hashlib.sha256().hexdigest()
        if data is not None:
            data.head = bytes(underway.head)
        if data is not None and underway.scanner is not None and underway.command is not None:
            whole = ended and not underway.unplaced
            outline = underway.scanner.finish(underway.before, whole=whole)
            data.outline = worth_keeping(outline, underway.command)
            if underway.identifier is not None:
                syntax = outline.transfer_syntax if not outline.has_file_meta else None
                data.identifier = underway.identifier.finish(underway.before, syntax, whole=whole)
        if data is not None and data.missing and underway.lack is None:
            lost = f"{counted(data.missing, 'byte')} of its data set {is_are(data.missing)} missing from the capture"
            underway.lack = Lack(Part.DATA_SET, lost)
        return Message(
            self.side,
            context_id,
            underway.command or read_command(bytes(underway.command_bytes)),
            underway.command_fragments,
            data,
            self._span(underway.first, underway.last, underway.start, underway.end, underway.pdu_first),
            ended,
            underway.lack,
        )

    def _give_up(self, context_id: int, underway: _Underway, lack: Lack) -> Message | StrayFragment:
        if underway.command is None:
            del self._underway[context_id]
            span = self._span(underway.first, underway.last, underway.start, underway.end, underway.pdu_first)
            return StrayFragment(span, context_id, len(underway.command_bytes), lack)
        underway.lack = underway.lack or lack
        return self._finish(context_id, underway, ended=False)

    def _span(self, first: PacketMark, last: PacketMark, start: int, end: int, pdu_first: PacketMark) -> Span:
        return Span(
            first.number,
            last.number,
            first.time,
            last.time,
            pdu_first.offset,
            self._source,
            start,
            end,
            pdu_first.number,
        )


def _field(underway: _Underway) -> int | None:
    return underway.command.field if underway.command is not None else None
