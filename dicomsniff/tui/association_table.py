"""The associations of the capture, one row each."""

from collections.abc import Callable

from rich.style import Style

from dicomsniff.association.association import Association, Party
from dicomsniff.findings.verdicts import failed_operations
from dicomsniff.quantities import byte_size, duration, time_of_day
from dicomsniff.tui.column_list import ColumnList
from dicomsniff.tui.columns import Column
from dicomsniff.tui.listing import Listing
from dicomsniff.tui.problem_index import LETTERS, RANK
from dicomsniff.tui.said import gate
from dicomsniff.tui.shown import Shown

SHORT_TIME, LONG_TIME = 8, 12
"""Cells that a time of day takes without and with its milliseconds."""


class AssociationTable(ColumnList[Association]):
    """Number, worst finding, start, who with whom, how it went; where there is room, counts and times."""

    def __init__(self, listing: Listing, chosen: Callable[[Association], None]) -> None:
        self._listing = listing
        super().__init__((), chosen, id="associations")
        self.border_title = "Associations"
        self._digits = 0
        self._fit_numbers(2)

    def _fit_numbers(self, digits: int) -> None:
        """Make room for association numbers of so many digits."""
        if digits <= self._digits:
            return
        self._digits, listing = digits, self._listing
        sent, waited = listing.sent, listing.waited
        columns: tuple[Column[Association], ...] = (
            Column("#", lambda row: str(row.id), digits, to_right=True, key=lambda row: row.id),
            Column("", self._sign, 1, is_toned=True, is_sign=True, key=lambda row: -RANK[listing.problems(row).worst]),
            Column(
                "start",
                _start,
                SHORT_TIME,
                LONG_TIME,
                share=3,
                leaves=1,
                key=lambda row: row.start_time,
                draw=_draw_start,
            ),
            Column("calling → called AE", _pair, 18, 44, share=3),
            Column("how it went", listing.verdict, 32, share=12, is_toned=True),
            Column("ops", _operations, 5, leaves=6, to_right=True, key=lambda row: row.message_counts.requests.total()),
            Column("failed", _failed, 6, leaves=5, to_right=True, key=_failures),
            Column("data", lambda row: byte_size(sent(row)), 8, leaves=7, to_right=True, key=sent),
            Column("longest wait", lambda row: _wait(waited(row)), 12, leaves=8, to_right=True, key=waited),
            Column("duration", _duration, 8, leaves=2, to_right=True, key=lambda row: row.end_time - row.start_time),
        )
        self.set_columns(columns)

    def show(self, selected: Association | None) -> None:
        """List the associations that are listed now."""
        listing = self._listing
        self._fit_numbers(len(str(listing.all[-1].id)) if listing.all else 0)
        self.show_rows(listing.listed, selected)
        total = len(listing.all)
        counted = str(total) if listing.filter.is_all else f"{len(listing.listed)} of {total}"
        if listing.is_sifting:
            counted += ", filtering…"
        if gone := listing.given_up:
            counted += f"; {gone} given up to bound memory"
        self.border_title = Shown(f"Associations ({counted})" if total else "Associations")

    def _sign(self, association: Association) -> str:
        return LETTERS[self._listing.problems(association).worst]

    def style_of(self, row: Association) -> Style | str:
        """Return the colour of the worst finding."""
        return self.severity_style(self._listing.problems(row).worst)


def _start(association: Association) -> str:
    return time_of_day(association.start_time, 3)


def _draw_start(association: Association, width: int) -> Shown:
    return Shown(time_of_day(association.start_time, 3)[: LONG_TIME if width >= LONG_TIME else SHORT_TIME])


def _pair(association: Association) -> str:
    return " → ".join(map(_title, (association.requestor, association.acceptor)))


def _title(party: Party) -> str:
    return gate().title(party.ae_title) if party.ae_title else gate().endpoint(str(party.endpoint))


def _operations(association: Association) -> str:
    return f"{association.message_counts.requests.total():,}"


def _failed(association: Association) -> str:
    return f"{_failures(association) or ''}"


def _failures(association: Association) -> int:
    return sum(failed_operations(association).values())


def _wait(waited: int) -> str:
    return duration(waited) if waited else ""


def _duration(association: Association) -> str:
    return duration(association.end_time - association.start_time)
