"""What is known of a capture, or of a part of it, beside its associations."""

from collections import Counter
from typing import NamedTuple

from msgspec import Struct

from dicomsniff.association.handshakes import FailedHandshake
from dicomsniff.association.moves import Unconnected
from dicomsniff.association.strangers import Stranger
from dicomsniff.capture.unreachable import Unreachable
from dicomsniff.tcp.connection import Connection


class Totals(Struct):
    """What is counted, and what came to nothing. Times are in ns since 1970."""

    packets: int
    bytes: int
    first_time: int | None
    last_time: int | None
    connections: int
    given_up: int
    undecoded: Counter[str]
    foreign: Counter[str]
    handshakes: list[FailedHandshake]
    unconnected: list[Unconnected]
    strangers: list[Stranger]
    unreachable: list[Unreachable]
    tls_servers: set[str]


class Recognized(NamedTuple):
    """When an association was recognized, by which they are numbered: by a packet, or only when its connection ended.

    Of the latter (`late`), those come first whose connection began first.
    """

    late: bool
    packet: int


def recognized_on(connection: Connection) -> Recognized:
    """Say that an association is recognized now on a connection."""
    if connection.dropped:
        return Recognized(late=True, packet=connection.first_mark.number)
    return Recognized(late=False, packet=max(stream.last_packet for stream in connection.streams))
