"""What the codes of TLS handshakes and alerts mean (RFC 5246 §7, RFC 8446 §6)."""

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
"""The content types of records (RFC 8446 §5.1)."""
RECORD_HEADER = 5
"""Bytes of a record's header: content type, version, length."""
CERTIFICATE_COMPRESSIONS = {1: "zlib", 2: "brotli", 3: "zstd"}
"""How certificates are compressed (RFC 8879 §7.3)."""
ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    116: "certificate_required",
    120: "no_application_protocol",
}
CLOSE_NOTIFY = 0
HARMLESS = frozenset([CLOSE_NOTIFY, 90, 100])
"""Alerts that end a connection, or refuse something, without an error."""
FATAL = 2
"""The level of an alert after which the connection is over."""


def alert_name(description: int) -> str:
    """Name an alert: `handshake_failure (40)`."""
    return f"{ALERTS.get(description, 'undefined')} ({description})"


SSL_2_0, SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 = 0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304
VERSIONS = {
    SSL_2_0: "SSL 2.0",
    SSL_3_0: "SSL 3.0",
    TLS_1_0: "TLS 1.0",
    TLS_1_1: "TLS 1.1",
    TLS_1_2: "TLS 1.2",
    TLS_1_3: "TLS 1.3",
}


def version_name(code: int) -> str:
    """Name a version: `TLS 1.2`."""
    return VERSIONS.get(code, f"version 0x{code:04X}")


GROUPS = {
    1: "sect163k1",
    9: "sect283k1",
    10: "sect283r1",
    11: "sect409k1",
    12: "sect409r1",
    13: "sect571k1",
    14: "sect571r1",
    19: "secp192r1",
    21: "secp224r1",
    22: "secp256k1",
    23: "secp256r1",
    24: "secp384r1",
    25: "secp521r1",
    26: "brainpoolP256r1",
    27: "brainpoolP384r1",
    28: "brainpoolP512r1",
    29: "x25519",
    30: "x448",
    256: "ffdhe2048",
    257: "ffdhe3072",
    258: "ffdhe4096",
    259: "ffdhe6144",
    260: "ffdhe8192",
    512: "MLKEM512",
    513: "MLKEM768",
    514: "MLKEM1024",
    4587: "SecP256r1MLKEM768",
    4588: "X25519MLKEM768",
    4589: "SecP384r1MLKEM1024",
    25497: "X25519Kyber768Draft00",
}
"""Groups of key exchanges (IANA, TLS Supported Groups)."""


def group_name(code: int) -> str:
    """Name a group: `x25519`."""
    return GROUPS.get(code, f"group {code}")
