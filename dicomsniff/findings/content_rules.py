"""Rules on the data sets of normalized services: attributes that are missing, wrong or out of place (PS3.4)."""

import re
from collections.abc import Iterator, Sequence

from dicomsniff.dictionary.attribute_demands import IMAGE_BOX_SEQUENCE, STEP_STATE, Path
from dicomsniff.dictionary.commands import ACTION_TYPE_ID, EVENT_TYPE_ID
from dicomsniff.dictionary.normalized import FILM_BOX, PRINT_JOB, type_name
from dicomsniff.dictionary.statuses import DONE, find_status
from dicomsniff.dimse.attribute_lists import ATTRIBUTE_IDENTIFIER_LIST
from dicomsniff.dimse.command import attribute_tags
from dicomsniff.dimse.contents import IMAGE_DISPLAY_FORMAT, Content
from dicomsniff.dimse.operations import Operation
from dicomsniff.dimse.scan.outline import named
from dicomsniff.findings.codes import FRAGMENTS, FRAMING, NOT_CAPTURED, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import has_normalized
from dicomsniff.findings.parts import the_party, the_value
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, final_rule
from dicomsniff.quantities import counted, some_of

_PLAIN = (0x0106, 0x0114, 0x0115, 0x0120, 0x0121)
"""Statuses that say that something is wrong with an attribute that was sent, or missing (PS3.7 §C.5)."""
_POSSIBLE = (0x0105, 0x0107, 0x0110, 0x0116, 0xC000, 0xC001, 0xC301)
"""Statuses behind which that may be."""
_INVALID_VALUE, _MISSING = 0x0106, (0x0120, 0x0121)
"""Statuses that say which of the two it is."""
_LAYOUT = r"STANDARD\\([1-9]\d?),([1-9]\d?)|(?:ROW|COL)\\([1-9]\d?(?:,[1-9]\d?)*)"
"""Image Display Formats that say how many image boxes a film has: columns and rows, or the number in each of these."""
_ERROR_COMMENT = 0x00000902
MAX_NAMED = 2
"""Attributes that a finding names; further ones are counted."""
MAX_VALUE = 16
"""Characters of a value that is shown, as many as a code string has (PS3.5 §6.2)."""


_BEFORE = (*by("own", *FRAMING, *FRAGMENTS, "data-set-wrong-syntax", "request-without-data-set"), *NOT_CAPTURED)


@final_rule(
    code="attribute-missing",
    where=has_normalized,
    severity=Severity.WARNING,
    follows=_BEFORE,
)
def absent(review: Review) -> Iterator[Hit]:
    """A request lacks an attribute that its service needs.

    The tables of PS3.4 say which attributes the data set of a normalized request must hold with a value (type 1 or
    usage M). Reported where the request was refused or answered by an abort, and where the attribute is vital: a
    storage commitment of no instance, a change of state without Transaction UID.

    What to do: Let the sender fill in the attributes named; the clause in the text has the table.
    """
    for operation, content, vital in _failed(review):
        lacking = [path for path in content.absent if not vital or path in vital]
        if not lacking and operation.status in _PLAIN:
            lacking = list(content.left_out)
        if operation.status == _INVALID_VALUE and content.odd:
            continue  # which is what the receiver refused
        if refused := _refused(operation):
            lacking = [path for path in lacking if not refused.isdisjoint(path)]
        if lacking and content.demand is not None:
            outcome = _outcome(review, operation)
            said = f"sends {_asked(operation)} without {_all(lacking)} ({content.demand.reference}){outcome}"
            yield _about(review, operation, said)


