"""Rules on one SOP instance over time, wherever it was worked on: created, changed, ended (PS3.4 §F.7.2, §CC.2)."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from dicomsniff.association.normalized_links import (
    Kind,
    Step,
    Workflow,
    instance_of,
    key_of,
    kind_of,
    unknown_instance,
)
from dicomsniff.dictionary.attribute_demands import IMAGE_BOX_SEQUENCE, MPPS_ENDED, TRANSACTION_UID, UPS_ENDED
from dicomsniff.dictionary.commands import ACTION_TYPE_ID
from dicomsniff.dictionary.normalized import (
    CHANGE_STATE,
    FILM_BOX,
    FILM_SESSION,
    GLOBAL_SUBSCRIPTIONS,
    IMAGE_BOXES,
    MPPS,
    SUBSCRIBE,
    UPS_CLASSES,
)
from dicomsniff.dictionary.statuses import DONE, status_text
from dicomsniff.dimse.operations import Operation, operations_before
from dicomsniff.dimse.scan.outline import named
from dicomsniff.findings.codes import ANSWERS_LACKING, FRAGMENTS, FRAMING, NOT_CAPTURED, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import has_normalized
from dicomsniff.findings.parts import the_association, the_class, the_key, the_party, the_request, the_uid
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import CaptureFacts, Hit, capture_rule, final_rule
from dicomsniff.quantities import counted, some_of

_NO_SUCH_INSTANCE = (0x0112, 0xC307)
"""No such SOP instance (PS3.7 §C.5.14); not a UPS instance of this SCP (PS3.4 Table CC.2.1-2)."""
_DUPLICATE = 0x0111
"""Duplicate SOP instance (PS3.7 §C.5.8)."""
_OVER = (0xC300, 0xC311)
"""The step may no longer be updated; it is COMPLETED already (PS3.4 Tables CC.2.1-2 and CC.2.2-2)."""
_CLAIMED = 0xC302
"""The step is IN PROGRESS already (PS3.4 Table CC.2.1-2)."""
_NOT_MET = 0xC304
"""The final state requirements are not met (PS3.4 Table CC.2.1-2)."""
_WRONG_TRANSACTION = 0xC301
"""The correct Transaction UID was not provided (PS3.4 Table CC.2.1-2)."""
_CREATED = frozenset([MPPS, FILM_SESSION, FILM_BOX, *IMAGE_BOXES, *UPS_CLASSES])
"""SOP classes whose instances are there after an N-CREATE only."""
MAX_BOXES = 2
"""Image boxes of a film box that are named; further ones are counted."""
_ENDED = {Kind.MPPS: MPPS_ENDED, Kind.UPS: UPS_ENDED}


_BEFORE = (*by("own", *FRAMING, *FRAGMENTS), *NOT_CAPTURED)


@final_rule(
    code="instance-not-created",
    where=has_normalized,
    severity=Severity.WARNING,
    follows=(*_BEFORE, *by("peer", *ANSWERS_LACKING)),
)
def not_created(review: Review) -> Iterator[Hit]:
    """A request names an instance that was not created.

    The receiver knows no such instance, and the capture shows no N-CREATE that made it: none was sent, it failed, or it
    was sent before the capture began. What is created for a print lives as long as its association: a film session, its
    film boxes and their image boxes are gone when it ends.

    What to do: See at the sender whether the N-CREATE was sent, to the same receiver, and with the same SOP Instance
    UID.
    """
    operations = review.association.operations.normalized
    made = _made_by(operations if any(each.status in _NO_SUCH_INSTANCE for each in operations) else ())
    for operation in operations:
        if operation.status in _NO_SUCH_INSTANCE and not made.session and _is_film_without(review, operation):
            yield _hit(review, operation, "for a Basic Film Box; no film session was created on this association")
        instance = instance_of(operation) if operation.request.command.requested_sop_class_uid in _CREATED else None
        if instance is None or instance in GLOBAL_SUBSCRIPTIONS:
            continue
        failed = _failed_creation(review, operation)
        if failed is not None and operation.category == "Failure":
            why = status_text(failed.service, failed.sop_class_uid, failed.status or 0)
            said = f"for a {_kind(operation)} whose N-CREATE failed with {why}{_where(review, failed)}"
            yield _hit(review, operation, said)
        elif (
            failed is None
            and operation.status in _NO_SUCH_INSTANCE
            and not (made.anything or instance in made.instances)
            and not _may_be_created(review, operation, instance)
        ):
            where = "on this association" if kind_of(operation) is Kind.PRINT else "in the capture"
            said = f"for the {_kind(operation)} {the_uid(instance)}, which no N-CREATE {where} has created"
            yield _hit(review, operation, said + _created_instead(review, operation))


@final_rule(
    code="instance-named-otherwise",
    where=has_normalized,
    severity=Severity.WARNING,
    follows=(*by("peer", *FRAMING, *FRAGMENTS), *NOT_CAPTURED, "own:response-about-another"),
)
def named_otherwise(review: Review) -> Iterator[Hit]:
    """A receiver knows an instance by another UID than its creator.

    The N-CREATE named its instance, and the response another one. The creator goes on with the UID that it chose; the
    receiver knows only its own, and refuses that one (0112H).

    What to do: Look at the receiver: it must keep the SOP Instance UID of the request. As a workaround, let the sender
    use the UID of the response.
    """
    for operation in review.association.operations.normalized:
        instance = operation.request.command.requested_sop_instance_uid
        if operation.status not in _NO_SUCH_INSTANCE or instance is None:
            continue
        for each in operations_before(review.association.operations.normalized, operation.request.span.first_packet):
            created = each.name == "N-CREATE" and each.request.command.affected_sop_instance_uid == instance
            other = each.final.command.affected_sop_instance_uid if each.final is not None else None
            if created and other not in (None, instance) and each.category in DONE:
                who = the_party(review.association.party(operation.side.other))
                asked = the_request("N-CREATE", each.request.command.message_id, each.request.number)
                refused = f"refuses {operation.request.name} for the {_kind(operation)} {the_uid(instance)}"
                text = f"{who} {refused}, to which it had given the UID {the_uid(str(other))} in its answer to {asked}"
                yield Hit(text, operation.request.span, operation.request, side=operation.side.other)
                break


@final_rule(code="instance-deleted", where=has_normalized, severity=Severity.WARNING, follows=_BEFORE)
def deleted(review: Review) -> Iterator[Hit]:
    """A request names an instance that was deleted before.

    The receiver knows the instance no more (0112H), because an N-DELETE on the same association deleted it, or what it
    belonged to: with a film session go its film boxes, with a film box its image boxes.

    What to do: Let the sender delete only what it is done with: after N-ACTION (Print), not before.
    """
    for operation in review.association.operations.normalized:
        if operation.status in _NO_SUCH_INSTANCE and (deletion := _deletion(review, operation)) is not None:
            command = deletion.request.command
            what = the_class(command.requested_sop_class_uid).removesuffix(" SOP Class")
            by = the_request(deletion.name, command.message_id, deletion.request.number)
            same = instance_of(deletion) == instance_of(operation)
            how = f"that {by} had deleted" if same else f"; {by} had deleted the {what} that it belonged to"
            yield _hit(review, operation, f"for a {_kind(operation)}{' ' if same else ''}{how}")


@final_rule(code="instance-created-twice", where=has_normalized, severity=Severity.WARNING, follows=_BEFORE)
def created_twice(review: Review) -> Iterator[Hit]:
    """An instance is created that was created before.

    An N-CREATE names its instance by a UID of its own. The receiver has one of that UID already, and refuses the
    second (0111H).

    What to do: Let the sender change the instance by N-SET, or create another one under a new UID.
    """
    for operation in _of_kinds(review, tuple(_ENDED)):
        if operation.name != "N-CREATE" or operation.status != _DUPLICATE:
            continue
        first = next((step for step in _before(review, operation) if _creates(step)), None)
        if first is not None:
            since = f"that {_request(review, first)} had created"
            yield _hit(review, operation, f"for a {_kind(operation)} {since}")


@final_rule(code="step-already-ended", where=has_normalized, severity=Severity.WARNING, follows=_BEFORE)
def changed_after_end(review: Review) -> Iterator[Hit]:
    """A procedure step is changed after its end.

    Once a step is COMPLETED, DISCONTINUED or CANCELED, nobody may change it; receivers refuse later changes.

    What to do: Let the sender put all of it into the N-SET that ends the step, or before that.
    """
    for operation in _of_kinds(review, tuple(_ENDED)):
        kind = kind_of(operation)
        if kind is None or not (_changes(operation) or operation.status in _OVER):
            continue
        end = next((step for step in _before(review, operation) if _ends(kind, step)), None)
        if end is not None:
            since = f"for a {_kind(operation)} that is {end.state} since {_request(review, end)}"
            yield _hit(review, operation, since)


@final_rule(code="step-already-claimed", where=has_normalized, severity=Severity.NOTE, follows=_BEFORE)
def claimed_before(review: Review) -> Iterator[Hit]:
    """A step is claimed that somebody had claimed before.

    A Unified Procedure Step has one performer: whoever makes it IN PROGRESS first. The receiver refuses later claims
    (C302H), also those of the same performer.

    What to do: Query the worklist again; another performer works on this step. If the same one claims it twice, let it
    keep what it has claimed.
    """
    for operation in _of_kinds(review, (Kind.UPS,)):
        claim = next((step for step in _before(review, operation) if _claims(step)), None)
        if operation.status == _CLAIMED and claim is not None:
            yield _hit(review, operation, f"for a {_kind(operation)} that {_request(review, claim)} had claimed")


@final_rule(
    code="transaction-of-other-claim",
    where=has_normalized,
    severity=Severity.WARNING,
    follows=(*_BEFORE, "own:attribute-missing"),
)
def other_transaction(review: Review) -> Iterator[Hit]:
    """A step is changed without the Transaction UID of its claim.

    Whoever makes a Unified Procedure Step IN PROGRESS chooses a Transaction UID, and sends it with every change from
    then on. The receiver refuses changes without it (C301H).

    What to do: Let the performer keep the Transaction UID; others may ask for a cancel with Request UPS Cancel.
    """
    for operation in _of_kinds(review, (Kind.UPS,)):
        if operation.status != _WRONG_TRANSACTION:
            continue
        claim = next((step for step in _before(review, operation) if _claims(step)), None)
        own = next((step for step in _thread(review, operation) if _is(step, operation, review)), None)
        if claim is None or own is None or not claim.transaction or own.transaction == claim.transaction:
            continue
        if own.transaction or operation.name == "N-SET":  # an N-ACTION without it is told as that
            given = (
                f"with another {named(TRANSACTION_UID)} than" if own.transaction else "without the Transaction UID of"
            )
            how = f"{given} {_request(review, claim)}, which claimed the step"
            yield _hit(review, operation, how)


@final_rule(code="step-not-filled-in", where=has_normalized, severity=Severity.WARNING, follows=_BEFORE)
def not_filled_in(review: Review) -> Iterator[Hit]:
    """A step is to end that was not filled in.

    A Unified Procedure Step ends only when its attributes hold what is required at its end, such as what was performed
    (Unified Procedure Step Performed Procedure Sequence). The performer sends that by N-SET after it has claimed the
    step. Reported where the change was refused for that (C304H) and no N-SET came since the claim.

    What to do: Let the performer send N-SET with the Final State attributes before it changes the state.
    """
    for operation in _of_kinds(review, (Kind.UPS,)):
        if operation.status != _NOT_MET or operation.name != "N-ACTION":
            continue
        before = _before(review, operation)
        claim = next((step for step in before if _claims(step)), None)
        if claim is None or any(step.service == "N-SET" and step.category in DONE for step in before):
            continue
        own = next((step for step in _thread(review, operation) if _is(step, operation, review)), None)
        to = f" to make it {own.state}" if own is not None and own.state in UPS_ENDED else ""
        since = f"since {_request(review, claim)}, which claimed it, no N-SET has filled it in"
        yield _hit(review, operation, f"for a {_kind(operation)}{to}; {since}")


@capture_rule(code="step-beginning-not-seen", severity=Severity.NOTE)
def beginning_not_seen(facts: CaptureFacts) -> Iterator[Hit]:
    """The N-CREATE of a performed procedure step is missing from the capture.

    A modality creates its step by N-CREATE when it begins, and changes it by N-SET. The capture shows an N-SET that was
    answered with success, and no N-CREATE before it: that was sent before the capture began, or on another path. If
    neither is so, the receiver took a change of a step that it cannot know.

    What to do: Compare with the receiver's log. Capture from the beginning of an examination.
    """
    unseen = []
    for workflow in facts.links.workflows():
        if workflow.kind is not Kind.MPPS or workflow.unlisted or _is_unnamed(workflow):
            continue
        if any(step.service == "N-CREATE" for step in workflow.steps):
            continue
        change = next((each for each in workflow.steps if each.service == "N-SET" and each.category in DONE), None)
        if change is not None:
            unseen.append((workflow.key, change))
    if unseen:
        key, first = unseen[0]
        name, step = the_request("N-SET", first.message_id, first.message), the_key(key, first.association)
        said = f"{name} changes the modality performed procedure step {step}, with success"
        more = f", nor of {counted(len(unseen) - 1, 'other step')}" if len(unseen) > 1 else ""
        text = f"{said}; no N-CREATE of it is in the capture{more}"
        yield Hit(text, first.span, association=first.association, number=first.message)


def _is_unnamed(workflow: Workflow) -> bool:
    return workflow.key == unknown_instance(workflow.steps[0].association)


@capture_rule(code="subscription-without-event", severity=Severity.NOTE)
def unreported_subscription(facts: CaptureFacts) -> Iterator[Hit]:
    """The first event of a subscription is missing from the capture.

    Whoever subscribes to a Unified Procedure Step is told its state at once, on an association that the SCP opens
    to the subscriber, or on the same one. The capture shows no such event.

    What to do: Capture longer, and at the subscriber. If no event comes, check that the SCP knows its address.
    """
    for workflow in facts.links.workflows():
        if workflow.kind is not Kind.UPS or workflow.unlisted or workflow.key in GLOBAL_SUBSCRIPTIONS:
            continue
        wish = next((step for step in workflow.steps if step.service == "N-ACTION" and step.action == SUBSCRIBE), None)
        reported = any(step.service == "N-EVENT-REPORT" for step in workflow.steps)
        if wish is not None and wish.category in DONE and not reported:
            key = the_key(workflow.key, wish.association)
            said = f"the subscription to events of the unified procedure step {key} was accepted"
            text = f"{said}; its first event, due at once, is missing from the capture"
            yield Hit(text, wish.span, association=wish.association, number=wish.message)


def _of_kinds(review: Review, kinds: tuple[Kind, ...]) -> Iterator[Operation]:
    """Yield operations of services that are about instances of some kinds."""
    return (operation for operation in review.association.operations.normalized if kind_of(operation) in kinds)


def _thread(review: Review, operation: Operation) -> list[Step]:
    """Return what was done to the instance of an operation, on this and other associations."""
    kind = kind_of(operation)
    return review.steps(kind, key_of(review.association, operation)) if kind is not None else []


def _before(review: Review, operation: Operation) -> list[Step]:
    """Return what was done to its instance before an operation."""
    return [step for step in _thread(review, operation) if step.time < operation.request.span.first_time]


def _failed_creation(review: Review, operation: Operation) -> Step | None:
    """Return the N-CREATE of an operation's instance where it failed, and no other one did not."""
    steps = _before(review, operation) if kind_of(operation) is not Kind.PRINT else []
    created = [step for step in steps if step.service == "N-CREATE"]
    return created[-1] if created and all(step.category == "Failure" for step in created) else None


