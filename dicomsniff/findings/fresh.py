"""Findings as they come: each is handed on once, although more is found of an association until it is over."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.findings.collector import Collector
from dicomsniff.findings.finding import Finding


class FreshFindings:
    """Knows how many findings of each association were handed on, of those that are collected."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._known: dict[int, int] = {}

    def take(self, updates: list[Update], ended: list[Association]) -> Iterator[tuple[Association, Finding]]:
        """Yield what was found since the last time about associations that a block tells of, or that are over."""
        for association in dict.fromkeys([*(association for association, _ in updates), *ended]):
            for finding in self.of(association):
                yield association, finding
        for association in ended:
            self.forget(association)

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
