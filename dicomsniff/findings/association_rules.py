"""Rules on associations: refused, aborted, cut off, half seen (PS3.8 §7, §9)."""

from collections.abc import Iterator

from dicomsniff.association.association import MAX_FINDINGS, MAX_LISTED, Association
from dicomsniff.association.timeline import Entry, TcpEnd
from dicomsniff.dictionary.reasons import abort_meaning, context_result_name, reject_meaning
from dicomsniff.dictionary.uids import uid_text
from dicomsniff.findings.finding import EntryRule, FinalRule, Hit, Severity
from dicomsniff.pdu.types import Abort, AssociateAc, AssociateRj, AssociateRq


def rejected(_: Association, entry: Entry) -> Iterator[Hit]:
    """The acceptor refused the association (PS3.8 §9.3.4)."""
    match entry.event:
        case AssociateRj(result=result, source=source, reason=reason):
            yield Hit(reject_meaning(result, source, reason))


def aborted(association: Association, entry: Entry) -> Iterator[Hit]:
    """One side broke the association off (PS3.8 §9.3.8)."""
    match entry.event:
        case Abort(source=source, reason=reason):
            side = association.sender(from_requestor=entry.from_requestor)
            yield Hit(f"{side.label} aborted: {abort_meaning(source, reason)}")


def all_contexts_refused(association: Association, entry: Entry) -> Iterator[Hit]:
    """No presentation context was accepted: nothing can be exchanged (PS3.8 §9.3.3.2)."""
    contexts = association.contexts.values()
    if isinstance(entry.event, AssociateAc) and contexts and not any(context.accepted for context in contexts):
        reasons = sorted({context_result_name(c.result) for c in contexts if c.result is not None})
        yield Hit(f"none of {len(contexts)} presentation contexts was accepted: {', '.join(reasons) or 'no answer'}")


def context_refused(association: Association, entry: Entry) -> Iterator[Hit]:
    """Some contexts were refused: the peers agree on less than was proposed (PS3.8 §9.3.3.2)."""
    if isinstance(entry.event, AssociateAc) and any(c.accepted for c in association.contexts.values()):
        refused = [c for c in association.contexts.values() if c.result]
        if refused:
            first = refused[0]
            what = f"{uid_text(first.abstract_syntax)}: {context_result_name(first.result or 0)}"
            more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
            yield Hit(f"{len(refused)} of {len(association.contexts)} contexts refused: {what}{more}")


def context_not_proposed(association: Association, entry: Entry) -> Iterator[Hit]:
    """The acceptor answers a context that was not proposed (PS3.8 §9.3.3.2)."""
    if isinstance(entry.event, AssociateAc) and association.request is not None:
        for context in association.contexts.values():
            if context.abstract_syntax is None:
                yield Hit(f"A-ASSOCIATE-AC answers context {context.id}, which was not proposed")


def title_malformed(association: Association, entry: Entry) -> Iterator[Hit]:
    """An AE title that is blank or has bytes outside its repertoire (PS3.5 §6.2, PS3.8 Table 9-11)."""
    if entry.event is association.request and association.request is not None:
        titles = (
            ("called", association.request.called_ae_title),
            ("calling", association.request.calling_ae_title),
        )
        for which, title in titles:
            if not title:
                yield Hit(f"the {which} AE title is blank")
            elif "\\" in title:
                yield Hit(f"the {which} AE title has bytes that no AE title may have: {title}")


def reset(association: Association, entry: Entry) -> Iterator[Hit]:
    """TCP was reset before the association had ended (PS3.8 §9.2)."""
    match entry.event:
        case TcpEnd(how="RST") if not association.state.is_over:
            yield Hit(f"{association.sender(from_requestor=entry.from_requestor).label} reset the TCP connection")


def not_released(association: Association) -> Iterator[Hit]:
    """The connection was closed without A-RELEASE or A-ABORT (PS3.8 §7.2)."""
    unfinished = not association.state.is_over and not association.ended_by_capture
    if unfinished and (association.contexts or association.messages):
        yield Hit(f"the TCP connection was closed while the association was {association.state.value}")


def request_unanswered(association: Association) -> Iterator[Hit]:
    """A-ASSOCIATE-RQ got neither -AC nor -RJ (PS3.8 §7.1)."""
    request = association.request
    if request is not None and association.state.name == "REQUESTED" and not association.missing_bytes:
        waited = (association.watched_until - request.span.last_time) / 1e9
        yield Hit(f"A-ASSOCIATE-RQ got no answer in {waited:.1f} s", request.span)


