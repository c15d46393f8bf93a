"""Rules on PDUs: malformed, too long, of unknown type (PS3.8 §9.3)."""

from collections.abc import Callable, Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.protocols import PROXY
from dicomsniff.association.timeline import Entry, OversizedPdu, TcpEnd
from dicomsniff.dimse.assembler import StrayFragment
from dicomsniff.findings.codes import NOT_CAPTURED, ORDER, STALLS, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import has_malformed_bytes
from dicomsniff.findings.parts import the_message_with_id, the_party
from dicomsniff.findings.review import (
    PATIENCE,
    Review,
    begins_no_pdu,
    cut_off_pdu,
    how_ended,
    incomplete,
    reset_by_both,
    saw_beginning,
)
from dicomsniff.findings.rule import Hit, entry_rule, final_rule
from dicomsniff.findings.security_rules import names_other_protocol
from dicomsniff.pdu.decode import SHORTEST_BODY
from dicomsniff.pdu.framing import ABORT_WITHIN
from dicomsniff.pdu.types import (
    Abort,
    AssociateAc,
    AssociateRj,
    AssociateRq,
    MalformedPdu,
    ReleaseRp,
    ReleaseRq,
    SkippedBytes,
    UnknownPdu,
)
from dicomsniff.quantities import counted

_SHORTEST_ASSOCIATE = 68
"""Bytes before the items of A-ASSOCIATE-RQ and -AC (PS3.8 Table 9-11)."""
_TYPES = {1: _SHORTEST_ASSOCIATE, 2: _SHORTEST_ASSOCIATE} | dict.fromkeys((3, 5, 6, 7), SHORTEST_BODY)


def malformed(code: str) -> Callable[[Association, Entry], Iterator[Hit]]:
    """Return a check for one kind of malformed bytes."""

    def check(association: Association, entry: Entry) -> Iterator[Hit]:
        match entry.event:
            case MalformedPdu(code=found, problem=problem) if found == code:
                yield Hit(f"{problem} (sent by {the_party(association.party(entry.side))})")

    return check


_CONTROL = (AssociateRq, AssociateAc, AssociateRj, ReleaseRq, ReleaseRp, Abort, UnknownPdu)

_LOST_PLACE = ("pdv-beyond-pdu", "pdv-too-short", "pdu-trailing-bytes", "pdata-without-pdv")


entry_rule(
    code="pdv-beyond-pdu",
    severity=Severity.ERROR,
    on=MalformedPdu,
    follows=("own:bytes-missing",),
    once=True,
    title="A PDV is longer than the P-DATA-TF that holds it",
    meaning="The length of the PDV item and that of its P-DATA-TF contradict each other. Whichever is wrong, the "
    "receiver cannot tell where the fragment ends; most abort with invalid-PDU-parameter-value. Bytes that "
    "the P-DATA-TF does not cover are read as the next PDU's header.",
    remedy="Look at how the sender computes lengths when it fragments. A middlebox that rewrites payloads does this "
    "too.",
)(malformed("pdv-beyond-pdu"))


entry_rule(
    code="pdv-too-short",
    severity=Severity.ERROR,
    on=MalformedPdu,
    follows=("own:bytes-missing",),
    once=True,
    title="The length of a PDV is less than its own header",
    meaning="A PDV item holds at least a presentation context id and a message control header, so its length is 2 or "
    "more. One of 0 or 1 cannot be read, nor can what follows it in the same P-DATA-TF.",
    remedy="Look at the sender's fragmentation, above all at how it ends a data set. Receivers abort.",
)(malformed("pdv-too-short"))


entry_rule(
    code="pdu-trailing-bytes",
    severity=Severity.ERROR,
    on=MalformedPdu,
    follows=("own:bytes-missing",),
    once=True,
    title="A P-DATA-TF is longer than its PDVs",
    meaning="After the last PDV there are bytes left that are too few for another one. They belong to nothing and are "
    "lost, unless the sender meant them as part of the PDV before.",
    remedy="Look at the sender's length computation.",
)(malformed("pdu-trailing-bytes"))


entry_rule(
    code="pdata-without-pdv",
    severity=Severity.ERROR,
    on=MalformedPdu,
    once=True,
    title="A P-DATA-TF holds no PDV",
    meaning="A P-DATA-TF holds one or more PDVs. An empty one carries nothing; strict receivers abort.",
    remedy="Look at the sender's fragmentation, above all at data sets that end where a PDU is full.",
)(malformed("pdata-without-pdv"))


@entry_rule(
    code="pdu-type-unknown",
    severity=Severity.ERROR,
    on=UnknownPdu,
    follows=by("own", *_LOST_PLACE, "bytes-missing"),
    once=True,
)
def unknown_type(association: Association, entry: Entry) -> Iterator[Hit]:
    """A PDU has a type the standard does not define.

    Types 01H to 07H exist. The receiver cannot know what was meant and aborts with unrecognized-PDU.

    What to do: The sender is no DICOM peer, or its stream lost its place: look at the PDU before.
    """
    match entry.event:
        case UnknownPdu(type=kind, length=length, problem="") if kind not in range(1, 8):
            who = the_party(association.party(entry.side))
            text = f"{who} sends PDU type 0x{kind:02X}, which is not defined; it announces {counted(length, 'byte')}"
            yield Hit(text)


