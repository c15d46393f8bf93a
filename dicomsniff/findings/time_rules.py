"""Rules on where the time went."""

from collections.abc import Iterator

from dicomsniff.findings.finding import Severity
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, final_rule
from dicomsniff.findings.slowness import why_slow


@final_rule(code="association-slow", severity=Severity.NOTE)
def slow(review: Review) -> Iterator[Hit]:
    """One thing took most of an association's time.

    More than half of the time the association was busy, and more than a second, went into one thing: a side that
    thinks, segments that were lost, a receiver that does not read, delayed acknowledgements, round trips, or a slow
    path. What the capture cannot tell apart is not judged.

    What to do: Thinking: look at that side's disk, database and load. Lost segments: look at the path. Delayed
    acknowledgements: let the sender write a message in one piece or set TCP_NODELAY.
    """
    association = review.association
    if association.unanswered or (association.request is not None and association.accept is None):
        return
    if said := why_slow(association):
        yield Hit(said)
