"""The model -> JSON lines, one object each with its `kind`: for `export --format jsonl` and for following live."""

from collections.abc import Iterable, Iterator
from typing import IO

from dicomsniff import __version__
from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.export import direction
from dicomsniff.export.json_text import json_text
from dicomsniff.export.link_json import links_json
from dicomsniff.export.model_json import association_json, finding_json, findings_json, message_json
from dicomsniff.export.negotiation import contexts_json
from dicomsniff.export.transcript import SCHEMA
from dicomsniff.export.words import entry_detail, entry_name
from dicomsniff.findings.collector import findings_of
from dicomsniff.findings.finding import Finding
from dicomsniff.library import Capture
from dicomsniff.quantities import timestamp


def write_lines(capture: Capture, out: IO[str]) -> None:
    """Read a capture (opened with `collect`) to its end; write entries as they come, each association when it ends."""
    out.write(head_line(capture.reader.name) + "\n")
    for updates, closed in capture.blocks():
        digits = capture.reader.resolution_digits
        for association, entry in updates:
            out.write(entry_line(association, entry, digits) + "\n")
        for association in closed:
            out.write(association_line(association, digits) + "\n")
            out.writelines(f"{line}\n" for line in finding_lines_json(findings_of(association).causes, association.id))
    out.writelines(line + "\n" for line in end_lines(capture))


def end_lines(capture: Capture) -> Iterator[str]:
    """Yield what belongs together, and the findings about the capture as a whole, which is over."""
    for link in links_json(capture.analyzer.links, capture.reader.resolution_digits):
        yield json_text({"kind": "link"} | link)
    yield from finding_lines_json(capture.analyzer.findings, None)


def finding_lines_json(findings: Iterable[Finding], association: int | None) -> Iterator[str]:
    """Yield a line per finding, causes and consequences; `cause` is the `index` of its cause among those lines."""
    for index, said in enumerate(findings_json(findings, association)):
        yield json_text({"kind": "finding", "index": index} | said)


def head_line(name: str) -> str:
    """Return the first line: schema, tool, and what is being read."""
    head = {"kind": "transcript", "schema": SCHEMA, "tool": {"name": "dicomsniff", "version": __version__}}
    return json_text(head | {"capture": {"name": name}, "privacy": {"phi": "kept"}})


def entry_line(association: Association, entry: Entry, digits: int) -> str:
    """Return a timeline entry: a message in full, anything else by name and detail."""
    if isinstance(entry.event, Message):
        said = {"kind": "message", "association": association.id, "number": entry.event.number or None}
        return json_text(said | message_json(association, entry.event, digits))
    return json_text(
        {
            "kind": "event",
            "association": association.id,
            "time": timestamp(entry.span.first_time, digits),
            "direction": direction(entry.side),
            "name": entry_name(entry),
            "detail": entry_detail(association, entry),
            "first_packet": entry.span.first_packet,
            "last_packet": entry.span.last_packet,
        }
    )


def finding_line(finding: Finding, association: Association) -> str:
    """Return a finding as it is found, before it is known what it follows from."""
    return json_text({"kind": "finding"} | finding_json(finding, association.id))


def association_line(association: Association, digits: int) -> str:
    """Return an association as it stands: parties, contexts, outcome."""
    contexts = contexts_json(association)
    said = {"kind": "association"} | association_json(association, digits)
    return json_text(said | {"presentation_contexts": contexts})
