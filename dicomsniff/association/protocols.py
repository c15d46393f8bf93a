"""The protocols that a connection may carry: how each is told by its first bytes, and what takes its bytes then.

This is the one place that knows them all. Another protocol is another row, and a class (Consumer) that only counts the
connection, that reads some of it, or that finds DICOM inside it. DICOM itself has no row: whether a connection carries
it is told by PDUs (pdu/recognize.py), in either direction, and asked first (recognition.py).
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from dicomsniff.association.consumer import Beginning, Consumer, Foreign, Means
from dicomsniff.tcp.channel import Channel


class OtherProtocol(NamedTuple):
    """A protocol other than DICOM."""

    name: str
    begins: re.Pattern[bytes]
    """How the first bytes of either side look."""
    consumer: Callable[[str, Channel, Beginning, Means], Consumer] = Foreign
    """What takes the bytes of a connection that carries it."""
    wraps: bool = False
    """Whether DICOM may be inside it."""


def _tls(name: str, connection: Channel, beginning: Beginning, means: Means) -> Consumer:
    """Make what takes TLS: it loads a library that captures without TLS do not need."""
    from dicomsniff.association.tls_connection import TlsConnection

    return TlsConnection(name, connection, beginning, means)


ENOUGH = 3
"""Bytes by which a protocol that wraps DICOM is told."""
PROTOCOLS = (
    OtherProtocol("TLS", re.compile(rb"[\x14-\x17]\x03[\x00-\x04]"), _tls, wraps=True),
    OtherProtocol("HTTP", re.compile(rb"(GET|POST|HEAD|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE) |HTTP/")),
    OtherProtocol("SSH", re.compile(rb"SSH-")),
    OtherProtocol("HL7 (MLLP)", re.compile(rb"\x0bMSH")),
)
"""Those often met on DICOM's ports."""
UNNAMED = OtherProtocol("", re.compile(b""))
"""Any other one."""


def find_protocol(first_bytes: bytes) -> OtherProtocol:
    """Return the protocol that the first bytes of a side, which are no PDU, are of."""
    return next((each for each in PROTOCOLS if each.begins.match(first_bytes)), UNNAMED)
