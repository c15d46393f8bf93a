"""The order in which associations are printed, where another one is asked for than that in which they began."""

from collections.abc import Callable, Iterator
from math import inf

from dicomsniff.association.association import Association
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.overview import Fate, fate

MAX_SORTED = 100_000
"""Associations that are sorted; any others come last, in the order in which they ended."""


class Sorted:
    """Knows where the text of each association is, and in which order they are asked for; what is equal as it began."""

    def __init__(self, by: str) -> None:
        self._key = SORTS[by]
        self._known: list[tuple[tuple[float, ...], int, int, int]] = []
        self._last = 0
        self.unsorted = 0
        """Associations beyond MAX_SORTED."""

    def add(self, association: Association, found: Findings, place: int, length: int) -> None:
        """Take an association, and where its text begins; `length` is in characters."""
        if len(self._known) < MAX_SORTED:
            self._known.append((self._key(association, found), association.id, place, length))
        else:
            self._last = self._last if self.unsorted else place
            self.unsorted += 1

    def places(self) -> Iterator[tuple[int, float]]:
        """Yield where the texts are, in order, and how long; those that are not sorted are one, up to the end."""
        yield from ((place, length) for _, _, place, length in sorted(self._known))
        if self.unsorted:
            yield self._last, inf


def _worst(association: Association, found: Findings) -> tuple[float, ...]:
    """Those in trouble first, then by the number of errors and of warnings."""
    counts = found.counts
    return (
        fate(association, found) is not Fate.TROUBLED,
        -counts[Severity.ERROR],
        -counts[Severity.WARNING],
        fate(association, found) is not Fate.LOOSE,
        -counts[Severity.NOTE],
    )


SORTS: dict[str, Callable[[Association, Findings], tuple[float, ...]]] = {
    "duration": lambda association, _: (association.start_time - association.end_time,),
    "start": lambda association, _: (association.start_time,),
    "worst": _worst,
}
"""By what associations are sorted, and what of them: the least comes first."""
