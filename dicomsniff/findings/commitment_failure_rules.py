"""A rule on what an SCP reports as failed: instances that it does not commit (PS3.4 §J.3.3)."""

from collections.abc import Iterator

from dicomsniff.association.neighbours import unstored_of
from dicomsniff.association.normalized_links import FAILED, REFERENCED, SOP_CLASSES, Kind, key_of
from dicomsniff.dictionary.reasons import failure_reason_text
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.operations import Operation
from dicomsniff.dimse.scan.outline import DataSetOutline
from dicomsniff.findings.finding import LAST_PACKET, Severity
from dicomsniff.findings.grounds import reports
from dicomsniff.findings.parts import the_association, the_party, the_uid
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, final_rule
from dicomsniff.quantities import counted, of_all, some_of

_DUPLICATE_TRANSACTION = 0x0131
MAX_NAMED = 3
"""Failure reasons, and associations, that are named, the most frequent first; further ones are counted."""
MAX_INSTANCES = 2
"""Instances that are named; further ones are counted."""


@final_rule(code="commitment-failed", where=reports, severity=Severity.ERROR, follows=("peer:commitment-uid-reused",))
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
    own: dict[str, Operation] | None = None
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
            named = [each.uid for each in outline.referenced if each.sequence == FAILED]
            own = unstored_of(association) if own is None else own
            vain = _unstored(review, own, request, named)
            lists = len(named) == failed and failed < total and (failed == 1 or not vain)
            which = f" ({some_of(named, MAX_INSTANCES, the_uid)})" if lists else ""
            duplicate = _DUPLICATE_TRANSACTION in outline.failure_reasons
            twice = _twice(review, key_of(association, operation)) if duplicate else ""
            # Only that reason can come of a Transaction UID that was used before.
            since = 0 if duplicate else LAST_PACKET
            text = f"{said}{which}: {_reasons(outline)}{twice}{vain}"
            yield Hit(text, request.span, request, side=request.side, earliest_cause=since)


def _unstored(review: Review, own: dict[str, Operation], report: Message, failed: list[str]) -> str:
    """Say of the first of these instances whose C-STORE to the SCP failed before where that was, with which status."""
    provider = review.association.party(report.side).endpoint.address
    for instance in failed if review.known is not None else ():
        known = review.known.neighbours.unstored(provider, instance) if review.known is not None else None
        status, where, here = None, "", own.get(instance)
        if here is not None and here.side is not report.side and here.request.number < report.number:
            status = here.status
        if status is None and known is not None and known[0].start < review.association.start_time:
            status, where = known[1], f" in association {the_association(known[0].association)}"
        if status is not None:
            whose = "its C-STORE" if len(failed) == 1 else f"the C-STORE of {the_uid(instance)}"
            return f"; {whose}{where} had failed with 0x{status:04X}"
    return ""


def _twice(review: Review, transaction: str) -> str:
    """Say which associations have requests of one Transaction UID; two on the same one are told of already."""
    asked = [step for step in review.steps(Kind.COMMITMENT, transaction) if step.service == "N-ACTION"]
    where = dict.fromkeys(step.association for step in asked)
    if len(where) < len(asked[:2]):
        return ""
    named = [f"of association {the_association(each)}" for each in where]
    return f"; {len(asked)} requests have this one: {some_of(named, MAX_NAMED)}" if len(asked) > 1 else ""


def _reasons(outline: DataSetOutline) -> str:
    """`2 × 0x0112 (no such object instance), 0x0110 (processing failure)`."""
    common = sorted(outline.failure_reasons.items(), key=lambda pair: -pair[1])
    said = [(f"{count} × " if count > 1 else "") + failure_reason_text(reason) for reason, count in common[:MAX_NAMED]]
    if more := len(common) - MAX_NAMED:
        said += [f"and {counted(more, 'other reason')}"] if more > 0 else []
    return ", ".join(said) or "no Failure Reason (0008,1197) is given"
