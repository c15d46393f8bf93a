"""Connections of one capture, dealt out to several parts: each reads all packets, and follows some of them."""

from zlib import crc32

from dicomsniff.capture.segments import one_way

MAX_KNOWN = 100_000
"""Flows of which it is remembered whether they are in a share."""
_SPREAD = 0x9E3779B1
"""Multiplied by it, sums of ends that differ little differ in the bits that are looked at (Fibonacci hashing)."""


class Share:
    """A container of the flows of about one in `count` connections: of both directions, in whichever process.

    `number` tells one share from others, from 0 on: every connection is in exactly one of them.
    """

    def __init__(self, number: int, count: int) -> None:
        self._number, self._count = number, count
        self._known: dict[bytes, bool] = {}

    def __contains__(self, flow: object) -> bool:
        if not isinstance(flow, bytes):
            return False
        known = self._known.get(flow)
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            known = self._known[flow] = (crc32(one_way(flow)) * _SPREAD >> 16 & 0xFFFF) % self._count == self._number
        return known

    def __reduce__(self) -> tuple[type["Share"], tuple[int, int]]:
        return Share, (self._number, self._count)
