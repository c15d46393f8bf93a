"""Rules on what was promised and what was reported: storage commitment, UPS subscriptions (PS3.4 §J.3, §CC.2)."""

from collections.abc import Iterator
from itertools import pairwise

from dicomsniff.association.instances import Kind, Step, Thread
from dicomsniff.dictionary.attribute_demands import TRANSACTION_UID
from dicomsniff.dictionary.normalized import GLOBAL_SUBSCRIPTIONS, SUBSCRIBE
from dicomsniff.dimse.scan.outline import named
from dicomsniff.findings.finding import CaptureFacts, CaptureRule, Hit, Severity
from dicomsniff.quantities import counted

_FAILURES_EXIST = 2
"""Event type of a report with failed instances (PS3.4 Table J.3-2)."""


def incomplete(facts: CaptureFacts) -> Iterator[Hit]:
    """A commitment report that does not tell of all instances that were asked for (PS3.4 §J.3.3.1.2)."""
    for thread in _threads(facts, Kind.COMMITMENT):
        asked = _asked(thread)
        for report in _reports(thread):
            told, wanted = _instances(report), _instances(asked[0]) if len(asked) == 1 else None
            if told is None or not wanted:
                continue
            where = _elsewhere(asked[0], report)
            if told != wanted:
                one = f"the commitment report tells of {counted(told, 'instance')}; {wanted} were asked for"
                yield _hit(report, f"{one}{where}")
            elif None not in (report.instances, asked[0].instances) and report.instances != asked[0].instances:
                yield _hit(report, f"the commitment report tells of other instances than those asked for{where}")


def transaction_differs(facts: CaptureFacts) -> Iterator[Hit]:
    """A commitment report under another Transaction UID than the request for the same instances (PS3.4 §J.3.3.1.2)."""
    for report, request in _strays(facts):
        if request is not None:
            name = named(TRANSACTION_UID)
            said = f"the commitment report names {name} {report.transaction}; N-ACTION-RQ {request.message}"
            yield _hit(report, f"{said}{_elsewhere(request, report)}, of the same instances, has {request.transaction}")


def transaction_unknown(facts: CaptureFacts) -> Iterator[Hit]:
    """A commitment report under a Transaction UID that no request in the capture has (PS3.4 §J.3.3.1.2)."""
    for report, request in _strays(facts):
        if request is None:
            said = f"the commitment report names {named(TRANSACTION_UID)} {report.transaction}"
            yield _hit(report, f"{said}, which no request in the capture has")


def _strays(facts: CaptureFacts) -> Iterator[tuple[Step, Step | None]]:
    """Yield reports that belong to no request, each with the only request without a report that is for the same."""
    threads = _threads(facts, Kind.COMMITMENT)
    accepted = [thread.steps[0] for thread in threads if _accepted(thread) and not list(_reports(thread))]
    for thread in threads:
        report = next(_reports(thread), None)
        if report is None or report.transaction is None or _asked(thread) or thread.unlisted or facts.links.unlisted:
            continue
        alike = [each for each in accepted if each.time < report.time and each.transaction and _same(each, report)]
        yield report, alike[0] if len(alike) == 1 else None


def _same(request: Step, report: Step) -> bool:
    """Whether a request and a report are about the same instances, as far as they are known."""
    counted_alike = _instances(request) == _instances(report) is not None
    return counted_alike and (None in (request.instances, report.instances) or request.instances == report.instances)


def other_event(facts: CaptureFacts) -> Iterator[Hit]:
    """A commitment report whose event type contradicts what it lists (PS3.4 Table J.3-2)."""
    for thread in _threads(facts, Kind.COMMITMENT):
        for report in _reports(thread):
            known = report.failed is not None and report.action in (1, _FAILURES_EXIST)
            if known and (report.action == _FAILURES_EXIST) is not bool(report.failed):
                fails = counted(report.failed or 0, "failed instance")
                yield _hit(report, f"the commitment report has event type {report.action} and lists {fails}")


def reused(facts: CaptureFacts) -> Iterator[Hit]:
    """A Transaction UID under which a commitment is asked for again (PS3.4 §J.3.2.1.2)."""
    for thread in _threads(facts, Kind.COMMITMENT):
        for first, again in pairwise(_asked(thread)[:2]):
            if not first.transaction or first.status is None:
                continue
            said = f"N-ACTION-RQ {again.message} asks for storage commitment under the {named(TRANSACTION_UID)} of"
            yield _hit(again, f"{said} N-ACTION-RQ {first.message}{_elsewhere(first, again)}, which was answered")


