"""A rule that holds queries without matches against those of the same system that found something."""

from collections.abc import Iterator

from dicomsniff.association.neighbours import Ends, Neighbour
from dicomsniff.association.searches import Difference, Search, difference
from dicomsniff.dictionary.information_models import PATIENT_ID
from dicomsniff.dimse.scan.outline import named
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.neighbour_rules import listed
from dicomsniff.findings.parts import the_association, the_message
from dicomsniff.findings.rule import CaptureFacts, Hit, capture_rule
from dicomsniff.quantities import counted

MAX_COMPARED = 64
"""Queries between the same ends that found something and count as evidence; further ones do not."""
SOON = 60 * 10**9
"""ns within which a query with a key less counts as a try to find what the one before did not."""
_WORKLIST = "1.2.840.10008.5.1.4.31"
"""Modality Worklist Information Model - FIND."""
_STATIONS = (0x00080060, 0x00400001, 0x00400010)
"""Modality, Scheduled Station AE Title and Name: a modality asks a worklist for its own, so that another
value is a mistake."""

_Asked = tuple[Ends, str, str]
_Known = tuple[Neighbour, Search]


@capture_rule(code="found-otherwise", severity=Severity.NOTE)
def found_otherwise(facts: CaptureFacts) -> Iterator[Hit]:
    """A query without matches differs in one key from one that found something.

    Two queries between the same ends differ in one key only: the one with it has no matches. The other one, without it,
    or with its value in other letters or signs or with a wildcard, has some. That is a hint where to look, no proof:
    the key may be right, and what it asks for not there. Values that differ only in capitals, signs or spaces may be
    one value in two ways of writing, or two values: Patient IDs 12-3 and 123 may be of two patients. A key less counts
    for a worklist, and where less than a minute lies between the two. Of a worklist, which a modality asks for its own
    work, another Modality or scheduled station counts as well. Nothing is said where the very same query found
    something at another time.

    What to do: Compare the value of that key with what the SCP has. Leave the key empty, or write it as the SCP does.
    """
    some: dict[_Asked, list[_Known]] = {}
    none: dict[tuple[_Asked, bytes], list[_Known]] = {}
    found: set[tuple[_Asked, bytes]] = set()
    for neighbour in facts.neighbours:
        for search in neighbour.searches:
            asked = (neighbour.ends, *search.about)
            if not search.matches:
                none.setdefault((asked, search.keys), []).append((neighbour, search))
                continue
            found.add((asked, search.keys))
            if len(known := some.setdefault(asked, [])) < MAX_COMPARED:
                known.append((neighbour, search))
    for (asked, keys), group in none.items():
        if (asked, keys) in found:
            continue
        first, search = group[0]
        for good, other in some.get(asked, ()):
            if how := _how(group, other):
                nothing = f"the C-FIND-RQ{'s' * (len(group) > 1)} of {_places(group)} found nothing"
                text = f"{nothing}; {how}, that of {_places([(good, other)])} found {counted(other.matches, 'match')}"
                yield Hit(text, first.span, association=first.association, number=search.number)
                break


def _how(group: list[_Known], other: Search) -> str:
    """Say what another query has otherwise than those of a group, where that may be why it found something."""
    search = group[0][1]
    differs = difference(search, other)
    if differs is None:
        return ""
    (tag, kind), in_worklist = differs, search.sop_class == _WORKLIST
    if kind is Difference.WITHOUT:
        soon = in_worklist or any(abs(other.time - each.time) < SOON for _, each in group)
        return f"without {named(tag)}" if soon else ""
    if kind is Difference.WRITTEN:
        whose = ", perhaps another patient's," if tag == PATIENT_ID else ""
        return f"with a {named(tag)}{whose} that differs only in capitals, signs or spaces"
    if kind is Difference.WILDCARD:
        return f"with a wildcard in {named(tag)}"
    return f"with another {named(tag)}" if in_worklist and tag in _STATIONS else ""


def _places(some: list[_Known]) -> str:
    """`association 4 (message 1)`; of several, the associations only."""
    if len(some) == 1:
        (each, search), *_ = some
        return f"association {the_association(each.association)} (message {the_message(search.number)})"
    return listed([each for each, _ in some])
