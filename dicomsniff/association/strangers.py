"""TCP connections without DICOM on which only the opener said something, or nobody: who was spoken to, and in what."""

from msgspec import Struct

from dicomsniff.association.consumer import Beginning
from dicomsniff.capture.segments import flow_ends
from dicomsniff.span import Span
from dicomsniff.tcp.connection import Connection

MAX_STRANGERS = 1000
"""Connections of strangers that are kept; further ones are not told."""


class Stranger(Struct, frozen=True):
    """A connection on which the other side said nothing to what its opener said in another protocol, or did not say."""

    source: str
    target: str
    protocol: str
    """What the opener spoke; empty where that is unknown, or where it said nothing."""
    spoke: bool
    span: Span
    """Of the connection's first packet."""
    waited: int
    """How long (ns) the connection was open before either side began to end it."""
    ended: str
    """How the other side then ended it: `FIN` or `RST`; empty where it was not the other side, or nobody."""


def find_tls_server(connection: Connection) -> str | None:
    """Return who was called on a connection, if it answered; of one that carried TLS."""
    opener = connection.opener
    return str(flow_ends(opener.flow)[1]) if opener is not None and opener.peer.offset else None


def find_stranger(connection: Connection, beginning: Beginning, protocol: str) -> Stranger | None:
    """Return what is to be told of a connection that is over and carried no DICOM; None where both sides spoke."""
    opener = connection.opener
    if opener is None or opener.peer.offset or opener.peer.acked is None:
        return None
    source, target = flow_ends(opener.flow)
    first, until, ended = connection.first_mark, connection.last_time, ""
    if beginning.ends:
        end = beginning.ends[0]
        until, ended = end.mark.time, "" if end.stream is opener else end.how
    spoke = bool(opener.offset)
    return Stranger(source.address, str(target), protocol, spoke, Span.at(first), until - first.time, ended)
