"""The protocols that a connection may carry: how each is told by its first bytes, and what takes its bytes then.

This is the one place that knows them all. Another protocol is another row, and a class (Consumer) that only counts the
connection, that reads some of it, or that finds DICOM inside it. DICOM itself has no row: whether a connection carries
it is told by PDUs (pdu/recognize.py), in either direction, and asked first (recognition.py).
"""

import re
from collections.abc import Callable

from msgspec import Struct

from dicomsniff.association.consumer import Beginning, Consumer, Foreign, Means
from dicomsniff.association.preambles import beginnings, may_open
from dicomsniff.tcp.channel import Channel


class OtherProtocol(Struct, frozen=True):
    """A protocol other than DICOM."""

    name: str
    begins: re.Pattern[bytes]
    """How the first bytes of either side look; six, as many as a PDU's header has, are enough."""
    consumer: Callable[[str, Channel, Beginning, Means], Consumer] = Foreign
    """What takes the bytes of a connection that carries it."""
    wraps: bool = False
    """Whether DICOM may be inside it."""
    amid: re.Pattern[bytes] | None = None
    """How the first bytes look of a side whose beginning is not in the capture, where these tell."""


def _tls(name: str, connection: Channel, beginning: Beginning, means: Means) -> Consumer:
    """Make what takes TLS: it loads a library that captures without TLS do not need."""
    from dicomsniff.association.tls_connection import TlsConnection

    return TlsConnection(name, connection, beginning, means)


_RECORD = re.compile(rb"[\x14-\x17]\x03[\x01-\x03](?:[\x01-\x48].|\0[\x02-\xff])", re.DOTALL)
"""The header of a record as long as one may be: of four million streams of anything, one begins so."""
ENOUGH = 3
"""Bytes by which a protocol that wraps DICOM is told."""
PROXY = "the PROXY protocol"
"""What a load balancer puts before the client's own bytes, to tell who the client is."""
TLS = "TLS"
PROTOCOLS = (
    OtherProtocol(TLS, re.compile(rb"[\x14-\x17]\x03[\x00-\x04]"), _tls, wraps=True, amid=_RECORD),
    OtherProtocol("HTTP", re.compile(rb"(GET|POST|HEAD|PUT|PATCH|TRACE) |OPTION|DELETE|CONNEC|PRI \* |HTTP/")),
    OtherProtocol("HTTP (a web page)", re.compile(rb"\s*<(!doc|html)", re.IGNORECASE)),
    OtherProtocol("SSH", re.compile(rb"SSH-")),
    OtherProtocol("HL7 (MLLP)", re.compile(rb"\x0b(MSH|FHS|BHS)")),
    OtherProtocol(PROXY, re.compile(rb"PROXY |\r\n\r\n\0\r")),
    OtherProtocol("SMB", re.compile(rb"\0...[\xfe\xff]S", re.DOTALL)),
    OtherProtocol("RDP", re.compile(rb"\x03\0..[^\0][\xd0\xe0]", re.DOTALL)),
    OtherProtocol("VNC", re.compile(rb"RFB \d\d")),
    OtherProtocol("FTP or SMTP", re.compile(rb"220[ -]")),
    OtherProtocol("MySQL", re.compile(rb"..\0\0\x0a\d", re.DOTALL)),
    OtherProtocol("Telnet", re.compile(rb"\xff[\xfb-\xfe]")),
)
"""Those often met on DICOM's ports, and those whose ports are mistaken for DICOM's."""
UNNAMED = OtherProtocol("", re.compile(b""))
"""Any other one."""


def find_protocol(*sides: bytes) -> OtherProtocol:
    """Return the protocol that the first bytes of a side, which are no PDU, are of; of several, the first that is."""
    begins = [*sides]
    if may_open(*sides) and (behind := beginnings(*sides)) != begins:
        begins = behind + begins
    return next((each for first_bytes in begins for each in PROTOCOLS if each.begins.match(first_bytes)), UNNAMED)


def find_wrapping(first_bytes: bytes) -> OtherProtocol | None:
    """Return the protocol around DICOM that a side is of which begins with these bytes in the capture only."""
    return next((each for each in PROTOCOLS if each.amid is not None and each.amid.match(first_bytes)), None)
