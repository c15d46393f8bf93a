"""Two directions of bytes, as the stages behind TCP know them: the least that another kind of stream has to offer.

A TCP connection (connection.py) is one such channel. What unwraps others from it, as from TLS records, makes a channel
of its own: it hands on events (events.py) whose `stream` is one of that channel's, their offsets counting in the
stream's `source`. Whatever is said about TCP itself, such as `health`, is about the TCP stream underneath.
"""

from typing import Any, Protocol

from dicomsniff.capture.segments import flow_ends
from dicomsniff.capture.skip import Skip
from dicomsniff.span import PacketMark
from dicomsniff.tcp.health import StreamHealth
from dicomsniff.tcp.source import ByteSource


class ByteStream(Protocol):
    """One direction."""

    skip: Skip | None
    """What of the next bytes need not be handed on. TCP passes over it; others may hand it on all the same."""

    @property
    def source(self) -> ByteSource:
        """What offsets of its bytes count in."""

    @property
    def flow(self) -> bytes:
        """Who sends to whom (capture/segments.py)."""

    @property
    def peer(self) -> "ByteStream":
        """The other direction."""

    @property
    def offset(self) -> int:
        """Bytes handed on so far, those missing or passed over included."""

    @property
    def last_mark(self) -> PacketMark:
        """The last packet of this direction."""

    @property
    def syn_seen(self) -> bool:
        """Whether byte 0 is known to be the first that was sent."""

    @property
    def segments(self) -> int:
        """TCP segments seen."""

    @property
    def health(self) -> StreamHealth:
        """What TCP underneath tells of this direction."""


class Channel(Protocol):
    """Both directions."""

    consumer: Any
    """What takes its bytes, of a later stage."""

    @property
    def streams(self) -> tuple[ByteStream, ByteStream]:
        """Both, in no particular order."""

    @property
    def opener(self) -> ByteStream | None:
        """The direction of whoever opened it; None where that was not captured."""

    @property
    def opened_at(self) -> int | None:
        """When it was open for both (ns since 1970), as far as it was captured; None where it was not."""

    @property
    def first_mark(self) -> PacketMark:
        """The first packet."""

    @property
    def last_mark(self) -> PacketMark:
        """The last packet."""

    @property
    def last_time(self) -> int:
        """When its last packet was captured (ns since 1970)."""

    @property
    def closed(self) -> bool:
        """Whether it came to its end in sight."""


def guess_opener(channel: Channel) -> ByteStream:
    """Return the direction of whoever opened a channel, guessed by its ports: servers have the lower ones."""
    return min(channel.streams, key=lambda stream: flow_ends(stream.flow)[0].port).peer
