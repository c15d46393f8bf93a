"""An association's timeline between its two sides, the requestor left, the acceptor right."""

from bisect import bisect_right
from typing import ClassVar

from rich.style import Style
from textual import work
from textual.binding import BindingType

from dicomsniff.association.association import Association
from dicomsniff.association.entry_order import by_time
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
from dicomsniff.tui.entry_times import ABSOLUTE, DATE, LONG, RELATIVE, SHORT, YEAR
from dicomsniff.tui.keys import Where, bindings, unsaid
from dicomsniff.tui.ladder_line import LadderLine, LadderLines, gap_text
from dicomsniff.tui.problem_index import LETTERS, RANK
from dicomsniff.tui.row_list import MAX_COPIED, as_text
from dicomsniff.tui.said import allowed
from dicomsniff.tui.session import UNSELECTED, Session
from dicomsniff.tui.shown import Shown
from dicomsniff.tui.slices import turn
from dicomsniff.words.entries import entry_detail, entry_name

AT_ONCE = 5000
"""Entries that get rows before keys are looked at again."""
LONG_LANE = 34
"""Cells from which on the lane has two sides; a shorter one has arrows only."""


class MessageLadder(ColumnList[LadderLine]):
    """When, how long after the last, who to whom, what, how much, and what it says: a row per timeline entry.

    Entries that say the same and follow each other have one row, until somebody opens it or goes to one of them.
    """

    # Sorting is seldom what one wants of an exchange: its key makes room in the footer.
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.EXCHANGE), *unsaid(Where.COLUMNS, "table.sort")]
    PLACES: ClassVar[tuple[Where, ...]] = (Where.EXCHANGE, Where.COLUMNS, Where.LIST)

    def __init__(self, session: Session) -> None:
        self._session = session
        columns: tuple[Column[LadderLine], ...] = (
            Column("", self._sign, 1, is_toned=True, is_sign=True, key=lambda line: -RANK[self._severity(line)]),
            self._time_column(session),
            Column("Δ", _since, 8, 10, share=1, leaves=2, to_right=True, key=lambda line: -(line.since or 0)),
            Column("requestor → acceptor", lambda line: arrow(line, 0), 20, 52, share=4, draw=self._draw_arrow),
            Column("size", _size, 7, leaves=3, to_right=True, key=lambda line: -line.size),
            Column("what it says", self._says, 20, share=10, is_toned=True),
        )
        super().__init__(columns, lambda line: session.select_entry(line.entry), id="exchange-list")
        self.border_title = "Exchange"
        self._lines = LadderLines(None, self._stands_out)
        self._association: Association | None = None
        self._lacks = self._takes_on = False
        """Whether there are entries that have no rows yet, and whether they are being given some."""

    def action_times(self) -> None:
        """Say when in the other way."""
        self._session.say_times(RELATIVE if self._session.times == ABSOLUTE else ABSOLUTE)

    def say_times(self) -> None:
        """Say when as the session does, with dates from when on the capture spans days."""
        column = self._time_column(self._session)
        if column.title != self.columns[1].title:
            self.set_columns([self.columns[0], column, *self.columns[2:]])

    def _time_column(self, session: Session) -> Column[LadderLine]:
        if session.times == RELATIVE:
            title, least, most = "seconds", 9, 12
        elif session.is_dated:
            title, least, most = "date, UTC", DATE + SHORT, YEAR + DATE + LONG
        else:
            title, least, most = "UTC", SHORT, LONG
        to_right = session.times == RELATIVE
        return Column(title, self._when, least, most, 2, 1, to_right, key=_time, draw=self._draw_when)

    @property
    def entry(self) -> Entry | None:
        """The entry under the cursor."""
        return self.selected.entry if self.selected is not None else None

    def show(self) -> None:
        """Show the selected association, with what came since; the cursor is on the selected entry."""
        session = self._session
        association = session.shown
        if association is not self._association:
            self._association, self._lines = association, LadderLines(association, self._stands_out)
            self.cursor = 0
            self.scroll_to(y=0, animate=False)
        found = session.capture.found.of(association).all if association is not None else []
        order = session.order.order if session.order is not None else by_time
        self._lacks = not self._lines.take(session.entries, found, AT_ONCE, order)
        if self._lacks and not self._takes_on:
            self._takes_on = True
            self.take_on()
        self.EMPTY = session.reopening.said(session.association) if association is not None else UNSELECTED
        self.say_times()
        if session.entry is not None and not session.following:
            self._reveal(session.entry)
        on_selected = self._holds(self.selected, session.entry)
        sight = session.sight
        self.show_rows(self._lines.lines if sight.shows_all else self._lines.shown(sight.shows))
        place = self._place(session.entry)
        if place is not None and place != self.cursor:
            if on_selected:  # an entry that came before it pushed it down
                self.scroll_to(y=max(0, self.scroll_y + place - self.cursor), animate=False)
                self.cursor = place
            else:
                self.move_to(place)
        self._say(association)

    @work(group="lines")
    async def take_on(self) -> None:
        """Give further entries rows, some at a time, between keys."""
        while self._lacks:
            await turn()
            self.show()
        self._takes_on = False

    def _place(self, entry: Entry | None) -> int | None:
        """Return the row of an entry."""
        if entry is None:
            return None
        if self.sorted_by is not None or self.backwards:
            return next((row for row, line in enumerate(self.rows) if self._holds(line, entry)), None)
        key = self._lines.order(entry.span)
        for row in reversed(range(bisect_right(self.rows, key, key=self._lines.key))):
            line = self.rows[row]
            if self._holds(line, entry):
                return row
            # What it is folded into begins with the last row before it.
            if not line.is_gap and self._lines.key(line) < key:
                return None
        return None

    @staticmethod
    def _holds(line: LadderLine | None, entry: Entry | None) -> bool:
        """Whether a row stands for an entry."""
        if line is None or line.is_gap:
            return False
        return line.entry is entry or (line.is_folded and any(each is entry for each in line.inside))

    def _reveal(self, entry: Entry) -> None:
        """Unfold what an entry is folded into, unless it stands for the others."""
        sight = self._session.sight
        if next(filter(sight.shows, self._lines.run_of(entry)), entry) is not entry:
            self._lines.turn(entry, folded=False)

    def action_fold(self) -> None:
        """Make one row of what says the same."""
        entry = self._session.entry
        if entry is not None and self._lines.turn(entry, folded=True):
            self._go_to_first(entry)

    def action_unfold(self) -> None:
        """Give each of what says the same a row."""
        self.unfold()

    def action_fold_all(self) -> None:
        """Do either wherever there is such a row."""
        entry = self._session.entry
        if self._lines.turn_all() and entry is not None:
            self._go_to_first(entry)

    def unfold(self) -> bool:
        """Give each entry in the row under the cursor a row; tell whether they had none."""
        entry = self.entry
        if entry is None or not self._lines.turn(entry, folded=False):
            return False
        self._session.select_entry(entry)
        self.show()
        return True

    def _go_to_first(self, entry: Entry) -> None:
        """Go to the first of the entries that are in one row with it."""
        sight = self._session.sight
        self._session.select_entry(next(filter(sight.shows, self._lines.run_of(entry)), entry))
        self.show()

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
        if self.selected is not None and self.selected.is_folded:
            said = f"the first of {self.selected.count:,}, which → shows one by one: {said}"
        self.border_subtitle = Shown(f"{entry_name(entry)}: {said}" if said else entry_name(entry))
        pair = allowed(the_peers(association, "→"))
        listed, more = len(association.timeline), association.unlisted
        first = f"the first {listed:,} of {listed + more:,} entries  " if more else ""
        if not self._session.sight.shows_all:
            shown = sum(line.count for line in self.rows if not line.is_gap)
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

    def parts_of(self, row: LadderLine) -> list[Choice]:
        """Return what each column says of an entry, or how long nothing came."""
        return [Choice("gap", gap_text(row))] if row.is_gap else super().parts_of(row)

    def copied(self, index: int) -> list[Choice]:
        """Return the row, and what is folded in it one by one."""
        row, found = self.rows[index], super().copied(index)
        if row.is_folded and row.count <= MAX_COPIED:
            found.insert(1, Choice(f"its {row.count:,} rows", as_text(map(self.parts_of, self._lines.one_by_one(row)))))
        return found

    def everything(self) -> str:
        """Return all rows as text, with those that are folded; empty where they are too many."""
        if sum(row.count for row in self.rows) > MAX_COPIED:
            return ""
        return as_text(self.parts_of(line) for row in self.rows for line in self._lines.one_by_one(row))

    def _sign(self, line: LadderLine) -> str:
        return LETTERS[self._severity(line) if not line.is_gap else None]

    def _severity(self, line: LadderLine) -> Severity | None:
        problems = self._session.problems
        return problems.severity(line.entry) if problems is not None else None

    def _stands_out(self, entry: Entry) -> bool:
        """Whether something was found about an entry."""
        problems = self._session.problems
        return problems is not None and problems.severity(entry) is not None

    def _when(self, line: LadderLine) -> str:
        times = dict.fromkeys(each.span.first_time for each in (line.inside[0], line.inside[-1]))
        return " to ".join(map(self._session.when, times))

    def _draw_when(self, line: LadderLine, width: int) -> Shown:
        return Shown(self._session.when(line.entry.span.first_time, width), self.styled("dim"))

    def _draw_arrow(self, line: LadderLine, width: int) -> Shown:
        return Shown(arrow(line, width), self.styled(line.entry.side.value))

    def _says(self, line: LadderLine) -> str:
        if self._association is None:
            return ""
        last = line.inside[-1]
        said = said_of(self._association, last)
        if not line.is_folded:
            return said
        session = self._session
        is_absolute = session.times == ABSOLUTE
        cells = SHORT + DATE * (is_absolute and session.is_dated)
        until = session.when(last.span.first_time, cells) + ("" if is_absolute else " s")
        return f"{line.count:,} until {until}" + (f", the last: {said}" if said else "")


