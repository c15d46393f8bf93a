"""How an association went, in one sentence; the reason first. What a peer sent is marked in it: see `parts`."""

from collections import Counter

from dicomsniff.association.association import AbortInfo, Association
from dicomsniff.association.message_counts import asked_for, is_unknown
from dicomsniff.association.state import State
from dicomsniff.association.timeline import TcpEnd
from dicomsniff.association.tls_layer import TlsLayer, why_missing
from dicomsniff.dictionary.reasons import aborted_for, aborter, context_result_name, in_words, reject_reason_name
from dicomsniff.dictionary.statuses import find_status, status_text
from dicomsniff.dimse.message import Message
from dicomsniff.findings.codes import NOT_CAPTURED, STALLS
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.finding import Finding, Severity
from dicomsniff.findings.identity_rules import refused_for_identity
from dicomsniff.findings.parts import the_address, the_class, the_title
from dicomsniff.findings.review import PATIENCE, UNANSWERED
from dicomsniff.findings.tls_text import amounts_text, protection_text
from dicomsniff.pdu.types import Abort, MissingBytes
from dicomsniff.quantities import after, counted, duration, of_all, some_of
from dicomsniff.side import Side
from dicomsniff.span import Span
from dicomsniff.tally import Tally

MAX_STATUSES = 3
"""Statuses that are named of an association that went well; responses with further ones are counted."""
BAD = ("Failure",)
"""Classes of statuses that say that a request was not done; one that nobody defines says nothing."""
ENDINGS = ("association-not-released", "release-unanswered", "idle-timeout", "connection-reset")
"""Warnings that say why an association did not end as it should."""
MAX_ACCEPTED = 2
"""Accepted presentation contexts that are named where none was used; further ones are counted."""
_NEVER = 1 << 62
_ABORTS = ("association-aborted", "provider-aborted")
_BREAKS = ("connection-reset", "connection-closed-early")
_STATUSES = ("status-failure", "status-warning")
_EXPLANATIONS = ("get-explained",)
"""Notes that say why a request failed."""


def verdict(association: Association, found: Findings, now: int = 0) -> str:
    """Say in one line, with marks (see `parts`), how the association went; of one that goes on, how that is `now`.

    That is a time in ns since 1970; where it is not given, the association's last word counts.
    """
    if association.said:
        return association.said
    if association.tls is not None and association.tls.is_unread:
        return f"unfinished: {_presumed(association, association.tls, found)}"
    if association.rejection is not None:
        return f"rejected: {_rejection(association, found)}"
    if association.abort is not None and association.state is not State.RELEASED:
        return _aborted(association, found)
    failed = _failures(association)
    if association.released and association.nothing_accepted and not association.message_counts.requests:
        return f"released: no presentation context was accepted{_refusals(association)}; nothing was exchanged"
    if association.released:
        said = failed or _exchanged(association) + _accepted_in_vain(association)
        wrong = next((each for each in found.causes if each.worst is Severity.ERROR), None)
        if not failed and wrong is not None:
            rest = _why_failed(found) if wrong.code in _STATUSES else f"; {said}"
            return f"released, but {wrong.line}{rest}"
        then = f"; then {_by(association.abort)} aborted in vain" if association.abort is not None else ""
        return f"released: {said}{_why_failed(found)}{then}{_refused_contexts(association)}"
    if not association.closed:
        return _going_on(association, now)
    lost = "; the capturer lost packets meanwhile" if association.lost_until else ""
    return f"unfinished{_why_unfinished(association, found, failed)}{lost}"


def _presumed(association: Association, layer: TlsLayer, found: Findings) -> str:
    """Say what is known of an association inside TLS that could not be read."""
    wrong = next((each for each in found.causes if each.worst is Severity.ERROR), None)
    if wrong is not None:
        return wrong.line
    return f"DICOM over TLS, presumably ({protection_text(layer)}): {amounts_text(association, layer)}"


def has_failed(association: Association) -> bool:
    """Whether an association was refused, broken off with something under way, or answered a request with a failure."""
    broken = association.abort is not None and association.abort.costs and not association.released
    return association.rejection is not None or broken or bool(_failed_statuses(association))


def _end_unseen(association: Association) -> bool:
    """Whether the end of an association, perhaps its release, is among the bytes that the capture lacks."""
    return association.state is State.UNKNOWN and association.has_holes


