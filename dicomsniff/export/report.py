"""What a format of `check` is asked, and what it is told."""

from collections import Counter
from typing import NamedTuple, Protocol

from dicomsniff.association.association import Association
from dicomsniff.findings.finding import SEVERITIES, Severity
from dicomsniff.library import Capture


class Asked(NamedTuple):
    """What the call of `check` said: the least severity that fails, and the captures as named."""

    fail_on: Severity
    names: tuple[str, ...]

    @property
    def failing(self) -> tuple[Severity, ...]:
        """The severities that fail."""
        return SEVERITIES[: SEVERITIES.index(self.fail_on) + 1]


class Outcome(NamedTuple):
    """The end: the capture, how many findings of each severity, listed or not, consequences too; whether that fails."""

    capture: Capture
    counts: Counter[str]
    failed: bool


class Report(Protocol):
    """One format. Associations come as they end, then the end of the capture."""

    def __init__(self, asked: Asked) -> None:
        """Begin."""

    def association(self, association: Association) -> str:
        """Return what is written of an association that is over; may be nothing."""

    def ends(self, outcome: Outcome) -> tuple[str, str]:
        """Return what is written before and after the associations."""