def _stopped_by(review: Review, cut: Entry) -> int:
    """The last packet that may have stopped the sender of a PDU that was cut off, unless it stopped by itself."""
    if _holds_whole(review, cut):
        return cut.span.last_packet
    for each in review.ends:
        if isinstance(each.event, TcpEnd) and each.event.how == "FIN" and each.side is cut.side:
            return each.span.last_packet
    later = review.ending is not None and review.ending.span.first_time - cut.span.last_time >= PATIENCE
    return cut.span.last_packet if later else -1


def _holds_whole(review: Review, cut: Entry) -> bool:
    """Whether what a P-DATA-TF holds is whole, so that the PDU announces more than was ever to come."""
    association, side = review.association, cut.side
    if cut_off_pdu(cut) != "P-DATA-TF":
        return False
    messages = any(message.side is side and not message.ended for message in association.messages)
    return not messages and not any(isinstance(e.event, StrayFragment) and e.side is side for e in association.timeline)


@entry_rule(
    code="pdu-length-wrong",
    severity=Severity.ERROR,
    on=_CONTROL,
    follows=by("own", *_LOST_PLACE, "bytes-missing"),
    once=True,
)
def length_wrong(_: Association, entry: Entry) -> Iterator[Hit]:
    """A fixed-length PDU states the wrong length.

    A-ASSOCIATE-RJ, A-RELEASE-RQ, A-RELEASE-RP and A-ABORT have bodies of 4 bytes, A-ASSOCIATE-RQ and -AC of 68 at
    least. With any other length, fields are missing or bytes are left over, and strict receivers abort.

    What to do: Look at the sender's encoder for this PDU.
    """
    match entry.event:
        case AssociateRj() | ReleaseRq() | ReleaseRp() | Abort() as pdu if pdu.length != SHORTEST_BODY:
            yield Hit(f"{pdu.name} announces a length of {counted(pdu.length, 'byte')}; it must be {SHORTEST_BODY}")
        case UnknownPdu(type=kind, length=length) as pdu if kind in _TYPES and length < _TYPES[kind]:
            least = "at least " if _TYPES[kind] == _SHORTEST_ASSOCIATE else ""
            yield Hit(
                f"{pdu.name} announces a length of {counted(length, 'byte')}; it must be {least}{_TYPES[kind]}: "
                f"{pdu.problem}"
            )


@entry_rule(
    code="pdu-malformed",
    severity=Severity.ERROR,
    on=_CONTROL,
    follows=by("own", *_LOST_PLACE, "bytes-missing", "ae-titles-too-long"),
    once=True,
)
def body_malformed(association: Association, entry: Entry) -> Iterator[Hit]:
    """The body of a PDU does not have the layout of its type.

    An item or field runs over the end of what holds it, so that the rest cannot be read. What precedes the place named
    was decoded; the receiver may have read less, or something else.

    What to do: Look at the sender's encoder at the item named. Receivers abort with invalid-PDU-parameter-value.
    """
    match entry.event:
        case AssociateRq() | AssociateAc() | AssociateRj() | ReleaseRq() | ReleaseRp() | Abort() | UnknownPdu() as pdu:
            if pdu.problem and not any(length_wrong(association, entry)):
                yield Hit(f"{pdu.name}: {pdu.problem}")


@entry_rule(
    code="pdu-header",
    severity=Severity.ERROR,
    on=MalformedPdu,
    follows=by("own", *_LOST_PLACE, "pdu-type-unknown", "pdu-length-wrong", "pdu-malformed", "bytes-missing"),
    once=True,
)
def header_malformed(association: Association, entry: Entry) -> Iterator[Hit]:
    """Expected a PDU header, found something else.

    These bytes cannot be a PDU header: the type does not exist, or the length is impossible for it. Most often the PDU
    before announced a wrong length. Decoding goes on at the next header found.

    What to do: Look at the length of the PDU before, and at the sender's PDU writer.
    """
    match entry.event:
        case MalformedPdu(code="pdu-header", problem=problem) as event if not names_other_protocol(
            association, event, entry.side
        ):
            who = the_party(association.party(entry.side))
            yield Hit(f"{who} sends what is {problem}")


