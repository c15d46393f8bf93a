"""Rules on what queries get: level and keys of the matches that are looked at (PS3.4 §C.4.1.1.3.2, §K.4.1.1.3.2)."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import NamedTuple

from dicomsniff.dimse.identifier import LEVEL, MAX_LEVEL
from dicomsniff.dimse.queries import CODE_VALUE, CODING_SCHEME, Occurrence
from dicomsniff.dimse.scan.outline import named
from dicomsniff.findings.asked import BROKEN, Asked, asked, names
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import asks
from dicomsniff.findings.parts import the_party, the_value
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, final_rule
from dicomsniff.quantities import counted

_MUST = "; it must have a value"
_FILE_META_GROUP = 0x0002
"""The group of elements that only files have (PS3.5 §7.1): no match has them."""


class Seen(NamedTuple):
    """What matches show: what they do, in how many of them (after it), and `why` that matters."""

    what: str
    occurrence: Occurrence
    why: str = ""


def _told_once(check: Callable[[Asked], Iterator[Seen]]) -> Callable[[Review], Iterator[Hit]]:
    """Return a check that tells what matches show, each thing once, with their sender before it."""

    @wraps(check)
    def find(review: Review) -> Iterator[Hit]:
        told = set()
        for each in asked(review):
            for what, occurrence, why in check(each):
                side, first = each.operation.side.other, occurrence.first
                if (side, what) not in told:
                    told.add((side, what))
                    who = the_party(review.association.party(side))
                    text = f"{who} {what} {_share(each, occurrence.times)}{why}"
                    since = each.operation.request.span.first_packet
                    yield Hit(text, first.span, first, side=side, earliest_cause=since)

    return find


@final_rule(
    code="match-level-differs",
    where=asks,
    severity=Severity.WARNING,
    follows=(*BROKEN, "peer:query-level-unknown"),
)
@_told_once
def other_level(each: Asked) -> Iterator[Seen]:
    """Matches are of another level than was asked for.

    Every match states the level that the query asked for. SCUs drop other matches, or misread them.

    What to do: Look at the SCP: it must send (0008,0052) back as it was sent.
    """
    asked_for = each.identifier.level
    if each.model is None or not each.model.levels or not asked_for:
        return
    for level, occurrence in each.query.levels.items():
        if level != asked_for:
            what = f'states level "{the_value(level[:MAX_LEVEL], LEVEL)}"' if level else f"leaves out {named(LEVEL)}"
            yield Seen(what, occurrence, f"; {the_value(asked_for[:MAX_LEVEL], LEVEL)} was asked for")


@final_rule(
    code="match-unique-key-missing",
    where=asks,
    severity=Severity.WARNING,
    follows=BROKEN,
)
@_told_once
def unique_missing(each: Asked) -> Iterator[Seen]:
    """Matches lack the unique key of their level.

    The unique key names what was found, such as Study Instance UID a study, and always has a value. Without it the SCU
    can neither ask for what belongs to it, nor retrieve it.

    What to do: Look at the SCP, and at the entry in its database.
    """
    level = each.level
    if level is not None and level.unique is not None:
        yield from _without(each, level.unique, f", the unique key of {level.name} level,")


@final_rule(
    code="match-repeated",
    where=asks,
    severity=Severity.NOTE,
    follows=(*BROKEN, "own:match-level-differs"),
)
@_told_once
def repeated(each: Asked) -> Iterator[Seen]:
    """The same match is sent more than once.

    A query gets one match for each study, series or instance that fits, and the unique key of the level says which one
    it is. SCUs list what they get twice.

    What to do: Look at the SCP's database: it may hold the study twice, or join tables with several entries for it.
    """
    level = each.level
    if level is not None and level.unique is not None and (occurrence := each.query.again.get(level.unique)):
        yield Seen(f"sends the same {named(level.unique)} again", occurrence)


@final_rule(
    code="match-return-key-missing",
    where=asks,
    severity=Severity.WARNING,
    follows=BROKEN,
)
@_told_once
def returned_missing(each: Asked) -> Iterator[Seen]:
    """Matches lack a key that always has a value.

    Return keys of type 1 are sent with a value in every match that was asked for them. Modalities that miss one drop
    the entry, or make objects without it.

    What to do: Look at the SCP, and at the order in the information system.
    """
    if each.model is None:
        return
    for tag in each.model.returned:
        yield from _without(each, tag, "", _instead(each, tag))
    for path in each.model.returned_within:
        what = f"{named(path[1])} in {named(path[0])}"
        yield from _lacks(each.query.absent_within.get(path), each.query.empty_within.get(path), what, _MUST)


def _instead(each: Asked, tag: int) -> str:
    """Say where the keys of a sequence are that the matches leave out, if they are at top level."""
    keys = next((keys for sequence, keys in each.model.nested if sequence == tag), ()) if each.model else ()
    out = [key for key in keys if key in each.query.unasked]
    return f"; {names(out)} stand{'s' * (len(out) == 1)} at top level instead" if out else _MUST


@final_rule(code="match-several-steps", where=asks, severity=Severity.NOTE, follows=BROKEN)
@_told_once
def several_steps(each: Asked) -> Iterator[Seen]:
    """Matches of a worklist hold several steps each.

    A worklist is made of scheduled procedure steps, one in each match: Scheduled Procedure Step Sequence has one item.
    Of several, modalities show the first one only, or drop the entry.

    What to do: Let the SCP send a match for every step.
    """
    for sequence, _ in each.model.nested if each.model is not None else ():
        if occurrence := each.query.several_items.get(sequence):
            yield Seen(f"sends several items in {named(sequence)}", occurrence, "; each match stands for one step")


@final_rule(code="match-code-empty", where=asks, severity=Severity.NOTE, follows=BROKEN)
@_told_once
def code_empty(each: Asked) -> Iterator[Seen]:
    """Matches have an item of a code without a code.

    An item of a code sequence has a value in Code Value (0008,0100) and Coding Scheme Designator (0008,0102); where
    there is no code, the sequence has no item. Some modalities drop such entries, most pass them over.

    What to do: Let the SCP leave the sequence empty where it has no code.
    """
    for tag, occurrence in each.query.without_code.items():
        lacks = f"{named(CODE_VALUE)} or {named(CODING_SCHEME)} without a value in an item of {named(tag)}"
        yield Seen(f"sends {lacks}", occurrence)


@final_rule(
    code="match-required-key-missing",
    where=asks,
    severity=Severity.WARNING,
    follows=(*BROKEN, "own:match-level-differs"),
)
@_told_once
def required_missing(each: Asked) -> Iterator[Seen]:
    """Matches lack required keys that were asked for.

    An SCP supports all required keys of the level: it sends each that was asked for, without a value where it has none.
    SCUs show nothing in its place, or drop the match.

    What to do: Look at the SCP's conformance statement.
    """
    missing = [tag for tag in each.query.absent if each.level is not None and tag in each.level.required]
    yield from _left_out(each, missing, "; SCPs must support required keys")


@final_rule(code="match-question-marks", where=asks, severity=Severity.WARNING, follows=BROKEN)
@_told_once
def question_marks(each: Asked) -> Iterator[Seen]:
    """Matches hold question marks in place of characters.

    Programs write a question mark for a character that their character set does not have: the SCP knows the name, but
    it was lost in the answer.

    What to do: Let the SCP declare and use a character set that has the characters, such as ISO_IR 192 (UTF-8).
    """
    for tag, occurrence in each.query.question_marks.items():
        lost = "; the characters were probably lost before they were sent"
        yield Seen(f"sends nothing but question marks as {named(tag)}", occurrence, lost)


@final_rule(code="match-question-marks-within", where=asks, severity=Severity.NOTE, follows=BROKEN)
@_told_once
def question_marks_within(each: Asked) -> Iterator[Seen]:
    """Names in matches have question marks within.

    Programs write a question mark for a character that their character set does not have: here probably letters of
    names, such as umlauts. The requestor cannot bring them back.

    What to do: Let the SCP declare and use a character set that has the characters, such as ISO_IR 192 (UTF-8). The
    names may be spoiled in its database already, by whoever sent the objects.
    """
    for tag, occurrence in each.query.marked.items():
        lost = "; letters were probably lost before it was sent"
        yield Seen(f"sends question marks within {named(tag)}", occurrence, lost)


@final_rule(
    code="match-keys-left-out",
    where=asks,
    severity=Severity.NOTE,
    follows=(*BROKEN, "own:match-level-differs", "own:match-required-key-missing"),
)
@_told_once
def others_missing(each: Asked) -> Iterator[Seen]:
    """Matches lack optional keys that were asked for.

    An SCP leaves out optional keys that it does not support, and is allowed to. Their values are not returned, and a
    value to match in them had no effect.

    What to do: Look at the SCP's conformance statement for the keys that it supports.
    """
    told = set(each.model.returned if each.model is not None else ())
    if each.level is not None and each.model is not None:
        below = each.model.levels[(each.place or 0) + 1 :] if each.is_hierarchical else ()  # told by asks_below
        told |= {each.level.unique or 0, *each.level.required, *(level.unique or 0 for level in below)}
    keys = [tag for tag in each.query.absent if tag not in told and tag >> 16 != _FILE_META_GROUP]
    yield from _left_out(each, keys, ", though asked for")


@final_rule(
    code="match-other-value",
    where=asks,
    severity=Severity.WARNING,
    follows=(*BROKEN, "own:match-level-differs"),
)
def other_value(review: Review) -> Iterator[Hit]:
    """No match has the value that was asked for.

    A value without wildcards is matched by equal values only. An SCP that does not match by a key returns whatever
    fits the others: SCUs show other patients' studies, or drop all. A note where the key is optional, since an SCP need
    not match by it, and where a single match was looked at, which may be known by another value too.

    What to do: Look at the SCP's conformance statement for the keys that it matches by. Compare what was asked for with
    the SCP's database.
    """
    told = set()
    for each in asked(review):
        for tag, occurrence in each.query.unfit.items():
            side, first = each.operation.side.other, occurrence.first
            if occurrence.times < each.query.looked_at or (side, tag) in told:
                continue  # some fit: it does match by the key
            told.add((side, tag))
            who = the_party(review.association.party(side))
            text = f"{who} sends another {named(tag)} than was asked for {_share(each, occurrence.times)}"
            sure = each.query.looked_at > 1 and tag in _keys_to_match(each)
            why = ": it does not match by this key" if sure else ""
            since = each.operation.request.span.first_packet
            yield Hit(text + why, first.span, first, side=side, earliest_cause=since,
                      severity=None if sure else Severity.NOTE)  # fmt: skip


def _keys_to_match(each: Asked) -> tuple[int, ...]:
    """Return the unique and required keys by which an SCP matches whatever else it supports."""
    if each.level is None or each.model is None:
        return ()
    above = each.model.levels[: each.place or 0]
    return (*(level.unique or 0 for level in above), each.level.unique or 0, *each.level.required)


def _without(each: Asked, tag: int, what_it_is: str, why: str = "") -> Iterator[Seen]:
    return _lacks(each.query.absent.get(tag), each.query.empty.get(tag), f"{named(tag)}{what_it_is}", why)


def _lacks(absent: Occurrence | None, empty: Occurrence | None, what: str, why: str) -> Iterator[Seen]:
    if absent is not None:
        yield Seen(f"leaves out {what}", absent, why)
    if empty is not None:
        yield Seen(f"sends an empty {what}", empty, why)


def _left_out(each: Asked, tags: list[int], why: str) -> Iterator[Seen]:
    if tags:
        occurrence = max((each.query.absent[tag] for tag in tags), key=lambda found: found.times)
        yield Seen(f"leaves out {names(tags)}", occurrence, why)


def _share(each: Asked, times: int) -> str:
    """`in all 3 matches`, `in 2 of 8 matches looked at, of 500`."""
    looked_at, there = each.query.looked_at, each.operation.pending
    matches = counted(looked_at, "match")
    share = f"{times} of {matches}"
    if times == looked_at:
        share = {1: matches, 2: "both matches"}.get(looked_at, f"all {matches}")
    return f"in {share}" + (f" looked at, of {there}" if there > looked_at else "")
