"""Rules on the elements of command sets: their order, and values that are none (PS3.7 §6.3.1, §9.3)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.command import Command
from dicomsniff.dimse.message import Message
from dicomsniff.findings.codes import FRAMING, NOT_CAPTURED, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.rule import Hit, entry_rule

_PRIORITY = 0x00000700
_PRIORITIZED = (0x0001, 0x0010, 0x0020, 0x0021)
"""C-STORE-RQ, C-GET-RQ, C-FIND-RQ and C-MOVE-RQ."""
_LOW = 2
"""The greatest priority there is: 0 is medium, 1 high, 2 low (PS3.7 §9.3.1.1)."""


def is_ill_formed(command: Command) -> bool:
    """Whether elements of a command set are out of order or repeated, or its priority is none."""
    return bool(command.disorder) or (command.field in _PRIORITIZED and (command.uint(_PRIORITY) or 0) > _LOW)


_BEFORE = (*by("own", *FRAMING), *NOT_CAPTURED)


@entry_rule(
    code="command-order",
    severity=Severity.WARNING,
    on=Message,
    follows=_BEFORE,
    form=is_ill_formed,
)
def disordered(_: Association, entry: Entry) -> Iterator[Hit]:
    """The elements of a command set are not in ascending order.

    The elements of a command set are sorted by tag, and each occurs once. Receivers that stop at the first greater tag
    do not find the others, and take the command for one that lacks elements.

    What to do: Look at the sender's encoder.
    """
    match entry.event:
        case Message(command=command) as message if (
            command.disorder and not command.problem and message.has_whole_command
        ):
            yield Hit(f"{message.name}: the elements of the command set are not in ascending order: {command.disorder}")


@entry_rule(
    code="priority-undefined",
    severity=Severity.WARNING,
    on=Message,
    follows=_BEFORE,
    form=is_ill_formed,
)
def priority_undefined(_: Association, entry: Entry) -> Iterator[Hit]:
    """A request has a priority the standard does not define.

    Priority (0000,0700) is 0 (medium), 1 (high) or 2 (low). Receivers ignore other values or refuse the request.

    What to do: Look at the sender's encoder or settings.
    """
    match entry.event:
        case Message(command=command) as message if command.field in _PRIORITIZED and message.has_whole_command:
            priority = command.uint(_PRIORITY)
            if priority is not None and priority > _LOW:
                yield Hit(f"{message.name} has priority {priority}; there are 0 (medium), 1 (high) and 2 (low)")
