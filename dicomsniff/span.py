"""Where an event came from: the packets and the bytes of the capture behind it."""

from msgspec import Struct


class PacketMark(Struct, frozen=True, order=True, gc=False):
    """One captured packet: number (from 1), time (ns since 1970) and place (bytes into the capture).

    Marks and spans are made for every segment and message: as structs, in a quarter of the time that tuples take.
    """

    number: int
    time: int
    offset: int


class Source:
    """What the offsets of spans count in: the bytes of one direction, as TCP or what it wraps has them.

    tcp/source.py says which kinds there are, and what they say about a span.
    """

    __slots__ = ()


class Span(Struct, frozen=True, gc=False):
    """The packets that carried something, first to last, and when they were captured.

    `offset` is where a record begins in the capture (bytes), so that a view can reread from there: the first
    packet's, or that of packet `reread_from` where this is not 0. `start` to `end` are the bytes of `source` (none, and
    0 and 0, where an event has no bytes of its own).
    """

    first_packet: int
    last_packet: int
    first_time: int
    last_time: int
    offset: int
    source: Source | None = None
    start: int = 0
    end: int = 0
    reread_from: int = 0

    @classmethod
    def at(cls, mark: PacketMark) -> "Span":
        """The span of a single packet."""
        return cls(mark.number, mark.number, mark.time, mark.time, mark.offset)


def join_spans(first: Span, last: Span) -> Span:
    """Return the span from the earlier through the later one of the same source."""
    earlier = min(first, last, key=lambda span: span.reread_from or span.first_packet)
    return Span(
        min(first.first_packet, last.first_packet),
        max(first.last_packet, last.last_packet),
        min(first.first_time, last.first_time),
        max(first.last_time, last.last_time),
        earlier.offset,
        first.source,
        min(first.start, last.start),
        max(first.end, last.end),
        earlier.reread_from or earlier.first_packet,
    )
