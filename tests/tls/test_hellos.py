"""What hellos say."""

import struct

import pytest

from dicomsniff.tls.events import Problem
from dicomsniff.tls.hellos import read_client_hello, read_server_hello, read_sslv2_hello
from dicomsniff.tls.peer import CLIENT, SERVER
from dicomsniff.tls.secrets import Secrets
from dicomsniff.tls.wire import MalformedHandshakeError
from tls_sessions import decode

RANDOM = bytes(range(32))


def extension(kind: int, body: bytes) -> bytes:
    return struct.pack(">HH", kind, len(body)) + body


def client_hello(*extensions: bytes, suites: bytes = b"\x13\1\xc0\x2f") -> bytes:
    listed = b"".join(extensions)
    head = b"\3\3" + RANDOM + b"\2id" + struct.pack(">H", len(suites)) + suites + b"\1\0"
    return head + struct.pack(">H", len(listed)) + listed


def server_hello(*extensions: bytes, random: bytes = RANDOM) -> bytes:
    listed = b"".join(extensions)
    return b"\3\3" + random + b"\2id" + b"\x13\1" + b"\0" + struct.pack(">H", len(listed)) + listed


def test_a_client_hello_is_read_without_what_stands_for_nothing():
    hello = read_client_hello(
        client_hello(
            extension(0x0A0A, b""),
            extension(43, b"\6\x1a\x1a\3\4\3\3"),
            extension(10, b"\0\6\x2a\x2a\0\x1d\0\x17"),
            extension(0, b"\0\7\0\0\4pacs"),
            extension(16, b"\0\6\5dicom"),
            suites=b"\x3a\x3a\x13\1",
        )
    )
    assert (hello.random, hello.session_id, hello.suites) == (RANDOM, b"id", (0x1301,))
    assert (hello.versions, hello.groups) == ((0x0304, 0x0303), (29, 23))
    assert (hello.server_name, hello.protocols) == ("pacs", (b"dicom",))


def test_a_client_hello_without_extensions_offers_its_version():
    hello = read_client_hello(client_hello()[:-2])
    assert (hello.versions, hello.server_name, hello.protocols, hello.groups) == ((0x0303,), None, (), ())


@pytest.mark.parametrize("body", [b"\0", b"\0\xff", b"\0\7\0\0\xff", b"\0\1"])
def test_a_malformed_extension_spoils_only_itself(body):
    hello = read_client_hello(client_hello(extension(0, body), extension(16, body), extension(43, body)))
    assert (hello.server_name, hello.suites) == (None, (0x1301, 0xC02F))


def test_a_server_chooses_a_version_in_an_extension():
    assert read_server_hello(server_hello(extension(43, b"\3\4"))).version == 0x0304
    assert read_server_hello(server_hello(extension(43, b"\x7f\x1c"))).version == 0x0304  # draft 28
    assert read_server_hello(server_hello()).version == 0x0303


def test_a_server_hello_with_that_random_asks_for_another_client_hello():
    random = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")  # RFC 8446 §4.1.3
    assert read_server_hello(server_hello(random=random)).is_retry
    assert not read_server_hello(server_hello()).is_retry


WITHOUT_EXTENSIONS = len(client_hello()) - 2


@pytest.mark.parametrize("length", [*range(WITHOUT_EXTENSIONS), WITHOUT_EXTENSIONS + 1, WITHOUT_EXTENSIONS + 7])
def test_a_hello_that_ends_too_early_is_malformed(length):
    with pytest.raises(MalformedHandshakeError):
        read_client_hello(client_hello(extension(0, b"\0\0"))[:length])


SSLV2 = b"\1" + b"\3\1" + b"\0\6" + b"\0\0" + b"\0\x10" + b"\0\0\x2f\1\0\x80" + bytes(range(16))


def test_a_hello_in_the_form_of_ssl_2_is_read():
    hello = read_sslv2_hello(SSLV2)
    assert (hello.version, hello.suites) == (0x0301, (0x002F,))
    assert hello.random == bytes(16) + bytes(range(16))


def test_a_hello_in_the_form_of_ssl_2_begins_a_session():
    sent = struct.pack(">H", 0x8000 | len(SSLV2)) + SSLV2
    answer = b"\x15\3\1\0\2\2\x46"
    decoder, events = decode([(CLIENT, sent), (SERVER, answer)], Secrets())
    assert decoder.session.is_sslv2_hello
    assert decoder.session.offered_suites == (0x002F,)
    assert [(event.level, event.description, event.is_plain) for event in events] == [(2, 70, True)]


def test_what_is_no_tls_at_all_is_told():
    decoder, events = decode([(CLIENT, b"\1\0\0\0\0\xcd" + bytes(300))], Secrets())
    assert [event.problem for event in events] == [Problem.NOT_TLS]
    assert decoder.session.unread == "no TLS record begins here"
