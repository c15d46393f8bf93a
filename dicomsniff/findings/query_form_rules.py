"""Rules on how keys of queries are written: ranges, padding, and what cannot be returned (PS3.4 §C.2.2.2)."""

from collections.abc import Iterator

from dicomsniff.dimse.identifier import Key
from dicomsniff.dimse.scan.outline import named
from dicomsniff.findings.asked import BROKEN, Asked, asked, names, told_once
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import asks
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, final_rule

_NAME, _FUZZY = "PN", "Fuzzy-semantic-matching-of-person-names"
_COMBINED = "Date-time-matching"
_STEP_START = 0x00400003
"""Scheduled Procedure Step Start Time, which worklists match together with its date (PS3.4 Table K.6-1)."""
_DATE_OF = {0x00080030: 0x00080020, _STEP_START: 0x00400002, 0x00400245: 0x00400244}
"""The date that goes with a time, by its tag (PS3.4 §C.2.2.2.5)."""
_RANGES = ("DA", "DT", "TM")
_SPACES = frozenset(["AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UT"])
"""VRs that are padded with a space (PS3.5 §6.2)."""


@final_rule(code="query-range-reversed", where=asks, severity=Severity.WARNING, follows=BROKEN)
@told_once
def reversed_range(each: Asked) -> Iterator[str]:
    """A range ends before it begins.

    A range of dates or times matches what lies between its two ends, the earlier one first. One that ends before it
    begins matches nothing. A time range reaches over midnight only together with a range of dates, in a worklist or
    where combined date and time matching was granted: then it begins on the first of the dates and ends on the last.

    What to do: Let the SCU send the earlier end first. Over midnight, let it ask for both days, or negotiate combined
    date and time matching (0x56).
    """
    there = {key.tag: key for key in _all(each)}
    for key in there.values():
        dates = there.get(_DATE_OF.get(key.tag, 0))
        spans_days = dates is not None and b"-" in dates.value
        combined = _COMBINED in (each.options or ()) or key.tag == _STEP_START
        if not each.is_find or not _is_reversed(key) or (spans_days and combined):
            continue
        said = f"{each.said} with a range in {named(key.tag)} that ends before it begins"
        if spans_days:
            wished = "asked for and not granted" if _COMBINED in each.wished else "not negotiated"
            yield f"{said}; combined date and time matching was {wished}"
        else:
            yield said if each.operation.pending else f"{said}, so that nothing matches"


def _is_reversed(key: Key) -> bool:
    first, dash, last = key.value.strip(b" \0").partition(b"-")
    if key.vr not in _RANGES or not dash or not (first.isalnum() and last.isalnum()):
        return False  # a range with one end, or an offset from UTC, which has a sign
    length = min(len(first), len(last))
    return first[:length] > last[:length]


@final_rule(code="query-key-padding", where=asks, severity=Severity.WARNING, follows=BROKEN)
@told_once
def wrong_padding(each: Asked) -> Iterator[str]:
    """A key of a query or retrieval that failed is padded with NUL.

    Text is padded with a space; only UIDs are padded with NUL. Some receivers take the NUL for a part of the value and
    know no such level or name. Told where the request failed or nothing was found.

    What to do: Let the sender pad with a space.
    """
    operation = each.operation
    nothing = each.is_find and operation.category == "Success" and not operation.pending
    padded = [key.tag for key in _all(each) if key.vr in _SPACES and key.value.endswith(b"\0") and not key.is_empty]
    if padded and (each.failed or nothing):
        why = "it failed" if each.failed else "nothing matched"
        yield f"{each.said} with {names(padded)} padded with NUL instead of a space; this may be why {why}"


@final_rule(
    code="query-asks-below",
    where=asks,
    severity=Severity.NOTE,
    follows=(*BROKEN, "own:query-key-of-other-level"),
)
@told_once
def asks_below(each: Asked) -> Iterator[str]:
    """A query asks for a key of a lower level, and cannot get it.

    A match stands for one entity of the level that is asked at: a study has many series, and so no Series Instance UID.
    Such a key does not come back. Some SCPs find nothing at all where a query has a key of a lower level, even without
    a value: told where nothing matched.

    What to do: Leave the key out. Ask again at the level of the key, with the unique keys of the matches.
    """
    if not each.is_find or each.model is None or each.place is None or each.level is None or not each.is_hierarchical:
        return
    nothing = each.operation.category == "Success" and not each.operation.pending and each.whole
    for level in each.model.levels[each.place + 1 :]:
        unique = level.unique
        lower = f"of the lower {level.name} level"
        if unique in each.query.absent and each.identifier.elements[unique].is_empty:
            yield f"{each.said} that asks for {named(unique)}, {lower}: no match at {each.level.name} level can give it"
            continue
        there = each.identifier.elements
        found = [tag for tag in level.keys if nothing and tag in there and there[tag].is_empty]
        if found:
            yield f"{each.said} that asks for {names(found)}, {lower}; nothing matched"


@final_rule(code="fuzzy-matching-not-granted", where=asks, severity=Severity.NOTE)
def not_fuzzy(review: Review) -> Iterator[Hit]:
    """A query by name finds nothing, and fuzzy matching was not granted.

    The requestor asked for fuzzy semantic matching of person names, and the acceptor did not grant it: a name is found
    only as it is written, but for wildcards and letters' case. Where the query matches nothing, this may be why.

    What to do: Ask with wildcards, or look at how the SCP is set to match names.
    """
    if review.association.request is None or review.association.accept is None:
        return
    for each in asked(review):
        by = [key for key in _all(each) if key.vr == _NAME and not key.is_empty]
        nothing = each.is_find and each.operation.status == 0 and not each.operation.pending
        refused = _FUZZY in each.wished and _FUZZY not in (each.options or ())
        if nothing and refused and by:
            text = f"{each.said} by {named(by[0].tag)} has no matches; fuzzy matching of names was not granted"
            yield Hit(text, each.operation.request.span, each.operation.request)
            return


def _all(each: Asked) -> Iterator[Key]:
    for key in each.identifier.elements.values():
        yield from key.all()
