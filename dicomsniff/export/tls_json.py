"""The TLS that an association came over -> JSON. It has no secret to tell."""

from typing import TYPE_CHECKING

from dicomsniff.association.association import Association
from dicomsniff.association.handshakes import client_certificate
from dicomsniff.association.preambles import Preambles
from dicomsniff.association.tls_layer import TlsLayer
from dicomsniff.dictionary.tls import ALERTS, group_name, version_name
from dicomsniff.dictionary.tls_suites import suite_name
from dicomsniff.export import Json, direction
from dicomsniff.privacy.gate import Gate
from dicomsniff.quantities import timestamp
from dicomsniff.side import Side
from dicomsniff.tls.peer import CLIENT, Peer

if TYPE_CHECKING:
    from dicomsniff.tls.certificates import Certificate


def tls_json(association: Association, layer: TlsLayer, gate: Gate) -> Json:
    """Describe the TLS that an association came over."""
    session = layer.session
    client = layer.side_of(CLIENT, association)
    return {
        "client": "requestor" if client is Side.REQUESTOR else "acceptor",
        "decrypted": not layer.is_unread,
        "read_with": session.read_with.value if session.read_with is not None else None,
        "unread": session.unread,
        "version": version_name(session.version) if session.version is not None else None,
        "offered_versions": [version_name(each) for each in session.offered_versions],
        "cipher_suite": suite_name(session.suite) if session.suite is not None else None,
        "offered_cipher_suites": [suite_name(each) for each in session.offered_suites],
        "group": group_name(session.group) if session.group is not None else None,
        "server_name": gate.address(session.server_name) if session.server_name is not None else None,
        "application_protocol": _protocol(session.protocol) if session.protocol is not None else None,
        "offered_application_protocols": [_protocol(each) for each in session.offered_protocols],
        "client_certificate": client_certificate(layer).value,
        "certificates": {peer.value: _certificates(layer, peer, gate) for peer in Peer},
        **_raw_keys(layer),
        "resumed_by": session.resumed,
        "alerts": [
            {
                "direction": direction(layer.side_of(alert.peer, association)),
                "level": alert.level,
                "description": alert.description,
                "name": ALERTS.get(alert.description),
                "encrypted": not alert.is_plain,
                "packet": span.first_packet,
            }
            for alert, span in layer.alerts
        ],
        "bytes": {peer.value: count for peer, count in sorted(layer.sent.items(), key=lambda each: each[0].value)},
        **preambles_json(association.preambles, gate),
    }


def _raw_keys(layer: TlsLayer) -> Json:
    from dicomsniff.tls.certificates import read_key

    keys = {peer.value: read_key(key) or None for peer, key in layer.session.raw_keys.items()}
    return {"raw_public_keys": keys} if keys else {}


def preambles_json(found: Preambles, gate: Gate) -> Json:
    """Describe what stands before TLS, or before DICOM, on a connection; nothing where nothing does."""
    client = {"named_client": gate.address(str(found.client))} if found.client is not None else {}
    return {"behind": list(found.names), **client} if found.names else {}


def _protocol(name: bytes) -> str:
    return name.decode("ascii", "backslashreplace")


def _certificates(layer: TlsLayer, peer: Peer, gate: Gate) -> list[Json]:
    from dicomsniff.tls.certificates import read_certificate

    chain = layer.session.certificates.get(peer, ())
    return [_certificate(found, gate) for found in map(read_certificate, chain) if found is not None]


def _certificate(certificate: "Certificate", gate: Gate) -> Json:
    return {
        "subject": gate.address(certificate.subject),
        "issuer": gate.address(certificate.issuer),
        "names": [gate.address(name) for name in certificate.names],
        "not_before": timestamp(certificate.not_before, 0) if certificate.not_before is not None else None,
        "not_after": timestamp(certificate.not_after, 0) if certificate.not_after is not None else None,
        "key": certificate.key,
        "self_signed": certificate.is_self_signed,
    }
