"""Rules on roles: who may send which requests (PS3.7 §D.3.3.4)."""

from collections.abc import Iterator

from msgspec.structs import replace

from dicomsniff.association.agreement import NOT_SELECTED, Roles, selected_roles
from dicomsniff.association.association import Association
from dicomsniff.dictionary.commands import N_EVENT_REPORT_RQ
from dicomsniff.dictionary.reasons import NO_REASONS
from dicomsniff.dictionary.uids import is_storage
from dicomsniff.dimse.operations import Operation
from dicomsniff.findings.codes import FRAMING, NOT_CAPTURED, ORDER, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import retrieves
from dicomsniff.findings.parts import the_class, the_party
from dicomsniff.findings.retrieve import storage_without_role, unsent_of
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, final_rule
from dicomsniff.quantities import some_of
from dicomsniff.side import Side

_STORAGE_COMMITMENT = "1.2.840.10008.1.20.1"


_BEFORE = (*by("own", *FRAMING, *ORDER), *NOT_CAPTURED)


@final_rule(
    code="role-not-negotiated",
    severity=Severity.WARNING,
    follows=(*_BEFORE, "context-not-accepted"),
)
def not_negotiated(review: Review) -> Iterator[Hit]:
    """A request is sent in a role that was not negotiated.

    By default the requestor is the SCU and the acceptor the SCP. For anything else, such as C-STORE during C-GET or an
    event report on a reversed association, SCP/SCU role selection is needed; a requestor that negotiated the SCP role
    only gave up the SCU role. Peers refuse or abort requests in another role. A note where no role was negotiated and
    the peer answered Success.

    What to do: Let the requestor propose the roles it needs, and the acceptor accept them.
    """
    association = review.association
    request, accept = association.request, association.accept
    if request is None or accept is None or request.problem or accept.problem:
        return
    selected = selected_roles(association)
    wrong: dict[tuple[Side, str | None, bool], list[Operation]] = {}
    for operation in association.operations.operations:
        command = operation.request.command
        # The requestor is the SCU, which asks, and the acceptor the SCP, which only reports events, by default.
        reports = command.field == N_EVENT_REPORT_RQ
        ordinary = Side.ACCEPTOR if reports else Side.REQUESTOR
        if command.problem or (not selected and operation.side is ordinary):
            continue
        roles = _roles(association, operation, selected)
        if roles is None or (roles.scu if operation.side is ordinary else roles.scp):
            continue
        wrong.setdefault((operation.side, command.sop_class_uid, reports), []).append(operation)
    for operations in wrong.values():
        first, last = operations[0], operations[-1].request.span
        roles = _roles(association, first, selected) or NOT_SELECTED
        stood = roles.proposed is None and all(each.category == "Success" for each in operations)
        # It lasts: whichever of the requests is refused is so for this.
        span = replace(first.request.span, last_packet=last.last_packet, last_time=last.last_time)
        yield Hit(_text(association, first, roles), span, first.request,
                  severity=Severity.NOTE if stood else None)  # fmt: skip


def _roles(association: Association, operation: Operation, selected: dict[str, Roles]) -> Roles | None:
    """Return the requestor's roles for the class of a request, or the meta SOP class of its context, as negotiated."""
    message = operation.request
    context = association.contexts.get(message.context_id)
    if context is None:
        return None
    classes = (message.command.sop_class_uid, context.abstract_syntax)
    return next((selected[uid] for uid in classes if uid is not None and uid in selected), NOT_SELECTED)


