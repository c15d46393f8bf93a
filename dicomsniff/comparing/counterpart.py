"""What an association is best compared with, and which of the two is the good one."""

from collections.abc import Callable, Iterable

from dicomsniff.association.association import Association
from dicomsniff.comparing.subject import Subject
from dicomsniff.findings.overview import Fate

HEALTHY = (Fate.WELL, Fate.LOOSE)


def nearest_healthy(
    association: Association, others: Iterable[Association], fate: Callable[[Association], Fate]
) -> Association | None:
    """Return the healthy association of the same peers that is nearest in number; else one of the same acceptor.

    None where there is none.
    """
    near = sorted((each for each in others if each.closed), key=lambda each: abs(each.id - association.id))
    alike = [each for each in near if each.id != association.id and _called(each) == _called(association)]
    for same in (True, False):
        for each in alike:
            if (_calling(each) == _calling(association)) is same and fate(each) in HEALTHY:
                return each
    return None


def good_and_bad(selected: Subject, other: Subject) -> tuple[Subject, Subject]:
    """Tell two associations apart: the one in trouble is the bad one; where that does not decide, the selected one."""
    is_swapped = other.fate is Fate.TROUBLED and selected.fate is not Fate.TROUBLED
    return (selected, other) if is_swapped else (other, selected)


def _calling(association: Association) -> str:
    return association.requestor.ae_title or association.requestor.endpoint.address


def _called(association: Association) -> str:
    return association.acceptor.ae_title or str(association.acceptor.endpoint)
