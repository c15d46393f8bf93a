"""Rules on what A-ASSOCIATE-AC answers to what was proposed (PS3.8 §9.3.3, PS3.7 §D.3)."""

import re
from collections import Counter
from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.negotiation import PresentationContext
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.normalized import FILM_BOX, FILM_SESSION, IMAGE_BOXES, META_CLASSES
from dicomsniff.dictionary.reasons import CONTEXT_RESULTS, context_result_name, in_words
from dicomsniff.dictionary.uids import IMPLICIT_VR_LITTLE_ENDIAN, STANDARD_ROOT, find_uid_name, misspelt, retired
from dicomsniff.findings.codes import PROPOSAL, by
from dicomsniff.findings.encoding_rules import with_characters_not_allowed
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_class, the_party, the_title, the_uid
from dicomsniff.findings.rule import Hit, entry_rule
from dicomsniff.pdu.fields import plain_text
from dicomsniff.pdu.types import AssociateAc, AsynchronousOperationsWindow
from dicomsniff.quantities import of_all, some_of


def _answer(association: Association, entry: Entry) -> AssociateAc | None:
    """Return the A-ASSOCIATE-AC that an entry is, where it counts and what it answers is known."""
    answer = entry.event
    whole = isinstance(answer, AssociateAc) and answer is association.accept and not answer.problem
    known = association.request is not None and not association.request.problem
    return answer if whole and known and isinstance(answer, AssociateAc) else None


_AC = (AssociateAc,)
_CLASS_REFUSED, _SYNTAXES_REFUSED = 3, 4
"""The results of a context whose abstract syntax, or none of whose transfer syntaxes, is taken (PS3.8 Table 9-18)."""
_IN_META = (FILM_SESSION, FILM_BOX, *IMAGE_BOXES)
"""SOP classes that are negotiated as part of a meta SOP class (PS3.4 §H.3.2)."""
MAX_SYNTAXES = 3
"""Transfer syntaxes that a finding names; further ones are counted."""
MAX_CLASSES = 3
"""SOP classes that a finding names where none is taken; further ones are counted."""


@entry_rule(
    code="context-not-proposed",
    severity=Severity.ERROR,
    on=_AC,
    follows=by("peer", "context-id-even", "context-id-repeated", "contexts-too-many"),
)
def not_proposed(association: Association, entry: Entry) -> Iterator[Hit]:
    """The acceptor answers a context that was not proposed.

    A-ASSOCIATE-AC answers exactly the contexts proposed. What it says about another one means nothing; strict
    requestors abort.

    What to do: Look at the acceptor.
    """
    if _answer(association, entry):
        for context in association.contexts.values():
            if context.abstract_syntax is None:
                accepts = "accepts" if context.accepted else "answers"
                yield Hit(f"A-ASSOCIATE-AC {accepts} context {context.id}, which was not proposed")


@entry_rule(
    code="syntax-not-proposed",
    severity=Severity.ERROR,
    on=_AC,
    follows=by("peer", "context-id-repeated", "uid-padded"),
)
def syntax_not_proposed(association: Association, entry: Entry) -> Iterator[Hit]:
    """A context is accepted with a transfer syntax nobody proposed.

    The acceptor chooses one of the transfer syntaxes proposed for the context. With another one, the requestor cannot
    send what it has, or sends what the acceptor does not read.

    What to do: Look at the acceptor's choice of transfer syntaxes.
    """
    if _answer(association, entry):
        for context in association.contexts.values():
            chosen, known = context.transfer_syntax, context.abstract_syntax is not None
            if context.accepted and known and chosen and chosen not in context.proposed_transfer_syntaxes:
                yield Hit(f"context {context.id} is accepted with {the_class(chosen)}, which was not proposed for it")


@entry_rule(
    code="accepted-without-syntax",
    severity=Severity.ERROR,
    on=_AC,
    follows=by("peer", "context-without-syntax"),
)
def without_syntax(association: Association, entry: Entry) -> Iterator[Hit]:
    """A context is accepted without a transfer syntax.

    An accepted context names the transfer syntax to use. Without one, the requestor does not know how to encode.

    What to do: Look at the acceptor.
    """
    if isinstance(entry.event, AssociateAc) and not entry.event.problem:
        for context in association.contexts.values():
            if context.accepted and not context.transfer_syntax:
                yield Hit(f"context {context.id} is accepted without a transfer syntax")


