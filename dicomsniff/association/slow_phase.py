"""A time in which an acceptor answered much later than before or after: what else it did then may be why."""

from statistics import median
from typing import NamedTuple

from dicomsniff.association.association import Association
from dicomsniff.association.timing import Part
from dicomsniff.side import Side

LONG = 1_000_000_000
"""Time (ns) that answers must have taken in all to be worth a look."""
TIMES = 5
"""How many times the usual answer a late one takes."""
LATE = 100_000_000
"""ns that a late answer takes at least."""
MANY_LATE, MANY_USUAL = 3, 5
"""How many answers must have been late, and how many not."""
_STORE = "C-STORE"


class SlowPhase(NamedTuple):
    """From when until when (ns since 1970) nearly all C-STORE-RQs were answered late, how many, and how late (ns)."""

    since: int
    until: int
    answers: int
    late: int
    """The median of these answers."""
    usual: int
    """The median of all others."""


def slow_phase(association: Association) -> SlowPhase | None:
    """Return the one phase in which the acceptor answered C-STOREs much later than else; None where there is none."""
    if association.end_time - association.start_time < LONG:
        return None
    if association.timing.part(Part.THINKING, Side.ACCEPTOR) < LONG:
        return None  # most associations: the rest takes its time
    answers = [
        (operation.request.span.last_time, operation.final.span.first_time)
        for operation in association.operations.operations
        if operation.name == _STORE and operation.side is Side.REQUESTOR and operation.final is not None
    ]
    if len(answers) < MANY_LATE + MANY_USUAL:
        return None
    least = max(LATE, TIMES * median(answered - asked for asked, answered in answers))
    slow = [each for each in answers if each[1] - each[0] >= least]
    if len(slow) < MANY_LATE:
        return None
    since, until = slow[0][0], slow[-1][1]
    within = sum(since <= asked <= until for asked, _ in answers)
    usual = [answered - asked for asked, answered in answers if answered - asked < least]
    if len(usual) < MANY_USUAL or 5 * len(slow) < 4 * within:
        return None
    return SlowPhase(since, until, len(slow), round(median(b - a for a, b in slow)), round(median(usual)))
