"""An association's timeline between its two sides, the requestor left, the acceptor right."""

from bisect import bisect_left

from rich.style import Style

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry, TcpEnd
from dicomsniff.association.tls_layer import TlsTrouble
from dicomsniff.dimse.message import Message
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_peers
from dicomsniff.pdu.types import CutAssociate, MalformedPdu, MissingBytes, SkippedBytes
from dicomsniff.quantities import byte_size, duration
from dicomsniff.side import Side
from dicomsniff.tui.choice import Choice
from dicomsniff.tui.column_list import ColumnList
from dicomsniff.tui.columns import Column
from dicomsniff.tui.ladder_line import LadderLine, LadderLines, gap_text
from dicomsniff.tui.problem_index import LETTERS, RANK
from dicomsniff.tui.said import allowed
from dicomsniff.tui.session import Session
from dicomsniff.tui.shown import Shown
from dicomsniff.words.entries import entry_detail, entry_name, entry_order, entry_size

LONG_LANE = 34
"""Cells from which on the lane has two sides; a shorter one has arrows only."""


class MessageLadder(ColumnList[LadderLine]):
    """When, how long after the last, who to whom, what, how much, and what it says: a row per timeline entry."""

    def __init__(self, session: Session) -> None:
        self._session = session
        columns: tuple[Column[LadderLine], ...] = (
            Column("", self._sign, 1, is_toned=True, is_sign=True, key=lambda line: -RANK[self._severity(line)]),
            Column("seconds", self._seconds, 9, 12, share=2, to_right=True, key=_line_order, draw=self._draw_seconds),
            Column("Δ", _since, 8, 10, share=1, leaves=1, to_right=True, key=lambda line: -(line.since or 0)),
            Column("requestor → acceptor", lambda line: arrow(line.entry, 0), 20, 52, share=4, draw=self._draw_arrow),
            Column("size", _size, 7, leaves=2, to_right=True, key=lambda line: -entry_size(line.entry)),
            Column("what it says", self._says, 20, share=10, is_toned=True),
        )
        super().__init__(columns, lambda line: session.select_entry(line.entry), id="exchange-list")
        self.border_title = "Exchange"
        self._lines = LadderLines()
        self._association: Association | None = None

    @property
    def entry(self) -> Entry | None:
        """The entry under the cursor."""
        return self.selected.entry if self.selected is not None else None

    def show(self) -> None:
        """Show the selected association, with what came since; the cursor is on the selected entry."""
        session = self._session
        association = session.shown
        if association is not self._association:
            self._association, self._lines = association, LadderLines()
            self.cursor = 0
            self.scroll_to(y=0, animate=False)
        self._lines.take(session.entries)
        self.EMPTY = session.reopening.said(session.association)
        on_selected = self.entry is session.entry
        sight = session.sight
        self.show_rows(
            self._lines.lines if sight.shows_all else [each for each in self._lines.lines if sight.shows(each.entry)]
        )
        place = self._place(session.entry)
        if place is not None and place != self.cursor:
            if on_selected:  # an entry that came before it pushed it down
                self.scroll_to(y=max(0, self.scroll_y + place - self.cursor), animate=False)
                self.cursor = place
            else:
                self.move_to(place)
        self._say(association)

    def _place(self, entry: Entry | None) -> int | None:
        """Return the row of an entry."""
        if entry is None:
            return None
        first = bisect_left(self.rows, entry_order(entry), key=_line_order) if self.rows is self._lines.lines else 0
        rows = range(first, len(self.rows))
        return next((row for row in rows if self.rows[row].entry is entry and not self.rows[row].is_gap), None)

    def move_to(self, index: int, *, by_user: bool = False) -> None:
        """Put the cursor on a row; there is nothing to select in a gap."""
        index = max(0, min(index, self.count - 1))
        if self.rows and self.rows[index].is_gap:
            index += 1 if index >= self.cursor else -1
        super().move_to(index, by_user=by_user)

    def _say(self, association: Association | None) -> None:
        entry = self.entry
        if association is None or entry is None:
            self.border_title, self.border_subtitle = "Exchange", None
            return
        said = said_of(association, entry)
        self.border_subtitle = Shown(f"{entry_name(entry)}: {said}" if said else entry_name(entry))
        pair = allowed(the_peers(association, "→"))
        listed, more = len(association.timeline), association.unlisted
        first = f"the first {listed:,} of {listed + more:,} entries  " if more else ""
        if not self._session.sight.shows_all:
            shown = sum(not line.is_gap for line in self.rows)
            first = f"{shown:,} of {listed + more:,} entries pass the filter  "
        self.border_title = Shown(f"{association.id}  {first}{pair}")

    def style_of(self, row: LadderLine) -> Style | str:
        """Return the colour of the worst finding about an entry."""
        return self.severity_style(self._severity(row))

    def row(self, index: int, width: int) -> Shown:
        """Return an entry's row, or the mark of a gap."""
        line = self.rows[index]
        if not line.is_gap:
            return super().row(index, width)
        return Shown(f"  ┄┄┄┄ {gap_text(line)} {'┄' * width}", self.styled("gap"))

    def parts(self, index: int) -> list[Choice]:
        """Return what each column says of an entry, or how long nothing came."""
        line = self.rows[index]
        return [Choice("gap", gap_text(line))] if line.is_gap else super().parts(index)

    def _sign(self, line: LadderLine) -> str:
        return LETTERS[self._severity(line) if not line.is_gap else None]

    def _severity(self, line: LadderLine) -> Severity | None:
        problems = self._session.problems
        return problems.severity(line.entry) if problems is not None else None

    def _start(self) -> int:
        return self._association.start_time if self._association is not None else 0

    def _seconds(self, line: LadderLine) -> str:
        return f"{(line.entry.span.first_time - self._start()) / 1e9:.6f}"

    def _draw_seconds(self, line: LadderLine, width: int) -> Shown:
        return Shown(_in_seconds(line.entry.span.first_time - self._start(), width), self.styled("dim"))

    def _draw_arrow(self, line: LadderLine, width: int) -> Shown:
        return Shown(arrow(line.entry, width), self.styled(line.entry.side.value))

    def _says(self, line: LadderLine) -> str:
        return said_of(self._association, line.entry) if self._association is not None else ""