@entry_rule(
    code="contexts-all-refused",
    severity=Severity.ERROR,
    on=_AC,
    follows=by("peer", *PROPOSAL),
)
def all_refused(association: Association, entry: Entry) -> Iterator[Hit]:
    """No presentation context is accepted.

    The association is established, but nothing can be exchanged on it: the two sides have no SOP class in common, or no
    transfer syntax for one.

    What to do: Compare the SOP classes and transfer syntaxes both sides are configured for.
    """
    contexts = association.contexts.values()
    if isinstance(entry.event, AssociateAc) and contexts and not any(context.accepted for context in contexts):
        reasons = sorted({in_words(context_result_name(c.result)) for c in contexts if c.result is not None})
        classes = some_of(list(dict.fromkeys(the_class(c.abstract_syntax) for c in contexts)), MAX_CLASSES)
        # Why comes before many names: a line may be cut.
        whole, names = f"none of the {len(contexts)} presentation contexts was accepted", f"; proposed: {classes}"
        if len(contexts) == 1:
            whole, names = f"the only presentation context ({classes}) was not accepted", ""
        why = ", ".join(reasons) or "no answer"
        if all(context.result == _SYNTAXES_REFUSED for context in contexts):
            syntaxes = dict.fromkeys(each for context in contexts for each in context.proposed_transfer_syntaxes)
            why += f" ({some_of(list(syntaxes), MAX_SYNTAXES, the_class)})" if syntaxes else ""
        yield Hit(f"{whole}: {why}{_why_refused(association)}{names}{_only_in_meta(association)}")


def _why_refused(association: Association) -> str:
    """Say what is wrong with a proposal that was refused, where it can be told from what was proposed."""
    contexts = association.contexts.values()
    refused = [context for context in contexts if context.result]
    uids = list(dict.fromkeys(uid for context in refused for uid in _blamed(context) if uid))
    wrong = {uid: misspelt(uid) for uid in uids}
    unknown = [uid for uid in uids if uid.startswith(STANDARD_ROOT) and find_uid_name(uid) is None]
    if some := [uid for uid in uids if wrong[uid]]:
        meant = wrong[some[0]] or ""
        return f"; {_no_uids(some, uids, refused)}; {meant} ({the_class(meant)}) is"
    if unknown:
        return f"; {_no_uids(unknown, uids, refused)}, as far as dicomsniff knows"
    takes = {c.abstract_syntax for c in contexts if IMPLICIT_VR_LITTLE_ENDIAN in c.proposed_transfer_syntaxes}
    without = [c for c in refused if c.result == _SYNTAXES_REFUSED and c.abstract_syntax not in takes]
    if without:
        it = "it" if len(refused) == 1 else the_class(without[0].abstract_syntax)
        return f"; {the_class(IMPLICIT_VR_LITTLE_ENDIAN)}, which every acceptor must take, was not proposed for {it}"
    refusals = [retired(c.abstract_syntax or "") if c.result == _CLASS_REFUSED else None for c in refused]
    if refused and None not in refusals:
        if len(refused) > 1:
            return "; the standard has retired all of them"
        return "; the standard has retired that class" + (f" for {refusals[0]}" if refusals[0] else "")
    return ""


def _blamed(context: PresentationContext) -> list[str | None]:
    """Return the UIDs of a refused context of which one may be why."""
    return [context.abstract_syntax, *context.proposed_transfer_syntaxes * (context.result == _SYNTAXES_REFUSED)]


def _no_uids(some: list[str], uids: list[str], refused: list[PresentationContext]) -> str:
    """`that is no UID of the standard`, where only one can be meant; else they are named, or counted."""
    if len(some) > 1:
        return f"{the_uid(some[0])} and {len(some) - 1} more are no UIDs of the standard"
    one_only = len(refused) == 1 and (some[0] == refused[0].abstract_syntax or len(uids) <= 2)
    return f"{'that' if one_only else the_uid(some[0])} is no UID of the standard"


def _only_in_meta(association: Association) -> str:
    """Say of a refused SOP class that it is part of a meta SOP class, where none was proposed (PS3.4 §H.3.2)."""
    contexts = association.contexts.values()
    if any(context.abstract_syntax in META_CLASSES for context in contexts):
        return ""
    refused = (context.abstract_syntax for context in contexts if context.result == _CLASS_REFUSED)
    alone = next((uid for uid in refused if uid in _IN_META), None)
    return f"; {the_class(alone)} is negotiated as part of a Print Management Meta SOP Class" if alone else ""


