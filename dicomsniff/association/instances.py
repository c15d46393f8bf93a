"""Normalized services over time: what was done to one SOP instance, or under one Transaction UID, wherever it was done.

Storage commitment (PS3.4 Annex J), modality performed procedure steps (Annex F), print (Annex H), unified procedure
steps (Annex CC).
"""

from dataclasses import dataclass, field
from enum import StrEnum

from dicomsniff.association.association import Association
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.operations import Operation
from dicomsniff.provenance import Span
from dicomsniff.side import Side

MAX_THREADS = 20_000
"""Threads remembered."""
MAX_STEPS = 200
"""Steps kept of one thread; further ones are counted."""

TRANSACTION_UID = 0x00081195
REFERENCED, FAILED = 0x00081199, 0x00081198


class Kind(StrEnum):
    """What a thread is about."""

    COMMITMENT = "storage commitment"
    MPPS = "modality performed procedure step"
    PRINT = "print session"
    UPS = "unified procedure step"


SOP_CLASSES = {
    "1.2.840.10008.1.20.1": Kind.COMMITMENT,
    "1.2.840.10008.3.1.2.3.3": Kind.MPPS,
    "1.2.840.10008.5.1.1.1": Kind.PRINT,
    "1.2.840.10008.5.1.1.2": Kind.PRINT,
    "1.2.840.10008.5.1.1.4": Kind.PRINT,
    "1.2.840.10008.5.1.1.4.1": Kind.PRINT,
    "1.2.840.10008.5.1.1.14": Kind.PRINT,
    "1.2.840.10008.5.1.1.16": Kind.PRINT,
    "1.2.840.10008.5.1.1.23": Kind.PRINT,
    "1.2.840.10008.5.1.4.34.6.1": Kind.UPS,
    "1.2.840.10008.5.1.4.34.6.2": Kind.UPS,
    "1.2.840.10008.5.1.4.34.6.3": Kind.UPS,
    "1.2.840.10008.5.1.4.34.6.4": Kind.UPS,
    "1.2.840.10008.5.1.4.34.6.5": Kind.UPS,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of a thread: where it is, and what it did."""

    association: int
    message: int
    service: str
    side: Side
    time: int
    sop_class_uid: str | None
    status: int | None
    category: str
    span: Span
    """Of the request."""
    action: int | None = None
    """Action Type ID of an N-ACTION, Event Type ID of an N-EVENT-REPORT."""
    state: str | None = None
    """Performed Procedure Step Status or Procedure Step State, where the data set gives it."""
    referenced: int | None = None
    """Instances in the Referenced SOP Sequence; None where the data set was not looked at."""
    failed: int | None = None
    """Instances in the Failed SOP Sequence."""


@dataclass(slots=True)
class Thread:
    """What belongs together, and by what: a Transaction UID, an instance UID, or the association of a print session."""

    kind: Kind
    key: str
    steps: list[Step] = field(default_factory=list)
    unlisted: int = 0

    def add(self, step: Step) -> None:
        """Take the next step."""
        if len(self.steps) < MAX_STEPS:
            self.steps.append(step)
        else:
            self.unlisted += 1

    @property
    def associations(self) -> list[int]:
        """The associations it is spread over."""
        return sorted({step.association for step in self.steps})


class InstanceLinks:
    """Takes associations as they end; gives the threads their normalized services belong to."""

    def __init__(self) -> None:
        self._threads: dict[tuple[Kind, str], Thread] = {}
        self.unlisted = 0
        """Operations of threads beyond MAX_THREADS."""

    def take(self, association: Association) -> None:
        """Sort an association's operations into threads."""
        for operation in association.operations.operations:
            kind = SOP_CLASSES.get(operation.request.command.sop_class_uid or "")
            if kind is not None and operation.name.startswith("N-"):
                self._add(kind, _key(kind, association, operation), _step(association, operation))

    def threads(self) -> list[Thread]:
        """Return what belongs together, each thread's steps in the order of time."""
        for thread in self._threads.values():
            thread.steps.sort(key=lambda step: step.time)
        return sorted(self._threads.values(), key=lambda thread: thread.steps[0].time)

    def _add(self, kind: Kind, key: str, step: Step) -> None:
        thread = self._threads.get((kind, key))
        if thread is None:
            if len(self._threads) >= MAX_THREADS:
                self.unlisted += 1
                return
            thread = self._threads[kind, key] = Thread(kind, key)
        thread.add(step)


def _key(kind: Kind, association: Association, operation: Operation) -> str:
    if kind is Kind.PRINT:
        return f"association {association.id}"
    if kind is Kind.COMMITMENT:
        return _text(operation.request, TRANSACTION_UID) or f"association {association.id}, Transaction UID unknown"
    command = operation.request.command
    instance = command.requested_sop_instance_uid or command.affected_sop_instance_uid
    if instance is None and operation.final is not None:  # an SCP may name what an N-CREATE left nameless
        instance = operation.final.command.affected_sop_instance_uid
    return instance or f"association {association.id}, instance unknown"


def _step(association: Association, operation: Operation) -> Step:
    request = operation.request
    command = request.command
    return Step(
        association=association.id,
        message=request.number,
        service=operation.name,
        side=request.side,
        time=request.span.first_time,
        sop_class_uid=command.sop_class_uid,
        status=operation.status,
        category=operation.category,
        span=request.span,
        action=command.uint(0x00001008 if operation.name == "N-ACTION" else 0x00001002),
        state=_text(request, 0x00400252) or _text(request, 0x00741000),
        referenced=_count(request, REFERENCED),
        failed=_count(request, FAILED),
    )


def _text(message: Message, tag: int) -> str | None:
    """A data set element's value, where the data set was looked at and has it."""
    outline = message.data_set.outline if message.data_set is not None else None
    value = outline.values.get(tag) if outline is not None else None
    return str(value) if value is not None else None


def _count(message: Message, sequence: int) -> int | None:
    outline = message.data_set.outline if message.data_set is not None else None
    return outline.reference_counts.get(sequence, 0) if outline is not None else None
