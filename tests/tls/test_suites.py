"""What a cipher suite is made of is read from its name."""

import pytest

from dicomsniff.dictionary.tls_suites import SUITES
from dicomsniff.tls.suites import find_suite


@pytest.mark.parametrize(
    ("code", "made_of"),
    [
        (0x1301, (None, "AES", "GCM", 16, 16, "sha256", "sha256")),
        (0x1305, (None, "AES", "CCM_8", 16, 16, "sha256", "sha256")),
        (0xC030, ("ECDHE_RSA", "AES", "GCM", 32, 16, "sha384", "sha384")),
        (0xCCA9, ("ECDHE_ECDSA", "CHACHA20", "POLY1305", 32, 0, "sha256", "sha256")),
        (0xC09D, ("RSA", "AES", "CCM", 32, 16, "sha256", "sha256")),
        (0x002F, ("RSA", "AES", "CBC", 16, 16, "sha1", "sha256")),
        (0xC028, ("ECDHE_RSA", "AES", "CBC", 32, 16, "sha384", "sha384")),
        (0x000A, ("RSA", "3DES", "CBC", 24, 8, "sha1", "sha256")),
        (0x0001, ("RSA", "NULL", "", 0, 0, "md5", "sha256")),
    ],
)
def test_a_name_tells_its_parts(code, made_of):
    assert tuple(find_suite(code)) == made_of


@pytest.mark.parametrize("code", [0x0000, 0x0005, 0x0009, 0x00FF, 0x0096, 0xC050, 0xC086, 0xFEFE])
def test_a_suite_that_is_not_decoded_is_none(code):
    assert find_suite(code) is None


def test_every_suite_of_aes_is_decoded():
    assert all(find_suite(code) for code, name in SUITES.items() if "_AES_" in name)
