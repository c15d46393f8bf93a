"""A connection that carries TLS: its handshake is read as far as it is plain, the rest of it is counted."""

from dicomsniff.association.consumer import UNKNOWN, Beginning, ChannelEvent, Update, count_only
from dicomsniff.association.handshakes import FailedHandshake, failed_handshake
from dicomsniff.pdu.tls import TlsStream
from dicomsniff.span import PacketMark, Span
from dicomsniff.tcp.channel import Channel
from dicomsniff.tcp.events import StreamBytes, StreamGap
from dicomsniff.tcp.table import BARE


class TlsConnection:
    """Reads the handshakes of both sides; it becomes a foreign connection in all but name once they are over."""

    __slots__ = ("_beginning", "_connection", "_left", "_streams", "failed_handshake", "name")

    associations = ()

    def __init__(self, name: str, connection: Channel, beginning: Beginning) -> None:
        self.name = name
        self.failed_handshake: FailedHandshake | None = None
        self._connection = connection
        self._streams = {stream: TlsStream() for stream in (*beginning.detections, *connection.streams)}
        self._beginning = beginning
        self._left: Span | None = None
        """Where one side ended the connection without a word."""

    @property
    def weight(self) -> int:
        """About how many kilobytes it takes."""
        return UNKNOWN if self._streams else BARE

    def begin(self, mark: PacketMark, number: int) -> list[Update]:  # noqa: ARG002  it brings no association
        """Read what came before."""
        for stream, detection in self._beginning.detections.items():
            tls = self._streams[stream]
            for piece in detection.pieces:
                if piece.missing:
                    tls.stop()
                else:
                    tls.feed(piece.data, piece.mark)
        ended = self._beginning.ends[0] if self._beginning.ends else None
        if ended is not None and not self._beginning.detections[ended.stream].pieces:
            self._left = Span.at(ended.mark)
        self._beginning = Beginning()
        self._look()
        return []

    def feed(self, event: ChannelEvent, number: int) -> list[Update]:  # noqa: ARG002
        """Take an event."""
        tls = self._streams.get(event.stream)
        if tls is not None:
            if isinstance(event, StreamBytes):
                tls.feed(event.data[event.start : event.end], event.mark)
            elif isinstance(event, StreamGap):
                tls.stop()
            self._look()
        return []

    def close(self, until: int, number: int) -> list[Update]:  # noqa: ARG002
        """Take note of the end."""
        self._end()
        return []

    def _look(self) -> None:
        if all(tls.done for tls in self._streams.values()):
            self._end()

    def _end(self) -> None:
        if self._streams:
            streams = ((stream.flow, tls) for stream, tls in self._streams.items())
            self.failed_handshake = failed_handshake(streams, left=self._left)
            self._streams = {}
            count_only(self._connection)
