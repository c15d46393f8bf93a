"""IP fragments -> whole IP payloads (RFC 791 §3.2, RFC 8200 §4.5), in bounded memory."""

from msgspec import Struct, field

MAX_DATAGRAMS = 256
"""Datagrams waiting for fragments at a time; the oldest gives way."""
MAX_AGE = 60 * 1_000_000_000
"""ns of capture time after which missing fragments are not waited for."""
MAX_DATAGRAM = 65535

Key = tuple[bytes, bytes, int, int]


class _Datagram(Struct):
    begun: int
    pieces: dict[int, bytes] = field(default_factory=dict)
    end: int | None = None


class FragmentTable:
    """Joins fragments by (source, destination, identification, protocol)."""

    def __init__(self) -> None:
        self._waiting: dict[Key, _Datagram] = {}
        self.given_up = 0
        """Datagrams that never became whole."""

    def feed(self, key: Key, offset: int, body: bytes, more: bool, time: int) -> bytes | None:
        """Take a fragment at `offset` (bytes); return the datagram's payload once it is whole."""
        datagram = self._waiting.get(key)
        if datagram is not None and time - datagram.begun > MAX_AGE:
            del self._waiting[key]
            self.given_up += 1
            datagram = None
        if offset + len(body) > MAX_DATAGRAM:
            return None
        if datagram is None:
            if len(self._waiting) >= MAX_DATAGRAMS:
                del self._waiting[next(iter(self._waiting))]
                self.given_up += 1
            datagram = self._waiting[key] = _Datagram(time)
        if len(datagram.pieces.get(offset, b"")) < len(body):
            datagram.pieces[offset] = body
        if not more:
            datagram.end = offset + len(body)
        whole = _join(datagram)
        if whole is not None:
            del self._waiting[key]
        return whole


def _join(datagram: _Datagram) -> bytes | None:
    if datagram.end is None:
        return None
    whole = bytearray()
    for offset, piece in sorted(datagram.pieces.items()):
        if offset > len(whole):
            return None
        whole[offset : offset + len(piece)] = piece
    return bytes(whole[: datagram.end]) if len(whole) >= datagram.end else None
