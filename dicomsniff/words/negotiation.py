"""Say what the negotiation of an association comes to: roles, limits, what can be sent how (PS3.7 Annex D)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dicomsniff.association.agreement import (
    NOT_SELECTED,
    Roles,
    agreed_window,
    extended_by_class,
    granted_options,
    selected_roles,
)
from dicomsniff.association.association import Association
from dicomsniff.association.negotiation import PresentationContext
from dicomsniff.dictionary.application_information import STORAGE, find_information_layout
from dicomsniff.dictionary.reasons import context_result_name
from dicomsniff.dictionary.uids import is_compressed, is_get, is_storage
from dicomsniff.findings.parts import the_class
from dicomsniff.pdu.types import AsynchronousOperationsWindow, RoleSelection, UserInformation

TRANSFER_SYNTAXES_NOT_SUPPORTED = 4
"""A context's result (PS3.8 Table 9-18)."""
DEFAULT_ROLES = "requestor is SCU and acceptor is SCP of every SOP class for which nothing else is said (default)"
"""What holds unless both sides select roles (PS3.7 §D.3.3.4)."""
STORAGE_SERVICE_CLASS = "1.2.840.10008.4.2"


class Consequence(NamedTuple):
    """What an answer means, a line with marks, and the SOP class it is about; None where it is about all or several."""

    text: str
    sop_class: str | None = None


def result_text(context: PresentationContext) -> str:
    """Say how a context was answered: the transfer syntax, or why it was refused."""
    if context.accepted:
        return the_class(context.transfer_syntax)
    return "no answer" if context.result is None else context_result_name(context.result)


def role_text(association: Association, roles: Roles) -> str:
    """Say which roles the requestor has, and what was proposed where that is more or less."""
    if association.accept is None:
        return f"requestor proposes to be {_roles(roles.proposed)}" if roles.proposed else "requestor is SCU by default"
    if roles.proposed is None:
        return "requestor is SCU (default)"
    if roles.answered is None:
        return f"requestor is SCU (default: its proposal to be {_roles(roles.proposed)} was not answered)"
    agreed = RoleSelection("", roles.scu, roles.scp)
    same = (bool(roles.proposed.scu), bool(roles.proposed.scp)) == (roles.scu, roles.scp)
    return f"requestor is {_roles(agreed)}" + ("" if same else f" (proposed: {_roles(roles.proposed)})")


def limits(association: Association) -> list[str]:
    """Say what both sides are ready for: length of P-DATA-TF (PS3.8 §D.1), operations at a time (PS3.7 §D.3.3.3).

    Of a side that did not say, or was not captured, nothing is said.
    """
    parties = (("requestor", association.requestor), ("acceptor", association.acceptor))
    said = [_length_limit(who, party.information) for who, party in parties if party.information is not None]
    request = association.requestor.information
    proposed = request.asynchronous_operations_window if request is not None else None
    agreed = agreed_window(association)
    if agreed is None and proposed is not None:
        said.append(f"operations at a time: proposed, {_window(proposed)}")
    elif agreed is not None and proposed is None:
        said.append(f"operations at a time: {_window(agreed)} (default)")
    elif agreed is not None and proposed is not None:
        beside = "" if agreed == proposed else f" (proposed: {_window(proposed)})"
        said.append(f"operations at a time: {_window(agreed)}{beside}")
    return said


def consequences(association: Association) -> list[str]:
    """Say what the answer to the proposal means for what can be done; empty where either is not in the capture."""
    return [each.text for each in what_follows(association)]


def what_follows(association: Association) -> list[Consequence]:
    """Return it with the SOP classes it is about."""
    if association.request is None or association.accept is None:
        return []
    if not any(context.accepted for context in association.contexts.values()):
        return [
            Consequence("no context was accepted: nothing can be exchanged"),
            *_proposed_twice(association),
        ]
    said = list(_proposed_twice(association))
    classes: dict[str, list[PresentationContext]] = {}
    for context in association.contexts.values():
        if context.abstract_syntax is not None:
            classes.setdefault(context.abstract_syntax, []).append(context)
    storage = _storage_classes(association, classes)
    for uid, contexts in classes.items():
        said += [Consequence(text, uid) for text in _use(uid, contexts, storage=uid in storage)]
    usable = {uid for uid, contexts in classes.items() if any(context.accepted for context in contexts)}
    get = any(is_get(uid) for uid in usable)
    said += _roles_taken(association, usable, storage if get else set())
    if get:
        said += _not_delivered(association, [uid for uid in classes if uid in usable & storage])
    return said + list(_options(association, usable))


def _roles(roles: RoleSelection) -> str:
    names = [name for name, taken in (("SCU", roles.scu), ("SCP", roles.scp)) if taken]
    return " and ".join(names) if names else "neither SCU nor SCP"


def _length_limit(who: str, information: UserInformation) -> str:
    length = information.max_pdu_length
    if length is None:
        return f"{who} states no maximum length"
    return f"{who} takes P-DATA-TF of {f'up to {length} bytes' if length else 'any length'}"


def _window(window: AsynchronousOperationsWindow) -> str:
    invoked, performed = (str(number) if number else "any number" for number in (window.invoked, window.performed))
    return f"requestor invokes {invoked}, performs {performed}"


