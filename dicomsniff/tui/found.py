"""Findings arranged for the screen: by code, the worst first, causes before what follows from them."""

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from dicomsniff.association.association import Association
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.finding import SEVERITIES, Finding, Severity

MAX_FOUND = 10_000
"""Findings listed, the worst first."""


class Found(Struct, frozen=True, eq=False):
    """A finding, and the association it is about; None where it is about the capture."""

    finding: Finding
    association: int | None
    is_follower: bool = False


class Kind(Struct, eq=False):
    """All findings of one code that follow from no other one, each with what follows from it."""

    code: str
    severity: Severity
    """The worst among them."""
    causes: int
    found: list[Found]


class Finds(Struct, eq=False):
    """Findings to list, and how many there are in all."""

    kinds: list[Kind] = field(default_factory=list)
    total: int = 0

    @property
    def listed(self) -> int:
        """How many are listed."""
        return sum(len(kind.found) for kind in self.kinds)


def arranging(
    findings: Iterable[Finding], associations: Iterable[tuple[Association, Findings]], finds: Finds
) -> Iterator[None]:
    """Put the findings about a capture and about its associations in `finds`, a little in each step."""
    causes = [(finding, finding.association) for finding in findings]
    unlisted = 0
    for association, found in associations:
        causes += [(finding, association.id) for finding in list(found.causes)]
        unlisted += sum(found.unlisted.copy().values())
        yield
    kinds: dict[str, Kind] = {}
    listed = total = 0
    for finding, number in sorted(causes, key=lambda cause: SEVERITIES.index(cause[0].worst)):
        every = list(finding.all())
        total += len(every)
        if listed < MAX_FOUND:
            listed += len(every)
            kind = kinds.setdefault(finding.code, Kind(finding.code, finding.worst, 0, []))
            kind.causes += 1
            kind.found += [Found(each, number, each is not finding) for each in every]
        yield
    finds.kinds, finds.total = list(kinds.values()), total + unlisted