@entry_rule(
    code="context-answered-twice",
    severity=Severity.WARNING,
    on=_AC,
    follows=by("peer", "context-id-repeated"),
)
def answered_twice(_: Association, entry: Entry) -> Iterator[Hit]:
    """The acceptor answers a context more than once.

    Which answer counts is up to the requestor, so that the sides may go on with different transfer syntaxes.

    What to do: Look at the acceptor, and at whether the id was proposed twice.
    """
    if isinstance(entry.event, AssociateAc):
        ids = Counter(context.id for context in entry.event.contexts)
        twice = [str(number) for number, count in ids.items() if count > 1]
        if twice:
            yield Hit(f"A-ASSOCIATE-AC answers more than once: context {some_of(twice)}")


@entry_rule(
    code="contexts-unanswered",
    severity=Severity.WARNING,
    on=_AC,
    follows=by("peer", *PROPOSAL),
)
def unanswered(association: Association, entry: Entry) -> Iterator[Hit]:
    """The acceptor leaves out contexts that were proposed.

    A-ASSOCIATE-AC answers every context proposed. What is left out counts as refused with some requestors; others
    abort.

    What to do: Look at the acceptor.
    """
    if _answer(association, entry):
        silent = [each for each in association.contexts.values() if each.result is None]
        if silent:
            count = of_all(len(silent), len(association.contexts), "presentation context")
            which = [f"{each.id} ({the_class(each.abstract_syntax)})" for each in silent]
            yield Hit(f"A-ASSOCIATE-AC does not answer {count}: {some_of(which, MAX_CLASSES)}")


@entry_rule(code="context-result-reserved", severity=Severity.WARNING, on=_AC)
def result_reserved(_: Association, entry: Entry) -> Iterator[Hit]:
    """A context is answered with a result the standard does not define.

    Results are 0 (acceptance) to 4. The context counts as refused; nobody can tell why.

    What to do: Look at the acceptor's encoder.
    """
    if isinstance(entry.event, AssociateAc):
        for context in entry.event.contexts:
            if context.result not in CONTEXT_RESULTS:
                yield Hit(f"context {context.id} is answered with the reserved result {context.result}")


@entry_rule(code="role-not-proposed", severity=Severity.WARNING, on=_AC)
def role_not_proposed(association: Association, entry: Entry) -> Iterator[Hit]:
    """The acceptor grants a role that was not proposed.

    The acceptor may only accept or refuse the roles proposed; another answer means nothing.

    What to do: Look at the acceptor.
    """
    answer = _answer(association, entry)
    if answer is not None and association.request is not None:
        proposed = {role.sop_class_uid: role for role in association.request.user_information.roles}
        granted: dict[str, None] = {}
        for role in answer.user_information.roles:
            wish = proposed.get(role.sop_class_uid)
            if wish is None or (role.scu and not wish.scu) or (role.scp and not wish.scp):
                granted[role.sop_class_uid] = None
        if granted:
            roles = "a role that was" if len(granted) == 1 else "roles that were"
            yield Hit(
                f"A-ASSOCIATE-AC grants {roles} not proposed, for {some_of(list(granted), MAX_CLASSES, the_class)}"
            )


@entry_rule(code="window-beyond-proposal", severity=Severity.WARNING, on=_AC)
def window_beyond(association: Association, entry: Entry) -> Iterator[Hit]:
    """The acceptor allows more outstanding operations than proposed.

    The acceptor may keep or lower what the requestor proposed. With more, it may send requests that the requestor is
    not ready to take.

    What to do: Look at the acceptor.
    """
    answer = _answer(association, entry)
    if answer is None or association.request is None:
        return
    given = answer.user_information.asynchronous_operations_window
    asked = association.request.user_information.asynchronous_operations_window
    if given is None:
        return
    pairs = ((given.invoked, asked.invoked), (given.performed, asked.performed)) if asked else ()
    # 0 stands for any number, so that it is the largest.
    text = f"an asynchronous operations window of {_window(given)}"
    if asked is not None and any((got or 1 << 16) > (wish or 1 << 16) for got, wish in pairs):
        yield Hit(f"A-ASSOCIATE-AC allows more than was proposed: {text}, instead of {_window(asked)}")
    elif asked is None and (given.invoked, given.performed) != (1, 1):
        yield Hit(f"A-ASSOCIATE-AC negotiates {text}, which was not proposed")


