"""Rules on the sub-items of user information: how often each may occur, and on which side (PS3.7 §D.3.3)."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.findings.encoding_rules import of_negotiation, walk_items
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_class
from dicomsniff.findings.rule import Hit, entry_rule
from dicomsniff.pdu.types import AssociateAc, AssociateRq, UserInformation
from dicomsniff.quantities import counted, some_of

MAX_VERSION_NAME = 16
"""Characters of an Implementation Version Name (PS3.7 §D.3.3.2.3)."""
_VERSION_NAME = re.compile(rb"[\x20-\x7e]*")


_BOTH = (AssociateRq, AssociateAc)


@entry_rule(code="class-item-repeated", severity=Severity.WARNING, on=_BOTH)
@of_negotiation
def repeated(_: Association, entry: Entry) -> Iterator[Hit]:
    """A SOP class has two sub-items of one kind.

    Role selection, extended and common extended negotiation occur at most once for each SOP class. Which of two counts
    is up to the receiver: the sides may go on with different roles or options.

    What to do: Look at how the sender lists its SOP classes.
    """
    match entry.event:
        case AssociateRq(user_information=said) | AssociateAc(user_information=said) as pdu:
            for kind, classes in _per_class(said):
                again = [the_class(uid) for uid, count in Counter(classes).items() if count > 1]
                if again:
                    yield Hit(f"{pdu.name} has more than one {kind} for {some_of(again)}")


def _per_class(said: UserInformation) -> Iterator[tuple[str, Iterable[str]]]:
    yield "role selection", (each.sop_class_uid for each in said.roles)
    yield "SOP class extended negotiation", (each.sop_class_uid for each in said.extended)
    yield "SOP class common extended negotiation", (each.sop_class_uid for each in said.common_extended)


@entry_rule(
    code="version-name",
    severity=Severity.WARNING,
    on=_BOTH,
    meaning=f"It has 1 to {MAX_VERSION_NAME} characters. Strict peers reject or abort, others cut it or overflow a "
    "buffer.",
)
@of_negotiation
def version_name_wrong(_: Association, entry: Entry) -> Iterator[Hit]:
    """The implementation version name is empty or too long.

    What to do: Correct the version name in the sender's settings or build.
    """
    match entry.event:
        case AssociateRq() | AssociateAc() as pdu if pdu.user_information.implementation_version_name is not None:
            names = [value for outer, kind, value in walk_items(pdu.raw) if (outer, kind) == (0x50, 0x55)]
            for name in names[:1]:
                what = f"the Implementation Version Name of {pdu.name}"
                if not name:
                    yield Hit(f"{what} is empty; it has 1 to {MAX_VERSION_NAME} characters")
                elif len(name) > MAX_VERSION_NAME:
                    yield Hit(f"{what} is {len(name)} characters long; it may have {MAX_VERSION_NAME}")
                elif not _VERSION_NAME.fullmatch(name.rstrip(b"\0")):
                    yield Hit(f"{what} has characters beyond ISO 646")


@entry_rule(
    code="answer-unasked",
    severity=Severity.WARNING,
    on=AssociateAc,
)
def unasked(association: Association, entry: Entry) -> Iterator[Hit]:
    """The acceptor answers what was not asked.

    An asynchronous operations window, extended negotiation or user identity response is left out of A-ASSOCIATE-AC
    where the request has nothing that it answers. Strict requestors abort.

    What to do: Look at the acceptor's encoder.
    """
    answer, request = entry.event, association.request
    if not isinstance(answer, AssociateAc) or answer is not association.accept or request is None or request.problem:
        return
    asked, given = request.user_information, answer.user_information
    wrong = []
    window = given.asynchronous_operations_window
    # A larger window is told by a rule of its own.
    if (
        asked.asynchronous_operations_window is None
        and window is not None
        and (window.invoked, window.performed) == (1, 1)
    ):
        wrong.append("an asynchronous operations window (53H)")
    known = {each.sop_class_uid for each in asked.extended}
    if extended := [the_class(each.sop_class_uid) for each in given.extended if each.sop_class_uid not in known]:
        wrong.append(f"SOP class extended negotiation (56H) of {some_of(extended)}")
    if given.common_extended:
        wrong.append("SOP class common extended negotiation (57H), which is never answered")
    if given.identity_response is not None and asked.identity is None:
        wrong.append("a user identity response (59H)")
    elif given.identity_response is not None and asked.identity and not asked.identity.positive_response_requested:
        wrong.append("a user identity response (59H) to an identity without a request for one")
    if wrong:
        yield Hit(f"A-ASSOCIATE-AC has {counted(len(wrong), 'item')} that nobody asked for: {'; '.join(wrong)}")


@entry_rule(code="item-of-other-side", severity=Severity.WARNING, on=_BOTH)
@of_negotiation
def other_side_s(_: Association, entry: Entry) -> Iterator[Hit]:
    """One side sends an item that only the other side may send.

    The requestor sends user identity (58H), the acceptor the response to it (59H). The other way round they mean
    nothing.

    What to do: Look at the sender's encoder.
    """
    match entry.event:
        case AssociateRq(user_information=said) if said.identity_response is not None:
            yield Hit("A-ASSOCIATE-RQ has a user identity response (59H), which only A-ASSOCIATE-AC has")
        case AssociateAc(user_information=said) if said.identity is not None:
            yield Hit("A-ASSOCIATE-AC has a user identity (58H), which only A-ASSOCIATE-RQ has")
