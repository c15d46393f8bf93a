"""The queries and retrievals of an association, as rules look at them: what was asked for, in which model."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from dicomsniff.association.agreement import agreed_options
from dicomsniff.dictionary.information_models import InformationModel, Level, find_model
from dicomsniff.dimse.identifier import Identifier
from dicomsniff.dimse.operations import Operation
from dicomsniff.dimse.queries import Query
from dicomsniff.dimse.scan.outline import named
from dicomsniff.findings.finding import Hit
from dicomsniff.findings.review import Review

FIND = "C-FIND"
MAX_NAMED = 3
"""Keys that a finding names; further ones are counted."""
RELATIONAL = ("Relational-queries", "Relational-retrieval")


class Asked(NamedTuple):
    """One query or retrieval whose request could be read; `model` is None where its SOP class is not known.

    `options` are those of its SOP class that both sides agree on, None where the negotiation is not known.
    """

    operation: Operation
    query: Query
    identifier: Identifier
    model: InformationModel | None
    options: set[str] | None

    @property
    def is_find(self) -> bool:
        """Whether it asks what there is, not for the objects."""
        return self.operation.name == FIND

    @property
    def place(self) -> int | None:
        """The place of its level in the model; None where it has none, or one that the model does not have."""
        return self.model.find_level(self.identifier.level) if self.model is not None else None

    @property
    def level(self) -> Level | None:
        """Its level; None as above."""
        return self.model.levels[self.place] if self.model is not None and self.place is not None else None

    @property
    def is_hierarchical(self) -> bool:
        """Whether what is above its level must be named, as no relational behavior was agreed on."""
        return self.options is not None and self.options.isdisjoint(RELATIONAL)

    @property
    def failed(self) -> bool:
        """Whether it was refused or failed."""
        return self.operation.category == "Failure"

    @property
    def said(self) -> str:
        """Name the request with its level: `C-FIND-RQ at STUDY level`."""
        level = self.level
        return self.operation.request.name + (f" at {level.name} level" if level is not None else "")


def names(tags: Sequence[int]) -> str:
    """Name attributes, those beyond the first few by number."""
    more = f" and {len(tags) - MAX_NAMED} more" if len(tags) > MAX_NAMED else ""
    return ", ".join(named(tag) for tag in tags[:MAX_NAMED]) + more


def asked(review: Review) -> Iterator[Asked]:
    """Yield the queries and retrievals of an association that could be read."""
    association = review.association
    for operation in association.operations.queries:
        query = operation.query
        if query is None or query.request is None:
            continue
        context = association.contexts.get(operation.request.context_id)
        sop_class = operation.request.sop_class_uid or (context.abstract_syntax if context is not None else None)
        options = agreed_options(association, sop_class or "")
        yield Asked(operation, query, query.request, find_model(sop_class), options)


def told_once(check: Callable[[Asked], Iterator[str]]) -> Callable[[Review], Iterator[Hit]]:
    """Return a check that tells what `check` says of requests, each thing once, with its sender before it."""

    def find(review: Review) -> Iterator[Hit]:
        told: dict[tuple[object, str], tuple[Operation, int]] = {}
        for each in asked(review):
            for text in check(each):
                key = (each.operation.side, text)
                first, times = told.get(key, (each.operation, 0))
                told[key] = first, times + 1
        for (_, text), (operation, times) in told.items():
            who = review.association.party(operation.side).label
            more = f" ({times} times)" if times > 1 else ""
            yield Hit(f"{who} sends {text}{more}", operation.request.span, operation.request, side=operation.side)

    return find
