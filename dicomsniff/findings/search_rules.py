"""A rule that holds queries without matches against those of the same system that found something."""

from collections.abc import Iterator

from dicomsniff.association.neighbours import Ends, Neighbour
from dicomsniff.association.searches import Difference, Search, difference
from dicomsniff.dimse.scan.outline import named
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.neighbour_rules import listed
from dicomsniff.findings.parts import the_association, the_message
from dicomsniff.findings.rule import CaptureFacts, Hit, capture_rule
from dicomsniff.quantities import counted

MAX_COMPARED = 64
"""Queries between the same ends that found something and count as evidence; further ones do not."""
_STATIONS = (0x00080060, 0x00400001, 0x00400010)
"""Modality, Scheduled Station AE Title and Name: a system asks for its own, so that another value is a mistake."""

_Asked = tuple[Ends, str, str]
_Known = tuple[Neighbour, Search]


@capture_rule(code="found-otherwise", severity=Severity.NOTE)
def found_otherwise(facts: CaptureFacts) -> Iterator[Hit]:
    """A query without matches differs in one key from one that found something.

    Two queries between the same ends differ in one key only: the one with it has no matches, the one without it, or
    with its value in other letters or signs, has some. So that key is why nothing was found. Of Modality and the
    scheduled station, which say who asks, another value counts as well.

    What to do: Compare the value of that key with what the SCP has. Leave the key empty, or write it as the SCP does.
    """
    some: dict[_Asked, list[_Known]] = {}
    none: dict[tuple[_Asked, bytes], list[_Known]] = {}
    for neighbour in facts.neighbours:
        for search in neighbour.searches:
            asked = (neighbour.ends, *search.about)
            if not search.matches:
                none.setdefault((asked, search.keys), []).append((neighbour, search))
            elif len(known := some.setdefault(asked, [])) < MAX_COMPARED:
                known.append((neighbour, search))
    for (asked, _), group in none.items():
        first, search = group[0]
        for good, other in some.get(asked, ()):
            if how := _how(search, other):
                nothing = f"the C-FIND-RQ{'s' * (len(group) > 1)} of {_places(group)} found nothing"
                text = f"{nothing}; {how}, that of {_places([(good, other)])} found {counted(other.matches, 'match')}"
                yield Hit(text, first.span, association=first.association, number=search.number)
                break


def _how(search: Search, other: Search) -> str:
    """Say what another query has otherwise, where that may be why it found something."""
    differs = difference(search, other)
    if differs is None:
        return ""
    tag, kind = differs
    if kind is Difference.WITHOUT:
        return f"without {named(tag)}"
    if kind is Difference.WRITTEN:
        return f"with {named(tag)} written otherwise"
    return f"with another {named(tag)}" if tag in _STATIONS else ""


def _places(some: list[_Known]) -> str:
    """`association 4 (message 1)`; of several, the associations only."""
    if len(some) == 1:
        (each, search), *_ = some
        return f"association {the_association(each.association)} (message {the_message(search.number)})"
    return listed([each for each, _ in some])
