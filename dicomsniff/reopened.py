"""An association whose details were given up -> the same with all of them: its packets are analyzed once more."""

from collections.abc import Iterable, Iterator

from dicomsniff.analyzer import Analyzer
from dicomsniff.association.association import Association
from dicomsniff.capture.packets import IncompleteError, PacketBatch, PacketSource
from dicomsniff.capture.segments import Segment, flow_between, reverse_flow
from dicomsniff.tls.vault import Vault

MAX_READ = 256 << 20
"""Bytes of the capture that are gone through for it; other connections lie among its packets."""


class _OneConnection(Analyzer):
    """Analyzes nothing but the segments of one connection."""

    def __init__(self, flow: bytes, ports: int | Iterable[int], vault: Vault | None) -> None:
        super().__init__(ports=ports, findings=False, vault=vault)
        self._flows = flow, reverse_flow(flow)

    def _segments(self, batch: PacketBatch) -> Iterator[Segment]:
        return (segment for segment in super()._segments(batch) if segment[3] in self._flows)


def reopen(
    packets: PacketSource, association: Association, ports: int | Iterable[int] = (), vault: Vault | None = None
) -> Association:
    """Return it, with the number it had; CaptureError where its packets are not found again.

    One that came over TLS is decrypted with the secrets of `vault`.
    """
    whole = association.whole
    if whole is None:
        return association
    again = _OneConnection(flow_between(association.requestor.endpoint, association.acceptor.endpoint), ports, vault)
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