def _may_be_created(review: Review, operation: Operation, instance: str) -> bool:
    """Whether something elsewhere may have made an instance before an operation, as far as the capture shows."""
    if review.known is None or not review.known.knows_all or not review.begun_in_sight:
        return True
    kind = kind_of(operation)
    if kind is not None and kind is not Kind.PRINT:
        workflow = review.known.links.find_thread(kind, key_of(review.association, operation))
        if (workflow is not None and workflow.unlisted) or any(map(_creates, _before(review, operation))):
            return True
    others = (each.operations.normalized for each in review.known.open_associations if each is not review.association)
    earlier = (
        each for some in others for each in some if each.request.span.first_time < operation.request.span.first_time
    )
    return any(
        each.name == "N-CREATE" and (instance_of(each) == instance or _gives(each, instance)) for each in earlier
    )


def _created_instead(review: Review, operation: Operation) -> str:
    """Name the image boxes that the last film box before an operation on one of them was created with."""
    if operation.request.command.requested_sop_class_uid not in IMAGE_BOXES:
        return ""
    came = operation.request.span.first_packet
    made = [
        each.final.data_set.outline
        for each in operations_before(review.association.operations.normalized, came)
        if each.name == "N-CREATE" and each.request.command.affected_sop_class_uid == FILM_BOX
        and each.final is not None and each.final.data_set is not None and each.final.span.last_packet < came
    ]  # fmt: skip
    named = made[-1].referenced if made and made[-1] is not None else ()
    boxes = [each.uid for each in named if each.sequence == IMAGE_BOX_SEQUENCE]
    return f"; the film box has {some_of(boxes, MAX_BOXES, the_uid)}" if boxes else ""


