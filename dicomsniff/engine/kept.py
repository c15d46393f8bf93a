"""The associations that are kept, and no more of them than may be."""

from collections import deque
from collections.abc import Sequence
from enum import Enum
from math import inf

from dicomsniff.association.association import Association
from dicomsniff.capture.packets import IncompleteError
from dicomsniff.findings.collector import Collector
from dicomsniff.findings.verdicts import verdict
from dicomsniff.tcp.table import ConnectionTable

MAX_ENTRIES = 250_000
"""Timeline entries kept of all associations; beyond, those that ended first are condensed, or it is an error."""
MAX_ASSOCIATIONS = 100_000
"""Associations kept; beyond, those that ended first are forgotten, and only counted, or it is an error."""
LATEST_ENTRIES, LATEST_ASSOCIATIONS = 10_000, 5_000
"""The same where there is no end: what is older is gone back for in the capture, as far as that is kept."""
MAX_LISTED = 100_000
"""Timeline entries listed of one association, where the latest ones are kept; counts cover all."""
MAX_OPEN_ENTRIES = 40_000
"""Timeline entries kept of all associations that have not ended, where they are handed over at their end."""
SHORT = 200
"""Timeline entries up to which a connection may leave memory with them; longer lists are shortened instead."""


class Keep(Enum):
    """Which associations are kept. Those that are handed over once they ended need no memory after that."""

    OPEN = "those that have not ended"
    """Each is handed over once it ended (`pop_closed`): memory does not grow, whatever the capture holds."""
    LATEST = "all, with the details of the latest"
    """For views that watch for hours: those that ended first are condensed, at last forgotten."""
    ALL = "all, with all details"
    """More than MAX_ENTRIES or MAX_ASSOCIATIONS raise IncompleteError."""


class Kept:
    """What is kept of associations is up to `keep`; what was found about those that are condensed, too, in `found`.

    With `watches`, there is no end, and only the latest keep their details.
    """

    def __init__(self, keep: Keep, found: Collector, *, watches: bool) -> None:
        self.keep = keep
        self._found = found
        self._watches = watches
        self.associations: dict[int, Association] = {}
        """By their ids, in the order in which they were recognized."""
        self._ended: deque[Association] = deque()
        self.entries = 0
        """At least as many timeline entries are kept, and no more than this."""

    def add(self, associations: Sequence[Association]) -> None:
        """Take associations that were just recognized."""
        for association in associations:
            association.room = self._room
        if self.keep is not Keep.OPEN:
            self.associations.update((association.id, association) for association in associations)

    def adopt(self, association: Association) -> None:
        """Take an association with all that it will ever list."""
        self.associations[association.id] = association
        self.entries += len(association.timeline)

    def end(self, association: Association) -> None:
        """Note that an association is over."""
        self._ended.append(association)

    def pop_ended(self) -> list[Association]:
        """Hand over the associations that ended since the last time; they are not kept any longer."""
        taken = list(self._ended)
        self._ended.clear()
        for association in taken:
            self.associations.pop(association.id, None)
        return taken

    def bound(self, table: ConnectionTable) -> None:
        """Keep no more than may be kept, of those on the connections of a table, too."""
        if self.keep is Keep.OPEN:
            if self.entries > MAX_OPEN_ENTRIES:
                self._shorten(table)
        elif self.keep is Keep.LATEST:
            self._condense()
        elif self.entries > MAX_ENTRIES or len(self.associations) > MAX_ASSOCIATIONS:
            limit = f"{MAX_ENTRIES:,} timeline entries (MAX_ENTRIES)"
            if len(self.associations) > MAX_ASSOCIATIONS:
                limit = f"{MAX_ASSOCIATIONS:,} associations (MAX_ASSOCIATIONS)"
            raise IncompleteError(
                f"the capture holds more than {limit}, too many to keep all at a time; take each association when it "
                "ends instead: for association in capture.closed()"
            )

    @property
    def _room(self) -> float:
        """How many timeline entries are listed of one association."""
        if self.keep is Keep.OPEN:
            return MAX_OPEN_ENTRIES
        return MAX_LISTED if self.keep is Keep.LATEST else inf

    def _condense(self) -> None:
        """Give up the details of associations that ended first, at last the associations."""
        entries, associations = MAX_ENTRIES, MAX_ASSOCIATIONS
        if self._watches:
            entries, associations = LATEST_ENTRIES, LATEST_ASSOCIATIONS
        if self.entries > entries:
            self.entries = sum(len(association.timeline) for association in self.associations.values())
        if self.entries > entries:
            for association in self._ended:
                if not association.condensed:
                    self.entries -= len(association.timeline)
                    found = self._found.of(association)
                    association.condense(verdict(association, found))
                    found.condense()
                if self.entries <= entries // 2:
                    break
        while len(self.associations) > associations and self._ended:
            del self.associations[self._ended.popleft().id]

    def _shorten(self, table: ConnectionTable) -> None:
        """Count short lists as weight, with which connections leave memory; shorten others, to a fair share each."""
        long: list[Association] = []
        for connection in table:
            if connection.consumer is not None:
                associations = connection.consumer.associations
                entries = sum(len(association.timeline) for association in associations)
                table.weigh(connection, connection.consumer.weight + min(entries, SHORT))
                long += associations if entries > SHORT else []
        listed = [len(association.timeline) for association in long]
        if sum(listed) > MAX_OPEN_ENTRIES:
            share = fair_share(listed, MAX_OPEN_ENTRIES * 3 // 4)
            for association in long:
                association.shorten(share)
        self.entries = sum(len(association.timeline) for association in long)


def fair_share(lengths: list[int], room: int) -> int:
    """Return how long each may be at most, so that all have room together."""
    left, count = room, len(lengths)
    for length in sorted(lengths):
        if length * count > left:
            return left // count
        left, count = left - length, count - 1
    return room
