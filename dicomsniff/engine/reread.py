"""Go back to the capture for the bytes behind an event: a span -> stream bytes -> a message's command and data set."""

from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct
from msgspec.structs import replace

from dicomsniff.capture.packets import PacketSource
from dicomsniff.dimse.assembler import Assembler
from dicomsniff.dimse.collection import Collection
from dicomsniff.dimse.message import DataSetInfo, Message
from dicomsniff.pdu.framing import NO_PACKET
from dicomsniff.pdu.stream import PduStream
from dicomsniff.pdu.types import MissingBytes, Pdv, PdvBytes
from dicomsniff.span import PacketMark, Span
from dicomsniff.tcp.source import ByteSource, StreamPiece

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_REREAD = 64 << 20
"""Bytes of a stream that a view gets at most; a longer message is shown up to there, and says so."""
AT_A_TIME = 1 << 20
"""Bytes that are looked through in one step: each step copies its own."""


class MessageBytes(Struct):
    """A message's command set and data set, as far as the capture has them."""

    command: bytes
    data_set: BinaryIO | None
    length: int
    whole: int
    """Bytes of the data set before the first one that is missing."""
    cut: bool
    """Whether the data set goes on beyond what a view reads."""


def read_stream(packets: PacketSource, span: Span, limit: int = MAX_REREAD) -> StreamPiece:
    """Return the bytes of a span; none where the event has none of its own."""
    wanted = replace(span, end=min(span.end, span.start + limit))
    source = span.source
    piece = source.read(packets, wanted) if isinstance(source, ByteSource) else StreamPiece(span.start, bytearray())
    piece.cut = wanted.end < span.end
    return piece


def read_message(packets: PacketSource, message: Message, limit: int = MAX_REREAD) -> MessageBytes:
    """Return a message's bytes: its PDUs are walked again, with their data kept."""
    span = message.span
    piece = read_stream(packets, span, limit)
    pdus = PduStream(span.source, collect=True)
    pdus.begin(span.start, 0, NO_PACKET, at_header=True)
    assembler = Assembler(span.source, side=message.side, collection=Collection())
    found: list[Message] = []
    mark = PacketMark(span.first_packet, span.first_time, span.offset)
    for offset, data, gap in _runs(piece):
        events = pdus.gap(offset, gap, mark) if gap else pdus.feed(offset, data, 0, len(data), mark)
        for event in events:
            if isinstance(event, MissingBytes):
                assembler.lost(event)
            elif isinstance(event, Pdv | PdvBytes):
                found += [each for each in assembler.feed(event) if isinstance(each, Message)]
    piece.data = bytearray()  # what is collected of them may be as long
    for event in pdus.close(pdus.position):
        if isinstance(event, Pdv):
            found += [each for each in assembler.feed(event) if isinstance(each, Message)]
    found += [each for each in assembler.close() if isinstance(each, Message)]
    info = None
    # Of messages with equal commands the one that ends where it should, unless `limit` cut that off.
    for each in sorted(found, key=lambda each: each.span.end != message.span.end):
        if info is None and (each.context_id, each.command.raw) == (message.context_id, message.command.raw):
            info = each.data_set
        elif each.data_set is not None and each.data_set.content is not None:
            each.data_set.content.close()
    if info is None:
        return MessageBytes(message.command.raw, None, 0, 0, piece.cut)
    whole = info.length if info.whole is None else info.whole
    return MessageBytes(message.command.raw, _in_memory(info), info.length, whole, piece.cut)


def _in_memory(info: DataSetInfo) -> BytesIO:
    """Take what was collected of a data set, which MAX_REREAD bounds, out of its temporary file."""
    if info.content is None:
        return BytesIO()
    with info.content as content:
        content.seek(0)
        return BytesIO(content.read())


def _runs(piece: StreamPiece) -> "Iterator[tuple[int, bytes, int]]":
    """Yield (stream offset, bytes, length of a hole), bytes and holes in order, and not all bytes at a time."""
    data, at, end = memoryview(piece.data), piece.start, piece.start + len(piece.data)
    for first, last in [*piece.holes, (end, end)]:
        for begin in range(at, first, AT_A_TIME):
            yield begin, bytes(data[begin - piece.start : min(begin + AT_A_TIME, first) - piece.start]), 0
        if first < last:
            yield first, b"", last - first
        at = last
