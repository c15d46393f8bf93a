"""An association that is over, looked at once: what the capture saw of it, and what it did not."""

from bisect import bisect_left
from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.state import State
from dicomsniff.association.timeline import Entry, TcpEnd, UnexpectedPdu
from dicomsniff.dimse.message import Message
from dicomsniff.pdu.types import (
    Abort,
    AssociateAc,
    AssociateRj,
    AssociateRq,
    MalformedPdu,
    MissingBytes,
    ReleaseRp,
    ReleaseRq,
)

_WHOLE = (AssociateRq, AssociateAc, AssociateRj, ReleaseRq, ReleaseRp, Message)


class Review:
    """What final rules ask, gathered in one walk over the timeline. Sides are told by `from_requestor`."""

    __slots__ = (
        "_reach",
        "_resync",
        "_spoke",
        "association",
        "begun_in_sight",
        "ending",
        "ends",
        "gaps",
        "silence",
    )

    def __init__(self, association: Association) -> None:
        self.association = association
        self.gaps: dict[bool, list[MissingBytes]] = {True: [], False: []}
        """Bytes that the capture lacks, by sender."""
        self.ends: list[Entry] = []
        """Where TCP ended a direction, in order."""
        self.ending: Entry | None = None
        """What broke the association off: the first A-ABORT or end of TCP before it was over."""
        self.silence = 0
        """Time (ns) in which nothing was said before `ending`."""
        self.begun_in_sight = association.request is not None or saw_beginning(association)
        """Whether the capture saw how the association began."""
        self._reach = {True: -1, False: -1}
        self._resync = {True: -1, False: -1}
        self._spoke = {True: False, False: False}
        last = association.start_time
        over = False
        for entry in sorted(association.timeline, key=_when):
            event, sender = entry.event, entry.from_requestor
            if isinstance(event, MissingBytes):
                self.gaps[sender].append(event)
                if event.resynchronized:
                    self._resync[sender] = max(self._resync[sender], event.span.last_packet)
            elif isinstance(event, UnexpectedPdu):
                known = event.state is State.IDLE and knows_state(association, from_requestor=sender)
                self.begun_in_sight = self.begun_in_sight or known
            if isinstance(event, _WHOLE):
                self._reach[sender] = max(self._reach[sender], event.span.start)
            self._spoke[sender] = self._spoke[sender] or not isinstance(event, TcpEnd | MissingBytes)
            if isinstance(event, TcpEnd):
                self.ends.append(entry)
            if self.ending is None and not over and isinstance(event, Abort | TcpEnd):
                self.ending, self.silence = entry, event.span.first_time - last
            over = over or isinstance(event, AssociateRj | ReleaseRp)
            last = max(last, event.span.last_time)

    @property
    def both_directions(self) -> bool:
        """Whether the capture holds something that each side said."""
        return all(self._spoke.values())

    def spoke(self, *, from_requestor: bool) -> bool:
        """Whether the capture holds anything one side said."""
        return self._spoke[from_requestor]

    def hears(self, *, from_requestor: bool) -> bool:
        """Whether the capture holds packets of a side, were it only acknowledgements."""
        return self._spoke[from_requestor] or hears(self.association, from_requestor=from_requestor)

    def ended_by(self, *, from_requestor: bool) -> str:
        """How one side's direction ended: `FIN`, or `RST` by either side; empty where the capture did not see it."""
        for entry in self.ends:
            if isinstance(entry.event, TcpEnd) and (entry.event.how == "RST" or entry.from_requestor is from_requestor):
                return entry.event.how
        return ""

    def went_on(self, message: Message) -> bool:
        """Whether the sender of a message sent something else behind it, other than A-ABORT."""
        return self._reach[message.from_requestor] >= message.span.end

    def may_have_missed(self, *, from_requestor: bool, since: int) -> bool:
        """Whether something that a side sent in or after packet `since` may have escaped the capture."""
        if not self._spoke[from_requestor]:
            return not hears(self.association, from_requestor=from_requestor)
        return self._resync[from_requestor] >= since

    def lost_within(self, *, from_requestor: bool, since: int, until: int) -> bool:
        """Whether the capture lost bytes of a side between two packets, both included."""
        gaps = self.gaps[from_requestor]
        at = bisect_left(gaps, since, key=lambda gap: gap.span.last_packet)
        return at < len(gaps) and gaps[at].span.first_packet <= until

    def saw_all(self, *, from_requestor: bool, until: int) -> bool:
        """Whether the capture holds all that a side sent up to a packet, from the beginning of the association on."""
        gaps = self.gaps[from_requestor]
        return self.begun_in_sight and not (gaps and gaps[0].span.first_packet <= until)

    def unanswered(self) -> Iterator[Message]:
        """Yield requests, sent whole, whose final response the capture would have seen."""
        # Mid-stream, an answer may have been recognized before its question.
        strays = {
            (not message.from_requestor, message.command.message_id_being_responded_to): message.span.last_packet
            for message in self.association.operations.orphans
        }
        for message in self.association.unanswered:
            side, since = message.from_requestor, message.span.first_packet
            answered = strays.get((side, message.command.message_id), -1) >= since
            lost = self.gaps[not side] and self.gaps[not side][-1].span.last_packet >= since
            unseen = lost or self.may_have_missed(from_requestor=not side, since=since)
            if message.ended and not answered and not unseen and not message.problem:
                yield message

    def gave_up(self, asker: bool) -> bool:
        """Whether the side that waited broke the association off itself, after a while without a word."""
        return self.ending is not None and self.ending.from_requestor is asker and self.silence >= PATIENCE


PATIENCE = 1_000_000_000
"""ns of silence from which on who gives up is thought to have waited, not to have changed its mind."""


def saw_beginning(association: Association) -> bool:
    """Whether the capture holds the connection from its first byte on."""
    opened = any(health.handshake_time is not None for health in association.tcp.values())
    return opened and not any(health.missing for health in association.tcp.values())


def hears(association: Association, *, from_requestor: bool) -> bool:
    """Whether the capture holds packets of a side, were it only acknowledgements of what the other sent."""
    other = association.tcp.get(not from_requestor)
    return other is None or other.last_ack >= 0


def knows_state(association: Association, *, from_requestor: bool) -> bool:
    """Whether the capture holds what the other side said before, so that a PDU of this side can be unexpected."""
    unseen = association.request is None and any(health.missing for health in association.tcp.values())
    return hears(association, from_requestor=not from_requestor) and not unseen


def incomplete(entry: Entry) -> bool:
    """Whether an entry says that the stream ended inside a PDU."""
    return isinstance(entry.event, MalformedPdu) and entry.event.code == "pdu-incomplete"


def _when(entry: Entry) -> tuple[int, int]:
    return entry.span.last_time, entry.span.last_packet
