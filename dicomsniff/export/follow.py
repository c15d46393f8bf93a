"""A capture as it comes -> lines of text: what `live` and `--follow` print."""

from dicomsniff.association.association import Association
from dicomsniff.association.conversation import Update
from dicomsniff.association.timeline import Entry
from dicomsniff.export.fresh import FreshFindings
from dicomsniff.export.text import entry_text, finding_text, link_section, summary_lines
from dicomsniff.export.view import View
from dicomsniff.quantities import time_of_day


class FollowedText(View):
    """Each message, event and finding on its own line as it comes; at the end what belongs together, and the whole."""

    def begin(self) -> None:
        """Say what is followed."""
        self._findings = FreshFindings()
        self.write_lines([f"following {self.capture.reader.name}; Ctrl-C ends"])

    def entries(self, updates: list[Update]) -> None:
        """Write timeline entries, then what was found in them."""
        self.write_lines(live_line(association, entry, self.digits) for association, entry in updates)
        for association in dict.fromkeys(association for association, _ in updates):
            self._write_findings(association)

    def closed(self, association: Association) -> None:
        """Write what was found when the association was over."""
        self._write_findings(association)
        self._findings.forget(association)

    def end(self) -> None:
        """Write what belongs together, and the capture as a whole."""
        self.write_lines([*link_section(self.capture.analyzer.links), *summary_lines(self.capture)])

    def _write_findings(self, association: Association) -> None:
        fresh = self._findings.of(association)
        self.write_lines(f"  #{association.id} {finding_text(finding)}" for finding in fresh)


def live_line(association: Association, entry: Entry, digits: int) -> str:
    """Return a timeline entry as one line that stands alone: time of day, association, and the rest."""
    who = f"{association.requestor.ae_title or '?'}>{association.acceptor.ae_title or '?'}"
    return f"{time_of_day(entry.span.first_time, digits)} #{association.id} {who} {entry_text(association, entry)}"
