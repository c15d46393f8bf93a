"""Rules on what A-ASSOCIATE-RQ proposes (PS3.8 §9.3.2, PS3.7 §D.3)."""

from collections import Counter
from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.findings.encoding_rules import of_negotiation
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_class, the_party
from dicomsniff.findings.rule import Hit, entry_rule
from dicomsniff.pdu.types import AssociateAc, AssociateRq, UserInformation
from dicomsniff.quantities import counted, some_of

MAX_CONTEXTS = 128
"""Odd ids from 1 to 255 (PS3.8 §9.3.2.2)."""
_SMALL = 1024
"""Bytes: a maximum PDU length below this makes every message many PDUs."""


_BOTH = (AssociateRq, AssociateAc)


@entry_rule(code="context-id-even", severity=Severity.WARNING, on=AssociateRq)
@of_negotiation
def ids_even(_: Association, entry: Entry) -> Iterator[Hit]:
    """A presentation context has an even id.

    Ids are odd numbers from 1 to 255. Some acceptors refuse or abort, others mix contexts up.

    What to do: Look at how the requestor numbers its contexts.
    """
    match entry.event:
        case AssociateRq(contexts=contexts):
            even = [str(context.id) for context in contexts if context.id % 2 == 0]
            if even:
                count = counted(len(even), "presentation context")
                yield Hit(f"A-ASSOCIATE-RQ has {count} with an even id: {some_of(even)}; ids must be odd")


@entry_rule(
    code="context-id-repeated",
    severity=Severity.WARNING,
    on=AssociateRq,
    follows=("own:contexts-too-many",),
)
@of_negotiation
def ids_repeated(_: Association, entry: Entry) -> Iterator[Hit]:
    """A presentation context id is proposed twice.

    The two sides may take different proposals for the one accepted, and then read each other's data wrongly.

    What to do: Look at how the requestor numbers its contexts.
    """
    match entry.event:
        case AssociateRq(contexts=contexts):
            ids = Counter(context.id for context in contexts)
            repeated = [str(number) for number, count in ids.items() if count > 1]
            if len(repeated) == 1:
                yield Hit(f"presentation context ID {repeated[0]} is proposed {ids[int(repeated[0])]} times")
            elif repeated:
                yield Hit(f"{len(repeated)} presentation context IDs are proposed more than once: {some_of(repeated)}")


@entry_rule(code="contexts-too-many", severity=Severity.WARNING, on=AssociateRq)
@of_negotiation
def too_many(_: Association, entry: Entry) -> Iterator[Hit]:
    """More than 128 presentation contexts are proposed.

    There are 128 odd ids, so with more contexts ids repeat or overflow. Acceptors refuse, abort or crash.

    What to do: Propose fewer SOP classes or transfer syntaxes per association.
    """
    match entry.event:
        case AssociateRq(contexts=contexts) if len(contexts) > MAX_CONTEXTS:
            yield Hit(f"{len(contexts)} presentation contexts are proposed; there are {MAX_CONTEXTS} ids")


@entry_rule(code="context-without-syntax", severity=Severity.WARNING, on=AssociateRq)
@of_negotiation
def without_syntax(_: Association, entry: Entry) -> Iterator[Hit]:
    """A presentation context proposes no syntax.

    A context names one abstract syntax and one or more transfer syntaxes. Without them, it cannot be accepted; some
    acceptors abort.

    What to do: Look at the requestor's list of contexts.
    """
    match entry.event:
        case AssociateRq(contexts=contexts, problem=""):
            empty = [str(each.id) for each in contexts if not each.abstract_syntax or not each.transfer_syntaxes]
            if empty:
                what = counted(len(empty), "presentation context")
                yield Hit(f"{what} without abstract or transfer syntax: {some_of(empty)}")
            if not contexts:
                yield Hit("no presentation context is proposed")


@entry_rule(code="proposed-twice", severity=Severity.NOTE, on=AssociateRq)
@of_negotiation
def proposed_twice(_: Association, entry: Entry) -> Iterator[Hit]:
    """The same proposal occurs more than once.

    The same SOP class with the same transfer syntaxes stands in several contexts, or a transfer syntax twice in one.
    This is allowed, but it wastes context IDs.

    What to do: Nothing, unless contexts run out.
    """
    match entry.event:
        case AssociateRq(contexts=contexts):
            same = Counter((each.abstract_syntax, each.transfer_syntaxes) for each in contexts)
            again = [the_class(abstract) for (abstract, _), count in same.items() if count > 1]
            if again:
                what = counted(len(again), "SOP class")
                yield Hit(f"{what} proposed again with the same transfer syntaxes: {some_of(again)}")
            lists = ((each.id, each.transfer_syntaxes) for each in contexts)
            twice = [str(number) for number, syntaxes in lists if len(set(syntaxes)) < len(syntaxes)]
            if twice:
                yield Hit(
                    f"{counted(len(twice), 'presentation context')} with a transfer syntax twice: {some_of(twice)}"
                )


@entry_rule(code="user-information-incomplete", severity=Severity.WARNING, on=_BOTH)
@of_negotiation
def information_missing(_: Association, entry: Entry) -> Iterator[Hit]:
    """A required user information item is missing.

    Maximum length and implementation class UID are required of both sides. Without the first, the other side does not
    know how long a PDU may be.

    What to do: Look at the sender's encoder.
    """
    match entry.event:
        case AssociateRq(problem="", user_information=said) | AssociateAc(problem="", user_information=said) as pdu:
            wanted = {
                "maximum length": said.max_pdu_length,
                "implementation class UID": said.implementation_class_uid,
            }
            absent = [name for name, value in wanted.items() if value is None]
            if absent:
                nothing = "user information: " if said == UserInformation() else ""
                yield Hit(f"{pdu.name} has no {nothing}{'no ' * bool(nothing)}{' and no '.join(absent)}")


@entry_rule(code="max-length-small", severity=Severity.NOTE, on=_BOTH)
@of_negotiation
def length_small(association: Association, entry: Entry) -> Iterator[Hit]:
    """One side accepts only very small PDUs.

    Every message has to be cut into many PDUs, which is slow, and commands may have to be fragmented, which some
    implementations cannot read.

    What to do: Raise the maximum PDU length; 16 kB and more is usual.
    """
    match entry.event:
        case AssociateRq(user_information=said) | AssociateAc(user_information=said):
            if said.max_pdu_length and said.max_pdu_length < _SMALL:
                party = association.party(entry.side)
                yield Hit(f"{the_party(party)} takes P-DATA-TF of {said.max_pdu_length} bytes at most")
