"""Messages of a capture -> DICOM files (PS3.10): objects that were stored, and identifiers where they are asked for."""

import json
from collections import Counter
from io import BytesIO
from typing import IO, NamedTuple

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.collection import Collect
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.outlines import C_STORE_RQ
from dicomsniff.dimse.scan.scanner import Readable
from dicomsniff.export.json_text import json_text
from dicomsniff.export.view import Asked, View
from dicomsniff.extraction.directory import ObjectDirectory
from dicomsniff.extraction.identity import DeIdentifier
from dicomsniff.extraction.names import uid_name
from dicomsniff.extraction.study import read_study
from dicomsniff.filter.selection import Chosen
from dicomsniff.library import Capture
from dicomsniff.output import Sink
from dicomsniff.part10 import file_head, sent_syntax
from dicomsniff.quantities import byte_size, counted, is_are
from dicomsniff.side import Side

_C_FIND = frozenset([0x0020, 0x8020])
_PIECE = 1 << 18
"""Bytes copied at a time."""


class Wanted(NamedTuple):
    """What is to be extracted, and how it is laid out."""

    by_study: bool = False
    """Whether objects go to a directory for each series, in one for each study."""
    identifiers: bool = False
    """Whether the keys and matches of C-FIND are extracted too."""

    @property
    def fields(self) -> frozenset[int]:
        """The Command Fields of messages whose data sets are extracted."""
        return frozenset([C_STORE_RQ]) | (_C_FIND if self.identifiers else frozenset())


class _Extracted(NamedTuple):
    """A file that is written, and what it is to be called."""

    passing: str
    folders: list[str]
    stem: str
    is_object: bool
    is_whole: bool
    length: int


class Extraction(View):
    """Writes a file for each object as its message ends; of what is chosen by a filter, names it when that is known."""

    tells_entries = True

    def __init__(
        self,
        capture: Capture,
        out: IO[str],
        asked: Asked,
        *,
        directory: ObjectDirectory,
        wanted: Wanted,
        hider: DeIdentifier | None = None,
    ) -> None:
        super().__init__(capture, out, asked)
        self._directory, self._wanted, self._hider = directory, wanted, hider
        self._waiting: dict[int, set[str]] = {}
        """The passing names of files of associations that are not over."""
        self._counts: Counter[str] = Counter()

    def entries(self, updates: list[Update]) -> None:
        """Extract what comes."""
        for association, entry in updates:
            if (written := self._write(association, entry)) is not None:
                self._place(written)

    def entry_line(self, association: Association, entry: Entry) -> str:
        """Write what may be chosen; return what it takes to name it."""
        written = self._write(association, entry)
        if written is None:
            return ""
        self._waiting.setdefault(association.id, set()).add(written.passing)
        return json_text(list(written))

    def put(self, association: Association, number: int, line: str) -> None:  # noqa: ARG002
        """Name a file that is chosen."""
        written = _Extracted(*json.loads(line))
        self._waiting[association.id].discard(written.passing)
        self._place(written)

    def closed(self, association: Association, chosen: Chosen) -> None:  # noqa: ARG002
        """Let go of what was not chosen."""
        self.passed(association)

    def passed(self, association: Association) -> None:
        """Let go of what was not chosen."""
        for passing in self._waiting.pop(association.id, ()):
            self._directory.drop(passing)

    def close(self) -> None:
        """Let go of what nobody can choose any more."""
        for waiting in self._waiting.values():
            for passing in waiting:
                self._directory.drop(passing)
        self._waiting.clear()

    @classmethod
    def collect(cls, asked: Asked) -> Collect:  # noqa: ARG003
        """Return which data sets a capture must be opened to collect: at least those."""
        return frozenset([C_STORE_RQ])

    @property
    def summary(self) -> str:
        """Say what was extracted."""
        counts = self._counts
        said = [f"{counted(counts['object'], 'object')} extracted ({byte_size(counts['length'])})"]
        if count := counts["identifier"]:
            said.append(f"{counted(count, 'identifier')} of C-FIND")
        if count := counts["again"]:
            said.append(f"{count} {is_are(count)} numbered, as an object of that UID had come before")
        if count := counts["partial"]:
            said.append(f"{count} of all {is_are(count)} not whole, and named .partial")
        if count := counts["doubtful"]:
            said.append(f"{count} left out, as it is not certain where values are that identify somebody")
        if count := counts["none"]:
            said.append(f"of {counted(count, 'object')} no data set is in the capture")
        return "; ".join(filter(None, [*said, self.selected]))

    def _write(self, association: Association, entry: Entry) -> _Extracted | None:
        """Write the file of a message, if it is wanted."""
        message = entry.event
        if not isinstance(message, Message) or message.command.field not in self._wanted.fields:
            return None
        data = message.data_set
        is_object = message.command.field == C_STORE_RQ
        if data is None:
            self._counts["none"] += is_object
            return None
        size = data.length if data.whole is None else data.whole
        sender = association.requestor if message.side is Side.REQUESTOR else association.acceptor
        shown_uid = self._hider.uid if self._hider is not None else str
        with data.content or BytesIO() as sent:
            content: Readable | None = sent
            if self._hider is not None:
                content = self._hider.hide(sent, size, sent_syntax(message), whole=message.complete)
            if content is None:
                self._counts["doubtful"] += 1
                return None
            with content:
                passing, sink = self._directory.begin()
                with sink:
                    sink.write(file_head(message, self.gate.title(sender.ae_title or ""), shown_uid))
                    size = _copy(content, sink, size if self._hider is None else None)
                folders = self._folders(content, size, message) if is_object and self._wanted.by_study else []
        stem = uid_name(shown_uid(message.command.affected_sop_instance_uid or ""), "object")
        if not is_object:
            stem = f"{message.name}-association-{association.id}-packet-{message.span.first_packet}"
        return _Extracted(passing, folders, stem, is_object, message.complete, size)

    def _folders(self, content: Readable, size: int, message: Message) -> list[str]:
        study, series = read_study(content, size, sent_syntax(message))
        return [uid_name(study, "study"), uid_name(series, "series")]

    def _place(self, written: _Extracted) -> None:
        suffix = ".dcm" if written.is_whole else ".dcm.partial"
        number = self._directory.place(written.passing, written.folders, written.stem, suffix)
        if written.is_object:
            self._counts["object"] += 1
            self._counts["length"] += written.length
            self._counts["again"] += number > 1
        else:
            self._counts["identifier"] += 1
        self._counts["partial"] += not written.is_whole


def _copy(content: Readable, sink: Sink, size: int | None) -> int:
    """Copy so many bytes, or all; return how many."""
    content.seek(0)
    copied = 0
    while piece := content.read(_PIECE if size is None else min(size - copied, _PIECE)):
        sink.write(piece)
        copied += len(piece)
    return copied
