"""A view that says of each association, when it is over, what was to be said of its entries."""

from collections.abc import Iterable
from typing import IO

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.export.drafts import Drafts
from dicomsniff.export.show import InOrder, Turn
from dicomsniff.export.view import Asked, HeadedView
from dicomsniff.filter.selection import Chosen
from dicomsniff.library import Capture


class DraftedView(HeadedView):
    """Keeps the lines of entries until their association is over; tells of associations as they began."""

    keeps = True

    collects = tells_entries = True

    def __init__(self, capture: Capture, out: IO[str], asked: Asked) -> None:
        super().__init__(capture, out, asked)
        self.drafts = Drafts[str]()
        self._queue = InOrder()

    def tell(self, association: Association, chosen: Chosen) -> None:
        """Take an association that is over, in its turn, and what is shown of it."""
        raise NotImplementedError

    def entries(self, updates: list[Update]) -> None:
        """Keep what is to be said of entries until their association is over."""
        for association, entry in updates:
            self.keep(association, self.entry_line(association, entry))

    def put(self, association: Association, number: int, line: str) -> None:  # noqa: ARG002
        """Keep what is to be said of an entry that is shown."""
        self.keep(association, line)

    def keep(self, association: Association, line: str) -> None:
        """Keep a line until its association is over."""
        self.drafts.add(association.id, line, len(line))

    def closed(self, association: Association, chosen: Chosen) -> None:
        """Tell of those associations of which it is the turn."""
        self._tell(self._queue.add(association, chosen))

    def passed(self, association: Association) -> None:
        """Wait no longer for an association of which nothing is shown."""
        self.drafts.take(association.id)
        self._tell(self._queue.add(association, None))

    def end(self) -> None:
        """Tell of the rest."""
        self._tell(self._queue.rest())

    def close(self) -> None:
        """Let go of temporary files."""
        self.drafts.close()
        super().close()

    def _tell(self, turns: Iterable[Turn]) -> None:
        for association, chosen in turns:
            if chosen is not None:
                self.tell(association, chosen)
