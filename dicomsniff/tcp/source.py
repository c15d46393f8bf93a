"""Where bytes with addresses come from: what the offsets of a span count in, and how to go back for the bytes.

PDUs are framed in a stream of bytes. TCP carries it as it is, but the same PDUs may be wrapped: encrypted in TLS
records, or as the body of an HTTP message. Then an offset among the bytes of PDUs is no offset in the TCP stream, and
no arithmetic leads from one to the other. So every span names the source that its offsets count in, and whoever wants
more than the number asks the source:

- where the bytes lie in TCP streams, and in which packets (`locate`);
- for the bytes themselves, read from the capture once more and unwrapped again (`read`).

A source is also what tells bytes apart: spans of equal sources lie on one line. Another kind of source needs nothing
else from the stages behind it. It makes its own streams (channel.py), feeds a Recognition of its own with their bytes
as it unwraps them, and keeps the table from its offsets to those of TCP; tests/association/test_sources.py has one.

Passing over bytes (capture/skip.py) is for TCP's own bytes alone: what has to be unwrapped has to be seen.
"""

from abc import ABC, abstractmethod

from msgspec import Struct, field

from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.capture.packets import PacketSource
from dicomsniff.capture.segments import SYN
from dicomsniff.span import Source, Span

SEQUENCE_MASK = 0xFFFFFFFF


class StreamPiece(Struct):
    """Bytes of a stream from `start`; `holes` are the (start, end) of those not in the capture (zeros here)."""

    start: int
    data: bytearray
    holes: list[tuple[int, int]] = field(default_factory=list)
    cut: bool = False


class ByteSource(Source, ABC):
    """Bytes of one direction, each with an offset."""

    __slots__ = ()

    @abstractmethod
    def locate(self, span: Span) -> list[Span]:
        """Return where the bytes of a span of this source lie: spans of TCP's own bytes, in order."""

    @abstractmethod
    def read(self, packets: PacketSource, span: Span) -> StreamPiece:
        """Return the bytes of a span of this source, read once more."""


class TcpSource(ByteSource):
    """One direction of a TCP connection: byte 0 has sequence number `initial_sequence`."""

    __slots__ = ("flow", "initial_sequence")

    def __init__(self, flow: bytes, initial_sequence: int) -> None:
        self.flow = flow
        self.initial_sequence = initial_sequence

    def __repr__(self) -> str:
        return f"TcpSource({self.flow!r}, {self.initial_sequence})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TcpSource):
            return NotImplemented
        return (self.flow, self.initial_sequence) == (other.flow, other.initial_sequence)

    def __hash__(self) -> int:
        return hash(self.flow)

    def locate(self, span: Span) -> list[Span]:
        """Return the span: TCP's bytes lie where they are."""
        return [span]

    def read(self, packets: PacketSource, span: Span) -> StreamPiece:
        """Return the bytes of a span; of those sent twice the first copy counts, as when they were analyzed."""
        length = span.end - span.start
        piece = StreamPiece(span.start, bytearray(length))
        decoder = SegmentDecoder()
        missing: list[tuple[int, int]] = [(0, length)] if length else []
        begins = (self.initial_sequence + span.start) & SEQUENCE_MASK
        for batch in packets.batches_from(span.offset, span.reread_from or span.first_packet):
            for number, _, _, flow, seq, _, flags, _, data, start, end, _ in decoder.segments(batch):
                if number > span.last_packet:
                    break
                if flow == self.flow and start < end:
                    at = (seq + bool(flags & SYN) - begins) & SEQUENCE_MASK
                    at -= (1 << 32) if at & 0x80000000 else 0
                    missing = fill_missing(piece.data, missing, at, data[start:end])
            if not missing or batch.first_number + len(batch.starts) > span.last_packet:
                break
        piece.holes = [(span.start + first, span.start + last) for first, last in missing]
        return piece


def fill_missing(into: bytearray, missing: list[tuple[int, int]], at: int, data: bytes) -> list[tuple[int, int]]:
    """Copy what of `data`, lying at `at`, is still missing; return what is missing then."""
    left: list[tuple[int, int]] = []
    for first, last in missing:
        low, high = max(first, at), min(last, at + len(data))
        if low >= high:
            left.append((first, last))
            continue
        into[low:high] = data[low - at : high - at]
        if first < low:
            left.append((first, low))
        if high < last:
            left.append((high, last))
    return left
