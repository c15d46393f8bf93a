"""Rules on user identity: what became of one that was to be confirmed, and who can read it (PS3.7 §D.3.3.7)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.state import State
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.reasons import NO_REASONS
from dicomsniff.findings.codes import PROPOSAL, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_party
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, entry_rule, final_rule
from dicomsniff.pdu.types import AssociateRq
from dicomsniff.side import Side

_IDENTITIES = {
    1: "a user name",
    2: "a user name and passcode",
    3: "a Kerberos service ticket",
    4: "a SAML assertion",
    5: "a JSON web token",
}


def sent_identity(association: Association) -> str:
    """Name the kind of user identity that the requestor sent; empty where it sent none."""
    identity = association.request.user_information.identity if association.request is not None else None
    if identity is None:
        return ""
    return _IDENTITIES.get(identity.type, f"an identity of reserved type {identity.type}")


def refused_for_identity(association: Association) -> str:
    """Say that a refusal without a reason is what follows a user identity that is not accepted; else return nothing.

    An authorization failure is a permanent refusal by the service-provider's ACSE related function (PS3.7 §D.3.3.7.3).
    Some acceptors send it as the service-user's.
    """
    rejection, kind = association.rejection, sent_identity(association)
    if rejection is None or not kind or (rejection.source, rejection.reason) not in NO_REASONS:
        return ""
    likely = "probably" if (rejection.result, rejection.source) == (1, 2) else "perhaps"
    return f"{likely} the user identity ({kind}) was not accepted"


def _to_confirm(association: Association) -> str:
    """Name the kind of user identity that was to be confirmed; empty where none was."""
    request = association.request
    identity = request.user_information.identity if request is not None and not request.problem else None
    asked = identity is not None and identity.positive_response_requested == 1
    return sent_identity(association) if asked else ""


@final_rule(code="identity-ignored", severity=Severity.WARNING, follows=by("peer", *PROPOSAL))
def unconfirmed(review: Review) -> Iterator[Hit]:
    """The acceptor did not confirm the user identity.

    The requestor asked for a positive response to its user identity, and none came. An acceptor that does not know user
    identity negotiation accepts without one; the requestor decides whether to go on. Where it goes on, this is a note.

    What to do: Do not rely on this acceptor for access control by user. Where the association failed over it, switch
    user identity on at the acceptor, or do not ask for a response.
    """
    association, request, answer = review.association, review.association.request, review.association.accept
    kind = _to_confirm(association)
    if request is None or not kind:
        return
    acceptor, requestor = the_party(association.acceptor), the_party(association.requestor)
    if answer is not None and not answer.problem and answer.user_information.identity_response is None:
        said = f"{acceptor} accepted without confirming the user identity ({kind}), though asked to"
        if _broke_off(review):
            then = "released the association and asked for nothing" if association.released else "broke off"
            yield Hit(f"{said}; {requestor} then {then}", answer.span, side=Side.ACCEPTOR)
        else:
            said += ": it may have ignored it"
            yield Hit(said, answer.span, side=Side.ACCEPTOR, severity=Severity.NOTE)
    elif answer is None and _unanswered(review):
        said = f"{acceptor} left an A-ASSOCIATE-RQ unanswered whose user identity ({kind}) it was to confirm"
        yield Hit(f"{said}: perhaps it refuses the identity in silence", request.span, side=Side.ACCEPTOR)
    elif answer is None and association.abort is not None and association.abort.side is Side.ACCEPTOR:
        said = f"{requestor} sends a user identity ({kind}) to be confirmed; {acceptor} aborted instead of answering"
        yield Hit(f"{said}: perhaps it refuses, or does not know, identities", request.span, side=Side.REQUESTOR)


def _unanswered(review: Review) -> bool:
    """Whether the capture shows that the acceptor said nothing until the connection ended."""
    ended = review.association.state is State.REQUESTED and review.ending is not None
    return ended and not review.spoke(Side.ACCEPTOR) and not review.may_have_missed(Side.ACCEPTOR, since=0)


def _broke_off(review: Review) -> bool:
    """Whether the requestor ended the association before it asked for anything."""
    association, ending = review.association, review.ending
    ended = association.released or (ending is not None and ending.side is Side.REQUESTOR)
    return ended and not association.message_counts.messages


@entry_rule(code="identity-readable", severity=Severity.NOTE, on=AssociateRq)
def readable(_: Association, entry: Entry) -> Iterator[Hit]:
    """A user identity is sent in the clear.

    A user name, passcode, ticket or token is part of A-ASSOCIATE-RQ. Without TLS, whoever can capture this can use it.
    dicomsniff never shows the secret itself.

    What to do: Use the secure transport connection profiles of PS3.15, and change the passcode.
    """
    match entry.event:
        case AssociateRq(user_information=information) if information.identity is not None:
            kind = information.identity.type
            what = _IDENTITIES.get(kind, f"an identity of reserved type {kind}")
            yield Hit(f"the requestor sends {what} in the clear")
