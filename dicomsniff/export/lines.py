"""The model -> JSON lines, one object each with its `kind`: of a capture that is whole or still comes."""

from collections.abc import Iterable, Iterator

from dicomsniff import __version__
from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.capture.losses import Losses
from dicomsniff.dimse.message import Message
from dicomsniff.export import Json, direction
from dicomsniff.export.json_text import json_text
from dicomsniff.export.link_json import links_json
from dicomsniff.export.model_json import association_json, findings_json, message_json
from dicomsniff.export.negotiation_json import contexts_json
from dicomsniff.export.streamed import StreamedView
from dicomsniff.export.transcript import SCHEMA
from dicomsniff.filter.selection import Chosen
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.parts import shown
from dicomsniff.privacy.gate import Gate
from dicomsniff.quantities import timestamp
from dicomsniff.words.entries import entry_detail, entry_name


class JsonLines(StreamedView):
    """A line for each thing as it comes: entries, associations that are over with their findings, at the end links.

    A finding is told twice: as `found`, by code and packets, as soon as it is known; as `finding`, in words and with
    its cause, when its association or the capture is over.
    """

    collects = True

    def begin(self) -> None:
        """Write what is being read."""
        super().begin()
        head = {"kind": "transcript", "schema": SCHEMA, "tool": {"name": "dicomsniff", "version": __version__}}
        self._write(
            head | {"capture": {"name": shown(self.capture.marked_name, self.gate)}, "privacy": self.gate.privacy.said}
        )

    def entry_line(self, association: Association, entry: Entry) -> str:
        """Return a timeline entry: a message in full, anything else by name and detail."""
        if isinstance(entry.event, Message):
            said = {"kind": "message", "association": association.id, "number": entry.event.number or None}
            return json_text(said | message_json(association, entry.event, self.digits, self.gate))
        return json_text(
            {
                "kind": "event",
                "association": association.id,
                "time": timestamp(entry.span.first_time, self.digits),
                "direction": direction(entry.side),
                "name": entry_name(entry),
                "detail": shown(entry_detail(association, entry), self.gate),
                "first_packet": entry.span.first_packet,
                "last_packet": entry.span.last_packet,
            }
        )

    def found_line(self, association: Association, finding: Finding) -> str:
        """Return a finding by what is known of it at once: how often it comes, for one, is not."""
        said = {"kind": "found", "association": association.id, "code": finding.code, "severity": str(finding.severity)}
        return json_text(said | {"first_packet": finding.span.first_packet, "last_packet": finding.span.last_packet})

    def lost(self, losses: Losses) -> None:
        """Write how many packets were lost by now."""
        self._write({"kind": "lost", "packets": losses.packets} | losses._asdict())

    def closed(self, association: Association, chosen: Chosen) -> None:
        """Write the association as it stands, and its findings."""
        super().closed(association, chosen)
        found = self.found(association)
        said: Json = {"kind": "association"} | association_json(association, found, self.digits, self.gate)
        if (counts := chosen.counts(association)) is not None:
            said["selection"] = counts._asdict()
        self._write(said | {"presentation_contexts": contexts_json(association, self.gate)})
        self.write_lines(finding_lines_json(found.causes, association.id, self.gate))

    def end(self) -> None:
        """Write what belongs together, and the findings about the capture as a whole."""
        for link in links_json(self.links(), self.digits, self.gate):
            self._write({"kind": "link"} | link)
        self.write_lines(finding_lines_json(self.capture.analyzer.findings, None, self.gate))
        if self.selected:
            self._write({"kind": "selection"} | self.selection_json)

    def write_lines(self, lines: Iterable[str]) -> None:
        """Write JSON, in which nothing is left to escape."""
        self.out.writelines(f"{line}\n" for line in lines)

    def _write(self, said: Json) -> None:
        self.write_lines([json_text(said)])


def finding_lines_json(findings: Iterable[Finding], association: int | None, gate: Gate) -> Iterator[str]:
    """Yield a line per finding, causes and consequences; `cause` is the `index` of its cause among those lines."""
    for index, said in enumerate(findings_json(findings, association, gate)):
        yield json_text({"kind": "finding", "index": index} | said)
