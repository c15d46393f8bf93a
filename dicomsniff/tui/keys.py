"""Every key of the terminal UI as data: bindings, footer, help and command palette are made from it."""

from enum import Enum
from typing import NamedTuple

from textual.binding import Binding, BindingType


class Where(Enum):
    """Where a key works."""

    EVERYWHERE = "Everywhere"
    PANES = "Panes"
    FIELDS = "Fields"
    LIST = "Lists"
    FILTER = "While typing a filter"
    DIALOG = "Dialogs"


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


KEYS = (
    Key(
        "panes.open",
        "enter",
        "app.open",
        "Open",
        "go into the selection; on a field, show its whole value or go where → points",
        Where.PANES,
    ),
    Key(
        "panes.back",
        "escape",
        "app.leave",
        "Back",
        "go back one pane; in the associations, clear the filter",
        Where.PANES,
    ),
    Key("panes.next", "tab", "next_pane", "Pane", "next pane", Where.PANES),
    Key("panes.previous", "shift+tab", "previous_pane", "Pane back", "previous pane", Where.PANES, shown=False),
    Key("app.filter", "slash", "filter", "Filter", "filter associations by text", Where.EVERYWHERE, display="/"),
    Key("app.findings", "f", "findings", "Findings", "list the association's findings", Where.EVERYWHERE),
    Key(
        "app.capture",
        "c",
        "capture",
        "Capture",
        "how the whole capture went, and all its findings",
        Where.EVERYWHERE,
        shown=False,
    ),
    Key(
        "app.association",
        "i",
        "association",
        "Association",
        "what is known of the association: who, how, where its time went",
        Where.EVERYWHERE,
        shown=False,
    ),
    Key(
        "app.privacy",
        "P",
        "privacy",
        "Privacy",
        "show or withhold what may identify a patient",
        Where.EVERYWHERE,
        shown=False,
    ),
    Key(
        "app.links",
        "l",
        "links",
        "Links",
        "list what belongs together: C-MOVE and C-STOREs, commitments, procedure steps",
        Where.EVERYWHERE,
    ),
    Key(
        "app.related",
        "r",
        "related",
        "Related",
        "go to what belongs together with the entry: from C-MOVE to its C-STOREs and back",
        Where.EVERYWHERE,
        shown=False,
    ),
    Key(
        "app.counterpart",
        "o",
        "counterpart",
        "Response",
        "go from a request to its response, from a response to its request",
        Where.EVERYWHERE,
        shown=False,
    ),
    Key("app.return", "b", "return", "Return", "go back to where you came from", Where.EVERYWHERE, shown=False),
    Key(
        "app.next_entry",
        "right_square_bracket",
        "next_entry",
        "Next entry",
        "next entry of the exchange",
        Where.EVERYWHERE,
        shown=False,
    ),
    Key(
        "app.previous_entry",
        "left_square_bracket",
        "previous_entry",
        "Previous entry",
        "previous entry of the exchange",
        Where.EVERYWHERE,
        shown=False,
    ),
    Key(
        "app.next_problem",
        "n",
        "next_problem",
        "Problem",
        "next entry with an error or warning, also of the following associations",
        Where.EVERYWHERE,
    ),
    Key(
        "app.previous_problem",
        "p",
        "previous_problem",
        "Previous problem",
        "previous entry with an error or warning",
        Where.EVERYWHERE,
        shown=False,
    ),
    Key(
        "app.follow",
        "F",
        "follow",
        "Follow",
        "live capture: follow the newest entry, or stop following",
        Where.EVERYWHERE,
        shown=False,
    ),
    Key("app.keys", "question_mark", "keys", "Keys", "show these keys", Where.EVERYWHERE, display="?"),
    Key("app.quit", "q", "quit", "Quit", "quit", Where.EVERYWHERE),
    Key("app.interrupt", "ctrl+c", "quit", "Quit", "quit", Where.EVERYWHERE, shown=False, priority=True),
    Key("list.up", "up,k", "move(-1)", "Up", "one row up", Where.LIST, shown=False),
    Key("list.down", "down,j", "move(1)", "Down", "one row down", Where.LIST, shown=False),
    Key("list.page_up", "pageup", "page(-1)", "Page up", "one page up", Where.LIST, shown=False),
    Key("list.page_down", "pagedown,space", "page(1)", "Page down", "one page down", Where.LIST, shown=False),
    Key("list.first", "home,g", "first", "First", "first row", Where.LIST, shown=False),
    Key("list.last", "end,G", "last", "Last", "last row", Where.LIST, shown=False),
    Key("fields.fold", "left", "fold", "Fold", "hide what is below, or go to what it is in", Where.FIELDS, shown=False),
    Key("fields.unfold", "right", "unfold", "Unfold", "show what is below", Where.FIELDS, shown=False),
    Key("fields.fold_all", "z", "fold_all", "Fold all", "leave only headings, or show all", Where.FIELDS, shown=False),
    Key(
        "filter.keep",
        "down",
        "keep",
        "Keep filter",
        "keep the filter, go to the associations",
        Where.FILTER,
        display="⏎ ↓",
    ),
    Key("filter.clear", "escape", "clear", "Clear", "clear the filter", Where.FILTER),
    Key("dialog.open", "enter", "choose", "Go there", "go where the selected line leads", Where.DIALOG),
    Key("dialog.close", "escape,q", "close", "Close", "close the dialog", Where.DIALOG),
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
