"""Rules on what queries and retrievals ask for: level and keys of the request's identifier (PS3.4 §C.2, §C.4, §K.4)."""

from collections.abc import Iterator

from dicomsniff.dictionary.information_models import PATIENT_ID
from dicomsniff.dimse.identifier import LEVEL, MAX_LEVEL, Identifier, Key
from dicomsniff.dimse.queries import find_list
from dicomsniff.dimse.scan.outline import named
from dicomsniff.findings.asked import BROKEN, FIND, RELATIONAL, Asked, asked, names, told_leniently, told_once
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import asks
from dicomsniff.findings.parts import the_party, the_value
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, final_rule
from dicomsniff.quantities import counted

_NO_WILDCARDS = frozenset(["AS", "DA", "DS", "DT", "IS", "TM", "UI"])
"""VRs of text without wildcard matching (PS3.4 §C.2.2.2.4)."""
_SEPARATED = frozenset(["AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UC"])
"""VRs of text in which a backslash separates values (PS3.5 §6.4), but for UI, of which a list may be asked for."""
_LONG = 64
"""Values of a list beyond which it is long."""
_PERHAPS = "; this may be why it failed"


@final_rule(
    code="query-level-missing",
    where=asks,
    severity=Severity.WARNING,
    follows=BROKEN,
)
@told_leniently
def level_missing(each: Asked) -> Iterator[str]:
    """A query or retrieval does not state its level.

    Query/Retrieve Level (0008,0052) says whether patients, studies, series or objects are asked for. Without one, an
    SCP refuses the request, guesses, or finds nothing. A note where matches or objects came all the same.

    What to do: Let the SCU send (0008,0052) with a level of the information model: PATIENT, STUDY, SERIES or IMAGE.
    """
    if each.model is not None and each.model.levels and not each.identifier.level:
        yield f"{each.said} {_lacking(each.identifier, LEVEL)} {named(LEVEL)}, which must say what is asked for"


@final_rule(
    code="query-level-unknown",
    where=asks,
    severity=Severity.WARNING,
    follows=BROKEN,
)
@told_leniently
def level_unknown(each: Asked) -> Iterator[str]:
    """A query or retrieval states a level that does not exist.

    Each information model has its own levels: Patient Root has PATIENT, STUDY, SERIES and IMAGE; Study Root has no
    PATIENT level. SCPs refuse other values, and values in small letters. A note where matches or objects came all the
    same.

    What to do: Let the SCU ask at a level of the model, or propose the SOP class of the model that has the level.
    """
    level = each.identifier.level
    if level and each.model is not None and each.model.levels and each.place is None:
        there = ", ".join(known.name for known in each.model.levels)
        wrong = the_value(level[:MAX_LEVEL], LEVEL)
        yield f'{each.said} at level "{wrong}"; the levels of {each.model.name} are {there}'


@final_rule(
    code="query-parent-missing",
    where=asks,
    severity=Severity.WARNING,
    follows=(*BROKEN, "own:query-level-missing"),
)
@told_leniently
def parent_missing(each: Asked) -> Iterator[str]:
    """A query or retrieval does not name what its level belongs to.

    Unless relational behavior is negotiated, a request names one entity of every level above its own: a query for
    series names the study, by Study Instance UID. Without it SCPs refuse the request or find nothing. A note where
    matches or objects came all the same.

    What to do: Let the SCU send the unique keys of the levels above, or negotiate relational queries (0x56).
    """
    behavior = "queries were" if each.is_find else "retrieval was"
    wished = not each.wished.isdisjoint(RELATIONAL)
    negotiated = "asked for and not granted" if wished else "not negotiated"
    missing: dict[str, list[int]] = {}
    for tag in _parents_missing(each):
        missing.setdefault(_lacking(each.identifier, tag), []).append(tag)
    for lacking, tags in missing.items():
        yield f"{each.said} {lacking} {names(tags)}; relational {behavior} {negotiated}"


