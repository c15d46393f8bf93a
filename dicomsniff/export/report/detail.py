"""A message -> its elements as lines of text: the command set, and the data set as far as it may be shown."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.dictionary.attributes import find_keyword
from dicomsniff.dictionary.commands import COMMAND_ELEMENTS
from dicomsniff.dictionary.uids import uid_text
from dicomsniff.dimse.command import Command, tag_text
from dicomsniff.dimse.message import Message
from dicomsniff.export.model_json import take_data_set
from dicomsniff.privacy.gate import Gate
from dicomsniff.quantities import counted

MAX_LINES = 200
"""Elements of a data set that are listed; further ones are counted."""
MAX_VALUE = 100
"""Characters of a value; of a longer one, what follows is left out."""
_KEYWORD = 36
"""Characters that keywords take at least."""
_NUMBERS = ("US", "UL", "AT")
"""VRs of command elements whose values are nobody's secret."""


def data_lines(association: Association, message: Message, gate: Gate) -> Iterator[str]:
    """Yield the elements of a message's data set, where it was collected."""
    decoded = take_data_set(association, message, gate)
    if decoded is None or message.data_set is None:
        return
    guessed = f" (a guess: {decoded.why})" if decoded.guessed and decoded.why else ""
    yield f"data set of {counted(message.data_set.length, 'byte')}, {uid_text(decoded.transfer_syntax)}{guessed}"
    for element in decoded.elements[:MAX_LINES]:
        yield element_line(element.tag, element.vr, element.name, element.text, element.depth)
    if (more := len(decoded.elements) - MAX_LINES) > 0:
        yield f"and {counted(more, 'further element')}"
    if decoded.problem:
        yield decoded.problem


def left_out(length: int) -> str:
    """Say that a data set is not listed."""
    return f"data set of {counted(length, 'byte')}, which is not listed here"


def command_lines(command: Command, gate: Gate) -> Iterator[str]:
    """Yield the elements of a command set."""
    for tag in command.elements:
        known = COMMAND_ELEMENTS.get(tag)
        yield element_line(tag, known.vr if known else "UN", find_keyword(tag), command_value(command, tag, gate))


def command_value(command: Command, tag: int, gate: Gate) -> str:
    """Return what may be shown of the value of an element of a command set, in words."""
    text, known = command.value_text(tag), COMMAND_ELEMENTS.get(tag)
    if known is None:
        return gate.unknown_text(text)
    return text if known.vr in _NUMBERS else gate.command_value(tag, known.vr, text)


def packets_text(first: int, last: int) -> str:
    """Say in which packets something is: `packet 4`, `packets 8 to 10`."""
    return f"packet {first}" if first == last else f"packets {first} to {last}"


def element_line(tag: int, vr: str, name: str, text: str, depth: int = 0) -> str:
    """Return an element as a line: tag, VR, name, value."""
    value = text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}…"
    return f"{'  ' * depth}{tag_text(tag)} {vr:2} {name:<{_KEYWORD}} {value}".rstrip()
