"""Which bytes of a stream may be passed over: said by the PDU stage, asked by whoever decodes frames.

Most of a large capture are bytes that only continue a data set. Nobody looks at them; what matters is how many they
are, in which packets they came, and where the next header is. So they become neither segments nor events:

1. After each event the PDU stage says, by a Skip, up to which offset of the stream nothing has to be handed on.
2. While frames are decoded, a segment in order that ends before that offset is only counted: `Stream.offset` advances.
3. With the next bytes that are handed on, the PDU stage sees how many were not, and accounts for them.

A large data set comes as P-DATA-TFs of equal length, each with one fragment. Their headers would end every skip after
16 kB. But such a header can be foretold to the byte: as long as exactly `repeat` stands where the current PDU ends,
nothing is learned from it, and the skip goes on for another `period`. Any other bytes there, or bytes that someone
wants to see (`limit`), end it. That is why a capture of large objects is read three times as fast as without.

Of a capture with a short snaplen, most packets are alike: a few bytes, and a hole. Where those before have hidden
the place among PDUs, such a packet is only counted too, unless its bytes may hold a header (Unreadable).

What must not be lost by it: the packet in which a skip went on (`seen`), from which packets of fragments are told;
where data sets are collected, the bytes themselves (`kept`), and of records of TLS their packets too (`trail`); times,
acknowledgements and pauses, which the decoder tells the stream at the end of each run of packets passed over.
"""

from collections.abc import Callable
from re import Pattern

from msgspec import Struct

from dicomsniff.capture.trail import Trail
from dicomsniff.span import PacketMark

MAX_KEPT = 256
"""Payloads kept of a stream before one of its segments is handed on, and they with it."""


class Unreadable:
    """Counts packets with a hole at their end, of a stream whose place among PDUs is lost, and in which none is found.

    Bytes that match `header` may begin a PDU, and are handed on; so is everything after `room` packets. Whoever passes
    over them calls `pass_time` with the times (ns since 1970) of the first and the last of a run, and of pauses.
    """

    __slots__ = ("_fresh", "_search", "cut", "mark", "packets", "pass_time", "readable", "room")

    def __init__(self, header: Pattern[bytes], room: int, mark: PacketMark, pass_time: Callable[[int], None]) -> None:
        self._search = header.search
        self.room = room
        self.pass_time = pass_time
        self.packets = self.readable = self.cut = 0
        """Packets passed over, their bytes in the capture, and those that it cut off."""
        self.mark = mark
        """The last of them."""
        self._fresh = (0, 0)

    def takes(self, data: bytes, start: int, end: int, cut: int) -> bool:
        """Count a packet with the payload `data[start:end]` and `cut` further bytes, unless it must be handed on."""
        if self.packets >= self.room or start >= end or cut <= 0 or self._search(data, start, end):
            return False
        self.packets += 1
        self.readable += end - start
        self.cut += cut
        return True

    def went_on(self, mark: PacketMark) -> tuple[int, int]:
        """Note the last packet so far; return how many bytes came, and were cut off, since the last time."""
        self.mark = mark
        before, self._fresh = self._fresh, (self.readable, self.cut)
        return self.readable - before[0], self.cut - before[1]


class Skip(Struct, frozen=True):
    """What may be passed over of a stream. It never changes: one that goes on is another one."""

    until: int
    """Stream offset: bytes before it are only counted."""
    repeat: bytes = b""
    """If exactly these bytes stand at `until`, `period` further bytes, these included, are only counted too."""
    period: int = 0
    limit: int = 0
    """Stream offset: however often `repeat` stands there, bytes from here on are handed on."""
    kept: list[bytes] | None = None
    """Where payloads that are passed over are put; None where they are only counted."""
    seen: PacketMark | None = None
    """The packet in which `repeat` last stood at the end."""
    trail: Trail | None = None
    """Where offsets and packets of kept payloads are noted; None where nobody asks."""
    lacks: bool = False
    """Whether bytes that the capture cut off need not be told either."""
    unreadable: Unreadable | None = None
    """What counts packets that are not whole, which are the only ones passed over then."""

    def repeated(self, until: int, offset: int, data: bytes, start: int, end: int) -> int:
        """Return where a skip up to `until` ends if `data[start:end]`, at `offset` of the stream, repeats; else 0."""
        repeat = self.repeat
        if not repeat:
            return 0
        reached = offset + end - start
        while reached > until:
            if until + self.period > self.limit:
                return 0
            header = start + until - offset
            if header + len(repeat) > end or not data.startswith(repeat, header):
                return 0
            until += self.period
        return until

    def went_on(self, until: int, mark: PacketMark) -> "Skip":
        """Return the skip that goes on up to `until`, as a packet showed."""
        return Skip(until, self.repeat, self.period, self.limit, self.kept, mark, self.trail, self.lacks)
