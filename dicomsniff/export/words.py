"""Say associations and timeline entries in words, for every view: what it was, how it went, how long it took."""

from collections import Counter
from datetime import UTC, datetime

from dicomsniff.association.association import Association
from dicomsniff.association.state import State
from dicomsniff.association.timeline import ConflictingBytes, Entry, OddPdv, OversizedPdu, TcpEnd, UnexpectedPdu
from dicomsniff.dictionary.reasons import abort_meaning, reject_reason_name
from dicomsniff.dictionary.statuses import status_text
from dicomsniff.dictionary.uids import uid_text
from dicomsniff.dimse.assembler import StrayFragment
from dicomsniff.dimse.message import Message
from dicomsniff.findings.finding import Severity
from dicomsniff.pdu.types import (
    Abort,
    AssociateAc,
    AssociateRj,
    AssociateRq,
    MalformedPdu,
    MissingBytes,
    SkippedBytes,
    UnknownPdu,
)
from dicomsniff.tcp.health import StreamHealth

_SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


def timestamp(time: int, digits: int) -> str:
    """Write a time (ns since 1970) as ISO 8601 in UTC with `digits` after the second."""
    seconds, fraction = divmod(time, 1_000_000_000)
    try:
        moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        moment = f"{seconds}s"  # a damaged record may carry any number
    return f"{moment}.{fraction:09d}"[: len(moment) + 1 + digits] + "Z"


def clock(time: int, digits: int) -> str:
    """Write the time of day in UTC: `14:03:09.123`."""
    return timestamp(time, digits).partition("T")[2].removesuffix("Z") or timestamp(time, digits)


