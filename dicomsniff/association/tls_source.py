"""Plaintext of TLS with addresses: where it lies in TCP, and how to decrypt it once more (tcp/source.py).

Plaintext is as long as what it was in a record, so each byte is in a packet of its own, and spans name that. How far
the offsets of plaintext are behind those of TCP differs from record to record: `places` says so for a few of them.
"""

from bisect import bisect_left, bisect_right
from typing import NamedTuple

from dicomsniff.capture.packets import PacketSource
from dicomsniff.span import PacketMark, Span
from dicomsniff.tcp.source import ByteSource, StreamPiece
from dicomsniff.tls.vault import Vault

MAX_PLACES = 512
"""Records whose places are kept of a direction; of more, every second one, and so on."""


class Place(NamedTuple):
    """Plaintext from `position` on is in records from `tcp` on of the TCP stream; packet `mark` has the bytes before.

    Reading can go on there if the record's `number` is known.
    """

    position: int
    tcp: int
    number: int | None
    mark: PacketMark


class TlsSource(ByteSource):
    """The plaintext of one direction of a connection, whose first packet is `begins`."""

    __slots__ = ("_apart", "_count", "begins", "is_client", "last", "places", "tcp", "tcp_end", "vault")

    def __init__(self, tcp: ByteSource, begins: PacketMark, vault: Vault, *, is_client: bool) -> None:
        self.tcp = tcp
        self.begins = begins
        self.vault = vault
        self.is_client = is_client
        """Whether it is the client's direction."""
        self.places: list[Place] = []
        self.tcp_end = 0
        """Where the last record that gave plaintext ends in the TCP stream."""
        self.last = begins
        """The last packet of the connection that brought bytes of this direction."""
        self._count = 0
        self._apart = 1

    def __repr__(self) -> str:
        return f"TlsSource({self.tcp!r})"

    def __eq__(self, other: object) -> bool:
        return self.tcp == other.tcp if isinstance(other, TlsSource) else NotImplemented

    def __hash__(self) -> int:
        return hash((TlsSource, self.tcp))

    def is_next_kept(self) -> bool:
        """Count a record; return whether its place is to be noted."""
        self._count += 1
        return (self._count - 1) % self._apart == 0

    def note(self, place: Place) -> None:
        """Take note of where a record begins."""
        self.places.append(place)
        if len(self.places) > MAX_PLACES:
            self.places = self.places[::2]
            self._apart *= 2

    def place_before(self, span: Span) -> Place | None:
        """Return the last place before a span where reading can go on; None where that is the beginning."""
        last = bisect_right(self.places, span.start, key=_position) - 1
        return self.places[last] if last >= 0 and self.places[last].number is not None else None

    def end_of(self, span: Span) -> tuple[int, PacketMark]:
        """Return where records end that hold a span, in the TCP stream, and a packet that is not before that."""
        last = bisect_left(self.places, span.end, key=_position)
        # The bytes before a place may come after those behind it: whatever came until the next place has them.
        after = self.places[last + 1].mark if last + 1 < len(self.places) else self.last
        return (self.places[last].tcp if last < len(self.places) else self.tcp_end), after

    def locate(self, span: Span) -> list[Span]:
        """Return the part of the TCP stream that has the records of a span; a little more where there are many."""
        first = bisect_right(self.places, span.start, key=_position) - 1
        if first < 0 or span.start >= span.end:
            return []
        begin = self.places[first]
        end, after = self.end_of(span)
        return [tcp_span(self.tcp, begin.mark, after, begin.tcp, end)]

    def read(self, packets: PacketSource, span: Span) -> StreamPiece:
        """Return the bytes of a span, decrypted once more."""
        from dicomsniff.association.tls_reread import decrypted

        return decrypted(packets, self, span)


def tcp_span(tcp: ByteSource, first: PacketMark, last: PacketMark, start: int, end: int) -> Span:
    """Return the span of bytes of the TCP stream that lie in two packets and those between them."""
    return Span(first.number, last.number, first.time, last.time, first.offset, tcp, start, end, first.number)


def _position(place: Place) -> int:
    return place.position
