"""Timeline entries -> the operations that they end, by labels of which there are few."""

from collections.abc import Iterable, Iterator

from dicomsniff.association.consumer import Update
from dicomsniff.dictionary.commands import COMMAND_FIELDS, service_name
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.operations import Operation

SERVICES = frozenset(map(service_name, COMMAND_FIELDS))
"""The DIMSE services there are (PS3.7 Table 6.1-1)."""


def ended_operations(updates: Iterable[Update]) -> Iterator[Operation]:
    """Yield the operations whose final response is among the entries."""
    for _, entry in updates:
        match entry.event:
            case Message(operation=Operation(final=final) as operation) as message if message is final:
                yield operation


def service_of(operation: Operation) -> str:
    """Name an operation's service; anything that PS3.7 does not know is `other`."""
    return operation.name if operation.name in SERVICES else "other"


def category_of(operation: Operation) -> str:
    """Name the class of an operation's final status: `Success`, `Warning`, `Failure`, `Cancel` or `Unknown`."""
    return operation.category or "Unknown"
