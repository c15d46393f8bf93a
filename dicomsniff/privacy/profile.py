"""Which attributes may identify somebody: the Basic Application Level Confidentiality Profile (PS3.15 Table E.1-1).

The table is dicom-anonymizer's. Where the profile says nothing of an attribute, its VR decides, the one that it was
sent with and the one that it should have: names of persons and free text are withheld in whatever attribute they come,
as is what no dictionary knows.
"""

from functools import cache, lru_cache

from msgspec import Struct

from dicomsniff.dictionary.registry import attributes
from dicomsniff.dictionary.tables import execute
from dicomsniff.dimse.dataset_element import find_vr

EDITION = "2026c"
"""The edition of PS3.15 that the table is from."""
_UID_TAGS = "U_TAGS"
"""Attributes whose UIDs the profile replaces: UIDs are shown unless their redaction is asked for."""
_UID_SEQUENCES = "X_Z_U_STAR_TAGS"
"""Sequences whose UIDs it replaces."""
FREE_TEXT = frozenset(["LT", "ST", "UT", "UC", "UR"])
"""VRs of text that anybody may have typed."""
_NAMES_OR_TEXT = FREE_TEXT | {"PN"}
STRUCTURE = {
    0x0040A010: frozenset(
        ["CONTAINS", "HAS PROPERTIES", "HAS OBS CONTEXT", "HAS ACQ CONTEXT", "INFERRED FROM", "SELECTED FROM",
         "HAS CONCEPT MOD"]
    ),
    0x0040A040: frozenset(
        ["TEXT", "NUM", "CODE", "DATE", "TIME", "DATETIME", "UIDREF", "PNAME", "COMPOSITE", "IMAGE", "WAVEFORM",
         "SCOORD", "SCOORD3D", "TCOORD", "CONTAINER", "TABLE"]
    ),
    0x0040A050: frozenset(["SEPARATE", "CONTINUOUS"]),
}  # fmt: skip
"""Terms that make the tree of a structured report: Relationship Type, Value Type, Continuity of Content (PS3.3 §C.17.3,
§C.18.8). They are the standard's words and nobody's values, so they are shown where the whole tree is withheld."""


class _Table(Struct, frozen=True):
    tags: frozenset[int]
    masked: tuple[tuple[int, int], ...]
    """(tag, mask): attributes of repeating groups."""


@cache
def _table() -> _Table:
    module = execute("dicomanonymizer", f"dicom_anonymization_databases/dicomfields_{EDITION}")
    kept = {_tag(each) for name in (_UID_TAGS, _UID_SEQUENCES) for each in getattr(module, name)}
    tags = {_tag(each) for each in module.ALL_TAGS if len(each) == 2} - kept
    masked = [(_tag(each), each[2] << 16 | each[3]) for each in module.ALL_TAGS if len(each) == 4]
    return _Table(frozenset(tags), tuple(masked))


def _tag(each: tuple[int, ...]) -> int:
    return each[0] << 16 | each[1]


@lru_cache(maxsize=4096)
def identifies(tag: int, vr: str) -> bool:
    """Whether a data element (tag 0xGGGGEEEE) may identify somebody; of a sequence, whatever stands in its items.

    UIDs do not, whatever they are of: whether they are shown is a question of its own. What is sent as one and should
    be none, or the other way round, is no UID.
    """
    known = find_vr(tag, "")
    if "UI" in (vr, known):
        return vr != known and known != "UN"
    if vr in _NAMES_OR_TEXT or known in _NAMES_OR_TEXT:
        return True
    table = _table()
    if tag in table.tags or any(tag & mask == each for each, mask in table.masked):
        return True
    if tag >> 16 & 1:
        return True
    return tag & 0xFFFF != 0 and tag not in attributes() and not _is_repeating(tag)


def _is_repeating(tag: int) -> bool:
    """Whether PS3.6 has an attribute of a repeating group for a tag (curves, overlays, PS3.5 §7.6)."""
    from pydicom.datadict import dictionary_has_tag, repeater_has_tag

    return dictionary_has_tag(tag) or repeater_has_tag(tag)


@lru_cache(maxsize=1024)
def is_known_creator(creator: str) -> bool:
    """Whether a private creator is one that vendors are known to use: it names a vendor, and nobody else."""
    return creator in execute("pydicom", "_private_dict").private_dictionaries
