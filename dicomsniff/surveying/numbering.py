"""Which number each association has: as if one analyzer had read all captures in order."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dicomsniff.association.totals import Recognized
from dicomsniff.capture.segments import one_way
from dicomsniff.surveying.chain import place_of
from dicomsniff.surveying.head import Head
from dicomsniff.surveying.part import Sums
from dicomsniff.surveying.store import Pickled, Store


class Taken(NamedTuple):
    """What is taken of a part: all its connections but those that are in another part."""

    sums: Sums
    store: Store
    without: frozenset[bytes] = frozenset()
    """Connections that are left out, as `one_way` tells them."""
    rests: frozenset[int] = frozenset()
    """Connections that are left out, by their first packets."""

    @property
    def captures(self) -> list[int]:
        """The captures that it is of, in order."""
        return [link.capture for link in self.sums.task.links]

    def heads(self) -> Iterator[tuple[int, Head]]:
        """Yield its connections, each with its place in the part."""
        for connection, head in enumerate(self.store.heads(self.sums.task.label)):
            if self._holds(head):
                yield connection, head

    def connections(self) -> Iterator[tuple[int, Head, Pickled]]:
        """Yield the same, each with what came of it."""
        for connection, (head, body) in enumerate(self.store.connections(self.sums.task.label)):
            if self._holds(head):
                yield connection, head, body

    def _holds(self, head: Head) -> bool:
        if not self.without and not self.rests:
            return True  # as of most
        return one_way(head.flow) not in self.without and (head.is_guest or head.first_mark.number not in self.rests)


class Place(NamedTuple):
    """An association: its part, its connection's place in it, and its own among those of the connection."""

    part: int
    connection: int
    turn: int


_Turn = tuple[int, Place]
"""The packet by which an association was recognized, and the association."""


class Numbering:
    """Numbers the associations of parts: those of captures, in order, then those of crossings.

    They are numbered as they were recognized, those last that were only when their connection ended.
    """

    def __init__(self, captures: Sequence[Taken], crossings: Sequence[Taken]) -> None:
        self._captures = captures
        self._crossing: dict[int, list[_Turn]] = {}
        """Associations of crossings, by the capture in which they were recognized."""
        late: list[_Turn] = []
        for number, part in enumerate(crossings, start=len(captures)):
            for each, turn in _turns(number, part):
                if each.late:
                    late.append(turn)
                else:
                    self._crossing.setdefault(place_of(each.packet)[0], []).append(turn)
        self._first: list[int] = []
        """The number of the first association of each capture."""
        count = 1
        for number, part in enumerate(captures):
            self._first.append(count)
            count += len(self._crossing.get(part.captures[0], ()))
            for each, turn in _turns(number, part):
                count += not each.late
                if each.late:
                    late.append(turn)
        self._known = _numbered(late, count)
        """Numbers of those that may be asked for by now."""
        for number, part in enumerate(captures):
            if part.captures[0] in self._crossing:
                self._known |= {place: each for place, each in self._of(number).items() if place.part != number}

    def begin(self, number: int) -> None:
        """Number the associations of the next capture, which is part `number`."""
        self._known |= {place: each for place, each in self._of(number).items() if place.part == number}

    def take(self, place: Place) -> int:
        """Return the number of an association, for good."""
        return self._known.pop(place)

    def _of(self, number: int) -> dict[Place, int]:
        """Return the numbers of all associations that were recognized in a capture."""
        part = self._captures[number]
        turns = [turn for each, turn in _turns(number, part) if not each.late]
        return _numbered([*turns, *self._crossing.get(part.captures[0], ())], self._first[number])


def _turns(number: int, part: Taken) -> Iterator[tuple[Recognized, _Turn]]:
    for connection, head in part.heads():
        for turn, each in enumerate(head.recognized):
            yield each, (each.packet, Place(number, connection, turn))


def _numbered(turns: list[_Turn], first: int) -> dict[Place, int]:
    return {place: number for number, (_, place) in enumerate(sorted(turns), start=first)}