@final_rule(
    code="attribute-value-not-allowed",
    where=has_normalized,
    severity=Severity.WARNING,
    follows=_BEFORE,
)
def odd(review: Review) -> Iterator[Hit]:
    """An attribute has a value that its service does not allow here.

    A procedure step is created IN PROGRESS (MPPS) or SCHEDULED (UPS), and its status or state has a few defined values;
    so have Film Orientation and Print Priority of print, Instance Availability, and others. Reported where the request
    was refused or answered by an abort.

    What to do: Let the sender use one of the values named.
    """
    for operation, content, vital in _failed(review):
        if vital or content.demand is None or (operation.status in _MISSING and content.absent):
            continue
        refused = _refused(operation)
        for path, value in content.odd:
            if refused and refused.isdisjoint(path):
                continue
            shown = f" {the_value(repr(value), path[-1])}" if len(value) <= MAX_VALUE else f" ({len(value)} characters)"
            allowed = ", ".join(content.demand.allowed[path])
            said = f"sends {_asked(operation)} with {named(path[-1])}{shown}, which may be {allowed} here"
            yield _about(review, operation, f"{said}{_outcome(review, operation)}")


@final_rule(code="attribute-not-settable", where=has_normalized, severity=Severity.WARNING, follows=_BEFORE)
def barred(review: Review) -> Iterator[Hit]:
    """An N-SET holds attributes that may not be set.

    Some attributes are given when the instance is created and stay as they are; the state of a Unified Procedure Step
    is changed by N-ACTION. Reported where the request was refused or answered by an abort.

    What to do: Let the sender leave the attributes out of N-SET.
    """
    for operation, content, vital in _failed(review):
        if content.barred and not vital:
            said = f"sends {_asked(operation)} with {_all([(tag,) for tag in content.barred])}"
            instead = "; only N-ACTION (Change UPS State) changes it" if content.barred == (STEP_STATE,) else ""
            yield _about(review, operation, f"{said}, not allowed there{instead}{_outcome(review, operation)}")


@final_rule(code="film-box-without-image-boxes", where=has_normalized, severity=Severity.WARNING, follows=_BEFORE)
def without_image_boxes(review: Review) -> Iterator[Hit]:
    """A Film Box is created and its image boxes are not named.

    The printer creates the image boxes of a film and names them in Referenced Image Box Sequence (2010,0510) of its
    N-CREATE-RSP. Without it the sender cannot fill them.

    What to do: Look at the printer, and at Image Display Format (2010,0010) of the request.
    """
    for operation in review.association.operations.normalized:
        final, content = operation.final, operation.content
        created = operation.name == "N-CREATE" and operation.request.command.sop_class_uid == FILM_BOX
        if created and final is not None and content is not None and content.given == 0 and operation.category in DONE:
            who = the_party(review.association.party(final.side))
            lacks = f"no {named(IMAGE_BOX_SEQUENCE)}: nobody can tell its image boxes, so that nothing can be printed"
            yield Hit(f"{who} creates a Film Box and returns {lacks}", final.span, final)


@final_rule(code="image-boxes-differ", where=has_normalized, severity=Severity.WARNING, follows=_BEFORE)
def image_boxes_differ(review: Review) -> Iterator[Hit]:
    """A film has another number of image boxes than its layout.

    Image Display Format (2010,0010) says how many image boxes a film has: 2 columns and 3 rows have 6. The printer
    names them all in its N-CREATE-RSP. An image without a box cannot be set; a box too many stays empty.

    What to do: Look at the printer: does it know this layout? Let the sender ask for one that it knows.
    """
    for operation in review.association.operations.normalized:
        final, content = operation.final, operation.content
        made = operation.name == "N-CREATE" and operation.request.command.sop_class_uid == FILM_BOX
        if not made or final is None or content is None or not content.given or operation.category not in DONE:
            continue
        layout = content.values.get(IMAGE_DISPLAY_FORMAT, "")
        boxes = boxes_of(layout)
        if boxes and boxes != content.given:
            who, has = the_party(review.association.party(final.side)), counted(boxes, "image box")
            text = f"{who} creates a Film Box with Image Display Format {layout.strip()}, which has {has}, and names"
            yield Hit(f"{text} {content.given}", final.span, final)


def boxes_of(layout: str) -> int:
    """Return how many image boxes an Image Display Format stands for (PS3.3 §C.13.3); 0 where it does not say."""
    found = re.fullmatch(_LAYOUT, layout.strip())
    if found is None:
        return 0
    return int(found[1]) * int(found[2]) if found[1] else sum(int(each) for each in found[3].split(","))