def negotiation_not_captured(association: Association) -> Iterator[Hit]:
    """The capture holds no A-ASSOCIATE-RQ or no -AC, so that contexts and syntaxes are unknown."""
    if association.messages or association.timeline:
        unseen = [
            name
            for name, pdu in (("A-ASSOCIATE-RQ", association.request), ("A-ASSOCIATE-AC", association.accept))
            if pdu is None
        ]
        answered = association.accept or association.rejection or association.abortion
        if "A-ASSOCIATE-RQ" in unseen or (unseen and not answered and association.messages):
            yield Hit(f"{' and '.join(unseen)} not in the capture: what was negotiated is unknown")


def one_direction(association: Association) -> Iterator[Hit]:
    """Everything was sent by one side: the other direction is not in the capture."""
    senders = {entry.from_requestor for entry in association.timeline if not isinstance(entry.event, TcpEnd)}
    if len(senders) == 1 and len(association.messages) > 1:
        side = association.sender(from_requestor=not senders.pop())
        yield Hit(f"nothing sent by {side.label} is in the capture")


def not_listed(association: Association) -> Iterator[Hit]:
    """More was exchanged than is listed of one association."""
    if association.unlisted:
        yield Hit(f"{association.unlisted} entries beyond the first {MAX_LISTED} are counted, not listed")
    if association.unlisted_findings:
        yield Hit(f"{association.unlisted_findings} findings beyond the first {MAX_FINDINGS} are not listed")


RULES = (
    EntryRule(
        "association-rejected",
        Severity.ERROR,
        "PS3.8 §9.3.4",
        "The acceptor decides: by its own AE title, the titles it admits, how many associations it allows at a time.",
        (AssociateRj,),
        rejected,
    ),
    EntryRule(
        "association-aborted",
        Severity.ERROR,
        "PS3.8 §9.3.8",
        "What the other side sent just before is the usual cause; the aborting side's log names it.",
        (Abort,),
        aborted,
    ),
    EntryRule(
        "contexts-all-refused",
        Severity.ERROR,
        "PS3.8 §9.3.3.2",
        "Compare the SOP classes and transfer syntaxes both sides are configured for.",
        (AssociateAc,),
        all_contexts_refused,
    ),
    EntryRule(
        "contexts-refused",
        Severity.NOTE,
        "PS3.8 §9.3.3.2",
        "Objects of these SOP classes, or in these transfer syntaxes, cannot be sent on this association.",
        (AssociateAc,),
        context_refused,
    ),
    EntryRule(
        "context-not-proposed",
        Severity.ERROR,
        "PS3.8 §9.3.3.2",
        "The acceptor must answer exactly the contexts proposed. Look at the acceptor.",
        (AssociateAc,),
        context_not_proposed,
    ),
    EntryRule(
        "ae-title-malformed",
        Severity.WARNING,
        "PS3.5 §6.2",
        "AE titles are 1 to 16 printable characters without backslash, padded with spaces. Correct the settings.",
        (AssociateRq,),
        title_malformed,
    ),
    EntryRule(
        "connection-reset",
        Severity.ERROR,
        "PS3.8 §9.2",
        "A process died, or a firewall or timeout cut the connection. Compare the time with both sides' logs.",
        (TcpEnd,),
        reset,
    ),
    FinalRule(
        "association-unanswered",
        Severity.ERROR,
        "PS3.8 §7.1",
        "Something took the TCP connection and never spoke DICOM: a hung server, a proxy, another service.",
        request_unanswered,
    ),
    FinalRule(
        "association-not-released",
        Severity.WARNING,
        "PS3.8 §7.2",
        "An association ends with A-RELEASE or A-ABORT. The side that closed first ended without saying so.",
        not_released,
    ),
    FinalRule(
        "negotiation-not-captured",
        Severity.WARNING,
        "PS3.8 §9.3.2",
        "Start the capture before the association begins, or read the whole ring of files.",
        negotiation_not_captured,
    ),
    FinalRule(
        "one-direction",
        Severity.WARNING,
        "",
        "The mirror port or capture filter passes one direction only. Capture both.",
        one_direction,
    ),
    FinalRule(
        "entries-not-listed",
        Severity.NOTE,
        "",
        "Memory is bounded. The JSON lines of `export --format jsonl` hold every message.",
        not_listed,
    ),
)
"""Rules on associations, in the order in which they are asked."""
