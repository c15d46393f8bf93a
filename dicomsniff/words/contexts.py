"""The negotiation of an association as a table: contexts, the transfer syntaxes of each, and what follows."""

from collections import Counter
from typing import NamedTuple

from msgspec import Struct

from dicomsniff.association.agreement import Roles, selected_roles
from dicomsniff.association.association import Association
from dicomsniff.association.negotiation import PresentationContext
from dicomsniff.words.negotiation import Consequence, what_follows


class ContextRow(Struct, frozen=True, eq=False):
    """One presentation context: how it was answered, what was sent on it, and what follows for its SOP class."""

    context: PresentationContext
    messages: int
    """How many of the messages that are listed use it."""
    usable: bool
    """Whether this context, or another one of the same SOP class, was accepted."""
    roles: Roles | None
    """The roles that either side selected for its SOP class; None where the default holds."""
    consequences: tuple[str, ...]
    """Lines with marks."""

    @property
    def refused(self) -> bool:
        """Whether it was answered, and not accepted."""
        return self.context.result not in (None, 0)


class ContextTable(NamedTuple):
    """Every context, the refused ones first, then the used ones; every transfer syntax, the most frequent first."""

    rows: list[ContextRow]
    syntaxes: list[str]
    further: list[Consequence]
    """What follows for no SOP class in particular."""

    @property
    def refused(self) -> int:
        """How many contexts were refused."""
        return sum(row.refused for row in self.rows)


def context_table(association: Association) -> ContextTable:
    """Arrange what an association negotiated."""
    follows, roles = what_follows(association), selected_roles(association)
    used = Counter(message.context_id for message in list(association.messages))
    contexts = list(association.contexts.values())
    usable = {context.abstract_syntax for context in contexts if context.accepted}
    by_class: dict[str | None, list[str]] = {}
    for each in follows:
        by_class.setdefault(each.sop_class, []).append(each.text)
    rows = [
        ContextRow(
            context,
            used[context.id],
            context.abstract_syntax in usable,
            roles.get(context.abstract_syntax or ""),
            tuple(by_class.get(context.abstract_syntax, ())) if context.abstract_syntax else (),
        )
        for context in contexts
    ]
    rows.sort(key=lambda row: (not row.refused, row.context.result == 0, not row.messages))
    syntaxes: Counter[str] = Counter()
    for context in contexts:
        agreed = (context.transfer_syntax,) if context.transfer_syntax else ()
        syntaxes.update({*context.proposed_transfer_syntaxes, *agreed})
    in_order = sorted(syntaxes, key=lambda uid: (-syntaxes[uid], uid))
    return ContextTable(rows, in_order, [each for each in follows if each.sop_class is None])
