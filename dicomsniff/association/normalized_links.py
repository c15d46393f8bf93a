"""Normalized services over time: what was done to one SOP instance, or under one Transaction UID, wherever it was done.

Storage commitment (PS3.4 Annex J), modality performed procedure steps (Annex F), print (Annex H), unified procedure
steps (Annex CC).
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import ClassVar

from msgspec import Struct, field
from msgspec.structs import replace

from dicomsniff.association.association import Association
from dicomsniff.dictionary.attribute_demands import (
    FAILED_SOP_SEQUENCE,
    REFERENCED_SOP_SEQUENCE,
    STEP_STATE,
    STEP_STATUS,
    TRANSACTION_UID,
)
from dicomsniff.dictionary.commands import ACTION_TYPE_ID, EVENT_TYPE_ID
from dicomsniff.dictionary.normalized import (
    COMMITMENT,
    FILM_BOX,
    FILM_SESSION,
    IMAGE_BOXES,
    MPPS,
    PRINT_JOB,
    PRINTER,
    UPS_CLASSES,
)
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.operations import Operation
from dicomsniff.side import Side
from dicomsniff.span import Span

MAX_WORKFLOWS = 20_000
"""Threads remembered."""
LATEST_WORKFLOWS = 1_000
"""Threads remembered of what has no end: those that began last."""
MAX_STEPS = 200
"""Steps kept of one workflow; further ones are counted."""

REFERENCED, FAILED = REFERENCED_SOP_SEQUENCE, FAILED_SOP_SEQUENCE
"""The sequences of a storage commitment: what is asked for or committed, and what is not."""


class Kind(StrEnum):
    """What a workflow is about."""

    COMMITMENT = "storage commitment"
    MPPS = "modality performed procedure step"
    PRINT = "print session"
    UPS = "unified procedure step"


SOP_CLASSES = {
    COMMITMENT: Kind.COMMITMENT,
    MPPS: Kind.MPPS,
    FILM_SESSION: Kind.PRINT,
    FILM_BOX: Kind.PRINT,
    **dict.fromkeys(IMAGE_BOXES, Kind.PRINT),
    PRINT_JOB: Kind.PRINT,
    PRINTER: Kind.PRINT,
    "1.2.840.10008.5.1.1.23": Kind.PRINT,
    **dict.fromkeys(UPS_CLASSES, Kind.UPS),
}


MAX_FEW = 8
"""Instances of a storage commitment that are remembered by name; of more only the number is."""


class Step(Struct, frozen=True):
    """One operation of a workflow: where it is, and what it did."""

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
    message_id: int | None = None
    """Of the request."""
    action: int | None = None
    """Action Type ID of an N-ACTION, Event Type ID of an N-EVENT-REPORT."""
    state: str | None = None
    """Performed Procedure Step Status or Procedure Step State, where the data set gives it."""
    referenced: int | None = None
    """Instances in the Referenced SOP Sequence; None where the data set was not looked at."""
    failed: int | None = None
    """Instances in the Failed SOP Sequence."""
    instances: int | None = None
    """Tells one set of instances in these sequences from another; None where not all are known."""
    few: tuple[str, ...] = ()
    """These instances, where they are known and not more than MAX_FEW."""
    transaction: str | None = None
    """Transaction UID, where the data set gives it."""
    name: ClassVar[str] = "step"

    def holds(self, message: Message | None) -> bool:
        """Whether a message of its association, or (None) the association itself, has part in it."""
        return message is not None and message.number == self.message


class Workflow(Struct):
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
    """Takes associations as they end; gives the workflows their normalized services belong to."""

    def __init__(self, *, watches: bool = False) -> None:
        self._watches = watches
        """Whether there is no end: then the latest are remembered, not the first."""
        self._workflows: dict[tuple[Kind, str], Workflow] = {}
        self.unlisted = 0
        """Operations of workflows that are not remembered."""

    def take(self, steps: Iterable[tuple[Kind, str, Step]]) -> None:
        """Sort the operations of an association into workflows."""
        for kind, key, step in steps:
            self._add(kind, key, step)

    def workflows(self) -> list[Workflow]:
        """Return what belongs together, each workflow's steps in the order of time."""
        for workflow in self._workflows.values():
            workflow.steps.sort(key=by_time)
        now = (replace(workflow, steps=list(workflow.steps)) for workflow in self._workflows.values())
        return sorted(now, key=lambda workflow: by_time(workflow.steps[0]))

    def find(self, kind: Kind, key: str) -> Workflow | None:
        """Return what was done under a key, its steps in the order of time; None where nothing was."""
        workflow = self._workflows.get((kind, key))
        if workflow is not None:
            workflow.steps.sort(key=by_time)
        return workflow

    def latest(self, kind: Kind) -> Iterator[Workflow]:
        """Yield the workflows of a kind, the one that began last first."""
        return (workflow for workflow in reversed(self._workflows.values()) if workflow.kind is kind)

    def _add(self, kind: Kind, key: str, step: Step) -> None:
        workflow = self._workflows.get((kind, key))
        if workflow is None:
            if len(self._workflows) >= (LATEST_WORKFLOWS if self._watches else MAX_WORKFLOWS):
                if not self._watches:
                    self.unlisted += 1
                    return
                oldest = self._workflows.pop(next(iter(self._workflows)))
                self.unlisted += len(oldest.steps) + oldest.unlisted
            workflow = self._workflows[kind, key] = Workflow(kind, key)
        workflow.add(step)


