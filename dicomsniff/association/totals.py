"""What is known of a capture, or of a part of it, beside its associations."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct, field

from dicomsniff.association.association import Association
from dicomsniff.association.handshakes import FailedHandshake
from dicomsniff.association.moves import Unconnected
from dicomsniff.association.strangers import Stranger
from dicomsniff.capture.unreachable import Unreachable
from dicomsniff.span import PacketMark
from dicomsniff.tcp.connection import Connection


class Totals(Struct):
    """What is counted, and what came to nothing. Times are in ns since 1970."""

    packets: int
    bytes: int
    first_time: int | None
    last_time: int | None
    given_up: int
    undecoded: Counter[str]
    unreachable: list[Unreachable]
    connections: int = 0
    foreign: Counter[str] = field(default_factory=Counter)
    handshakes: list[FailedHandshake] = field(default_factory=list)
    unconnected: list[Unconnected] = field(default_factory=list)
    strangers: list[Stranger] = field(default_factory=list)
    tls_servers: set[str] = field(default_factory=set)


class Outcome(Struct):
    """What came of one connection that is over."""

    flow: bytes
    """Of whoever sent its first packet."""
    first_mark: PacketMark = PacketMark(0, 0, 0)
    last_mark: PacketMark = PacketMark(0, 0, 0)
    begins: bool = True
    """Whether its handshake was captured, or a part of that."""
    is_guest: bool = False
    """Whether nothing is known of it but what it carried: not even its packets."""
    associations: Sequence[Association] = ()
    recognized: "Sequence[Recognized]" = ()
    """Of a part: when each of them was."""
    foreign: str | None = None
    """The protocol of one that carried no DICOM, empty where it is unknown; None where it did, or nothing was said."""
    handshake: FailedHandshake | None = None
    stranger: Stranger | None = None
    tls_server: str | None = None
    unconnected: Unconnected | None = None


class Recognized(NamedTuple):
    """When an association was recognized, by which they are numbered: by a packet, or only when its connection ended.

    Of the latter (`late`), those come first whose connection began first.
    """

    late: bool
    packet: int


def recognized_on(connection: Connection) -> Recognized:
    """Say that an association is recognized now on a connection."""
    if connection.replaced_by:
        return Recognized(late=False, packet=connection.replaced_by)
    if connection.dropped:
        return Recognized(late=True, packet=connection.first_mark.number)
    return Recognized(late=False, packet=max(stream.last_packet for stream in connection.streams))
