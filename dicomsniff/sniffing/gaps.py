"""For how long not all was captured, whichever of several interfaces was away: what overlaps counts once."""

MAX_APART = 1000
"""Times that are told apart; of further ones it is not found out whether one before overlaps them."""


class Gaps:
    """The union of times (s, of one clock) in which an interface was away."""

    def __init__(self) -> None:
        self._earlier = 0.0
        self._apart: list[tuple[float, float]] = []

    def add(self, start: float, end: float) -> None:
        """Take a time in which one was away."""
        apart = []
        for each in self._apart:
            if each[0] <= end and start <= each[1]:
                start, end = min(start, each[0]), max(end, each[1])
            else:
                apart.append(each)
        self._apart = sorted([*apart, (start, end)])
        if len(self._apart) > MAX_APART:
            first, last = self._apart.pop(0)
            self._earlier += last - first

    @property
    def seconds(self) -> float:
        """How long they are, taken together."""
        return self._earlier + sum(end - start for start, end in self._apart)
