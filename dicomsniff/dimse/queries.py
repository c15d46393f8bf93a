"""What C-FIND, C-MOVE and C-GET ask for, and what the responses give: their identifiers, read within limits (PS3.4)."""

from functools import partial
from typing import NamedTuple, TypeVar

from msgspec import Struct, field

from dicomsniff.dictionary.attribute_demands import Path
from dicomsniff.dictionary.information_models import (
    PATIENT_NAME,
    SERIES_INSTANCE_UID,
    SOP_INSTANCE_UID,
    STUDY_INSTANCE_UID,
)
from dicomsniff.dictionary.statuses import PENDING
from dicomsniff.dimse.identifier import HAVE_IDENTIFIERS, LEVEL, NO_KEYS, Identifier, Key, read_identifier
from dicomsniff.dimse.message import Message

_What = TypeVar("_What")

MAX_MATCHES = 4
"""Matches of one query whose identifiers are read; of further ones only the number is known."""
MAX_REMEMBERED = 256
"""Bytes of a name, a UID or AE titles of a query or match that is remembered; a longer one is not."""
MAX_TITLES = 8
"""Retrieve AE Titles of a match that are remembered; where there are more, none is."""
MAX_UNASKED = 64
"""Elements of the matches of one query that were not asked for, which are remembered."""
MAX_ITEMS = 8
"""Items of a sequence of a match that are held against what was asked for; within these the first ones only."""
MAX_QUERIES = 1000
"""Queries and retrievals of one association whose identifiers are read."""
MAX_READ = 1 << 20
"""Bytes of identifiers that are read of one association."""
_EXACT = ("AE", "CS", "DA", "LO", "SH", "UI")
_PATTERN = dict.fromkeys(_EXACT, b"*?\x1b") | {"DA": b"-*?", "UI": b"*?"}
"""VRs of keys of which a value, if it has none of these characters, is matched by equal ones only."""
_UNIQUE = (STUDY_INSTANCE_UID, SERIES_INSTANCE_UID, SOP_INSTANCE_UID)
"""Unique keys that are UIDs: of studies, series and instances."""
RETRIEVE_AE_TITLE, AVAILABILITY = 0x00080054, 0x00080056
"""Retrieve AE Title, Instance Availability."""
FAILED_INSTANCES = 0x00080058
"""Failed SOP Instance UID List."""
CODE_VALUE, CODING_SCHEME = 0x00080100, 0x00080102
_OTHER_CODES = (0x00080119, 0x00080120)
"""Long Code Value and URN Code Value, which stand in the place of Code Value."""


class Occurrence(NamedTuple):
    """How often matches show something, and the first that does."""

    times: int
    first: Message


class Place(NamedTuple):
    """Where the objects of a study are, as a match says: Retrieve AE Titles, and Instance Availability."""

    study: bytes
    """Its UID, without padding."""
    titles: tuple[str, ...]
    availability: str


