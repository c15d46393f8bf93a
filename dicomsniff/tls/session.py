"""What is known of a TLS session: its handshake as far as it could be read, and how it was read or why it was not."""

import re

from msgspec import Struct, field

from dicomsniff.dictionary.tls import TLS_1_3
from dicomsniff.dictionary.tls_suites import SUITES
from dicomsniff.tls.events import Alert
from dicomsniff.tls.peer import CLIENT, SERVER, Peer
from dicomsniff.tls.secrets import Origin

MAX_ALERTS = 16
"""Alerts that a session keeps; all of them are events."""
_EXCHANGE = re.compile(r"TLS_(\w+)_WITH_")


class TlsSession(Struct):
    """Facts of the handshakes of a connection; after a renegotiation those of the last one."""

    offered_versions: tuple[int, ...] = ()
    """Versions that the client offered, the one it likes best first; where it named the highest only, that one."""
    version: int | None = None
    """The version chosen."""
    offered_suites: tuple[int, ...] = ()
    suite: int | None = None
    """The cipher suite chosen; see dictionary/tls_suites.py."""
    offered_groups: tuple[int, ...] = ()
    group: int | None = None
    """The group in which the key exchange was made, where one was."""
    server_name: str | None = None
    """The name that the client asked for (RFC 6066 §3)."""
    offered_protocols: tuple[bytes, ...] = ()
    """Application protocols that the client offered (RFC 7301)."""
    protocol: bytes | None = None
    """The one chosen."""
    client_random: bytes | None = None
    """What secrets are found by; it is no secret itself."""
    certificates: dict[Peer, tuple[bytes, ...]] = field(default_factory=dict)
    """The certificates that each sent, in DER, its own first: none where its list was empty."""
    compressed: dict[Peer, tuple[int, int]] = field(default_factory=dict)
    """Of a list of certificates that was sent compressed and is not read: the algorithm, and its length (RFC 8879)."""
    raw_keys: dict[Peer, bytes] = field(default_factory=dict)
    """Public keys (SubjectPublicKeyInfo) that were sent in place of certificates (RFC 7250)."""
    certificate_asked: bool = False
    """Whether the server asked for the client's certificate."""
    resumed: str | None = None
    """By what it resumes an earlier session: "session id", "ticket" or "PSK"."""
    extended_master_secret: bool = False
    encrypt_then_mac: bool = False
    compression: int = 0
    retried: bool = False
    """Whether the server asked for another ClientHello (RFC 8446 §4.1.4)."""
    keys_offered: bool = False
    """Whether the client offered keys that both know, in TLS 1.3: pre-shared ones, or those of earlier sessions."""
    early_data_offered: bool = False
    """Whether the client announced data before the server's answer (RFC 8446 §2.3)."""
    early_data: bool | None = None
    """Whether the server took the client's early data; None where none was offered or that is not known."""
    renegotiations: int = 0
    key_updates: int = 0
    is_sslv2_hello: bool = False
    """Whether the client's hello came in the form of SSL 2.0 (RFC 5246 Appendix E.2)."""
    finished: set[Peer] = field(default_factory=set)
    """Who is known to have finished the handshake: seen, or its data can be read."""
    protected: dict[Peer, int] = field(default_factory=lambda: {CLIENT: 0, SERVER: 0})
    """Bytes of the protected records of each, headers included."""
    plaintext: dict[Peer, int] = field(default_factory=lambda: {CLIENT: 0, SERVER: 0})
    """Bytes of application data of each that were read."""
    alerts: list[Alert] = field(default_factory=list)
    read_with: Origin | None = None
    """Where the secrets came from with which it is read."""
    unread: str | None = None
    """Why it is not read, or not to its end."""

    @property
    def tells_requests(self) -> bool:
        """Whether a server's request for a certificate would have been seen: it is encrypted from TLS 1.3 on."""
        return self.version is not None and (self.version < TLS_1_3 or SERVER in self.finished)

    @property
    def suite_exchange(self) -> str:
        """How the cipher suite exchanges keys: "RSA", "ECDHE_RSA" …; empty where it does not say, or none is known."""
        match = _EXCHANGE.match(SUITES.get(self.suite or 0, ""))
        return match[1] if match else ""
