"""TLS handshakes that failed in sight: who refused whom, and what was asked for."""

from collections.abc import Iterable
from typing import NamedTuple

from dicomsniff.capture.segments import flow_ends
from dicomsniff.dictionary.tls import FATAL, HARMLESS
from dicomsniff.pdu.tls import TlsStream
from dicomsniff.span import Span

MAX_HANDSHAKES = 1000
"""Failed handshakes that are kept; further ones are not told."""
_WEB = (443, 8443)
"""Ports where TLS is the web's."""


class FailedHandshake(NamedTuple):
    """A TLS connection that failed because one side sent a fatal alert in the plain handshake."""

    client: str
    server: str
    by_client: bool
    """Whether the client sent the alert."""
    alert: int | None
    """Its number; None where the server ended the connection without a word."""
    certificate: str
    """What became of a client certificate: `missing`, `sent`, or empty where none was asked for."""
    span: Span


def failed_handshake(
    streams: Iterable[tuple[bytes, TlsStream | None]], *, left: Span | None = None
) -> FailedHandshake | None:
    """Return how a handshake failed, from both directions by flow; None where it did not in sight, or is the web's.

    `left` is where one side ended the connection, which had said nothing by then.
    """
    seen = [(flow, tls) for flow, tls in streams if tls is not None]
    client = next((each for each in seen if each[1].is_client), None)
    alerting = next((tls for _, tls in seen if tls.alert is not None), None)
    if client is None:
        return None
    caller, callee = flow_ends(client[0])
    if left is not None and not client[1].is_web and callee.port not in _WEB:
        return FailedHandshake(caller.address, str(callee), False, None, "", left)
    if alerting is None or alerting.alert is None:
        return None
    level, description, mark = alerting.alert
    if level != FATAL or description in HARMLESS or client[1].is_web or callee.port in _WEB:
        return None
    asked = any(tls.requested for _, tls in seen if not tls.is_client)
    certificate = ("sent" if client[1].certificates else "missing") if asked else ""
    return FailedHandshake(caller.address, str(callee), alerting.is_client, description, certificate, Span.at(mark))