@final_rule(
    code="retrieve-key-missing",
    where=asks,
    severity=Severity.WARNING,
    follows=(*BROKEN, "own:query-level-missing"),
)
@told_once
def own_missing(each: Asked) -> Iterator[str]:
    """A retrieval does not say what to retrieve.

    C-MOVE and C-GET name what to retrieve by the unique key of their level, such as Study Instance UID at STUDY level.
    Without a value there, an SCP refuses the request, or sends nothing, or everything.

    What to do: Let the SCU send the unique key of the level that it retrieves.
    """
    if each.is_find or each.model is None:
        return
    unique = each.model.unique if each.level is None or each.level.unique is None else (each.level.unique,)
    for tag in unique:
        if lacking := _lacking(each.identifier, tag):
            yield f"{each.said} {lacking} {named(tag)}, which must say what to retrieve"
    if each.level is not None and each.level.one_of:
        given = [tag for tag in each.level.one_of if not _lacking(each.identifier, tag)]
        if len(given) != 1:
            yield f"{each.said} with {len(given) or 'none'} of {names(each.level.one_of)}; it must have one"


@final_rule(
    code="query-key-not-single",
    where=asks,
    severity=Severity.WARNING,
    follows=BROKEN,
)
@told_leniently
def not_single(each: Asked) -> Iterator[str]:
    """A key that must name one entity holds several values or a wildcard.

    The unique keys of the levels above have a single value each, unless relational behavior is negotiated; in a
    retrieval they have no wildcards at all. SCPs refuse such requests or find nothing. A note where matches or objects
    came all the same.

    What to do: Let the SCU ask once for each entity.
    """
    above = list(_unique_above(each)) if each.is_hierarchical else []
    own = [each.level.unique] if each.level is not None and each.level.unique is not None and not each.is_find else []
    for tag in above + own:
        key = each.identifier.elements.get(tag)
        if key is None or key.is_empty:
            continue
        values = each.identifier.values(key)
        if len(values) > 1 and (tag in above or tag == PATIENT_ID):
            yield f"{each.said} with {len(values)} values in {named(tag)}, which must name a single one"
        elif any("*" in value or "?" in value for value in values) and not each.identifier.is_question_marks(key):
            yield f"{each.said} with a wildcard in {named(tag)}, which must name a single one"


@final_rule(code="query-patient-unnamed", where=asks, severity=Severity.WARNING, follows=BROKEN)
@told_leniently
def single_missing(each: Asked) -> Iterator[str]:
    """A query does not name the one patient that it is about.

    Some queries are about a single patient: what is relevant of a patient is asked for by Patient ID, with one value
    and without wildcards. SCPs refuse others, or find more than one patient (C100H). A note where matches came all the
    same.

    What to do: Let the SCU send the Patient ID, and Issuer of Patient ID where there are several issuers.
    """
    for tag in each.model.single if each.model is not None and each.is_find else ():
        wrong = _lacking(each.identifier, tag)
        if not wrong:
            values = each.identifier.values(each.identifier.elements[tag])
            wild = any("*" in value or "?" in value for value in values)
            wrong = f"with {len(values)} values in" if len(values) > 1 else "with a wildcard in" if wild else ""
        if wrong:
            yield f"{each.said} {wrong} {named(tag)}, which must name a single one"


@final_rule(code="retrieve-list-long", where=asks, severity=Severity.NOTE, follows=BROKEN)
@told_once
def long_list(each: Asked) -> Iterator[str]:
    """A query or retrieval that failed lists many UIDs.

    A list of UIDs may be as long as one likes, and many SCPs put it into one query to their database, which takes only
    so much. Told where the request failed.

    What to do: Ask for fewer at a time, or for the whole series or study.
    """
    listed = find_list(each.identifier)
    if each.failed and listed is not None and listed[1] > _LONG:
        yield f"{each.said} with {listed[1]} values in {named(listed[0])}; some SCPs take only short lists"


@final_rule(code="relational-refused", where=asks, severity=Severity.WARNING, follows=BROKEN)
def relational_refused(review: Review) -> Iterator[Hit]:
    """Relational behavior was granted, and a request that needs it is refused.

    Both sides agreed on relational queries or retrieval (0x56), so that the unique keys of the levels above may be left
    out. The SCP refused a request without them: perhaps it sends the item back as it came, and does not support it.

    What to do: Look at the SCP: it must grant only what it supports. Let the SCU send the unique keys all the same.
    """
    for each in asked(review):
        missing = list(_unique_above_lacking(each))
        if each.failed and missing and each.options is not None and not each.is_hierarchical:
            final, behavior = each.operation.final, "queries" if each.is_find else "retrieval"
            who = the_party(review.association.party(each.operation.side.other))
            text = f"{who} granted relational {behavior}, yet refuses {each.said} without {names(missing)}"
            if final is not None:
                since = each.operation.request.span.first_packet
                yield Hit(text, final.span, final, side=final.side, earliest_cause=since)
                return


