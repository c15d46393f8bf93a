"""Rules on TLS handshakes that failed: nothing of the DICOM behind them is readable, but the refusal is (RFC 5246)."""

from collections.abc import Iterator

from dicomsniff.association.handshakes import ClientCertificate, FailedHandshake, Failure
from dicomsniff.dictionary.tls import TLS_1_2, alert_name, version_name
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.parts import the_address
from dicomsniff.findings.rule import CaptureFacts, Hit, capture_rule
from dicomsniff.quantities import duration

_CERTIFICATE_ALERTS = {
    42: "it finds something wrong with the {whose} certificate, such as its signature, dates or name",
    43: "it does not support certificates of the {whose} kind",
    44: "the {whose} certificate was revoked",
    45: "the {whose} certificate has expired",
    46: "it does not accept the {whose} certificate",
    48: "it does not know the issuer of the {whose} certificate",
    116: "it requires a client certificate, and none was sent",
}
_OTHER_ALERTS = {
    20: "what it received does not authenticate: the keys may differ, as with another pre-shared key",
    51: "a signature or the like was wrong: the keys may differ, as with another pre-shared key",
    71: "the offered cipher suites are too weak",
    112: "the server name is not known there",
    115: "it does not know the pre-shared key's identity",
    120: "they have no application protocol in common",
}
_LATER_ALERTS = {
    10: "it did not expect what it received then",
    20: "what it received does not authenticate: it was changed on the way, or came in another order",
    22: "a record is longer than it takes",
    50: "it could not read what it received",
    80: "something went wrong within it",
    90: "its user ended it",
}
HOW_ENDED = {"FIN": "closed the connection", "RST": "broke the connection off"}
"""What a side did that ended a TCP connection, by how."""
_NO_HEADER = "a header of the PROXY protocol stands before the ClientHello, and the server likely does not expect it"
_UNREADABLE = (10, 20, 22, 47, 50, 70, 80)
"""Alerts of a server that could not read the ClientHello; others say that it could."""
_HANDSHAKE_FAILURE, _ILLEGAL_PARAMETER, _PROTOCOL_VERSION = 40, 47, 70


@capture_rule(code="tls-handshake-refused", severity=Severity.ERROR)
def refused(facts: CaptureFacts) -> Iterator[Hit]:
    """A TLS handshake is refused.

    One side ended the TLS handshake by a fatal alert, or the server closed the connection on it without a word, or
    answered in another protocol. In TLS 1.3, where the server's alert is encrypted, its length tells it. Connections
    to the web's ports, or of programs that offer to speak HTTP, are not reported; those to a port of DICOM are
    associations, and reported there.

    What to do: Give both sides certificates that the other one trusts, where asked for also to the client, and TLS
    versions and cipher suites that they have in common (PS3.15 §B.12).
    """
    groups: dict[tuple[object, ...], list[FailedHandshake]] = {}
    for each in sorted(facts.handshakes, key=lambda each: each.span.first_packet):
        groups.setdefault(each[: FailedHandshake._fields.index("span")], []).append(each)
    for group in groups.values():
        yield Hit(refusal_text(group[0], f" {len(group)} times" if len(group) > 1 else ""), group[0].span)


