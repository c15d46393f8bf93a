"""Rules on the elements of command sets: their order, and values that are none (PS3.7 §6.3.1, §9.3)."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dictionary.commands import COMMAND_ELEMENTS, is_retired
from dicomsniff.dimse.command import Command, tag_text
from dicomsniff.dimse.message import Message
from dicomsniff.findings.codes import FRAMING, NOT_CAPTURED, by
from dicomsniff.findings.finding import Severity
from dicomsniff.findings.rule import Hit, entry_rule
from dicomsniff.quantities import counted

_PRIORITY = 0x00000700
_PRIORITIZED = (0x0001, 0x0010, 0x0020, 0x0021)
"""C-STORE-RQ, C-GET-RQ, C-FIND-RQ and C-MOVE-RQ."""
_LOW = 2
"""The greatest priority there is: 0 is medium, 1 high, 2 low (PS3.7 §9.3.1.1)."""


_SIZES = {
    tag: {"US": 2, "UL": 4}[element.vr]
    for tag, element in COMMAND_ELEMENTS.items()
    if element.vr in ("US", "UL") and not is_retired(tag)
}
"""Bytes of the elements that hold one number (PS3.7 §E.1)."""


def is_ill_formed(command: Command) -> bool:
    """Whether elements of a command set are out of order, repeated or of a wrong length, or its priority is none."""
    priority = (command.uint(_PRIORITY) or 0) if command.field in _PRIORITIZED else 0
    return bool(command.disorder) or priority > _LOW or bool(_missized(command))


def _missized(command: Command) -> list[tuple[int, int]]:
    """Return elements that hold one number and have another length than one has: tag, bytes; empty ones have none."""
    return [
        (tag, end - start)
        for tag, (start, end) in command.places.items()
        if end - start != _SIZES.get(tag, end - start) and end > start
    ]


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


@entry_rule(
    code="command-element-length",
    severity=Severity.WARNING,
    on=Message,
    follows=(*_BEFORE, "own:command-malformed"),
    form=is_ill_formed,
)
def element_missized(_: Association, entry: Entry) -> Iterator[Hit]:
    """A command element has another length than its value.

    Numbers in a command set, such as Priority or the counters of sub-operations, are one value of 2 bytes each; Command
    Group Length has 4. Some receivers take the first value, others fail to read the command.

    What to do: Look at the sender's encoder.
    """
    match entry.event:
        case Message(command=command) as message if message.has_whole_command and not command.problem:
            if found := _missized(command):
                tag, length = found[0]
                values = f" ({counted(length // _SIZES[tag], 'value')})" if length > _SIZES[tag] else ""
                more = f"; {len(found) - 1} more like it" if len(found) > 1 else ""
                name = f"{COMMAND_ELEMENTS[tag].name} {tag_text(tag)}"
                said = f"{counted(length, 'byte')}{values}; it is one value of {_SIZES[tag]} bytes"
                yield Hit(f"{message.name}: {name} has {said}{more}")
