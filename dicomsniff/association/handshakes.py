"""TLS handshakes that failed in sight: who refused whom, and what was asked for."""

from typing import NamedTuple

from dicomsniff.association.tls_layer import TlsLayer
from dicomsniff.dictionary.tls import FATAL, HARMLESS
from dicomsniff.span import Span
from dicomsniff.tls.peer import CLIENT, SERVER

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
    offered_versions: tuple[int, ...] = ()
    """TLS versions that the client offered."""


def failed_handshake(layer: TlsLayer) -> FailedHandshake | None:
    """Return how the handshake of a connection failed; None where it did not in sight, or is the web's."""
    if not layer.session.offered_suites or layer.offers_web or layer.server.port in _WEB:
        return None
    client, server = layer.client.address, str(layer.server)
    if len(layer.turns) == 1 and layer.ended is not None and layer.ended[0] is SERVER:
        return FailedHandshake(client, server, False, None, "", layer.ended[2], layer.session.offered_versions)
    fatal = next(
        (each for each in layer.alerts if each[0].level == FATAL and each[0].description not in HARMLESS), None
    )
    if fatal is None:
        return None
    alert, span = fatal
    by_client, sent = alert.peer is CLIENT, certificate_sent(layer)
    return FailedHandshake(client, server, by_client, alert.description, sent, span, layer.session.offered_versions)


def certificate_sent(layer: TlsLayer) -> str:
    """Say what became of a client certificate: `missing`, `sent`, or empty where none is known to be asked for."""
    session = layer.session
    if not session.certificate_asked:
        return ""
    return "sent" if session.certificates.get(CLIENT) or CLIENT in session.compressed else "missing"
