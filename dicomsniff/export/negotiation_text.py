"""The negotiation of an association -> lines of text; the secrets of user identity do not appear."""

from collections.abc import Iterator

from dicomsniff.association.agreement import Roles, selected_roles
from dicomsniff.association.association import Association
from dicomsniff.association.negotiation import PresentationContext
from dicomsniff.dictionary.pdu_types import IDENTITY_TYPES
from dicomsniff.findings.parts import the_class, the_octets
from dicomsniff.pdu.types import UserInformation
from dicomsniff.quantities import counted, some_of
from dicomsniff.words.negotiation import DEFAULT_ROLES, consequences, limits, result_text, role_text

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
    names = _some([the_class(context.abstract_syntax) for context in contexts])
    which = (
        f"context {first.id:3}" if len(contexts) == 1 else f"{len(contexts)} contexts, {first.id} to {contexts[-1].id}"
    )
    yield f"  {which}: {names}: {result_text(first)}"
    if first.proposed_transfer_syntaxes:
        same = len({context.proposed_transfer_syntaxes for context in contexts}) == 1
        syntaxes = ", ".join(the_class(syntax) for syntax in first.proposed_transfer_syntaxes)
        yield f"      proposed: {syntaxes if same else 'transfer syntaxes that differ from one to the next'}"
    if roles:
        yield f"      {roles}"


def _folded_consequences(association: Association) -> Iterator[str]:
    """Yield what the negotiation comes to; what it means alike for several SOP classes is one line."""
    names = {the_class(context.abstract_syntax) for context in association.contexts.values() if context.abstract_syntax}
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
        left = each.information[len(each.values) :]
        rest = the_octets(left) if left else ""
        yield f"  {who}: {the_class(each.sop_class_uid)}: {', '.join([*values, rest] if rest else values)}"
    for common in said.common_extended:
        related = ", ".join(the_class(uid) for uid in common.related_general_sop_class_uids) or "none"
        service = the_class(common.service_class_uid)
        yield f"  {who}: {the_class(common.sop_class_uid)} is of {service}; related general SOP classes: {related}"
    for item in said.unknown:
        yield f"  {who}: unknown or repeated item 0x{item.type:02X}, {counted(len(item.data), 'byte')}"
