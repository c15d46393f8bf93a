"""Every key of the terminal UI as data: bindings, footer, help and command palette are made from it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import Enum
from typing import NamedTuple

from textual.binding import Binding, BindingType
from textual.keys import key_to_character


class Where(Enum):
    """Where a key works."""

    EVERYWHERE = "Everywhere"
    WORKSPACE = "In every view"
    VIEW = "Panes"
    FIELDS = "Fields"
    BYTES = "Bytes"
    FOLDING = "Findings"
    EXCHANGE = "Exchange"
    COMPARING = "Comparison"
    COLUMNS = "Tables"
    LIST = "Lists"
    FILTER = "While typing a filter"
    FIND = "While finding text"
    DIALOG = "Dialogs"
    PROMPT = "Naming a file"


class Key(NamedTuple):
    """One action: its id (for remapping), default keys, label in the footer, and what it does."""

    id: str
    keys: str
    action: str
    label: str
    meaning: str
    where: Where
    shown: bool = True
    display: str = ""
    priority: bool = False


_W, _V = Where.WORKSPACE, Where.VIEW

_BELOW = ("hide what is below", "show what is below", "leave only headings, or show all")
"""What folding, unfolding, and either of all do where rows hang below others."""
KEYS = (
    Key(
        "view.open",
        "enter",
        "open",
        "Open",
        "go into the selection; on a field, show its whole value or go where → points",
        _V,
    ),
    Key("view.back", "escape", "leave", "Back", "go back one pane; in the associations, clear the filter", _V, False),
    Key("view.next", "tab", "next_pane", "Pane", "next pane", _V),
    Key("view.previous", "shift+tab", "previous_pane", "Pane back", "previous pane", _V, shown=False),
    Key("view.copy", "y", "copy", "Copy", "copy what is selected: value, row, UID, command line that opens it", _V),
    Key("view.whole", "w", "whole", "Whole", "show the row under the cursor whole", _V, shown=False),
    Key("view.zoom", "Z", "zoom", "Zoom", "show this pane alone, or all again", _V, shown=False),
    Key("view.widen", "plus", "widen(1)", "Larger", "give this pane more room", _V, shown=False, display="+"),
    Key("view.narrow", "minus", "widen(-1)", "Smaller", "give this pane less room", _V, shown=False, display="-"),
    Key(
        "compare.hold",
        "m",
        "hold",
        "Hold",
        "compare others with this association; again: with the nearest healthy one",
        Where.COMPARING,
    ),
    Key(
        "app.filter", "slash", "filter", "Filter", "filter associations, and messages of the exchange", _W, display="/"
    ),
    Key(
        "app.find",
        "asterisk",
        "find",
        "Find",
        "find text in rows, fields and bytes, also of what is not selected",
        _W,
        shown=False,
        display="*",
    ),
    Key("app.find_next", "full_stop", "find_next(1)", "Find next", "the next place with that text", _W, False, "."),
    Key("app.find_previous", "comma", "find_next(-1)", "Find previous", "the one before", _W, False, ","),
    Key(
        "app.findings",
        "f",
        "show('findings')",
        "Findings",
        "what was found about the selection, what it means and what to do",
        _W,
        shown=False,
    ),
    Key("app.next_problem", "n", "problem(1)", "Problem", "next error or warning, of whatever association", _W),
    Key("app.previous_problem", "p", "problem(-1)", "Previous problem", "previous error or warning", _W, shown=False),
    Key(
        "app.links",
        "l",
        "links",
        "Links",
        "list what belongs together: C-MOVE and C-STOREs, commitments, procedure steps",
        _W,
    ),
    Key(
        "app.related",
        "r",
        "related",
        "Related",
        "go to what belongs together with the entry: from C-MOVE to its C-STOREs and back",
        _W,
        shown=False,
    ),
    Key(
        "app.counterpart",
        "o",
        "counterpart",
        "Response",
        "go from a request to its response, from a response to its request",
        _W,
        shown=False,
    ),
    Key("app.return", "b", "return", "Return", "go back to where you came from", _W, shown=False),
    Key("app.next_entry", "right_square_bracket", "step(1)", "Next entry", "next entry of the exchange", _W, False),
    Key("app.previous_entry", "left_square_bracket", "step(-1)", "Previous entry", "previous entry", _W, False),
    Key("app.next", "right_curly_bracket", "step_association(1)", "Next association", "next association", _W, False),
    Key(
        "app.previous",
        "left_curly_bracket",
        "step_association(-1)",
        "Previous association",
        "previous association",
        _W,
        shown=False,
    ),
    Key(
        "app.export",
        "e",
        "export",
        "Export",
        "write the association to a file: transcript, report, tables, packets",
        _W,
        shown=False,
    ),
    Key(
        "app.extract",
        "x",
        "extract",
        "Extract",
        "write the object of the selected C-STORE to a DICOM file",
        _W,
        shown=False,
    ),
    Key("app.privacy", "P", "privacy", "Privacy", "show or withhold what may identify a patient", _W, shown=False),
    Key(
        "app.follow",
        "F",
        "follow",
        "Follow",
        "live capture: follow the newest entry, or stop following",
        _W,
        shown=False,
    ),
    Key("app.keys", "question_mark", "keys", "Keys", "show these keys", _W, display="?"),
    Key("app.quit", "q", "quit", "Quit", "quit", Where.EVERYWHERE),
    Key("app.interrupt", "ctrl+c", "quit", "Quit", "quit", Where.EVERYWHERE, shown=False, priority=True),
    Key("list.up", "up,k", "move(-1)", "Up", "one row up", Where.LIST, shown=False),
    Key("list.down", "down,j", "move(1)", "Down", "one row down", Where.LIST, shown=False),
    Key("list.page_up", "pageup", "page(-1)", "Page up", "one page up", Where.LIST, shown=False),
    Key("list.page_down", "pagedown,space", "page(1)", "Page down", "one page down", Where.LIST, shown=False),
    Key("list.first", "home,g", "first", "First", "first row", Where.LIST, shown=False),
    Key("list.last", "end,G", "last", "Last", "last row", Where.LIST, shown=False),
    Key("bytes.left", "left", "byte(-1)", "Byte before", "the byte before", Where.BYTES, shown=False),
    Key("bytes.right", "right", "byte(1)", "Next byte", "the next byte; Enter goes to its field", Where.BYTES, False),
    Key("table.sort", "s", "sort", "Sort", "sort by the next column; after the last as it came", Where.COLUMNS),
    Key("table.reverse", "S", "reverse", "Reverse", "turn the order around", Where.COLUMNS, shown=False),
    Key("table.columns", "C", "columns", "Columns", "choose the columns that are shown", Where.COLUMNS, shown=False),
    Key(
        "table.right",
        "greater_than_sign,shift+right",
        "sideways(1)",
        "Sideways",
        "see more of the ends of texts that are cut",
        Where.COLUMNS,
        shown=False,
    ),
    Key(
        "table.left",
        "less_than_sign,shift+left",
        "sideways(-1)",
        "Back sideways",
        "see their beginnings again",
        Where.COLUMNS,
        shown=False,
    ),
    *(
        key
        for where, name, fold, unfold, fold_all in (
            (Where.FIELDS, "fields", *_BELOW),
            (Where.FOLDING, "findings", *_BELOW),
            (
                Where.EXCHANGE,
                "exchange",
                "make one row of those that say the same",
                "show what is in a row with ▸ one by one",
                "show everything one by one, or fold it again",
            ),
        )
        for key in (
            Key(f"{name}.fold", "left", "fold", "Fold", fold, where, shown=False),
            Key(f"{name}.unfold", "right", "unfold", "Unfold", unfold, where, shown=False),
            Key(f"{name}.fold_all", "z", "fold_all", "Fold all", fold_all, where, shown=False),
        )
    ),
    Key("exchange.times", "t", "times", "Times", "times of day, or seconds since the beginning", Where.EXCHANGE),
    Key("filter.complete", "tab", "complete(1)", "Complete", "write what is offered; again: the next", Where.FILTER),
    Key("filter.before", "shift+tab", "complete(-1)", "Offer before", "the one before", Where.FILTER, shown=False),
    Key(
        "filter.keep",
        "down",
        "newer",
        "Keep filter",
        "keep the filter and go to what it is about; ↓ after ↑: the filter after",
        Where.FILTER,
        display="⏎ ↓",
    ),
    Key("filter.older", "up", "older", "Earlier", "the filter that was used before", Where.FILTER),
    Key("filter.clear", "escape", "clear", "Clear", "clear the filter", Where.FILTER),
    Key("find.cancel", "escape", "cancel", "Cancel", "find nothing", Where.FIND),
    Key("dialog.open", "enter", "choose", "Choose", "choose the selected line, or go where it leads", Where.DIALOG),
    Key("dialog.close", "escape,q", "close", "Close", "close the dialog", Where.DIALOG),
    Key("prompt.close", "escape", "close", "Cancel", "write nothing", Where.PROMPT),
)


def bindings(where: Where, *ids: str) -> list[BindingType]:
    """Return the bindings of one place, or of those ids only."""
    return [
        Binding(
            key.keys,
            key.action,
            key.label,
            show=key.shown,
            key_display=key.display or None,
            priority=key.priority,
            tooltip=key.meaning,
            id=key.id,
        )
        for key in KEYS
        if key.where is where and (not ids or key.id in ids)
    ]


def unsaid(where: Where, *ids: str) -> list[BindingType]:
    """Return bindings by their ids as ones that the footer does not name."""
    return [replace(each, show=False) for each in bindings(where, *ids) if isinstance(each, Binding)]


def work_together(where: Where) -> frozenset[Where]:
    """Return the places whose keys work where those of one do."""
    if where in (Where.FILTER, Where.FIND, Where.PROMPT):
        return frozenset([where, Where.EVERYWHERE])
    if where is Where.DIALOG:
        return frozenset([where, Where.LIST])
    return frozenset([where, Where.EVERYWHERE, Where.WORKSPACE, Where.VIEW, Where.LIST])


def find_clash(chosen: Mapping[str, str]) -> str:
    """Say which key would do two things in one place if keys were `chosen` by id; nothing where none does."""
    for where in Where:
        places = work_together(where)
        does: dict[str, str] = {}
        for key in KEYS:
            for each in _characters(chosen.get(key.id, key.keys)) if key.where in places else ():
                if does.setdefault(each, key.id) != key.id:
                    return f"{each} would do both {does[each]} and {key.id}"
    return ""


def _characters(keys: str) -> Iterable[str]:
    """Yield each key by its character, where it has one: `?` and `question_mark` are the same."""
    for each in keys.split(","):
        yield key_to_character(each.strip()) or each.strip()
