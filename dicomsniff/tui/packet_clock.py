"""What time it is by the clock of a capture that goes on, also while no packets come; and how fast they come."""

import time
from collections.abc import Callable


class PacketClock:
    """Goes on from the latest packet's time with this machine's clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._latest = 0
        self._since = clock()

    def now(self, latest: int | None) -> int:
        """Return the time (ns since 1970), given that of the latest packet."""
        if latest is not None and latest != self._latest:
            self._latest, self._since = latest, self._clock()
        return self._latest + round((self._clock() - self._since) * 1e9) if self._latest else 0


class PacketRate:
    """Counts how many packets came a second, from one look to the next."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._packets, self._since = 0, clock()

    def take(self, packets: int) -> float:
        """Return how many came a second since the last time, given how many came in all."""
        before, self._packets = self._packets, packets
        since, self._since = self._since, self._clock()
        return (packets - before) / max(self._since - since, 1e-3)
