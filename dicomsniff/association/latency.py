"""How long answers took, per service: count, median, worst; in memory that does not grow with them."""

from array import array

EXACT = 1000
"""Latencies kept one by one; beyond, they are counted by size."""
_LONGEST = (1 << 64) - 1
"""A latency (ns) beyond this, 584 years, counts as this for the median: records may announce any time."""
_STEPS = 16
"""Sizes told apart between a power of two and the next: percentiles of more than EXACT are at most 1/16 too low."""


class Latency:
    """Latencies of one service, in ns. `worst_message` is the number of the answer that took longest."""

    __slots__ = ("_few", "_many", "count", "worst", "worst_message")

    def __init__(self) -> None:
        self.count = 0
        self.worst = 0
        self.worst_message = 0
        self._few = array("Q")
        self._many: array[int] | None = None

    def add(self, latency: int, message: int) -> None:
        """Count an answer, which has this number among the association's messages."""
        self.count += 1
        if latency > self.worst or not self.worst_message:
            self.worst, self.worst_message = latency, message
        latency = min(latency, _LONGEST)
        if self._many is not None:
            self._many[_size(latency)] += 1
        elif len(self._few) < EXACT:
            self._few.append(latency)
        else:
            self._many = array("Q", bytes(8 * 64 * _STEPS))
            for each in (*self._few, latency):
                self._many[_size(each)] += 1
            self._few = array("Q")

    @property
    def median(self) -> int:
        """The middle latency (the lower one of two), exactly where at most EXACT were counted; 0 where none was."""
        return self.percentile(50)

    def percentile(self, percent: int) -> int:
        """The latency that so many percent do not exceed, as exactly as the median; 0 where none was counted."""
        if self._many is None:
            place = -(-len(self._few) * percent // 100) - 1
            return sorted(self._few)[max(0, place)] if self._few else 0
        before = 0
        for size, count in enumerate(self._many):
            before += count
            if 100 * before >= percent * self.count:
                return _least(size)
        return self.worst


def _size(latency: int) -> int:
    """The place of a latency among sizes: the power of two below it, and the step above that."""
    power = max(latency.bit_length() - 1, 4)
    return power * _STEPS + (latency >> power - 4) % _STEPS


def _least(size: int) -> int:
    power, step = divmod(size, _STEPS)
    return (_STEPS + step) << power - 4