def _why_failed(found: Findings) -> str:
    """Name what a failed status follows from, or is explained by, where that was found."""
    for finding in found.causes:
        if any(each.code in _STATUSES for each in finding.followers) or finding.code in _EXPLANATIONS:
            return f"; {finding.line}"
    return ""


def reason(association: Association, found: Findings) -> str:
    """Why an association was in trouble, without what differs from one association to the next."""
    if association.rejection is not None:
        why = in_words(reject_reason_name(association.rejection.source, association.rejection.reason))
        cause = _refused_for(found)
        further = [refused_for_identity(association), _without_ports(association, cause) if cause is not None else ""]
        return "; ".join([f"rejected: {why}", *filter(None, further)])
    cause = _cause(found)
    if cause is not None and cause.code not in ("association-aborted", "status-failure"):
        end, why = _end_after(cause), _without_ports(association, cause)
        return why if end is None else f"{_without_ports(association, end)}; before that: {why}"
    if failed := _failed_statuses(association):
        service, statuses = next(iter(failed.items()))
        return f"{service} failed: {next(iter(statuses))}{_then(association, found)}"
    if association.abort is not None:
        return f"aborted by the {association.abort.side.value}"
    return cause.line if cause is not None else verdict(association, found).partition(": ")[2] or "unfinished"


def _then(association: Association, found: Findings) -> str:
    """Say what broke an association off after a request had failed, where that cost something too."""
    if association.abort is not None and association.abort.costs:
        return f"; then aborted by the {association.abort.side.value}"
    ended = _beside_failures(found)
    return f"; then {_without_ports(association, ended)}" if ended is not None else ""


def _beside_failures(found: Findings) -> Finding | None:
    """Return the first cause of an error that is neither a failed status nor an abort."""
    others = (each for each in found.causes if each.code not in (*_ABORTS, "status-failure"))
    return next((each for each in others if each.worst is Severity.ERROR), None)


def warned_of(association: Association, found: Findings) -> str:
    """Return the first warning about what an association did, without ports; none about what the capture lacks."""
    warnings = (each for each in found.causes if each.worst is Severity.WARNING and each.code not in NOT_CAPTURED)
    first = next(warnings, None)
    return _without_ports(association, first) if first is not None else ""


def _without_ports(association: Association, finding: Finding) -> str:
    """Return a finding's line without ports, which differ each time."""
    line = finding.line
    for party in (association.requestor, association.acceptor):
        line = line.replace(f" ({the_address(party.endpoint)})", "")
    # Without an AE title a party is its address, and the requestor's port differs each time.
    caller = association.requestor.endpoint
    return line.replace(the_address(caller), the_address(caller.address))


def _rejection(association: Association, found: Findings) -> str:
    rejection = association.rejection
    if rejection is None:
        return ""
    reason = in_words(reject_reason_name(rejection.source, rejection.reason))
    request = association.request
    who = ""
    if request is not None and (rejection.source, rejection.reason) == (1, 7):
        who = f' ("{the_title(request.called_ae_title)}" at {the_address(association.acceptor.endpoint)})'
    elif request is not None and (rejection.source, rejection.reason) == (1, 3):
        who = f' ("{the_title(request.calling_ae_title)}" from {the_address(association.requestor.endpoint.address)})'
    how = {1: "", 2: "; transient: it may work later"}.get(rejection.result, f"; result {rejection.result} is reserved")
    likely = refused_for_identity(association)
    why = _refused_for(found)
    further = [likely, why.line if why is not None else ""]
    return "; ".join([f"{reason}{who}{how}", *filter(None, further)])


def _refused_for(found: Findings) -> Finding | None:
    """Return what was found in the proposal that a refusal follows from."""
    return next(
        (each for each in found.causes if any(of.code == "association-rejected" for of in each.followers)), None
    )


