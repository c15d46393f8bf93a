"""How two associations end differently, and what was found about only one of them."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.comparing.difference import Difference, Kind, Numbers, Weight
from dicomsniff.comparing.subject import Subject
from dicomsniff.dictionary.reasons import aborted_for, aborter
from dicomsniff.findings.codes import BROKEN, NOT_CAPTURED
from dicomsniff.findings.finding import Finding, Severity
from dicomsniff.findings.overview import Fate

_COMPARED = frozenset(
    (
        "ae-title-padded",
        "association-aborted",
        "association-rejected",
        "contexts-all-refused",
        "contexts-refused",
        "get-without-role",
        "provider-aborted",
        "released-unused",
        "request-unanswered",
        "status-failure",
        "status-warning",
    )
)
"""Findings that say what the comparison itself says."""


def compare_ends(good: Subject, bad: Subject) -> Iterator[Difference]:
    """Yield how the associations ended, where that differs, and errors and warnings about only one of them."""
    said = _end(good.association), _end(bad.association)
    if said[0] != said[1]:
        weight = Weight.SLIGHT if bad.fate is Fate.WELL else Weight.DECISIVE
        yield Difference(Kind.OUTCOME, weight, "end of the association", *said)
    yield from compare_findings(good.found.causes, bad.found.causes, over=bad.association.released)


def compare_findings(good: list[Finding], bad: list[Finding], *, over: bool = True) -> Iterator[Difference]:
    """Yield errors and warnings whose code is among the findings of one side only.

    `over` says whether the bad side came to its end: what the capture did not see of it may be all that is wrong.
    """
    codes = [{each.code for cause in found for each in cause.all()} for found in (good, bad)]
    told = set(_COMPARED)
    for finding in bad:
        if finding.worst is not Severity.NOTE and finding.code not in codes[0] | told:
            told.add(finding.code)
            decides = finding.worst is Severity.ERROR if finding.code not in NOT_CAPTURED else not over
            weight = Weight.DECISIVE if decides else Weight.TELLING
            yield _found(finding, weight, "not found", "found", (None, finding.message_number))
    for finding in good:
        if finding.worst is not Severity.NOTE and finding.code not in codes[1] | told:
            told.add(finding.code)
            yield _found(finding, Weight.SLIGHT, "found", "not found", (finding.message_number, None))


def _found(finding: Finding, weight: Weight, good: str, bad: str, messages: Numbers) -> Difference:
    kind = Kind.BROKEN if finding.code in BROKEN else Kind.FINDING
    if finding.code in NOT_CAPTURED:
        kind = Kind.CAPTURE
    return Difference(kind, weight, finding.line, good, bad, messages=messages)


def _end(association: Association) -> str:
    abort = association.abort
    if abort is not None and not association.released:
        who = f"aborted by the {abort.side.value}"
        said = aborter(abort.source), aborted_for(abort.source, abort.reason)
        return who + (f" ({': '.join(filter(None, said))})" if any(said) else "")
    return association.outcome
