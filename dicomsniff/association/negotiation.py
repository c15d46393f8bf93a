"""What was proposed and what was accepted, presentation context by presentation context (PS3.8 §7.1.1.13, §9.3.3.2)."""

from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from dicomsniff.pdu.types import AssociateAc, AssociateRq, ContextResult, ProposedContext

MAX_KNOWN = 64
"""Negotiations that are remembered: systems repeat theirs. Who is given one does not change it."""
LONGEST_KNOWN = 1 << 14
"""Bytes of an A-ASSOCIATE PDU, at most, whose negotiation is remembered."""


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


def negotiated_contexts(rq: AssociateRq | None, ac: AssociateAc | None) -> Mapping[int, PresentationContext]:
    """Return the contexts of an A-ASSOCIATE-RQ by id, in the order proposed, with the results of an A-ASSOCIATE-AC.

    Of a repeated id the first counts.
    """
    proposed, results = rq.contexts if rq is not None else (), ac.contexts if ac is not None else ()
    longest = max((each.length for each in (rq, ac) if each is not None), default=0)
    return (_known if longest <= LONGEST_KNOWN else _negotiated)(proposed, results)


def _negotiated(
    proposed: tuple[ProposedContext, ...], results: tuple[ContextResult, ...]
) -> dict[int, PresentationContext]:
    contexts: dict[int, PresentationContext] = {}
    for each in proposed:
        contexts.setdefault(each.id, PresentationContext(each.id, each.abstract_syntax, each.transfer_syntaxes))
    for item in results:
        context = contexts.get(item.id) or PresentationContext(item.id, None, ())
        syntax = item.transfer_syntax if item.result == 0 else None
        contexts[item.id] = replace(context, result=item.result, transfer_syntax=syntax)
    return contexts


_known = lru_cache(maxsize=MAX_KNOWN)(_negotiated)
