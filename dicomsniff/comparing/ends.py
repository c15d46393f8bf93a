"""How two associations end differently, and what was found about only one of them."""

from collections.abc import Iterator

from msgspec.structs import replace

from dicomsniff.association.association import Association
from dicomsniff.comparing.difference import FOUND, NOT_FOUND, Difference, Kind, Numbers, Weight
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


_EXPLANATIONS = ("retrieve-explained", "destination-failed")
"""Findings that say why something failed."""


def compare_ends(good: Subject, bad: Subject) -> Iterator[Difference]:
    """Yield how the associations ended, where that differs, and errors and warnings about only one of them."""
    said = _end(good.association), _end(bad.association)
    if said[0] != said[1]:
        weight = Weight.SLIGHT if bad.fate is Fate.WELL else Weight.DECISIVE
        yield Difference(Kind.OUTCOME, weight, "end of the association", *said)
    over = bad.association.released
    for difference in compare_findings(good.found.causes, bad.found.causes):
        is_why = difference.kind is Kind.CAPTURE and not over  # what was not seen may be all that is wrong
        yield replace(difference, weight=Weight.DECISIVE) if is_why else difference


def compare_captures(good: list[Finding], bad: list[Finding], *, is_silent: bool) -> Iterator[Difference]:
    """Yield what was found about one of two captures as a whole; `is_silent` says that the bad one has no association.

    Then what became of its connections is why.
    """
    for difference in compare_findings(good, bad):
        weight = Weight.DECISIVE if is_silent and difference.weight is Weight.TELLING else difference.weight
        kind = Kind.CONNECTION if difference.kind is Kind.FINDING else difference.kind
        yield replace(difference, kind=kind, weight=weight)


def compare_findings(good: list[Finding], bad: list[Finding]) -> Iterator[Difference]:
    """Yield errors, warnings and explanations whose code is among the findings of one side only."""
    codes = [{each.code for cause in found for each in cause.all()} for found in (good, bad)]
    told = set(_COMPARED)
    for finding in bad:
        if _counts(finding) and finding.code not in codes[0] | told:
            told.add(finding.code)
            yield _found(finding, _weight(finding), NOT_FOUND, FOUND, (None, finding.message_number))
    for finding in good:
        if _counts(finding) and finding.code not in codes[1] | told:
            told.add(finding.code)
            yield _found(finding, Weight.SLIGHT, FOUND, NOT_FOUND, (finding.message_number, None))


def _counts(finding: Finding) -> bool:
    return finding.worst is not Severity.NOTE or finding.code in _EXPLANATIONS


def _weight(finding: Finding) -> Weight:
    if finding.code in _EXPLANATIONS:
        return Weight.DECISIVE
    return Weight.DECISIVE if finding.worst is Severity.ERROR and finding.code not in NOT_CAPTURED else Weight.TELLING


def _found(finding: Finding, weight: Weight, good: str, bad: str, messages: Numbers) -> Difference:
    kinds = ((_EXPLANATIONS, Kind.EXPLANATION), (NOT_CAPTURED, Kind.CAPTURE), (BROKEN, Kind.BROKEN))
    kind = next((kind for codes, kind in kinds if finding.code in codes), Kind.FINDING)
    return Difference(kind, weight, finding.line, good, bad, messages=messages)


def _end(association: Association) -> str:
    abort = association.abort
    if abort is not None and not association.released:
        who = f"aborted by the {abort.side.value}"
        said = aborter(abort.source), aborted_for(abort.source, abort.reason)
        return who + (f" ({': '.join(filter(None, said))})" if any(said) else "")
    return association.outcome
