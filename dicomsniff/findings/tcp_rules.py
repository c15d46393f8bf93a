"""Rules on TCP, and on what the capture holds of an association (RFC 9293)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.entry_order import SET_BACK, clock_was_set_back
from dicomsniff.association.state import State
from dicomsniff.association.timeline import ConflictingBytes, Entry
from dicomsniff.association.tls_layer import why_missing
from dicomsniff.dimse.message import Message
from dicomsniff.findings.codes import STALLS
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import has_gap, is_irregular, is_sent_again
from dicomsniff.findings.parts import the_message_id, the_message_with_id, the_party
from dicomsniff.findings.review import UNANSWERED, Review, cut_off_pdu
from dicomsniff.findings.rule import Hit, entry_rule, final_rule
from dicomsniff.pdu.types import CutAssociate, MissingBytes
from dicomsniff.quantities import after, counted, duration, is_are
from dicomsniff.side import SIDES, Side
from dicomsniff.tcp.pauses import NEVER

_FEW, _STORM = 10, 50
_NOTABLE, _MANY, _TWICE = 0.01, 0.1, 0.8
_MIN_CLOSED = 1_000_000
"""ns that a window must be closed for, in all, to be worth telling."""
_SEGMENT = 1460
"""Payload bytes of a full segment on Ethernet, where no SYN told the maximum."""


@final_rule(
    code="negotiation-not-captured",
    where=is_irregular,
    severity=Severity.WARNING,
    follows=("bytes-missing", "one-direction"),
)
def negotiation_not_captured(review: Review) -> Iterator[Hit]:
    """The capture does not hold the negotiation.

    The capture begins after the association did, or lost its first packets. Which contexts, transfer syntaxes and
    limits were agreed is unknown: transfer syntaxes are guessed, and rules that need them are not asked.

    What to do: Start the capture before the association begins, or read the whole ring of files.
    """
    association = review.association
    if review.begun_in_sight and association.request is None:
        return  # there was none
    unseen = [
        name
        for name, pdu in (("A-ASSOCIATE-RQ", association.request), ("A-ASSOCIATE-AC", association.accept))
        if pdu is None
    ]
    answered = association.accept or association.rejection or association.abort
    if "A-ASSOCIATE-RQ" in unseen or (unseen and not answered and association.messages):
        cut = {entry.event.name for entry in association.timeline if isinstance(entry.event, CutAssociate)}
        lacking = "missing from the capture" + (", or not decrypted" if association.tls is not None else "")
        said = [
            f"{' and '.join(names)} {how}"
            for how, names in (
                ("cut off", [name for name in unseen if name in cut]),
                (lacking, [name for name in unseen if name not in cut]),
            )
            if names
        ]
        yield Hit(f"{', '.join(said)}: what was negotiated is unknown", latest_cause=-1)


@final_rule(code="bytes-missing", where=has_gap, severity=Severity.WARNING)
def missing(review: Review) -> Iterator[Hit]:
    """Bytes of the stream are missing from the capture.

    The receiver acknowledged them, or later ones came, so they were sent; the capture lost them: a packet dropped while
    capturing, a mirror port without enough bandwidth, a short snaplen. Nothing is invented in their place, and nobody
    is blamed for what could not be seen.

    What to do: Capture again, close to one side, with a larger buffer (tcpdump -B) and the whole packet (-s 0).
    """
    layer, tcp = review.association.tls, review.association.tcp
    least = "at least " if review.association.unlisted else ""  # some may be among the entries not listed
    if all(map(review.is_cut_short, SIDES)):
        gaps = sorted((gap for side in SIDES for gap in review.gaps[side]), key=lambda gap: gap.span.first_packet)
        yield Hit(f"{least}{_lost(gaps, 'both sides')} missing from the capture; {_CUT}", gaps[0].span)
        return
    for side, gaps in review.gaps.items():
        if gaps:
            then = "; decoding goes on at the next PDU found" if any(gap.resynchronized for gap in gaps) else ""
            then = f"; {_CUT}" if review.is_cut_short(side) else then
            lost = f"{least}{_lost(gaps, the_party(review.association.party(side)))}"
            yield Hit(f"{lost} {why_missing(layer, tcp.get(side))}{then}", gaps[0].span, side=side)


_CUT = "the capture kept only the beginning of each packet (a short snaplen)"


def _lost(gaps: list[MissingBytes], sender: str) -> str:
    """`20 bytes sent by STORESCU (10.0.0.1:40001) in 2 places are`."""
    length, places = sum(gap.length for gap in gaps), sum(gap.places for gap in gaps)
    where = f" in {places} places" if places > 1 else ""
    return f"{counted(length, 'byte')} sent by {sender}{where} {is_are(length)}"


@entry_rule(code="bytes-conflicting", severity=Severity.ERROR, on=ConflictingBytes)
def conflicting(association: Association, entry: Entry) -> Iterator[Hit]:
    """The same bytes were sent twice with different contents.

    A retransmission repeats what was sent. Here it differs, so that the receiver may have taken other bytes than those
    decoded here.

    What to do: A broken network stack, two senders with one address, or an attack. Capture at both ends and compare.
    """
    match entry.event:
        case ConflictingBytes(length=length):
            sent = f"{the_party(association.party(entry.side))} sent {counted(length, 'byte')}"
            yield Hit(f"{sent} again with other contents; the first copy is decoded")


@final_rule(code="one-direction", where=is_irregular, severity=Severity.WARNING)
def one_direction(review: Review) -> Iterator[Hit]:
    """The capture holds one direction only.

    One side's packets are there, the other's are not. What it answered, if it did, was not seen, so nothing is said
    about missing answers.

    What to do: The mirror port or capture filter passes one direction only. Capture both.
    """
    association = review.association
    for side in SIDES:
        silent = not review.spoke(side)
        talks = sum(association.pdu_counts[side.other].values()) > 1 and association.messages
        unheard = review.spoke(side.other) and not review.hears(side)
        if silent and (talks or unheard) and not association.pdu_counts[side]:
            party = association.party(side)
            layer = association.tls
            is_there = layer is not None and layer.sent.get(layer.peer_on(side, association))
            where = "was decrypted" if is_there else "is in the capture"
            yield Hit(f"one direction only: nothing sent by {the_party(party)} {where}", side=side)


@final_rule(
    code="capture-ends-early", where=is_irregular, severity=Severity.WARNING, follows=(*STALLS, "abort-within-pdu")
)
def ends_early(review: Review) -> Iterator[Hit]:
    """The capture ends while something is under way.

    A message had not ended or a request had no answer when the capture stopped. What came later is unknown, and nobody
    is to blame for it. A long wait before the end may still mean that the peer is stuck. Where a live capture was
    stopped within 30 s of the last word, it is a note.

    What to do: Capture longer, or read the next file of the ring as well.
    """
    association = review.association
    closed = review.ending is not None and association.state is not State.UNKNOWN
    if not association.ended_by_capture or closed or association.outcome in ("rejected", "aborted"):
        return
    asked = [message for message in association.unanswered if message.ended and review.hears(message.side.other)]
    cut = [
        each for each in association.messages if not each.ended and not (association.has_holes and _is_answered(each))
    ]
    under_way = [f"within {the_message_with_id(message)}" for message in cut[:1]]
    if not association.messages:
        under_way += [f"within {name}" for each in association.timeline if (name := cut_off_pdu(each))]
    if asked:
        waited = after(review.waited(asked[0].span.last_time))
        rest = f" and {len(asked) - 1} more" if len(asked) > 1 else ""
        name = f"{asked[0].name} {the_message_id(asked[0].command.message_id)}{rest}"
        under_way.append(f"before a final response to {name} ({waited} it)")
    if association.state.name == "REQUESTED" and not review.may_have_missed(Side.ACCEPTOR, since=0):
        waited = after(max(0, association.watched_until - association.end_time))
        under_way.append(f"before an answer to A-ASSOCIATE-RQ ({waited} it)")
    if under_way and not association.unlisted:
        where = (cut or asked)[0].span if cut or asked else None
        stopped = review.known is not None and review.known.watches
        soon = association.watched_until - association.end_time < UNANSWERED
        severity = Severity.NOTE if stopped and soon else None
        yield Hit(f"the capture ends {', '.join(under_way)}", where, severity=severity, latest_cause=-1)


def _is_answered(message: Message) -> bool:
    """Whether the final response to a request is there: what is missing of that came before, not after the end."""
    operation = message.operation
    return operation is not None and operation.request is message and operation.final is not None


@final_rule(code="retransmission-storm", where=is_sent_again, severity=Severity.WARNING)
def storm(review: Review) -> Iterator[Hit]:
    """A large part of the segments was retransmitted.

    The path between the two loses or delays so much that a tenth of the segments or more had to be repeated. Transfers
    crawl, and timeouts of either side may follow.

    What to do: Look for a duplex mismatch, a full link, a failing cable or transceiver, or a tunnel with too small an
    MTU.
    """
    yield from _sent_again(review, storm=True)


@final_rule(code="segments-sent-again", where=is_sent_again, severity=Severity.NOTE)
def sent_again(review: Review) -> Iterator[Hit]:
    """Segments were retransmitted.

    Some segments appear twice: lost on the way and repeated, or captured twice. TCP puts them in order; no data is lost
    by that.

    What to do: Where it is slow, look at losses on the path. Where every frame appears twice, mend the mirror port.
    """
    yield from _sent_again(review, storm=False)


def _sent_again(review: Review, *, storm: bool) -> Iterator[Hit]:
    association = review.association
    for side, health in association.tcp.items():
        size = health.maximum_segment_size or _SEGMENT
        sent = sum(
            len(message.command.raw) + (message.data_set.length if message.data_set is not None else 0)
            for message in association.messages
            if message.side is side
        )
        segments = max((sent or health.sent_to) // size, len(association.messages) // 2, 1)
        share = health.retransmitted / segments
        if health.retransmitted < _FEW or share < _NOTABLE:
            continue
        # A mirror port that passes a path twice shows nearly every segment again, and nobody asks for one again.
        # Keep-alives of a long pause look like segments sent again, too: nothing is missing then.
        bad = health.retransmitted >= _STORM and _MANY <= share < _TWICE and health.duplicate_acks >= _FEW
        if bad is storm:
            sender = association.party(side)
            # Who gets no acknowledgement sends all of it again, too.
            twice = _TWICE <= share <= 2 and health.acked_to >= health.sent_to
            again = counted(health.retransmitted, "segment")
            text = f"{again} of {the_party(sender)} sent again, of about {segments} in all"
            if twice:
                text = f"{again} of {the_party(sender)} sent again: the capture seems to hold every frame twice"
            yield Hit(text, side=side)


@final_rule(
    code="window-closed",
    severity=Severity.NOTE,
    follows=("own:receiver-stopped-reading",),
)
def window_closed(review: Review) -> Iterator[Hit]:
    """A receiver closed its TCP window.

    The receiving program read more slowly than data came, until there was no room left; the sender had to wait. That is
    how a slow disk, database or virus scanner of the receiver looks on the wire. Less than a millisecond in all is not
    reported: nobody notices it.

    What to do: Look at what the receiver does with objects as they come.
    """
    for side, health in review.association.tcp.items():
        if health.zero_windows:
            receiver = review.association.party(side.other)
            times = "once" if health.zero_windows == 1 else f"{health.zero_windows} times"
            still = max(0, review.association.end_time - health.closed_since) if health.closed_since != NEVER else 0
            closed = health.zero_window_time + still
            if closed >= _MIN_CLOSED:
                text = f"{the_party(receiver)} closed its TCP window {times}, for {duration(closed)}"
                yield Hit(text, side=side.other, latest_cause=-1)


@final_rule(code="time-goes-back", severity=Severity.NOTE)
def time_goes_back(review: Review) -> Iterator[Hit]:
    """The capture's times go back.

    Some packets have an earlier time than packets that stand before them in the capture: a clock was set back, captures
    with different clocks were joined, or times are damaged. Latencies and durations may be wrong or negative. (Several
    interfaces in one capture differ by microseconds; that is not meant.) Where times of what one side sent go back, the
    exchange is listed in the order of packets instead of that of times.

    What to do: Do not rely on the times of this association. Where captures were joined, correct their clocks (editcap
    -t) before mergecap.
    """
    association = review.association
    back = max((health.went_back for health in association.tcp.values()), default=0)
    if back >= SET_BACK or (back and any(_answers_the_future(message) for message in association.messages)):
        listed = ", and the exchange is listed by packets" if clock_was_set_back(association) else ""
        yield Hit(f"packets are up to {duration(back)} older than packets before them: durations may be wrong{listed}")


def _answers_the_future(message: Message) -> bool:
    """Whether a response has an earlier time than its request, which precedes it in the capture."""
    request = message.request
    if request is None or message.span.first_packet <= request.span.last_packet:
        return False  # a peer may answer before the request has ended
    return message.time < request.span.last_time
