"""An association's entries -> the lines of its exchange: entries with the time before them, and long gaps."""

from msgspec import Struct

from dicomsniff.association.timeline import Entry, TcpEnd
from dicomsniff.dimse.message import Message
from dicomsniff.quantities import duration

LONG = 1_000_000_000
"""Time (ns) without a word from which on a gap has a line of its own."""


class LadderLine(Struct, frozen=True, eq=False):
    """An entry, or the gap before it; `since` is the time (ns) from the last byte before it, None for the first."""

    entry: Entry
    since: int | None
    is_gap: bool = False


class LadderLines:
    """The lines of one association's entries, kept up as they come."""

    def __init__(self) -> None:
        self.lines: list[LadderLine] = []
        self._entries: list[Entry] = []
        """Those that have lines."""
        self._until = 0
        """When the last byte of them all was captured (ns since 1970)."""

    def take(self, entries: list[Entry]) -> None:
        """Take the entries by time, with those that came since."""
        known = len(self._entries)
        if self._entries != entries[:known]:
            self.lines, self._entries, known = [], [], 0
        for entry in entries[known:]:
            since = entry.span.first_time - self._until if self._entries else None
            if since is not None and since >= LONG:
                self.lines.append(LadderLine(entry, since, is_gap=True))
            self.lines.append(LadderLine(entry, since))
            self._until = max(self._until, entry.span.last_time) if self._entries else entry.span.last_time
            self._entries.append(entry)


def gap_text(line: LadderLine) -> str:
    """Say how long nothing came, and whose turn it was."""
    event, who = line.entry.event, line.entry.side.value
    if isinstance(event, Message):
        whose = f": {who} thinking" if event.command.is_response else f": {who} sends nothing"
    else:
        whose = "" if isinstance(event, TcpEnd) else f": {who} next"
    return f"{duration(line.since or 0)} nothing{whose}"
