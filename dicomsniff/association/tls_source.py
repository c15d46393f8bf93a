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
    """The plaintext of a record begins at `position`; its record does at `tcp` of the TCP stream, in packet `mark`."""

    position: int
    tcp: int
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

    def note(self, position: int, start: int, end: int, mark: PacketMark) -> None:
        """Take note of a record from `start` to `end` of the TCP stream, whose plaintext begins at `position`."""
        if self._count % self._apart == 0:
            self.places.append(Place(position, start, mark))
            if len(self.places) > MAX_PLACES:
                self.places = self.places[::2]
                self._apart *= 2
        self._count += 1
        self.tcp_end = end

    def locate(self, span: Span) -> list[Span]:
        """Return the part of the TCP stream that has the records of a span; a little more where there are many."""
        first = bisect_right(self.places, span.start, key=_position) - 1
        if first < 0 or span.start >= span.end:
            return []
        last = bisect_left(self.places, span.end, key=_position)
        end = self.places[last].tcp if last < len(self.places) else self.tcp_end
        begin = self.places[first]
        mark = begin.mark
        after = self.places[last].mark if last < len(self.places) else self.last
        until = max(span.last_packet, mark.number, after.number), max(span.last_time, mark.time, after.time)
        return [Span(mark.number, until[0], mark.time, until[1], mark.offset, self.tcp, begin.tcp, end, mark.number)]

    def read(self, packets: PacketSource, span: Span) -> StreamPiece:
        """Return the bytes of a span, decrypted once more."""
        from dicomsniff.association.tls_reread import decrypted

        return decrypted(packets, self, span)


def _position(place: Place) -> int:
    return place.position
