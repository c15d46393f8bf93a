"""A made-up protocol that wraps another stream, as TLS does: what its own channel and source look like.

A record is `REC`, a key of one byte, a length of two bytes (big endian) and that many bytes, each XORed with the key.
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from dicomsniff.association.consumer import Beginning, ChannelEvent, Means, Update
from dicomsniff.association.recognition import Recognition
from dicomsniff.capture.packets import PacketSource
from dicomsniff.capture.skip import Skip
from dicomsniff.span import PacketMark, Span
from dicomsniff.tcp.channel import ByteStream, Channel
from dicomsniff.tcp.events import StreamBytes, StreamEnd, StreamGap
from dicomsniff.tcp.source import ByteSource, StreamPiece

BEGINS = b"REC"
HEADER = struct.Struct(">3sBH")


def wrap(data: bytes, sizes: Iterable[int], key: int = 0) -> bytes:
    """Put bytes in records of the given sizes, and the rest in one more; each has another key."""
    records, at = [], 0
    for number, size in enumerate([*sizes, 60_000], start=key):
        body = data[at : at + size]
        records.append(HEADER.pack(BEGINS, number % 256, len(body)) + unwrap(body, number % 256))
        at += len(body)
    return b"".join(records)


def unwrap(body: bytes, key: int) -> bytes:
    return bytes(byte ^ key for byte in body)


class Record(NamedTuple):
    """Bytes `start`..`end` of the unwrapped stream lie at `tcp_start` of the TCP stream, in these packets."""

    start: int
    end: int
    tcp_start: int
    key: int
    first: PacketMark
    last: PacketMark


class RecordSource(ByteSource):
    """The unwrapped bytes of one direction."""

    def __init__(self, tcp: ByteSource) -> None:
        self.tcp = tcp
        self.records: list[Record] = []

    def locate(self, span: Span) -> list[Span]:
        return [where for _, where in self._located(span)]

    def read(self, packets: PacketSource, span: Span) -> StreamPiece:
        piece = StreamPiece(span.start, bytearray())
        for record, where in self._located(span):
            below = self.tcp.read(packets, where)
            shift = record.start - record.tcp_start
            piece.data += unwrap(bytes(below.data), record.key)
            piece.holes += [(first + shift, last + shift) for first, last in below.holes]
        return piece

    def _located(self, span: Span) -> list[tuple[Record, Span]]:
        found = []
        for record in self.records:
            start, end = max(span.start, record.start), min(span.end, record.end)
            if start < end:
                first, last, shift = record.first, record.last, record.tcp_start - record.start
                marks = (first.number, last.number, first.time, last.time, first.offset)
                found.append((record, Span(*marks, self.tcp, start + shift, end + shift, first.number)))
        return found


class RecordStream:
    """One direction."""

    peer: "RecordStream"

    def __init__(self, tcp: ByteStream) -> None:
        self.tcp = tcp
        self.source = RecordSource(tcp.source)
        self.offset = 0
        self.skip: Skip | None = None
        self.pending = b""
        self.begun = PacketMark(0, 0, 0)
        self.position = 0

    def __getattr__(self, name: str) -> object:
        if name in ("flow", "syn_seen", "segments", "health", "last_mark"):
            return getattr(self.tcp, name)
        raise AttributeError(name)

    def unwrap(self, data: bytes, mark: PacketMark) -> list[StreamBytes["RecordStream"]]:
        """Take bytes of TCP; return those of the records that are whole."""
        events = []
        if not self.pending:
            self.begun = mark
        self.pending += data
        while len(self.pending) >= HEADER.size:
            _, key, length = HEADER.unpack_from(self.pending)
            if len(self.pending) < HEADER.size + length:
                break
            body = unwrap(self.pending[HEADER.size : HEADER.size + length], key)
            at = self.position + HEADER.size
            self.source.records.append(Record(self.offset, self.offset + length, at, key, self.begun, mark))
            if body:
                events.append(StreamBytes(self, self.offset, body, 0, length, mark))
            self.offset += length
            self.position = at + length
            self.pending = self.pending[HEADER.size + length :]
            self.begun = mark
        return events


class RecordConnection:
    """Takes a connection that carries records, and is the channel of what they wrap."""

    failed_handshake = None
    weight = 9

    def __init__(self, name: str, connection: Channel, beginning: Beginning, means: Means) -> None:
        self.name = name
        self._connection, self._beginning = connection, beginning
        first, second = (RecordStream(stream) for stream in connection.streams)
        first.peer, second.peer = second, first
        self.streams = first, second
        self._wrapped = {first.tcp: first, second.tcp: second}
        self.consumer = Recognition(self, means)

    def __getattr__(self, name: str) -> object:
        if name in ("opened_at", "first_mark", "last_mark", "last_time", "closed"):
            return getattr(self._connection, name)
        raise AttributeError(name)

    @property
    def opener(self) -> RecordStream | None:
        opener = self._connection.opener
        return None if opener is None else self._wrapped[opener]

    @property
    def associations(self) -> list[object]:
        return self.consumer.associations

    def begin(self, mark: PacketMark, number: int) -> list[Update]:
        updates: list[Update] = []
        for stream, detection in self._beginning.detections.items():
            for piece in detection.pieces:
                assert not piece.missing
                updates += self._take(stream, piece.data, piece.mark, number)
        return updates

    def feed(self, event: ChannelEvent, number: int) -> list[Update]:
        if isinstance(event, StreamBytes):
            return self._take(event.stream, event.data[event.start : event.end], event.mark, number)
        assert not isinstance(event, StreamGap)
        if isinstance(event, StreamEnd):
            return self.consumer.feed(replace(event, stream=self._wrapped[event.stream]), number)
        return []

    def _take(self, stream: ByteStream, data: bytes, mark: PacketMark, number: int) -> list[Update]:
        updates: list[Update] = []
        known = len(self.associations)
        for event in self._wrapped[stream].unwrap(data, mark):
            updates += self.consumer.feed(event, number + len(self.associations) - known)
        return updates

    def close(self, until: int, number: int) -> list[Update]:
        return self.consumer.close(until, number)
