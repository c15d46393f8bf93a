"""ClientHello and ServerHello: bytes of the messages in, their fields out."""

import hashlib
from typing import NamedTuple

from dicomsniff.dictionary.tls import TLS_1_3
from dicomsniff.tls.peer import CLIENT, SERVER
from dicomsniff.tls.wire import MalformedHandshakeError, WireReader

SERVER_NAME, GROUPS, ALPN, ENCRYPT_THEN_MAC, EXTENDED_MASTER_SECRET, TICKET = 0, 10, 16, 22, 23, 35
PRE_SHARED_KEY, EARLY_DATA, SUPPORTED_VERSIONS, KEY_SHARE = 41, 42, 43, 51
CERTIFICATE_TYPES = {CLIENT: 19, SERVER: 20}
"""The extensions that say what stands in the Certificate message of each (RFC 7250 §3)."""
_RETRY = hashlib.sha256(b"HelloRetryRequest").digest()
"""The random of a ServerHello that asks for another ClientHello (RFC 8446 §4.1.3)."""
_SSLV2_CLIENT_HELLO = 1


class ClientHello(NamedTuple):
    """RFC 8446 §4.1.2, RFC 5246 §7.4.1.2."""

    version: int
    random: bytes
    session_id: bytes
    suites: tuple[int, ...]
    extensions: dict[int, bytes]

    @property
    def versions(self) -> tuple[int, ...]:
        """Versions offered: a list, or the highest."""
        listed = self._listed(SUPPORTED_VERSIONS, 1)
        return listed or (self.version,)

    @property
    def groups(self) -> tuple[int, ...]:
        """Groups offered (RFC 8446 §4.2.7)."""
        return self._listed(GROUPS, 2)

    @property
    def server_name(self) -> str | None:
        """The host name asked for (RFC 6066 §3)."""
        try:
            names = WireReader(WireReader(self.extensions.get(SERVER_NAME, b"")).vector(2))
            names.uint(1)  # host_name is the only kind there is
            return names.vector(2).decode("ascii", "backslashreplace")
        except MalformedHandshakeError:
            return None

    @property
    def protocols(self) -> tuple[bytes, ...]:
        """Application protocols offered."""
        return read_protocols(self.extensions)

    def _listed(self, extension: int, length: int) -> tuple[int, ...]:
        try:
            return _without_grease(WireReader(self.extensions.get(extension, b"")).uints(length))
        except MalformedHandshakeError:
            return ()


class ServerHello(NamedTuple):
    """RFC 8446 §4.1.3, RFC 5246 §7.4.1.3."""

    version: int
    random: bytes
    session_id: bytes
    suite: int
    compression: int
    extensions: dict[int, bytes]

    @property
    def is_retry(self) -> bool:
        """Whether it is a HelloRetryRequest."""
        return self.random == _RETRY

    @property
    def group(self) -> int | None:
        """The group of the key exchange, in TLS 1.3."""
        return _number(self.extensions.get(KEY_SHARE))


def read_client_hello(body: bytes) -> ClientHello:
    """Read the body of a ClientHello."""
    wire = WireReader(body)
    version, random, session_id, suites = wire.uint(2), wire.take(32), wire.vector(1), wire.uints(2)
    wire.vector(1)  # compression methods
    return ClientHello(version, random, session_id, _without_grease(suites), read_extensions(wire))


def read_server_hello(body: bytes) -> ServerHello:
    """Read the body of a ServerHello."""
    wire = WireReader(body)
    version, random, session_id = wire.uint(2), wire.take(32), wire.vector(1)
    suite, compression = wire.uint(2), wire.uint(1)
    extensions = read_extensions(wire)
    chosen = _number(extensions.get(SUPPORTED_VERSIONS))
    # Drafts of TLS 1.3 had numbers of their own, with the same records.
    version = TLS_1_3 if chosen is not None and (chosen == TLS_1_3 or chosen >> 8 == 0x7F) else version
    return ServerHello(version, random, session_id, suite, compression, extensions)


def read_sslv2_hello(body: bytes) -> ClientHello:
    """Read a ClientHello in the form of SSL 2.0, from its type on (RFC 5246 Appendix E.2)."""
    wire = WireReader(body)
    if wire.uint(1) != _SSLV2_CLIENT_HELLO:
        raise MalformedHandshakeError("no ClientHello")
    version, suites, session_id, challenge = wire.uint(2), wire.uint(2), wire.uint(2), wire.uint(2)
    codes = wire.take(suites)
    listed = tuple(int.from_bytes(codes[at : at + 3], "big") for at in range(0, len(codes) - 2, 3))
    known = _without_grease(tuple(code for code in listed if code <= 0xFFFF))
    wire.take(session_id)
    # The challenge, filled up in front, is the random.
    return ClientHello(version, wire.take(challenge).rjust(32, b"\0")[-32:], b"", known, {})


def read_extensions(wire: WireReader) -> dict[int, bytes]:
    """Read a vector of extensions; none may be there at all."""
    extensions: dict[int, bytes] = {}
    if wire.left:
        inner = WireReader(wire.vector(2))
        while inner.left:
            kind = inner.uint(2)
            extensions[kind] = inner.vector(2)
    return extensions


def read_protocols(extensions: dict[int, bytes]) -> tuple[bytes, ...]:
    """Return the application protocols that a client offers, or the one that the server chose (RFC 7301 §3.1)."""
    names = []
    try:
        wire = WireReader(WireReader(extensions.get(ALPN, b"")).vector(2))
        while wire.left:
            names.append(wire.vector(1))
    except MalformedHandshakeError:
        pass
    return tuple(names)


def _number(data: bytes | None) -> int | None:
    return int.from_bytes(data[:2], "big") if data is not None and len(data) >= 2 else None


def _is_grease(code: int) -> bool:
    """Whether a code stands for nothing: it is sent to see whether the peer can bear it (RFC 8701)."""
    return code & 0x0F0F == 0x0A0A and code >> 8 == code & 0xFF


def _without_grease(codes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(code for code in codes if not _is_grease(code))
