"""TLS handshakes that fail where no key is known: what is encrypted is told by its size."""

import struct

import pytest

import build
from findings.found import analyzed, every_finding
from findings.traffic import talked
from tls import CERTIFICATE, DONE, SERVER_HELLO, client_hello, handshake, message, record

CHANGE = record(20, b"\1")
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random of a ServerHello that asks for another ClientHello (RFC 8446 §4.1.3)."""
LATER = b"\0\x2b\0\2\3\4"
"""supported_versions of a server: TLS 1.3 (RFC 8446 §4.2.1)."""
DICOM, OTHER = 2762, 4433
EARLY = "closed the connection {waited} after the TLS handshake with 10.0.0.1, without any data of its own"
MISSING = "it had asked for a certificate, and the client sent none"
NOT_TAKEN = "it had asked for a certificate, and perhaps does not accept the one that was sent"
UNASKED = "not for want of a certificate, as it had asked for none; its log may say why"
CODES = {DICOM: ["tls-closed-early", "tls-refused"], OTHER: ["tls-handshake-refused"]}


def server_hello(suite: int, random: bytes = bytes(32)) -> bytes:
    extensions = struct.pack(">H", len(LATER)) + LATER
    return message(2, b"\3\3" + random + b"\0" + suite.to_bytes(2, "big") + b"\0" + extensions)


def sealed(*lengths: int, tag: int = 16) -> bytes:
    """Records of TLS 1.3 that hold messages of these lengths."""
    return b"".join(record(23, bytes(length + 1 + tag)) for length in lengths)


def shaken(*turns: tuple[int, bytes], port: int = DICOM, suite: int = 0x1301, retried: bool = False) -> build.Talk:
    """A handshake of TLS 1.3 up to the server's part, and what follows."""
    talk = build.Talk(server=("10.0.0.2", port)).open()
    if retried:
        talked((0, handshake(client_hello())), (1, handshake(server_hello(suite, RETRY)) + CHANGE), talk=talk)
    answer = handshake(server_hello(suite)) + CHANGE + sealed(30, 900, 264, 36)
    return talked((0, handshake(client_hello())), (1, answer), *turns, talk=talk)


def refusals(talk: build.Talk) -> list[str]:
    codes = {code for of_port in CODES.values() for code in of_port}
    return [str(each.message) for each in every_finding(analyzed(talk.packets)) if each.code in codes]


def likely(why: str, port: int = DICOM, waited: str = "2.00 ms") -> str:
    return f"10.0.0.2:{port} {EARLY.format(waited=waited)}: likely refused: {why} (by the sizes of encrypted records)"


@pytest.mark.parametrize("port", [DICOM, OTHER])
@pytest.mark.parametrize(
    ("suite", "finished", "tag"), [(0x1301, 36, 16), (0x1302, 52, 16), (0x1303, 36, 16), (0x1305, 36, 8)]
)
def test_what_became_of_a_certificate_is_told_by_its_size(suite, finished, tag, port):
    for messages, why in (
        ([8, finished], MISSING),
        ([8 + finished], MISSING),
        ([800, 264, finished], NOT_TAKEN),
        ([1100 + finished], NOT_TAKEN),
        ([finished], UNASKED),
    ):
        part, alert = CHANGE + sealed(*messages, tag=tag), sealed(2, tag=tag)
        talk = shaken((0, part), (1, alert), suite=suite, port=port).end(1)
        assert refusals(talk) == [likely(why, port)], messages


@pytest.mark.parametrize("port", [DICOM, OTHER])
@pytest.mark.parametrize("retried", [True, False])
def test_the_request_may_cross_the_refusal_and_the_hello_be_sent_twice(port, *, retried):
    turns = ((0, CHANGE + sealed(8, 36)), (1, sealed(2)), (0, sealed(300)))
    assert refusals(shaken(*turns, port=port, retried=retried).end(1)) == [likely(MISSING, port, "3.00 ms")]


@pytest.mark.parametrize("port", [DICOM, OTHER])
@pytest.mark.parametrize("retried", [True, False])
def test_a_client_may_refuse_the_server_by_an_encrypted_alert(port, *, retried):
    said = f"10.0.0.1 ended the TLS handshake with 10.0.0.2:{port}, likely by an encrypted alert: it probably does not "
    talk = shaken((0, CHANGE + sealed(2)), port=port, retried=retried).end(0)
    assert refusals(talk) == [f"{said}accept the server's certificate"]


@pytest.mark.parametrize("port", [DICOM, OTHER])
def test_whoever_goes_on_has_refused_nothing(port):
    tickets = shaken((0, CHANGE + sealed(36)), (1, sealed(200, 200)), (0, sealed(300)), (1, sealed(150)), port=port)
    assert refusals(tickets.end(1)) == []
    assert refusals(shaken((0, CHANGE + sealed(36)), port=port).end(0)) == []


def test_sizes_tell_nothing_where_bytes_are_missing():
    talk = shaken((0, CHANGE + sealed(8, 36)))
    del talk.packets[-1]
    talked((0, sealed(100)), (1, sealed(2)), talk=talk)
    assert not [each for each in refusals(talk.end(1)) if "by the sizes" in each]


@pytest.mark.parametrize("port", [DICOM, OTHER])
@pytest.mark.parametrize(
    ("said", "name"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
        (b"\x0bMSH|^~\\&|", "HL7 (MLLP)"),
        (b"220 mail ready\r\n", "FTP or SMTP"),
        (b"?????????", "bytes that are no TLS"),
    ],
)
def test_a_server_that_answers_in_another_protocol_speaks_no_tls(said, name, port):
    talk = talked((0, handshake(client_hello())), (1, said), talk=build.Talk(server=("10.0.0.2", port)).open())
    text = f"10.0.0.2:{port} answered the TLS handshake of 10.0.0.1 in {name}: it speaks no TLS on this port"
    assert refusals(talk.end(1)) == [text]
    assert not [each for each in every_finding(analyzed(talk.packets)) if each.code == "tls-not-decrypted"]


def test_a_server_that_resets_on_a_client_hello_is_said_to_break_off():
    talk = talked((0, handshake(client_hello())), talk=build.Talk(server=("10.0.0.2", DICOM)).open())
    (said,) = refusals(talk.reset(1))
    assert said.startswith("10.0.0.2:2762 broke the connection off on the TLS handshake of 10.0.0.1")


def test_tls_that_is_framed_wrongly_is_not_said_to_be_none():
    talk = talked((0, handshake(client_hello())), (1, b"\x16\3\1\xff\xff" + bytes(40)), talk=build.Talk().open())
    assert not [each for each in refusals(talk.end(1)) if "speaks no TLS" in each]


def test_a_client_that_leaves_after_a_sound_handshake_was_not_refused():
    """In TLS 1.2 what the server says last of the handshake is as short as an alert."""
    finished = CHANGE + record(22, bytes(40))
    talk = build.Talk(server=("10.0.0.2", DICOM)).open()
    turns = (
        (0, handshake(client_hello())),
        (1, handshake(SERVER_HELLO, CERTIFICATE, DONE)),
        (0, finished),
        (1, finished),
    )
    assert refusals(talked(*turns, talk=talk).end(0)) == []


def test_a_client_may_close_on_a_refusal_that_is_encrypted():
    (said,) = refusals(shaken((0, CHANGE + sealed(8, 36)), (1, sealed(2))).end(0))
    assert said.startswith("10.0.0.2:2762 sent what is as long as an encrypted alert 1.00 ms after the TLS handshake")
