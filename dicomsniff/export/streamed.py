"""What every format is that is written line by line as a capture comes, each finding as soon as it is there."""

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.association.timeline import Entry
from dicomsniff.export.view import View
from dicomsniff.findings.collector import findings_of
from dicomsniff.findings.finding import Finding


class StreamedView(View):
    """Writes a line for each timeline entry, and one for each finding, once."""

    def begin(self) -> None:
        """Nothing is written yet."""
        self._known: dict[int, int] = {}
        """How many findings were written of each association that is not over."""

    def entry_line(self, association: Association, entry: Entry) -> str:
        """Return the line of a timeline entry."""
        raise NotImplementedError

    def found_line(self, association: Association, finding: Finding) -> str:
        """Return the line of a finding that is new."""
        raise NotImplementedError

    def entries(self, updates: list[Update]) -> None:
        """Write timeline entries, then what was found in them."""
        super().entries(updates)
        self.write_lines(self.entry_line(association, entry) for association, entry in updates)
        for association in dict.fromkeys(association for association, _ in updates):
            self._write_found(association)

    def closed(self, association: Association) -> None:
        """Write what was found when an association was over."""
        self._write_found(association)
        self._known.pop(association.id, None)

    def _write_found(self, association: Association) -> None:
        found = findings_of(association).all
        if fresh := found[self._known.get(association.id, 0) :]:
            self._known[association.id] = len(found)
            self.write_lines(self.found_line(association, finding) for finding in fresh)
