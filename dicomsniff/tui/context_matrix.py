"""The presentation contexts of an association: contexts down, transfer syntaxes across."""

from collections.abc import Callable
from functools import partial

from rich.style import Style

from dicomsniff.dictionary.reasons import context_result_name
from dicomsniff.dictionary.uids import short_syntax
from dicomsniff.findings.parts import the_class
from dicomsniff.tui.column_list import ColumnList
from dicomsniff.tui.columns import Column
from dicomsniff.tui.said import allowed
from dicomsniff.tui.shown import Shown
from dicomsniff.words.contexts import ContextRow, ContextTable

ACCEPTED, PROPOSED, NOT_PROPOSED = "●", "○", "·"
REFUSED = "✗"


class ContextMatrix(ColumnList[ContextRow]):
    """A row per context, the refused ones first: which syntaxes were proposed and accepted, and what follows."""

    EMPTY = "the negotiation of this association is missing from the capture"

    def __init__(self, chosen: Callable[[ContextRow], None]) -> None:
        super().__init__((), chosen, id="contexts")
        self.border_title = "Presentation contexts"

    def show(self, table: ContextTable) -> None:
        """Show the contexts of another association."""
        columns: tuple[Column[ContextRow], ...] = (
            Column("id", _number, 3, to_right=True, key=lambda row: row.context.id),
            Column("", _sign, 1, is_toned=True, is_sign=True, key=lambda row: not row.refused),
            Column("SOP class", _sop_class, 16, 52, share=2, is_toned=True),
            *(
                Column(title, partial(_mark, uid), max(3, len(title)), leaves=1 + place)
                for place, (uid, title) in enumerate(short_names(table.syntaxes).items())
            ),
            Column("answer", _answer, 10, 32, share=1, leaves=len(table.syntaxes) + 1, is_toned=True),
            Column("used", _used, 4, leaves=len(table.syntaxes) + 2, to_right=True, key=lambda row: -row.messages),
        )
        if any(row.consequences for row in table.rows):
            columns = (*columns, Column("so", _follows, 20, share=3))
        self.set_columns(columns)
        self.border_subtitle = Shown(allowed("; ".join(each.text for each in table.further))) or None
        self.show_rows(table.rows)

    def style_of(self, row: ContextRow) -> Style | str:
        """Return the colour of what was refused: of what cannot be used at all that of an error."""
        if not row.refused:
            return ""
        return self.styled("warning" if row.usable else "error")


def short_names(syntaxes: list[str]) -> dict[str, str]:
    """Return a heading for each transfer syntax; those that the standard does not define are numbered."""
    names: dict[str, str] = {}
    for uid in syntaxes:
        names[uid] = short_syntax(uid) or f"P{sum(not short_syntax(each) for each in names) + 1}"
    return names


def _number(row: ContextRow) -> str:
    return str(row.context.id)


def _sign(row: ContextRow) -> str:
    if row.context.result is None:
        return "?"
    return REFUSED if row.refused else " "


def _sop_class(row: ContextRow) -> str:
    return allowed(the_class(row.context.abstract_syntax))


def _mark(syntax: str, row: ContextRow) -> str:
    if row.context.transfer_syntax == syntax:
        return f" {ACCEPTED}"
    return f" {PROPOSED if syntax in row.context.proposed_transfer_syntaxes else NOT_PROPOSED}"


def _answer(row: ContextRow) -> str:
    result = row.context.result
    return "not answered" if result is None else f"{result} {context_result_name(result)}"


def _used(row: ContextRow) -> str:
    return f"{row.messages:,}"


def _follows(row: ContextRow) -> str:
    name = the_class(row.context.abstract_syntax)
    said = (each.removeprefix("no context for ").removeprefix(f"{name}: ") for each in row.consequences)
    return allowed("; ".join(said))
