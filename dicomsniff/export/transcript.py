"""The model -> the JSON transcript `dicomsniff.transcript/1`, written as the capture is read, one message a line."""

from array import array
from collections.abc import Iterator
from operator import itemgetter
from typing import IO

from dicomsniff import __version__
from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.export.json_text import json_text, list_text, members_text
from dicomsniff.export.link_json import links_json
from dicomsniff.export.model_json import association_json, capture_json, findings_json, message_json, operation_json
from dicomsniff.export.negotiation_json import contexts_json
from dicomsniff.export.pieces import Pieces
from dicomsniff.export.view import Asked, View
from dicomsniff.filter.selection import Chosen, Counts
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.parts import shown
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate

SCHEMA = "dicomsniff.transcript/1"
IN_MEMORY = 4 << 20
"""Characters of messages that wait in memory, of all associations."""


class Transcript(View):
    """One object with everything in it.

    Messages and associations are encoded as they come and wait in a temporary file, so that memory does not grow
    with them.
    """

    collects = tells_entries = True

    def __init__(self, capture: Capture, out: IO[str], asked: Asked) -> None:
        super().__init__(capture, out, asked)
        self._drafts = _Drafts(self.gate)

    def entries(self, updates: list[Update]) -> None:
        """Encode messages; other entries are not in a transcript."""
        for association, entry in updates:
            if isinstance(entry.event, Message):
                self._drafts.add(association, entry.event, self.entry_line(association, entry))

    def entry_line(self, association: Association, entry: Entry) -> str:
        """Return a message; other entries are not in a transcript."""
        if not isinstance(entry.event, Message):
            return ""
        return json_text(message_json(association, entry.event, self.digits, self.gate))

    def put(self, association: Association, number: int, line: str) -> None:
        """Take a message that is shown."""
        self._drafts.put(association, number, line)

    def closed(self, association: Association, chosen: Chosen) -> None:
        """Encode what is known of an association now that it is over."""
        self._drafts.finish(association, self.found(association), self.digits, chosen.counts(association))

    def end(self) -> None:
        """Write everything, beginning with what is known last."""
        analyzer = self.capture.analyzer
        head = {
            "schema": SCHEMA,
            "tool": {"name": "dicomsniff", "version": __version__},
            "capture": capture_json(self.capture, self.gate),
            "privacy": self.gate.privacy.said,
        }
        if self.selected:
            head["selection"] = self.selection_json
        self.out.write(f'{{\n{members_text(head)} "associations": [')
        self.out.writelines(self._drafts.parts())
        links = list_text(links_json(self.links(), self.digits, self.gate), 4)
        found = list_text(findings_json(analyzer.findings, None, self.gate), 4)
        verdict = json_text(shown(analyzer.verdict_line, self.gate))
        self.out.write(f'],\n "verdict": {verdict},\n "links": {links},\n "findings": {found}\n}}\n')

    def close(self) -> None:
        """Let go of the temporary file."""
        self._drafts.pieces.close()


class _Draft:
    """An association of which more may come: what waits in memory, and where its last piece in the file begins."""

    __slots__ = ("buffer", "last", "messages", "size", "unended")

    def __init__(self) -> None:
        self.buffer: list[str] = []
        self.size = self.last = self.messages = 0
        self.unended: list[tuple[int, str]] = []
        """Messages that never ended, behind their first packets: their numbers come last."""

    def add(self, number: int, said: str) -> int:
        """Add a message; return how many characters that takes."""
        self.messages += 1
        line = f'{"," if self.messages > 1 else ""}\n    {{"number": {number}, {said[1:]}'
        self.buffer.append(line)
        self.size += len(line)
        return len(line)


class _Drafts:
    """Every association's part of the transcript, in pieces of a temporary file."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.pieces = Pieces()
        self._open: dict[int, _Draft] = {}
        self._waiting = 0
        self._ended = array("Q")
        """Where the last piece of each association that is over begins, in the order of their ids."""

    def add(self, association: Association, message: Message, said: str) -> None:
        """Add a message."""
        if message.ended:
            self.put(association, message.number, said)
        else:
            self._draft(association).unended.append((message.span.first_packet, said))

    def put(self, association: Association, number: int, said: str) -> None:
        """Add a message whose number is known."""
        self._waiting += self._draft(association).add(number, said)
        if self._waiting > IN_MEMORY:
            for each in self._open.values():
                self._flush(each)

    def finish(self, association: Association, found: Findings, digits: int, counts: Counts | None) -> None:
        """Nothing more comes of an association; `counts` says how many of its messages are shown."""
        draft = self._open.pop(association.id, None) or _Draft()
        for _, said in sorted(draft.unended, key=itemgetter(0)):
            self._waiting += draft.add(draft.messages + 1, said)
        self._flush(draft)
        head = association_json(association, found, digits, self._gate)
        if counts is not None:
            head["selection"] = counts._asdict()
        fields = ",\n   ".join(f"{json_text(key)}: {json_text(value)}" for key, value in head.items())
        contexts = list_text(contexts_json(association, self._gate), 4)
        begin = self._write(f'{fields},\n   "presentation_contexts": {contexts},\n   "messages": [', draft.last)
        operations = list_text((operation_json(each, self._gate) for each in association.operations.operations), 4)
        listed = list_text(findings_json(found.causes, association.id, self._gate), 4)
        end = self._write(f'],\n   "operations": {operations},\n   "findings": {listed}', begin)
        missing = max(association.id - len(self._ended), 0)
        self._ended.extend([0] * missing)
        self._ended[association.id - 1] = end

    def parts(self) -> Iterator[str]:
        """Yield the text of all associations, in the order of their ids."""
        comma = ""
        for last in filter(None, self._ended):
            yield f"{comma}\n  {{"
            comma = ","
            *messages, begin, end = self.pieces.chain(last)
            for place in (begin, *messages, end):
                yield self.pieces.read(place).decode()
            yield "}"

    def _flush(self, draft: _Draft) -> None:
        if draft.buffer:
            draft.last = self._write("".join(draft.buffer), draft.last)
            self._waiting -= draft.size
            draft.buffer, draft.size = [], 0

    def _write(self, text: str, before: int) -> int:
        return self.pieces.add(text.encode("utf-8", "backslashreplace"), before)

    def _draft(self, association: Association) -> _Draft:
        return self._open.setdefault(association.id, _Draft())
