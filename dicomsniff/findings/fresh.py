"""Findings as they come: each is handed on once, although more is found of an association until it is over."""

from dicomsniff.association.association import Association
from dicomsniff.findings.collector import Collector
from dicomsniff.findings.finding import Finding


class FreshFindings:
    """Knows how many findings of each association were handed on, of those that are collected."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._known: dict[int, int] = {}

    def of(self, association: Association) -> list[Finding]:
        """Return what was found about an association since the last time."""
        found = self._collector.of(association).all
        fresh = found[self._known.get(association.id, 0) :]
        if fresh:
            self._known[association.id] = len(found)
        return fresh

    def forget(self, association: Association) -> None:
        """An association is over, and all that was found about it is handed on."""
        self._known.pop(association.id, None)
