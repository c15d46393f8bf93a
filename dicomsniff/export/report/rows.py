"""Timeline entries as rows of a report: they wait as lines of JSON until their association is over."""

import json
from operator import attrgetter
from typing import IO, NamedTuple, Self

from dicomsniff.association.association import Association
from dicomsniff.association.entry_order import clock_was_set_back
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.statuses import find_status
from dicomsniff.dimse.message import Message
from dicomsniff.export.json_text import json_text
from dicomsniff.export.report.detail import command_lines, data_lines, left_out
from dicomsniff.export.report.drafted_view import DraftedView
from dicomsniff.export.view import Asked
from dicomsniff.findings.parts import shown
from dicomsniff.library import Capture
from dicomsniff.quantities import byte_size
from dicomsniff.side import Side
from dicomsniff.words.entries import entry_detail, entry_name, entry_size

MAX_ROWS = 50_000
"""Timeline entries of a report; further ones are counted."""
MAX_DETAILS = 10_000_000
"""Characters of rows from which on the elements of data sets are left out, which is said beside each."""


class Row(NamedTuple):
    """A timeline entry, as it is shown; `time` is when it began (ns since 1970)."""

    time: int
    packet: int
    last_packet: int
    is_from_requestor: bool
    name: str
    size: str
    said: str
    category: str = ""
    """That of a message's status: `Failure`; empty where it has none."""
    command: list[str] = []  # noqa: RUF012  never changed
    """The elements of a message's command set."""
    data: list[str] = []  # noqa: RUF012  never changed
    """The elements of its data set."""

    @classmethod
    def read(cls, line: str) -> Self:
        """Return what waited."""
        return cls(*json.loads(line))


class RowsView(DraftedView):
    """A report whose rows have the elements of messages, as far as there is room."""

    def __init__(self, capture: Capture, out: IO[str], asked: Asked) -> None:
        super().__init__(capture, out, asked)
        self._rows, self._room = 0, MAX_DETAILS
        self.rows_left_out = 0
        """Timeline entries of the whole capture beyond MAX_ROWS."""

    def entry_line(self, association: Association, entry: Entry) -> str:
        """Return an entry as a row."""
        event, span, size = entry.event, entry.span, entry_size(entry)
        row = Row(
            span.first_time,
            span.first_packet,
            span.last_packet,
            entry.side is Side.REQUESTOR,
            entry_name(entry),
            byte_size(size) if size else "",
            shown(entry_detail(association, entry), self.gate),
        )
        if isinstance(event, Message):
            row = self._with_elements(row, association, event)
        return json_text(row)

    def keep(self, association: Association, line: str) -> None:
        """Keep a row, as long as there is room."""
        if self._rows >= MAX_ROWS:
            self.rows_left_out += 1
            return
        self._rows += 1
        self._room -= len(line)
        super().keep(association, line)

    def rows(self, association: Association) -> list[Row]:
        """Return the rows of an association that is over, as they are listed."""
        order = attrgetter("packet", "time") if clock_was_set_back(association) else attrgetter("time", "packet")
        return sorted(map(Row.read, self.drafts.take(association.id)), key=order)

    def _with_elements(self, row: Row, association: Association, message: Message) -> Row:
        command, data_set = message.command, message.data_set
        data = list(data_lines(association, message, self.gate)) if self._room > 0 else []
        if data_set is not None and not data:
            data = [left_out(data_set.length)]
            if data_set.content is not None:
                data_set.content.close()
                data_set.content = None
        category = ""
        if command.status is not None:
            category = find_status(command.service, message.sop_class_uid, command.status).category
        return row._replace(command=list(command_lines(command, self.gate)), data=data, category=category)
