"""What the TCP stage hands on."""

from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from msgspec import Struct

from dicomsniff.span import PacketMark
from dicomsniff.tcp.channel import ByteStream

if TYPE_CHECKING:
    from dicomsniff.tcp.connection import Connection
    from dicomsniff.tcp.repeats import Repeat
    from dicomsniff.tcp.stream import Stream

AnyStream = TypeVar("AnyStream", bound=ByteStream, covariant=True)
"""TCP's own streams, or those of another channel (channel.py)."""


class StreamBytes(Struct, Generic[AnyStream], frozen=True):
    """Bytes `data[start:end]` of a stream, in order, the first of them at `offset` in the stream.

    Bytes between the previous event's end and `offset` came too, but were only counted, as asked by
    `Stream.skip`.
    """

    stream: AnyStream
    offset: int
    data: bytes
    start: int
    end: int
    mark: PacketMark


class StreamGap(Struct, Generic[AnyStream], frozen=True):
    """`length` bytes at `offset` of a stream are not in the capture; `mark` is the packet that shows it.

    Of what wraps the stream, it may tell only about how many they are: then that `is_exact` is false.
    """

    stream: AnyStream
    offset: int
    length: int
    mark: PacketMark
    is_exact: bool = True


class StreamConflict(Struct, Generic[AnyStream], frozen=True):
    """Bytes were sent again at `offset` of a stream, `different` of them other than the first time; the first count.

    Bytes that were only counted are not compared.
    """

    stream: AnyStream
    offset: int
    different: int
    mark: PacketMark


class StreamEnd(Struct, Generic[AnyStream], frozen=True):
    """No more bytes follow on a stream: its sender said so (`FIN`) or broke off (`RST`)."""

    stream: AnyStream
    how: str
    mark: PacketMark


class ConnectionGone(Struct, frozen=True):
    """Nothing more is expected of a connection: long closed, replaced by a new one, given up, or the capture's end."""

    connection: "Connection"


class RepeatGone(Struct, frozen=True):
    """The same of a connection that went as another one did (repeats.py): it was not followed."""

    repeat: "Repeat"


StreamEvent = StreamBytes[AnyStream] | StreamGap[AnyStream] | StreamConflict[AnyStream] | StreamEnd[AnyStream]
TcpEvent: TypeAlias = "StreamEvent[Stream] | ConnectionGone | RepeatGone"
