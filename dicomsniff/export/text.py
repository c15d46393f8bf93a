"""Associations, findings and the capture -> lines of text."""

import re
from collections.abc import Iterable, Iterator
from heapq import nlargest
from typing import Protocol

from dicomsniff.association.association import Association
from dicomsniff.association.entry_order import in_order
from dicomsniff.association.links import Link, Series
from dicomsniff.association.timeline import Entry
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.filter.selection import ALL, Chosen
from dicomsniff.findings.alike import fold, gist
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.parts import the_peers
from dicomsniff.findings.tls_text import handshake_lines, transport_text
from dicomsniff.findings.verdicts import verdict
from dicomsniff.quantities import byte_size, counted, duration, timestamp
from dicomsniff.side import Side
from dicomsniff.tcp.connection import MAX_CONNECTIONS
from dicomsniff.words.entries import entry_detail, entry_name, entry_size
from dicomsniff.words.links import link_text, series_text
from dicomsniff.words.times import tcp_text, time_text

_NAME_WIDTH, _SIZE_WIDTH = 22, 9
FOLDED = 3
"""Entries of a timeline in a row that say the same from which on they share a line."""
_UID = re.compile(r"\b[0-9]+(?:\.[0-9]+){3,}\b")
_ARROWS = {Side.REQUESTOR: "-->", Side.ACCEPTOR: "<--"}


def association_name(number: int) -> str:
    """Return what an association is called."""
    return f"association {number}"


def association_title(association: Association) -> str:
    """Return which association it is, and who with whom."""
    return f"{association_name(association.id)}: {the_peers(association)}"


def association_line(association: Association, found: Findings) -> str:
    """Return an association as one line: who with whom, the verdict."""
    return f"{association_title(association)}: {verdict(association, found)}"


def association_lines(
    association: Association, found: Findings, digits: int, *, contexts: bool = False, chosen: Chosen = ALL
) -> Iterator[str]:
    """Yield an association as text: who with whom, the verdict, its findings, what is chosen of its timeline."""
    yield association_title(association)
    yield f"  {verdict(association, found)}"
    if association.follows is not None:
        yield f"  on the TCP connection of association {association.follows}, after it"
    if not association.requestor_is.startswith("sent"):
        yield f"  requestor: {association.requestor_is}"
    yield from finding_lines(found.causes)
    lasted = duration(association.end_time - association.start_time)
    yield f"  {timestamp(association.start_time, digits)}, {lasted}{implementations(association)}"
    if said := transport_text(association):
        yield f"  {said}"
    layer = association.tls
    if layer is not None and association.follows is None and (contexts or layer.is_unread):
        yield from (f"    {said}" for said in handshake_lines(layer))
    yield from _tcp_lines(association)
    yield from _time_lines(association)
    if contexts:
        from dicomsniff.export.negotiation_text import context_lines

        yield from context_lines(association)
    if association.condensed:
        yield "    its timeline was given up to bound memory"
    if left_out := chosen.left_out(association):
        yield f"    {left_out}"
    yield from timeline_lines(association, chosen.entries(association))
    if association.unlisted:
        yield f"    … not listed: {association.unlisted} further entries"


def timeline_lines(association: Association, entries: Iterable[Entry]) -> Iterator[str]:
    """Yield timeline entries, a line for each; several in a row that say the same share one."""
    start = association.start_time
    for alike in alike_entries(association, entries):
        told = alike if len(alike) < FOLDED else alike[:1]
        for entry, detail in told:
            line = f"    {(entry.span.first_time - start) / 1e9:10.6f}  {entry_text(entry, detail)}"
            if more := len(alike) - len(told):
                until = (alike[-1][0].span.first_time - start) / 1e9
                line += f"; {more} more like it until {until:.6f}"
            yield line


def _runs(said: Iterable[tuple[Entry, str]]) -> Iterator[list[tuple[Entry, str]]]:
    """Yield entries in a row that say the same together."""
    run: list[tuple[Entry, str]] = []
    for each in said:
        if run and not _is_alike(*run[0], *each):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _is_alike(entry: Entry, detail: str, other: Entry, said: str) -> bool:
    """Whether two entries say the same but for numbers; lengths and times of messages that are alike differ."""
    same = entry.side is other.side and entry_name(entry) == entry_name(other)
    return same and (detail == said or gist(detail) == gist(said))


def alike_entries(association: Association, entries: Iterable[Entry]) -> Iterator[list[tuple[Entry, str]]]:
    """Yield timeline entries in their order, with their details; those in a row that say the same together."""
    return _runs((entry, entry_detail(association, entry)) for entry in in_order(association, entries))


