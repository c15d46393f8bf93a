"""Command sets -> what of them is shown (PS3.7 §6.3.1): every element, with other values where they may tell."""

from io import BytesIO

from dicomsniff.dictionary.commands import COMMAND_ELEMENTS, is_retired
from dicomsniff.dimse.command import Command
from dicomsniff.privacy.gate import ERROR_COMMENT
from dicomsniff.privacy.profile import identifies
from dicomsniff.scrubbing.erasing import Erasing
from dicomsniff.scrubbing.plan import Parts

_HEADER = 8


def shown_command(command: Command, erasing: Erasing) -> tuple[Parts, slice | None]:
    """Return what of a command set is shown, and where its Error Comment is, which is not among that."""
    shown, comment = Parts(BytesIO()), None
    for tag, (start, end) in sorted(command.places.items(), key=lambda each: each[1]):
        shown.keep(start - _HEADER, start)
        value = command.raw[start:end]
        if tag == ERROR_COMMENT:
            comment = slice(start, end)
        elif (stand_in := _shown(tag, value, erasing)) == value:
            shown.keep(start, end)
        else:
            shown.put(start, stand_in)
    return shown, comment


def _shown(tag: int, value: bytes, erasing: Erasing) -> bytes:
    element = COMMAND_ELEMENTS.get(tag)
    if element is None:
        return bytes(len(value))
    if element.vr == "UI":
        return erasing.uid(value)
    if element.vr == "AE":
        return erasing.title(value)
    if is_retired(tag) or identifies(tag, element.vr):
        return erasing.stand_ins.value(element.vr, value)
    return value
