"""A timeline -> the arrows of a sequence diagram; those that are alike share one, of many the middle is left out."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.statuses import DONE, PENDING, find_status
from dicomsniff.dimse.message import Message
from dicomsniff.export.text import FOLDED, alike_entries
from dicomsniff.findings.parts import the_class
from dicomsniff.pdu.types import Abort, AssociateRj, MalformedPdu, MissingBytes, SkippedBytes
from dicomsniff.quantities import counted
from dicomsniff.side import Side
from dicomsniff.words.entries import entry_name

MAX_ARROWS = 60
"""Arrows of a diagram; of a longer exchange, the first and the last ones are drawn."""
_BAD = (Abort, AssociateRj, MalformedPdu, MissingBytes, SkippedBytes)


class Arrow(NamedTuple):
    """One arrow, or a gap where `count` entries are left out; `time` is in ns since the association began."""

    label: str
    time: int
    is_from_requestor: bool = True
    is_bad: bool = False
    is_gap: bool = False


def arrows(
    association: Association, entries: Iterable[Entry], said: Callable[[str], str], most: int = MAX_ARROWS
) -> list[Arrow]:
    """Return the arrows of a timeline, `most` at most; `said` returns a line with marks as it may be shown."""
    found = []
    for alike in alike_entries(association, entries):
        few = len(alike) < FOLDED
        for entry, _ in alike if few else alike[:1]:
            more = "" if few else f" (and {len(alike) - 1} more like it)"
            label = said(f"{_label(entry)}{more}")
            time = entry.span.first_time - association.start_time
            found.append(Arrow(label, time, entry.side is Side.REQUESTOR, is_bad(entry)))
    if len(found) <= most:
        return found
    half = most // 2
    gap = Arrow(f"{counted(len(found) - 2 * half, 'arrow')} left out", 0, is_gap=True)
    return [*found[:half], gap, *found[-half:]]


def is_bad(entry: Entry) -> bool:
    """Whether an entry is one that tells of a failure."""
    event = entry.event
    if isinstance(event, Message):
        status = event.command.status
        if status is None or status in PENDING:
            return bool(event.problem)
        return find_status(event.command.service, event.sop_class_uid, status).category not in DONE
    return isinstance(event, _BAD)


def _label(entry: Entry) -> str:
    event = entry.event
    if not isinstance(event, Message):
        return entry_name(entry)
    if event.command.status is not None:
        found = find_status(event.command.service, event.sop_class_uid, event.command.status)
        code = "" if event.command.status == 0 else f" 0x{event.command.status:04X}"
        return f"{entry_name(entry)}: {found.category}{code}"
    about = event.sop_class_uid
    return f"{entry_name(entry)}: {the_class(about)}" if about else entry_name(entry)
