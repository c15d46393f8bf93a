"""What waits until an association is over: in memory while that is little, of all associations, else in one file."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import Generic, TypeVar

from msgspec import Struct, field

from dicomsniff.export.pieces import Pieces

IN_MEMORY = 4 << 20
"""Characters that wait in memory, of all associations; more wait in a temporary file."""
MOST = 4
"""The file has at most so many times the bytes that still wait, and IN_MEMORY more."""

Item = TypeVar("Item")


class _Draft(Struct, Generic[Item]):
    """What waits of one association: in memory, and the place of the latest of it in the file."""

    items: list[Item] = field(default_factory=list)
    size: int = 0
    place: int = 0
    stored: int = 0
    """Bytes of it in the file."""


class Drafts(Generic[Item]):
    """What is to be said of each association that is not over."""

    def __init__(self) -> None:
        self._pieces = Pieces()
        self._open: defaultdict[int, _Draft[Item]] = defaultdict(_Draft)
        self._size = 0
        self._stored_size = 0
        """Bytes in the file of associations that are not over."""

    def add(self, association: int, item: Item, size: int) -> None:
        """Add something of so many characters to what waits of an association."""
        draft = self._open[association]
        draft.items.append(item)
        draft.size += size
        self._size += size
        if self._size > IN_MEMORY:
            self._store()

    def take(self, association: int) -> Iterator[Item]:
        """Let go of what waits of an association, which is over; what is returned holds until something is added."""
        draft = self._open.pop(association, None)
        if draft is None:
            return iter(())
        self._size -= draft.size
        self._stored_size -= draft.stored
        return chain(self._stored(draft.place), draft.items)

    def close(self) -> None:
        """Let go of the temporary file."""
        self._pieces.close()

    def _store(self) -> None:
        import pickle

        if not self._stored_size:
            self._pieces.clear()
        elif self._pieces.size > max(IN_MEMORY, MOST * self._stored_size):
            self._drop_told()
        for draft in self._open.values():
            if draft.items:
                data = pickle.dumps(draft.items)
                draft.place = self._pieces.add(data, draft.place)
                draft.stored += len(data)
                self._stored_size += len(data)
                draft.items, draft.size = [], 0
        self._size = 0

    def _drop_told(self) -> None:
        """Begin a file that has only what still waits: while associations overlap, something always does."""
        told, self._pieces = self._pieces, Pieces()
        for draft in self._open.values():
            places, draft.place = told.chain(draft.place), 0
            for place in places:
                draft.place = self._pieces.add(told.read(place), draft.place)
        told.close()

    def _stored(self, last: int) -> Iterator[Item]:
        if not last:
            return
        import pickle

        for place in self._pieces.chain(last):
            yield from pickle.loads(self._pieces.read(place))
