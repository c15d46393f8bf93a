"""Go back to the capture for plaintext of TLS: the connection is read again from its beginning, and decrypted again.

A record can be decrypted by itself, but not without the handshake, nor without knowing how many came before it. So the
handshake is read again, and then the records from the last place before the span of which that is known. Where that is
not enough, as where a record was sent twice or keys changed, all is read again from the beginning of the connection;
nothing but the span is kept.
"""

from collections.abc import Iterable, Iterator

from dicomsniff.association.tls_channel import TlsChannel, Told
from dicomsniff.association.tls_source import Place, TlsSource, tcp_span
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.capture.packets import PacketSource
from dicomsniff.capture.segments import reverse_flow
from dicomsniff.span import Span
from dicomsniff.tcp.channel import ByteStream
from dicomsniff.tcp.connection import TcpTracker
from dicomsniff.tcp.events import ConnectionGone, RepeatGone, StreamBytes, StreamGap, TcpEvent
from dicomsniff.tcp.source import StreamPiece, TcpSource, fill_missing
from dicomsniff.tls.protection import TAIL


def decrypted(packets: PacketSource, source: TlsSource, span: Span) -> StreamPiece:
    """Return the bytes of a span of a source, decrypted once more; what cannot be is a hole."""
    length = span.end - span.start
    piece = StreamPiece(span.start, bytearray(length))
    missing = [(0, length)] if length else []
    if isinstance(source.tcp, TcpSource):
        place = source.place_before(span)
        if place is not None:
            missing = _fill(piece, missing, _from_place(packets, source, source.tcp, span, place))
        if missing:
            missing = _fill(piece, missing, _from_beginning(packets, source, source.tcp.flow, span.end))
    piece.holes = [(span.start + first, span.start + last) for first, last in missing]
    return piece


def _fill(
    piece: StreamPiece, missing: list[tuple[int, int]], plaintext: Iterable[StreamBytes[ByteStream]]
) -> list[tuple[int, int]]:
    """Copy what of plaintext is still missing; return what is missing then."""
    for event in plaintext:
        data = event.data[event.start : event.end]
        missing = fill_missing(piece.data, missing, event.offset - piece.start, data)
        if not missing:
            break
    return missing


def _from_place(
    packets: PacketSource, source: TlsSource, tcp: TcpSource, span: Span, place: Place
) -> Iterator[StreamBytes[ByteStream]]:
    """Yield plaintext from a place on: the handshake is read again, and then only the records that are asked for."""
    channel = _past_handshake(packets, source, tcp.flow)
    if channel is None:
        return
    end, last = source.end_of(span)
    start = max(0, place.tcp - TAIL)
    records = tcp.read(packets, tcp_span(tcp, place.mark, last, start, end))
    stream = channel.streams[0] if source.is_client else channel.streams[1]
    channel.go_to(stream, place, bytes(records.data[: place.tcp - start]))
    whole = min([first for first, _ in records.holes], default=end)
    if place.tcp < whole:
        data = bytes(records.data[place.tcp - start : whole - start])
        yield from _of(channel.feed(stream.tcp, place.tcp, data, place.mark), tcp.flow)


def _past_handshake(packets: PacketSource, source: TlsSource, flow: bytes) -> TlsChannel | None:
    """Return a channel of the connection that has read its handshake, and the first plaintext of a direction."""
    for channel, told in _events(packets, source, flow):
        if told:
            return channel
    return None


def _from_beginning(
    packets: PacketSource, source: TlsSource, flow: bytes, end: int
) -> Iterator[StreamBytes[ByteStream]]:
    """Yield the plaintext of a direction from its beginning on, up to an offset of it."""
    for _, told in _events(packets, source, flow):
        for event in told:
            if event.offset >= end:
                return
            yield event


def _events(
    packets: PacketSource, source: TlsSource, flow: bytes
) -> Iterator[tuple[TlsChannel, list[StreamBytes[ByteStream]]]]:
    """Read a connection again from its first packet on; yield what that gives of a direction, step by step."""
    channel: TlsChannel | None = None
    for event in _tcp_events(packets, source, flow):
        if isinstance(event, ConnectionGone | RepeatGone):
            break
        if channel is None:
            stream = event.stream if (event.stream.flow == flow) is source.is_client else event.stream.peer
            channel = TlsChannel(event.stream.connection, stream, source.vault)
        if isinstance(event, StreamBytes):
            told = channel.feed(event.stream, event.offset, event.data[event.start : event.end], event.mark)
        elif isinstance(event, StreamGap):
            told = channel.gap(event.stream, event.offset, event.length)
        else:
            continue
        yield channel, _of(told, flow)
    if channel is not None:
        yield channel, _of(channel.close(), flow)


def _of(told: Iterable[Told], flow: bytes) -> list[StreamBytes[ByteStream]]:
    return [each for each in told if isinstance(each, StreamBytes) and each.stream.flow == flow]


def _tcp_events(packets: PacketSource, source: TlsSource, flow: bytes) -> Iterator[TcpEvent]:
    """Yield what TCP hands on of a connection, from its first packet to the last one of a direction."""
    tracker, decoder = TcpTracker(), SegmentDecoder()
    flows = (flow, reverse_flow(flow))
    for batch in packets.batches_from(source.begins.offset, source.begins.number):
        for segment in decoder.segments(batch):
            if segment[3] in flows:
                yield from tracker.feed(segment)
        if batch.first_number + len(batch.starts) > source.last.number:
            break
    yield from tracker.close()
