"""The handshakes of a connection: messages of both sides come in, facts of the session out."""

import zlib

from dicomsniff.dictionary.tls import TLS_1_3
from dicomsniff.tls import messages
from dicomsniff.tls.hellos import (
    CERTIFICATE_TYPES,
    EARLY_DATA,
    ENCRYPT_THEN_MAC,
    EXTENDED_MASTER_SECRET,
    PRE_SHARED_KEY,
    TICKET,
    ClientHello,
    ServerHello,
    read_client_hello,
    read_extensions,
    read_protocols,
    read_server_hello,
    read_sslv2_hello,
)
from dicomsniff.tls.messages import Message
from dicomsniff.tls.peer import CLIENT, SERVER, Peer
from dicomsniff.tls.session import TlsSession
from dicomsniff.tls.wire import MalformedHandshakeError, WireReader

_NAMED_CURVE = 3
_ZLIB = 1
_RAW_KEY = b"\2"
"""The extension of a server that chose a raw public key."""


class Handshake:
    """The last handshake of a connection, which a ClientHello begins; it writes down in `session` what it learns."""

    __slots__ = (
        "_sends_raw_key",
        "_transcript",
        "changes",
        "client_hello",
        "encrypted_premaster",
        "is_beginning_lost",
        "is_hello_done",
        "new_ticket",
        "server_hello",
        "session",
    )

    def __init__(self) -> None:
        self.session = TlsSession()
        self.changes = 0
        """Grows with every message: what waited for one may look again."""
        self.client_hello: ClientHello | None = None
        self.server_hello: ServerHello | None = None
        self.is_hello_done = False
        """Whether the server sent ServerHelloDone: it resumes nothing."""
        self.is_beginning_lost = False
        """Whether a hello may never be seen: its place is missing from the capture."""
        self.encrypted_premaster: bytes | None = None
        """The premaster secret as the client sent it to a server with an RSA key."""
        self.new_ticket: bytes | None = None
        """What a client may resume this session by."""
        self._sends_raw_key: dict[Peer, bool] = {CLIENT: False, SERVER: False}
        self._transcript: dict[Peer, bytearray] = {CLIENT: bytearray(), SERVER: bytearray()}

    @property
    def version(self) -> int | None:
        """The version chosen, or what it must be where the server's choice is lost."""
        if self.server_hello is not None:
            return self.server_hello.version
        offered = self.session.offered_versions
        return TLS_1_3 if self.is_beginning_lost and (TLS_1_3 in offered or not offered) else None

    @property
    def transcript(self) -> bytes:
        """The messages up to ClientKeyExchange: the client speaks once the server is done (RFC 7627 §3)."""
        client, server = self._transcript[CLIENT], self._transcript[SERVER]
        hello = messages.HEADER + int.from_bytes(client[1 : messages.HEADER], "big")
        return bytes(client[:hello] + server + client[hello:])

    def is_ahead(self, kind: int) -> bool:
        """Whether a hello of one side belongs behind what the other side said and was not read yet."""
        client, server = self.client_hello, self.server_hello
        if self.is_beginning_lost:
            return False
        if kind == messages.SERVER_HELLO:
            return client is None or server is not None
        if kind != messages.CLIENT_HELLO or client is None:
            return False
        return server is None or not (server.is_retry or SERVER in self.session.finished)

    def lose_beginning(self) -> None:
        """Take note that a hello may be missing from the capture: it is not waited for."""
        awaits = self.client_hello is None or self.server_hello is None or self.server_hello.is_retry
        if awaits and not self.is_beginning_lost:
            self.is_beginning_lost = True
            self.changes += 1

    def forget_transcript(self) -> None:
        """Let go of messages that no secret will be derived from any more."""
        for kept in self._transcript.values():
            kept.clear()

    def take_sslv2(self, body: bytes) -> None:
        """Take a ClientHello in the form of SSL 2.0."""
        self.session.is_sslv2_hello = True
        self._begin(read_sslv2_hello(body))
        self.changes += 1

    def take(self, peer: Peer, message: Message) -> None:
        """Take a message; MalformedHandshakeError where it is malformed."""
        self.changes += 1
        kind, session = message.kind, self.session
        if kind == messages.CLIENT_HELLO:
            self._begin(read_client_hello(message.body))
        if self.version != TLS_1_3 and self.encrypted_premaster is None:
            self._keep(peer, message)
        if kind == messages.SERVER_HELLO:
            self._choose(read_server_hello(message.body))
        elif kind == messages.ENCRYPTED_EXTENSIONS:
            extensions = read_extensions(WireReader(message.body))
            session.protocol = next(iter(read_protocols(extensions)), None)
            if session.early_data_offered:
                session.early_data = EARLY_DATA in extensions
            self._note_raw_keys(extensions)
        elif kind == messages.CERTIFICATE and self._sends_raw_key[peer]:
            self._take_raw_key(peer, message.body)
        elif kind == messages.CERTIFICATE:
            session.certificates[peer] = self._certificates(message.body)
        elif kind == messages.COMPRESSED_CERTIFICATE:
            self._take_compressed(peer, message.body)
        elif kind == messages.CERTIFICATE_REQUEST:
            session.certificate_asked = True
        elif kind == messages.SERVER_KEY_EXCHANGE:
            wire = WireReader(message.body)
            if session.suite_exchange.startswith("ECDHE") and wire.uint(1) == _NAMED_CURVE:
                session.group = wire.uint(2)
        elif kind == messages.SERVER_HELLO_DONE:
            self.is_hello_done = True
        elif kind == messages.CLIENT_KEY_EXCHANGE:
            self._exchange(message.body)
        elif kind == messages.NEW_SESSION_TICKET and self.version != TLS_1_3:
            wire = WireReader(message.body)
            wire.uint(4)  # lifetime
            self.new_ticket = wire.vector(2) or None
        elif kind == messages.FINISHED:
            session.finished.add(peer)
        elif kind == messages.KEY_UPDATE:
            session.key_updates += 1

    def _note_raw_keys(self, extensions: dict[int, bytes]) -> None:
        """Take note of who is to send a key in place of certificates, as the server chose (RFC 7250 §3)."""
        self._sends_raw_key = {peer: extensions.get(kind) == _RAW_KEY for peer, kind in CERTIFICATE_TYPES.items()}

    def _take_raw_key(self, peer: Peer, body: bytes) -> None:
        if self.version == TLS_1_3:
            key = next(iter(self._certificates(body)), b"")
        else:
            wire = WireReader(body)
            key = wire.vector(3)
        if key:
            self.session.raw_keys[peer] = key

    def _take_compressed(self, peer: Peer, body: bytes) -> None:
        """Take a Certificate message that was compressed (RFC 8879 §4); of one not by zlib, or too long, take note."""
        wire = WireReader(body)
        algorithm, length, compressed = wire.uint(2), wire.uint(3), wire.vector(3)
        if algorithm == _ZLIB and length <= messages.MAX_MESSAGE:
            self.session.certificates[peer] = self._certificates(_decompressed(compressed, length))
        else:
            self.session.compressed[peer] = algorithm, length

    def _begin(self, hello: ClientHello) -> None:
        session = self.session
        was_retried = self.server_hello is not None and self.server_hello.is_retry
        if self.server_hello is not None and not was_retried:
            session.renegotiations += 1
            session.finished.clear()
        self.client_hello, self.server_hello = hello, None
        self.is_hello_done = self.is_beginning_lost = False
        self.encrypted_premaster = self.new_ticket = None
        self.forget_transcript()
        session.client_random = hello.random
        session.offered_versions, session.offered_suites = hello.versions, hello.suites
        session.offered_groups, session.offered_protocols = hello.groups, hello.protocols
        session.server_name = hello.server_name
        session.keys_offered = PRE_SHARED_KEY in hello.extensions
        session.early_data_offered = EARLY_DATA in hello.extensions or (was_retried and session.early_data_offered)

    def _choose(self, hello: ServerHello) -> None:
        session, client = self.session, self.client_hello
        self.server_hello = hello
        session.version, session.suite = hello.version, hello.suite
        if hello.is_retry:
            session.retried = True
            # Early data is not for a server that asks again (RFC 8446 §4.2.10).
            session.early_data = False if session.early_data_offered else None
            return
        session.compression = hello.compression
        session.encrypt_then_mac = ENCRYPT_THEN_MAC in hello.extensions
        session.extended_master_secret = EXTENDED_MASTER_SECRET in hello.extensions
        if hello.version == TLS_1_3:
            session.group = hello.group
            session.resumed = "PSK" if PRE_SHARED_KEY in hello.extensions else None
            if session.resumed is None and session.early_data_offered:
                session.early_data = False
            return
        session.protocol = next(iter(read_protocols(hello.extensions)), None)
        self._note_raw_keys(hello.extensions)
        session.resumed = None
        if client is not None and hello.session_id and hello.session_id == client.session_id:
            session.resumed = "ticket" if client.extensions.get(TICKET) else "session id"

    def _certificates(self, body: bytes) -> tuple[bytes, ...]:
        """Read a list of certificates (RFC 8446 §4.4.2, RFC 5246 §7.4.2)."""
        wire = WireReader(body)
        if is_new := self.version == TLS_1_3:
            wire.vector(1)
        listed, certificates = WireReader(wire.vector(3)), []
        while listed.left:
            certificates.append(listed.vector(3))
            if is_new:
                listed.vector(2)
        return tuple(certificates)

    def _exchange(self, body: bytes) -> None:
        self.encrypted_premaster = body
        if self.session.suite_exchange == "RSA":
            wire = WireReader(body)
            length = wire.uint(2) if len(body) > 2 else 0
            # SSL 3.0 had no length in front, and some still send none.
            self.encrypted_premaster = wire.take(length) if length == wire.left else body

    def _keep(self, peer: Peer, message: Message) -> None:
        kept = self._transcript[peer]
        if message.kind != messages.HELLO_REQUEST and len(kept) + len(message.raw) <= 2 * messages.MAX_MESSAGE:
            kept += message.raw


def _decompressed(compressed: bytes, length: int) -> bytes:
    """Return what was compressed by zlib, if it is as long as announced."""
    try:
        found = zlib.decompressobj().decompress(compressed, length + 1)
    except zlib.error:
        raise MalformedHandshakeError("a compressed certificate that is not of zlib") from None
    if len(found) != length:
        raise MalformedHandshakeError(f"a compressed certificate of {length} bytes announced, not there")
    return found
