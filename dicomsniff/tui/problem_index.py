"""Where an association has findings: spans -> the worst severity there."""

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.findings.collector import Collector
from dicomsniff.findings.finding import Finding, Severity
from dicomsniff.span import Span

RANK = {None: 0, Severity.NOTE: 1, Severity.WARNING: 2, Severity.ERROR: 3}
LETTERS = {None: " ", Severity.NOTE: "N", Severity.WARNING: "W", Severity.ERROR: "E"}


class Problems:
    """The severities of one association's entries, kept up as findings come; asking costs no walk over them all."""

    __slots__ = ("_collector", "_findings", "_spans", "_taken", "_worst", "association")

    def __init__(self, association: Association, collector: Collector) -> None:
        self.association = association
        self._collector = collector
        self._findings: list[Finding] = []
        self._taken = 0
        self._spans: dict[Span, Severity] = {}
        self._worst: Severity | None = None

    @property
    def worst(self) -> Severity | None:
        """The association's worst severity."""
        self._take()
        return self._worst

    def severity(self, entry: Entry) -> Severity | None:
        """The worst severity found about an entry."""
        self._take()
        return self._spans.get(entry.span)

    def times(self) -> list[tuple[int, Severity]]:
        """When errors and warnings are (ns since 1970)."""
        self._take()
        return [(span.first_time, each) for span, each in self._spans.items() if each is not Severity.NOTE]

    @property
    def is_troubled(self) -> bool:
        """Whether there is an error or warning."""
        return RANK[self.worst] >= RANK[Severity.WARNING]

    def find(self, entries: list[Entry], start: int, step: int) -> int | None:
        """Return the nearest of some entries with an error or warning, from `start` on in steps of 1 or -1."""
        if not self.is_troubled:
            return None
        for index in range(start, len(entries) if step > 0 else -1, step):
            if RANK[self.severity(entries[index])] >= RANK[Severity.WARNING]:
                return index
        return None

    def _take(self) -> None:
        findings = self._collector.of(self.association).all
        if findings is self._findings and self._taken == len(findings):
            return
        if findings is not self._findings:  # at its end an association's are another list, in another order
            self._findings, self._taken, self._spans, self._worst = findings, 0, {}, None
        for finding in findings[self._taken :]:
            self._taken += 1
            self._worst = max(self._worst, finding.severity, key=RANK.__getitem__)
            known = self._spans.get(finding.span, finding.severity)
            self._spans[finding.span] = max(known, finding.severity, key=RANK.__getitem__)
