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
_RANGES = ("DA", "DT", "TM")
_SPACES = frozenset(["AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UT"])
"""VRs that are padded with a space (PS3.5 §6.2)."""


@final_rule(code="query-range-reversed", where=asks, severity=Severity.WARNING, follows=BROKEN)
@told_once
def reversed_range(each: Asked) -> Iterator[str]:
    """A range ends before it begins.

    A range of dates or times matches what lies between its two ends, the earlier one first. One that ends before it
    begins matches nothing; a time range does not reach over midnight.

    What to do: Let the SCU send the earlier end first; over midnight, let it ask for both days.
    """
    for key in _all(each):
        first, dash, last = key.value.strip(b" \0").partition(b"-")
        if not each.is_find or key.vr not in _RANGES or not dash or not (first.isalnum() and last.isalnum()):
            continue  # a range with one end, and an offset from UTC, which has a sign
        length = min(len(first), len(last))
        if first[:length] > last[:length]:
            yield f"{each.said} with a range in {named(key.tag)} that ends before it begins, so that nothing matches"


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
    """A query asks for the unique key of a lower level.

    A match stands for one entity of the level that is asked at: a study has many series, and so no Series Instance UID.
    Such a key does not come back.

    What to do: Ask again at the level of the key, with the unique keys of the matches.
    """
    if not each.is_find or each.model is None or each.place is None or each.level is None or not each.is_hierarchical:
        return
    for level in each.model.levels[each.place + 1 :]:
        unique = level.unique
        if unique in each.query.absent and each.identifier.elements[unique].is_empty:
            lower = f"asks for {named(unique)}, of the lower {level.name} level"
            yield f"{each.said} that {lower}: no match at {each.level.name} level can give it"


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
