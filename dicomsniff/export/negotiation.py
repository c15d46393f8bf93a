"""The negotiation of an association -> JSON and text; the secrets of user identity appear in neither."""

from collections.abc import Iterator

from dicomsniff.association.agreement import (
    DEFAULT_ROLES,
    NOT_SELECTED,
    Roles,
    consequences,
    limits,
    role_text,
    selected_roles,
)
from dicomsniff.association.association import Association
from dicomsniff.association.negotiation import PresentationContext
from dicomsniff.dictionary.pdu_types import IDENTITY_TYPES
from dicomsniff.dictionary.reasons import context_result_name
from dicomsniff.dictionary.uids import find_uid_name, uid_text
from dicomsniff.export import Json
from dicomsniff.pdu.types import ExtendedNegotiation, UserInformation
from dicomsniff.quantities import some_of

FOLDED = 4
"""Contexts or SOP classes from which on those of which the same is to be said share a line."""
NAMED = 3
"""SOP classes that such a line names."""


def context_lines(association: Association) -> Iterator[str]:
    """Yield the contexts, both sides' limits, and what follows from them; those with the same answer share a line."""
    selected = selected_roles(association)
    alike: dict[tuple[object, ...], list[PresentationContext]] = {}
    for context in association.contexts.values():
        roles = _role_text(association, selected, context)
        # What was refused for one reason is one refusal, whatever was proposed.
        proposed = context.proposed_transfer_syntaxes if context.result in (None, 0) else ()
        alike.setdefault((context.result, context.transfer_syntax, proposed, roles), []).append(context)
    for contexts in alike.values():
        few = len(contexts) < FOLDED
        for some in ([each] for each in contexts) if few else [contexts]:
            yield from _alike_lines(some, _role_text(association, selected, some[0]))
    if association.request is not None or association.accept is not None:
        yield f"  roles: {DEFAULT_ROLES}"
        yield from _information_lines("requestor", association.requestor.information)
        yield from _information_lines("acceptor", association.acceptor.information)
        yield from (f"  limit: {said}" for said in limits(association))
    yield from (f"  so: {said}" for said in _folded_consequences(association))


def _role_text(association: Association, selected: dict[str, Roles], context: PresentationContext) -> str:
    """Say which roles were selected for a context's SOP class; empty where none were."""
    roles = selected.get(context.abstract_syntax or "")
    return role_text(association, roles) if roles is not None else ""


def _alike_lines(contexts: list[PresentationContext], roles: str) -> Iterator[str]:
    """Yield the lines of a context, or of several that were answered alike."""
    first = contexts[0]
    names = _some([uid_text(context.abstract_syntax) for context in contexts])
    which = (
        f"context {first.id:3}" if len(contexts) == 1 else f"{len(contexts)} contexts, {first.id} to {contexts[-1].id}"
    )
    yield f"  {which}: {names}: {result_text(first)}"
    if first.proposed_transfer_syntaxes:
        same = len({context.proposed_transfer_syntaxes for context in contexts}) == 1
        syntaxes = ", ".join(uid_text(syntax) for syntax in first.proposed_transfer_syntaxes)
        yield f"      proposed: {syntaxes if same else 'transfer syntaxes that differ from one to the next'}"
    if roles:
        yield f"      {roles}"


def _folded_consequences(association: Association) -> Iterator[str]:
    """Yield what the negotiation comes to; what it means alike for several SOP classes is one line."""
    names = {uid_text(context.abstract_syntax) for context in association.contexts.values() if context.abstract_syntax}
    longest_first = sorted(names, key=len, reverse=True)
    alike: dict[tuple[str, str], list[str]] = {}
    for said in consequences(association):
        name = next((each for each in longest_first if each in said), "")
        before, _, after = said.partition(name) if name else (said, "", "")
        alike.setdefault((before, after), []).append(name)
    for (before, after), named in alike.items():
        for some in named if len(named) < FOLDED else [_some(named)]:
            yield f"{before}{some}{after}"


def _some(names: list[str]) -> str:
    return some_of(list(dict.fromkeys(names)), NAMED)


