"""For every rule on DICOM over TLS the smallest traffic that raises it, and some that just does not."""

import ssl
from collections.abc import Callable

import build
from findings.traffic import talked
from tls import (
    CERTIFICATE_REQUEST,
    DONE,
    NO_CERTIFICATE,
    client_hello,
    handshake,
    message,
    record,
    without_client_certificate,
)
from tls_talk import CERTIFICATES, EXCHANGE, Session, packets
from tls_talk import spoken as spoken_by_ssl

FINISHED = record(20, b"\1") + record(22, bytes(40))
DATA = record(23, bytes(300))


def chain(name: str) -> bytes:
    """A Certificate message with one of our certificates."""
    der = ssl.PEM_cert_to_DER_cert((CERTIFICATES / f"{name}.pem").read_text())
    listed = len(der).to_bytes(3, "big") + der
    return message(11, len(listed).to_bytes(3, "big") + listed)


def server_name(name: bytes) -> bytes:
    """The name that a client asks for (RFC 6066 §3)."""
    entry = b"\0" + len(name).to_bytes(2, "big") + name
    listed = len(entry).to_bytes(2, "big") + entry
    return b"\0\0" + len(listed).to_bytes(2, "big") + listed


def server_hello(suite: int = 0xC02F, version: int = 0x0303) -> bytes:
    return message(2, version.to_bytes(2, "big") + bytes(32) + b"\0" + suite.to_bytes(2, "big") + b"\0")


def spoken(
    *turns: tuple[int, bytes], certificate: str = "pacs", suite: int = 0xC02F, version: int = 0x0303, name: bytes = b""
) -> build.Talk:
    """A handshake of TLS 1.2 and what follows; the server closes."""
    hello = client_hello(*([server_name(name)] if name else []))
    answer = handshake(server_hello(suite, version), chain(certificate), CERTIFICATE_REQUEST, DONE)
    talk = build.Talk(server=("10.0.0.2", 2762)).open()
    return talked((0, handshake(hello)), (1, answer), (0, handshake(NO_CERTIFICATE) + FINISHED), *turns, talk=talk)


def exchanged(**options: object) -> list[build.Packet]:
    return spoken((1, FINISHED), (0, DATA), (1, DATA), **options).close().packets


def garbled() -> list[build.Packet]:
    """A server that speaks before it was spoken to."""
    talk = build.Talk(server=("10.0.0.2", 2762)).open()
    return talked((1, b"????????"), (0, handshake(client_hello())), talk=talk).close().packets


def beside_tls(port: int = 2762) -> list[build.Packet]:
    """A TLS connection, and one on which a plain A-ASSOCIATE-RQ is answered by a reset."""
    before = exchanged()
    plain = build.Talk(client=("10.0.0.9", 40009), server=("10.0.0.2", port), start=before[-1].time + 1_000_000_000)
    plain.open().client(build.associate_rq())
    return before + plain.reset(1).packets


def stalled(turns: int, waits: int = 30_000_000_000, by: int = 0) -> list[build.Packet]:
    """A TLS handshake of so many turns; then both are silent, until one side closes the connection."""
    talk = build.Talk(server=("10.0.0.2", 2762)).open()
    said = (handshake(client_hello()), handshake(server_hello(), chain("pacs"), DONE), FINISHED)
    talked(*((turn % 2, said[turn]) for turn in range(turns)), talk=talk)
    talk.acknowledge(turns % 2)
    talk.wait(waits)
    return talk.end(by).packets


class Keyed(list[build.Packet]):
    """Traffic that is read with a key log."""

    def __init__(self, session: Session) -> None:
        super().__init__(packets(session))
        self.key_log = session.key_log


CASES: dict[str, tuple[Callable[[], list[build.Packet]], Callable[[], list[build.Packet]]]] = {
    "tls-refused": (without_client_certificate, lambda: without_client_certificate(1)),
    "tls-closed-early": (
        lambda: spoken().end(1).packets,
        lambda: spoken((1, FINISHED), (0, DATA)).end(1).packets,
    ),
    "tls-alert": (
        lambda: Keyed(spoken_by_ssl(EXCHANGE[:5], ends_damaged=True)),
        lambda: Keyed(spoken_by_ssl(EXCHANGE[:5])),
    ),
    "tls-unanswered": (lambda: stalled(1), lambda: stalled(1, 100_000_000)),
    "tls-unread": (exchanged, without_client_certificate),
    "port-speaks-tls": (beside_tls, lambda: beside_tls(104)),
    "tls-not-decrypted": (garbled, exchanged),
    "tls-version": (lambda: exchanged(version=0x0302), exchanged),
    "tls-suite": (lambda: exchanged(suite=0x0005), exchanged),
    "tls-certificate-validity": (lambda: exchanged(certificate="expired"), exchanged),
    "tls-certificate-self-signed": (lambda: exchanged(certificate="expired"), exchanged),
    "tls-certificate-key": (lambda: exchanged(certificate="short"), exchanged),
    "tls-certificate-name": (
        lambda: exchanged(name=b"other.example"),
        lambda: exchanged(name=b"pacs.example"),
    ),
}