def _is_film_without(review: Review, operation: Operation) -> bool:
    """Whether a film box is to be created, and all that was created on its association is known."""
    is_film = operation.request.command.affected_sop_class_uid == FILM_BOX
    return operation.name == "N-CREATE" and is_film and _knows_all(review)


def _knows_all(review: Review) -> bool:
    """Whether all that was said on the association before something is known."""
    association = review.association
    return review.begun_in_sight and not association.has_holes and not association.operations.unlisted


def _deletion(review: Review, operation: Operation) -> Operation | None:
    """Return the last N-DELETE before an operation by which its instance, or what that belonged to, was deleted."""
    command = operation.request.command
    sop_class, instance = command.requested_sop_class_uid, command.requested_sop_instance_uid
    if instance is None or sop_class not in _CREATED:
        return None
    above = (FILM_SESSION,) if sop_class == FILM_BOX else (FILM_SESSION, FILM_BOX) if sop_class in IMAGE_BOXES else ()
    came = operation.request.span.first_packet
    before = operations_before(review.association.operations.normalized, came)
    for each in reversed(before):
        if each.name == "N-CREATE":
            return None
        if each.name == "N-DELETE" and each.category in DONE:
            is_above = each.request.command.requested_sop_class_uid in above
            if instance_of(each) == instance or (is_above and _belongs(instance, each, before)):
                return each
    return None


