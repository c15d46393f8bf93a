"""TLS sessions held in memory by Python's ssl: what each side sent, the secrets, and the plaintext that was meant."""

import contextlib
import ssl
import tempfile
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from dicomsniff.tls.decoder import TlsDecoder
from dicomsniff.tls.events import Plaintext, TlsEvent
from dicomsniff.tls.peer import CLIENT, SERVER, Peer
from dicomsniff.tls.secrets import Secrets

NAME = "archive.example"


class Exchange:
    """What both sides sent, in order; `said` is the plaintext of each."""

    def __init__(self) -> None:
        self.sent: list[tuple[Peer, bytes]] = []
        self.said: dict[Peer, bytes] = {CLIENT: b"", SERVER: b""}
        self.keylog = b""
        self.session: ssl.SSLSession | None = None

    @property
    def streams(self) -> dict[Peer, bytes]:
        """All bytes of each side."""
        return {peer: b"".join(data for sender, data in self.sent if sender is peer) for peer in (CLIENT, SERVER)}


@cache
def certificate(kind: str) -> tuple[bytes, bytes]:
    """Return a self-signed certificate and its private key, in PEM."""
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2020, 1, 1))
        .not_valid_after(datetime(2020, 1, 1) + timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(serialization.Encoding.PEM), pem


class Talk:
    """A client and a server with nothing but memory between them."""

    def __init__(
        self,
        version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
        ciphers: str = "ALL:COMPLEMENTOFALL",
        *,
        kind: str = "ecdsa",
        options: int = 0,
        client_certificate: bool = False,
        server: ssl.SSLContext | None = None,
        curve: str | None = None,
    ) -> None:
        self.exchange = Exchange()
        with tempfile.TemporaryDirectory() as folder:
            paths = [str(Path(folder, name)) for name in ("chain.pem", "key.pem", "keylog")]
            for path, data in zip(paths, certificate(kind), strict=False):
                Path(path).write_bytes(data)
            self.server_context = server or self._context(ssl.PROTOCOL_TLS_SERVER, version, ciphers, options)
            self.client_context = self._context(ssl.PROTOCOL_TLS_CLIENT, version, ciphers, options)
            self.client_context.check_hostname = False
            self.client_context.verify_mode = ssl.CERT_NONE
            self.client_context.set_alpn_protocols(["dicom", "acr-nema"])
            if server is None:
                self.server_context.load_cert_chain(*paths[:2])
                self.server_context.set_alpn_protocols(["acr-nema"])
                if curve:
                    self.server_context.set_ecdh_curve(curve)
                if client_certificate:
                    self.server_context.verify_mode = ssl.CERT_OPTIONAL
                    self.server_context.load_verify_locations(paths[0])
            if client_certificate:
                self.client_context.load_cert_chain(*paths[:2])
        self._folder = tempfile.TemporaryDirectory()
        self._keylog = Path(self._folder.name, "keylog")

    @staticmethod
    def _context(protocol: int, version: ssl.TLSVersion, ciphers: str, options: int) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = version
        context.options |= options
        return context

    def start(self, session: ssl.SSLSession | None = None) -> "Talk":
        """Shake hands."""
        self.client_context.keylog_filename = str(self._keylog)
        self._pipes = {peer: ssl.MemoryBIO() for peer in (CLIENT, SERVER)}
        """What each sends."""
        to_server, to_client = self._pipes[CLIENT], self._pipes[SERVER]
        self.ends = {
            CLIENT: self.client_context.wrap_bio(to_client_in := ssl.MemoryBIO(), to_server, False, NAME, session),
            SERVER: self.server_context.wrap_bio(to_server_in := ssl.MemoryBIO(), to_client, True),
        }
        self._inputs = {CLIENT: to_client_in, SERVER: to_server_in}
        done: set[Peer] = set()
        while len(done) < 2:
            for peer, end in self.ends.items():
                try:
                    end.do_handshake()
                    done.add(peer)
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLError:
                    self._pass_on(peer)
                    self._folder.cleanup()
                    raise
                self._pass_on(peer)
        return self

    def say(self, peer: Peer, data: bytes) -> "Talk":
        """Send application data and let the other read it."""
        end, other = self.ends[peer], self.ends[peer.other]
        at = 0
        while at < len(data):
            at += end.write(data[at : at + (1 << 14)])
            self._pass_on(peer)
            try:
                while other.read(1 << 14):
                    pass
            except ssl.SSLWantReadError:
                pass
            self._pass_on(peer.other)
        self.exchange.said[peer] += data
        return self

    def end(self) -> Exchange:
        """Close, and return everything."""
        for peer, end in self.ends.items():
            with contextlib.suppress(ssl.SSLError):
                end.unwrap()
            self._pass_on(peer)
        self.exchange.session = self.ends[CLIENT].session
        self.exchange.keylog = self._keylog.read_bytes() if self._keylog.exists() else b""
        self._folder.cleanup()
        return self.exchange

    def _pass_on(self, peer: Peer) -> None:
        if data := self._pipes[peer].read():
            self.exchange.sent.append((peer, data))
            self._inputs[peer.other].write(data)


def decode(
    sent: list[tuple[Peer, bytes]], secrets: Secrets, *, close: bool = True
) -> tuple[TlsDecoder, list[TlsEvent]]:
    """Feed what was sent to a decoder; return it, and the events."""
    decoder, events = TlsDecoder(secrets), []
    ends = {CLIENT: 0, SERVER: 0}
    for peer, data in sent:
        events += decoder.feed(peer, data, ends[peer])
        ends[peer] += len(data)
    return decoder, events + (decoder.close() if close else [])


def read(events: list[TlsEvent]) -> dict[Peer, bytes]:
    """Return the plaintext of each side."""
    said = {CLIENT: b"", SERVER: b""}
    for event in events:
        if isinstance(event, Plaintext):
            said[event.peer] += event.data
    return said


def with_keylog(text: bytes) -> Secrets:
    """Return the secrets of a key log."""
    secrets = Secrets()
    secrets.add_keylog(text)
    return secrets
