"""What every format of `check` is: each association's findings as they come, then what stands before and after them."""

from collections import Counter
from contextlib import suppress

from dicomsniff.association.association import Association
from dicomsniff.export.view import HeadedView
from dicomsniff.findings.engine import flatten


class CheckView(HeadedView):
    """Counts findings, and tells whether one is as bad as `asked.fail_on`, or worse."""

    counts: Counter[str]
    """At the end, how many findings of each severity there are, listed or not, consequences too."""

    def association(self, association: Association) -> str:
        """Return what is written of an association that is over; may be nothing."""
        raise NotImplementedError

    def ends(self) -> tuple[str, str]:
        """Return what is written before and after the associations, at the end."""
        raise NotImplementedError

    def closed(self, association: Association) -> None:
        """Write what the format says of an association."""
        self.body.write(self.association(association))

    def end(self) -> None:
        """Judge, and write."""
        analyzer = self.capture.analyzer
        self.counts = Counter(analyzer.overview.findings)
        self.counts.update(finding.severity for finding in flatten(analyzer.findings))
        self.failed = any(self.counts[severity] for severity in self.asked.failing)
        before, after = self.ends()
        with suppress(BrokenPipeError):  # whoever reads it has gone; what was found still counts
            self.out.write(before)
            self.copy_body()
            self.out.write(after)
            self.out.flush()
