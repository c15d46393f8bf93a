"""The model -> the JSON transcript `dicomsniff.transcript/1`, written as the capture is read, one message a line."""

from collections.abc import Iterable, Iterator
from os import SEEK_END
from tempfile import TemporaryFile
from typing import IO

from dicomsniff import __version__
from dicomsniff.association.association import Association
from dicomsniff.dimse.message import Message
from dicomsniff.export.json_text import json_text
from dicomsniff.export.link_json import links_json
from dicomsniff.export.model_json import association_json, capture_json, findings_json, message_json, operation_json
from dicomsniff.export.negotiation import contexts_json
from dicomsniff.library import Capture

SCHEMA = "dicomsniff.transcript/1"
PIECE = 1 << 16
"""Characters of messages that wait in memory, per association."""


def write_transcript(capture: Capture, out: IO[str]) -> None:
    """Read a capture (opened with `collect`) to its end and write its transcript.

    Messages and associations are encoded as they come and wait in a temporary file, so that memory does not grow
    with them.
    """
    reader = capture.reader  # a pcapng file tells the resolution of its clocks only with its first blocks
    with TemporaryFile() as file:
        drafts: dict[int, _Draft] = {}
        for updates in capture.updates():
            for association, entry in updates:
                if association.id not in drafts:
                    drafts[association.id] = _Draft(file)
                if isinstance(entry.event, Message):
                    said = json_text(message_json(association, entry.event, reader.resolution_digits))
                    drafts[association.id].add(entry.event, said)
            for association in capture.analyzer.take_closed():
                drafts.setdefault(association.id, _Draft(file)).finish(association, reader.resolution_digits)
        out.write("{\n")
        out.write(f' "schema": {json_text(SCHEMA)},\n')
        out.write(f' "tool": {json_text({"name": "dicomsniff", "version": __version__})},\n')
        out.write(f' "capture": {json_text(capture_json(capture))},\n')
        out.write(f' "privacy": {json_text({"phi": "kept"})},\n')
        out.write(' "associations": [')
        for index, number in enumerate(sorted(drafts)):
            out.write(",\n  {" if index else "\n  {")
            out.writelines(drafts[number].parts())
            out.write("}")
        digits = reader.resolution_digits
        links = _lines(json_text(link) for link in links_json(capture.analyzer.links, digits))
        found = _lines(json_text(each) for each in findings_json(capture.analyzer.findings, None))
        verdict = json_text(capture.analyzer.verdict)
        out.write(f'],\n "verdict": {verdict},\n "links": {links},\n "findings": {found}\n}}\n')


class _Draft:
    """An association's part of the transcript, in pieces of a temporary file."""

    __slots__ = ("_buffer", "_file", "_head", "_messages", "_places", "_size", "_tail", "_unended")

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._buffer: list[str] = []
        self._size = self._messages = 0
        self._places: list[tuple[int, int]] = []
        self._unended: list[tuple[Message, str]] = []
        self._head = self._tail = (0, 0)

    def add(self, message: Message, said: str) -> None:
        """Add a message; one that never ended waits for its number, which comes last."""
        if message.ended:
            self._number(message, said)
        else:
            self._unended.append((message, said))

    def _number(self, message: Message, said: str) -> None:
        self._messages += 1
        line = f'{"," if self._messages > 1 else ""}\n    {{"number": {message.number}, {said[1:]}'
        self._buffer.append(line)
        self._size += len(line)
        if self._size > PIECE:
            self._flush()

    def finish(self, association: Association, digits: int) -> None:
        """Nothing more comes of the association."""
        unended, self._unended = self._unended, []
        for message, said in sorted(unended, key=lambda pair: pair[0].number):
            self._number(message, said)
        self._flush()
        head = association_json(association, digits)
        fields = ",\n   ".join(f"{json_text(key)}: {json_text(value)}" for key, value in head.items())
        contexts = _lines(json_text(context) for context in contexts_json(association))
        self._head = self._write(f'{fields},\n   "presentation_contexts": {contexts},\n   "messages": [')
        found = (json_text(each) for each in findings_json(association.findings, association.id))
        operations = _lines(json_text(operation_json(each)) for each in association.operations.operations)
        self._tail = self._write(f'],\n   "operations": {operations},\n   "findings": {_lines(found)}')

    def parts(self) -> Iterator[str]:
        """Yield the association's fields, in order."""
        for at, length in (self._head, *self._places, self._tail):
            self._file.seek(at)
            yield self._file.read(length).decode()

    def _flush(self) -> None:
        if self._buffer:
            self._places.append(self._write("".join(self._buffer)))
            self._buffer, self._size = [], 0

    def _write(self, text: str) -> tuple[int, int]:
        data, at = text.encode("utf-8", "backslashreplace"), self._file.seek(0, SEEK_END)
        self._file.write(data)
        return at, len(data)


def _lines(items: Iterable[str]) -> str:
    joined = ",\n    ".join(items)
    return f"[\n    {joined}]" if joined else "[]"