@final_rule(code="print-job-not-followed", where=has_normalized, severity=Severity.NOTE)
def print_job_not_followed(review: Review) -> Iterator[Hit]:
    """A print job was accepted and no event reports on it.

    The printer reports the progress of a print job only on the association on which it was created. Without an event
    nobody knows whether the film came out.

    What to do: Let the sender wait for the event Done or Failure before it releases the association.
    """
    operations = review.association.operations
    events = any(each.request.command.affected_sop_class_uid == PRINT_JOB for each in operations.normalized
                 if each.name == "N-EVENT-REPORT")  # fmt: skip
    agreed = any(each.accepted and each.abstract_syntax == PRINT_JOB for each in review.association.contexts.values())
    if events or not agreed or operations.unlisted:
        return
    for operation in operations.normalized:
        final, content = operation.final, operation.content
        if operation.name == "N-ACTION" and final is not None and content is not None and content.given:
            who = the_party(review.association.party(final.side))
            said = f"{who} made a print job (Referenced Print Job Sequence); no N-EVENT-REPORT of it came"
            yield Hit(f"{said} before the association ended", final.span, final)


def _failed(review: Review) -> Iterator[tuple[Operation, Content, Sequence[Path]]]:
    """Yield operations whose request was read and that came to nothing because of it, as far as can be told.

    With each what of it counts: nothing names all of it; of one that succeeded it is what it cannot do without.
    """
    operations = review.association.operations.normalized
    reported = any(operation.name == "N-EVENT-REPORT" for operation in operations)  # so it came to something
    for operation in operations:
        content, status = operation.content, operation.status
        if content is None or content.demand is None or not content.read:
            continue
        possible = status in _POSSIBLE and not _says_why(operation)
        if status in _PLAIN or possible or (status is None and _gave_up(review, operation)):
            yield operation, content, ()
        elif status in _POSSIBLE and content.ends:
            yield operation, content, content.demand.final
        elif status == 0 and content.demand.vital and not reported:
            yield operation, content, content.demand.vital


def _says_why(operation: Operation) -> bool:
    """Whether a response gives a reason of its own."""
    return operation.final is not None and bool(operation.final.command.text(_ERROR_COMMENT))


def _refused(operation: Operation) -> set[int]:
    """Return the attributes that a response itself names as those it was refused for (PS3.7 §C.5)."""
    final = operation.final
    return set(attribute_tags(final.command.value(ATTRIBUTE_IDENTIFIER_LIST))) if final is not None else set()


def _gave_up(review: Review, operation: Operation) -> bool:
    """Whether the receiver of a request aborted instead of answering it."""
    abort = review.association.abort
    return abort is not None and abort.side is not operation.side and operation.first_response is None


def _outcome(review: Review, operation: Operation) -> str:
    """Say what came of a request."""
    status = operation.status
    receiver = the_party(review.association.party(operation.side.other))
    if status is None:
        return f": probably why {receiver} aborted"
    if status == 0:
        return f"; {receiver} answered Success"
    command = operation.request.command
    meaning = find_status(command.service, command.sop_class_uid, status).meaning
    said = f"0x{status:04X}" + (f" ({meaning})" if meaning else "")
    if status not in _PLAIN and _says_why(operation):
        return f"; {receiver} answered {said}"
    return f": refused with {said}" if status in _PLAIN else f": probably why it got {said}"


def _asked(operation: Operation) -> str:
    """Name a request and what it asks: `N-ACTION-RQ (Request Storage Commitment)`."""
    command = operation.request.command
    number = command.uint(ACTION_TYPE_ID if command.service == "N-ACTION" else EVENT_TYPE_ID)
    what = type_name(command.service, command.sop_class_uid, number)
    return f"{command.name} ({what})" if what else command.name


def _all(paths: Sequence[Path]) -> str:
    """Name attributes: `(0008,1199) Referenced SOP Sequence`, nested ones with their sequence."""
    return some_of(paths, MAX_NAMED, lambda path: " of ".join(named(tag) for tag in reversed(path)))


def _about(review: Review, operation: Operation, said: str) -> Hit:
    who = the_party(review.association.party(operation.side))
    return Hit(f"{who} {said}", operation.request.span, operation.request)
