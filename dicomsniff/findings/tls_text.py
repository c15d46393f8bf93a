"""What is told of the TLS that an association came over, in words. Names in certificates are marked (`parts`)."""

from dicomsniff.association.association import Association
from dicomsniff.association.tls_layer import TlsLayer
from dicomsniff.dictionary.tls import version_name
from dicomsniff.dictionary.tls_suites import suite_name
from dicomsniff.findings.parts import the_address
from dicomsniff.quantities import byte_size, duration
from dicomsniff.tls.peer import CLIENT, SERVER, Peer

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


def tls_text(association: Association) -> str:
    """Say in a line what an association came over; empty where that is bare TCP."""
    layer = association.tls
    if layer is None:
        return ""
    parts = [protection_text(layer)]
    if layer.session.resumed:
        parts.append(f"resumed by {layer.session.resumed}")
    if not layer.is_unread and (said := reading_text(layer)):
        parts.append(said)
    return f"over {parts[0]}" + "".join(f"; {part}" for part in parts[1:])


def amounts_text(association: Association) -> str:
    """Say how much each side sent and how long it took: `3 kB from … and 5 kB from … in 1.2 s`."""
    layer = association.tls
    if layer is None:
        return ""
    sent = [f"{byte_size(layer.sent[peer])} from the {peer.value}" for peer in (CLIENT, SERVER) if peer in layer.sent]
    took = duration(association.end_time - association.start_time)
    return f"{' and '.join(sent)} in {took}" if sent else f"so far {took}"


def the_peer(layer: TlsLayer, peer: Peer) -> str:
    """Mark the address of the client or the server; a client's port tells nothing."""
    return the_address(layer.client.address if peer is CLIENT else layer.server)