def steps_of(association: Association) -> Iterator[tuple[Kind, str, Step]]:
    """Yield an association's operations as steps, each with what it is about and under which key."""
    for operation in association.operations.normalized:
        kind = kind_of(operation)
        if kind is not None:
            yield kind, _key(kind, association, operation), _step(association, operation)


def kind_of(operation: Operation) -> Kind | None:
    """Return what an operation of a normalized service is about; None where it is about something else."""
    kind = SOP_CLASSES.get(operation.request.command.sop_class_uid or "")
    return kind if operation.name.startswith("N-") else None


def instance_of(operation: Operation) -> str | None:
    """Return the instance an operation of a normalized service is about, where request or response names it."""
    command = operation.request.command
    instance = command.requested_sop_instance_uid or command.affected_sop_instance_uid
    if instance is None and operation.final is not None:  # an SCP may name what an N-CREATE left nameless
        instance = operation.final.command.affected_sop_instance_uid
    return instance


def key_of(association: Association, operation: Operation) -> str:
    """Return the key of the workflow that an operation belongs to, whatever it is about."""
    kind = kind_of(operation)
    return _key(kind, association, operation) if kind is not None else ""


def by_time(step: Step) -> tuple[int, int, int]:
    """The order of time, whichever association was over first."""
    return step.time, step.association, step.message


def _key(kind: Kind, association: Association, operation: Operation) -> str:
    if kind is Kind.PRINT:
        return f"association {association.id}"
    if kind is Kind.COMMITMENT:
        return _text(operation.request, TRANSACTION_UID) or f"association {association.id}, Transaction UID unknown"
    return instance_of(operation) or unknown_instance(association.id)


def unknown_instance(association: int) -> str:
    """Return what stands for the key of operations of an association that name no instance."""
    return f"association {association}, instance unknown"


def _step(association: Association, operation: Operation) -> Step:
    request = operation.request
    command, instances = request.command, _instances(request)
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
        message_id=command.message_id,
        action=command.uint(ACTION_TYPE_ID if operation.name == "N-ACTION" else EVENT_TYPE_ID),
        state=_text(request, STEP_STATUS) or _text(request, STEP_STATE),
        referenced=_count(request, REFERENCED),
        failed=_count(request, FAILED),
        instances=hash(instances) if instances is not None else None,
        few=tuple(sorted(instances)) if instances is not None and len(instances) <= MAX_FEW else (),
        transaction=_text(request, TRANSACTION_UID),
    )


def _text(message: Message, tag: int) -> str | None:
    """A data set element's value, where the data set was looked at and has it."""
    outline = message.data_set.outline if message.data_set is not None else None
    value = outline.values.get(tag) if outline is not None else None
    return str(value) if value is not None else None


def _instances(message: Message) -> frozenset[str] | None:
    """Return the instances that a commitment or its report names; None where not all are known."""
    outline = message.data_set.outline if message.data_set is not None else None
    if outline is None or sum(outline.reference_counts.values()) != len(outline.referenced):
        return None
    return frozenset(each.uid for each in outline.referenced if each.sequence in (REFERENCED, FAILED))


def _count(message: Message, sequence: int) -> int | None:
    outline = message.data_set.outline if message.data_set is not None else None
    return outline.reference_counts.get(sequence, 0) if outline is not None else None
