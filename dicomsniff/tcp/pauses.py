"""Pauses of one direction -> what its sender waited for, as far as a capture tells (RFC 9293 §3.8, RFC 1122 §4.2.3)."""

from enum import IntEnum
from typing import TYPE_CHECKING

from dicomsniff.capture.segments import PAUSE

if TYPE_CHECKING:
    from dicomsniff.tcp.stream import Stream

LAG = 10_000_000
"""Time (ns) that a sender may take from an acknowledgement to the bytes that waited for it."""
DELAYED_ACK = (25_000_000, 220_000_000)
"""How long (ns) a receiver holds an acknowledgement back beyond the round trip: 40 ms in Linux, 100 ms in BSD, 200 ms
in Windows, and a little less or more where its timer or the capture is coarse."""
NEVER = -1


class Cause(IntEnum):
    """What ended a pause tells what it was for."""

    RETRANSMISSION = 0
    """Bytes were sent again: they, or their acknowledgement, were lost."""
    WINDOW = 1
    """The receiver's window was closed: it did not read."""
    DELAYED_ACK = 2
    """The receiver held back its acknowledgement of all that was under way, and the sender sent nothing before."""
    ROUND_TRIP = 3
    """An acknowledgement came after its time on the way, and the sender went on with it."""
    SENDER = 4
    """Nothing hindered the sender."""


class Pauses:
    """Pauses of one direction, counted by cause, and their time (ns); `counted_from` keeps time from counting twice."""

    __slots__ = ("counted_from", "counts", "longest", "times")

    def __init__(self) -> None:
        self.counts = [0] * len(Cause)
        self.times = [0] * len(Cause)
        self.longest = [0] * len(Cause)
        self.counted_from = 0
        """Pauses count from this time (ns since 1970) on; what was before is accounted for."""

    def add(self, cause: Cause, since: int, until: int) -> None:
        """Count a pause (ns since 1970), or what of it is not accounted for."""
        length = until - max(since, self.counted_from)
        if length >= PAUSE:
            self.counts[cause] += 1
            self.times[cause] += length
            self.longest[cause] = max(self.longest[cause], length)


def note_pause(stream: "Stream", until: int, *, resumed: bool = True) -> None:
    """Find the cause of a pause that lasts until a time (ns since 1970): then bytes came, or it is looked at."""
    health, peer = stream.health, stream.peer
    if peer.segments == 0:
        return  # who never sees what a sender is told cannot know why it waits
    since = max(health.sent_at, health.pauses.counted_from)
    if 2 * health.closed_within(since, until) >= until - since:
        health.pauses.add(Cause.WINDOW, since, until)
    elif stream.held:
        health.pauses.add(Cause.RETRANSMISSION, since, until)  # a hole before these bytes has been filled, or will be
    elif not resumed:
        if health.acked_to >= health.sent_to:
            health.pauses.add(Cause.SENDER, since, until)
    elif health.acked_at < health.sent_at or until - health.acked_at > LAG + (peer.health.round_trip_time or 0):
        health.pauses.add(Cause.SENDER, since, until)
    else:
        held_back = health.acked_at - health.sent_at - (health.round_trip_time or 0)
        alone = health.acked_to == health.sent_to and health.acked_alone and peer.health.sent_at < health.sent_at
        delayed = alone and DELAYED_ACK[0] <= held_back <= DELAYED_ACK[1]
        health.pauses.add(Cause.DELAYED_ACK if delayed else Cause.ROUND_TRIP, since, until)


def note_sent_again(stream: "Stream", at: int) -> None:
    """Take note of bytes sent again at a time (ns since 1970): since anything went forward, all waited for that."""
    health = stream.health
    since = max(health.sent_at, health.acked_at, health.pauses.counted_from)
    if health.sent_at != NEVER and at - since >= PAUSE:
        closed = 2 * health.closed_within(since, at) >= at - since
        health.pauses.add(Cause.WINDOW if closed else Cause.RETRANSMISSION, since, at)
    health.sent_at = max(health.sent_at, at)
