"""What is remembered of requests: what they asked for, to hold those that brought nothing or failed against others."""

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from itertools import islice
from zlib import crc32

from msgspec import Struct

from dicomsniff.association.association import Association
from dicomsniff.dictionary.information_models import PATIENT_NAME, STUDY_INSTANCE_UID
from dicomsniff.dimse.identifier import NO_KEYS, Identifier, Key
from dicomsniff.dimse.operations import Operation
from dicomsniff.dimse.queries import MAX_REMEMBERED, Place, Query, is_short
from dicomsniff.dimse.sub_operations import RETRIEVALS

MAX_SEARCHES = 2
"""Queries of one association that are remembered of those that found nothing, and of those that found something."""
MAX_KEYS = 8
"""Keys with a value, beyond which a query is not remembered."""
_WIDTH = 16
"""Bytes that stand for a key: its tag, and checksums of its value as sent, without what may be written otherwise, and
without wildcards as well."""
_LOOSE = ("AE", "LO", "PN", "SH")
"""VRs of names and numbers that people write with other signs, or in other letters. Of dates, times and numbers a sign
is part of the value; of a UID each dot is."""
_WILDCARDS = "*?"
_KEPT = _WILDCARDS + "\\"
"""Signs that are no part of a value, but say what matches it (PS3.4 §C.2.2.2.4), or divide values."""
_FIND, _STORE = "C-FIND", "C-STORE"
_RETRIEVING = frozenset(RETRIEVALS)
_UNREADABLE = "\N{REPLACEMENT CHARACTER}"
"""What stands for bytes that are none of their character set."""


class Difference(Enum):
    """What one query has otherwise than another one."""

    WITHOUT = "without"
    WRITTEN = "written"
    WILDCARD = "wildcard"
    """The same value, where the other one has a wildcard in it."""
    VALUE = "value"


class Search(Struct, frozen=True):
    """A C-FIND that ended well: number and time of its request, in what model and at what level it asked, by what."""

    number: int
    time: int
    """ns since 1970."""
    sop_class: str
    level: str
    keys: bytes
    """Its keys with a value, in the order of their tags, each in `_WIDTH` bytes."""
    matches: int
    name: str = ""
    """What it asks for as Patient's Name, where that is not plain ASCII and the only key with a value."""
    character_set: str = ""
    names: tuple[tuple[str, str], ...] = ()
    """Patients' names in its matches that are not plain ASCII, each with its character set."""
    places: tuple[Place, ...] = ()
    """Where its matches say that the objects are."""

    @property
    def about(self) -> tuple[str, str]:
        """What it asks for, whatever its keys."""
        return self.sop_class, self.level


def searches_of(association: Association) -> tuple[Search, ...]:
    """Return the first queries of an association that found nothing, and the first that found something."""
    kept: dict[bool, list[Search]] = {False: [], True: []}
    for operation in association.operations.queries if not association.has_holes else ():  # matches may be lost in one
        if operation.name != _FIND or operation.category != "Success" or operation.query is None:
            continue
        some = kept[bool(operation.pending)]
        keys = _narrowing(operation.query)
        if keys is None or len(some) == MAX_SEARCHES:
            continue
        level = operation.query.request.level if operation.query.request is not None else None
        request = operation.request
        when, sop_class = request.span.first_time, request.sop_class_uid or ""
        name, character_set = _name_asked_for(operation.query)
        names, places = tuple(operation.query.names), tuple(operation.query.places)
        about = (request.number, when, sop_class, level or "", keys, operation.pending)
        some.append(Search(*about, name, character_set, names, places))
    return tuple(kept[False] + kept[True])


def _name_asked_for(query: Query) -> tuple[str, str]:
    """Return what a query asks for as Patient's Name, where only that narrows it and it is not plain ASCII."""
    asked = query.request
    keys = list(islice(_valued(asked), 2)) if asked is not None else []
    if asked is None or len(keys) != 1 or keys[0].tag != PATIENT_NAME:
        return "", ""
    if not asked.is_foreign(keys[0]) or not is_short(keys[0]):
        return "", ""
    return asked.values(keys[0])[0], asked.character_set[:MAX_REMEMBERED]


class Request(Struct, frozen=True):
    """A query, retrieval or C-STORE that had its final response: what it was about, and how that ended."""

    number: int
    time: int
    """When it began (ns since 1970)."""
    service: str
    about: tuple[str, int]
    """Its SOP class, and a checksum of its identifier and move destination, or of its SOP instance UID."""
    failed: int
    """Its status, where that is a failure; else 0."""


def requests_of(association: Association) -> tuple[Request, ...]:
    """Return the first queries and retrievals of an association that failed or succeeded, and the first C-STOREs."""
    operations, counts = association.operations, association.message_counts
    asked = _first(operations.queries, _identifier_of) if operations.queries else ()
    if _STORE not in counts.requests:
        return asked
    stores: Iterable[Operation] = (each for each in operations.operations if each.name == _STORE)
    # Where none failed, there is no need to look at all of a million.
    if not [status for service, _, status in counts.statuses if status and service == _STORE]:
        stores = islice(stores, MAX_SEARCHES)
    return asked + _first(stores, _instance_of)