def unreported_subscription(facts: CaptureFacts) -> Iterator[Hit]:
    """A subscription to one step, and no event of it in the capture (PS3.4 §CC.2.3.3)."""
    for thread in _threads(facts, Kind.UPS):
        reported = thread.unlisted or any(step.service == "N-EVENT-REPORT" for step in thread.steps)
        wish = next((step for step in thread.steps if step.service == "N-ACTION" and step.action == SUBSCRIBE), None)
        granted = wish is not None and wish.category in ("Success", "Warning")
        if wish is not None and granted and not reported and thread.key not in GLOBAL_SUBSCRIPTIONS:
            said = f"the subscription to events of the unified procedure step {thread.key} was accepted"
            yield _hit(wish, f"{said}; its first event, due at once, is not in the capture")


def _threads(facts: CaptureFacts, kind: Kind) -> list[Thread]:
    return [thread for thread in facts.links.threads() if thread.kind is kind]


def _asked(thread: Thread) -> list[Step]:
    return [step for step in thread.steps if step.service == "N-ACTION"]


def _accepted(thread: Thread) -> bool:
    return any(step.status == 0 for step in _asked(thread))


def _reports(thread: Thread) -> Iterator[Step]:
    return (step for step in thread.steps if step.service == "N-EVENT-REPORT")


def _instances(step: Step) -> int | None:
    """Return how many instances a request or report names; None where its data set was not looked at."""
    return None if step.referenced is None else step.referenced + (step.failed or 0)


def _elsewhere(step: Step, other: Step) -> str:
    return "" if step.association == other.association else f" in association {step.association}"


def _hit(step: Step, said: str) -> Hit:
    return Hit(said, step.span, association=step.association, number=step.message)


RULES = (
    CaptureRule(
        "commitment-incomplete",
        Severity.WARNING,
        "PS3.4 §J.3.3.1.2",
        "A storage commitment report does not tell of all instances",
        "The report lists every instance of the request, as committed or as failed. Of one that is in neither list "
        "nobody knows whether it is safe.",
        "Keep the instances that the report leaves out; look at the provider.",
        incomplete,
    ),
    CaptureRule(
        "commitment-transaction-differs",
        Severity.WARNING,
        "PS3.4 §J.3.3.1.2",
        "A storage commitment report has another Transaction UID than its request",
        "The report repeats the Transaction UID of the request. With another one, the requestor does not know which "
        "instances are committed, and asks again or keeps them for ever.",
        "Look at how the provider makes its report.",
        transaction_differs,
    ),
    CaptureRule(
        "commitment-transaction-unknown",
        Severity.NOTE,
        "PS3.4 §J.3.3.1.2",
        "A storage commitment report belongs to no request in the capture",
        "The report repeats the Transaction UID of the request, so that the requestor can tell what is committed. The "
        "request may have been sent before the capture began, or on another path.",
        "Compare the Transaction UIDs of request and report; capture the request too.",
        transaction_unknown,
    ),
    CaptureRule(
        "commitment-event-type",
        Severity.WARNING,
        "PS3.4 §J.3.3.1.1, Table J.3-2",
        "The event type of a storage commitment report contradicts its lists",
        "Event type 1 says that all instances are committed, 2 that some are not. A requestor that goes by the type "
        "deletes instances that are not safe, or keeps ones that are.",
        "Look at the provider. Trust the list of failed instances.",
        other_event,
    ),
    CaptureRule(
        "commitment-uid-reused",
        Severity.WARNING,
        "PS3.4 §J.3.2.1.2",
        "A Transaction UID is used for a second storage commitment",
        "Once its request is refused or its report is sent, a Transaction UID is not used again. Otherwise nobody can "
        "tell which request a report answers.",
        "Let the requestor make a Transaction UID for every request.",
        reused,
    ),
    CaptureRule(
        "subscription-without-event",
        Severity.NOTE,
        "PS3.4 §CC.2.3.3",
        "A subscription was accepted and its first event is not in the capture",
        "Whoever subscribes to a Unified Procedure Step is told its state at once, on an association that the provider "
        "opens to the subscriber, or on the same one. The capture shows no such event.",
        "Capture longer, and at the subscriber. If no event comes, check that the provider knows its address.",
        unreported_subscription,
    ),
)
"""Rules on promises and reports, in the order in which they are asked."""