def _aborted(association: Association, found: Findings) -> str:
    abort = association.abort
    if abort is None:
        return ""
    why = aborted_for(abort.source, abort.reason)
    cause = next((each for each in found.causes if any(of.code in _ABORTS for of in each.followers)), None)
    if cause is not None:
        failed = _failures(association)
        parts = [] if failed and cause.code == "status-failure" else [cause.line]  # that one is among those that failed
        if why and cause.code != "abort-reserved":
            parts.append(f"its reason: {why}")
        if cause.worst is not Severity.ERROR and (earlier := _beside_failures(found)) is not None:
            parts.append(f"before that: {earlier.line}")
        return f"aborted by the {abort.side.value}: {'; '.join(filter(None, [*parts, failed]))}"
    who = _by(abort)
    done = _failures(association) or _exchanged(association)
    late = _answered_later(association)
    exchanged = f", after {done}" if association.message_counts.statuses and late is None else ""
    wrong = next((each for each in found.causes if each.worst is Severity.ERROR), None)
    own = wrong is None or wrong.code in (*_ABORTS, "status-failure")
    before = "" if own or wrong is None else f"; before that: {wrong.line}"
    why = f": {why}" if why else ""
    unheard = any(each.code == "one-direction" for each in found.all)  # who knows what was answered?
    question = "" if unheard else _open_question(association, abort, late)
    said = f"{question}{why}" if question.startswith(" ") else f"{why}{question}"
    harmless = any(each.code in _ABORTS and each.severity is Severity.WARNING for each in found.all)
    cost = "; nothing was lost by it" if harmless else ""
    return f"aborted by {who}{said}{exchanged}{cost}{before}"


def _by(abort: AbortInfo) -> str:
    """`the requestor's application`."""
    side = f"the {abort.side.value}"
    return f"{side}'s {aborter(abort.source)}" if aborter(abort.source) else side


def _cause(found: Findings) -> Finding | None:
    """The first finding that says why an association was in trouble."""
    loose = (each for each in found.causes if any(of.code in ENDINGS for of in each.all()))
    return next((each for each in found.causes if each.worst is Severity.ERROR), next(loose, None))


def _end_after(cause: Finding) -> Finding | None:
    """Return how an association was broken off after a mere breach: that it was for it is not certain."""
    if cause.severity is Severity.ERROR or cause.code == "likely-reason":
        return None
    return next((each for each in cause.followers if each.code in _BREAKS and each.severity is Severity.ERROR), None)


def _why_unfinished(association: Association, found: Findings, failed: str) -> str:
    if association.state is State.ESTABLISHED and association.nothing_accepted:
        return f": no presentation context was accepted{_refusals(association)}"
    cause = _cause(found) or next((each for each in found.causes if each.code in STALLS), None)
    if cause is not None and cause.code != "status-failure":
        said = failed or (_exchanged(association) if association.message_counts.statuses else "")
        end = _end_after(cause)
        why = f"{end.line}; before that: {cause.line}" if end is not None else cause.line
        return f": {why}{f'; {said}' if said else ''}"
    if failed and (then := _beside_failures(found)) is not None:
        return f": {failed}; then {then.line}"
    unseen = next((each for each in found.causes if each.code == "one-direction"), None)
    if unseen is not None:
        seen = ", ".join(asked_for(count, name) for name, count in association.message_counts.requests.items())
        return f": {unseen.line}" + (f"; {seen}" if seen else "")
    until = "before the capture ends" if association.ended_by_capture else "before the connection closed"
    question = association.unanswered[0] if association.unanswered else None
    first = f"{failed}; then " if failed else ""
    if question is not None and not question.ended:
        ended = "the capture ends" if association.ended_by_capture else "the connection closed"
        return f": {first}{ended} within {question.name} {question.command.message_id}"
    if question is not None:
        name = f"{question.name} {question.command.message_id}"
        return f": {first}{_unanswered(association, name, 'final response', question.span, question.side.other, until)}"
    if association.state is State.REQUESTED:
        asked = association.request.span if association.request is not None else None
        return f": {_unanswered(association, 'A-ASSOCIATE-RQ', 'answer', asked, Side.ACCEPTOR, until)}"
    ended = "the capture ends without a release" if association.ended_by_capture else "closed without a release"
    if _end_unseen(association):
        ended = "how it ended is missing from the capture"
    elif not association.ended_by_capture and not _end_seen(association):
        ended = "its end is missing from the capture"
    early = next((each for each in found.causes if each.code == "capture-ends-early"), None)
    if early is not None and not association.message_counts.messages:
        return f": {early.line}"
    said = failed or _exchanged(association)
    return f": {said}; {ended}{_refused_contexts(association)}"


