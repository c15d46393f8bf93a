"""The queries and retrievals of an association, as rules look at them: what was asked for, in which model."""

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import NamedTuple

from dicomsniff.association.agreement import agreed_options, wished_options
from dicomsniff.association.association import Association
from dicomsniff.dictionary.information_models import InformationModel, Level, find_model
from dicomsniff.dimse.identifier import Identifier
from dicomsniff.dimse.operations import Operation
from dicomsniff.dimse.queries import Query
from dicomsniff.dimse.scan.outline import named
from dicomsniff.findings.codes import DATA_SETS, FRAGMENTS, FRAMING, by
from dicomsniff.findings.command_rules import OWN_REASONS
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_party
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit
from dicomsniff.quantities import some_of

FIND = "C-FIND"
BROKEN = (*by("own", *FRAMING, *FRAGMENTS, *DATA_SETS, "bytes-missing"), "negotiation-not-captured", "one-direction")
"""What a fault in an identifier may follow from: it did not come whole, or as it was sent."""
MAX_NAMED = 3
"""Keys that a finding names; further ones are counted."""
RELATIONAL = ("Relational-queries", "Relational-retrieval")


class Asked(NamedTuple):
    """One query or retrieval whose request could be read; `model` is None where its SOP class is not known.

    `place` is that of its level in the model, None where it has no level, or one that the model does not have.
    `options` are those of its SOP class that both sides agree on, None where the negotiation is not known; `wished`
    those that the requestor of the association asked for. `whole` says that the capture lacks nothing of what was sent,
    so that there are no more responses than are known.
    """

    operation: Operation
    query: Query
    identifier: Identifier
    model: InformationModel | None
    place: int | None
    level: Level | None
    options: set[str] | None
    wished: set[str]
    whole: bool

    @property
    def is_find(self) -> bool:
        """Whether it asks what there is, not for the objects."""
        return self.operation.name == FIND

    @property
    def is_hierarchical(self) -> bool:
        """Whether what is above its level must be named, as no relational behavior was agreed on."""
        return self.options is not None and self.options.isdisjoint(RELATIONAL)

    @property
    def failed(self) -> bool:
        """Whether it was refused, perhaps for what it asks for."""
        operation = self.operation
        return operation.category == "Failure" and operation.status not in OWN_REASONS and not operation.pending

    @property
    def served(self) -> bool:
        """Whether it brought something, whatever it asked for: matches, or objects of which none failed."""
        operation = self.operation
        if self.is_find:
            return operation.pending > 0 and operation.category in ("Success", "Cancel")
        if operation.category != "Success":
            return False
        return operation.counters.get("completed", 0) > 0 and not operation.counters.get("failed", 0)

    @property
    def said(self) -> str:
        """Name the request with its level: `C-FIND-RQ at STUDY level`."""
        return self.operation.request.name + (f" at {self.level.name} level" if self.level is not None else "")


def names(tags: Sequence[int]) -> str:
    """Name attributes, those beyond the first few by number."""
    return some_of(tags, MAX_NAMED, named)


def asked(review: Review) -> list[Asked]:
    """Return the queries and retrievals of an association that could be read."""
    if review.asked is None:
        review.asked = list(_asked(review.association))
    return review.asked


def _asked(association: Association) -> Iterator[Asked]:
    agreed: dict[str, tuple[set[str] | None, set[str]]] = {}
    for operation in association.operations.queries:
        query = operation.query
        if query is None or query.request is None:
            continue
        context = association.contexts.get(operation.request.context_id)
        sop_class = operation.request.sop_class_uid or (context.abstract_syntax if context is not None else None) or ""
        if sop_class not in agreed:
            agreed[sop_class] = agreed_options(association, sop_class), wished_options(association, sop_class)
        model = find_model(sop_class)
        place = model.find_level(query.request.level) if model is not None else None
        level = model.levels[place] if model is not None and place is not None else None
        yield Asked(operation, query, query.request, model, place, level, *agreed[sop_class], not association.has_holes)


def told_once(check: Callable[[Asked], Iterator[str]]) -> Callable[[Review], Iterator[Hit]]:
    """Return a check that tells what `check` says of requests, each thing once, with its sender before it."""

    @wraps(check)
    def find(review: Review) -> Iterator[Hit]:
        return (hit for hit, _ in _told(check, review))

    return find


def told_leniently(check: Callable[[Asked], Iterator[str]]) -> Callable[[Review], Iterator[Hit]]:
    """As `told_once`, of what many peers stand: a note where every such request was served."""

    @wraps(check)
    def find(review: Review) -> Iterator[Hit]:
        for hit, served in _told(check, review):
            yield hit._replace(severity=Severity.NOTE) if served else hit

    return find


def _told(check: Callable[[Asked], Iterator[str]], review: Review) -> Iterator[tuple[Hit, bool]]:
    told: dict[tuple[object, str], list[Asked]] = {}
    for each in asked(review):
        for text in check(each):
            told.setdefault((each.operation.side, text), []).append(each)
    for (_, text), requests in told.items():
        served = all(each.served for each in requests)
        operation = requests[0].operation
        who = the_party(review.association.party(operation.side))
        more = f" ({len(requests)} times)" if len(requests) > 1 else ""
        hit = Hit(f"{who} sends {text}{more}", operation.request.span, operation.request, side=operation.side)
        yield hit, served
