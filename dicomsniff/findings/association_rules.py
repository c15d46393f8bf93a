"""Rules on how associations begin and end: refused, aborted, cut off, left open (PS3.8 §7, §9)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry, TcpEnd, UnexpectedPdu
from dicomsniff.dictionary.reasons import aborted_for, aborter, refused_in_words
from dicomsniff.dimse.message import Message
from dicomsniff.findings.codes import (
    ANSWER,
    ANSWERS_LACKING,
    BROKEN,
    NORMALIZED,
    PROPOSAL,
    QUERIES,
    RELEASE,
    SILENCE,
    STALLS,
    by,
)
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.finding import LAST_PACKET, Severity
from dicomsniff.findings.identity_rules import refused_for_identity
from dicomsniff.findings.parts import the_party
from dicomsniff.findings.review import PATIENCE
from dicomsniff.findings.rule import Hit, entry_rule, judging_rule
from dicomsniff.pdu.types import Abort, AssociateRj, AssociateRq, MissingBytes, ReleaseRq
from dicomsniff.quantities import duration
from dicomsniff.side import Side

HARMLESS = "; every request had been answered, so nothing was lost by it"
"""What is said of an end that cost nothing."""


_MISLEADING = (*BROKEN, *ANSWERS_LACKING, "response-on-other-context", "response-about-another")
"""Responses that the side that asked may not have taken for its own, or cannot go on with."""


PROVOKED = (
    *by("peer", "role-not-negotiated", "request-without-data-set"),
    *by("peer", *BROKEN, *QUERIES, *PROPOSAL, *ANSWER, "pdu-beyond-maximum", "status-failure"),
    *by("peer", "cancel-of-nothing", "connection-reuse-refused", *RELEASE, *NORMALIZED, *ANSWERS_LACKING),
    *by("peer", "likely-reason", "pending-without-progress", "cancel-ignored", "closed-before-abort"),
    *SILENCE,
    *STALLS,
    "contexts-all-refused",
    "tls-alert",
)


_TITLES = ("ae-title-malformed", "ae-title-padded", "titles-swapped")
_REJECTED_FOR = {
    (1, 2): ("application-context", "application-context-private"),
    (1, 3): _TITLES,
    (1, 7): _TITLES,
    (2, 2): ("protocol-version",),
    (3, 1): ("likely-reason",),
    (3, 2): ("likely-reason",),
}
"""What a refusal may be for, by its source and reason, where these say so (PS3.8 Table 9-21)."""


@entry_rule(
    code="association-rejected",
    severity=Severity.ERROR,
    on=AssociateRj,
    follows=(*by("peer", *PROPOSAL, "role-scp-only", "likely-reason", "titles-swapped"), "own:pdu-unexpected"),
)
def rejected(association: Association, entry: Entry) -> Iterator[Hit]:
    """The acceptor rejects the association.

    A-ASSOCIATE-RJ says who rejected it (the application or the service-provider), why, and whether trying again later
    may help (transient) or not (permanent).

    What to do: Called AE title: what the acceptor calls itself. Calling AE title and address: what it admits. Local
    limit or congestion: how many associations it takes at a time.
    """
    match entry.event:
        case AssociateRj(result=result, source=source, reason=reason):
            party = association.party(entry.side)
            said = f"{the_party(party)} rejects the association: {refused_in_words(result, source, reason)}"
            likely = refused_for_identity(association)
            why = _REJECTED_FOR.get((source, reason))
            only = (*why, "pdu-unexpected") if why is not None else ()
            yield Hit(said + (f"; {likely}" if likely else ""), only=only)


@judging_rule(
    code="association-aborted",
    severity=Severity.ERROR,
    on=Abort,
    follows=(*PROVOKED, *by("own", "abort-reserved", "last-fragment-missing"), "peer:release-unanswered"),
)
def aborted_by_user(association: Association, entry: Entry, found: Findings) -> Iterator[Hit]:
    """An application aborts the association.

    A-ABORT by the service-user, the application: it gave up, by decision, timeout or crash. It gives no reason (the
    field is to be 0). What was under way is lost. Where every request had been answered, nothing is, and this is a
    warning.

    What to do: What the other side sent, or did not send, just before is the usual cause; the aborting side's log names
    it. An acceptor that aborts at the first request may not permit it to that calling AE title.
    """
    match entry.event:
        case Abort(source=source) if source != 2:
            yield from _aborted(association, entry, found, reaction_to(association, entry))


@judging_rule(
    code="provider-aborted",
    severity=Severity.ERROR,
    on=Abort,
    follows=(
        *PROVOKED,
        *by("peer", "pdu-incomplete", "release-unanswered"),
        *by("own", "abort-reserved", "last-fragment-missing"),
    ),
)
def aborted_by_provider(association: Association, entry: Entry, found: Findings) -> Iterator[Hit]:
    """The service-provider aborts the association.

    The service-provider is the part of a program that speaks the protocol of PS3.8, its DICOM library. It met a PDU
    that it does not know, does not expect here, or cannot read. Its reason says which. Where every request had been
    answered, nothing is lost, and this is a warning.

    What to do: Look at the last PDUs of the other side. If nothing is found about them, the aborting side is wrong.
    """
    match entry.event:
        case Abort(source=2):
            yield from _aborted(association, entry, found, _since_answer(association, entry))


def _aborted(association: Association, entry: Entry, found: Findings, since: int) -> Iterator[Hit]:
    abort = association.abort
    if isinstance(entry.event, Abort) and abort is not None and not _after_end(association, entry):
        party = association.party(entry.side)
        source, reason = entry.event.source, entry.event.reason
        who = f"the {aborter(source)} of {the_party(party)}" if aborter(source) else the_party(party)
        why = aborted_for(source, reason)
        said = f"{who} aborted: {why}" if why else f"{who} aborted without giving a reason"
        said += _instead_of_answer(association, entry) or _after_silence(association, entry)
        broken = any(each.severity is Severity.ERROR and each.code != "status-failure" for each in found.all)
        if abort.costs or broken or _stumbled(entry.side, found, since):
            yield Hit(said, earliest_cause=since)
        else:
            yield Hit(said + HARMLESS, earliest_cause=since, severity=Severity.WARNING)


def _stumbled(side: Side, found: Findings, since: int) -> bool:
    """Whether a response that a side may have aborted for breaks the standard: it may never have been understood."""
    return any(
        each.about is not None and each.about.command.is_response and each.code in _MISLEADING
        for each in found.all
        if each.side is not side and each.span.last_packet >= since
    )


def _instead_of_answer(association: Association, entry: Entry) -> str:
    """Say that an A-ABORT came where the association or release that the other side had asked for was due."""
    others = [each for each in association.timeline if each is not entry]
    if entry.side is Side.ACCEPTOR and others and isinstance(others[-1].event, AssociateRq):
        return ", instead of answering A-ASSOCIATE-RQ"
    asked = bool(others) and isinstance(others[-1].event, ReleaseRq) and others[-1].side is not entry.side
    return ", instead of answering A-RELEASE-RQ" if asked else ""


def _after_silence(association: Association, entry: Entry) -> str:
    if not any(association.pdu_counts[entry.side.other].values()):
        return ""  # the other side may have spoken
    before = [each.span.last_time for each in association.timeline if each is not entry]
    silent = entry.span.first_time - max(before, default=entry.span.first_time)
    return f", after {duration(silent)} of silence" if silent >= PATIENCE else ""


def _after_end(association: Association, entry: Entry) -> bool:
    return any(
        isinstance(each.event, UnexpectedPdu) and each.event.span == entry.span for each in association.timeline[-3:]
    )


def reaction_to(association: Association, entry: Entry) -> int:
    """Return the packet since which something may have provoked a side: the other's last words, if still unanswered."""
    return min(_since_last_words(association, entry), _oldest_unanswered(association, entry.side))


