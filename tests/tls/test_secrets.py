"""Key logs and private keys are taken, and never shown."""

import pickle

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from dicomsniff.tls import secrets as secrets_module
from dicomsniff.tls.secrets import MAX_LINE, Found, Label, Origin, Secret, Secrets
from tls_sessions import certificate

RANDOM, MASTER = b"\x11" * 32, b"\x5e\xc2" * 24
LINE = b"CLIENT_RANDOM " + RANDOM.hex().encode() + b" " + MASTER.hex().encode()


@pytest.mark.parametrize("text", [LINE + b"\n", LINE, LINE + b"\r\n", b"# comment\n\n" + LINE.upper() + b"\n"])
def test_a_line_gives_a_session_its_secret(text):
    secrets = Secrets()
    secrets.add_keylog(text)
    assert secrets.find(Label.MASTER, RANDOM) == Found(Secret(MASTER), Origin.KEY_LOG)
    assert (secrets.bad_lines, len(secrets)) == (0, 1)


def test_a_line_may_come_in_pieces():
    secrets = Secrets()
    for at in range(len(LINE)):
        secrets.add_keylog(LINE[at : at + 1])
    secrets.add_keylog(b"\n")
    assert secrets.find(Label.MASTER, RANDOM) is not None
    assert (secrets.lines, secrets.bad_lines) == (1, 0)


def test_a_traffic_secret_that_was_half_written_is_replaced_by_the_whole_one():
    text = b"SERVER_TRAFFIC_SECRET_0 " + RANDOM.hex().encode() + b" " + MASTER.hex().encode() + b"\n"
    secrets = Secrets()
    secrets.add_keylog(text[:-33])
    assert len(secrets.find(Label.SERVER_TRAFFIC, RANDOM).secret) == 32
    secrets.add_keylog(text[-33:])
    assert secrets.find(Label.SERVER_TRAFFIC, RANDOM).secret == MASTER


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        LINE[:-2],
        LINE + b"0",
        LINE.replace(b"5e", b"xx"),
        b"CLIENT_RANDOM  ",
        b"\0\xff",
        b"A" * (MAX_LINE + 1),
    ],
)
def test_a_bad_line_is_counted_and_hinders_nothing(line):
    secrets = Secrets()
    secrets.add_keylog(line + b"\n" + LINE + b"\n")
    assert (secrets.bad_lines, secrets.lines) == (1, 1)


def test_labels_of_no_use_here_are_no_bad_lines():
    secrets = Secrets()
    secrets.add_keylog(b"EXPORTER_SECRET 00 00\n")
    assert (secrets.bad_lines, len(secrets)) == (0, 0)


def test_blocks_of_a_capture_do_not_continue_one_another_nor_a_file():
    secrets = Secrets()
    secrets.add_keylog(LINE[:30])
    secrets.add_capture_secrets(LINE)
    secrets.add_capture_secrets(b"RSA Session-ID:0a0b Master-Key:" + MASTER.hex().encode())
    assert secrets.find(Label.MASTER, RANDOM).origin is Origin.CAPTURE
    assert secrets.find(Label.SESSION_ID, b"\x0a\x0b").secret == MASTER


def test_the_oldest_sessions_are_forgotten_first(monkeypatch):
    monkeypatch.setattr(secrets_module, "MAX_SESSIONS", 2)
    secrets = Secrets()
    for number in range(3):
        secrets.add_keylog(LINE.replace(b"11" * 32, b"%02x" % number * 32) + b"\n")
    assert (len(secrets), secrets.forgotten) == (2, 1)
    assert secrets.find(Label.MASTER, bytes(32)) is None
    assert secrets.last_sessions(5) == [b"\2" * 32, b"\1" * 32]


def _encrypted(pem: bytes) -> bytes:
    key = serialization.load_pem_private_key(pem, None)
    secret = serialization.BestAvailableEncryption(b"password")
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret)


@pytest.mark.parametrize(
    ("pem", "problem"),
    [
        (b"", "not a private key in PEM format"),
        (certificate("rsa")[0], "not a private key in PEM format"),
        (certificate("ecdsa")[1], "not an RSA key"),
        (_encrypted(certificate("rsa")[1]), "encrypted"),
    ],
    ids=["empty", "certificate", "other kind", "encrypted"],
)
def test_what_is_no_usable_rsa_key_is_refused_in_one_line(pem, problem):
    with pytest.raises(ValueError, match=problem) as refused:
        Secrets().add_rsa_key(pem)
    assert "\n" not in str(refused.value)
    assert refused.value.__context__ is None


def test_rsa_keys_decrypt_premaster_secrets():
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    secrets = Secrets()
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    secrets.add_rsa_key(pem)
    encrypted = key.public_key().encrypt(b"\3\3" + bytes(46), PKCS1v15())
    assert secrets.decrypt_premaster(encrypted) == [Found(Secret(b"\3\3" + bytes(46)), Origin.RSA_KEY)]
    assert secrets.decrypt_premaster(b"\1" * 5) == []


def test_nothing_shows_a_secret():
    secrets = Secrets()
    secrets.add_keylog(LINE + b"\n")
    found = secrets.find(Label.MASTER, RANDOM)
    for shown in (repr(secrets), repr(found), str(found), f"{found.secret}", f"{found.secret!r}", str(vars)):
        assert MASTER.hex() not in shown
        assert repr(MASTER)[2:10] not in shown
    with pytest.raises(TypeError, match="not to be written"):
        pickle.dumps(found)
