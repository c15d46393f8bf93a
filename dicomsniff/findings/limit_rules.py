"""Rules on what is counted and not listed, so that memory is bounded: reaching a limit is told."""

from collections.abc import Iterator

from dicomsniff.findings.finding import SEVERITIES, Severity
from dicomsniff.findings.grounds import is_irregular
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import CaptureFacts, Hit, capture_rule, final_rule
from dicomsniff.quantities import counted


@final_rule(code="entries-not-listed", where=is_irregular, severity=Severity.NOTE)
def entries_not_listed(review: Review) -> Iterator[Hit]:
    """More was exchanged than is listed.

    Memory is bounded: of a very long association only the first entries are listed. Counts and verdict cover all; what
    needs the whole timeline is not judged.

    What to do: `dicomsniff export` writes every message, with `--format jsonl` every entry.
    """
    listed, unlisted = len(review.association.timeline), review.association.unlisted
    if unlisted:
        whole = listed + unlisted
        yield Hit(f"`show` and the terminal UI list the first {listed} of {whole} entries; all are counted")


@final_rule(code="identifiers-not-read", severity=Severity.NOTE)
def identifiers_not_read(review: Review) -> Iterator[Hit]:
    """More was asked for than is looked at.

    Memory is bounded: of very many queries and retrievals of one association only the first are judged by what they ask
    for and get. Their statuses count all the same.

    What to do: `dicomsniff export` writes every identifier.
    """
    if passed_over := review.association.operations.reader.passed_over:
        yield Hit(f"{counted(passed_over, 'identifier')} of queries and retrievals not read: there are too many")


@final_rule(code="findings-not-listed", severity=Severity.NOTE)
def findings_not_listed(review: Review) -> Iterator[Hit]:
    """More was found than is listed.

    Memory is bounded: of very many findings of one association only the first are listed, and the first of each code.
    Counts and exit status cover all.

    What to do: Look at what is listed: so many findings have few causes.
    """
    unlisted = review.found.unlisted
    if unlisted:
        said = ", ".join(counted(unlisted[each], each) for each in SEVERITIES if each in unlisted)
        yield Hit(f"further findings are counted, not listed: {said}")


@capture_rule(code="links-not-listed", severity=Severity.NOTE)
def links_not_listed(facts: CaptureFacts) -> Iterator[Hit]:
    """More belongs together than is listed.

    Memory is bounded: of very many retrievals, normalized operations, or pairs of systems only the first are followed
    across associations. Associations, counts and verdicts cover all.

    What to do: Read a smaller capture, or filter it for the hosts that matter.
    """
    if unlisted := facts.links.unlisted:
        said = ", ".join(counted(count, kind) for kind, count in unlisted.items())
        yield Hit(f"what belongs together is told without {said}: more than is remembered")