def _oldest_unanswered(association: Association, side: Side) -> int:
    """Return the packet in which the oldest request begins that a side has said nothing to; else one after all packets.

    Where several are outstanding, the response to an earlier one does not mean that the side stood a later one.
    """
    waiting = (each for each in association.operations.outstanding if each.side is not side and not each.responses)
    return min((each.request.span.first_packet for each in waiting), default=LAST_PACKET)


def _since_last_words(association: Association, entry: Entry) -> int:
    since = 0
    for earlier in reversed(association.timeline):
        if earlier is entry or isinstance(earlier.event, TcpEnd | MissingBytes | UnexpectedPdu):
            continue
        if earlier.side is not entry.side:
            since = earlier.span.first_packet
        elif since or (isinstance(earlier.event, Message) and earlier.event.command.is_response):
            return earlier.span.last_packet + 1
    return since


def _since_answer(association: Association, entry: Entry) -> int:
    """Return the packet after a side's last response: what came before that cannot be what it stumbled over.

    Unless it was sent while a request was outstanding that is so still.
    """
    return min(_since_last_response(association, entry), _oldest_unanswered(association, entry.side))


def _since_last_response(association: Association, entry: Entry) -> int:
    for earlier in reversed(association.timeline):
        event = earlier.event
        if earlier.side is entry.side and isinstance(event, Message) and event.command.is_response:
            return event.span.last_packet + 1
    return 0