def _information_lines(who: str, said: UserInformation | None) -> Iterator[str]:
    """Yield what else one side said, except for secrets."""
    if said is None:
        return
    if said.identity is not None:
        kind = IDENTITY_TYPES.get(said.identity.type, f"of undefined type {said.identity.type}")
        asks = ", asks for a response" if said.identity.positive_response_requested else ""
        yield f"  {who}: user identity, {kind} (withheld){asks}"
    if said.identity_response is not None:
        yield f"  {who}: response to the user identity (withheld)"
    for each in said.extended:
        values = [f"{v.name} {v.value} {v.meaning}".rstrip() for v in each.values if v.name != "Reserved"]
        rest = each.information[len(each.values) :].hex(" ")
        yield f"  {who}: {uid_text(each.sop_class_uid)}: {', '.join([*values, rest] if rest else values)}"
    for common in said.common_extended:
        related = ", ".join(uid_text(uid) for uid in common.related_general_sop_class_uids) or "none"
        service = uid_text(common.service_class_uid)
        yield f"  {who}: {uid_text(common.sop_class_uid)} is of {service}; related general SOP classes: {related}"
    for item in said.unknown:
        yield f"  {who}: unknown or repeated item 0x{item.type:02X}, {len(item.data)} bytes"


def result_text(context: PresentationContext) -> str:
    """Say how a context was answered: the transfer syntax, or why it was refused."""
    if context.accepted:
        return uid_text(context.transfer_syntax)
    return "no answer" if context.result is None else context_result_name(context.result)


def contexts_json(association: Association) -> list[Json]:
    """Describe the presentation contexts."""
    selected = selected_roles(association)
    return [
        _context_json(context, selected.get(context.abstract_syntax or "", NOT_SELECTED))
        for context in association.contexts.values()
    ]


def _context_json(context: PresentationContext, roles: Roles) -> Json:
    """Describe a presentation context; `accepted_roles` are the requestor's, null while none can be used."""
    return {
        "id": context.id,
        "abstract_syntax": context.abstract_syntax,
        "abstract_syntax_name": find_uid_name(context.abstract_syntax) if context.abstract_syntax else None,
        "proposed_transfer_syntaxes": list(context.proposed_transfer_syntaxes),
        "result": context.result,
        "result_name": context_result_name(context.result) if context.result is not None else None,
        "transfer_syntax": context.transfer_syntax,
        "proposed_roles": _names(roles.proposed.scu, roles.proposed.scp) if roles.proposed is not None else None,
        "accepted_roles": _names(roles.scu, roles.scp) if context.accepted else None,
    }


def information_json(said: UserInformation | None) -> Json:
    """Describe what one side said of itself beside the contexts; of a user identity only its type."""
    said = said or UserInformation()
    window, identity, answer = said.asynchronous_operations_window, said.identity, said.identity_response
    return {
        "asynchronous_operations_window": window and {"invoked": window.invoked, "performed": window.performed},
        "role_selection": [
            {"sop_class_uid": role.sop_class_uid, "scu": role.scu, "scp": role.scp} for role in said.roles
        ],
        "extended_negotiation": [_extended(each) for each in said.extended],
        "common_extended_negotiation": [
            {
                "sop_class_uid": each.sop_class_uid,
                "service_class_uid": each.service_class_uid,
                "related_general_sop_class_uids": list(each.related_general_sop_class_uids),
            }
            for each in said.common_extended
        ],
        "user_identity": identity
        and {
            "type": identity.type,
            "type_name": IDENTITY_TYPES.get(identity.type),
            "positive_response_requested": bool(identity.positive_response_requested),
        },
        "user_identity_response": answer and {"length": len(answer.server_response)},
        "unknown_items": [{"type": f"{item.type:02X}", "length": len(item.data)} for item in said.unknown],
    }


def agreement_json(association: Association) -> Json:
    """Describe what the negotiation comes to."""
    return {"limits": limits(association), "consequences": consequences(association)}


def _names(scu: object, scp: object) -> list[str]:
    return [name for name, taken in (("SCU", scu), ("SCP", scp)) if taken]


def _extended(each: ExtendedNegotiation) -> Json:
    return {
        "sop_class_uid": each.sop_class_uid,
        "information": each.information.hex(),
        "fields": [
            {"name": value.name, "value": value.value, "meaning": value.meaning or None}
            for value in each.values
            if value.name != "Reserved"
        ],
    }