def said_of(association: Association, entry: Entry) -> str:
    """Say what matters about an entry; of a final response also how many pending ones came before it."""
    said = allowed(entry_detail(association, entry))
    message = entry.event
    if isinstance(message, Message) and message.operation is not None:
        operation = message.operation
        if operation.final is message and operation.pending:
            return f"{operation.pending} pending, then {said}"
    return said


def arrow(entry: Entry, width: int) -> str:
    """Draw an entry as an arrow from its sender: whole for what was said, dotted for what befell the stream."""
    dotted = isinstance(entry.event, TcpEnd | CutAssociate | MissingBytes | SkippedBytes | MalformedPdu | TlsTrouble)
    line = "┄" if dotted or (isinstance(entry.event, Message) and not entry.event.complete) else "─"
    name, from_requestor = entry_name(entry), entry.side is Side.REQUESTOR
    if width < LONG_LANE:
        return f"{line}▶ {name}" if from_requestor else f"◀{line} {name}"
    room = width - 7
    name = name if len(name) <= room else name[: room - 1] + "…"
    shaft = line * (room - len(name) + 1)
    return f"├{line} {name} {shaft}▶│" if from_requestor else f"│◀{shaft} {name} {line}┤"


def _line_order(line: LadderLine) -> tuple[int, int]:
    return entry_order(line.entry)


def _since(line: LadderLine) -> str:
    return "" if line.since is None else duration(max(0, line.since))


def _size(line: LadderLine) -> str:
    count = entry_size(line.entry)
    return byte_size(count) if count else ""


def _in_seconds(nanoseconds: int, width: int) -> str:
    """Write a time since the association's start; a long one with fewer decimals."""
    decimals = 6 if width > 9 else 4
    value = nanoseconds / 1e9
    whole = f"{value:.{decimals}f}"
    while len(whole) > width and decimals:
        decimals -= 1
        whole = f"{value:.{decimals}f}"
    return whole
