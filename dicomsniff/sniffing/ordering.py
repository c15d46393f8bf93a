"""Packets of several interfaces -> the same in the order in which they were captured.

Each interface hands its packets over in order, but up to a second late, and each at another time. Where a tap gives the
two directions of a link to two interfaces, an answer would come before its request.
"""

import struct
import time
from collections import deque
from collections.abc import Iterator
from itertools import takewhile
from math import inf
from operator import itemgetter
from typing import NamedTuple

from dicomsniff.sniffing.blocks import PACKET_HEAD
from dicomsniff.sniffing.translation import DESCRIPTION, NOTHING, PACKET, Taken

HOLD = 1.1
"""Seconds for which a packet waits for older ones at most: tcpdump takes them from the kernel once a second."""
MAX_HELD = 64 << 20
"""Bytes that wait at most; beyond, the oldest wait no longer."""


class _Waiting(NamedTuple):
    time: int
    """When it was captured, in the unit of the mover."""
    came: float
    """When it came here (s, monotonic)."""
    block: bytes


class Ordering:
    """Holds packets of several interfaces back until none that is older can come. Of one interface none waits.

    `tick` is the unit (ns) of the times in blocks. Other blocks never wait.
    """

    def __init__(self, tick: int) -> None:
        self._tick = tick
        self._interfaces = 0
        self._waiting: dict[int, deque[_Waiting]] = {}
        """By interface; where nothing waits any more, the queue stays."""
        self._newest: dict[int, int] = {}
        """When the newest packet of an interface was captured."""
        self._held = 0

    def take(self, taken: Taken) -> Taken:
        """Take what has come, and return what waits no longer."""
        self._interfaces += sum(head.startswith(DESCRIPTION) for head in taken.heads)
        if self._interfaces < 2:
            return taken
        now, others = time.monotonic(), list[bytes]()
        for kind, block in _blocks(taken.data):
            if kind != PACKET:
                others.append(block)
                continue
            _, _, interface, high, low, _, _ = PACKET_HEAD.unpack_from(block)
            at = high << 32 | low
            self._waiting.setdefault(interface, deque()).append(_Waiting(at, now, block))
            self._newest[interface] = max(at, self._newest.get(interface, 0))
            self._held += len(block)
        due = self.pop()
        return Taken(b"".join(others) + due.data, due.packets, taken.heads)

    def pop(self, *, everything: bool = False) -> Taken:
        """Return what waits no longer by now, or everything."""
        if not self._held:
            return NOTHING
        limit = inf if everything else self._limit()
        due = list[_Waiting]()
        while True:
            for queue in self._waiting.values():
                while queue and queue[0].time <= limit:
                    due.append(queue.popleft())
                    self._held -= len(due[-1].block)
            if self._held <= MAX_HELD:
                break
            limit = min(queue[0].time for queue in self._waiting.values() if queue)
        due.sort(key=itemgetter(0))
        return Taken(b"".join(each.block for each in due), len(due)) if due else NOTHING

    def _limit(self) -> float:
        """Up to when every packet that was captured has come."""
        limit = (time.time_ns() - HOLD * 1e9) // self._tick
        if len(self._newest) == self._interfaces:
            limit = max(limit, min(self._newest.values()))
        last = time.monotonic() - HOLD  # clocks may be set back
        late = (each.time for queue in self._waiting.values() for each in takewhile(lambda it: it.came <= last, queue))
        return max(limit, max(late, default=0))


def _blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield whole blocks, each with its type."""
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("<LL", data, at)
        yield kind, data[at : at + length]
        at += length
