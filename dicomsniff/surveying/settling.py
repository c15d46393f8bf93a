"""Associations about which nothing can be found in another capture: all that is to be told of them is told at once.

That is most of them, and it is done where their capture is analyzed, in as many processes as there are. What is left
to be done of such an association is to number it, and to remember of it what rules on others may ask.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec.structs import replace

from dicomsniff.association.association import Association
from dicomsniff.association.links import Linked
from dicomsniff.association.moves import asks_to_move
from dicomsniff.association.neighbours import Neighbour, remembered
from dicomsniff.association.totals import Outcome
from dicomsniff.comments import has_comment
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.engine.repeating import OutcomeAgain
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.engine import find_final
from dicomsniff.findings.overview import Course

Tell = Callable[[Association, Findings], Any]
"""Returns what is to be told of an association that is over, so that it can be pickled."""


class Settled(NamedTuple):
    """What is to be told of an association, and to be remembered of it. Its number is that in its part."""

    begun: int
    """Its first packet."""
    told: Any
    """What `Tell` returned."""
    linked: Linked
    neighbour: Neighbour | None
    """None where it is no evidence."""
    course: Course

    def numbered(self, association: int) -> "Settled":
        """Return the same with the association's number among those of all, but for what is told."""
        return self._replace(
            linked=self.linked.numbered(association),
            neighbour=self.neighbour and self.neighbour._replace(association=association),
            course=replace(self.course, association=association),
        )


def settle(outcome: Outcome, analyzer: Analyzer, tell: Tell, *, goes_on: bool) -> Settled | None:
    """Return what is to be told of the association of a connection that is over; None where it is too early for that.

    It is where the capture ended first, if another one `goes_on` from there; where rules may ask about other
    associations (C-MOVEs, normalized operations, refusals, another one on the same connection, ICMP errors); or where
    an Error Comment is told: it may quote other captures.
    """
    if isinstance(outcome, OutcomeAgain):  # all went well, as with the one before, whatever comes elsewhere
        again = outcome.again
        told = tell(again.association, analyzer.found.of(again.association))
        return Settled(outcome.first_mark.number, told, again.linked, again.neighbour, again.course)
    if len(outcome.associations) != 1 or outcome.handshake is not None or analyzer.unreachable:
        return None
    (association,) = outcome.associations
    if association.operations.normalized or association.follows is not None or association.rejection is not None:
        return None
    if asks_to_move(association) or any(map(has_comment, association.messages)):
        return None
    if goes_on and association.ended_by_capture:
        return None
    linked = Linked.of(association)
    find_final(analyzer.found, association)
    found = analyzer.found.of(association)
    course = Course.of(association, found)
    known = remembered(association, course.trouble)
    return Settled(begun_at(association, outcome), tell(association, found), linked, known, course)


def begun_at(association: Association, outcome: Outcome) -> int:
    """Return the first packet of an association, as far as there is one of its own."""
    return association.timeline[0].span.first_packet if association.timeline else outcome.first_mark.number
