"""Rules on what belongs together: retrievals, commitments, series of associations."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from dicomsniff.association.moves import Move
from dicomsniff.association.neighbours import host_of
from dicomsniff.association.normalized_links import Kind, Step, Workflow
from dicomsniff.dictionary.reasons import in_words, reject_reason_name
from dicomsniff.dictionary.statuses import status_text
from dicomsniff.dimse.scan.outline import named
from dicomsniff.findings.codes import NOT_CAPTURED
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import retrieves
from dicomsniff.findings.parts import the_address, the_association, the_key, the_title
from dicomsniff.findings.retrieve import (
    MAX_GOING_ON,
    explain_get,
    move_name,
    move_of,
    moved_nothing,
    why_in_sight,
    why_less,
)
from dicomsniff.findings.review import PATIENCE, Review
from dicomsniff.findings.rule import CaptureFacts, Hit, capture_rule, final_rule
from dicomsniff.quantities import counted, duration

EARLY = 100_000_000
"""ns after the final response to a C-MOVE from which on a C-STORE for it is late, and not only captured so."""
_CAME_OF = {"refused": "was refused", "unanswered": "got no answer"}
"""What came of a call by which an SCP did not reach anybody; of any other one, nothing was said on it."""
SINGLE_STORES = 5
"""Associations of a single C-STORE between the same ends from which on they are worth a word."""


@capture_rule(code="retrieve-explained", severity=Severity.NOTE)
def retrieve_explained(facts: CaptureFacts) -> Iterator[Hit]:
    """Why a C-MOVE brought less than was asked for: a hypothesis.

    A C-MOVE involves three parties: the SCU that asks, the SCP, and the destination to which the SCP stores on an
    association of its own. What the capture shows of that association, or of the attempt to open it, gives the
    likeliest reason. It is judged by Move Originator, AE titles, addresses and time.

    What to do: Look at the association or the attempt named. If the capture cannot see the SCP's way to the
    destination, capture at the SCP.
    """
    for move in facts.links.moves():
        # What the capture shows is told of the association that asked.
        if not moved_nothing(move) and not why_in_sight(move) and (said := why_less(move)):
            yield _about(move, f"{move_name(move)}: {said}")


@final_rule(code="destination-failed", where=retrieves, severity=Severity.WARNING, follows=NOT_CAPTURED)
def destination_failed(review: Review) -> Iterator[Hit]:
    """A C-MOVE brought less because of its destination.

    The SCP of a C-MOVE sends the objects on an association of its own to the destination. That one, which the capture
    shows too, was refused or broken off, or the destination refused the objects; or the SCP does not know the
    destination at all, or nothing listens there. The status of the C-MOVE is the consequence. Which association or call
    is meant is judged by Move Originator, AE titles, addresses and time.

    What to do: Look at the association named, and at the destination: the AE titles, SOP classes and transfer syntaxes
    that it takes.
    """
    for operation in review.association.operations.operations:
        if operation.name == "C-MOVE" and review.known is not None and operation.category != "Success":
            move = move_of(review, operation, islice(review.known.refused, MAX_GOING_ON))
            if move is not None and (said := why_in_sight(move)):
                about = operation.final or operation.request
                yield Hit(f"{move_name(move)}: {said}", about.span, about)


@capture_rule(code="move-without-objects", severity=Severity.NOTE)
def nothing_moved(facts: CaptureFacts) -> Iterator[Hit]:
    """A C-MOVE succeeded without moving anything.

    The final response says success and counts no sub-operation, and the capture shows no C-STORE for it. Either no
    object matched the identifier, which is a success, or the SCP does not count what it could not send.

    What to do: Query for the same keys with C-FIND. If objects match, look at the SCP's log: destinations, SOP
    classes and transfer syntaxes it can send there.
    """
    moves = facts.links.moves()
    brought: dict[tuple[str | None, ...], Move] = {}
    for each in moves:
        if each.listed is None and (each.kept or each.counters.get("completed")):
            brought.setdefault(_ends(each), each)
    for move in moves:
        if moved_nothing(move):
            said = f"{move_name(move)} says success; it counts no object and none was sent"
            yield _about(move, said + _list_in_vain(move, brought.get(_ends(move))))


def _ends(move: Move) -> tuple[str | None, ...]:
    return move.originator, move.provider, move.destination


def _list_in_vain(move: Move, good: Move | None) -> str:
    """Say how many UIDs a C-MOVE lists, and where one of the same system for a single UID brought something."""
    if move.listed is None:
        return ""
    tag, count = move.listed
    text = f"; it lists {count} values of {named(tag)}"
    if good is None:
        return text
    return f"{text}, and one without a list, in association {the_association(good.association)}, brought something"


@capture_rule(code="move-passed-on", severity=Severity.WARNING)
def passed_on(facts: CaptureFacts) -> Iterator[Hit]:
    """The SCP of a C-MOVE asked another system for the same, in vain.

    An archive may pass a C-MOVE on: while it was asked to move something to a destination, it asked another system to
    move something there, and that failed. A note where it told so; a warning where it answered with Success all the
    same, so that nobody learns of it. That both are about the same is judged by time, address and destination.

    What to do: Look at the association named, and at how the SCP is set to pass retrievals on.
    """
    moves = facts.links.moves()
    sources = {each.association: each.ends.source for each in facts.neighbours} if moves else {}
    failed: dict[tuple[str | None, ...], list[Move]] = {}
    for each in moves:
        if each.category == "Failure" and each.destination:
            asking = sources.get(each.association), each.originator
            failed.setdefault((*asking, each.destination), []).append(each)
    for some in failed.values():
        some.sort(key=_start)
    for move in moves:
        others = failed.get((move.provider, move.provider_title, move.destination), [])
        since = bisect_left(others, move.start, key=_start)
        meanwhile = (each for each in islice(others, since, since + MAX_GOING_ON) if each.start <= (move.end or 0))
        first = next((each for each in meanwhile if each.association != move.association), None)
        if first is None:
            continue
        who, whom = (the_title(str(each.provider_title or each.provider)) for each in (move, first))
        asked = f"asked {whom} to move to the same destination in association {the_association(first.association)}"
        why = status_text("C-MOVE", None, first.status or 0)
        hides = move.category == "Success" and not move.sent and not move.counters.get("completed")
        text = f"{move_name(move)}: meanwhile {who} {asked}, which failed: {why}"
        text += f"; {who} answered with Success all the same" if hides else ""
        yield _about(move, text)._replace(severity=None if hides else Severity.NOTE)


def _start(move: Move) -> int:
    return move.start


@capture_rule(code="move-answered-early", severity=Severity.WARNING)
def answered_early(facts: CaptureFacts) -> Iterator[Hit]:
    """A C-MOVE is answered before its objects are sent.

    The final response comes when all sub-operations are over. This SCP said Success first, and sent the objects on an
    association that it opened only then: whoever asked cannot know whether they arrive.

    What to do: Look at the SCP, which may only queue what is asked of it. At the requestor, wait for the objects.
    """
    for move in facts.links.moves():
        begun = [each for each in move.deliveries if not each.guessed and each.stores.asked]
        first = min(begun, key=lambda each: each.stores.first_time, default=None)
        if move.end is None or move.category != "Success" or move.end < move.start:  # the clock was set back
            continue
        if first is None or first.stores.first_time <= move.end + EARLY:
            continue
        who = the_title(str(move.provider_title or move.provider))
        late = duration(first.stores.first_time - move.end)
        where = f"association {the_association(first.association)}"
        yield _about(
            move, f"{who} answered with Success {late} before it sent the first object ({where}): {move_name(move)}"
        )


@capture_rule(code="move-delivery-not-seen", severity=Severity.NOTE)
def delivery_not_seen(facts: CaptureFacts) -> Iterator[Hit]:
    """The objects of a C-MOVE are missing from the capture.

    The response counts objects as moved, and the capture holds no C-STORE that belongs to it. The SCP reaches the
    destination on a path this capture does not see, or over TLS.

    What to do: Capture at the SCP or at the destination to see them.
    """
    for move in facts.links.moves():
        said = move.counters.get("completed", 0) + move.counters.get("warning", 0)
        if said and not move.sent and not move.partial:
            yield _about(
                move,
                f"{move_name(move)} counts {counted(said, 'object')}; no C-STORE for this is in the capture",
            )


@capture_rule(code="move-originator-wrong", severity=Severity.NOTE)
def own_title(facts: CaptureFacts) -> Iterator[Hit]:
    """The SCP of a C-MOVE names itself as Move Originator.

    Move Originator Application Entity Title (0000,1030) is the title of whoever invoked the C-MOVE. With another one
    the destination cannot tell what a delivery answers.

    What to do: Harmless unless the destination sorts by it.
    """
    for move in facts.links.moves():
        if any("its own title" in delivery.how for delivery in move.deliveries):
            provider = the_title(str(move.provider_title))
            yield _about(
                move,
                f"{provider} names itself as Move Originator; the C-MOVE came from {the_title(str(move.originator))}",
            )


@capture_rule(code="move-to-other-host", severity=Severity.NOTE)
def to_other_host(facts: CaptureFacts) -> Iterator[Hit]:
    """The objects of a C-MOVE went to another host of the same AE title.

    Whoever asked named its own AE title as the destination, and the SCP sent the objects to another address. The
    response says success, and at the one who asked nothing arrives, where two hosts use one title or the SCP has an
    old address for it. A host with several addresses is sound.

    What to do: Compare the address that the SCP has configured for the title with that of the host that asks.
    """
    moves = [each for each in facts.links.moves() if each.destination and each.destination == each.originator]
    sources = {each.association: each.ends.source for each in facts.neighbours} if moves else {}
    for move in moves:
        source = sources.get(move.association)
        elsewhere = [each for each in move.deliveries if each.stores.kept and not each.guessed]
        if source is None or not elsewhere or any(host_of(each.target) == source for each in elsewhere):
            continue
        where = ", ".join(dict.fromkeys(the_address(each.target) for each in elsewhere))
        sent = counted(sum(each.stores.kept for each in elsewhere), "object")
        asked = f"{the_title(str(move.destination))} at {the_address(source)} asked for itself"
        yield _about(move, f"{move_name(move)}: {asked}, and {sent} went to {where}")


@final_rule(code="get-explained", where=retrieves, severity=Severity.NOTE)
def get_explained(review: Review) -> Iterator[Hit]:
    """Why a C-GET brought less than was asked for: a hypothesis.

    A C-GET delivers its objects on the association on which it is asked, with the roles reversed: the requestor must
    have been accepted as SCP of each storage SOP class it wants to get.

    What to do: Propose the storage SOP classes with the SCP role, and transfer syntaxes the SCP can send.
    """
    for operation in review.association.operations.operations:
        if operation.name == "C-GET" and (said := explain_get(review.association, operation)):
            yield Hit(f"C-GET: {said}", operation.request.span, operation.request)


@final_rule(code="get-without-objects", where=retrieves, severity=Severity.NOTE)
def got_nothing(review: Review) -> Iterator[Hit]:
    """A C-GET succeeded without bringing anything.

    The final response says success, and no C-STORE came within the operation. Either no object matched the identifier,
    which is a success, or the SCP does not count what it could not send.

    What to do: Query for the same keys with C-FIND. If objects match, compare their SOP classes with the contexts that
    were accepted with the SCP role.
    """
    association = review.association
    if association.has_holes or association.unlisted:
        return
    for operation in association.operations.operations:
        final = operation.final if operation.name == "C-GET" and operation.status == 0 else None
        if final is not None and not operation.sub_operations and not any(operation.counters.values()):
            text = "the C-GET succeeded and brought no object: nothing matched, or nothing could be sent"
            yield Hit(text, final.span, final)


@final_rule(code="get-count-differs", where=retrieves, severity=Severity.WARNING)
def get_count_differs(review: Review) -> Iterator[Hit]:
    """A C-GET-RSP does not count what was stored.

    Every C-STORE of a C-GET travels on the same association, so that the counters of the response can be compared with
    what the requestor answered. They differ: one side lost count of an object.

    What to do: Compare the instances stored with those the requestor kept, and report it to the SCP's maker.
    """
    if review.association.has_holes or review.association.unlisted:
        return
    for operation in review.association.operations.operations:
        counters = operation.counters if operation.name == "C-GET" else {}
        if operation.final is None or "completed" not in counters:
            continue
        stored: Counter[str] = operation.stored or Counter()
        said = counters["completed"] + counters.get("warning", 0)
        kept = stored["Success"] + stored["Warning"]
        if said != kept:
            yield Hit(
                f"the C-GET-RSP counts {counted(said, 'object')} as stored; {kept} were",
                operation.final.span,
                operation.final,
            )


@capture_rule(code="commitment-not-reported", severity=Severity.WARNING)
def unreported(facts: CaptureFacts) -> Iterator[Hit]:
    """The report of a storage commitment is missing from the capture.

    The request was accepted. The report may come hours later, on the same association or on one that the SCP opens
    to the requestor's port: then this is a note. A warning where the SCP called and reached nobody.

    What to do: Capture longer. If the sender never gets it, check that the SCP knows the sender's address and
    port.
    """
    for workflow in _commitments(facts):
        asked = [step for step in workflow.steps if step.service == "N-ACTION" and step.status == 0]
        reported = workflow.unlisted or any(step.service == "N-EVENT-REPORT" for step in workflow.steps)
        if asked and not reported:
            key = the_key(workflow.key, asked[0].association)
            said = f"storage commitment {key} was accepted; its report is missing from the capture"
            first = asked[0]
            came_of_it, severity = _called_back(facts, first)
            text = said + came_of_it
            yield Hit(text, first.span, association=first.association, number=first.message, severity=severity)


def _called_back(facts: CaptureFacts, asked: Step) -> tuple[str, Severity]:
    """Say what came of the SCP's calls to the requestor for its report; a warning if it reached nobody."""
    first = next((each for each in facts.neighbours if each.association == asked.association), None)
    if first is None:
        return "", Severity.NOTE
    ends = host_of(first.ends.target), first.ends.source
    back = [
        each
        for each in facts.neighbours
        if (each.ends.source, host_of(each.ends.target)) == ends and each.start >= asked.time
    ]
    in_vain = [
        each
        for each in facts.links.unconnected()
        if (each.source, host_of(each.target)) == ends and each.time >= asked.time
        and (each.how != "unanswered" or each.waited >= PATIENCE)
    ]  # fmt: skip
    if in_vain and not back:
        often = f" ({len(in_vain)} times)" if len(in_vain) > 1 else ""
        how = _CAME_OF.get(in_vain[0].how, "said nothing")
        where = the_address(in_vain[0].target)
        return f"; the SCP then tried to connect to {where}{often}, which {how}", Severity.WARNING
    troubled = next((each for each in back if each.trouble), None)
    if troubled is None:
        return "", Severity.NOTE
    why = in_words(reject_reason_name(*troubled.refused)) if troubled.refused else ""
    what = f"which was rejected: {why}" if why else "which was in trouble"
    where = the_association(troubled.association)
    return f"; the SCP called back in association {where}, {what}", Severity.NOTE


@capture_rule(code="association-per-object", severity=Severity.NOTE)
def association_per_image(facts: CaptureFacts) -> Iterator[Hit]:
    """Every object travels on an association of its own.

    Opening, negotiating and releasing an association costs several round trips and the acceptor's time to set up. One
    association can carry any number of objects.

    What to do: Let the sender keep its association open for the objects of a study or series.
    """
    for series in facts.links.series():
        if series.single_stores >= SINGLE_STORES and 2 * series.single_stores > series.associations:
            calling = the_title(series.calling_ae_title) if series.calling_ae_title else the_address(series.source)
            called = the_title(series.called_ae_title) if series.called_ae_title else the_address(series.target)
            who = f"{calling} opens an association for every object"
            # They may run side by side, so that their sum says more than there was time.
            cost = f"each spent {duration(series.overhead // series.associations)} on that"
            yield Hit(
                f"{who}: {series.single_stores} to {called}; {cost}",
                association=series.first_association,
            )


def _commitments(facts: CaptureFacts) -> list[Workflow]:
    return [workflow for workflow in facts.links.workflows() if workflow.kind is Kind.COMMITMENT]


def _about(move: Move, text: str) -> Hit:
    return Hit(text, move.span, association=move.association, number=move.message)
