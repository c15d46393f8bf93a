"""What the reading thread tells the app."""

from collections.abc import Sequence

from textual.message import Message

from dicomsniff.association.association import Association
from dicomsniff.tui.link_book import LinkBook
from dicomsniff.tui.shelf import Shelved


class CaptureAdvanced(Message):
    """More of the capture was read: associations recognized since the last time, and the latest with a new entry.

    `book` says what belongs together, where that is worth telling anew; `kept` is every association there still is,
    where many are not kept any longer; `shelved` are those of which copies were put on the shelf.
    """

    def __init__(
        self,
        associations: list[Association],
        latest: Association | None,
        book: LinkBook | None = None,
        kept: list[Association] | None = None,
        shelved: Sequence[Shelved] = (),
    ) -> None:
        self.associations = associations
        self.latest = latest
        self.book = book
        self.kept = kept
        self.shelved = shelved
        super().__init__()


class CaptureEnded(Message):
    """Reading is over; `problem` says why where it failed."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__()
