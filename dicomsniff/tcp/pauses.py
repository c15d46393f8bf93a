"""Pauses of one direction -> what its sender waited for, as far as a capture tells (RFC 9293 §3.8, RFC 1122 §4.2.3)."""

from enum import IntEnum
from typing import TYPE_CHECKING

from dicomsniff.capture.segments import PAUSE

if TYPE_CHECKING:
    from dicomsniff.tcp.channel import ByteStream
    from dicomsniff.tcp.stream import Stream

LAG = 10_000_000
"""Time (ns) that a sender may take from an acknowledgement to the bytes that waited for it."""
DELAYED_ACK = (25_000_000, 220_000_000)
"""How long (ns) a receiver holds an acknowledgement back beyond the round trip: 40 ms in Linux, 100 ms in BSD, 200 ms
in Windows, and a little less or more where its timer or the capture is coarse."""
ETHERNET, TIMESTAMPS = 1460, 12
"""Bytes of a full segment on Ethernet, and how many fewer they are with the option of RFC 7323 §3."""
NEVER = -1


class Cause(IntEnum):
    """What a sender waited for, judged by what ended its pause."""

    RETRANSMISSION = 0
    """Bytes were sent again: they, or their acknowledgement, were lost."""
    WINDOW = 1
    """The receiver's window was closed: it did not read."""
    DELAYED_ACK = 2
    """The receiver held back its acknowledgement of all that was under way, and the sender sent nothing before."""
    ROUND_TRIP = 3
    """An acknowledgement arrived after its normal time on the way, and the sender went on."""
    SENDER = 4
    """Nothing hindered the sender."""


_NONE = (0,) * (2 * len(Cause))


class Pauses:
    """Pauses of one direction, counted by cause, and their time (ns); `counted_from` keeps time from counting twice."""

    __slots__ = ("_numbers", "counted_from")

    def __init__(self) -> None:
        # A list, not an array: records may announce times that are further apart than 64 bits tell.
        self._numbers: list[int] | None = None
        self.counted_from = 0
        """Pauses count from this time (ns since 1970) on; what was before is accounted for."""

    def add(self, cause: Cause, since: int, until: int) -> None:
        """Count a pause (ns since 1970), or what of it is not accounted for."""
        length = until - max(since, self.counted_from)
        if length >= PAUSE:
            if self._numbers is None:
                self._numbers = list(_NONE)
            self._numbers[cause] += 1
            self._numbers[len(Cause) + cause] += length

    @property
    def numbers(self) -> tuple[int, ...]:
        """The count of every cause, then the time of every cause."""
        return _NONE if self._numbers is None else tuple(self._numbers)

    def count(self, *causes: Cause) -> int:
        """Return how many pauses had one of the causes."""
        numbers = self.numbers
        return sum(numbers[cause] for cause in causes)

    def time(self, *causes: Cause) -> int:
        """Return how long (ns) the pauses with one of the causes were together."""
        numbers = self.numbers
        return sum(numbers[len(Cause) + cause] for cause in causes)


def note_pause(stream: "Stream", until: int, length: int) -> None:
    """Find the cause of a pause that lasted until a time (ns since 1970), when a segment of `length` bytes came."""
    health, peer = stream.health, stream.peer
    if peer.segments == 0:
        return  # without the other direction in the capture, nothing tells why the sender waited
    since, trip = max(health.sent_at, health.pauses.counted_from), peer.health.round_trip_time or 0
    if 2 * health.closed_within(since, until) >= until - since:
        health.pauses.add(Cause.WINDOW, since, until)
    elif stream.held:
        health.pauses.add(Cause.RETRANSMISSION, since, until)  # a hole before these bytes has been filled, or will be
    elif health.acked_at >= health.sent_at and until - health.acked_at <= LAG + trip + trip // 4:
        held_back = health.acked_at - health.sent_at - (health.round_trip_time or 0)
        alone = health.acked_to == health.sent_to and health.acked_alone and peer.health.sent_at < health.sent_at
        # Only a segment that is not full waits for an acknowledgement of what is under way (RFC 9293 §3.7.4).
        delayed = alone and not is_full(stream, length) and DELAYED_ACK[0] <= held_back <= DELAYED_ACK[1]
        health.pauses.add(Cause.DELAYED_ACK if delayed else Cause.ROUND_TRIP, since, until)
    elif not is_full(stream, health.sent_length):
        health.pauses.add(Cause.SENDER, since, until)


def note_silence(stream: "ByteStream", until: int) -> None:
    """Note that a sender in the middle of a message has sent nothing until a time (ns since 1970)."""
    health = stream.health
    since = max(health.sent_at, health.pauses.counted_from)
    if health.sent_at == NEVER or until - since < PAUSE or stream.peer.segments == 0:
        return
    if 2 * health.closed_within(since, until) >= until - since:
        health.pauses.add(Cause.WINDOW, since, until)
    elif health.acked_to >= health.sent_to:
        health.pauses.add(Cause.SENDER, since, until)


def is_full(stream: "Stream", length: int) -> bool:
    """Whether a segment (or several sent as one) is as long as segments get: its sender had more to send.

    The last segment of a sender with nothing more to send is shorter, except by chance.
    """
    announced = (stream.health.maximum_segment_size, stream.peer.health.maximum_segment_size)
    longest = min([size for size in announced if size] or [ETHERNET])
    return length > 0 and any(length % size == 0 for size in (longest, longest - TIMESTAMPS) if size > 0)


def note_sent_again(stream: "Stream", at: int) -> None:
    """Note bytes sent again at a time (ns since 1970): everything had waited for them since the last progress."""
    health = stream.health
    since = max(health.sent_at, health.acked_at, health.pauses.counted_from)
    if health.sent_at != NEVER and at - since >= PAUSE:
        closed = 2 * health.closed_within(since, at) >= at - since
        health.pauses.add(Cause.WINDOW if closed else Cause.RETRANSMISSION, since, at)
    health.sent_at = max(health.sent_at, at)
