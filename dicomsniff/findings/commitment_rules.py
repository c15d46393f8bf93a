"""Rules on storage commitment: whether a report fits its request, on whatever association that was (PS3.4 §J.3)."""

from collections.abc import Iterator
from itertools import islice

from dicomsniff.association.moves import JITTER
from dicomsniff.association.normalized_links import Kind, Step, steps_of
from dicomsniff.dictionary.attribute_demands import TRANSACTION_UID
from dicomsniff.dimse.scan.outline import named
from dicomsniff.findings.codes import FRAGMENTS, FRAMING, NOT_CAPTURED, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import has_normalized, reports
from dicomsniff.findings.parts import the_association, the_party, the_request, the_uid
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, final_rule
from dicomsniff.quantities import counted, some_of

MAX_COMMITMENTS_BEFORE = 64
"""Earlier commitments among which the request of a report under another Transaction UID is looked for."""
MAX_NAMED = 2
"""Instances that a finding names; further ones are counted."""
_ALL_COMMITTED, _FAILURES_EXIST = 1, 2
"""Event types of reports (PS3.4 Table J.3-2)."""


_BEFORE = (*by("own", *FRAMING, *FRAGMENTS), *NOT_CAPTURED)


@final_rule(code="commitment-incomplete", where=reports, severity=Severity.WARNING, follows=_BEFORE)
def incomplete(review: Review) -> Iterator[Hit]:
    """A storage commitment report does not list all instances.

    The report lists every instance of the request, as committed or as failed. If an instance is in neither list, nobody
    knows whether it is safe.

    What to do: Keep the instances that the report leaves out. Look at the SCP's log.
    """
    for report in _reports(review):
        requests = _requests(review, report)
        told, wanted = _instances(report), _instances(requests[0]) if len(requests) == 1 else None
        if told is None or not wanted:
            continue
        asked = f"{_name(requests[0])}{_where(requests[0], report)}"
        if told < wanted:
            left_out = "1 is" if wanted - told == 1 else f"{wanted - told} are"
            said = f"reports on {told or 'none'} of the {counted(wanted, 'instance')} that {asked} asked for"
            missing = [the_uid(uid) for uid in requests[0].few if uid not in report.few]
            which = f" ({some_of(missing, MAX_NAMED)})" if len(missing) == wanted - told else ""
            yield _hit(review, report, f"{said}: {left_out} neither committed nor failed{which}")
        elif told > wanted:
            said = f"reports on the commitment of {counted(told, 'instance')}; {asked} asked for {wanted}"
            yield _hit(review, report, said)
        elif None not in (report.instances, requests[0].instances) and report.instances != requests[0].instances:
            yield _hit(review, report, f"reports on the commitment of other instances than {asked} asked for")


@final_rule(code="commitment-transaction-differs", where=reports, severity=Severity.WARNING, follows=_BEFORE)
def transaction_differs(review: Review) -> Iterator[Hit]:
    """A storage commitment report has another Transaction UID than its request.

    The report repeats the Transaction UID of the request. With another one, the requestor does not know which instances
    are committed, and asks again or keeps them forever.

    What to do: Look at how the SCP makes its report.
    """
    for report, request in _strays(review):
        if request is not None:
            theirs, asked_under = the_uid(str(report.transaction)), the_uid(str(request.transaction))
            said = f"reports storage commitment under {named(TRANSACTION_UID)} {theirs}"
            which = f"{_name(request)}{_where(request, report)}"
            yield _hit(review, report, f"{said}; {which}, of as many instances, has {asked_under}")


@final_rule(code="commitment-transaction-unknown", where=reports, severity=Severity.NOTE, follows=_BEFORE)
def transaction_unknown(review: Review) -> Iterator[Hit]:
    """A storage commitment report belongs to no request in the capture.

    The report repeats the Transaction UID of the request, so that the requestor can tell what is committed. The request
    may have been sent before the capture began, or on another path.

    What to do: Compare the Transaction UIDs of request and report; capture the request too.
    """
    for report, request in _strays(review):
        if request is None:
            said = f"reports storage commitment under {named(TRANSACTION_UID)} {the_uid(str(report.transaction))}"
            yield _hit(review, report, f"{said}, which no request in the capture has")


