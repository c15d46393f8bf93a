"""TLS handshakes that failed in sight: who refused whom, and what was asked for."""

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from dicomsniff.association.preambles import PROXY
from dicomsniff.association.tls_layer import TlsLayer, Turn
from dicomsniff.dictionary.tls import APPLICATION_DATA, CHANGE_CIPHER_SPEC, FATAL, HARMLESS, RECORD_HEADER, TLS_1_3
from dicomsniff.span import Span
from dicomsniff.tls.peer import CLIENT, SERVER

if TYPE_CHECKING:
    from dicomsniff.tls.suites import Suite

MAX_HANDSHAKES = 1000
"""Failed handshakes that are kept; further ones are not told."""
HANDSHAKE_TURNS = 4
"""Turns that a handshake has at most, but for one that is tried again."""
_WEB = (443, 8443)
"""Ports where TLS is the web's."""
_SOON = 1_000_000_000
"""Time (ns) after the client's last word within which a server that closes answers it by that."""
MAX_ALERT = 64
"""Bytes of an encrypted alert, at most: one of an old suite is padded and has a long MAC."""
_SEALED_ALERT = 3
"""Bytes of plaintext of an encrypted alert of TLS 1.3: level, description and content type (RFC 8446 §5.2, §6)."""
_NO_CERTIFICATE = 8
"""Bytes of a client's Certificate message without a certificate (RFC 8446 §4.4.2)."""
_MESSAGE_HEADER = 4


class Failure(Enum):
    """How a handshake failed."""

    ALERT = "alert"
    """By a fatal alert that could be read."""
    CLIENT_LEFT = "client left"
    """The client's only word on the server's part was as long as an encrypted alert."""
    HELLO_UNANSWERED = "hello unanswered"
    """The server ended the connection on the ClientHello, without a word."""
    BROKEN_OFF = "broken off"
    """A side ended the connection during the handshake, with neither its own part whole nor an alert."""
    OTHER_PROTOCOL = "other protocol"
    """The server answered the ClientHello in something else than TLS."""
    CLOSED_EARLY = "closed early"
    """The server ended the connection right after the client's part, with a word as short as an alert at most."""


class ClientCertificate(Enum):
    """What became of a client certificate."""

    UNKNOWN = "not known"
    MISSING = "missing"
    """The server asked for one, and the client sent none."""
    SENT = "sent"
    UNASKED = "not asked for"
    """The server asked for none."""


class FailedHandshake(NamedTuple):
    """A TLS connection that came to nothing, as far as the handshake tells."""

    client: str
    server: str
    failure: Failure
    by_client: bool
    """Whether the client refused."""
    alert: int | None
    """Its number, where it was in clear."""
    certificate: ClientCertificate
    is_by_size: bool
    """Whether what became of the certificate is told by the sizes of encrypted records only."""
    protocol: str | None
    """Where the server answered in another protocol, which; empty for one without a name."""
    how: str
    """How a side ended the connection, `FIN` or `RST`; empty where that is not how it failed."""
    offers_keys: bool
    """Whether the client offered keys that both know, in TLS 1.3."""
    is_behind_header: bool
    """Whether the server had said nothing of the handshake yet, and a header of the PROXY protocol stands before it."""
    span: Span
    offered_versions: tuple[int, ...] = ()
    """TLS versions that the client offered."""
    waited: int = 0
    """Time (ns) from the client's part of the handshake to the end."""


def failed_handshake(layer: TlsLayer) -> FailedHandshake | None:
    """Return how the handshake of a connection failed; None where it did not in sight, or is the web's."""
    if not layer.session.offered_suites or _is_web(layer):
        return None
    if layer.answered_in is not None:
        return _failed(layer, Failure.OTHER_PROTOCOL, layer.turns[1].begins, protocol=layer.answered_in)
    if len(layer.turns) == 1 and layer.ended is not None and layer.ended[0] is SERVER:
        _, how, span = layer.ended
        return _failed(layer, Failure.HELLO_UNANSWERED, span, how=how)
    for alert, span in layer.alerts:
        if alert.level == FATAL and alert.description not in HARMLESS:
            return _failed(layer, Failure.ALERT, span, by_client=alert.peer is CLIENT, alert=alert.description)
    turns = layer.turns_of_handshake
    if len(turns) >= 3 and turns[2].peer is CLIENT and _is_sealed_alert(layer, turns[2]):
        return _failed(layer, Failure.CLIENT_LEFT, turns[2].begins, by_client=True)
    return None


