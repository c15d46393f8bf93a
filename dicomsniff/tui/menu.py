"""The dialogs that list what there is to choose from."""

import re
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from dicomsniff.tui.choice import Choice
from dicomsniff.tui.column_list import ColumnList
from dicomsniff.tui.columns import Column
from dicomsniff.tui.dialog import Dialog
from dicomsniff.tui.keys import Where, bindings
from dicomsniff.tui.row_list import RowList
from dicomsniff.tui.shown import Shown

_SPACED = re.compile(r"[\t\n]+")


class ChoiceList(ColumnList[Choice]):
    """What each is, and what it says."""

    HEADER_LINES = 0

    def __init__(self, choices: Sequence[Choice]) -> None:
        widest = max(len(choice.what) for choice in choices)
        columns: tuple[Column[Choice], ...] = (
            Column("", lambda choice: choice.what, min(widest, 24), widest, share=8),
            Column("", lambda choice: _SPACED.sub("  ", choice.says), 20, share=1),
        )
        super().__init__(columns, id="choices")
        self.show_rows(choices)


class Menu(Dialog[Choice]):
    """Some choices; gives the one that was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.DIALOG)

    def __init__(self, title: str, does: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._title, self._does = title, does
        self.rows = ChoiceList(choices)

    def compose(self) -> ComposeResult:
        """Make the box."""
        with Vertical(id="box") as box:
            box.border_title = Shown(self._title)
            box.border_subtitle = Shown(f"Enter {self._does}, Esc closes")
            yield self.rows

    @on(RowList.Opened)
    def action_choose(self) -> None:
        """Choose the selected one."""
        self.dismiss(self.rows.selected)


class ColumnChoice(Dialog[None]):
    """The columns of a list; Enter shows one or leaves it out, and the list follows at once."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.DIALOG)

    def __init__(self, asked: ColumnList[Any], chosen: Callable[[], None]) -> None:
        super().__init__()
        self._asked, self._chosen = asked, chosen
        self._titles = [column.title for column in asked.columns if column.title]
        self.rows = ChoiceList(self._choices())

    def compose(self) -> ComposeResult:
        """Make the box."""
        with Vertical(id="box") as box:
            box.border_title = Shown("Columns")
            box.border_subtitle = Shown("Enter shows one or leaves it out, Esc closes")
            yield self.rows

    @on(RowList.Opened)
    def action_choose(self) -> None:
        """Show the selected one, or leave it out; one stays."""
        title = self._titles[self.rows.cursor]
        left_out = self._asked.left_out ^ {title}
        if left_out.issuperset(self._titles):
            self.app.notify("one column has to stay")
            return
        self._asked.leave_out(left_out)
        self.rows.show_rows(self._choices())
        self._chosen()

    def _choices(self) -> list[Choice]:
        fitted = {column.title for column, _ in self._asked.fitted(self._asked.scrollable_content_region.width)}
        return [Choice(title, self._says(title, fits=title in fitted)) for title in self._titles]

    def _says(self, title: str, *, fits: bool) -> str:
        if title in self._asked.left_out:
            return "left out"
        return "shown" if fits else "no room for it here"
