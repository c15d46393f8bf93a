"""A view that says of each association, when it is over, what was to be said of its entries."""

from typing import IO

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.export.drafts import Drafts
from dicomsniff.export.view import Asked, HeadedView
from dicomsniff.library import Capture


class DraftedView(HeadedView):
    """Keeps the lines of entries until their association is over."""

    collects = tells_entries = True

    def __init__(self, capture: Capture, out: IO[str], asked: Asked) -> None:
        super().__init__(capture, out, asked)
        self.drafts = Drafts[str]()

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

    def passed(self, association: Association) -> None:
        """Nothing is shown of an association."""
        self.drafts.take(association.id)

    def close(self) -> None:
        """Let go of temporary files."""
        self.drafts.close()
        super().close()
