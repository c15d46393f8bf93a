"""Rules that hold requests that brought nothing, or failed, against others of the same system."""

import re
from collections.abc import Iterator

from dicomsniff.association.neighbours import Ends, Neighbour
from dicomsniff.association.searches import Difference, Request, Search, difference
from dicomsniff.dictionary.information_models import PATIENT_ID, PATIENT_NAME
from dicomsniff.dimse.queries import AVAILABILITY, RETRIEVE_AE_TITLE, Place
from dicomsniff.dimse.scan.element_kinds import CHARACTER_SET
from dicomsniff.dimse.scan.outline import named
from dicomsniff.findings.command_rules import DUPLICATE
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.neighbour_rules import listed
from dicomsniff.findings.parts import the_association, the_message, the_title, the_value
from dicomsniff.findings.rule import CaptureFacts, Hit, capture_rule
from dicomsniff.quantities import counted, duration, some_of

MAX_COMPARED = 64
"""Queries between the same ends that found something and count as evidence; further ones do not."""
MAX_NAMES = 200
"""Queries by name without matches that are held against names that others found; further ones are not."""
SOON = 60 * 10**9
"""ns within which a query with a key less counts as a try to find what the one before did not."""
_STORE = "C-STORE"
_WORKLIST = "1.2.840.10008.5.1.4.31"
"""Modality Worklist Information Model - FIND."""
_STATIONS = (0x00080060, 0x00400001, 0x00400010)
"""Modality, Scheduled Station AE Title and Name: a modality asks a worklist for its own, so that another
value is a mistake."""

MAX_TITLES = 3
"""AE titles that a line names; further ones are counted."""
_CAME_TO = {"": "got no final response", "Failure": "failed"}
"""What became of a retrieval, by the category of its final status, where that alone does not tell what it brought."""
_NOT_AT_HAND = ("NEARLINE", "OFFLINE", "UNAVAILABLE")
"""Instance Availability of what cannot be had at once (PS3.3 §C.4.23.1.1)."""

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


@capture_rule(code="same-request-succeeded", severity=Severity.NOTE)
def succeeded_otherwise(facts: CaptureFacts) -> Iterator[Hit]:
    """A request that failed worked at another time.

    The very same query or retrieval, with the same keys and the same destination, between the same ends, succeeded once
    and failed once. So it is in order; what differed is the state of the SCP, of its archive or of the destination. Of
    a C-STORE, the same SOP instance was stored, and so it is there, unless that was before it failed.

    What to do: Look at the SCP's log at the time of the failure: what else it did, and what it had to reach.
    """
    some = [each for each in facts.neighbours if each.requests]
    failed = {(each.ends, asked.service, asked.about) for each in some for asked in each.requests if asked.failed}
    succeeded: dict[tuple[Ends, str, tuple[str, int]], tuple[Neighbour, Request]] = {}
    for neighbour in some if failed else ():
        for request in neighbour.requests:
            if not request.failed and (asked := (neighbour.ends, request.service, request.about)) in failed:
                succeeded.setdefault(asked, (neighbour, request))
    told = set()
    for neighbour in some if succeeded else ():
        for request in neighbour.requests:
            asked = (neighbour.ends, request.service, request.about)
            if request.failed and asked in succeeded and asked not in told:
                told.add(asked)
                good, other = succeeded[asked]
                same = good.association == neighbour.association
                if same and request.failed == DUPLICATE and request.service == _STORE:
                    continue  # told by the status itself
                later = other.time - request.time if same else good.start - neighbour.start
                when = f"{duration(abs(later))} {'later' if later > 0 else 'earlier'}"
                said = f"the same request in {_at(good, other.number)} succeeded {when}: it is in order"
                if request.service == _STORE:  # its data set may be another one
                    said = f"the same SOP instance was stored {when}, in {_at(good, other.number)}"
                text = f"{request.service}-RQ failed with 0x{request.failed:04X}; {said}"
                yield Hit(text, neighbour.span, association=neighbour.association, number=request.number)