@entry_rule(
    code="bytes-skipped",
    severity=Severity.WARNING,
    on=SkippedBytes,
    follows=(
        *by("own", *_LOST_PLACE, "pdu-type-unknown", "pdu-length-wrong", "pdu-malformed", "pdu-header"),
        *by("own", "other-protocol", "proxy-header"),
        *NOT_CAPTURED,
    ),
    once=True,
)
def skipped(association: Association, entry: Entry) -> Iterator[Hit]:
    """Bytes were passed over in search of the next PDU.

    After lost or malformed bytes the next PDU header had to be searched for. What lies between is not decoded and may
    have held messages.

    What to do: Look at the findings before this one: the cause is there.
    """
    match entry.event:
        case SkippedBytes(length=length):
            # Where a capture lacks the rest of each packet, this is asked at every one: the first entry must do.
            first = next((each.event for each in association.timeline if each.side is entry.side), None)
            expected = isinstance(first, MalformedPdu) and names_other_protocol(association, first, entry.side) == PROXY
            severity = Severity.NOTE if expected else None
            text = f"{counted(length, 'byte')} skipped: not readable as a PDU"
            if entry.event is first and association.request is None and not saw_beginning(association):
                text = (
                    f"the capture begins within a message: {counted(length, 'byte')} until the next one are not decoded"
                )
            yield Hit(text, severity=severity, amount=length)


@entry_rule(code="pdu-beyond-maximum", severity=Severity.WARNING, on=OversizedPdu)
def beyond_maximum(association: Association, entry: Entry) -> Iterator[Hit]:
    """A P-DATA-TF is longer than its receiver accepts.

    Each side announces the longest P-DATA-TF it accepts (0 for no limit). A longer one may overrun the receiver's
    buffer: some abort, some lose data, some do not mind. Reported once per direction.

    What to do: Limit the sender's PDU length to what the receiver announced, or raise the receiver's.
    """
    match entry.event:
        case OversizedPdu(length=length, limit=limit):
            sender = association.party(entry.side)
            yield Hit(f"{the_party(sender)} sends a P-DATA-TF of {counted(length, 'byte')}; the receiver takes {limit}")


@final_rule(
    code="pdu-incomplete",
    where=has_malformed_bytes,
    severity=Severity.ERROR,
    follows=(
        "association-aborted",
        "provider-aborted",
        "connection-reset",
        *STALLS,
        *by("peer", "connection-closed-early", "association-not-released"),
        *("release-unanswered", "abort-within-pdu"),
        *by("own", *_LOST_PLACE, "pdu-header", "pdu-type-unknown", "pdu-length-wrong", "pdu-malformed"),
        *by("own", *ORDER, "bytes-missing", "pdu-beyond-maximum"),
    ),
)
def ends_inside(review: Review) -> Iterator[Hit]:
    """The stream ends inside a PDU.

    The last PDU announces more bytes than were sent before TCP ended. Either its length is wrong, so that the receiver
    waited in vain, or the sender was stopped while it was sending.

    What to do: Where an abort or reset came first, look there. Else look at the sender's length computation.
    """
    for entry in review.association.timeline:
        if incomplete(entry) and isinstance(entry.event, MalformedPdu) and not review.association.ended_by_capture:
            known, stray = _stopped_by(review, entry), begins_no_pdu(entry)
            problem = f"{counted(len(stray), 'byte')}, which begin no PDU, are all that came" if stray else ""
            yield Hit(
                (problem or entry.event.problem) + _closed_by(review, entry),
                entry.span,
                side=entry.side,
                latest_cause=known,
            )


@final_rule(
    code="abort-within-pdu",
    where=has_malformed_bytes,
    severity=Severity.ERROR,
    follows=(*STALLS, *by("own", *_LOST_PLACE, "pdu-header", "pdu-type-unknown", "pdu-length-wrong", "bytes-missing")),
)
def aborted_inside(review: Review) -> Iterator[Hit]:
    """A-ABORT is sent within another PDU.

    The sender broke a PDU off and sent A-ABORT, in a segment of its own. Its receiver still waits for the rest of that
    PDU and takes the A-ABORT for a part of it: to it, the connection just ends.

    What to do: Look at the sender's log for why it gave up: often a timeout, or somebody who cancelled. Its library has
    to finish the PDU first, or to close the connection instead.
    """
    for entry in review.association.timeline:
        if incomplete(entry) and isinstance(entry.event, MalformedPdu) and entry.event.problem.endswith(ABORT_WITHIN):
            text = f"{the_party(review.association.party(entry.side))} sent A-ABORT within an unfinished "
            own = (each for each in review.association.messages if each.side is entry.side and not each.ended)
            cut = next(own, None)
            of = f" of {the_message_with_id(cut)}" if cut is not None else ""
            yield Hit(f"{text}{cut_off_pdu(entry)}{of}", entry.span, side=entry.side)


def _closed_by(review: Review, cut: Entry) -> str:
    """Say who closed the connection within a PDU; of a P-DATA-TF, another rule tells it of the receiver."""
    ending = review.ending
    if ending is None or not isinstance(ending.event, TcpEnd) or reset_by_both(review, ending) is not None:
        return ""
    own = ending.side is cut.side
    if not own and (ending.event.how == "RST" or cut_off_pdu(cut) == "P-DATA-TF"):
        return ""
    what = "sender" if own else "receiver"
    return f"; {the_party(review.association.party(ending.side))}, its {what}, {how_ended(ending)}"
