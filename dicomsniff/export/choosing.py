"""Hands on to a view what is shown of a capture; what is, is known at an association's end."""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.export.pieces import Pieces

if TYPE_CHECKING:
    from dicomsniff.export.view import View

IN_MEMORY = 4 << 20
"""Characters of entries that wait in memory, of all associations; more wait in a temporary file."""


class _Line(NamedTuple):
    """The line of an entry that waits; `time` is when it began (ns since 1970)."""

    text: str
    time: int
    message: int | None
    """Of a message, how many came before it."""
    number: int
    """A message's number; 0 where it never ended, and its number comes after those of all others."""
    first_packet: int


@dataclass(slots=True)
class _Waiting:
    """The lines of an association that is not over: those in memory, and the place of the latest ones in the file."""

    lines: list[_Line] = field(default_factory=list)
    size: int = 0
    messages: int = 0
    place: int = 0


class Choosing:
    """Hands on all, or holds back the lines of entries until their association is over and can be judged."""

    def __init__(self, view: "View") -> None:
        self._view, self._selection = view, view.asked.selection
        self._pieces = Pieces() if view.tells_entries and not self._selection.is_all else None
        self._waiting: dict[int, _Waiting] = {}
        self._size = 0

    def entries(self, updates: list[Update]) -> None:
        """Take timeline entries."""
        if self._selection.is_all:
            self._view.entries(updates)
        elif self._pieces is not None:
            for association, entry in updates:
                self._hold(self._pieces, association, entry)

    def closed(self, association: Association) -> None:
        """Take an association that is over."""
        view = self._view
        chosen = self._selection.choose(association, view.found(association), view.capture.data_set)
        waiting = self._waiting.pop(association.id, None)
        self._size -= waiting.size if waiting is not None else 0
        if not self._selection.is_all:
            view.note_chosen(association, chosen)
        if chosen is None:
            view.passed(association)
            return
        if waiting is not None:
            for line in self._lines(waiting):
                in_time = chosen.period is None or chosen.period.holds(line.time)
                if in_time and (line.message is None or chosen.shows_message(line.message)):
                    view.put(association, line.number, line.text)
        view.closed(association, chosen)

    def close(self) -> None:
        """Let go of the temporary file."""
        if self._pieces is not None:
            self._pieces.close()

    def _hold(self, pieces: Pieces, association: Association, entry: Entry) -> None:
        waiting = self._waiting.setdefault(association.id, _Waiting())
        message = entry.event if isinstance(entry.event, Message) else None
        place = waiting.messages if message is not None else None
        waiting.messages += message is not None
        if text := self._view.entry_line(association, entry):
            number = message.number if message is not None else 0
            waiting.lines.append(_Line(text, entry.span.first_time, place, number, entry.span.first_packet))
            waiting.size += len(text)
            self._size += len(text)
        if self._size > IN_MEMORY:
            if not any(each.place for each in self._waiting.values()):
                pieces.clear()
            for each in self._waiting.values():
                each.place = pieces.add(pickle.dumps([tuple(line) for line in each.lines]), each.place)
                each.lines, each.size = [], 0
            self._size = 0

    def _lines(self, waiting: _Waiting) -> Iterator[_Line]:
        """Yield the lines that waited: messages that never ended come last, and get the numbers that are left."""
        numbered, unended = 0, []
        for line in self._stored(waiting):
            if line.message is not None and not line.number:
                unended.append(line)
            else:
                numbered = max(numbered, line.number)
                yield line
        for number, line in enumerate(sorted(unended, key=lambda line: line.first_packet), numbered + 1):
            yield line._replace(number=number)

    def _stored(self, waiting: _Waiting) -> Iterator[_Line]:
        if self._pieces is not None:
            for place in self._pieces.chain(waiting.place):
                yield from (_Line(*each) for each in pickle.loads(self._pieces.read(place)))
        yield from waiting.lines