class Query(Struct):
    """What one operation asked for, and what its matches gave; `request` is None where that could not be read.

    Of `looked_at` matches were read: which levels they state (None where one states none), which requested keys they
    leave out or give without a value, which values are question marks only, or names with such within (`marked`), which
    do not fit what was asked for, and which UIDs an earlier one had, by tag; and `names` of patients that are not plain
    ASCII, each with its character set, and `places` of what was found. `absent_within` and `empty_within` are of keys
    that were asked for in an item, by the tags of their sequences and their own. `without_code` are sequences with an
    item of a code that has no value, `several_items` those with more than one item.
    """

    request: Identifier | None = None
    unread: str = ""
    looked_at: int = 0
    levels: dict[str | None, Occurrence] = field(default_factory=dict)
    absent: dict[int, Occurrence] = field(default_factory=dict)
    empty: dict[int, Occurrence] = field(default_factory=dict)
    question_marks: dict[int, Occurrence] = field(default_factory=dict)
    marked: dict[int, Occurrence] = field(default_factory=dict)
    unfit: dict[int, Occurrence] = field(default_factory=dict)
    again: dict[int, Occurrence] = field(default_factory=dict)
    absent_within: dict[Path, Occurrence] = field(default_factory=dict)
    empty_within: dict[Path, Occurrence] = field(default_factory=dict)
    without_code: dict[int, Occurrence] = field(default_factory=dict)
    several_items: dict[int, Occurrence] = field(default_factory=dict)
    uids: dict[int, list[bytes]] = field(default_factory=dict)
    names: list[tuple[str, str]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    unasked: set[int] = field(default_factory=set)
    """Elements of matches, sequences as one, that were not asked for; MAX_UNASKED at most."""
    failed_instances: int | None = None
    """How many instances the final response lists as failed; None where it has no such list that could be read."""
    last_match: bytes | None = None
    """The identifier of the last match, until the final response came."""
    repeats_match: bool = False
    """Whether the final response has an identifier all the same, and it is that of the last match again."""


class QueryReader:
    """Reads the identifiers of one association; `passed_over` counts those that are not read because of limits.

    That of matches beyond MAX_MATCHES is no such limit: the first ones are enough to judge a query by.
    """

    __slots__ = ("_left", "_queries", "passed_over")

    def __init__(self) -> None:
        self._queries, self._left = 0, MAX_READ
        self.passed_over = 0

    def ask(self, request: Message) -> Query | None:
        """Take a request; return what it asks for, None where it is of another service, or one too many."""
        if request.command.field not in HAVE_IDENTIFIERS:
            return None
        if self._queries >= MAX_QUERIES:
            self.passed_over += 1
            return None
        self._queries += 1
        query = Query()
        query.request, query.unread = self._read(request)
        return query

    def answer(self, query: Query, response: Message) -> None:
        """Take a response."""
        sent = response.data_set.identifier if response.data_set is not None else None
        if response.command.status not in PENDING:
            query.repeats_match = sent is not None and sent.content == query.last_match
            query.last_match = None
            found, _ = self._read(response)
            if found is not None and FAILED_INSTANCES in found.elements:
                key = found.elements[FAILED_INSTANCES]
                query.failed_instances = sum(map(bool, found.values(key)))
            return
        query.last_match = sent.content if sent is not None else None
        if query.request is not None and query.looked_at < MAX_MATCHES:
            found, _ = self._read(response)
            if found is not None:
                _look_at(query, query.request, found, response)

    def _read(self, message: Message) -> tuple[Identifier | None, str]:
        sent = message.data_set.identifier if message.data_set is not None else None
        if sent is None:
            return None, "it has no identifier"
        if sent.problem:
            return None, sent.problem
        self._left -= len(sent.content)
        if self._left < 0:
            self.passed_over += 1
            return None, f"more than {MAX_READ} bytes of identifiers were sent"
        found = read_identifier(sent)
        return found, "" if found is not None else "it is not readable in its transfer syntax"


def find_list(asked: Identifier) -> tuple[int, int] | None:
    """Return the unique key of the lowest level that lists several UIDs, by tag, and how many; None where none does."""
    counts = {tag: sum(map(bool, asked.values(asked.elements[tag]))) for tag in _UNIQUE if tag in asked.elements}
    return next(((tag, counts[tag]) for tag in reversed(counts) if counts[tag] > 1), None)


def _look_at(query: Query, asked: Identifier, found: Identifier, response: Message) -> None:
    query.looked_at += 1
    if any(key.vr == "SQ" for key in asked.elements.values()):
        _look_within(query, asked, found, response)
    _count(query.levels, found.level, response)
    for tag in asked.elements:
        if tag not in NO_KEYS and tag not in found.elements:
            _count(query.absent, tag, response)
    for tag in _UNIQUE:
        if tag in found.elements and (uid := found.elements[tag].value.rstrip(b" \0")):
            seen = query.uids.setdefault(tag, [])
            if uid in seen:
                _count(query.again, tag, response)
            seen.append(uid)
    _note_place(query, found)
    if (name := found.elements.get(PATIENT_NAME)) is not None and found.is_foreign(name) and is_short(name):
        query.names.append((found.values(name)[0], found.character_set[:MAX_REMEMBERED]))
    for tag, key in found.elements.items():
        if tag not in asked.elements and tag not in NO_KEYS and len(query.unasked) < MAX_UNASKED:
            query.unasked.add(tag)
        if key.is_empty:
            if tag in asked.elements and tag != LEVEL:
                _count(query.empty, tag, response)
        elif found.is_question_marks(key):
            _count(query.question_marks, tag, response)
        elif found.has_question_marks_within(key) and not _asks_for_marks(asked, tag):
            _count(query.marked, tag, response)
        elif tag in asked.elements and tag not in NO_KEYS and _is_unfit(asked, asked.elements[tag], found, key):
            _count(query.unfit, tag, response)


def is_short(key: Key) -> bool:
    """Whether a value may be remembered beyond its association."""
    return len(key.value) <= MAX_REMEMBERED


def _note_place(query: Query, found: Identifier) -> None:
    study, from_, availability = (
        found.elements.get(tag) for tag in (STUDY_INSTANCE_UID, RETRIEVE_AE_TITLE, AVAILABILITY)
    )
    told = [key for key in (study, from_, availability) if key is not None]
    if study is not None and len(told) > 1 and all(map(is_short, told)):
        titles = tuple(filter(None, found.values(from_))) if from_ is not None else ()
        how = found.values(availability)[0] if availability is not None else ""
        if (titles or how) and len(titles) <= MAX_TITLES:
            query.places.append(Place(study.value.rstrip(b" \0"), titles, how))


def _asks_for_marks(asked: Identifier, tag: int) -> bool:
    """Whether a key has a question mark itself, which a match may repeat."""
    return tag in asked.elements and b"?" in asked.elements[tag].value


def _look_within(query: Query, asked: Identifier, found: Identifier, response: Message) -> None:
    """Take what a match has in the items of the sequences that were asked for, each thing once a match."""
    wanted = [key for key in asked.elements.values() if key.vr == "SQ"]
    absent, empty = set[Path](), set[Path]()
    for key in wanted:
        if key.tag in found.elements:
            if len(found.elements[key.tag].items) > 1:
                _count(query.several_items, key.tag, response)
            _compare_items(key, found.elements[key.tag], (key.tag,), absent, empty)
    for seen, paths in ((query.absent_within, absent), (query.empty_within, empty)):
        for path in sorted(paths):
            _count(seen, path, response)
    codes = set[int]()
    for key in wanted:
        if key.tag in found.elements:
            lacking = partial(_lacks_code, scheme_asked=_asks_for_scheme(key))
            codes.update(each.tag for each in found.elements[key.tag].all() if any(map(lacking, each.items)))
    for tag in sorted(codes):
        _count(query.without_code, tag, response)


def _compare_items(wanted: Key, given: Key, path: Path, absent: set[Path], empty: set[Path]) -> None:
    """Add which keys of a sequence's item are missing from items of a match, or have no value there."""
    keys = [key for item in wanted.items[:1] for key in item]
    for item in given.items[: MAX_ITEMS if len(path) == 1 else 1]:
        there = {key.tag: key for key in item}
        for key in keys:
            found = there.get(key.tag)
            if found is None:
                absent.add((*path, key.tag))
            elif found.is_empty:
                empty.add((*path, key.tag))
            elif key.vr == "SQ":
                _compare_items(key, found, (*path, key.tag), absent, empty)


def _asks_for_scheme(wanted: Key) -> bool:
    """Whether a sequence was asked for as a whole, or with Coding Scheme Designator in it."""
    within = {key.tag for key in wanted.all()} - {wanted.tag}
    return not within or CODING_SCHEME in within


def _lacks_code(item: tuple[Key, ...], *, scheme_asked: bool) -> bool:
    """Whether an item is of a code, and has no value in Code Value or Coding Scheme Designator (PS3.3 §8.8)."""
    there = {key.tag: key for key in item}
    code, scheme = there.get(CODE_VALUE), there.get(CODING_SCHEME)
    if code is None or any(tag in there and not there[tag].is_empty for tag in _OTHER_CODES):
        return False
    return code.is_empty or (scheme_asked if scheme is None else scheme.is_empty)


def _is_unfit(asked: Identifier, wanted: Key, found: Identifier, given: Key) -> bool:
    """Whether no value of a match is one that was asked for, where only equal ones fit (PS3.4 §C.2.2.2.1, §C.2.2.2.2).

    Names are left out, which SCPs may match in many ways, and so is all that is no plain ASCII.
    """
    if wanted.vr not in _EXACT or wanted.is_empty or not (wanted.value + given.value).isascii():
        return False
    if any(sign in wanted.value for sign in _PATTERN[wanted.vr]):
        return False
    fits = {value.casefold() for value in asked.values(wanted)}
    return fits.isdisjoint(value.casefold() for value in found.values(given))


def _count(occurrences: dict[_What, Occurrence], what: _What, response: Message) -> None:
    before = occurrences.get(what)
    occurrences[what] = Occurrence(1, response) if before is None else before._replace(times=before.times + 1)
