"""Hands on to a view what is shown of a capture; what is, is known at an association's end."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.export.drafts import Drafts

if TYPE_CHECKING:
    from dicomsniff.export.view import View


class _Line(NamedTuple):
    """The line of an entry that waits; `time` is when it began (ns since 1970)."""

    text: str
    time: int
    message: int | None
    """Of a message, how many came before it."""
    number: int
    """A message's number; 0 where it never ended, and its number comes after those of all others."""
    first_packet: int


class Choosing:
    """Hands on all, or holds back the lines of entries until their association is over and can be judged."""

    def __init__(self, view: "View") -> None:
        self._view, self._selection = view, view.asked.selection
        holds = view.tells_entries and not self._selection.is_all
        self._drafts = Drafts[_Line]() if holds else None
        self._messages: Counter[int] = Counter()
        """How many messages came of each association that is not over."""

    def entries(self, updates: list[Update]) -> None:
        """Take timeline entries."""
        if self._selection.is_all:
            self._view.entries(updates)
        elif self._drafts is not None:
            for association, entry in updates:
                self._hold(self._drafts, association, entry)

    def closed(self, association: Association) -> None:
        """Take an association that is over."""
        view = self._view
        chosen = self._selection.choose(association, view.found(association), view.capture.data_set)
        lines = self._drafts.take(association.id) if self._drafts is not None else ()
        self._messages.pop(association.id, None)
        if not self._selection.is_all:
            view.note_chosen(association, chosen)
        if chosen is None:
            view.passed(association)
            return
        for line in _numbered(lines):
            in_time = chosen.period is None or chosen.period.holds(line.time)
            if in_time and (line.message is None or chosen.shows_message(line.message)):
                view.put(association, line.number, line.text)
        view.closed(association, chosen)

    def close(self) -> None:
        """Let go of the temporary file."""
        if self._drafts is not None:
            self._drafts.close()

    def _hold(self, drafts: Drafts[_Line], association: Association, entry: Entry) -> None:
        message = entry.event if isinstance(entry.event, Message) else None
        place = self._messages[association.id] if message is not None else None
        self._messages[association.id] += message is not None
        if text := self._view.entry_line(association, entry):
            number = message.number if message is not None else 0
            line = _Line(text, entry.span.first_time, place, number, entry.span.first_packet)
            drafts.add(association.id, line, len(text))


def _numbered(lines: Iterable[_Line]) -> Iterator[_Line]:
    """Yield the lines that waited: messages that never ended come last, and get the numbers that are left."""
    numbered, unended = 0, []
    for line in lines:
        if line.message is not None and not line.number:
            unended.append(line)
        else:
            numbered = max(numbered, line.number)
            yield line
    for number, line in enumerate(sorted(unended, key=lambda line: line.first_packet), numbered + 1):
        yield line._replace(number=number)
