"""The model -> the JSON transcript `dicomsniff.transcript/1`, written as the capture is read, one message a line."""

from array import array
from collections.abc import Iterable, Iterator
from operator import itemgetter
from os import SEEK_END
from struct import Struct
from tempfile import TemporaryFile
from typing import IO

from dicomsniff import __version__
from dicomsniff.association.association import Association
from dicomsniff.dimse.message import Message
from dicomsniff.export.json_text import json_text
from dicomsniff.export.link_json import links_json
from dicomsniff.export.model_json import association_json, capture_json, findings_json, message_json, operation_json
from dicomsniff.export.negotiation import contexts_json
from dicomsniff.findings.collector import findings_of
from dicomsniff.library import Capture

SCHEMA = "dicomsniff.transcript/1"
IN_MEMORY = 4 << 20
"""Characters of messages that wait in memory, of all associations."""
_HEADER = Struct("<QQ")


def write_transcript(capture: Capture, out: IO[str]) -> None:
    """Read a capture (opened with `collect`) to its end and write its transcript.

    Messages and associations are encoded as they come and wait in a temporary file, so that memory does not grow
    with them.
    """
    reader = capture.reader  # a pcapng file tells the resolution of its clocks only with its first blocks
    with TemporaryFile() as file:
        drafts = _Drafts(file)
        for updates, closed in capture.blocks():
            for association, entry in updates:
                if isinstance(entry.event, Message):
                    said = json_text(message_json(association, entry.event, reader.resolution_digits))
                    drafts.add(association, entry.event, said)
            for association in closed:
                drafts.finish(association, reader.resolution_digits)
        out.write("{\n")
        out.write(f' "schema": {json_text(SCHEMA)},\n')
        out.write(f' "tool": {json_text({"name": "dicomsniff", "version": __version__})},\n')
        out.write(f' "capture": {json_text(capture_json(capture))},\n')
        out.write(f' "privacy": {json_text({"phi": "kept"})},\n')
        out.write(' "associations": [')
        out.writelines(drafts.parts())
        digits = reader.resolution_digits
        links = _lines(json_text(link) for link in links_json(capture.analyzer.links, digits))
        found = _lines(json_text(each) for each in findings_json(capture.analyzer.findings, None))
        verdict = json_text(capture.analyzer.verdict)
        out.write(f'],\n "verdict": {verdict},\n "links": {links},\n "findings": {found}\n}}\n')


class _Draft:
    """An association of which more may come: what waits in memory, and where its last piece in the file begins."""

    __slots__ = ("buffer", "last", "messages", "size", "unended")

    def __init__(self) -> None:
        self.buffer: list[str] = []
        self.size = self.last = self.messages = 0
        self.unended: list[tuple[int, str]] = []
        """Messages that never ended, behind their first packets: their numbers come last."""

    def add(self, said: str) -> int:
        """Add a message; return how many characters that takes."""
        self.messages += 1
        line = f'{"," if self.messages > 1 else ""}\n    {{"number": {self.messages}, {said[1:]}'
        self.buffer.append(line)
        self.size += len(line)
        return len(line)


class _Drafts:
    """Every association's part of the transcript, in pieces of a temporary file.

    Each piece begins with the place of the one before it (0 for none) and its length, so that memory holds one place
    of each association and no more.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._file.write(b"\n")  # no piece begins at 0
        self._open: dict[int, _Draft] = {}
        self._waiting = 0
        self._ended = array("Q")
        """Where the last piece of each association that is over begins, in the order of their ids."""

    def add(self, association: Association, message: Message, said: str) -> None:
        """Add a message."""
        draft = self._open.setdefault(association.id, _Draft())
        if not message.ended:
            draft.unended.append((message.span.first_packet, said))
            return
        self._waiting += draft.add(said)
        if self._waiting > IN_MEMORY:
            for each in self._open.values():
                self._flush(each)

    def finish(self, association: Association, digits: int) -> None:
        """Nothing more comes of an association."""
        draft = self._open.pop(association.id, None) or _Draft()
        for _, said in sorted(draft.unended, key=itemgetter(0)):
            self._waiting += draft.add(said)
        self._flush(draft)
        head = association_json(association, digits)
        fields = ",\n   ".join(f"{json_text(key)}: {json_text(value)}" for key, value in head.items())
        contexts = _lines(json_text(context) for context in contexts_json(association))
        begin = self._write(f'{fields},\n   "presentation_contexts": {contexts},\n   "messages": [', draft.last)
        found = (json_text(each) for each in findings_json(findings_of(association).causes, association.id))
        operations = _lines(json_text(operation_json(each)) for each in association.operations.operations)
        end = self._write(f'],\n   "operations": {operations},\n   "findings": {_lines(found)}', begin)
        missing = association.id - len(self._ended)
        self._ended.extend([0] * missing)
        self._ended[association.id - 1] = end

    def parts(self) -> Iterator[str]:
        """Yield the text of all associations, in the order of their ids."""
        for index, end in enumerate(self._ended):
            yield ",\n  {" if index else "\n  {"
            places = [end]
            while before := self._header(places[-1])[0]:
                places.append(before)
            _, begin, *messages = places
            for place in (begin, *reversed(messages), end):
                _, length = self._header(place)
                yield self._file.read(length).decode()
            yield "}"

    def _flush(self, draft: _Draft) -> None:
        if draft.buffer:
            draft.last = self._write("".join(draft.buffer), draft.last)
            self._waiting -= draft.size
            draft.buffer, draft.size = [], 0

    def _write(self, text: str, before: int) -> int:
        data, at = text.encode("utf-8", "backslashreplace"), self._file.seek(0, SEEK_END)
        self._file.write(_HEADER.pack(before, len(data)) + data)
        return at

    def _header(self, place: int) -> tuple[int, int]:
        """Return the place of the piece before one, and its own length; the file is read on behind that."""
        self._file.seek(place)
        before, length = _HEADER.unpack(self._file.read(_HEADER.size))
        return before, length


def _lines(items: Iterable[str]) -> str:
    joined = ",\n    ".join(items)
    return f"[\n    {joined}]" if joined else "[]"