def _belongs(instance: str, deletion: Operation, before: Sequence[Operation]) -> bool:
    """Whether what was deleted is what an instance belonged to: of several film boxes, the one that had it."""
    if deletion.request.command.requested_sop_class_uid != FILM_BOX:
        return True  # of film sessions there is one
    films = [each for each in before if each.name == "N-CREATE"
             and each.request.command.affected_sop_class_uid == FILM_BOX and _gives(each, instance)]  # fmt: skip
    return bool(films) and all(instance_of(each) == instance_of(deletion) for each in films)


def _creates(step: Step) -> bool:
    return step.service == "N-CREATE" and step.category != "Failure"


class _Made(Struct, frozen=True):
    """What the N-CREATEs of an association may have made, by instance; `anything`, where one may have made any."""

    instances: set[str | None]
    anything: bool
    session: bool
    """Whether a film session was to be created."""


def _made_by(operations: Sequence[Operation]) -> _Made:
    created = [each for each in operations if each.name == "N-CREATE"]
    given = [_given(each) for each in created]
    instances = {instance_of(each) for each in created}.union(*(each for each in given if each is not None))
    session = any(each.request.command.affected_sop_class_uid == FILM_SESSION for each in created)
    return _Made(instances, None in given, session)


def _gives(creation: Operation, instance: str) -> bool:
    """Whether the response to the N-CREATE of a Film Box may name an instance among its image boxes."""
    given = _given(creation)
    return given is None or instance in given