@final_rule(code="commitment-event-type", where=reports, severity=Severity.WARNING, follows=_BEFORE)
def other_event(review: Review) -> Iterator[Hit]:
    """The event type of a storage commitment report contradicts its lists.

    Event type 1 says that all instances are committed, 2 that some are not. A requestor that goes by the type deletes
    instances that are not safe, or keeps ones that are.

    What to do: Look at the SCP. Trust the list of failed instances.
    """
    for report in _reports(review):
        known = report.failed is not None and report.action in (_ALL_COMMITTED, _FAILURES_EXIST)
        if known and (report.action == _FAILURES_EXIST) is not bool(report.failed):
            fails = counted(report.failed or 0, "failed instance")
            yield _hit(review, report, f"reports storage commitment with event type {report.action} and {fails}")


@final_rule(code="commitment-uid-reused", where=has_normalized, severity=Severity.WARNING, follows=_BEFORE)
def reused(review: Review) -> Iterator[Hit]:
    """A Transaction UID is used for a second storage commitment.

    Once its request is refused or its report is sent, a Transaction UID is not used again. Otherwise nobody can tell
    which request a report answers.

    What to do: Let the requestor make a Transaction UID for every request.
    """
    told = set()
    for kind, key, again in steps_of(review.association):
        asks = kind is Kind.COMMITMENT and again.service == "N-ACTION"
        if not asks or not again.transaction or key in told:
            continue
        earlier = (step for step in review.steps(kind, key) if step.service == "N-ACTION" and step.time < again.time)
        first = next((step for step in earlier if step.status is not None), None)
        if first is not None:
            told.add(key)
            said = f"asks for storage commitment by {_name(again)} under the same {named(TRANSACTION_UID)} as"
            yield _hit(review, again, f"{said} {_name(first)}{_where(first, again)}, which was answered")


def _reports(review: Review) -> Iterator[Step]:
    """Yield the reports on an association that name a Transaction UID."""
    if review.association.message_counts.requests["N-EVENT-REPORT"]:
        for kind, _, step in steps_of(review.association):
            if kind is Kind.COMMITMENT and step.service == "N-EVENT-REPORT" and step.transaction:
                yield step


def _requests(review: Review, report: Step) -> list[Step]:
    """Return the requests before a report under its Transaction UID, on this association and others."""
    steps = review.steps(Kind.COMMITMENT, report.transaction or "")
    return [step for step in steps if step.service == "N-ACTION" and step.time <= report.time + JITTER]


def _strays(review: Review) -> Iterator[tuple[Step, Step | None]]:
    """Yield reports without a request in the capture, each with the only request that it may be meant for."""
    for report in _reports(review):
        if review.known is None or not review.known.knows_all or _requests(review, report):
            continue
        latest = islice(review.known.links.latest_workflows(Kind.COMMITMENT), MAX_COMMITMENTS_BEFORE)
        over = [workflow.steps for workflow in latest]
        others = [steps for (kind, _), steps in review.unfinished.items() if kind is Kind.COMMITMENT]
        before = [step for steps in (*over, *others) for step in steps if step.time < report.time]
        reported = {step.transaction for step in before if step.service == "N-EVENT-REPORT"}
        open_then = [step for step in before if step.service == "N-ACTION" and step.status == 0
                     and step.transaction and step.transaction not in reported]  # fmt: skip
        alike = [step for step in open_then if _same(step, report)]
        yield report, alike[0] if len(alike) == 1 else None


def _same(request: Step, report: Step) -> bool:
    """Whether a request and a report are about the same instances, as far as they are known."""
    as_many = _instances(request) == _instances(report) is not None
    return as_many and (None in (request.instances, report.instances) or request.instances == report.instances)


def _instances(step: Step) -> int | None:
    """Return how many instances a request or report names; None where its data set was not looked at."""
    return None if step.referenced is None else step.referenced + (step.failed or 0)


def _name(request: Step) -> str:
    return the_request(request.service, request.message_id, request.message)


def _where(step: Step, other: Step) -> str:
    return "" if step.association == other.association else f" of association {the_association(step.association)}"


def _hit(review: Review, step: Step, said: str) -> Hit:
    who = the_party(review.association.party(step.side))
    return Hit(f"{who} {said}", step.span, number=step.message, side=step.side)