def _going_on(association: Association, now: int) -> str:
    """Say what an association does that is not over; that it waits is worth a word once it has waited for long."""
    now = max(now, association.end_time)
    said = f"going on for {duration(now - association.start_time)}"
    if association.state is State.ESTABLISHED and association.nothing_accepted:
        return f"{said}: no presentation context was accepted{_refusals(association)}"
    question = association.unanswered[0] if association.unanswered else None
    if association.state is State.REQUESTED:
        since = association.request.span.last_time if association.request is not None else association.start_time
        waits = f"A-ASSOCIATE-RQ has waited {duration(now - since)} for its answer"
    elif question is not None and question.ended:
        since = question.span.last_time
        name = f"{question.name} {question.command.message_id}"
        waits = f"{name} has waited {duration(now - since)} for its final response"
    else:
        since, waits = now, ""
    exchanged = _failures(association) or _exchanged(association)
    if now - since >= UNANSWERED:
        return f"{said}: {waits}; {exchanged}"
    return f"{said}: {exchanged}"


def _end_seen(association: Association) -> bool:
    """Whether TCP was seen to end; where not, a new connection of the same ports tells that it did."""
    unlisted = association.condensed or association.unlisted
    return bool(unlisted) or any(isinstance(entry.event, TcpEnd) for entry in association.timeline)


def _unanswered(association: Association, name: str, answer: str, asked: Span | None, by: Side, until: str) -> str:
    """Say for how long something got no answer; where the capture ends at once, that it may have got one later.

    Where bytes are missing of what the side sent since that was asked, the answer may have been among them.
    """
    since, begun = (asked.first_packet, asked.last_time) if asked is not None else (0, association.start_time)
    gaps = (each for each in association.timeline if isinstance(each.event, MissingBytes) and each.side is by)
    if any(each.span.last_packet >= since for each in gaps):
        return f"the {answer} to {name} is not seen: bytes that may hold it are " + why_missing(
            association.tls, association.tcp.get(by)
        )
    waited = max(association.watched_until, association.end_time) - begun
    if association.ended_by_capture and waited < PATIENCE:
        return f"the capture ends {after(waited)} {name}, before its {answer}"
    return f"{name} got no {answer} in {duration(waited)} {until}"


def _answered_later(association: Association) -> tuple[Message, Message] | None:
    """Return the first request whose final response came only behind the abort, and that."""
    aborted = _aborted_at(association)
    for operation in association.operations.operations:
        if operation.final is not None and operation.final.span.first_packet > aborted:
            return operation.request, operation.final
    return None


def _open_question(association: Association, abort: AbortInfo, late: tuple[Message, Message] | None) -> str:
    """Say what an abort left open; `late` is a request, and the final response to it that came behind the abort."""
    if late is not None:
        asked, answer = late
        at = next(entry.span.last_time for entry in association.timeline if isinstance(entry.event, Abort))
        name = f"{asked.name} {asked.command.message_id}"
        return f" before the final response to {name} came, {duration(answer.span.first_time - at)} later"
    question = association.unanswered[0] if association.unanswered else None
    if question is not None:
        name = f"{question.name} {question.command.message_id}"
        if question.side is abort.side:
            return f" before it got a final response to {name}{_so_far(question)}"
        if question.command.announces_data_set and question.span.last_packet > _aborted_at(association):
            return f" before the data set of {name} had arrived"
        return f" instead of a final response to {name}{_so_far(question)}"
    if association.state is not State.RELEASED and abort.side is Side.ACCEPTOR and _never_answered(association):
        request = association.request
        if request is not None and request.span.last_packet > _aborted_at(association):
            return " in the middle of the A-ASSOCIATE-RQ"
        return " instead of an answer to A-ASSOCIATE-RQ"
    if association.nothing_accepted and not association.message_counts.messages:
        return f": no presentation context was accepted{_refusals(association)}"
    return ""


def _so_far(question: Message) -> str:
    """Say what had come of a request that got no final response: `, after 120 matches`."""
    operation = question.operation
    if operation is None or not operation.pending:
        return ""
    what = "match" if operation.name == "C-FIND" else "pending response"
    return f", after {counted(operation.pending, what)}"


def _never_answered(association: Association) -> bool:
    return association.request is not None and association.accept is None and not association.missing_bytes


def _aborted_at(association: Association) -> int:
    """Return the packet of the first A-ABORT; where it is not listed, a number beyond all."""
    packets = (entry.span.first_packet for entry in association.timeline if isinstance(entry.event, Abort))
    return next(packets, _NEVER)


def _refusals(association: Association) -> str:
    """` (CT Image Storage: transfer syntaxes not supported)`."""
    refused = [context for context in association.contexts.values() if context.result]
    if not refused:
        return ""
    why = in_words(context_result_name(refused[0].result or 0).partition(" (")[0])
    more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
    return f" ({the_class(refused[0].abstract_syntax)}: {why}{more})"


