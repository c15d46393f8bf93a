"""Go back to the capture for plaintext of TLS: the connection is read again from its beginning, and decrypted again.

A record can be decrypted by itself, but not without the handshake, and the number of records before it. What is read
is only what the connection's packets bring up to the span that is asked for; nothing but the span is kept.
"""

from collections.abc import Iterator

from dicomsniff.association.tls_channel import TlsChannel
from dicomsniff.association.tls_source import TlsSource
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.capture.packets import PacketSource
from dicomsniff.capture.segments import reverse_flow
from dicomsniff.span import Span
from dicomsniff.tcp.channel import ByteStream
from dicomsniff.tcp.connection import TcpTracker
from dicomsniff.tcp.events import ConnectionGone, StreamBytes, StreamGap, TcpEvent
from dicomsniff.tcp.source import StreamPiece, TcpSource, fill_missing


def decrypted(packets: PacketSource, source: TlsSource, span: Span) -> StreamPiece:
    """Return the bytes of a span of a source, decrypted once more; what cannot be is a hole."""
    length = span.end - span.start
    piece = StreamPiece(span.start, bytearray(length))
    missing = [(0, length)] if length else []
    if missing and isinstance(source.tcp, TcpSource):
        for event in _plaintext(packets, source, source.tcp.flow):
            if event.offset >= span.end:
                break
            data = event.data[event.start : event.end]
            missing = fill_missing(piece.data, missing, event.offset - span.start, data)
            if not missing:
                break
    piece.holes = [(span.start + first, span.start + last) for first, last in missing]
    return piece


def _plaintext(packets: PacketSource, source: TlsSource, flow: bytes) -> Iterator[StreamBytes[ByteStream]]:
    """Yield the plaintext of a direction, in order."""
    channel: TlsChannel | None = None
    for event in _tcp_events(packets, source, flow):
        if isinstance(event, ConnectionGone):
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
        for each in told:
            if isinstance(each, StreamBytes) and each.stream.flow == flow:
                yield each


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
