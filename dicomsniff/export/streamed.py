"""What every format is that is written line by line as a capture comes, each finding as soon as it is there."""

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.export.view import View
from dicomsniff.filter.selection import Chosen
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.fresh import FreshFindings


class StreamedView(View):
    """Writes a line for each timeline entry, and one for each finding, once."""

    tells_entries = True

    def begin(self) -> None:
        """Nothing is written yet."""
        self._fresh = FreshFindings(self.capture.found)

    def found_line(self, association: Association, finding: Finding) -> str:
        """Return the line of a finding that is new."""
        raise NotImplementedError

    def entries(self, updates: list[Update]) -> None:
        """Write timeline entries, then what was found in them."""
        self.write_lines(self.entry_line(association, entry) for association, entry in updates)
        for association in dict.fromkeys(association for association, _ in updates):
            self._write_found(association)

    def put(self, association: Association, number: int, line: str) -> None:  # noqa: ARG002
        """Write the line of an entry that is shown."""
        self.write_lines([line])

    def closed(self, association: Association, chosen: Chosen) -> None:  # noqa: ARG002
        """Write what was found when an association was over."""
        self._write_found(association)
        self._fresh.forget(association)

    def _write_found(self, association: Association) -> None:
        if fresh := self._fresh.of(association):
            self.write_lines(self.found_line(association, finding) for finding in fresh)
