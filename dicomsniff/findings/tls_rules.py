"""Rules on the TLS of an association: what kept it from being read, and what is wrong with the protection itself."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dicomsniff.association.handshakes import (
    HANDSHAKE_TURNS,
    closed_early,
)
from dicomsniff.association.timeline import Entry
from dicomsniff.association.tls_layer import TlsLayer, TlsTrouble
from dicomsniff.dictionary.tls import FATAL, HARMLESS, TLS_1_2, TLS_1_3, alert_name, version_name
from dicomsniff.dictionary.tls_suites import suite_name
from dicomsniff.findings.codes import by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import is_over_tls
from dicomsniff.findings.handshake_rules import HOW_ENDED, alert_reason, refusal_text
from dicomsniff.findings.parts import the_name
from dicomsniff.findings.review import PATIENCE, Review
from dicomsniff.findings.rule import Hit, entry_rule, final_rule
from dicomsniff.findings.tls_text import HOW_TO_READ, own_certificate, reading_text, the_peer
from dicomsniff.quantities import duration, timestamp
from dicomsniff.tls.events import Problem
from dicomsniff.tls.peer import CLIENT, SERVER, Peer

if TYPE_CHECKING:
    from dicomsniff.tls.certificates import Certificate

_FORBIDDEN = ("_NULL_", "_RC4_", "_RC2_", "_EXPORT_", "_DES_", "_DES40_", "_3DES_", "_anon_", "_IDEA_", "_MD5")
"""What names of suites have in them that must not, or should not, be used (RFC 9325 §4.1)."""
LEAST_MODULUS = 2048
"""Bits of a key of RSA (RFC 9325 §4.5)."""
_DATA_LOST = (Problem.DAMAGED, Problem.NOT_TLS)


@final_rule(code="tls-refused", where=is_over_tls, severity=Severity.ERROR)
def refused(review: Review) -> Iterator[Hit]:
    """The TLS handshake of an association is refused.

    On a port of DICOM one side ended the TLS handshake by a fatal alert, or closed the connection on it without a word,
    or the server answered in another protocol, so that no association could begin. In TLS 1.3 A-ASSOCIATE-RQ may
    be sent before the alert comes.

    What to do: Give both sides certificates that the other one trusts, where asked for also to the client, and TLS
    versions and cipher suites that they have in common (PS3.15 §B.12).
    """
    layer = review.association.tls
    failed = review.failed_handshake
    if layer is None or failed is None:
        return
    # Whoever has sent data has taken the handshake for done; in TLS 1.3 clients do before the server does.
    if layer.is_unread or not layer.session.plaintext[CLIENT if failed.by_client else SERVER]:
        yield Hit(refusal_text(failed), failed.span)


@final_rule(code="tls-closed-early", where=is_over_tls, severity=Severity.ERROR)
def ended_early(review: Review) -> Iterator[Hit]:
    """A server closes a TLS connection right after the handshake.

    The client had done its part of the handshake, and instead of an answer the server closed the connection. So do
    servers that require a client certificate and do not accept what came; in TLS 1.3 the alert that says so is
    encrypted, and the client takes the handshake for done.

    What to do: Look in the server's log for the reason. Give the client a certificate that the server trusts.
    """
    layer = review.association.tls
    if layer is None or not layer.is_unread or review.failed_handshake is not None:
        return
    failed = closed_early(layer)
    if failed is not None:
        yield Hit(refusal_text(failed), failed.span)


@final_rule(code="tls-alert", where=is_over_tls, severity=Severity.ERROR, follows=by("peer", "tls-not-decrypted"))
def ended_by_alert(review: Review) -> Iterator[Hit]:
    """A fatal alert ends TLS under an association.

    One side could not go on with what the other one sent, or with something of its own, and said so by an alert.
    Nothing is sent after that. Where the association was over by then, it is a note.

    What to do: Look in the log of the side that sent the alert. Where it does not authenticate what it received, look
    for what changes bytes on the way.
    """
    association, layer = review.association, review.association.tls
    if layer is None or layer.is_unread:
        return
    for alert, span in layer.alerts:
        is_within = association.start_time <= span.first_time <= association.end_time
        is_later = layer.session.plaintext[alert.peer] > 0  # else the handshake is what failed
        if alert.level != FATAL or alert.description in HARMLESS or not is_within or not is_later:
            continue
        ended = layer.ended
        if ended is not None and ended[0] is not alert.peer and ended[2].first_packet < span.first_packet:
            continue  # it only misses the close_notify of the side that is gone
        whose = layer.side_of(alert.peer, association)
        why = alert_reason(alert.description)
        text = f"{the_peer(layer, alert.peer)} ended TLS by the alert {alert_name(alert.description)}: {why}"
        severity = Severity.NOTE if association.state.is_over and association.abort is None else None
        yield Hit(text, span, side=whose, severity=severity)


@final_rule(code="tls-unanswered", where=is_over_tls, severity=Severity.ERROR)
def unanswered(review: Review) -> Iterator[Hit]:
    """The TLS handshake of an association gets no answer.

    One side did its part of the handshake, and the other one, though TCP was connected, said nothing more until
    somebody gave up. A server that waits for plain DICOM to come does so, a server that hangs, and a device between
    that inspects TLS or chooses the server by the name in the ClientHello.

    What to do: Look in the log of the side that is silent, and see whether it speaks TLS on this port at all. Where it
    stopped within its part, see whether long packets get through (path MTU).
    """
    association, layer = review.association, review.association.tls
    if layer is None or not layer.is_unread or not layer.session.offered_suites or review.failed_handshake is not None:
        return
    turns, ended = layer.turns, layer.ended
    if not 1 <= len(turns) < HANDSHAKE_TURNS or turns[0].peer is not CLIENT:
        return
    is_cut = layer.cut is not None
    silent = turns[-1].peer if is_cut else turns[-1].peer.other
    waited = (ended[2].first_time if ended is not None else association.watched_until) - turns[-1].until
    if waited < PATIENCE or not review.hears(layer.side_of(silent, association)):
        return
    other = silent.other
    if is_cut:
        text = f"{the_peer(layer, silent)} stopped within its part of the TLS handshake with {the_peer(layer, other)}, "
        text += f"and said nothing more in {duration(waited)}"
    else:
        part = ("ClientHello", "ServerHello", "part of the TLS handshake")[len(turns) - 1]
        text = (
            f"{the_peer(layer, silent)} gave no answer to the {part} of {the_peer(layer, other)} in {duration(waited)}"
        )
    if ended is not None:
        text += f"; then {'it' if ended[0] is silent else the_peer(layer, other)} {HOW_ENDED[ended[1]]}"
    yield Hit(text, layer.opening, side=layer.side_of(silent, association))


@final_rule(code="tls-unread", where=is_over_tls, severity=Severity.NOTE)
def unread(review: Review) -> Iterator[Hit]:
    """An association is presumed inside TLS that could not be read.

    The connection is on a port of DICOM, or its client offered to speak DICOM. What it carries is encrypted: without
    the secrets of the session only the handshake tells anything.

    What to do: Have one side write a key log (SSLKEYLOGFILE) and name it by --tls-keylog, or put it in a pcapng file.
    With RSA key exchange the server's private key does, by --tls-key.
    """
    layer = review.association.tls
    if layer is not None and layer.is_unread and not _is_told_why(review, layer):
        if layer.sent.get(CLIENT) == 0 and not layer.session.protected[SERVER]:
            yield Hit("the client sent nothing: there is nothing to read", layer.opening)
            return
        if layer.is_whole and layer.turns and layer.turns[0].peer is CLIENT and _is_all_handshake(layer):
            yield Hit("nothing but the handshake is in the capture: there is nothing to read", layer.opening)
            return
        # Before TLS 1.3 keys come out of both hellos; and which version it is, only they tell.
        session = layer.session
        is_told = session.version is not None or TLS_1_3 in session.offered_versions
        is_begun = session.client_random is not None and is_told
        begun = "" if is_begun else "capture it from its beginning, and then "
        why = f", and {said}" if (said := reading_text(layer)) else ""
        what = "what it carries is encrypted"
        if session.suite is not None and "_NULL_" in suite_name(session.suite):
            what = "what it carries is not encrypted, but shown only where its authenticity can be checked"
        text = f"{what}{why}; to read it: {begun}{HOW_TO_READ}"
        yield Hit(text, layer.opening)


def _is_told_why(review: Review, layer: TlsLayer) -> bool:
    """Whether what was found says why nothing is read: that a part was lost says so only where that is all."""
    why = layer.session.unread or ""
    return any(each.code != "tls-not-decrypted" or why in each.message for each in review.found.all)


def _is_all_handshake(layer: TlsLayer) -> bool:
    """Whether nothing came behind the handshake, or nothing but it could be read with its secrets."""
    session = layer.session
    if session.read_with is not None:
        return session.unread is None
    return len(layer.turns_of_handshake) < HANDSHAKE_TURNS - 1 and not any(session.protected.values())


@entry_rule(code="tls-not-decrypted", severity=Severity.ERROR, on=TlsTrouble)
def not_decrypted(_: object, entry: Entry) -> Iterator[Hit]:
    """Part of a TLS connection could not be decrypted.

    Every record is authenticated before it is read. One that does not authenticate was damaged, or its bytes are not
    all in the capture, or the secrets are those of another session. What follows is read again as soon as a record
    authenticates.

    What to do: See that the key log is of this very session, and that the capture lost no packet.
    """
    if isinstance(entry.event, TlsTrouble):
        trouble = entry.event
        severity = Severity.ERROR if trouble.problem in _DATA_LOST else Severity.WARNING
        yield Hit(f"the {trouble.peer.value}'s TLS: {trouble.text}", severity=severity)


@final_rule(code="tls-version", where=is_over_tls, severity=Severity.WARNING)
def version(review: Review) -> Iterator[Hit]:
    """A TLS version is used that must not be.

    SSL 2.0, SSL 3.0, TLS 1.0 and TLS 1.1 must not be negotiated (BCP 195); the secure transport profiles of DICOM
    (PS3.15 §B.12, §B.13) ask for TLS 1.2 at least.

    What to do: Update the side that offers nothing newer, or allow TLS 1.2 and 1.3 there.
    """
    layer = _working(review)
    chosen = layer.session.version if layer is not None else None
    if layer is not None and chosen is not None and chosen < TLS_1_2:
        offered = max(layer.session.offered_versions, default=chosen)
        who = CLIENT if offered <= chosen else SERVER
        why = "offers nothing newer" if who is CLIENT else f"chose it, where {version_name(offered)} was offered"
        yield Hit(f"{version_name(chosen)} protects the association: {the_peer(layer, who)} {why}", layer.opening)


@final_rule(code="tls-suite", where=is_over_tls, severity=Severity.WARNING)
def suite(review: Review) -> Iterator[Hit]:
    """A cipher suite is used that must not or should not be.

    Suites without encryption or authentication, of export strength, or with RC4, DES, 3DES or MD5 protect nothing, or
    not enough (BCP 195). Key exchange by RSA has no forward secrecy: whoever gets the server's key later reads what was
    captured before. That is a note.

    What to do: Allow the suites of PS3.15 §B.12 on both sides, such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256.
    """
    layer = _working(review)
    chosen = layer.session.suite if layer is not None else None
    if layer is None or chosen is None:
        return
    name = suite_name(chosen)
    if any(each in f"{name}_" for each in _FORBIDDEN):
        yield Hit(f"{name} does not protect the association as it should", layer.opening)
    elif name.startswith("TLS_RSA_") and layer.session.version != TLS_1_3:
        yield Hit(f"{name} has no forward secrecy", layer.opening, severity=Severity.NOTE)


def _working(review: Review) -> TlsLayer | None:
    """Return the TLS that protects an association: not one whose handshake failed, which protects nothing."""
    layer = review.association.tls
    return None if layer is None or (layer.is_unread and review.failed_handshake is not None) else layer


@final_rule(code="tls-certificate-validity", where=is_over_tls, severity=Severity.WARNING)
def validity(review: Review) -> Iterator[Hit]:
    """A certificate was not valid when it was used.

    It had expired, or was not valid yet, at the time of the capture. A peer that looks refuses it.

    What to do: Renew the certificate; see that the clocks of both sides are right.
    """
    now = review.association.start_time
    for layer, peer, certificate in _certificates(review):
        if certificate.not_after is not None and now > certificate.not_after:
            said = f"expired on {timestamp(certificate.not_after, 0)}"
        elif certificate.not_before is not None and now < certificate.not_before:
            said = f"is valid from {timestamp(certificate.not_before, 0)} on only"
        else:
            continue
        yield Hit(f"the certificate of {the_peer(layer, peer)} ({the_name(certificate.subject)}) {said}", layer.opening)


@final_rule(code="tls-certificate-self-signed", where=is_over_tls, severity=Severity.NOTE)
def self_signed(review: Review) -> Iterator[Hit]:
    """A certificate is self-signed.

    Nobody but its owner vouches for it, so that the other side has to know this very certificate to trust it.

    What to do: Nothing, where both sides know each other's certificate; else use a certification authority.
    """
    for layer, peer, certificate in _certificates(review):
        if certificate.is_self_signed:
            who = f"{the_peer(layer, peer)} ({the_name(certificate.subject)})"
            yield Hit(f"the certificate of {who} is self-signed", layer.opening)


@final_rule(code="tls-certificate-key", where=is_over_tls, severity=Severity.WARNING)
def key_length(review: Review) -> Iterator[Hit]:
    """The key of a certificate is too short.

    Keys of RSA and DSA of less than 2048 bits can be broken. A server must not authenticate with one (BCP 195), and
    many peers refuse it; of a client's that is a note.

    What to do: Have a certificate made for a new key, of RSA with 2048 bits or more or on an elliptic curve.
    """
    for layer, peer, certificate in _certificates(review):
        if 0 < certificate.modulus < LEAST_MODULUS:
            who = f"{the_peer(layer, peer)} ({the_name(certificate.subject)})"
            kind = certificate.key.split()[0]
            said = f"has {'an' if kind == 'RSA' else 'a'} {kind} key of {certificate.modulus} bits"
            text = f"the certificate of {who} {said}; {LEAST_MODULUS} are the least"
            yield Hit(text, layer.opening, severity=Severity.WARNING if peer is SERVER else Severity.NOTE)


@final_rule(code="tls-certificate-name", where=is_over_tls, severity=Severity.NOTE)
def name(review: Review) -> Iterator[Hit]:
    """A server's certificate is for another name than the client asked for.

    The client named a server, and the certificate that came is for others. A client that checks names refuses it.

    What to do: Have a certificate made for the name that clients are configured with.
    """
    for layer, peer, certificate in _certificates(review):
        wanted = layer.session.server_name
        if peer is SERVER and wanted and not certificate.covers(wanted):
            names = ", ".join(map(the_name, certificate.names[:_SHOWN_NAMES])) or "no name"
            yield Hit(f"the client asked for {the_name(wanted)}, and the certificate is for {names}", layer.opening)


_SHOWN_NAMES = 3


def _certificates(review: Review) -> "Iterator[tuple[TlsLayer, Peer, Certificate]]":
    """Yield each side's own certificate, as far as it can be read."""
    layer = review.association.tls
    if layer is None or review.association.follows is not None:
        return  # told of the connection's first association
    for peer in (CLIENT, SERVER):
        certificate = own_certificate(layer, peer)
        if certificate is not None:
            yield layer, peer, certificate