def _given(creation: Operation) -> set[str] | None:
    """Return the image boxes that the response to the N-CREATE of a Film Box names; None where it may name any."""
    if creation.request.command.affected_sop_class_uid != FILM_BOX:
        return set()
    data = creation.final.data_set if creation.final is not None else None
    outline = data.outline if data is not None else None
    if outline is None:  # it was not looked at, or names none
        return None if creation.content is None or creation.content.given != 0 else set()
    unlisted = sum(outline.reference_counts.values()) > len(outline.referenced)
    return None if unlisted else {each.uid for each in outline.referenced}


def _changes(operation: Operation) -> bool:
    """Whether an operation changes a step: N-SET, or a claim to perform it."""
    action = operation.request.command.uint(ACTION_TYPE_ID) if operation.name == "N-ACTION" else None
    claims = operation.content is not None and "IN PROGRESS" in operation.content.values.values()
    return operation.name == "N-SET" or (action == CHANGE_STATE and claims)


def _ends(kind: Kind, step: Step) -> bool:
    changes = step.service == "N-SET" or (step.service == "N-ACTION" and step.action == CHANGE_STATE)
    return changes and step.category in DONE and step.state in _ENDED[kind]


def _claims(step: Step) -> bool:
    claims = step.service == "N-ACTION" and step.action == CHANGE_STATE and step.state == "IN PROGRESS"
    return claims and step.category in DONE


def _is(step: Step, operation: Operation, review: Review) -> bool:
    return step.association == review.association.id and step.message == operation.request.number


def _kind(operation: Operation) -> str:
    """Name what an operation is about: `modality performed procedure step`, `Basic Film Box`."""
    kind = kind_of(operation)
    name = the_class(operation.request.command.sop_class_uid).removesuffix(" SOP Class")
    return name if kind is Kind.PRINT else str(kind)


def _request(review: Review, step: Step) -> str:
    return f"{the_request(step.service, step.message_id, step.message)}{_where(review, step)}"


def _where(review: Review, step: Step) -> str:
    return "" if step.association == review.association.id else f" of association {the_association(step.association)}"


def _hit(review: Review, operation: Operation, said: str) -> Hit:
    who, request = the_party(review.association.party(operation.side)), operation.request
    return Hit(f"{who} sends {request.name} {said}", request.span, request)