def _accepted_in_vain(association: Association) -> str:
    """Name what could have been exchanged on an association that asked for nothing, and how it was to be encoded."""
    if association.message_counts.messages or association.has_holes:
        return ""
    accepted = [
        each
        for each in association.contexts.values()
        if each.accepted and each.abstract_syntax and each.transfer_syntax
    ]
    said = [f"{the_class(each.abstract_syntax)} in {the_class(each.transfer_syntax)}" for each in accepted]
    return f"; accepted: {some_of(said, MAX_ACCEPTED)}" if said else ""


def _refused_contexts(association: Association) -> str:
    """What was refused although nothing else went wrong: it is what could not be sent."""
    refused = sum(bool(context.result) for context in association.contexts.values())
    if not refused:
        return ""
    return f"; {of_all(refused, len(association.contexts), 'presentation context')} refused{_refusals(association)}"


def failed_operations(association: Association) -> dict[str, int]:
    """Count the operations that ended with a status of failure, by service."""
    failed: dict[str, int] = {}
    for (service, sop_class, status), count in association.message_counts.statuses.items():
        if find_status(service, sop_class, status).category in BAD:
            failed[service] = failed.get(service, 0) + count
    return failed


def _failed_statuses(association: Association) -> dict[str, Counter[str]]:
    """Failure statuses in words and how often they came, by service; the most frequent ones first."""
    said: dict[str, Counter[str]] = {}
    for (service, sop_class, status), count in association.message_counts.statuses.items():
        category, meaning = find_status(service, sop_class, status)
        if category in BAD:
            said.setdefault(service, Counter())[f"0x{status:04X}" + (f" ({meaning})" if meaning else "")] += count
    return {service: Counter(dict(counts.most_common())) for service, counts in said.items()}


def _failures(association: Association) -> str:
    """`2 of 5 C-STORE failed: 0xA700 (Refused: Out of Resources)`; empty where none did."""
    parts = []
    said = _failed_statuses(association)
    for service, statuses in said.items():
        text, *more = statuses
        others = f", {counted(len(more), 'other status')}" if more else ""
        asked = association.message_counts.requests[service] or statuses.total()
        failed = statuses.total()
        share = "" if asked == 1 else f"all {asked} " if failed == asked else f"{failed} of {asked} "
        parts.append(f"{share}{service} failed: {text}{others}")
    good = [asked_for(count, name) for name, count in association.message_counts.requests.items() if name not in said]
    return "; ".join(parts) + (f"; beside {', '.join(good)}" if parts and good else "")


def _exchanged(association: Association) -> str:
    """`3 C-STORE, all Success` or `3 C-STORE: 2 Success, 1 Warning 0xB000 (…)`."""
    requests = association.message_counts.requests
    statuses: Tally[str] = Tally()
    for (service, sop_class, status), count in association.message_counts.statuses.items():
        statuses[status_text(service, sop_class, status)] += count
    if not requests and not statuses:
        return "nothing was exchanged" if association.state is not State.IDLE else "nothing was negotiated"
    asked = ", ".join(asked_for(count, name) for name, count in requests.items()) or "no request seen"
    unread = sum(operation.unread for operation in association.operations.outstanding)
    if not statuses and unread == requests.total() > 0:
        return f"{asked}, {'all with a' if unread > 1 else 'its'} status missing from the capture"
    if not statuses and not unread:
        came = any(each.command.is_response and not each.has_whole_command for each in association.messages)
        lacking = "no response whose status is in the capture" if came else "no response"
        return asked if all(map(is_unknown, requests)) else f"{asked}, {lacking}"
    asked = asked.replace(" C-FIND", f" C-FIND ({counted(association.message_counts.matches, 'match')})")
    unanswered = requests.total() - statuses.total() - unread
    if len(statuses) == 1 and unanswered <= 0 and not unread:
        (text, count), *_ = statuses.items()
        return f"{asked}, {'all ' if count > 1 and requests.total() != 1 else ''}{text}"
    common = Counter(statuses).most_common()
    first, rest = common[:MAX_STATUSES], common[MAX_STATUSES:]
    more = f", {sum(count for _, count in rest)} with {counted(len(rest), 'other status')}" if rest else ""
    more += f", {unread} with a status missing from the capture" if unread else ""
    more += f", {unanswered} without a final response" if unanswered > 0 else ""
    return f"{asked}: " + (", ".join(f"{count} {text}" for text, count in first) + more).removeprefix(", ")
