"""What both sides agreed on beside presentation contexts: roles, a window of operations, options (PS3.7 Annex D)."""

from collections.abc import Iterable

from msgspec import Struct

from dicomsniff.association.association import Association, Party
from dicomsniff.pdu.types import AsynchronousOperationsWindow, ExtendedNegotiation, RoleSelection

DEFAULT_WINDOW = AsynchronousOperationsWindow(1, 1)
"""What holds unless both sides state a window (PS3.7 §D.3.3.3)."""


class Roles(Struct, frozen=True):
    """The requestor's roles for a SOP class: as proposed and as answered, None where not (PS3.7 §D.3.3.4)."""

    proposed: RoleSelection | None
    answered: RoleSelection | None

    @property
    def scu(self) -> bool:
        """Whether the requestor may be SCU; so it is by default."""
        if self.proposed is None or self.answered is None:
            return True
        return bool(self.proposed.scu and self.answered.scu)

    @property
    def scp(self) -> bool:
        """Whether the requestor may be SCP; by default it is not."""
        return bool(self.proposed and self.answered and self.proposed.scp and self.answered.scp)


NOT_SELECTED = Roles(None, None)


def selected_roles(association: Association) -> dict[str, Roles]:
    """Return the roles of each SOP class for which either side selects any; of several selections the first counts."""
    proposed, answered = _selections(association.requestor), _selections(association.acceptor)
    return {uid: Roles(proposed.get(uid), answered.get(uid)) for uid in {**proposed, **answered}}


def agreed_window(association: Association) -> AsynchronousOperationsWindow | None:
    """Return how many operations the requestor may invoke and perform at a time; None where the answer is unknown."""
    proposed, answered = association.requestor.information, association.acceptor.information
    if proposed is None or answered is None:
        return None
    if proposed.asynchronous_operations_window is None:
        return DEFAULT_WINDOW
    return answered.asynchronous_operations_window or DEFAULT_WINDOW


def agreed_options(association: Association, sop_class_uid: str) -> set[str] | None:
    """Return the options of a SOP class that both sides agree on, by name; None where the negotiation is not known.

    Those of queries and retrievals are meant (PS3.4 §C.5, §K.5): `Relational-queries`.
    """
    request, answer = association.requestor.information, association.acceptor.information
    if association.request is None or association.accept is None or request is None or answer is None:
        return None
    asked, given = extended_by_class(request.extended), extended_by_class(answer.extended)
    return granted_options(asked.get(sop_class_uid)) & granted_options(given.get(sop_class_uid))


def wished_options(association: Association, sop_class_uid: str) -> set[str]:
    """Return the options of a SOP class that the requestor asked for, by name."""
    request = association.requestor.information
    return granted_options(extended_by_class(request.extended).get(sop_class_uid)) if request is not None else set()


def extended_by_class(extended: Iterable[ExtendedNegotiation]) -> dict[str, ExtendedNegotiation]:
    """Return sub-items by SOP class; of several of one class the first counts."""
    first: dict[str, ExtendedNegotiation] = {}
    for each in extended:
        first.setdefault(each.sop_class_uid, each)
    return first


def granted_options(answer: ExtendedNegotiation | None) -> set[str]:
    """Return the options that a sub-item grants, or asks for, by name; none where there is no sub-item."""
    return {value.name for value in answer.values if value.value == 1} if answer is not None else set()


def _selections(party: Party) -> dict[str, RoleSelection]:
    selections: dict[str, RoleSelection] = {}
    for role in party.information.roles if party.information is not None else ():
        selections.setdefault(role.sop_class_uid, role)
    return selections
