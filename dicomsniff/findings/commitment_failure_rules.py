"""A rule on what an SCP reports as failed: instances that it does not commit (PS3.4 §J.3.3)."""

from collections.abc import Iterator

from dicomsniff.association.normalized_links import FAILED, REFERENCED, SOP_CLASSES, Kind
from dicomsniff.dictionary.reasons import failure_reason_text
from dicomsniff.dimse.scan.outline import DataSetOutline
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import reports
from dicomsniff.findings.parts import the_party, the_uid
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, final_rule
from dicomsniff.quantities import counted, of_all, some_of

MAX_NAMED = 3
"""Failure reasons that are named, the most frequent first; further ones are counted."""
MAX_INSTANCES = 2
"""Instances that are named; further ones are counted."""


@final_rule(code="commitment-failed", where=reports, severity=Severity.ERROR)
def uncommitted(review: Review) -> Iterator[Hit]:
    """Instances were not committed.

    The report of a storage commitment lists instances in its Failed SOP Sequence: the SCP does not take
    responsibility for them. Failure Reason (0008,1197) says why, instance by instance.

    What to do: Keep them at the sender. No such object instance: the SCP does not have them (any longer), so send
    them again. Processing failure, resource limitation: look at the SCP's log.
    """
    association = review.association
    if not association.message_counts.requests["N-EVENT-REPORT"]:
        return
    for operation in association.operations.operations:
        request = operation.request
        kind = SOP_CLASSES.get(request.command.sop_class_uid or "")
        outline = request.data_set.outline if request.data_set is not None else None
        if operation.name != "N-EVENT-REPORT" or kind is not Kind.COMMITMENT or outline is None:
            continue
        failed = max(outline.reference_counts.get(FAILED, 0), sum(outline.failure_reasons.values()))
        if failed:
            total = failed + outline.reference_counts.get(REFERENCED, 0)
            provider = the_party(association.party(request.side))
            said = f"{provider} reports {of_all(failed, total, 'instance')} as not committed"
            named = [the_uid(each.uid) for each in outline.referenced if each.sequence == FAILED]
            which = f" ({some_of(named, MAX_INSTANCES)})" if len(named) == failed and failed < total else ""
            yield Hit(f"{said}{which}: {_reasons(outline)}", request.span, request)


def _reasons(outline: DataSetOutline) -> str:
    """`2 × 0x0112 (no such object instance), 0x0110 (processing failure)`."""
    common = sorted(outline.failure_reasons.items(), key=lambda pair: -pair[1])
    said = [(f"{count} × " if count > 1 else "") + failure_reason_text(reason) for reason, count in common[:MAX_NAMED]]
    if more := len(common) - MAX_NAMED:
        said += [f"and {counted(more, 'other reason')}"] if more > 0 else []
    return ", ".join(said) or "no Failure Reason (0008,1197) is given"
