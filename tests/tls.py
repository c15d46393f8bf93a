"""Records and messages of plain TLS handshakes, as bytes (RFC 5246 §6.2, §7.4)."""

import struct

import build
from findings.traffic import talked


def record(kind: int, body: bytes) -> bytes:
    return struct.pack(">BHH", kind, 0x0303, len(body)) + body


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def handshake(*messages: bytes) -> bytes:
    return record(22, b"".join(messages))


def client_hello(*extensions: bytes) -> bytes:
    offered = b"".join(extensions)
    suites = b"\0\2\xc0\x2f"
    return message(1, b"\3\3" + bytes(32) + b"\0" + suites + b"\1\0" + struct.pack(">H", len(offered)) + offered)


def offers(protocol: bytes) -> bytes:
    """Application-Layer Protocol Negotiation of one protocol (RFC 7301 §3.1)."""
    names = bytes([len(protocol)]) + protocol
    return struct.pack(">HHH", 16, len(names) + 2, len(names)) + names


SERVER_HELLO = message(2, b"\3\3" + bytes(32) + b"\0\xc0\x2f\0")
CERTIFICATE = message(11, b"\0\0\6\0\0\3abc")
NO_CERTIFICATE = message(11, b"\0\0\0")
CERTIFICATE_REQUEST = message(13, b"\1\1\0\2\4\1\0\0")
DONE = message(14, b"")


def alert(description: int, level: int = 2) -> bytes:
    return record(21, bytes([level, description]))


def without_client_certificate(level: int = 2, *extensions: bytes, certificate: bytes = NO_CERTIFICATE,
                               answer: bytes = b"", port: int = 2762) -> list[build.Packet]:  # fmt: skip
    """A server asks for a client certificate, gets none, and refuses by handshake_failure."""
    talk = build.Talk(server=("10.0.0.2", port)).open()
    turns = (
        (0, handshake(client_hello(*extensions))),
        (1, handshake(SERVER_HELLO, CERTIFICATE, CERTIFICATE_REQUEST, DONE)),
        (0, handshake(certificate)),
        (1, answer or alert(40, level)),
    )
    return talked(*turns, talk=talk).close().packets
