"""What every format of `check` is: each association's findings as they come, then what stands before and after them."""

from collections import Counter
from contextlib import suppress
from typing import ClassVar

from dicomsniff.association.association import Association
from dicomsniff.export.view import HeadedView
from dicomsniff.filter.selection import Chosen
from dicomsniff.findings.engine import flatten
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.overview import Overview


class CheckView(HeadedView):
    """Counts findings, and tells whether one is as bad as `asked.fail_on`, or worse."""

    tells_findings: ClassVar[bool] = False
    """Whether it writes nothing of associations about which nothing was found."""
    counts: Counter[str]
    """At the end, how many findings of each severity there are, listed or not, consequences too."""

    def association(self, association: Association) -> str:
        """Return what is written of an association that is over; may be nothing."""
        raise NotImplementedError

    def ends(self) -> tuple[str, str]:
        """Return what is written before and after the associations, at the end."""
        raise NotImplementedError

    def begin(self) -> None:
        """Count what is chosen apart from all."""
        if self.tells_findings and self.asked.selection.is_all:
            self.capture.analyzer.spare_repeats()
        self.overview = self.capture.analyzer.overview if self.asked.selection.is_all else Overview()
        """How the associations went that are shown."""

    @property
    def whole(self) -> list[Finding]:
        """The findings about the capture as a whole; none where only a part is chosen."""
        return self.capture.analyzer.findings if self.asked.selection.is_all else []

    @property
    def verdict_line(self) -> str:
        """How what is shown went, in one sentence with marks."""
        analyzer = self.capture.analyzer
        moves = [
            move for move in analyzer.links.moves() if self.asked.selection.is_all or self.is_shown(move.association)
        ]
        return self.overview.text(moves, self.whole)

    def closed(self, association: Association, chosen: Chosen) -> None:  # noqa: ARG002
        """Write what the format says of an association."""
        if not self.asked.selection.is_all:
            self.overview.feed(association, self.found(association))
        self.body.write(self.association(association))

    def end(self) -> None:
        """Judge, and write."""
        self.counts = Counter(self.overview.findings)
        self.counts.update(finding.severity for finding in flatten(self.whole))
        self.failed = any(self.counts[severity] for severity in self.asked.failing)
        before, after = self.ends()
        with suppress(BrokenPipeError):  # whoever reads it has gone; what was found still counts
            self.out.write(before)
            self.body.copy(self.out)
            self.out.write(after)
            self.out.flush()
