"""Associations with C-MOVEs that are over: they are judged when it is known what these brought (PS3.4 §C.4.2)."""

from collections import deque
from collections.abc import Callable, Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.moves import PATIENCE, find_moves

MAX_WAITING = 1_000
"""How many associations wait; of more, the first ones wait no longer."""
MAX_LISTED = 20_000
"""Timeline entries that they may list together; of more, the first ones wait no longer."""


class Moving:
    """Takes associations with C-MOVEs that are over; gives each when all is over that it may have caused."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Association, int, frozenset[str], int]] = deque()
        """Each with the time (ns) of its end, the addresses from which its deliveries come, and how much it lists."""
        self._entries = 0
        self._looks_at = 0
        """When (ns) it is looked again at who goes on: there may be a block for every packet."""

    def add(self, association: Association) -> None:
        """Take one that is over."""
        moves = find_moves(association)
        over = max((move.over_at for move in moves), default=association.end_time)
        listed = len(association.timeline)
        self._waiting.append((association, over, frozenset(move.provider for move in moves), listed))
        self._entries += listed

    def take_due(self, now: int, senders: Callable[[], set[str]]) -> Iterator[Association]:
        """Give those that need not wait longer at `now` (ns); `senders` returns whose associations go on."""
        is_full = len(self._waiting) > MAX_WAITING or self._entries > MAX_LISTED
        if not self._waiting or (now < self._looks_at and not is_full):
            return
        self._looks_at = now + PATIENCE
        going_on: set[str] | None = None
        waiting, self._waiting = self._waiting, deque()
        while waiting:
            association, over, providers, listed = waiting.popleft()
            is_due = len(waiting) >= MAX_WAITING or self._entries > MAX_LISTED
            if not is_due and now > over + PATIENCE:
                going_on = senders() if going_on is None else going_on
                is_due = going_on.isdisjoint(providers)
            if is_due:
                self._entries -= listed
                yield association
            else:
                self._waiting.append((association, over, providers, listed))

    def take_all(self) -> Iterator[Association]:
        """Give all: nothing more can come."""
        while self._waiting:
            yield self._waiting.popleft()[0]
        self._entries = 0
