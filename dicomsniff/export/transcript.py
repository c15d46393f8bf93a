"""The model -> the JSON transcript `dicomsniff.transcript/1`, written as the capture is read, one message a line."""

from array import array
from collections.abc import Iterable, Iterator
from importlib.resources import files
from operator import itemgetter
from os import SEEK_END
from struct import Struct
from tempfile import TemporaryFile
from typing import IO

from dicomsniff import __version__
from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.dimse.message import Message
from dicomsniff.export.json_text import json_text
from dicomsniff.export.link_json import links_json
from dicomsniff.export.model_json import association_json, capture_json, findings_json, message_json, operation_json
from dicomsniff.export.negotiation_json import contexts_json
from dicomsniff.export.view import Asked, View
from dicomsniff.findings.collector import findings_of
from dicomsniff.findings.parts import shown
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate

SCHEMA = "dicomsniff.transcript/1"
IN_MEMORY = 4 << 20
"""Characters of messages that wait in memory, of all associations."""
_HEADER = Struct("<QQ")


def schema_text() -> str:
    """Return the JSON Schema of transcripts, which says what of them scripts may rely on."""
    return files("dicomsniff.export").joinpath("transcript.schema.json").read_text("utf-8")


class Transcript(View):
    """One object with everything in it.

    Messages and associations are encoded as they come and wait in a temporary file, so that memory does not grow
    with them.
    """

    collects = True

    def __init__(self, capture: Capture, out: IO[str], asked: Asked) -> None:
        super().__init__(capture, out, asked)
        self._drafts = _Drafts(self.gate)

    def entries(self, updates: list[Update]) -> None:
        """Encode messages; other entries are not in a transcript."""
        for association, entry in updates:
            if isinstance(entry.event, Message):
                said = json_text(message_json(association, entry.event, self.digits, self.gate))
                self._drafts.add(association, entry.event, said)

    def closed(self, association: Association) -> None:
        """Encode what is known of an association now that it is over."""
        self._drafts.finish(association, self.digits)

    def end(self) -> None:
        """Write everything, beginning with what is known last."""
        analyzer = self.capture.analyzer
        head = {
            "schema": SCHEMA,
            "tool": {"name": "dicomsniff", "version": __version__},
            "capture": capture_json(self.capture, self.gate),
            "privacy": self.gate.privacy.said,
        }
        self.out.write("{\n" + "".join(f" {json_text(key)}: {json_text(value)},\n" for key, value in head.items()))
        self.out.write(' "associations": [')
        self.out.writelines(self._drafts.parts())
        links = _lines(json_text(link) for link in links_json(analyzer.links, self.digits, self.gate))
        found = _lines(json_text(each) for each in findings_json(analyzer.findings, None, self.gate))
        verdict = json_text(shown(analyzer.verdict_line, self.gate))
        self.out.write(f'],\n "verdict": {verdict},\n "links": {links},\n "findings": {found}\n}}\n')

    def close(self) -> None:
        """Let go of the temporary file."""
        self._drafts.file.close()


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

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.file = TemporaryFile()  # noqa: SIM115  whoever made this closes it
        self.file.write(b"\n")  # no piece begins at 0
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
        head = association_json(association, digits, self._gate)
        fields = ",\n   ".join(f"{json_text(key)}: {json_text(value)}" for key, value in head.items())
        contexts = _lines(json_text(context) for context in contexts_json(association, self._gate))
        begin = self._write(f'{fields},\n   "presentation_contexts": {contexts},\n   "messages": [', draft.last)
        causes = findings_of(association).causes
        found = (json_text(each) for each in findings_json(causes, association.id, self._gate))
        operations = _lines(json_text(operation_json(each, self._gate)) for each in association.operations.operations)
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
                yield self.file.read(length).decode()
            yield "}"

    def _flush(self, draft: _Draft) -> None:
        if draft.buffer:
            draft.last = self._write("".join(draft.buffer), draft.last)
            self._waiting -= draft.size
            draft.buffer, draft.size = [], 0

    def _write(self, text: str, before: int) -> int:
        data, at = text.encode("utf-8", "backslashreplace"), self.file.seek(0, SEEK_END)
        self.file.write(_HEADER.pack(before, len(data)) + data)
        return at

    def _header(self, place: int) -> tuple[int, int]:
        """Return the place of the piece before one, and its own length; the file is read on behind that."""
        self.file.seek(place)
        before, length = _HEADER.unpack(self.file.read(_HEADER.size))
        return before, length


def _lines(items: Iterable[str]) -> str:
    joined = ",\n    ".join(items)
    return f"[\n    {joined}]" if joined else "[]"