def broken_off(layer: TlsLayer) -> FailedHandshake | None:
    """Return that a side ended the connection of an association in the middle of the handshake, without an alert.

    Of connections that are not DICOM's that is not told: only their first bytes are looked at.
    """
    return _broken_off_by_server(layer) or _left_by_client(layer)


def _broken_off_by_server(layer: TlsLayer) -> FailedHandshake | None:
    """Return that the server ended the connection before the client could do its part; None where it told why."""
    turns, ended = layer.turns_of_handshake, layer.ended
    if ended is None or ended[0] is not SERVER or len(turns) < 2 or not layer.is_whole or layer.answered_in is not None:
        return None
    _, how, span = ended
    if len(turns) > 2 and turns[2].begins.first_packet < span.first_packet:
        return None
    told = any(alert.peer is SERVER and alert.level == FATAL for alert, _ in layer.alerts)
    has_waited = layer.cut is not SERVER and span.first_time - turns[1].until > _SOON
    return None if told or has_waited else _failed(layer, Failure.BROKEN_OFF, span, how=how)


def _left_by_client(layer: TlsLayer) -> FailedHandshake | None:
    """Return that the client ended the connection instead of doing its part of the handshake, or within it.

    So do programs that only look whether somebody is there.
    """
    turns, ended = layer.turns_of_handshake, layer.ended
    if ended is None or ended[0] is not CLIENT or not layer.is_whole:
        return None
    _, how, span = ended
    before = [turn for turn in turns if turn.begins.first_packet < span.first_packet]
    is_short = len(before) == 2 or (len(before) == 1 and before[0].is_cut)
    if any(alert.level == FATAL and at.first_packet < span.first_packet for alert, at in layer.alerts):
        return None  # somebody had told why
    if not is_short or before[0].peer is not CLIENT or layer.cut is SERVER:
        return None
    if not before[0].is_cut and span.first_time - before[-1].until > _SOON:
        return None  # it has waited for something, or hung
    return _failed(layer, Failure.BROKEN_OFF, span, by_client=True, how=how)


def refused_in_secret(layer: TlsLayer) -> FailedHandshake | None:
    """Return a refusal by an alert that is encrypted, as it is in TLS 1.3: it is told by its length alone."""
    turns = layer.turns_of_handshake
    if _is_web(layer) or len(turns) < HANDSHAKE_TURNS or not _is_sealed_alert(layer, turns[3]):
        return None
    return closed_early(layer)


def closed_early(layer: TlsLayer) -> FailedHandshake | None:
    """Return that the server's only word after the client's part was the end, or an alert at most; None otherwise."""
    turns, ended, session = layer.turns_of_handshake, layer.ended, layer.session
    # In TLS 1.3, where the server has nothing to say to end the handshake, the client's request may cross its alert.
    most = HANDSHAKE_TURNS + (session.version == TLS_1_3)
    if ended is None or not 3 <= len(turns) <= most or turns[2].peer is not CLIENT:
        return None
    if session.version is None or any(session.plaintext.values()):
        return None  # the client's last word was not the handshake's: it needs a version, and no data was seen
    last = turns[3] if len(turns) >= HANDSHAKE_TURNS else None
    by, how, span = ended
    if by is CLIENT:  # who may have had enough of a sound connection: only what can be but an alert says more
        if last is None or not _is_sealed_alert(layer, last):
            return None
        how, span = "", last.begins
    waited = span.first_time - turns[2].until
    if (last is not None and last.length > MAX_ALERT) or waited > _SOON:
        return None
    return _failed(layer, Failure.CLOSED_EARLY, span, how=how, waited=max(waited, 0))


