"""How TCP itself fared in one direction, as seen where the capture was made."""

from dicomsniff.capture.segments import DOUBLED, SHORT
from dicomsniff.tcp.pauses import NEVER, Cause, Pauses

HISTORY = 1 << 16
"""Bytes handed on that are remembered at most, to compare what is sent again with them."""
MANY = 3
"""After this many segments captured twice, every segment of the direction is expected twice, not always in a row."""
SMALL_SEGMENT = 1460
"""Bytes of a segment on Ethernet; a window smaller than that (or than a smaller maximum) is as good as closed."""


class StreamHealth:
    """Counts and measures of one direction, kept as its segments come. Times are in ns, None while unknown.

    What the receiver of this direction answered counts here too: `duplicate_acks`, `zero_windows`. `round_trip_time`
    is the shortest seen from a segment of this direction to its acknowledgement, there and back from where the
    capture was made.
    """

    __slots__ = (
        "_history",
        "_history_bytes",
        "_probe",
        "_seen",
        "acked_alone",
        "acked_at",
        "acked_to",
        "captured_twice",
        "closed_since",
        "cut",
        "duplicate_acks",
        "duplicated_frames",
        "handshake_time",
        "last_ack",
        "last_closed",
        "max_in_flight",
        "maximum_segment_size",
        "missing",
        "out_of_order",
        "pauses",
        "probed_last",
        "probed_since",
        "probes",
        "remembers",
        "retransmitted",
        "round_trip_time",
        "sent_at",
        "sent_length",
        "sent_to",
        "short",
        "small_window",
        "went_back",
        "window_closed",
        "zero_window_time",
        "zero_windows",
    )

    def __init__(self) -> None:
        self.retransmitted = 0
        """Segments whose bytes had come before, in part or whole."""
        self.duplicated_frames = 0
        """Segments with bytes (or a SYN) that were captured twice, but sent once."""
        self.captured_twice = False
        """Whether that happens to all of them."""
        self.out_of_order = 0
        """Segments that came before bytes which precede theirs."""
        self.missing = 0
        """Bytes that are missing from the capture."""
        self.cut = 0
        """Those of them that a packet was captured without, as with a short snaplen."""
        self.went_back = 0
        """By how much (ns) a packet was older at most than one of its connection before it, as their times say."""
        self.duplicate_acks = 0
        self.zero_windows = 0
        """Times the receiver closed its window."""
        self.window_closed = False
        self.zero_window_time = 0
        """How long the receiver's window had no room for a segment, up to when it last opened."""
        self.small_window = 1
        """A window field below this has no room for a segment."""
        self.closed_since = NEVER
        """Since when the receiver's window has no room (ns since 1970)."""
        self.last_closed = (NEVER, NEVER)
        """When it last had none (ns since 1970)."""
        self.pauses = Pauses()
        self.max_in_flight = 0
        """The most bytes sent and not yet acknowledged."""
        self.maximum_segment_size: int | None = None
        """As this direction's sender announced in its SYN: what it takes (RFC 9293 §3.7.1)."""
        self.round_trip_time: int | None = None
        self.handshake_time: int | None = None
        """From this direction's SYN to the answer to it."""
        self.last_ack = -1
        self.sent_at = NEVER
        """When bytes were last sent (ns since 1970)."""
        self.sent_to = 0
        """The stream offset behind them."""
        self.sent_length = 0
        """How many bytes their segment held."""
        self.short = b""
        """That segment itself, once nothing more comes, if it is as short as an A-ABORT (SHORT)."""
        self.acked_at = NEVER
        """When the receiver last acknowledged anything new (ns since 1970)."""
        self.acked_to = 0
        """The stream offset up to which it has."""
        self.acked_alone = False
        """Whether it did so in a segment that says nothing else."""
        self.probes = 0
        """Keep-alives sent in a row, since the receiver was last heard (RFC 9293 §3.8.4)."""
        self.probed_since = NEVER
        """When the first of them was sent (ns since 1970)."""
        self.probed_last = NEVER
        """When the last of them was."""
        self._seen = (0, NEVER)
        """The end of the last segment sent again, and when that was."""
        self._probe: tuple[int, int] | None = None
        self.remembers = HISTORY
        """Bytes handed on that are remembered."""
        self._history: list[tuple[int, bytes]] = []
        self._history_bytes = 0

    @property
    def resent_at(self) -> int:
        """When bytes were last sent again (ns since 1970); NEVER where none were."""
        return self._seen[1]

    @property
    def stall_time(self) -> int:
        """How long (ns) nothing went forward until bytes were sent again, or for want of room in the window."""
        return self.pauses.time(Cause.RETRANSMISSION, Cause.WINDOW)

    @property
    def delayed_acks(self) -> int:
        """Pauses until the receiver acknowledged, beyond the round trip, what the sender would not go on without."""
        return self.pauses.count(Cause.DELAYED_ACK)

    def synchronized(self, time: int, *, again: bool) -> None:
        """Note a SYN; which copy of one sent again is answered is not known."""
        self._probe = None if again else (0, time)

    def set_window(self, scale: int, segment: int | None) -> None:
        """Learn by how much the receiver scales its windows (RFC 7323 §2.2), and the longest segment it takes."""
        self.small_window = small_window(segment, scale)

    def sent(self, offset: int, data: bytes, time: int, cut: int = 0) -> None:
        """Note bytes handed on at `offset` of the stream; they reach the receiver with its next acknowledgement.

        Behind them, the capture cut off `cut` further ones of their segment.
        """
        self.sent_length = len(data) + cut
        self.sent_to = offset + self.sent_length
        if time > self.sent_at:
            self.sent_at = time
        if self._probe is None:
            self._probe = (self.sent_to, time)
        self._history.append((offset, data))
        self._history_bytes += len(data)
        if self._history_bytes > self.remembers:
            # Half at a time, so that forgetting costs no more than remembering.
            half = len(self._history) // 2 + 1
            self._history_bytes -= sum(len(known) for _, known in self._history[:half])
            del self._history[:half]

    def cut_off(self, first_end: int, since: int, cut: int) -> None:
        """Note segments of which the capture cut off `cut` bytes: the first of them ends at `first_end`.

        That was sent at `since` (ns since 1970).
        """
        self.cut += cut
        self.missing += cut
        if self._probe is None:
            self._probe = (first_end, since)

    def forget(self) -> None:
        """Remember no bytes any more: nothing is sent again, or nobody cares."""
        if self._history and self._history[-1][0] + self.sent_length == self.sent_to:
            self.short = self._history[-1][1] if self.sent_length == SHORT else b""
        self.remembers, self._history, self._history_bytes = 0, [], 0

    def sent_again(self, end: int, time: int) -> bool:
        """Note a segment whose bytes, up to offset `end`, had come before; return whether they were sent again.

        A frame captured twice was not. Which copy an acknowledgement answers is not known otherwise.
        """
        last_end, last = max(self._seen, (self.sent_to, self.sent_at), key=lambda each: each[1])
        if time - last < DOUBLED and (end == last_end or self.captured_twice):
            self.twice()
            return False
        self._seen = (end, time)
        self.retransmitted += 1
        self._probe = None
        return True

    def probed(self, time: int) -> None:
        """Note a keep-alive, which asks whether the receiver is still there; others ask for room in its window."""
        if self.closed_since != NEVER or (self.probes and time - self.probed_last < DOUBLED):
            return
        if not self.probes:
            self.probed_since = time
        self.probes, self.probed_last = self.probes + 1, time

    def twice(self, count: int = 1) -> None:
        """Count segments that were captured twice."""
        self.duplicated_frames += count
        self.captured_twice = self.captured_twice or self.duplicated_frames >= MANY

    def acknowledged(self, ack: int, acked: int, reached: int, window: int, time: int, *, plain: bool) -> None:
        """Note an acknowledgement of everything before offset `acked`, while `reached` was sent.

        `ack` is its number on the wire; `plain` says that its segment carries nothing else.
        """
        if window < self.small_window:
            if self.closed_since == NEVER:
                self.closed_since = time
            self.zero_windows += window == 0 and not self.window_closed
            self.window_closed = window == 0
        elif self.closed_since != NEVER:
            self._opened(time)
        if ack == self.last_ack:
            twice = self.captured_twice and time - self.acked_at < DOUBLED
            self.duplicate_acks += plain and window > 0 and reached > acked and not twice
            return
        self.last_ack = ack
        # The acknowledgement of a FIN, long after the last bytes, says nothing of how long these were on the way.
        if self.acked_to < self.sent_to or self.acked_at == NEVER:
            self.acked_at, self.acked_alone = time, plain
        self.acked_to = acked
        if self._probe is not None and acked >= self._probe[0]:
            took = time - self._probe[1]
            if took >= 0 and (self.round_trip_time is None or took < self.round_trip_time):
                self.round_trip_time = took
            if self._probe[0] == 0 and self.handshake_time is None:
                self.handshake_time = took
            self._probe = None

    @property
    def expects_plain(self) -> bool:
        """Whether of an acknowledgement of more than the last one only that matters: nothing is timed by it."""
        return self.closed_since == NEVER and self._probe is None

    def closed_within(self, since: int, until: int) -> int:
        """Return for how long (ns) between two times the window had no room; only the last such period counts."""
        first, last = (self.closed_since, until) if self.closed_since != NEVER else self.last_closed
        return max(0, min(last, until) - max(first, since))

    def _opened(self, time: int) -> None:
        self.last_closed = (self.closed_since, time)
        self.zero_window_time += max(0, time - self.closed_since)
        self.closed_since, self.window_closed = NEVER, False

    def differs(self, offset: int, data: bytes) -> int:
        """Return how many bytes of `data`, sent again at `offset`, differ from those remembered."""
        different = 0
        for start, known in reversed(self._history):
            if start + len(known) <= offset:
                break  # what came before it precedes it in the stream: most is sent again soon
            first, last = max(start, offset), min(start + len(known), offset + len(data))
            if first < last:
                before, again = known[first - start : last - start], data[first - offset : last - offset]
                if before != again:
                    different += sum([one != other for one, other in zip(before, again, strict=True)])
        return different


def small_window(segment: int | None, scale: int | None) -> int:
    """Return the least window field with room for a segment, as a SYN tells of its sender (RFC 7323 §2.2)."""
    # A scale beyond 14 counts as 14 (§2.3); both leave room for a segment in every window but a closed one.
    return max(1, min(segment or SMALL_SEGMENT, SMALL_SEGMENT) >> (scale or 0))
