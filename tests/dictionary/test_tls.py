"""Names of what TLS handshakes speak of by number."""

from dicomsniff.dictionary.tls import TLS_1_3, alert_name, group_name, version_name
from dicomsniff.dictionary.tls_suites import suite_name


def test_what_is_known_has_its_name():
    assert version_name(TLS_1_3) == "TLS 1.3"
    assert group_name(29) == "x25519"
    assert alert_name(48) == "unknown_ca (48)"
    assert suite_name(0xC02F) == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 (0xC02F)"


def test_what_is_not_known_keeps_its_number():
    assert version_name(0x0999) == "version 0x0999"
    assert group_name(9999) == "group 9999"
    assert suite_name(0x0B0B) == "undefined (0x0B0B)"