@final_rule(
    code="query-key-missing",
    where=asks,
    severity=Severity.WARNING,
    follows=(*BROKEN, "own:query-parent-missing"),
)
@told_once
def own_unasked(each: Asked) -> Iterator[str]:
    """A query that failed does not ask for the unique key of its level.

    A query contains the unique key of its level, mostly without a value. Many SCPs do without; this one failed.

    What to do: Let the SCU add the unique key of the level, without a value.
    """
    unique = each.level.unique if each.level is not None else None
    if each.is_find and each.failed and unique is not None and unique not in each.identifier.elements:
        yield f"{each.said} without {named(unique)}, the unique key of that level{_PERHAPS}"


@final_rule(
    code="query-key-outside-sequence",
    where=asks,
    severity=Severity.WARNING,
    follows=BROKEN,
)
@told_once
def outside_sequence(each: Asked) -> Iterator[str]:
    """A key that belongs in a sequence is at top level.

    A worklist is asked for by the keys in the item of Scheduled Procedure Step Sequence (0040,0100): station, date,
    modality. At top level they are not keys: SCPs ignore them and return all that is scheduled, or nothing.

    What to do: Let the SCU put these keys into the one item of the sequence.
    """
    for sequence, keys in each.model.nested if each.model is not None and each.is_find else ():
        there = each.identifier.elements
        wrong = [tag for tag in keys if tag in there and (sequence not in there or not there[tag].is_empty)]
        if wrong:
            verb = "it belongs" if len(wrong) == 1 else "they belong"
            yield f"{each.said} with {names(wrong)} at top level; {verb} into {named(sequence)}"


@final_rule(
    code="query-key-of-other-level",
    where=asks,
    severity=Severity.WARNING,
    follows=(*BROKEN, "own:query-parent-missing"),
)
@told_once
def other_level(each: Asked) -> Iterator[str]:
    """A query or retrieval has keys of another level than its own.

    Without relational behavior negotiated, a query is matched against attributes of its own level. SCPs ignore a key of
    a lower level, so that more is found or retrieved than was asked for, or they refuse the request.

    What to do: Ask at the level that the key belongs to; at STUDY level use Modalities in Study instead of Modality.
    """
    # What has no value does no harm, and keys of levels above are mostly passed over: they count where it failed.
    if each.model is None or each.place is None or not each.is_hierarchical:
        return
    for place, level in enumerate(each.model.levels):
        if place == each.place or (place < each.place and not each.is_find):
            continue
        keys = level.keys if place > each.place else level.required + level.optional
        found = [tag for tag in keys if tag in each.identifier.elements]
        valued = [tag for tag in found if not each.identifier.elements[tag].is_empty]
        if valued and place > each.place:
            yield f"{each.said} with a value in {names(valued)}, of the lower {level.name} level"
        elif found and each.failed and not any(_parents_missing(each)):
            yield f"{each.said} with {names(found)}, of {level.name} level{_PERHAPS}"


@final_rule(
    code="retrieve-key-not-unique",
    where=asks,
    severity=Severity.WARNING,
    follows=(*BROKEN, "own:retrieve-key-missing"),
)
@told_once
def not_unique(each: Asked) -> Iterator[str]:
    """A retrieval that failed has keys other than unique ones.

    C-MOVE and C-GET name what to retrieve by unique keys only. Many SCPs ignore others; this one failed.

    What to do: Let the SCU send only the level and the unique keys.
    """
    if each.is_find or not each.failed or each.level is None or each.model is None:
        return
    unique = {tag for level in each.model.levels for tag in (level.unique, *level.one_of)} | {PATIENT_ID}
    below = {tag for level in each.model.levels[(each.place or 0) + 1 :] for tag in level.keys}  # told by other_level
    if found := [key.tag for key in each.identifier.keys if key.tag not in unique | below]:
        yield f"{each.said} with {names(found)}; only unique keys may be in it{_PERHAPS}"