def refusal_text(failed: FailedHandshake, often: str = "") -> str:
    """Say who refused whom, and why."""
    who, whom = (failed.client, failed.server) if failed.by_client else (failed.server, failed.client)
    if failed.failure is Failure.OTHER_PROTOCOL:
        text = f"{the_address(who)} answered the TLS handshake of {the_address(whom)}{often}"
        return f"{text} in {failed.protocol or 'bytes that are no TLS'}: {_why_no_tls(failed, 'it speaks no TLS')}"
    if failed.failure is Failure.HELLO_UNANSWERED:
        text = f"{the_address(who)} {HOW_ENDED[failed.how]} on the TLS handshake of {the_address(whom)}{often}"
        return f"{text}, without an answer: {_why_no_tls(failed, 'it probably speaks no TLS')}"
    if failed.failure is Failure.BROKEN_OFF:
        text = f"{the_address(who)} {HOW_ENDED[failed.how]} in the middle of the TLS handshake"
        return f"{text} with {the_address(whom)}{often}, without a word: {_why_broken_off(failed)}"
    if failed.failure is Failure.CLIENT_LEFT:
        text = f"{the_address(who)} ended the TLS handshake with {the_address(whom)}{often}"
        return f"{text}, likely by an encrypted alert: it probably does not accept the server's certificate"
    if failed.failure is Failure.CLOSED_EARLY:
        did = HOW_ENDED.get(failed.how, "sent what is as long as an encrypted alert")
        text = f"{the_address(who)} {did} {duration(failed.waited)} after the TLS handshake with {the_address(whom)}"
        times = f" ({often.strip()})" if often else ""
        return f"{text}, without any data of its own: likely refused: {_why_early(failed)}{times}"
    text = f"{the_address(who)} refused the TLS handshake with {the_address(whom)}{often}"
    return f"{text} by the alert {alert_name(failed.alert or 0)}: {_why(failed)}"


def _why_no_tls(failed: FailedHandshake, otherwise: str) -> str:
    return f"{_NO_HEADER}, or {otherwise} on this port" if failed.is_behind_header else f"{otherwise} on this port"


def _why_broken_off(failed: FailedHandshake) -> str:
    if not failed.by_client:
        return "its log may say why"
    if not failed.offered_versions:
        return "its ClientHello is not whole"
    return "it may not accept the server's certificate, or only have looked whether somebody is there"


def _why_early(failed: FailedHandshake) -> str:
    said = {
        ClientCertificate.MISSING: "it had asked for a certificate, and the client sent none",
        ClientCertificate.SENT: "it had asked for a certificate, and perhaps does not accept the one that was sent",
        ClientCertificate.UNASKED: "not for want of a certificate, as it had asked for none; its log may say why",
        ClientCertificate.UNKNOWN: "a certificate of the client may be missing or not accepted",
    }[failed.certificate]
    is_told_by_size = failed.is_by_size and failed.certificate is not ClientCertificate.UNKNOWN
    return f"{said} (by the sizes of encrypted records)" if is_told_by_size else said


def alert_reason(alert: int) -> str:
    """Say why a side sends an alert once the handshake is over."""
    return _LATER_ALERTS.get(alert) or _OTHER_ALERTS.get(alert) or "its log may say why"


def _why(handshake: FailedHandshake) -> str:
    if handshake.is_behind_header and handshake.alert in _UNREADABLE:
        return _NO_HEADER
    if not handshake.by_client and handshake.certificate is ClientCertificate.MISSING:
        return "it asked for a client certificate, and the client sent none"
    alert = handshake.alert if handshake.alert is not None else -1
    if known := _CERTIFICATE_ALERTS.get(alert):
        return known.format(whose="server's" if handshake.by_client else "client's")
    if handshake.offers_keys and not handshake.by_client and alert == _ILLEGAL_PARAMETER:
        return "of the keys that the client offers the server likely has another one (pre-shared key)"
    if known := _OTHER_ALERTS.get(alert):
        return known
    if handshake.alert == _HANDSHAKE_FAILURE and handshake.certificate is ClientCertificate.SENT:
        return "it asked for a client certificate; perhaps it does not accept the one that was sent"
    if handshake.alert == _HANDSHAKE_FAILURE:
        return "probably they have no cipher suite, group of the key exchange or TLS version in common"
    if handshake.alert == _PROTOCOL_VERSION:
        offered = " and ".join(map(version_name, handshake.offered_versions))
        return f"they have no TLS version in common: the client offers {offered}"
    newest = max(handshake.offered_versions, default=TLS_1_2)
    if not handshake.by_client and newest < TLS_1_2:
        return f"the client offers nothing newer than {version_name(newest)}, which many servers refuse"
    return "its log may say why"
