"""Every view of the terminal UI: what it is called, the key that shows it, and what it is made by."""

from collections.abc import Callable
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


class Kind(NamedTuple):
    """A view: its id, key, title, widget, and what it answers."""

    id: str
    key: str
    title: str
    widget: Callable[[Session], View]
    meaning: str


VIEWS = (
    Kind("overview", "1", "Overview", Overview, "how the capture went, and its associations"),
    Kind("exchange", "2", "Exchange", Exchange, "what was said, message by message"),
    Kind("negotiation", "3", "Negotiation", Negotiation, "what was agreed, and what follows"),
    Kind("objects", "4", "Objects", Objects, "what was stored, whole UIDs, failures first"),
    Kind("times", "5", "Time", Times, "who waited for whom, how long answers took"),
    Kind("findings", "6", "Findings", FindingsView, "what went wrong, why, and what to do"),
    Kind("compare", "7", "Compare", Compare, "what differs from one that went well"),
)


def view_bindings() -> list[BindingType]:
    """Return the keys that show the views."""
    return [
        Binding(kind.key, f"show('{kind.id}')", kind.title, show=False, tooltip=kind.meaning, id=f"view.{kind.id}")
        for kind in VIEWS
    ]
