"""What the TCP stage hands on."""

from typing import TYPE_CHECKING, NamedTuple

from dicomsniff.span import PacketMark

if TYPE_CHECKING:
    from dicomsniff.tcp.connection import Connection
    from dicomsniff.tcp.stream import Stream


class StreamBytes(NamedTuple):
    """Bytes `data[start:end]` of a stream, in order, the first of them at `offset` in the stream.

    Bytes between the previous event's end and `offset` came too, but were only counted, as asked by
    `Stream.skip`.
    """

    stream: "Stream"
    offset: int
    data: bytes
    start: int
    end: int
    mark: PacketMark


class StreamGap(NamedTuple):
    """`length` bytes at `offset` of a stream are not in the capture; `mark` is the packet that shows it."""

    stream: "Stream"
    offset: int
    length: int
    mark: PacketMark


class StreamConflict(NamedTuple):
    """Bytes were sent again at `offset` of a stream, `different` of them other than the first time; the first count.

    Bytes that were only counted are not compared.
    """

    stream: "Stream"
    offset: int
    different: int
    mark: PacketMark


class StreamEnd(NamedTuple):
    """No more bytes follow on a stream: its sender said so (`FIN`) or broke off (`RST`)."""

    stream: "Stream"
    how: str
    mark: PacketMark


class ConnectionGone(NamedTuple):
    """Nothing more is expected of a connection: long closed, replaced by a new one, given up, or the capture's end."""

    connection: "Connection"


TcpEvent = StreamBytes | StreamGap | StreamConflict | StreamEnd | ConnectionGone
