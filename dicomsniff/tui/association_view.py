"""The dialog that says what is known of an association as a whole."""

from collections.abc import Iterator

from rich.table import Table
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from dicomsniff.association.association import Association, Party
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.parts import the_party
from dicomsniff.findings.slowness import slow_because
from dicomsniff.findings.tls_text import tls_text
from dicomsniff.findings.verdicts import verdict
from dicomsniff.quantities import duration, of_all, timestamp
from dicomsniff.side import SIDES
from dicomsniff.tui.dialog import Dialog
from dicomsniff.tui.link_book import LinkBook
from dicomsniff.tui.said import allowed
from dicomsniff.tui.shown import Shown
from dicomsniff.words.negotiation import consequences
from dicomsniff.words.times import nearest_side, tcp_text, time_text


def association_facts(
    association: Association, found: Findings, book: LinkBook, digits: int
) -> Iterator[tuple[str, str]]:
    """Yield what is known of an association: how it went, who with whom, where its time went."""
    went = allowed(verdict(association, found)) if association.closed else f"{association.outcome} so far"
    yield "how it went", went
    yield "requestor", _party(association.requestor)
    yield "acceptor", _party(association.acceptor)
    if not association.requestor_is.startswith("sent"):
        yield "the requestor", association.requestor_is
    lasted = duration(association.end_time - association.start_time)
    yield "time", f"{timestamp(association.start_time, digits)}, {lasted}"
    if not association.closed:
        yield "", "where its time went is shown when it is over"
    else:
        yield from (("", said) for said in (slow_because(association), *time_text(association).split("; ")) if said)
        if near := nearest_side(association):
            yield "captured", "between the two" if near == "between" else f"near the {near}"
    if said := allowed(tls_text(association)):
        yield "transport", said
    for side in SIDES:
        health = association.tcp.get(side)
        said = tcp_text(health) if health is not None else ""
        if said:
            yield f"TCP to {side.other.value}", said
    if association.contexts:
        accepted = sum(context.accepted for context in association.contexts.values())
        yield "negotiated", of_all(accepted, len(association.contexts), "context")
        yield from (("", said) for said in map(allowed, consequences(association)))
    for link in book.having(association, None):
        yield "asked for by" if link.begins_apart else link.kind, link.target.text
    yield "messages", f"{association.message_counts.messages:,}"
    if association.unlisted:
        yield "not listed", f"{association.unlisted:,} further entries"


def _party(party: Party) -> str:
    said = party.information
    names = (said.implementation_version_name, said.implementation_class_uid) if said is not None else ()
    return ", ".join([allowed(the_party(party)), *(name for name in names if name)])


class AssociationView(Dialog[None]):
    """What is known of an association, wrapped."""

    def __init__(self, association: Association, found: Findings, book: LinkBook, digits: int) -> None:
        super().__init__()
        self._title = f"Association {association.id}"
        self._facts = list(association_facts(association, found, book, digits))

    def compose(self) -> ComposeResult:
        """Make the box."""
        with VerticalScroll(id="box") as box:
            box.border_title = Shown(self._title)
            box.border_subtitle = "Esc closes"
            table = Table.grid(padding=(0, 2))
            table.add_column(no_wrap=True)
            table.add_column()
            for name, value in self._facts:
                table.add_row(Shown(name, "bold"), Shown(value))
            yield Static(table)
