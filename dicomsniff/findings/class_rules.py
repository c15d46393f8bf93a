"""A rule on requests that name another SOP class than their presentation context (PS3.8 §7.6.1, PS3.7 §10.1)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.dictionary.normalized import META_CLASSES, META_MEMBERS, UPS_CLASSES
from dicomsniff.dictionary.reasons import context_result_name, in_words
from dicomsniff.dimse.message import Message
from dicomsniff.findings.codes import FRAMING, NOT_CAPTURED, by
from dicomsniff.findings.command_rules import OF_OTHER_CLASS
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_class
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, final_rule

_OF_CONTEXT = (0x0001, 0x0010, 0x0020, 0x0021, 0x0030)
"""Commands whose SOP class is that of their context: others have meta SOP classes, which stand for several."""


@final_rule(
    code="class-not-of-context",
    severity=Severity.WARNING,
    follows=(*by("own", *FRAMING), *NOT_CAPTURED, "own:context-id-repeated"),
)
def class_mismatched(review: Review) -> Iterator[Hit]:
    """A request names another SOP class than its context.

    A presentation context is agreed for one SOP class. A C-STORE, C-FIND, C-GET, C-MOVE or C-ECHO on it names that
    class. Some receivers go by the one, some by the other, and some abort. Requests of normalized services may name a
    class of which the context's is a meta SOP class; of others it is told where they are refused for their class, or
    get no answer.

    What to do: Look at how the sender chooses the context for a message. Reported once per context and SOP class.
    """
    association = review.association
    told: set[tuple[int, str]] = set()
    for message in association.messages:
        command = message.command
        named = command.sop_class_uid
        if command.is_response or command.problem or message.problem or not named:
            continue
        context = association.contexts.get(message.context_id)
        if context is None or not context.accepted or not context.abstract_syntax:
            continue
        agreed = context.abstract_syntax
        if named == agreed or agreed in UPS_CLASSES or (message.context_id, named) in told:
            continue
        if command.field in _OF_CONTEXT or (_is_foreign(agreed, named) and _is_refused(message)):
            told.add((message.context_id, named))
            text = (
                f"{command.name} names {the_class(named)}; its context {message.context_id} is of {the_class(agreed)}"
            )
            yield Hit(text + _own_context(association, named), message.span, message)


def _is_foreign(agreed: str, named: str) -> bool:
    """Whether a normalized service may not name a class on a context of another."""
    return named not in META_MEMBERS[agreed] if agreed in META_MEMBERS else agreed not in META_CLASSES


def _is_refused(request: Message) -> bool:
    """Whether a request of a normalized service was refused for its class, or got no final response."""
    operation = request.operation
    return operation is not None and (operation.final is None or operation.status in OF_OTHER_CLASS)


def _own_context(association: Association, named: str) -> str:
    """Say what became of the context that was proposed for the class that a request names."""
    own = [each for each in association.contexts.values() if each.abstract_syntax == named]
    refused = next((each for each in own if each.result), None)
    if refused is None or any(each.accepted for each in own):
        return ""
    why = in_words(context_result_name(refused.result or 0))
    return f", and context {refused.id}, proposed for it, was refused: {why}"