def duration(nanoseconds: int) -> str:
    """Write a duration with three significant digits: `12.3 ms`."""
    if nanoseconds < 0:
        return "-" + duration(-nanoseconds)
    if nanoseconds >= 120_000_000_000:
        minutes, seconds = divmod(round(nanoseconds / 1e9), 60)
        return f"{minutes} min {seconds} s"
    for unit, scale in (("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1000)):
        if nanoseconds >= scale:
            amount = nanoseconds / scale
            return f"{amount:.{max(0, 3 - len(str(int(amount))))}f} {unit}"
    return f"{nanoseconds} ns" if nanoseconds else "0 s"


def size(count: int) -> str:
    """Write a number of bytes: `524 kB`."""
    if count < 10_000:
        return f"{count} B"
    unit, scale = next(
        (pair for pair in (("kB", 1000), ("MB", 1_000_000)) if count < 1000 * pair[1]), ("GB", 1_000_000_000)
    )
    return f"{count / scale:.{1 if count < 100 * scale else 0}f} {unit}"


def verdict(association: Association) -> str:
    """Say in one line how the association went."""
    if association.rejection is not None:
        rejection = association.rejection
        how = {1: "permanent", 2: "transient"}.get(rejection.result, f"result {rejection.result}, reserved")
        return f"rejected ({how}): {_plain(reject_reason_name(rejection.source, rejection.reason))}"
    if association.abortion is not None:
        abortion = association.abortion
        side = "requestor" if abortion.from_requestor else "acceptor"
        meaning = abort_meaning(abortion.source, abortion.reason)
        exchanged = f", after {_exchanged(association)}" if association.tally.messages else ""
        return f"aborted by the {side} ({_plain(meaning)}){_open_question(association)}{exchanged}"
    if association.released:
        return f"released: {_exchanged(association)}"
    return f"unfinished{_why_unfinished(association)}"


def _why_unfinished(association: Association) -> str:
    until = "before the capture ends" if association.ended_by_capture else "before the connection closed"
    if not association.closed:
        until = "so far"
    question = association.unanswered[0] if association.unanswered else None
    if question is not None and not question.ended:
        ended = "the capture ends" if association.ended_by_capture else "the connection closed"
        return f": {ended} within {question.name} {question.command.message_id}"
    if question is not None:
        waited = _waited(association, question.span.last_time)
        return f": {question.name} {question.command.message_id} got no final response in {waited} {until}"
    if association.state is State.REQUESTED:
        asked = association.request.span.last_time if association.request is not None else association.start_time
        waited = _waited(association, asked)
        return f": A-ASSOCIATE-RQ got no answer in {waited} {until}"
    if association.state is State.ESTABLISHED and association.nothing_accepted:
        return ": no presentation context was accepted"
    ended = "the capture ends without a release" if association.ended_by_capture else "closed without a release"
    return f": {_exchanged(association)}; {ended if association.closed else 'still open'}"


def _waited(association: Association, since: int) -> str:
    """How long the capture watched the association from a time (ns) on; one still open is watched to its last entry."""
    return duration(max(association.watched_until, association.end_time) - since)


def _open_question(association: Association) -> str:
    question = association.unanswered[0] if association.unanswered else None
    if question is not None:
        return f" while {question.name} {question.command.message_id} had no final response"
    if association.nothing_accepted and not association.tally.messages:
        return ": no presentation context was accepted"
    return ""


def _exchanged(association: Association) -> str:
    """`3 C-STORE, all Success` or `3 C-STORE: 2 Success, 1 Failure 0xA700 (…)`."""
    requests = association.tally.requests
    statuses: Counter[str] = Counter()
    for (service, sop_class, status), count in association.tally.statuses.items():
        statuses[status_text(service, sop_class, status)] += count
    if not requests and not statuses:
        return "nothing was exchanged" if association.state is not State.IDLE else "nothing was negotiated"
    asked = ", ".join(f"{count} {name}" for name, count in requests.items()) or "no request seen"
    if not statuses:
        return f"{asked}, no response"
    if len(statuses) == 1:
        (text, count), *_ = statuses.items()
        return f"{asked}, {'all ' if count > 1 else ''}{text}"
    return f"{asked}: " + ", ".join(f"{count} {text}" for text, count in statuses.most_common(3))


def tcp_text(health: StreamHealth) -> str:
    """Say how TCP fared in one direction, where it is worth saying; empty where it is not."""
    counts = (
        (health.retransmitted, "segment sent again", "segments sent again"),
        (health.out_of_order, "segment out of order", "segments out of order"),
        (health.duplicate_acks, "duplicate acknowledgement", "duplicate acknowledgements"),
        (health.zero_windows, "time the receiver's window was closed", "times the receiver's window was closed"),
        (health.missing, "byte missing", "bytes missing"),
    )
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)


def entry_name(entry: Entry) -> str:
    """Name a timeline entry: `C-STORE-RQ 1`, `A-ASSOCIATE-RQ`, `1448 bytes missing`."""
    match entry.event:
        case Message(command=command):
            number = command.message_id_being_responded_to if command.is_response else command.message_id
            if command.name == "C-CANCEL-RQ":
                number = command.message_id_being_responded_to
            return command.name + (f" {number}" if number is not None else "")
        case MissingBytes(length=length):
            return f"{length} bytes missing"
        case SkippedBytes(length=length):
            return f"{length} bytes skipped"
        case StrayFragment():
            return "stray fragment"
        case event:
            return event.name


def entry_size(entry: Entry) -> int:
    """Return the bytes an entry is about: command and data set of a message, body of a PDU."""
    match entry.event:
        case Message(command=command, data_set=data):
            return len(command.raw) + (data.length if data is not None else 0)
        case TcpEnd() | UnexpectedPdu() | MalformedPdu():
            return 0
        case event:
            return event.length


def entry_detail(association: Association, entry: Entry) -> str:
    """Say what matters about a timeline entry, beside its name."""
    match entry.event:
        case Message() as message:
            return "; ".join(_message_parts(message))
        case AssociateRq(contexts=contexts, problem=problem):
            count = len(contexts)
            text = f"{association.requestor.ae_title or '?'} calls {association.acceptor.ae_title or '?'}, "
            return f"{text}{count} context{'s' * (count != 1)}" + (f"; {problem}" if problem else "")
        case AssociateAc(contexts=results, problem=problem):
            accepted = sum(result.result == 0 for result in results)
            return f"{accepted} of {len(results)} contexts accepted" + (f"; {problem}" if problem else "")
        case AssociateRj(source=source, reason=reason):
            return _plain(reject_reason_name(source, reason))
        case Abort(source=source, reason=reason):
            return _plain(abort_meaning(source, reason))
        case UnknownPdu(data=data, problem=problem):
            return problem or f"begins with {data[:8].hex(' ')}"
        case MalformedPdu(problem=problem) | StrayFragment(problem=problem):
            return problem
        case MissingBytes(resynchronized=resynchronized):
            return "not in the capture; " + ("the next PDU was searched" if resynchronized else "inside a fragment")
        case SkippedBytes():
            return "not readable as PDUs"
        case ConflictingBytes():
            return "sent again with another content; the first copy is decoded"
        case OversizedPdu(length=length, limit=limit):
            return f"{length} bytes where the receiver takes {limit}"
        case OddPdv(length=length, header=header):
            return _oddities(length, header)
        case UnexpectedPdu(state=state):
            return f"the association is {state.value}"
        case TcpEnd(how=how):
            return "closes its direction" if how == "FIN" else "breaks the connection off"
        case _:
            return ""


def _oddities(length: int, header: int) -> str:
    odd = f"a fragment of {length} bytes, an odd number" if length & 1 else ""
    reserved = f"message control header 0x{header:02X} has reserved bits set" if header > 3 else ""
    return "; ".join(each for each in (odd, reserved) if each)


def _message_parts(message: Message) -> list[str]:
    command = message.command
    parts = []
    if command.status is not None:
        parts.append(status_text(command.service, command.sop_class_uid, command.status))
        if comment := command.text(0x00000902):
            parts.append(comment)
        counters = [command.uint(tag) for tag in (0x00001020, 0x00001021, 0x00001022, 0x00001023)]
        if any(counter is not None for counter in counters):
            names = ("remaining", "completed", "failed", "warning")
            parts.append(", ".join(f"{n} {name}" for n, name in zip(counters, names, strict=True) if n is not None))
    elif command.sop_class_uid:
        parts.append(uid_text(command.sop_class_uid))
    if destination := command.text(0x00000600):
        parts.append(f"to {destination}")
    if originator := command.text(0x00001030):
        parts.append(f"for {originator} {command.uint(0x00001031) or ''}".rstrip())
    if message.latency is not None:
        parts.append(f"{duration(message.latency)} after the request")
    if message.problem:
        parts.append(f"incomplete: {message.problem}")
    return parts


def entry_severity(association: Association, entry: Entry) -> Severity | None:
    """Return the worst severity found about a timeline entry; None where nothing was."""
    found = {finding.severity for finding in association.found if finding.span == entry.span}
    return next((severity for severity in _SEVERITIES if severity in found), None)


def _plain(name: str) -> str:
    """Write the standard's hyphenated names as words: `called AE title not recognized`."""
    return name.replace("-AE-", " AE ").replace("-", " ") if " " not in name else name