def _text(association: Association, operation: Operation, roles: Roles) -> str:
    message, side = operation.request, operation.side
    who, uid = the_party(association.party(side)), the_class(message.command.sop_class_uid)
    reports = message.command.field == N_EVENT_REPORT_RQ
    text = f"{who} sends {message.name} as {'SCP' if reports else 'SCU'} of {uid}"
    if side is not (Side.ACCEPTOR if reports else Side.REQUESTOR):
        why = "a role not negotiated"
        if roles.proposed is not None and roles.proposed.scp:
            refused = roles.answered is not None
            why = f"a role not negotiated: A-ASSOCIATE-AC {'refused it' if refused else 'left the role selection out'}"
        return f"{text}, {why}"
    if roles.proposed is not None and not roles.proposed.scu:
        return f"{text}; that role was given up: A-ASSOCIATE-RQ proposes the requestor as SCP only"
    return f"{text}; that role was given up: A-ASSOCIATE-AC refused the requestor as SCU"


@final_rule(code="get-without-role", where=retrieves, severity=Severity.WARNING, follows=_BEFORE)
def get_without_role(review: Review) -> Iterator[Hit]:
    """C-GET cannot deliver: the requestor has no SCP role.

    C-GET sends its objects on the association on which it is asked, with the roles reversed: the requestor must be
    accepted as SCP of each storage SOP class that it wants to get. Without that role the objects count as failed.

    What to do: Let the requestor propose the SCP role for its storage SOP classes, and the acceptor accept it.
    """
    association, request, accept = review.association, review.association.request, review.association.accept
    if request is None or accept is None or request.problem or accept.problem:
        return
    gets = (each for each in association.operations.operations if each.name == "C-GET" and each.final is not None)
    unsent = (each for each in gets if unsent_of(each) or (each.category == "Failure" and not each.sub_operations))
    get = next(unsent, None)
    classes = storage_without_role(association) if get is not None else []
    if get is None or get.final is None or not classes:
        return
    final, span = get.final, get.final.span
    selected = selected_roles(association)
    answered = selected.get(classes[0], NOT_SELECTED)
    what = some_of([the_class(uid) for uid in classes])
    if answered.proposed is None or not answered.proposed.scp:
        who = f"{the_party(association.requestor)} proposes no SCP role for {what}"
        yield Hit(f"{who}, so C-GET cannot send it these objects", span, final, Side.REQUESTOR,
                  listed_at=request.span.first_packet)  # fmt: skip
    else:
        how = "leaves out" if answered.answered is None else "refuses"
        who = f"{the_party(association.acceptor)} {how} the requestor's SCP role for {what}"
        yield Hit(f"{who}, so C-GET cannot send these objects", span, final, Side.ACCEPTOR,
                  listed_at=accept.span.first_packet)  # fmt: skip


@final_rule(code="role-scp-only", severity=Severity.WARNING, follows=_BEFORE)
def scp_only(review: Review) -> Iterator[Hit]:
    """The requestor gives up the SCU role for classes that it would use.

    SCP/SCU role selection with SCU role 0 gives up the requestor's default role. This is usual for Storage (C-GET) and
    for storage commitment (event reports). For other classes it leaves nothing to do, and some acceptors refuse.
    Reported only where the association failed.

    What to do: Leave the role selection out for these classes, or propose the SCU role as well.
    """
    association, request = review.association, review.association.request
    if request is None or request.problem or association.messages:
        return
    classes = [
        the_class(role.sop_class_uid)
        for role in request.user_information.roles
        if role.scp and not role.scu and not _delivered(role.sop_class_uid)
    ]
    rejection, abort = association.rejection, association.abort
    refused = rejection is not None and (rejection.source, rejection.reason) in NO_REASONS
    aborted = abort is not None and abort.side is Side.ACCEPTOR
    if classes and (refused or aborted):
        who = the_party(association.requestor)
        what = f"proposes to be SCP only of {some_of(classes)}, so it may send no request of that kind"
        yield Hit(f"{who} {what}: likely why it was {'refused' if refused else 'aborted'}", request.span,
                  side=Side.REQUESTOR)  # fmt: skip


def _delivered(uid: str) -> bool:
    """Whether a requestor may well be SCP only of a class: of what C-GET delivers, or what it reports events about."""
    return is_storage(uid) or uid == _STORAGE_COMMITMENT
