"""Records that were protected here open, and only as they were protected."""

import hmac

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from dicomsniff.tls.protection import protection
from dicomsniff.tls.schedule import Keys
from dicomsniff.tls.secrets import Secret
from dicomsniff.tls.suites import find_suite

TRIPLE_DES_SHA, AES_SHA, NULL_SHA, GCM_13 = 0x000A, 0x002F, 0x0002, 0x1301
V10, V12, V13 = 0x0301, 0x0303, 0x0304
HEADER = b"\x17\3\3"
CONTENT = b"what a C-STORE is made of"


def keys(code: int) -> Keys:
    suite = find_suite(code)
    iv = 12 if suite.is_aead else suite.block
    return Keys(Secret(range(suite.key_length)), Secret(bytes([9]) * iv), Secret(range(20)))


def mac(sequence: int, content: bytes) -> bytes:
    return hmac.digest(
        bytes(range(20)), sequence.to_bytes(8, "big") + HEADER + len(content).to_bytes(2, "big") + content, "sha1"
    )


def padded(content: bytes, block: int, padding: int | None = None) -> bytes:
    count = block - 1 - len(content) % block if padding is None else padding
    return content + bytes([count]) * (count + 1)


def encrypted(code: int, iv: bytes, data: bytes) -> bytes:
    algorithm = (TripleDES if code == TRIPLE_DES_SHA else AES)(keys(code).key)
    encryptor = Cipher(algorithm, CBC(iv)).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def opened(code: int, version: int, sequence: int, body: bytes, *, before: bytes = b"", encrypt_then_mac: bool = False):
    opens = protection(keys(code), find_suite(code), version, encrypt_then_mac=encrypt_then_mac)
    return opens.open(sequence, HEADER + len(body).to_bytes(2, "big"), body, before)


@pytest.mark.parametrize("code", [TRIPLE_DES_SHA, AES_SHA])
def test_cbc_opens_with_the_iv_that_a_record_has(code):
    block = find_suite(code).block
    iv = bytes(range(block))
    body = iv + encrypted(code, iv, padded(CONTENT + mac(3, CONTENT), block))
    assert opened(code, V12, 3, body) == (23, CONTENT)
    assert opened(code, V12, 4, body) is None


@pytest.mark.parametrize("code", [TRIPLE_DES_SHA, AES_SHA])
def test_cbc_of_tls_1_0_opens_with_the_end_of_the_record_before(code):
    block = find_suite(code).block
    data = padded(CONTENT + mac(3, CONTENT), block)
    assert opened(code, V10, 3, encrypted(code, bytes(range(block)), data), before=b"?" + bytes(range(block))) == (
        23,
        CONTENT,
    )
    assert opened(code, V10, 3, encrypted(code, bytes(range(block)), data), before=b"short") is None
    first = padded(CONTENT + mac(0, CONTENT), block)
    assert opened(code, V10, 0, encrypted(code, bytes([9]) * block, first)) == (23, CONTENT)


def test_padding_has_to_be_right_in_every_byte():
    good = padded(CONTENT + mac(0, CONTENT), 16)
    longer = CONTENT + mac(0, CONTENT)
    longer = padded(longer, 16, 15 - len(longer) % 16 + 16 * 3)
    spoiled = longer[:-3] + b"\0" + longer[-2:]
    iv = bytes(16)
    assert opened(AES_SHA, V12, 0, iv + encrypted(AES_SHA, iv, good)) == (23, CONTENT)
    assert opened(AES_SHA, V12, 0, iv + encrypted(AES_SHA, iv, longer)) == (23, CONTENT)
    assert opened(AES_SHA, V12, 0, iv + encrypted(AES_SHA, iv, spoiled)) is None


def test_encrypt_then_mac_authenticates_what_is_encrypted():
    iv = bytes(range(16))
    body = iv + encrypted(AES_SHA, iv, padded(CONTENT, 16))
    body += mac(3, body)
    assert opened(AES_SHA, V12, 3, body, encrypt_then_mac=True) == (23, CONTENT)
    assert opened(AES_SHA, V12, 3, body) is None
    for at in (0, 20, len(body) - 1):
        spoiled = bytearray(body)
        spoiled[at] ^= 1
        assert opened(AES_SHA, V12, 3, bytes(spoiled), encrypt_then_mac=True) is None


def test_a_suite_that_encrypts_nothing_still_authenticates():
    assert opened(NULL_SHA, V12, 5, CONTENT + mac(5, CONTENT)) == (23, CONTENT)
    assert opened(NULL_SHA, V12, 6, CONTENT + mac(5, CONTENT)) is None


@pytest.mark.parametrize("padding", [0, 1, 400])
def test_tls_1_3_hides_type_and_length(padding):
    inner = CONTENT + b"\0\0" + b"\x16" + bytes(padding)
    header = HEADER + (len(inner) + 16).to_bytes(2, "big")
    nonce = (int.from_bytes(bytes([9]) * 12, "big") ^ 7).to_bytes(12, "big")
    body = AESGCM(keys(GCM_13).key).encrypt(nonce, inner, header)
    assert opened(GCM_13, V13, 7, body) == (22, CONTENT + b"\0\0")
    assert opened(GCM_13, V13, 8, body) is None


@pytest.mark.parametrize("body", [b"", b"\0", bytes(15), bytes(16), bytes(32), bytes(47)])
@pytest.mark.parametrize(
    ("code", "version"), [(0x1301, V13), (0x1305, V13), (0x1303, V13), (0xC02F, V12), (0xCCA8, V12)]
)
def test_a_body_too_short_does_not_open(code, version, body):
    suite = find_suite(code)
    iv = 12 if version == V13 or suite.mode == "POLY1305" else 4
    made = Keys(Secret(suite.key_length), Secret(iv), Secret())
    assert protection(made, suite, version).open(0, HEADER + len(body).to_bytes(2, "big"), body, b"") is None


@pytest.mark.parametrize("body", [b"", b"\0", bytes(15), bytes(16), bytes(32), bytes(47)])
@pytest.mark.parametrize("code", [TRIPLE_DES_SHA, AES_SHA, NULL_SHA])
@pytest.mark.parametrize("version", [V10, V12])
@pytest.mark.parametrize("encrypt_then_mac", [False, True])
def test_a_body_too_short_for_a_mac_does_not_open(code, version, body, encrypt_then_mac):
    assert opened(code, version, 0, body, encrypt_then_mac=encrypt_then_mac) is None
    assert opened(code, version, 1, body, encrypt_then_mac=encrypt_then_mac) is None
