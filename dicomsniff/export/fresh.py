"""Which findings are new: for views that write them as they come."""

from dicomsniff.association.association import Association
from dicomsniff.findings.finding import Finding


class FreshFindings:
    """Knows how many findings of each association were written already."""

    def __init__(self) -> None:
        self._written: dict[int, int] = {}

    def of(self, association: Association) -> list[Finding]:
        """Return what was found since this was asked last."""
        fresh = association.found[self._written.get(association.id, 0) :]
        if fresh:
            self._written[association.id] = len(association.found)
        return fresh

    def forget(self, association: Association) -> None:
        """Nothing more comes of an association."""
        self._written.pop(association.id, None)
