"""What is known of an association as a whole -> field rows: how it went, who with whom, what was found, its time."""

from collections.abc import Iterator

from dicomsniff.association.association import Association, Party
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.parts import plain, the_party
from dicomsniff.findings.slowness import slow_because
from dicomsniff.findings.verdicts import verdict
from dicomsniff.quantities import duration, of_all, timestamp
from dicomsniff.side import SIDES
from dicomsniff.tui.entry_facts import ADVICE
from dicomsniff.tui.field_row import FieldRow
from dicomsniff.tui.link_book import LinkBook, Target
from dicomsniff.tui.said import allowed
from dicomsniff.tui.time_rows import time_rows
from dicomsniff.tui.tls_rows import tls_rows
from dicomsniff.words.negotiation import consequences
from dicomsniff.words.times import tcp_text

MOST = 20
"""Findings that are listed of an association."""


def association_facts(
    association: Association, found: Findings, book: LinkBook, digits: int, now: int
) -> Iterator[FieldRow]:
    """Yield what is known of an association at a time (ns since 1970)."""
    said = verdict(association, found, now)
    why = slow_because(association) if association.closed else ""
    told = [each for each in found.all if each.line in said or (why and plain(each.line) == why)]
    yield FieldRow("how it went", allowed(said), style="strong")
    if why:
        yield FieldRow("slow", why.removeprefix("slow "), style="warning")
    for advice in dict.fromkeys(ADVICE.get(finding.code, "") for finding in told):
        yield FieldRow("what to do", advice)
    yield FieldRow("requestor", _party(association.requestor))
    yield FieldRow("acceptor", _party(association.acceptor))
    if not association.requestor_is.startswith("sent"):
        yield FieldRow("the requestor", association.requestor_is)
    lasted = duration(association.end_time - association.start_time)
    yield FieldRow("time", f"{timestamp(association.start_time, digits)}, {lasted}")
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
    yield from _found(association, found, told)
    yield FieldRow("Where its time went", "" if association.closed else "shown when it is over", style="heading")
    if association.closed:
        yield from time_rows(association)


def _found(association: Association, found: Findings, told: list[Finding]) -> Iterator[FieldRow]:
    """Yield the findings that were not told yet, each leading to its message, and of causes what to do."""
    known = set(map(id, told))
    every = [finding for finding in found.all if id(finding) not in known]
    if not every:
        return
    more = f"the first {MOST} of {len(every):,}; 6 lists them all" if len(every) > MOST else ""
    yield FieldRow("What else was found" if told else "What was found", more, style="heading")
    causes = set(map(id, found.causes))
    for finding in every[:MOST]:
        severity, number = finding.severity.value, finding.message_number
        target = Target(association.id, number) if number else None
        yield FieldRow(severity, allowed(finding.line), style=severity, target=target)
        if id(finding) in causes:
            yield FieldRow("what to do", ADVICE.get(finding.code, ""), depth=1)


def _party(party: Party) -> str:
    said = party.information
    names = (said.implementation_version_name, said.implementation_class_uid) if said is not None else ()
    return ", ".join([allowed(the_party(party)), *(name for name in names if name)])
