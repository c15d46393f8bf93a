"""Handshake messages -> facts of the session."""

import zlib

import pytest

from dicomsniff.tls.handshake import Handshake
from dicomsniff.tls.messages import (
    CERTIFICATE as CERTIFICATE_MESSAGE,
)
from dicomsniff.tls.messages import (
    COMPRESSED_CERTIFICATE,
    ENCRYPTED_EXTENSIONS,
    MAX_MESSAGE,
    Message,
)
from dicomsniff.tls.peer import CLIENT, SERVER
from dicomsniff.tls.wire import MalformedHandshakeError

LISTED = b"\0\0\3abc" + b"\0\0"
CERTIFICATE = b"\0" + len(LISTED).to_bytes(3, "big") + LISTED


def take(algorithm: int, length: int, compressed: bytes) -> Handshake:
    handshake = Handshake()
    handshake.lose_beginning()  # it must be TLS 1.3 then
    body = algorithm.to_bytes(2, "big") + length.to_bytes(3, "big") + len(compressed).to_bytes(3, "big") + compressed
    raw = bytes([COMPRESSED_CERTIFICATE]) + len(body).to_bytes(3, "big") + body
    handshake.take(SERVER, Message(COMPRESSED_CERTIFICATE, raw, 0, len(raw)))
    return handshake


def test_a_certificate_compressed_by_zlib_is_read():
    handshake = take(1, len(CERTIFICATE), zlib.compress(CERTIFICATE))
    assert handshake.session.certificates == {SERVER: (b"abc",)}


@pytest.mark.parametrize(("algorithm", "length"), [(2, len(CERTIFICATE)), (1, MAX_MESSAGE + 1)])
def test_of_one_compressed_otherwise_or_too_long_the_algorithm_and_the_length_are_known(algorithm, length):
    session = take(algorithm, length, zlib.compress(CERTIFICATE)).session
    assert session.certificates == {}
    assert session.compressed == {SERVER: (algorithm, length)}


@pytest.mark.parametrize(
    ("length", "compressed"),
    [(len(CERTIFICATE), b"no zlib"), (len(CERTIFICATE), zlib.compress(bytes(1 << 20))), (9, zlib.compress(b""))],
)
def test_one_that_is_not_as_long_as_announced_is_malformed(length, compressed):
    with pytest.raises(MalformedHandshakeError):
        take(1, length, compressed)


@pytest.mark.parametrize(
    ("extensions", "raw_keys", "certificates"),
    [
        (b"\0\x14\0\1\2", {SERVER: b"abc"}, {CLIENT: (b"abc",)}),
        (b"\0\x13\0\1\2", {CLIENT: b"abc"}, {SERVER: (b"abc",)}),
        (b"\0\x14\0\1\0", {}, {CLIENT: (b"abc",), SERVER: (b"abc",)}),
        (b"", {}, {CLIENT: (b"abc",), SERVER: (b"abc",)}),
    ],
)
def test_a_key_in_place_of_certificates_is_told_from_one(extensions, raw_keys, certificates):
    handshake = Handshake()
    handshake.lose_beginning()
    chosen = len(extensions).to_bytes(2, "big") + extensions
    for peer, kind, body in [
        (SERVER, ENCRYPTED_EXTENSIONS, chosen),
        (SERVER, CERTIFICATE_MESSAGE, CERTIFICATE),
        (CLIENT, CERTIFICATE_MESSAGE, CERTIFICATE),
    ]:
        raw = bytes([kind]) + len(body).to_bytes(3, "big") + body
        handshake.take(peer, Message(kind, raw, 0, len(raw)))
    assert (handshake.session.raw_keys, handshake.session.certificates) == (raw_keys, certificates)
