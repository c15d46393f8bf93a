"""Rules on what printers tell of themselves and of what they print (PS3.4 Annex H)."""

from collections.abc import Iterator

from dicomsniff.dictionary.commands import EVENT_TYPE_ID
from dicomsniff.dictionary.normalized import FILM_BOX, IMAGE_BOXES, PRINT_JOB, PRINTER
from dicomsniff.dictionary.statuses import DONE
from dicomsniff.dimse.contents import IMAGE_BOX_POSITION, IMAGE_DISPLAY_FORMAT, PRINTER_STATUS, STATUS_INFORMATION
from dicomsniff.dimse.operations import Operation
from dicomsniff.dimse.scan.outline import named
from dicomsniff.findings.content_rules import boxes_of
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.grounds import has_normalized
from dicomsniff.findings.parts import the_party, the_value
from dicomsniff.findings.review import Review
from dicomsniff.findings.rule import Hit, final_rule
from dicomsniff.quantities import counted
from dicomsniff.side import Side

_FAILURES: dict[tuple[str, int | None], str] = {
    (PRINT_JOB, 4): "Failure of the print job",  # PS3.4 Table H.4-14
    (PRINTER, 3): "Failure of the printer",  # Table H.4-16
}
_WARNING = (PRINTER, 2)
"""Event type Warning of the printer (Table H.4-16)."""
_BAD = ("WARNING", "FAILURE")
"""Printer Status (PS3.3 §C.13.9) and Execution Status of a print job (§C.13.8) that are not as they should be."""
MAX_INFORMATION = 16
"""Characters of the status information that are shown, as many as a code string has (PS3.5 §6.2)."""


@final_rule(code="print-failed", where=has_normalized, severity=Severity.ERROR)
def not_printed(review: Review) -> Iterator[Hit]:
    """The printer reports a failure.

    By N-EVENT-REPORT the printer tells that a print job failed, or that it cannot print at present; all that was asked
    of it may have been answered with Success before.

    What to do: Look at the printer. Execution Status Info (2100,0030) or Printer Status Info (2110,0020) in the event
    says why, such as no film or an open door.
    """
    for operation in _events(review):
        if failed := _FAILURES.get(_event(operation)):
            printer = the_party(review.association.party(operation.request.side))
            yield Hit(f"{printer} reports {failed}{_why(operation)}", operation.request.span, operation.request)


@final_rule(code="printer-status", where=has_normalized, severity=Severity.WARNING)
def not_ready(review: Review) -> Iterator[Hit]:
    """The printer or a print job is not as it should be.

    Asked by N-GET, or by N-EVENT-REPORT on its own, the printer says WARNING or FAILURE; the response itself says
    Success all the same. With FAILURE nothing is printed until somebody has looked after the printer.

    What to do: Look at the printer: its status information says what it lacks, such as film.
    """
    for operation in review.association.operations.normalized:
        content, final = operation.content, operation.final
        said = content.values if content is not None else {}
        found = [(tag, said[tag]) for tag in PRINTER_STATUS if said.get(tag) in _BAD]
        if operation.name == "N-GET" and final is not None and found:
            tag, status = found[0]
            what = f"its status as {status}" if tag == PRINTER_STATUS[0] else f"a print job as {status}"
            yield Hit(f"{_party(review, operation)} gives {what}{_why(operation)}", final.span, final)
        elif operation.name == "N-EVENT-REPORT" and _event(operation) == _WARNING:
            text = f"{_party(review, operation)} reports a Warning of the printer{_why(operation)}"
            yield Hit(text, operation.request.span, operation.request)


@final_rule(code="image-box-position", where=has_normalized, severity=Severity.WARNING)
def no_such_position(review: Review) -> Iterator[Hit]:
    """An image is set at a position that the film does not have.

    Image Box Position (2020,0010) counts the image boxes of the film from 1 on. The printer named them all when the
    Film Box was created; there are no more.

    What to do: Look at the sender: Image Display Format (2010,0010) must have room for all its images.
    """
    boxes: dict[Side, int] = {}
    for operation in review.association.operations.normalized:
        sop_class, content = operation.request.command.sop_class_uid, operation.content
        if content is None:
            continue
        if sop_class == FILM_BOX and operation.name == "N-CREATE" and operation.category in DONE:
            # Where the printer named too few, the sender is not to blame.
            boxes[operation.side] = max(content.given or 0, boxes_of(content.values.get(IMAGE_DISPLAY_FORMAT, "")))
            continue
        there, place = boxes.get(operation.side), content.position
        if sop_class in IMAGE_BOXES and there and place is not None and not 1 <= place <= there:
            who = the_party(review.association.party(operation.side))
            text = f"{who} sends {operation.request.name} with {named(IMAGE_BOX_POSITION)} {place}; "
            text += f"the film has {counted(there, 'image box')}"
            yield Hit(text, operation.request.span, operation.request, side=operation.side)


def _events(review: Review) -> Iterator[Operation]:
    return (each for each in review.association.operations.normalized if each.name == "N-EVENT-REPORT")


def _event(operation: Operation) -> tuple[str, int | None]:
    command = operation.request.command
    return command.affected_sop_class_uid or "", command.uint(EVENT_TYPE_ID)


def _party(review: Review, operation: Operation) -> str:
    """Name the printer: who answers an N-GET, or sends an event."""
    side = operation.side if operation.name == "N-EVENT-REPORT" else operation.side.other
    return the_party(review.association.party(side))


def _why(operation: Operation) -> str:
    said = operation.content.values if operation.content is not None else {}
    found = next(((tag, said[tag]) for tag in STATUS_INFORMATION if said.get(tag, "NORMAL") != "NORMAL"), None)
    return f": {the_value(found[1][:MAX_INFORMATION], found[0])}" if found is not None else ""
