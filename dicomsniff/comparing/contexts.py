"""What two associations propose and answer differently about presentation contexts, SOP class by SOP class."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dicomsniff.association.negotiation import PresentationContext
from dicomsniff.comparing.difference import Difference, Kind, Weight, both
from dicomsniff.comparing.subject import Subject
from dicomsniff.dictionary.reasons import context_result_name, in_words
from dicomsniff.findings.parts import the_class
from dicomsniff.quantities import some_of

MAX_NAMED = 3
"""SOP classes that are named of those that nobody used; further ones are counted."""


class _Agreed(NamedTuple):
    """What was proposed and accepted of one SOP class, in the order of the contexts; none where there is none."""

    contexts: tuple[PresentationContext, ...] = ()

    @property
    def proposed(self) -> tuple[str, ...]:
        """The transfer syntaxes proposed."""
        return tuple(dict.fromkeys(syntax for each in self.contexts for syntax in each.proposed_transfer_syntaxes))

    @property
    def accepted(self) -> tuple[str, ...]:
        """The transfer syntaxes accepted."""
        return tuple(dict.fromkeys(each.transfer_syntax or "" for each in self.contexts if each.accepted))

    @property
    def text(self) -> str:
        """Say what came of it."""
        if not self.contexts:
            return "not proposed"
        if self.accepted:
            return f"accepted as {_names(self.accepted)}"
        results = dict.fromkeys(each.result for each in self.contexts)
        if None in results:
            return f"proposed as {_names(self.proposed)} and not answered"
        said = " or ".join(in_words(context_result_name(each)) for each in results if each is not None)
        return f"refused ({said})"


def compare_contexts(good: Subject, bad: Subject) -> Iterator[Difference]:
    """Yield what differs in presentation contexts: of SOP classes that were used one by one, of others together."""
    classes = _by_class(good), _by_class(bad)
    unused: dict[tuple[Kind, bool], list[str]] = {}
    unanswered = bad.was_not_accepted or good.was_not_accepted  # then only what was proposed can be compared
    tell = _difference_of_proposals if unanswered else _difference_of_answers
    for uid in dict.fromkeys((*classes[0], *classes[1])):
        agreed = classes[0].get(uid, _Agreed()), classes[1].get(uid, _Agreed())
        kind = tell(*agreed)
        if kind is None:
            continue
        if uid in good.used | bad.used:
            yield _of_class(uid, kind, *agreed, good, bad)
        else:
            has = both(lambda each: bool(each.contexts if kind is Kind.NOT_PROPOSED else each.accepted), agreed)  # noqa: B023  called at once
            unused.setdefault((kind, has[1] < has[0]), []).append(uid)
    weight = Weight.TELLING if bad.was_not_accepted else Weight.SLIGHT
    for (kind, worse), uids in unused.items():
        yield _of_unused(kind, uids, weight, "proposed" if unanswered else "accepted", worse=worse)


def _by_class(subject: Subject) -> dict[str, _Agreed]:
    found: dict[str, list[PresentationContext]] = {}
    for context in subject.association.contexts.values():
        if context.abstract_syntax is not None:
            found.setdefault(context.abstract_syntax, []).append(context)
    return {uid: _Agreed(tuple(contexts)) for uid, contexts in found.items()}


def _difference_of_proposals(good: _Agreed, bad: _Agreed) -> Kind | None:
    if bool(good.contexts) != bool(bad.contexts):
        return Kind.NOT_PROPOSED
    if set(good.proposed) != set(bad.proposed):
        return Kind.SYNTAX
    return Kind.SYNTAX_ORDER if good.proposed != bad.proposed else None


def _difference_of_answers(good: _Agreed, bad: _Agreed) -> Kind | None:
    if bool(good.contexts) != bool(bad.contexts):
        return Kind.NOT_PROPOSED
    if bool(good.accepted) != bool(bad.accepted):
        return Kind.CONTEXT_REFUSED
    if set(good.accepted) != set(bad.accepted):
        return Kind.SYNTAX
    return Kind.SYNTAX_ORDER if good.proposed != bad.proposed and set(good.proposed) == set(bad.proposed) else None


def _of_class(uid: str, kind: Kind, good: _Agreed, bad: _Agreed, good_side: Subject, bad_side: Subject) -> Difference:
    name = the_class(uid)
    if kind is Kind.SYNTAX:
        return _other_syntax(uid, good, bad, good_side, bad_side)
    if kind is Kind.SYNTAX_ORDER:
        said = both(_proposed, (good, bad))
        return Difference(kind, Weight.SLIGHT, f"order of transfer syntaxes of {name}", *said)
    is_lacking = bool(good.contexts) and not bad.accepted and uid not in bad_side.done
    weight = _weight_of_proposal(bad_side) if is_lacking else Weight.SLIGHT
    if is_lacking and not bad.contexts and bad_side.used:
        weight = Weight.TELLING  # it may have had nothing of that class to send
    return Difference(kind, weight, f"presentation context of {name}", good.text, bad.text)


def _weight_of_proposal(bad: Subject) -> Weight:
    return Weight.DECISIVE if not bad.was_not_accepted or bad.was_refused_for() else Weight.TELLING


def _other_syntax(uid: str, good: _Agreed, bad: _Agreed, good_side: Subject, bad_side: Subject) -> Difference:
    """Compare transfer syntaxes; what counts is whether those that were used in the good one can be used in the bad."""
    about = f"transfer syntax of {the_class(uid)}"
    if bad_side.was_not_accepted or good_side.was_not_accepted:
        said = both(_proposed, (good, bad))
        return Difference(Kind.SYNTAX, _weight_of_proposal(bad_side), about, *said)
    used = {each.request.transfer_syntax for each in good_side.operations if each.request.sop_class_uid == uid}
    lacking = [syntax for syntax in good.accepted if syntax in used and syntax not in bad.accepted]
    weight = Weight.SLIGHT if not lacking or uid in bad_side.done else Weight.TELLING
    if lacking and uid not in bad_side.used:
        weight = Weight.DECISIVE
    why = [f"{the_class(each)} {'refused' if each in bad.proposed else 'not proposed'}" for each in lacking]
    beside = f" ({', '.join(why)})" if why else ""
    return Difference(Kind.SYNTAX, weight, about, good.text, bad.text + beside)


def _of_unused(kind: Kind, uids: list[str], weight: Weight, how: str, *, worse: bool) -> Difference:
    """Tell of SOP classes that neither side used: systems differ in what they propose and accept."""
    names = some_of(uids, MAX_NAMED, the_class)
    if kind is Kind.SYNTAX:
        return Difference(kind, weight, f"transfer syntaxes of {names}, unused", how, f"{how} otherwise")
    if kind is Kind.SYNTAX_ORDER:
        about = f"order of transfer syntaxes of {names}, unused"
        return Difference(kind, weight, about, "proposed", "proposed otherwise")
    has = "proposed" if kind is Kind.NOT_PROPOSED else "accepted"
    said = (has, f"not {has}") if worse else (f"not {has}", has)
    return Difference(kind, weight, f"presentation contexts of {names}, unused", *said)


def _proposed(agreed: _Agreed) -> str:
    return f"proposed as {_names(agreed.proposed)}"


def _names(syntaxes: Iterable[str]) -> str:
    return " or ".join(map(the_class, syntaxes))
