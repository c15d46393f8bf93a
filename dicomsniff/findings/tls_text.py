"""What is told of the TLS that an association came over, in words. Names in certificates are marked (`parts`)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dicomsniff.association.association import Association
from dicomsniff.association.handshakes import ClientCertificate, client_certificate
from dicomsniff.association.preambles import PROXY, Preambles
from dicomsniff.association.tls_layer import TlsLayer
from dicomsniff.dictionary.tls import (
    CERTIFICATE_COMPRESSIONS,
    CLOSE_NOTIFY,
    FATAL,
    alert_name,
    group_name,
    version_name,
)
from dicomsniff.dictionary.tls_suites import suite_name
from dicomsniff.findings.parts import the_address, the_name
from dicomsniff.printable import printable
from dicomsniff.quantities import byte_size, counted, duration, timestamp
from dicomsniff.tls.peer import CLIENT, SERVER, Peer

if TYPE_CHECKING:
    from dicomsniff.tls.certificates import Certificate

_CERTIFICATES = {ClientCertificate.MISSING: "asked for, and none sent", ClientCertificate.SENT: "asked for, and sent"}
_DATE = len("2026-01-31")
HOW_TO_READ = "dicomsniff show CAPTURE --tls-keylog FILE"
"""What reads TLS, where the user has a key log."""


def protection_text(layer: TlsLayer) -> str:
    """Name version and cipher suite: `TLS 1.2, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`; `TLS` before they are known."""
    session = layer.session
    version = version_name(session.version) if session.version is not None else "TLS"
    return version if session.suite is None else f"{version}, {suite_name(session.suite)}"


def reading_text(layer: TlsLayer) -> str:
    """Say how it was read, or why it was not."""
    session = layer.session
    said = f"read with the {session.read_with.value}" if session.read_with is not None and not layer.is_unread else ""
    why = f"not {'all ' if said else ''}read: {session.unread}" if session.unread else ""
    return "; ".join(part for part in (said, why) if part)


def transport_text(association: Association) -> str:
    """Say in a line what an association came over, and behind what; empty where that is bare TCP."""
    layer, preambles = association.tls, association.preambles
    behind = f"behind {preambles_text(preambles)}" if preambles.names else ""
    if layer is None:
        return behind
    parts = [protection_text(layer)]
    if layer.session.resumed:
        parts.append(f"resumed by {layer.session.resumed}")
    if not layer.is_unread and (said := reading_text(layer)):
        parts.append(said)
    if behind:
        parts.append(behind)
    return f"over {parts[0]}" + "".join(f"; {part}" for part in parts[1:])


def preambles_text(found: Preambles) -> str:
    """Say what stands before TLS, or before DICOM, on a connection."""
    client = f", which says that the client is {the_address(found.client)}" if found.client is not None else ""
    said = {PROXY: f"{PROXY}{client}{',' if client and found.names[-1] != PROXY else ''}"}
    return " and ".join(said.get(name, name) for name in found.names)


def handshake_lines(layer: TlsLayer) -> Iterator[str]:
    """Say what the handshake told, a line each: what was offered, chosen, asked for and sent, and alerts."""
    session = layer.session
    if session.offered_versions:
        offers = ", ".join(map(version_name, session.offered_versions))
        suites = sum("SCSV" not in suite_name(each) for each in session.offered_suites)  # such a value is a signal
        asked = [f"{offers} and {counted(suites, 'cipher suite')}"]
        if session.server_name is not None:
            asked.append(f"for {the_name(session.server_name)}")
        if session.offered_protocols:
            asked.append(f"to speak {_protocols(session.offered_protocols)}")
        yield f"the client offers {', '.join(asked)}"
    chosen = [group_name(session.group)] if session.group is not None else []
    chosen += [_protocols((session.protocol,))] if session.protocol is not None else []
    if chosen:
        yield f"the server chose {' and '.join(chosen)}"
    yield from _certificate_lines(layer)
    if said := _CERTIFICATES.get(client_certificate(layer)):
        yield f"client certificate: {said}"
    if session.early_data_offered:
        went = {True: ", and the server took it", False: ", and the server did not take it", None: ""}
        yield f"the client sends early data{went[session.early_data]}"
    for alert, span in layer.alerts:
        if alert.description != CLOSE_NOTIFY:
            level = "fatal " if alert.level == FATAL else ""
            yield f"{level}alert of the {alert.peer.value}: {alert_name(alert.description)}, packet {span.first_packet}"


def own_certificate(layer: TlsLayer, peer: Peer) -> "Certificate | None":
    """Return a side's own certificate; None where it cannot be read, or was not sent in clear and not decrypted."""
    chain = layer.session.certificates.get(peer)
    if not chain:
        return None
    from dicomsniff.tls.certificates import read_certificate  # it loads a library that bare TCP does not need

    return read_certificate(chain[0])


def _certificate_lines(layer: TlsLayer) -> Iterator[str]:
    for peer in (SERVER, CLIENT):
        found = own_certificate(layer, peer)
        if found is not None:
            issuer = "self-signed" if found.is_self_signed else f"issued by {the_name(found.issuer)}"
            times = (found.not_before, found.not_after)
            first, last = ("?" if each is None else timestamp(each, 0)[:_DATE] for each in times)
            said = f"{the_name(found.subject)}, {issuer}, {found.key}, valid from {first} to {last}"
            yield f"certificate of the {peer.value}: {said}"
        elif (raw := layer.session.raw_keys.get(peer)) is not None:
            from dicomsniff.tls.certificates import read_key

            yield f"key of the {peer.value}: {read_key(raw) or 'it cannot be read'}, in no certificate (RFC 7250)"
        elif layer.session.certificates.get(peer):
            yield f"certificate of the {peer.value}: it cannot be read"
        elif (compressed := layer.session.compressed.get(peer)) is not None:
            algorithm, length = compressed
            how = CERTIFICATE_COMPRESSIONS.get(algorithm, f"algorithm {algorithm}")
            said = f"compressed by {how}, {counted(length, 'byte')} when decompressed; it is not read"
            yield f"certificate of the {peer.value}: {said}"


def _protocols(names: tuple[bytes, ...]) -> str:
    return ", ".join(printable(name.decode("ascii", "backslashreplace")) for name in names)


def amounts_text(association: Association, layer: TlsLayer) -> str:
    """Say how much each side sent and how long it took: `3 kB from … and 5 kB from … in 1.2 s`."""
    sent = [f"{byte_size(layer.sent[peer])} from the {peer.value}" for peer in (CLIENT, SERVER) if peer in layer.sent]
    took = duration(association.end_time - association.start_time)
    return f"{' and '.join(sent)} in {took}" if sent else f"so far {took}"


def the_peer(layer: TlsLayer, peer: Peer) -> str:
    """Mark the address of the client or the server; a client's port tells nothing."""
    return the_address(layer.client.address if peer is CLIENT else layer.server)
