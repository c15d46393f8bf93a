"""What is remembered of queries: by which keys they asked, to hold those that found nothing against others."""

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple
from zlib import crc32

from dicomsniff.association.association import Association
from dicomsniff.dimse.identifier import NO_KEYS, Identifier, Key
from dicomsniff.dimse.queries import Query

MAX_SEARCHES = 2
"""Queries of one association that are remembered of those that found nothing, and of those that found something."""
MAX_KEYS = 8
"""Keys with a value, beyond which a query is not remembered."""
_WIDTH = 12
"""Bytes that stand for a key: its tag, and checksums of its value as sent and without what may be written otherwise."""
_FIND = "C-FIND"


class Difference(Enum):
    """What one query has otherwise than another one."""

    WITHOUT = "without"
    WRITTEN = "written"
    VALUE = "value"


class Search(NamedTuple):
    """A C-FIND that ended well: the number of its request, in what model and at what level it asked, and by what."""

    number: int
    sop_class: str
    level: str
    keys: bytes
    """Its keys with a value, in the order of their tags, each in `_WIDTH` bytes."""
    matches: int

    @property
    def about(self) -> tuple[str, str]:
        """What it asks for, whatever its keys."""
        return self.sop_class, self.level


def searches_of(association: Association) -> tuple[Search, ...]:
    """Return the first queries of an association that found nothing, and the first that found something."""
    kept: dict[bool, list[Search]] = {False: [], True: []}
    for operation in association.operations.queries:
        if operation.name != _FIND or operation.category != "Success" or operation.query is None:
            continue
        some = kept[bool(operation.pending)]
        keys = _narrowing(operation.query)
        if keys is None or len(some) == MAX_SEARCHES:
            continue
        level = operation.query.request.level if operation.query.request is not None else None
        sop_class = operation.request.sop_class_uid or ""
        some.append(Search(operation.request.number, sop_class, level or "", keys, operation.pending))
    return tuple(kept[False] + kept[True])


def difference(search: Search, other: Search) -> tuple[int, Difference] | None:
    """Return the only key that another query does not have, or has otherwise, by tag; None where more differs."""
    ours, theirs = _by_tag(search.keys), _by_tag(other.keys)
    differ = {tag for tag in ours.keys() | theirs.keys() if ours.get(tag) != theirs.get(tag)}
    if len(differ) != 1 or (tag := differ.pop()) not in ours:
        return None
    if tag not in theirs:
        return tag, Difference.WITHOUT
    return tag, Difference.WRITTEN if ours[tag][4:] == theirs[tag][4:] else Difference.VALUE


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
    keys = list(_valued(query.request))
    return b"".join(sorted(map(_record, keys))) if len(keys) <= MAX_KEYS else None


def _valued(asked: Identifier) -> Iterator[Key]:
    """Yield the keys that narrow a query, in items of sequences too; a lone asterisk matches everything."""
    for tag, key in asked.elements.items():
        if tag not in NO_KEYS:
            yield from (each for each in key.all() if not each.items and each.value.strip(b" \0*"))


def _record(key: Key) -> bytes:
    sent = key.value.strip(b" \0")
    letters = bytes(byte for byte in sent.lower() if byte > 0x7F or chr(byte).isalnum())
    return key.tag.to_bytes(4, "big") + crc32(sent).to_bytes(4, "big") + crc32(letters).to_bytes(4, "big")