def _first(some: Iterable[Operation], what: Callable[[Operation], int | None]) -> tuple[Request, ...]:
    kept: dict[str, list[Request]] = {"Failure": [], "Success": []}
    for operation in some:
        request, like = operation.request, kept.get(operation.category)
        if like is None or len(like) == MAX_SEARCHES or (about := what(operation)) is None:
            continue
        if operation.category == "Success" and operation.counters.get("failed"):
            continue  # what says Success although objects failed is evidence of neither
        asked = (request.sop_class_uid or "", about)
        like.append(Request(request.number, request.span.first_time, operation.name, asked, operation.status or 0))
        if all(len(each) == MAX_SEARCHES for each in kept.values()):
            break
    return (*kept["Failure"], *kept["Success"])


def _identifier_of(operation: Operation) -> int | None:
    sent = operation.query.request if operation.query is not None else None
    return crc32((operation.request.command.text(_DESTINATION) or "").encode(), _checksum(sent)) if sent else None


def _instance_of(operation: Operation) -> int | None:
    instance = operation.request.command.affected_sop_instance_uid
    return crc32(instance.encode()) if instance else None


class Retrieval(Struct, frozen=True):
    """A C-MOVE or C-GET that counts no object, or got no final response: its request, and the UID of the study."""

    number: int
    service: str
    study: bytes
    category: str
    """That of its final status; empty where it got none."""


def retrievals_of(association: Association) -> tuple[Retrieval, ...]:
    """Return the first C-MOVEs and C-GETs of an association that count no object, each of one study."""
    found: list[Retrieval] = []
    requests = association.message_counts.requests
    for operation in association.operations.queries if not _RETRIEVING.isdisjoint(requests) else ():
        asked = operation.query.request if operation.query is not None else None
        key = asked.elements.get(STUDY_INSTANCE_UID) if asked is not None else None
        if operation.name not in RETRIEVALS or key is None or not is_short(key):
            continue
        counters = operation.counters
        told = operation.category == "Failure" or (operation.category != "Cancel" and "completed" in counters)
        if operation.final is None and not operation.unread:
            told = not (operation.over or association.ended_by_capture or association.has_holes)
        if told and not (counters.get("completed") or counters.get("warning") or operation.sub_operations):
            uid = key.value.rstrip(b" \0")
            found.append(Retrieval(operation.request.number, operation.name, uid, operation.category))
        if len(found) == MAX_SEARCHES:
            break
    return tuple(found)


def _checksum(asked: Identifier) -> int:
    """Return what stands for all elements and their values, as they were sent."""
    found = 0
    for element in asked.elements.values():
        for key in element.all():
            found = crc32(key.value, crc32(key.tag.to_bytes(4, "big"), found))
    return found


_DESTINATION = 0x00000600
"""Move Destination."""


def difference(search: Search, other: Search) -> tuple[int, Difference] | None:
    """Return the only key that another query does not have, or has otherwise, by tag; None where more differs."""
    ours, theirs = _by_tag(search.keys), _by_tag(other.keys)
    differ = {tag for tag in ours.keys() | theirs.keys() if ours.get(tag) != theirs.get(tag)}
    if len(differ) != 1 or (tag := differ.pop()) not in ours:
        return None
    if tag not in theirs:
        return tag, Difference.WITHOUT
    our_letters, their_letters = ours[tag][4:8], theirs[tag][4:8]
    if our_letters == their_letters and len(ours[tag]) == len(theirs[tag]) == _WIDTH - 4:
        return tag, Difference.WRITTEN
    has_none = our_letters == ours[tag][8:]
    return tag, Difference.WILDCARD if has_none and our_letters == theirs[tag][8:] else Difference.VALUE


def _by_tag(keys: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for at in range(0, len(keys), _WIDTH):
        tag = int.from_bytes(keys[at : at + 4], "big")
        found[tag] = found.get(tag, b"") + keys[at + 4 : at + _WIDTH]
    return found


def _narrowing(query: Query) -> bytes | None:
    """Return what stands for the keys with a value; None where they are not known, or too many."""
    if query.request is None:
        return None
    asked = query.request
    keys = list(_valued(asked))
    return b"".join(sorted(_record(asked, key) for key in keys)) if len(keys) <= MAX_KEYS else None


def _valued(asked: Identifier) -> Iterator[Key]:
    """Yield the keys that narrow a query, in items of sequences too; a lone asterisk matches everything."""
    for tag, key in asked.elements.items():
        if tag not in NO_KEYS:
            yield from (each for each in key.all() if not each.items and each.value.strip(b" \0*"))


def _record(asked: Identifier, key: Key) -> bytes:
    sent = key.value.strip(b" \0")
    letters = bare = sent
    if key.vr in _LOOSE:
        text = "\\".join(asked.values(key)).casefold()
        if _UNREADABLE not in text:
            letters = _without_signs(text, _KEPT).encode() or sent
            bare = _without_signs(text, _KEPT.strip(_WILDCARDS)).encode() or sent
    return key.tag.to_bytes(4, "big") + b"".join(crc32(each).to_bytes(4, "big") for each in (sent, letters, bare))


def _without_signs(text: str, kept: str) -> str:
    """Leave letters and digits, all that is not ASCII, and the signs that are `kept`."""
    return "".join(each for each in text if each.isalnum() or not each.isascii() or each in kept)
