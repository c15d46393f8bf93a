"""What is known of an association as a whole -> field rows: how it went, who with whom, where its time went."""

from collections.abc import Iterator

from dicomsniff.association.association import Association, Party
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.parts import the_party
from dicomsniff.findings.slowness import slow_because
from dicomsniff.findings.verdicts import verdict
from dicomsniff.quantities import duration, of_all, timestamp
from dicomsniff.side import SIDES
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.link_book import LinkBook
from dicomsniff.tui.said import allowed
from dicomsniff.tui.tls_rows import tls_rows
from dicomsniff.words.negotiation import consequences
from dicomsniff.words.times import nearest_side, tcp_text, time_text


def association_facts(
    association: Association, found: Findings, book: LinkBook, digits: int, now: int
) -> Iterator[FieldRow]:
    """Yield what is known of an association at a time (ns since 1970)."""
    yield FieldRow("how it went", allowed(verdict(association, found, now)), style="strong")
    if association.closed and (why := slow_because(association)):
        yield FieldRow("slow", why.removeprefix("slow "), style="warning")
    yield FieldRow("requestor", _party(association.requestor))
    yield FieldRow("acceptor", _party(association.acceptor))
    if not association.requestor_is.startswith("sent"):
        yield FieldRow("the requestor", association.requestor_is)
    lasted = duration(association.end_time - association.start_time)
    yield FieldRow("time", f"{timestamp(association.start_time, digits)}, {lasted}")
    if not association.closed:
        yield FieldRow("", "where its time went is shown when it is over")
    else:
        yield from (FieldRow("", said) for said in time_text(association).split("; ") if said)
        if near := nearest_side(association):
            yield FieldRow("captured", "between the two" if near == "between" else f"near the {near}")
    yield from tls_rows(association)
    for side in SIDES:
        health = association.tcp.get(side)
        said = tcp_text(health) if health is not None else ""
        if said:
            yield FieldRow(f"TCP to {side.other.value}", said)
    if association.contexts:
        accepted = sum(context.accepted for context in association.contexts.values())
        yield FieldRow("negotiated", of_all(accepted, len(association.contexts), "context"))
        yield from (FieldRow("", allowed(said)) for said in consequences(association))
    for link in book.having(association, None):
        yield FieldRow("asked for by" if link.begins_apart else link.kind, link.target.text, target=link.target)
    yield FieldRow("messages", f"{association.message_counts.messages:,}")
    if association.unlisted:
        yield FieldRow("not listed", f"{association.unlisted:,} further entries")


def _party(party: Party) -> str:
    said = party.information
    names = (said.implementation_version_name, said.implementation_class_uid) if said is not None else ()
    return ", ".join([allowed(the_party(party)), *(name for name in names if name)])
