"""How TCP itself fared in one direction, as seen where the capture was made."""

HISTORY = 1 << 16
"""Bytes handed on that are remembered to compare what is sent again with them."""


class StreamHealth:
    """Counts and measures of one direction, kept as its segments come. Times are in ns, None while unknown.

    `duplicate_acks` and `zero_windows` are what the receiver of this direction answered; `round_trip_time` is the
    shortest seen from a segment of this direction to its acknowledgement.
    """

    __slots__ = (
        "_history",
        "_history_bytes",
        "_probe",
        "duplicate_acks",
        "handshake_time",
        "last_ack",
        "max_in_flight",
        "maximum_segment_size",
        "missing",
        "out_of_order",
        "retransmitted",
        "round_trip_time",
        "window_closed",
        "zero_windows",
    )

    def __init__(self) -> None:
        self.retransmitted = 0
        """Segments whose bytes had come before, in part or whole."""
        self.out_of_order = 0
        """Segments that came before bytes which precede theirs."""
        self.missing = 0
        """Bytes that are not in the capture."""
        self.duplicate_acks = 0
        self.zero_windows = 0
        """Times the receiver closed its window."""
        self.window_closed = False
        self.max_in_flight = 0
        """The most bytes sent and not yet acknowledged."""
        self.maximum_segment_size: int | None = None
        """As this direction's sender announced in its SYN: what it takes (RFC 9293 §3.7.1)."""
        self.round_trip_time: int | None = None
        self.handshake_time: int | None = None
        """From this direction's SYN to the answer to it."""
        self.last_ack = -1
        self._probe: tuple[int, int] | None = None
        self._history: list[tuple[int, bytes]] = []
        self._history_bytes = 0

    def sent(self, offset: int, data: bytes, time: int) -> None:
        """Note bytes handed on at `offset` of the stream; they reach the receiver with its next acknowledgement."""
        if self._probe is None:
            self._probe = (offset + len(data), time)
        self._history.append((offset, data))
        self._history_bytes += len(data)
        if self._history_bytes > HISTORY:
            # Half at a time, so that forgetting costs no more than remembering.
            half = len(self._history) // 2 + 1
            self._history_bytes -= sum(len(known) for _, known in self._history[:half])
            del self._history[:half]

    def sent_again(self) -> None:
        """Note a segment whose bytes had come before; which copy an acknowledgement answers is not known then."""
        self.retransmitted += 1
        self._probe = None

    def acknowledged(self, ack: int, acked: int, reached: int, window: int, time: int, *, plain: bool) -> None:
        """Note an acknowledgement of everything before offset `acked`, while `reached` was sent.

        `ack` is its number on the wire; `plain` says that its segment carries nothing else.
        """
        if window == 0 and not self.window_closed:
            self.zero_windows += 1
        self.window_closed = window == 0
        if ack == self.last_ack:
            self.duplicate_acks += plain and window > 0 and reached > acked
            return
        self.last_ack = ack
        if self._probe is not None and acked >= self._probe[0]:
            took = time - self._probe[1]
            if took >= 0 and (self.round_trip_time is None or took < self.round_trip_time):
                self.round_trip_time = took
            self._probe = None

    def differs(self, offset: int, data: bytes) -> int:
        """Return how many bytes of `data`, sent again at `offset`, differ from those remembered."""
        different = 0
        for start, known in self._history:
            first, last = max(start, offset), min(start + len(known), offset + len(data))
            if first < last:
                before, again = known[first - start : last - start], data[first - offset : last - offset]
                if before != again:
                    different += sum([one != other for one, other in zip(before, again, strict=True)])
        return different