@capture_rule(code="name-not-found", severity=Severity.NOTE)
def name_not_found(facts: CaptureFacts) -> Iterator[Hit]:
    """A query by name finds nothing, although a patient's name fits.

    Another query between the same ends brought a patient whose name fits. An SCP is to compare characters, whatever
    character sets the query and its database use; one that compares bytes, or knows one character set, finds none.

    What to do: Ask in the character set in which the SCP sends its matches, or ask by Patient ID.
    """
    named_some: dict[tuple[Ends, str], list[_Known]] = {}
    compared = 0
    for neighbour in facts.neighbours:
        for search in neighbour.searches:
            known = named_some.setdefault((neighbour.ends, search.sop_class), []) if search.names else []
            if len(known) < MAX_COMPARED:
                known.append((neighbour, search))
    for neighbour in facts.neighbours if named_some else ():
        for search in (each for each in neighbour.searches if each.name and not each.matches):
            known = named_some.get((neighbour.ends, search.sop_class), [])
            compared += bool(known)
            if compared > MAX_NAMES:
                return
            pattern = _pattern(search.name)
            for good, other in known:
                fits = next((charset for name, charset in other.names if _fits(pattern, name)), None)
                if fits is not None:
                    asked = f"the C-FIND-RQ of {_places([(neighbour, search)])} asks for {named(PATIENT_NAME)} in"
                    text = f"{asked} {_set(search.character_set)} and found nothing; that of {_places([(good, other)])}"
                    text += f" found one that fits, in {_set(fits)}: the SCP may compare bytes, not characters"
                    yield Hit(text, neighbour.span, association=neighbour.association, number=search.number)
                    break


@capture_rule(code="objects-elsewhere", severity=Severity.NOTE)
def objects_elsewhere(facts: CaptureFacts) -> Iterator[Hit]:
    """What a retrieval did not bring is elsewhere, or not at hand.

    A match of another query said so. Retrieve AE Title (0008,0054) names the applications from which its objects can
    be retrieved. Instance Availability (0008,0056) says how fast: OFFLINE is what somebody has to bring first, NEARLINE
    what comes from a slow medium, UNAVAILABLE what cannot be retrieved.

    What to do: Retrieve from the application named, or have the objects brought first and wait longer.
    """
    places: dict[tuple[Ends, bytes], tuple[Neighbour, Search, Place]] = {}
    is_asked = any(neighbour.retrievals for neighbour in facts.neighbours)
    for neighbour in facts.neighbours if is_asked else ():
        for search in neighbour.searches:
            for place in search.places:
                places.setdefault((neighbour.ends, place.study), (neighbour, search, place))
    brought = {(each.association, each.message) for each in facts.links.moves() if each.kept} if places else set()
    for neighbour in facts.neighbours if places else ():
        for retrieval in neighbour.retrievals:
            if (neighbour.association, retrieval.number) in brought:
                continue
            there = places.get((neighbour.ends, retrieval.study))
            where = _elsewhere(there[2], neighbour.ends.called) if there is not None else ""
            if there is not None and where:
                came = _CAME_TO.get(retrieval.category, "brought nothing")
                said = f"the {retrieval.service}-RQ of {_at(neighbour, retrieval.number)} {came}; the match"
                text = f"{said} of its study in {_places([there[:2]])} says {where}"
                yield Hit(text, neighbour.span, association=neighbour.association, number=retrieval.number)


def _elsewhere(place: Place, called: str | None) -> str:
    said = []
    if place.titles and called is not None and called not in place.titles:
        titles = some_of([the_title(each) for each in place.titles], MAX_TITLES)
        said.append(f"{named(RETRIEVE_AE_TITLE)} {titles}, not {the_title(called)}")
    if place.availability in _NOT_AT_HAND:
        said.append(f"{named(AVAILABILITY)} {place.availability}")
    return " and ".join(said)


def _set(character_set: str) -> str:
    return the_value(character_set, CHARACTER_SET) if character_set else "no declared character set"


def _fits(pattern: re.Pattern[str], name: str) -> bool:
    """Whether a name, or one of its component groups, fits a key with wildcards, whatever the case (PS3.4 §C.2.2.2)."""
    return any(pattern.fullmatch(each.casefold().rstrip("^")) for each in (name, *name.split("=")))


def _pattern(key: str) -> re.Pattern[str]:
    """Return what a key with wildcards fits; it looks for each part once, where that comes first, and never goes back.

    Otherwise a key with many asterisks would take a time that grows with each of them.
    """
    first, *others = re.split(r"\*+", key.casefold().rstrip("^"))
    *between, last = [_literal(each) for each in others] or [""]
    rest = "".join(f"(?>.*?{each})" for each in between) + f".*{last}" if others else ""
    return re.compile(_literal(first) + rest, re.DOTALL)


def _literal(part: str) -> str:
    return "".join("." if each == "?" else re.escape(each) for each in part)


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


def _at(neighbour: Neighbour, message: int) -> str:
    return f"association {the_association(neighbour.association)} (message {the_message(message)})"


def _places(some: list[_Known]) -> str:
    """`association 4 (message 1)`; of several, the associations only."""
    if len(some) == 1:
        (each, search), *_ = some
        return _at(each, search.number)
    return listed([each for each, _ in some])