def said_of(association: Association, entry: Entry) -> str:
    """Say what matters about an entry; of a final response also how many pending ones came before it."""
    said = allowed(entry_detail(association, entry))
    message = entry.event
    if isinstance(message, Message) and message.operation is not None:
        operation = message.operation
        if operation.final is message and operation.pending:
            return f"{operation.pending} pending, then {said}"
    return said


def arrow(line: LadderLine, width: int) -> str:
    """Draw an entry as an arrow from its sender: whole for what was said, dotted for what befell the stream."""
    entry = line.entry
    dotted = isinstance(entry.event, TcpEnd | CutAssociate | MissingBytes | SkippedBytes | MalformedPdu | TlsTrouble)
    stroke = "┄" if dotted or (isinstance(entry.event, Message) and not entry.event.complete) else "─"
    name, from_requestor = entry_name(entry), entry.side is Side.REQUESTOR
    if line.is_folded:
        name = f"▸ {name} ×{line.count:,}"
    if width < LONG_LANE:
        return f"{stroke}▶ {name}" if from_requestor else f"◀{stroke} {name}"
    room = width - 7
    name = name if len(name) <= room else name[: room - 1] + "…"
    shaft = stroke * (room - len(name) + 1)
    return f"├{stroke} {name} {shaft}▶│" if from_requestor else f"│◀{shaft} {name} {stroke}┤"


def _time(line: LadderLine) -> tuple[int, int]:
    return by_time(line.entry.span)


def _since(line: LadderLine) -> str:
    if line.since is None:
        return ""
    return duration(line.since) if line.since >= 0 else f"-{duration(-line.since)}"


def _size(line: LadderLine) -> str:
    return byte_size(line.size) if line.size else ""
