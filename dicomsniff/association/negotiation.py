"""What was proposed and what was accepted, presentation context by presentation context (PS3.8 §7.1.1.13, §9.3.3.2)."""

from msgspec import Struct
from msgspec.structs import replace

from dicomsniff.pdu.types import AssociateAc, AssociateRq


class PresentationContext(Struct, frozen=True):
    """One presentation context: the proposal and its result, None while (or where) there is no answer.

    `abstract_syntax` is None for a context that was answered without having been seen proposed.
    """

    id: int
    abstract_syntax: str | None
    proposed_transfer_syntaxes: tuple[str, ...]
    result: int | None = None
    transfer_syntax: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether messages may use it."""
        return self.result == 0


def proposed_contexts(rq: AssociateRq) -> dict[int, PresentationContext]:
    """Return the contexts of an A-ASSOCIATE-RQ by id, in the order proposed; of a repeated id the first counts."""
    contexts: dict[int, PresentationContext] = {}
    for item in rq.contexts:
        contexts.setdefault(item.id, PresentationContext(item.id, item.abstract_syntax, item.transfer_syntaxes))
    return contexts


def answered_contexts(proposed: dict[int, PresentationContext], ac: AssociateAc) -> dict[int, PresentationContext]:
    """Return the contexts with the results of an A-ASSOCIATE-AC."""
    contexts = dict(proposed)
    for item in ac.contexts:
        context = contexts.get(item.id) or PresentationContext(item.id, None, ())
        syntax = item.transfer_syntax if item.result == 0 else None
        contexts[item.id] = replace(context, result=item.result, transfer_syntax=syntax)
    return contexts