def client_certificate(layer: TlsLayer) -> ClientCertificate:
    """Say what became of a client certificate, as far as the handshake tells."""
    session = layer.session
    if session.certificate_asked:
        is_sent = bool(session.certificates.get(CLIENT)) or CLIENT in {*session.compressed, *session.raw_keys}
        return ClientCertificate.SENT if is_sent else ClientCertificate.MISSING
    return ClientCertificate.UNASKED if session.tells_requests else ClientCertificate.UNKNOWN


def _record_lengths(beginning: bytes) -> list[int]:
    """Return the lengths of the bodies of the protected records that bytes of TLS 1.3 begin with, in order."""
    lengths, at = [], 0
    while at + RECORD_HEADER <= len(beginning) and beginning[at] in (CHANGE_CIPHER_SPEC, APPLICATION_DATA):
        length = int.from_bytes(beginning[at + 3 : at + RECORD_HEADER])
        if beginning[at] == APPLICATION_DATA:
            lengths.append(length)
        at += RECORD_HEADER + length
    return lengths


def _certificate_by_size(layer: TlsLayer) -> ClientCertificate:
    """Tell by the records of the client's part, whose messages have lengths of their own (RFC 8446 §4.4)."""
    tag, session, turns = _tag_length(layer), layer.session, layer.turns_of_handshake
    is_usual = layer.is_whole and not session.early_data_offered and session.resumed is None
    if tag is None or not is_usual or len(turns) < 3 or turns[2].peer is not CLIENT:
        return ClientCertificate.UNKNOWN
    suite = _suite(layer)
    finished = _MESSAGE_HEADER + (48 if suite is not None and suite.prf == "sha384" else 32)
    around = 1 + tag
    first, *others = _record_lengths(turns[2].beginning) or [0]
    if first == finished + around:
        return ClientCertificate.UNASKED
    both = first == _NO_CERTIFICATE + finished + around
    if both or (first == _NO_CERTIFICATE + around and others[:1] == [finished + around]):
        return ClientCertificate.MISSING
    return ClientCertificate.SENT if first > _NO_CERTIFICATE + finished + around else ClientCertificate.UNKNOWN


def _is_sealed_alert(layer: TlsLayer, turn: Turn) -> bool:
    """Whether the only encrypted record of a turn is as long as an alert."""
    tag = _tag_length(layer) if layer.is_whole else None
    return tag is not None and _record_lengths(turn.beginning) == [_SEALED_ALERT + tag]


def _tag_length(layer: TlsLayer) -> int | None:
    """Return by how many bytes records of TLS 1.3 are longer than their plaintext; None for other versions."""
    suite = _suite(layer) if layer.session.version == TLS_1_3 else None
    return None if suite is None else 8 if suite.mode == "CCM_8" else 16


def _suite(layer: TlsLayer) -> "Suite | None":
    from dicomsniff.tls.suites import find_suite  # which captures without TLS do not need

    return find_suite(layer.session.suite or 0)


def _is_web(layer: TlsLayer) -> bool:
    return layer.offers_web or layer.server.port in _WEB


def _failed(
    layer: TlsLayer,
    failure: Failure,
    span: Span,
    *,
    by_client: bool = False,
    alert: int | None = None,
    protocol: str | None = None,
    how: str = "",
    waited: int = 0,
) -> FailedHandshake:
    certificate = client_certificate(layer)
    is_by_size = certificate is ClientCertificate.UNKNOWN
    if is_by_size:
        certificate = _certificate_by_size(layer)
    client, server = layer.client.address, str(layer.server)
    offers = layer.session.keys_offered
    behind = not by_client and PROXY in layer.preambles.names and layer.session.version is None
    refused = client, server, failure, by_client, alert, certificate, is_by_size, protocol, how
    return FailedHandshake(*refused, offers, behind, span, layer.session.offered_versions, waited)
