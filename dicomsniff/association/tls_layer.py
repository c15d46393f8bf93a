"""What is known of the TLS that an association came over, or would have: session, alerts, amounts, how it ended."""

from typing import TYPE_CHECKING

from msgspec import Struct, field

from dicomsniff.association.preambles import NOTHING, Preambles
from dicomsniff.capture.segments import Endpoint
from dicomsniff.dictionary.tls import RECORD_HEADER
from dicomsniff.side import Side
from dicomsniff.span import PacketMark, Span
from dicomsniff.tcp.health import StreamHealth
from dicomsniff.tls.events import Alert, Problem
from dicomsniff.tls.peer import CLIENT, SERVER, Peer

if TYPE_CHECKING:
    from dicomsniff.association.association import Association
    from dicomsniff.tls.session import TlsSession

MAX_ALERTS = 16
"""Alerts of a connection that are kept, with their packets."""
MAX_TURNS = 8
"""Turns of a connection that are measured, from its first bytes on."""
MAX_HANDSHAKE = 1 << 16
"""Bytes of one turn that may be a handshake's; more are data."""
MAX_BEGINNING = 128
"""Bytes that are kept of where a turn begins: as many as the end of a handshake without a certificate has."""
DICOM_PROTOCOL = b"dicom"
"""How application-layer protocol negotiation names DICOM (IANA)."""


class TlsTrouble(Struct, frozen=True):
    """Bytes of TLS that gave no plaintext, of which DICOM may have been; `text` says why."""

    span: Span
    peer: Peer
    problem: Problem
    text: str
    name = "TLS not decrypted"


class Turn(Struct):
    """What one side sent until the other one did: bytes of TCP, when it ended (ns since 1970), and how it begins."""

    peer: Peer
    length: int
    until: int
    beginning: bytes
    begins: Span
    """Its first packet."""
    awaited: int = 0
    """Bytes that the body of its last record lacks."""
    header: bytes = b""
    """What came of the header of a record, where it is not whole."""

    @property
    def is_cut(self) -> bool:
        """Whether it ends within a record."""
        return self.awaited > 0 or bool(self.header)

    def frame(self, data: bytes) -> None:
        """Follow the records in further bytes of it."""
        at = 0
        while at < len(data):
            if self.awaited:
                passed = min(self.awaited, len(data) - at)
                self.awaited, at = self.awaited - passed, at + passed
                continue
            part = data[at : at + RECORD_HEADER - len(self.header)]
            self.header, at = self.header + part, at + len(part)
            if len(self.header) == RECORD_HEADER:
                self.awaited, self.header = int.from_bytes(self.header[3:]), b""


class TlsLayer(Struct):
    """The TLS of one TCP connection, which all associations on it share. It holds no secret."""

    session: "TlsSession"
    client: Endpoint
    server: Endpoint
    opening: Span
    """The connection's first packet."""
    alerts: list[tuple[Alert, Span]] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    """The first turns."""
    sent: dict[Peer, int] = field(default_factory=dict)
    """Bytes of TCP that each sent, once the connection is over."""
    ended: tuple[Peer, str, Span] | None = None
    """Who ended the connection first, how (`FIN` or `RST`), and in which packet."""
    is_whole: bool = True
    """Whether the capture lacks none of its bytes, as far as it was looked at."""
    answered_in: str | None = None
    """Where what the server said first is no TLS, the protocol that it is of; empty for one without a name."""
    preambles: Preambles = NOTHING
    """What stands before TLS on the connection."""
    is_unread: bool = False
    """Whether nothing of what it carries could be read: that it is DICOM is presumed."""

    @property
    def offers_dicom(self) -> bool:
        """Whether the client said that it would speak DICOM."""
        return DICOM_PROTOCOL in self.session.offered_protocols

    @property
    def offers_web(self) -> bool:
        """Whether the client offered HTTP."""
        return any(each == b"h2" or each.startswith(b"http/1.") for each in self.session.offered_protocols)

    @property
    def turns_of_handshake(self) -> list[Turn]:
        """The turns without those of a ClientHello that the server asked to be sent again (RFC 8446 §4.1.4)."""
        return self.turns[2:] if self.session.retried else self.turns

    def side_of(self, peer: Peer, association: "Association") -> Side:
        """Say which side of an association the client or the server is: a requestor may be either."""
        requestor = CLIENT if association.requestor.endpoint == self.client else SERVER
        return Side.REQUESTOR if peer is requestor else Side.ACCEPTOR

    def peer_on(self, side: Side, association: "Association") -> Peer:
        """Say which peer is on a side of an association."""
        return CLIENT if self.side_of(CLIENT, association) is side else SERVER

    def note_end(self, peer: Peer, how: str, span: Span) -> None:
        """Take note of where a side ended the connection; the first one counts."""
        self.ended = self.ended or (peer, how, span)

    def note_turn(self, peer: Peer, data: bytes, mark: PacketMark) -> None:
        """Take note of bytes that a side sent."""
        last = self.turns[-1] if self.turns else None
        if last is None or last.peer is not peer:
            last = Turn(peer, 0, mark.time, b"", Span.at(mark))
            self.turns.append(last)
        last.length, last.until = last.length + len(data), mark.time
        if (room := MAX_BEGINNING - len(last.beginning)) > 0:
            last.beginning += data[:room]
        if last.length <= MAX_HANDSHAKE:
            last.frame(data)

    @property
    def cut(self) -> Peer | None:
        """Who stopped within a record, where that was the last that anybody sent."""
        last = self.turns[-1] if self.turns else None
        return (
            last.peer if last is not None and last.is_cut and last.length <= MAX_HANDSHAKE and self.is_whole else None
        )

    def note_alert(self, alert: Alert, span: Span) -> None:
        """Take note of an alert and its packet."""
        if len(self.alerts) < MAX_ALERTS:
            self.alerts.append((alert, span))


def why_missing(layer: TlsLayer | None, health: StreamHealth | None) -> str:
    """Say why bytes are missing of what a side sent, over TLS or not: `missing from the capture`."""
    if layer is None:
        return "missing from the capture"
    return "missing from the capture, or not decrypted" if health is not None and health.missing else "not decrypted"
