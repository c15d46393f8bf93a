"""Every view of the terminal UI: what it is called, the key that shows it, and what it is made by."""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from textual.binding import Binding, BindingType

from dicomsniff.tui.session import Session
from dicomsniff.tui.views.compare import Compare
from dicomsniff.tui.views.exchange import Exchange
from dicomsniff.tui.views.findings import FindingsView
from dicomsniff.tui.views.negotiation import Negotiation
from dicomsniff.tui.views.objects import Objects
from dicomsniff.tui.views.overview import Overview
from dicomsniff.tui.views.times import Times
from dicomsniff.tui.views.view import View


class Needs(Enum):
    """What a view shows something of."""

    CAPTURE = "the capture"
    ASSOCIATION = "the selected association"


class Kind(NamedTuple):
    """A view: its id, key, title, widget, what it shows something of, and what it answers."""

    id: str
    key: str
    title: str
    widget: Callable[[Session], View]
    needs: Needs
    meaning: str


VIEWS = (
    Kind("overview", "1", "Overview", Overview, Needs.CAPTURE, "how the capture went, and its associations"),
    Kind("exchange", "2", "Exchange", Exchange, Needs.ASSOCIATION, "what was said, message by message"),
    Kind("negotiation", "3", "Negotiation", Negotiation, Needs.ASSOCIATION, "what was agreed, and what follows"),
    Kind("objects", "4", "Objects", Objects, Needs.CAPTURE, "what was stored, whole UIDs, failures first"),
    Kind("times", "5", "Time", Times, Needs.CAPTURE, "who waited for whom, how long answers took"),
    Kind("findings", "6", "Findings", FindingsView, Needs.CAPTURE, "what went wrong, why, and what to do"),
    Kind("compare", "7", "Compare", Compare, Needs.ASSOCIATION, "what differs from one that went well"),
)


def view_bindings() -> list[BindingType]:
    """Return the keys that show the views."""
    return [
        Binding(kind.key, f"show('{kind.id}')", kind.title, show=False, tooltip=kind.meaning, id=f"view.{kind.id}")
        for kind in VIEWS
    ]
