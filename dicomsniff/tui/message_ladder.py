"""An association's timeline between its two sides, the requestor left, the acceptor right."""

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry, TcpEnd
from dicomsniff.association.tls_layer import TlsTrouble
from dicomsniff.dimse.message import Message
from dicomsniff.findings.parts import the_party
from dicomsniff.pdu.types import CutAssociate, MalformedPdu, MissingBytes, SkippedBytes
from dicomsniff.quantities import byte_size
from dicomsniff.side import Side
from dicomsniff.tui.problem_index import LETTERS, Problems
from dicomsniff.tui.row_list import RowList
from dicomsniff.tui.said import allowed
from dicomsniff.tui.shown import Shown
from dicomsniff.tui.timeline_order import TimelineOrder
from dicomsniff.words.entries import entry_detail, entry_name, entry_size

WIDE = 96
"""Columns from which on there is room for microseconds."""
SHORTEST_LANE, LONGEST_LANE = 24, 52


class MessageLadder(RowList):
    """When, who to whom, what, how much, and what it says: a row per timeline entry."""

    HEADER_LINES = 1

    def __init__(self) -> None:
        super().__init__(id="ladder")
        self.border_title = "Exchange"
        self.association: Association | None = None
        self.order: TimelineOrder | None = None
        """Its entries, by time."""
        self.why_empty = ""
        """What to say while it has no entries."""
        self._problems: Problems | None = None

    @property
    def entries(self) -> list[Entry]:
        """The entries, by time."""
        return self.order.entries if self.order is not None else []

    @property
    def selected(self) -> Entry | None:
        """The entry under the cursor."""
        return self.entries[self.cursor] if self.cursor < len(self.entries) else None

    def show(self, association: Association | None, problems: Problems | None) -> None:
        """Show another association, from its start."""
        self.association, self._problems = association, problems
        self.order = TimelineOrder(association) if association is not None else None
        self.cursor = 0
        self.scroll_to(y=0, animate=False)
        self.grow()

    def select(self, entry: Entry) -> None:
        """Put the cursor on an entry."""
        place = self.order.find(entry) if self.order is not None else None
        if place is not None:
            self.move_to(place)

    def grow(self) -> None:
        """Take note of entries that came since; the cursor stays on its entry where others come before it."""
        association, order = self.association, self.order
        if association is not None and order is not None:
            # Whoever moved the cursor has selected what is there; only entries that came since may have pushed it off.
            selected = self.selected
            order.grow()
            place = order.find(selected) if selected is not None else None
            if place is not None and place != self.cursor:
                self.scroll_to(y=max(0, self.scroll_y + place - self.cursor), animate=False)
                self.cursor = place
            self.EMPTY = self.why_empty
        self.set_count(len(self.entries))
        entry = self.selected
        if association is None or entry is None:
            self.border_title, self.border_subtitle = "Exchange", None
            return
        said = said_of(association, entry)
        self.border_subtitle = Shown(f"{entry_name(entry)}: {said}" if said else entry_name(entry))
        pair = allowed(f"{the_party(association.requestor)} → {the_party(association.acceptor)}")
        listed, more = len(association.timeline), association.unlisted
        first = f"the first {listed:,} of {listed + more:,} entries  " if more else ""
        self.border_title = Shown(f"{association.id}  {first}{pair}")

    def header_line(self, number: int, width: int) -> Shown:  # noqa: ARG002  there is one line
        """Name the columns, and the side that each end of the lane stands for."""
        time, lane, _ = self._widths(width)
        requestor, acceptor = "requestor", "acceptor"
        return Shown(f"  {'seconds':>{time}} {requestor}{acceptor:>{lane - len(requestor)}} {'size':>7}  what it says")

    def row(self, index: int, width: int) -> Shown:
        """Return an entry's row."""
        association, problems = self.association, self._problems
        if association is None or problems is None or index >= len(self.entries):
            return Shown()
        entry = self.entries[index]
        time, lane, decimals = self._widths(width)
        severity = problems.severity(entry)
        colour = self.severity_style(severity)
        row = Shown(LETTERS[severity], colour)
        row.append(f" {_seconds(entry.span.first_time - association.start_time, time, decimals)} ", self.styled("dim"))
        row.append(arrow(entry, lane), self.styled(entry.side.value))
        count = entry_size(entry)
        row.append(f" {byte_size(count) if count else '':>7}  ", self.styled("dim"))
        said = said_of(association, entry)
        row.append(said if width >= WIDE else _shorter(said), colour)
        return row

    def _widths(self, width: int) -> tuple[int, int, int]:
        """Widths of the time and the lane, and the decimals of the time."""
        lane = max(SHORTEST_LANE, min(width * 42 // 100, LONGEST_LANE))
        return (11, lane, 6) if width >= WIDE else (9, lane, 4)


def said_of(association: Association, entry: Entry) -> str:
    """Say what matters about an entry; of a final response also how many pending ones came before it."""
    said = allowed(entry_detail(association, entry))
    message = entry.event
    if isinstance(message, Message) and message.operation is not None:
        operation = message.operation
        if operation.final is message and operation.pending:
            return f"{operation.pending} pending, then {said}"
    return said


def _shorter(said: str) -> str:
    """Leave out what the reader of a narrow terminal can do without."""
    return said.replace(" after the request", "").replace(" 0xFF00 (Sub-operations are continuing)", "")


def arrow(entry: Entry, width: int) -> str:
    """Draw an entry as an arrow from its sender: whole for what was said, dotted for what befell the stream."""
    dotted = isinstance(entry.event, TcpEnd | CutAssociate | MissingBytes | SkippedBytes | MalformedPdu | TlsTrouble)
    line = "┄" if dotted or (isinstance(entry.event, Message) and not entry.event.complete) else "─"
    room = width - 7
    name = entry_name(entry)
    name = name if len(name) <= room else name[: room - 1] + "…"
    shaft = line * (room - len(name) + 1)
    return f"├{line} {name} {shaft}▶│" if entry.side is Side.REQUESTOR else f"│◀{shaft} {name} {line}┤"


def _seconds(nanoseconds: int, width: int, decimals: int) -> str:
    """Write a time since the association's start; a long one with fewer decimals."""
    value = nanoseconds / 1e9
    whole = f"{value:.{decimals}f}"
    while len(whole) > width and decimals:
        decimals -= 1
        whole = f"{value:.{decimals}f}"
    return f"{whole:>{width}}"