def _window(window: AsynchronousOperationsWindow) -> str:
    """`8 invoked and any number performed`."""
    invoked, performed = (str(each or "any number") for each in (window.invoked, window.performed))
    return f"{invoked} invoked and {performed} performed"


@entry_rule(code="contexts-refused", severity=Severity.NOTE, on=_AC)
def some_refused(association: Association, entry: Entry) -> Iterator[Hit]:
    """Some presentation contexts are refused.

    Objects of these SOP classes, or in these transfer syntaxes, cannot be sent on this association. Proposing more than
    the other side takes is normal.

    What to do: Where objects are missing at the receiver, compare their SOP classes with the refused ones.
    """
    if isinstance(entry.event, AssociateAc) and any(c.accepted for c in association.contexts.values()):
        refused = [c for c in association.contexts.values() if c.result]
        if refused:
            first = refused[0]
            what = f"{the_class(first.abstract_syntax)}: {in_words(context_result_name(first.result or 0))}"
            if first.result == _SYNTAXES_REFUSED and first.proposed_transfer_syntaxes:
                what += f" ({some_of(first.proposed_transfer_syntaxes, MAX_SYNTAXES, the_class)})"
            more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
            share = of_all(len(refused), len(association.contexts), "presentation context")
            yield Hit(f"{share} refused: {what}{more}{_why_refused(association)}{_only_in_meta(association)}")


@entry_rule(code="titles-garbled", severity=Severity.WARNING, on=_AC)
def titles_garbled(association: Association, entry: Entry) -> Iterator[Hit]:
    """The acceptor sends AE titles back with characters that are not allowed.

    A-ASSOCIATE-AC repeats the titles of the request, all 16 bytes of each. Here one comes back with NUL or other
    control characters: the acceptor did not clear, or overran, its buffer. Requestors that check it abort.

    What to do: Report it to the acceptor's maker. Until then, use a requestor that does not check these fields.
    """
    for title, sent in _titles(association, entry):
        if title != sent and not _PLAIN.fullmatch(title):
            who = the_party(association.party(entry.side))
            padded = title.rstrip(b"\0 ") == sent.rstrip(b"\0 ")
            wrong = with_characters_not_allowed(title.rstrip(b"\0 "))
            what = "padded with NUL, not with spaces" if padded or not wrong else wrong
            yield Hit(f"{who} sends the AE title {the_title(plain_text(title.rstrip(b' ')))} back {what}")
            return


@entry_rule(code="titles-changed", severity=Severity.NOTE, on=_AC)
def titles_changed(association: Association, entry: Entry) -> Iterator[Hit]:
    """The A-ASSOCIATE-AC carries other AE titles.

    A-ASSOCIATE-AC repeats the titles of the request; as requestors are told not to test them, this is a note. A
    different title may mean that a proxy or another application answered.

    What to do: Nothing, unless the wrong system answered.
    """
    pairs = _titles(association, entry)
    if any(title.strip(b" ") != sent.strip(b" ") for title, sent in pairs) and not any(
        titles_garbled(association, entry)
    ):
        who = the_party(association.party(entry.side))
        said, asked = ([_legible(title) for title in titles] for titles in zip(*pairs, strict=True))
        if said == asked[::-1]:
            text = f"{who} sends the AE titles back swapped: called {said[0]}, calling {said[1]}"
        else:
            text = f"{who} sends other AE titles back: {said[1]} and {said[0]}, not {asked[1]} and {asked[0]}"
        yield Hit(text)


def _legible(title: bytes) -> str:
    return the_title(said) if (said := plain_text(title).strip()) else "(blank)"


def _titles(association: Association, entry: Entry) -> list[tuple[bytes, bytes]]:
    """Return called and calling AE title as sent back, each with what was received."""
    answer = _answer(association, entry)
    if answer is None or association.request is None:
        return []
    said, asked = answer.raw, association.request.raw
    return [(said[4:20], asked[4:20]), (said[20:36], asked[20:36])]


_PLAIN = re.compile(rb"[\x20-\x7e]*")
