"""A rule on failures that nothing explains: what was unusual in what the failing side was sent just before."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from msgspec.structs import replace

from dicomsniff.association.association import Association
from dicomsniff.association.neighbours import extras_of
from dicomsniff.association.timeline import Entry, TcpEnd
from dicomsniff.dictionary.reasons import NO_REASONS
from dicomsniff.dimse.message import Message
from dicomsniff.findings.codes import (
    ANSWER,
    COMMANDS,
    DATA_SETS,
    FRAGMENTS,
    FRAMING,
    NORMALIZED,
    NOT_CAPTURED,
    OPERATIONS,
    ORDER,
    PROPOSAL,
    QUERIES,
    by,
)
from dicomsniff.findings.command_rules import OWN_REASONS
from dicomsniff.findings.finding import Finding, Severity
from dicomsniff.findings.parts import marked, the_party
from dicomsniff.findings.review import UNANSWERED, Review
from dicomsniff.findings.rule import Hit, final_rule
from dicomsniff.findings.unusual import unlimited_in, unusual_in
from dicomsniff.pdu.types import AssociateAc, AssociateRq
from dicomsniff.quantities import some_of
from dicomsniff.side import SIDES, Side

_FAILURES = {
    "association-rejected": "rejected the association",
    "association-aborted": "aborted",
    "provider-aborted": "aborted",
    "connection-reset": "reset the connection",
    "connection-closed-early": "closed the connection",
    "association-not-released": "closed the connection",
    "status-failure": "answered with a failure",
    "peer-silent": "gave no answer",
    "association-unanswered": "gave no answer",
    "idle-timeout": "asked for nothing",
}
"""How a failure is told, by the code of its finding."""
_OF_THE_OTHER = ("peer-silent", "association-unanswered", "idle-timeout")
"""Findings about what was not answered, or about who gave up waiting, and so of the other side than the failing one."""
_EXPLAINING = frozenset(
    [
        *(*FRAMING, *ORDER, *PROPOSAL, *ANSWER, *FRAGMENTS, *COMMANDS, *DATA_SETS, *OPERATIONS, *NOT_CAPTURED),
        *(
            "pdu-beyond-maximum",
            "pdu-incomplete",
            "other-protocol",
            "connection-reuse-refused",
            "titles-garbled",
            "contexts-all-refused",
        ),
        *("role-not-negotiated", "role-scp-only", "get-without-role", "request-without-data-set"),
        *("cancel-of-nothing", "status-failure", "idle-timeout", "identity-ignored"),
    ]
)
_UNUSUAL = frozenset(
    [
        *("item-unknown", "reserved-bytes", "max-length-small", "version-name", "class-item-repeated"),
        *("answer-unasked", "item-of-other-side", "titles-changed", "window-beyond-proposal", "contexts-refused"),
        *("pdv-empty", "pdv-odd-length", "pdv-reserved-bits", "messages-in-one-pdu"),
        *("priority-undefined", "command-group-length", "data-set-not-allowed", "response-about-another"),
        *("response-sparse", "response-on-other-context", "pending-without-counters"),
        *("query-level-superfluous", "find-final-with-data-set"),
        *("data-set-uid", "data-set-odd-length", "data-set-order", "data-set-charset", "data-set-pixel-length"),
    ]
)
"""Findings about what most receivers can handle."""
_ERROR_COMMENT = 0x00000902
_ANSWERED = frozenset([*NORMALIZED, *QUERIES])
"""Findings about requests that receivers refuse by a status."""
_ABOUT_PARAMETERS = (4, 5, 6)
"""Reasons of A-ABORT about a parameter of a PDU: unrecognized, unexpected, invalid (PS3.8 Table 9-26)."""
_ASKING = (Message, AssociateRq, AssociateAc)


@final_rule(code="likely-reason", severity=Severity.WARNING, follows=by("own", *FRAMING))
def likely(review: Review) -> Iterator[Hit]:
    """Something unusual came just before the failure.

    One side refused, aborted or went silent, and nothing else explains it. Just before, it was sent something that most
    receivers can handle. This is a hypothesis: the failing side may have had another reason.

    What to do: Look for this in the failing side's log. Try again without it.
    """
    association = review.association
    failures = [each for each in review.found.all if each.code in _FAILURES]
    if not failures:
        return  # nearly every association: the rest takes its time
    explaining = _explaining(review)
    wrong = {id(each.about) for each in review.found.all if each.about is not None and each.code in _ANSWERED}
    spoken = _Spoken(association)
    unusual = [each for each in review.found.all if each.code in _UNUSUAL]
    for failure in failures:
        if failure.side is None or _has_own_reason(review, failure):
            continue
        side = failure.side.other if failure.code in _OF_THE_OTHER else failure.side
        if any(_before(each, failure, side.other) for each in explaining[side.other]):
            continue
        if failure.code == "status-failure" and failure.about is not None and id(failure.about.request) in wrong:
            continue
        found = _unusual(association, spoken, unusual, failure, side)
        if found is not None:
            text, hit = found
            why = f"{text}: likely why {the_party(association.party(side))} {_FAILURES[failure.code]}"
            yield hit._replace(text=why)
            return


def _has_own_reason(review: Review, failure: Finding) -> bool:
    """Whether a failure says itself why, were it in an Error Comment, or nothing that was sent can be why."""
    association = review.association
    rejection, about = association.rejection, failure.about
    if failure.code == "association-rejected":
        return rejection is None or (rejection.source, rejection.reason) not in NO_REASONS
    if failure.code == "status-failure":
        return about is None or about.command.status in OWN_REASONS or bool(about.command.text(_ERROR_COMMENT))
    if failure.code == "association-unanswered":  # who gave up waiting may have had no patience
        ending = review.ending
        return ending is None or (ending.side is not Side.ACCEPTOR and review.silence < UNANSWERED)
    if failure.code == "idle-timeout":  # the acceptor may be idle by right, and a requestor that has asked may be done
        return failure.side is Side.REQUESTOR or bool(association.messages)
    return False


def _explaining(review: Review) -> dict[Side, list[Finding]]:
    """Return the two earliest findings that explain a failure, by the side that they may be the doing of."""
    found = sorted((each for each in review.found.all if each.code in _EXPLAINING), key=lambda each: each.packet)
    return {side: [each for each in found if each.side in (side, None)][:2] for side in SIDES}


class _Spoken:
    """What each side said, in the order of the packets: a thousand failures look into it."""

    def __init__(self, association: Association) -> None:
        entries = [entry for entry in association.timeline if not isinstance(entry.event, TcpEnd)]
        self._asked = {side: sorted((e for e in entries if e.side is side and isinstance(e.event, _ASKING)),
                                    key=lambda entry: entry.span.first_packet) for side in SIDES}  # fmt: skip
        # Of what was accepted nothing is known while nothing was asked after it.
        proves = [e for e in entries if association.messages or not isinstance(e.event, AssociateAc)]
        self._last = {side: sorted(e.span.last_packet for e in proves if e.side is side) for side in SIDES}
        sent = [each for each in association.messages if each.data_set is not None and each.data_set.joined]
        self.joined = {side: next((each for each in sent if each.side is side), None) for side in SIDES}
        """The first message of each side whose data set begins in the P-DATA-TF of its command."""

    def heard_since(self, failure: Finding, side: Side) -> int:
        """Return the packet of what a side said last before its failure: what came before that, it could handle."""
        at = bisect_left(self._last[side], failure.packet)
        return self._last[side][at - 1] if at else 0

    def last_asked(self, side: Side, until: int) -> Entry | None:
        """Return what a side last sent, of messages and A-ASSOCIATE PDUs, that began in a packet or before."""
        at = bisect_right(self._asked[side], until, key=lambda entry: entry.span.first_packet)
        return self._asked[side][at - 1] if at else None


def _before(finding: Finding, failure: Finding, side: Side) -> bool:
    return finding is not failure and finding.side in (side, None) and finding.packet <= failure.packet


def _unusual(
    association: Association, spoken: _Spoken, unusual: list[Finding], failure: Finding, side: Side
) -> tuple[str, Hit] | None:
    """Return what was unusual in what a failing side was sent after it had last said something; the last goes first."""
    since, until = spoken.heard_since(failure, side), failure.packet
    if failure.code == "peer-silent" and failure.about is not None:
        since, until = failure.about.span.first_packet, failure.about.span.last_packet
    if failure.code == "status-failure" and failure.about is not None and failure.about.request is not None:
        since = failure.about.request.span.first_packet
    last = spoken.last_asked(side.other, until)
    if last is not None and isinstance(last.event, Message) and last.span.last_packet >= since:
        message = last.event
        if unusual_part := unusual_in(message, read=failure.code == "status-failure"):
            text, reference = unusual_part
            return text, Hit("", last.span, message, side=side.other, latest_cause=-1, reference=reference)
    told = (each for each in unusual if _before(each, failure, side.other))
    near = [each for each in told if each.span.last_packet >= since and each.packet <= until]
    if not near:
        return (
            _joined(spoken, failure, side, since)
            or _unlimited(association, failure, side)
            or _optional(association, failure, side)
        )
    # Of one message, what it asks for is more likely the reason than how its data set is written.
    told_last = max(near, key=lambda each: (each.packet, not each.code.startswith("data-set-")))
    hit = Hit(
        "",
        told_last.span,
        told_last.about,
        side=side.other,
        latest_cause=-1,
        reference=told_last.reference,
        instead=told_last,
    )
    return f"{marked(told_last.parts)}{_bare_answers(association, told_last)}", hit


def _bare_answers(association: Association, refused: Finding) -> str:
    """Say which refused contexts are answered without a transfer syntax: it means nothing there, yet some need it."""
    if refused.code != "contexts-refused" or association.accept is None:
        return ""
    bare = [str(each.id) for each in association.accept.contexts if each.result and not each.transfer_syntax]
    which = f"context{'s' * (len(bare) > 1)} {some_of(bare)}"
    return f"; its answer to {which} has no transfer syntax, which some receivers need" if bare else ""


def _unlimited(association: Association, failure: Finding, side: Side) -> tuple[str, Hit] | None:
    """Return a limit of 0 in what a side was sent of the negotiation, as long as it had not asked or answered since.

    Who takes 0 for none can negotiate, but neither asks nor answers.
    """
    request, accept, until = association.request, association.accept, failure.span.last_packet
    sent = [each for each in association.messages if each.span.first_packet < until]
    if request is None or any(each.side is side for each in sent):
        return None
    pdu: AssociateRq | AssociateAc | None = accept
    if side is Side.ACCEPTOR:
        pdu = request if sent or accept is None or accept.span.first_packet > until else None
    said = next(unlimited_in(pdu), None) if pdu is not None and pdu.span.first_packet <= until else None
    if pdu is None or said is None:
        return None
    text, reference = said
    span = replace(pdu.span, last_packet=max([pdu.span.last_packet, *(each.span.last_packet for each in sent)]))
    return text, Hit("", span, side=side.other, latest_cause=-1, reference=reference)


def _optional(association: Association, failure: Finding, side: Side) -> tuple[str, Hit] | None:
    """Return optional negotiations in what a side was sent, where it aborted for a parameter of that PDU."""
    abort, accept = association.abort, association.accept
    pdu: AssociateRq | AssociateAc | None = accept if side is Side.REQUESTOR else association.request
    answered = side is Side.ACCEPTOR and accept is not None
    if failure.code != "provider-aborted" or abort is None or abort.reason not in _ABOUT_PARAMETERS:
        return None
    if pdu is None or answered or association.messages or not (extras := sorted(extras_of(pdu))):
        return None
    text = f"{pdu.name} negotiates {' and '.join(extras)}, which some programs do not know"
    return text, Hit("", pdu.span, side=side.other, latest_cause=-1, reference="PS3.8 §9.3.1")


def _joined(spoken: _Spoken, failure: Finding, side: Side, since: int) -> tuple[str, Hit] | None:
    """Return a data set that begins in the P-DATA-TF of its command, if a side had answered none like it before."""
    if failure.code == "status-failure":
        return None  # it was read
    first = spoken.joined[side.other]
    if first is None or first.span.last_packet < since or first.span.first_packet > failure.packet:
        return None
    text = (
        f"{first.name} has its command and data set in one P-DATA-TF, which is allowed, but not all receivers take it"
    )
    return text, Hit("", first.span, first, side=side.other, latest_cause=-1, reference="PS3.8 §E.1")