@final_rule(
    code="query-several-values",
    where=asks,
    severity=Severity.WARNING,
    follows=BROKEN,
)
@told_once
def several_values(each: Asked) -> Iterator[str]:
    """A key that is not a list of UIDs has several values.

    Only UIDs may be listed, unless multiple value matching is negotiated, and a sequence has one item at most. SCPs
    match one of the values, or none, or refuse the query.

    What to do: Let the SCU ask once for each value, and join the answers.
    """
    if not each.is_find or (each.options is not None and "Multiple-value-matching" in each.options):
        return
    single = each.model.single if each.model is not None else ()  # told by single_missing
    for key in _matched(each.identifier):
        if key.tag in single:
            continue
        if key.vr == "SQ" and len(key.items) > 1:
            yield f"{each.said} with {len(key.items)} items in {named(key.tag)}; a key has one item at most"
        elif key.vr in _SEPARATED and b"\\" in key.value and (count := len(each.identifier.values(key))) > 1:
            yield f"{each.said} with {counted(count, 'value')} in {named(key.tag)}; only UIDs may be listed"


@final_rule(code="query-wildcard", where=asks, severity=Severity.WARNING, follows=BROKEN)
@told_once
def wildcard(each: Asked) -> Iterator[str]:
    """A key contains a wildcard that is not allowed there.

    UIDs, dates, times and numbers are not matched with wildcards. SCPs find nothing, or refuse the query.

    What to do: For dates and times ask for a range, 20240101-20241231; for UIDs send the whole UID, a list, or no
    value.
    """
    unique = set(_unique_above(each)) if each.is_hierarchical else set()  # told by not_single
    for key in _matched(each.identifier):
        value = key.value.strip(b" \0")
        if not each.is_find or key.vr not in _NO_WILDCARDS or key.tag in unique:
            continue
        if (b"*" in value or b"?" in value) and (value != b"*" or each.failed):
            yield f"{each.said} with a wildcard in {named(key.tag)}; {key.vr} has no wildcards"


@final_rule(code="query-question-marks", where=asks, severity=Severity.WARNING, follows=BROKEN)
@told_once
def question_marks(each: Asked) -> Iterator[str]:
    """A key holds question marks in place of characters.

    Programs write a question mark for a character that their character set does not have. In a query each of them
    matches any character, so that others are found, or none.

    What to do: Let the SCU declare and use a character set that has the characters, such as ISO_IR 192 (UTF-8).
    """
    for key in _matched(each.identifier):
        if each.identifier.is_question_marks(key):
            declared = each.identifier.character_set or "the default character set"
            lost = "the characters were probably lost before they were sent"
            yield f"{each.said} with nothing but question marks in {named(key.tag)}, in {declared}: {lost}"


@final_rule(
    code="query-level-superfluous",
    where=asks,
    severity=Severity.WARNING,
    follows=BROKEN,
)
def level_superfluous(review: Review) -> Iterator[Hit]:
    """A query or retrieval states a level where none is used.

    Worklists, and objects that belong to no patient, have no levels. SCPs ignore Query/Retrieve Level there, or refuse
    the request. Of a C-FIND this is a note: only retrievals are told not to send it.

    What to do: Let the SCU leave out (0008,0052).
    """
    for hit in _with_level(review):
        asked_what = hit.about is not None and hit.about.command.service == FIND
        yield hit._replace(severity=Severity.NOTE) if asked_what else hit


@told_once
def _with_level(each: Asked) -> Iterator[str]:
    if each.identifier.level and each.model is not None and not each.model.levels:
        yield f"{each.said} with {named(LEVEL)}; this SOP class has no levels"


def _matched(identifier: Identifier) -> Iterator[Key]:
    for key in identifier.keys:
        yield from key.all()


def _parents_missing(each: Asked) -> Iterator[int]:
    return _unique_above_lacking(each) if each.is_hierarchical else iter(())


def _unique_above_lacking(each: Asked) -> Iterator[int]:
    return (tag for tag in _unique_above(each) if _lacking(each.identifier, tag))


def _unique_above(each: Asked) -> Iterator[int]:
    """Yield the unique keys of the levels above the one asked for."""
    if each.model is not None and each.place is not None:
        for level in each.model.levels[: each.place]:
            if level.unique is not None:
                yield level.unique


def _lacking(identifier: Identifier, tag: int) -> str:
    """`without` or `with an empty`; empty where the key has a value."""
    key = identifier.elements.get(tag)
    if key is None:
        return "without"
    return "with an empty" if key.is_empty else ""
