"""Rules on what is counted and not listed, so that memory is bounded: reaching a limit is told."""

from collections.abc import Iterator

from dicomsniff.findings.finding import SEVERITIES, CaptureFacts, CaptureRule, FinalRule, Hit, Severity
from dicomsniff.findings.review import Review
from dicomsniff.quantities import counted


def entries_not_listed(review: Review) -> Iterator[Hit]:
    """More was exchanged than is listed of one association."""
    listed, unlisted = len(review.association.timeline), review.association.unlisted
    if unlisted:
        whole = listed + unlisted
        yield Hit(f"of {whole} entries `show` and the terminal UI list the first {listed}; all are counted")


def findings_not_listed(review: Review) -> Iterator[Hit]:
    """More was found than is listed of one association."""
    unlisted = review.association.unlisted_findings
    if unlisted:
        said = ", ".join(counted(unlisted[each], each) for each in SEVERITIES if each in unlisted)
        yield Hit(f"further findings are counted, not listed: {said}")


def links_not_listed(facts: CaptureFacts) -> Iterator[Hit]:
    """More belongs together than is remembered."""
    if unlisted := facts.links.unlisted:
        said = ", ".join(counted(count, kind) for kind, count in unlisted.items())
        yield Hit(f"what belongs together is told without {said}: more than is remembered")


RULES = (
    FinalRule(
        "entries-not-listed",
        Severity.NOTE,
        "",
        "More was exchanged than is listed",
        "Memory is bounded: of a very long association only the first entries are listed. Counts and verdict cover "
        "all; what needs the whole timeline is not judged.",
        "`dicomsniff export` writes every message, with `--format jsonl` every entry.",
        entries_not_listed,
    ),
    FinalRule(
        "findings-not-listed",
        Severity.NOTE,
        "",
        "More was found than is listed",
        "Memory is bounded: of very many findings of one association only the first are listed, and the first of each "
        "code. Counts and exit status cover all.",
        "Look at what is listed: so many findings have few causes.",
        findings_not_listed,
    ),
    CaptureRule(
        "links-not-listed",
        Severity.NOTE,
        "",
        "More belongs together than is listed",
        "Memory is bounded: of very many retrievals, normalized operations, or pairs of systems only the first are "
        "followed across associations. Associations, counts and verdicts cover all.",
        "Read a smaller capture, or filter it for the hosts that matter.",
        links_not_listed,
    ),
)
"""Rules on limits. They are the last that are asked about an association, when all else is counted."""
