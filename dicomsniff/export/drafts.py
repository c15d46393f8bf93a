"""What waits until an association is over: in memory while that is little, of all associations, else in one file."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import Generic, TypeVar

from msgspec import Struct, field

from dicomsniff.export.pieces import Pieces

IN_MEMORY = 4 << 20
"""Characters that wait in memory, of all associations; more wait in a temporary file."""

Item = TypeVar("Item")


class _Draft(Struct, Generic[Item]):
    """What waits of one association: in memory, and the place of the latest of it in the file."""

    items: list[Item] = field(default_factory=list)
    size: int = 0
    place: int = 0


class Drafts(Generic[Item]):
    """What is to be said of each association that is not over."""

    def __init__(self) -> None:
        self._pieces = Pieces()
        self._open: defaultdict[int, _Draft[Item]] = defaultdict(_Draft)
        self._size = 0

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
        return chain(self._stored(draft.place), draft.items)

    def close(self) -> None:
        """Let go of the temporary file."""
        self._pieces.close()

    def _store(self) -> None:
        import pickle

        if not any(draft.place for draft in self._open.values()):
            self._pieces.clear()
        for draft in self._open.values():
            if draft.items:
                draft.place = self._pieces.add(pickle.dumps(draft.items), draft.place)
                draft.items, draft.size = [], 0
        self._size = 0

    def _stored(self, last: int) -> Iterator[Item]:
        if not last:
            return
        import pickle

        for place in self._pieces.chain(last):
            yield from pickle.loads(self._pieces.read(place))
