"""Lines that wait until their association is over: in memory while they are few, else in one temporary file."""

import pickle
from typing import IO

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.export.pieces import Pieces
from dicomsniff.export.view import Asked, HeadedView
from dicomsniff.library import Capture

IN_MEMORY = 4 << 20
"""Characters of lines that wait in memory, of all associations."""


class Drafts:
    """The lines of each association that is not over."""

    def __init__(self) -> None:
        self._pieces = Pieces()
        self._open: dict[int, list[str]] = {}
        self._places: dict[int, int] = {}
        self._size = 0

    def add(self, association: int, line: str) -> None:
        """Add a line to an association's."""
        self._open.setdefault(association, []).append(line)
        self._size += len(line)
        if self._size > IN_MEMORY:
            for number, lines in self._open.items():
                self._places[number] = self._pieces.add(pickle.dumps(lines), self._places.get(number, 0))
            self._open.clear()
            self._size = 0

    def take(self, association: int) -> list[str]:
        """Return the lines of an association, which is over, and let go of them."""
        last = self._places.pop(association, 0)
        stored = [line for place in self._pieces.chain(last) for line in pickle.loads(self._pieces.read(place))]
        lines = self._open.pop(association, [])
        self._size -= sum(map(len, lines))
        return stored + lines

    def close(self) -> None:
        """Let go of the temporary file."""
        self._pieces.close()


class DraftedView(HeadedView):
    """A view that says of each association, when it is over, what was to be said of its entries."""

    collects = tells_entries = True

    def __init__(self, capture: Capture, out: IO[str], asked: Asked) -> None:
        super().__init__(capture, out, asked)
        self.drafts = Drafts()

    def entries(self, updates: list[Update]) -> None:
        """Keep what is to be said of entries until their association is over."""
        for association, entry in updates:
            self.keep(association, self.entry_line(association, entry))

    def put(self, association: Association, number: int, line: str) -> None:  # noqa: ARG002
        """Keep what is to be said of an entry that is shown."""
        self.keep(association, line)

    def keep(self, association: Association, line: str) -> None:
        """Keep a line until its association is over."""
        self.drafts.add(association.id, line)

    def passed(self, association: Association) -> None:
        """Nothing is shown of an association."""
        self.drafts.take(association.id)

    def close(self) -> None:
        """Let go of temporary files."""
        self.drafts.close()
        super().close()