def finding_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield findings, one line for those that are alike, and below it, indented, what follows from them."""
    for alike in fold(findings):
        yield "  " + finding_text(alike.finding, alike.text)
        for follower in alike.followers:
            yield "    then " + finding_text(follower.finding, follower.text)


def finding_text(finding: Finding, said: str = "") -> str:
    """Return a finding as one line: severity, what was seen (or `said` of it), code, packet, clause."""
    reference = f" [{finding.reference}]" if finding.reference else ""
    packet = f", packet {finding.span.first_packet}" if finding.span.first_packet else ""
    return f"{finding.severity}: {said or finding.line} ({finding.code}{packet}){reference}"


def entry_text(entry: Entry, detail: str) -> str:
    """Return a timeline entry without its time: direction, name, size, and the detail, which says what matters."""
    arrow = _ARROWS[entry.side]
    count = entry_size(entry)
    amount = byte_size(count) if count else ""
    return f"{arrow} {entry_name(entry):<{_NAME_WIDTH}} {amount:>{_SIZE_WIDTH}}  {detail}".rstrip()


MAX_SERIES = 10
"""Pairs of ends with several associations between them that are listed, those with the most; the rest is counted."""


def link_section(links: Iterable[Link]) -> Iterator[str]:
    """Yield what belongs together, those that are alike in two lines, and an empty line; nothing where nothing does.

    Of ends with several associations between them, MAX_SERIES are listed.
    """
    alike: dict[str, list[str]] = {}
    series: list[Series] = []
    for link in links:
        if isinstance(link.about, Series):
            series.append(link.about)
        else:
            line = link_text(link)
            alike.setdefault(gist(_UID.sub("#", line)), []).append(line)
    if alike or series:
        yield "what belongs together:"
        for lines in alike.values():
            few = len(lines) < FOLDED
            yield from (f"  {line}" for line in (lines if few else lines[:1]))
            if not few:
                yield f"    and {len(lines) - 1} like it"
        busiest = nlargest(MAX_SERIES, series, key=lambda each: each.associations)
        yield from (f"  {series_text(each)}" for each in sorted(busiest, key=lambda each: each.first_association))
        if len(series) > MAX_SERIES:
            yield f"  and {counted(len(series) - MAX_SERIES, 'more pair')} of ends with several associations"
        yield ""


class Whole(Protocol):
    """A capture that is over, as far as it is told in short: `Capture` is one."""

    @property
    def analyzer(self) -> Analyzer:
        """What knows all of it."""

    @property
    def marked_name(self) -> str:
        """What the user knows it by, as a line with marks."""

    @property
    def truncated(self) -> str:
        """Why it ended early; empty where it did not."""


def summary_lines(capture: Whole, selected: str = "", *, findings: bool = True) -> Iterator[str]:
    """Yield what a capture that is over held as a whole; `selected` says how much of that is shown."""
    analyzer = capture.analyzer
    held = f"{counted(analyzer.connections, 'TCP connection')}, {counted(analyzer.association_count, 'association')}"
    yield f"{capture.marked_name}: {counted(analyzer.packets, 'packet')}, {held}"
    if analyzer.overview.associations or analyzer.findings:
        yield f"  {analyzer.verdict_line}"
    for line in analyzer.overview.worst():
        yield f"  {line}"
    if selected:
        yield f"  {selected}"
    if unnamed := analyzer.foreign[""]:  # findings tell of the others
        yield f"  {counted(unnamed, 'TCP connection')} without DICOM"
    if analyzer.given_up:
        given_up = counted(analyzer.given_up, "TCP connection")
        yield f"  {given_up} given up: more than {MAX_CONNECTIONS} were open at a time"
    for reason, count in analyzer.undecoded.most_common():
        yield f"  {counted(count, 'packet')} not used: {reason}"
    if findings:
        yield from finding_lines(analyzer.findings)
    if capture.truncated:
        yield f"  the capture is cut off: {capture.truncated}"


def implementations(association: Association) -> str:
    """Return what both sides say that they are."""
    names = []
    for party in (association.requestor, association.acceptor):
        said = party.information
        names.append((said.implementation_version_name or said.implementation_class_uid or "?") if said else "?")
    return "" if names == ["?", "?"] else f", {names[0]} -> {names[1]}"


def _tcp_lines(association: Association) -> Iterator[str]:
    for side, arrow in _ARROWS.items():
        health = association.tcp.get(side)
        if health is not None and (said := tcp_text(health)):
            trip = f", round trip {duration(health.round_trip_time)}" if health.round_trip_time is not None else ""
            yield f"  tcp {arrow} {said}{trip}"


def _time_lines(association: Association) -> Iterator[str]:
    if said := time_text(association):
        yield f"  time: {said}"
