"""What the codes of TLS handshakes and alerts mean (RFC 5246 §7, RFC 8446 §6)."""

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
HARMLESS = frozenset([0, 90, 100])
"""Alerts that end a connection, or refuse something, without an error."""
FATAL = 2
"""The level of an alert after which the connection is over."""


def alert_name(description: int) -> str:
    """Name an alert: `handshake_failure (40)`."""
    return f"{ALERTS.get(description, 'undefined')} ({description})"