def _proposed_twice(association: Association) -> Iterator[Consequence]:
    proposed = association.request.contexts if association.request is not None else ()
    for number, times in Counter(context.id for context in proposed).items():
        if times > 1:
            yield Consequence(
                f"context {number} is proposed {times} times: it is not defined which of them the answer means"
            )
    same: dict[tuple[str, frozenset[str]], list[int]] = {}
    for context in proposed:
        same.setdefault((context.abstract_syntax, frozenset(context.transfer_syntaxes)), []).append(context.id)
    for (uid, _), numbers in same.items():
        if len(set(numbers)) > 1:
            listed = ", ".join(str(number) for number in numbers)
            text = f"{the_class(uid)} is proposed more than once with the same transfer syntaxes: contexts {listed}"
            yield Consequence(text, uid)


def _storage_classes(association: Association, classes: Iterable[str]) -> set[str]:
    """Return the storage SOP classes: registered ones, and those the requestor says to be (PS3.7 §D.3.3.6)."""
    information = association.requestor.information
    common = information.common_extended if information is not None else ()
    said = {each.sop_class_uid for each in common if each.service_class_uid == STORAGE_SERVICE_CLASS}
    return {uid for uid in classes if is_storage(uid) or uid in said}


def _use(uid: str, contexts: list[PresentationContext], *, storage: bool) -> Iterator[str]:
    """Say how instances of a SOP class can be sent; of other services, which cannot be used."""
    name = the_class(uid)
    accepted = list(dict.fromkeys(c.transfer_syntax or "" for c in contexts if c.accepted))
    if not accepted:
        if not storage:
            means = "it cannot be used"
        elif all(context.result == TRANSFER_SYNTAXES_NOT_SUPPORTED for context in contexts):
            means = "the sender must convert to a transfer syntax that was not proposed, or fail"
        else:
            means = "the sender must convert or fail"
        yield f"no context for {name}: {means}"
    elif storage:
        only = "only " if len(accepted) == 1 else ""
        yield f"{name} can be sent {only}as {' or '.join(the_class(syntax) for syntax in accepted)}"
        proposed = dict.fromkeys(syntax for c in contexts for syntax in c.proposed_transfer_syntaxes)
        compressed = [the_class(syntax) for syntax in proposed if is_compressed(syntax)]
        if compressed and not any(is_compressed(syntax) for syntax in accepted):
            yield f"{name} compressed as {' or '.join(compressed)} was not accepted: the sender must decompress"


def _roles_taken(association: Association, usable: set[str], delivered: set[str]) -> Iterator[Consequence]:
    """Say which roles the requestor has beside or instead of the default; C-GET delivers `delivered` to an SCP."""
    for uid, roles in selected_roles(association).items():
        name, proposed, answer = the_class(uid), roles.proposed, roles.answered
        if answer is not None and (
            proposed is None or (answer.scu and not proposed.scu) or (answer.scp and not proposed.scp)
        ):
            yield Consequence(f"acceptor accepts a role for {name} that was not proposed", uid)
        if proposed is None or uid not in usable:
            continue
        if roles.scp:
            delivers = ": C-GET can deliver it" if uid in delivered else ""
            yield Consequence(
                f"requestor may {'also act' if roles.scu else 'act only'} as SCP of {name}{delivers}", uid
            )
        elif proposed.scp:
            yield Consequence(
                f"requestor may not act as SCP of {name}: the role was {'refused' if answer else 'not answered'}", uid
            )
        if not roles.scu and proposed.scu:
            yield Consequence(f"requestor may not act as SCU of {name}: the role was refused", uid)


def _not_delivered(association: Association, storage: list[str]) -> Iterator[Consequence]:
    """Say what C-GET cannot deliver: its sub-operations need the requestor as SCP (PS3.4 §C.5.3)."""
    if not storage:
        yield Consequence("C-GET cannot deliver anything: no storage context was accepted")
    selected = selected_roles(association)
    for uid in storage:
        roles = selected.get(uid, NOT_SELECTED)
        if not roles.scp:
            why = "not negotiated" if roles.proposed is None or not roles.proposed.scp else "not accepted"
            yield Consequence(f"C-GET cannot deliver {the_class(uid)}: SCP role {why}", uid)


def _options(association: Association, usable: set[str]) -> Iterator[Consequence]:
    """Say which options of queries and retrievals both sides agree on (PS3.4 §C.5, §K.5)."""
    request, answer = association.requestor.information, association.acceptor.information
    if request is None or answer is None:
        return
    answers = extended_by_class(answer.extended)
    for asked in extended_by_class(request.extended).values():
        layout = find_information_layout(asked.sop_class_uid)
        wanted = [value.name for value in asked.values if value.value == 1 and value.meaning]
        if asked.sop_class_uid not in usable or layout is STORAGE or not wanted:
            continue
        given = granted_options(answers.get(asked.sop_class_uid))
        agreed = [name for name in wanted if name in given]
        refused = [name for name in wanted if name not in given]
        parts = [f"{', '.join(names)} {how}" for names, how in ((agreed, "agreed"), (refused, "not agreed")) if names]
        yield Consequence(f"{the_class(asked.sop_class_uid)}: {'; '.join(parts)}", asked.sop_class_uid)
