"""A capture as it comes -> lines of text: what `live` and `--follow` print."""

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.capture.losses import Losses
from dicomsniff.export.streamed import StreamedView
from dicomsniff.export.text import entry_text, finding_text, link_section, summary_lines
from dicomsniff.filter.selection import Chosen
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.parts import the_title
from dicomsniff.quantities import time_of_day
from dicomsniff.words.entries import entry_detail


class FollowedText(StreamedView):
    """Lines that stand alone; at the end what belongs together, and the capture as a whole."""

    def begin(self) -> None:
        """Say what is followed."""
        super().begin()
        self.write_lines([f"following {self.capture.marked_name}; Ctrl-C ends"])

    def entry_line(self, association: Association, entry: Entry) -> str:
        """Return a timeline entry: time of day, association, and the rest."""
        return live_line(association, entry, self.digits)

    def found_line(self, association: Association, finding: Finding) -> str:
        """Return a finding in words."""
        return f"  #{association.id} {finding_text(finding)}"

    def lost(self, losses: Losses) -> None:
        """Write it."""
        self.write_lines([f"  the capturer lost {losses}"])

    def end(self) -> None:
        """Write what belongs together, and the capture as a whole."""
        self.write_lines([*link_section(self.links()), *summary_lines(self.capture, self.selected)])

    def closed(self, association: Association, chosen: Chosen) -> None:
        """Write what is known when an association is over."""
        super().closed(association, chosen)
        if said := chosen.left_out(association):
            self.write_lines([f"  #{association.id} {said}"])


def live_line(association: Association, entry: Entry, digits: int) -> str:
    """Return a timeline entry as one line that stands alone: time of day, association, and the rest."""
    who = f"{the_title(association.requestor.ae_title or '?')}>{the_title(association.acceptor.ae_title or '?')}"
    said = entry_text(entry, entry_detail(association, entry))
    return f"{time_of_day(entry.span.first_time, digits)} #{association.id} {who} {said}"
