"""The longest waits of associations, as data: who kept whom waiting, for how long, and about what."""

import heapq
from collections.abc import Iterable, Iterator

from msgspec import Struct

from dicomsniff.association.association import Association
from dicomsniff.association.timing import Part, Timing, Wait
from dicomsniff.findings.parts import the_message_id
from dicomsniff.side import SIDES, Side
from dicomsniff.words.times import part_name

NOBODYS = (Part.IDLE, Part.AFTER)
"""Time in which nobody waits for anything."""
_NO_WAITS = (Part.THINKING, Part.NETWORK, Part.TRANSFER)
"""What is made up of many short times; of thinking, the longest single times are told instead."""


class Waited(Struct, frozen=True):
    """A time (ns) in which an association stood still.

    Of `part`, all pauses count together; of thinking, `wait` is what for, and `answers` whether that was to be answered
    by `side`, or else to be asked by it. Of a negotiation, `answers` says whether there was an answer.
    """

    association: Association
    timing: Timing
    """The account that it is of."""
    length: int
    part: Part
    side: Side | None
    wait: Wait | None = None
    answers: bool = False

    @property
    def message(self) -> int:
        """The number of the request that it is about; 0 where it is about none."""
        return self.wait.number if self.wait is not None else 0

    @property
    def is_delay(self) -> bool:
        """Whether somebody waited."""
        return self.part not in NOBODYS

    @property
    def text(self) -> str:
        """Who did what in that time, with marks: `acceptor thinking to answer C-STORE-RQ 41`."""
        wait, side = self.wait, self.side
        if wait is None or side is None:
            return self._of_part()
        name = wait.name + (f" {the_message_id(wait.message_id)}" if wait.message_id is not None else "")
        if not self.answers:
            return f"{side.value} thinking before it sent {name}"
        return f"{side.value} thinking to answer {name}" if wait.answered else f"{side.value} left {name} unanswered"

    def _of_part(self) -> str:
        match self.part:
            case Part.NEGOTIATION if not self.answers:
                return "acceptor left A-ASSOCIATE-RQ unanswered"
            case Part.NEGOTIATION:
                return "acceptor thinking to answer A-ASSOCIATE-RQ"
            case Part.RELEASE:
                return "A-RELEASE-RQ waiting for an answer"
            case part:
                return part_name(part, self.side, self.timing)


def longest(waits: Iterable[Waited], most: int) -> list[Waited]:
    """Return the longest of some waits: delays first, then times that nobody waited in."""
    return heapq.nlargest(most, waits, key=lambda wait: (wait.is_delay, wait.length))


def waits_of(association: Association) -> Iterator[Waited]:
    """Yield the waits of an association that is over."""
    if not association.closed:
        return
    timing = association.timing
    for side in SIDES:
        for answers, wait in ((True, timing.longest_answer(side)), (False, timing.longest_request(side))):
            if wait.length:
                yield Waited(association, timing, wait.length, Part.THINKING, side, wait, answers)
    for (part, of), time in timing.spent.items():
        if part not in _NO_WAITS:
            answered = association.accept is not None or association.rejection is not None
            yield Waited(association, timing, time, part, of, answers=answered)
