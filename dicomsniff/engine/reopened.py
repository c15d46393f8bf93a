"""An association whose details were given up -> the same with all of them: its packets are analyzed once more."""

from collections.abc import Iterable

from dicomsniff.association.association import Association
from dicomsniff.capture.packets import IncompleteError, PacketSource
from dicomsniff.capture.segments import both_flows, flow_between
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.tls.vault import Vault

MAX_READ = 256 << 20
"""Bytes of the capture that are gone through for it; other connections lie among its packets."""


def reopen(
    packets: PacketSource, association: Association, ports: int | Iterable[int] = (), vault: Vault | None = None
) -> Association:
    """Return it, with the number it had; CaptureError where its packets are not found again.

    One that came over TLS is decrypted with the secrets of `vault`.
    """
    whole = association.whole
    if whole is None:
        return association
    flow = flow_between(association.requestor.endpoint, association.acceptor.endpoint)
    again = Analyzer(ports=ports, findings=False, vault=vault, flows=both_flows(flow))
    read = 0
    for batch in packets.batches_from(whole.offset, whole.first_packet):
        again.feed(batch)
        read += len(batch.data)
        if batch.first_number + len(batch.starts) > whole.last_packet or read > MAX_READ:
            break
    again.close()
    for found in again.associations:
        if found.start_time == association.start_time:
            _take_over(found, association)
            return found
    raise IncompleteError(f"association {association.id} was not found again in the capture")


def _take_over(found: Association, association: Association) -> None:
    """Give what was found again all that its packets alone do not tell."""
    found.id, found.follows = association.id, association.follows
    found.ended_by_capture, found.watched_until = association.ended_by_capture, association.watched_until
    found.lost_until = association.lost_until
    for message in found.messages:
        message.association_id = found.id
