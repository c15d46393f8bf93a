"""What a side was sent that most receivers can handle and some cannot, where no rule speaks of it by itself."""

from collections.abc import Iterator

from dicomsniff.dictionary.commands import COMMAND_ELEMENTS
from dicomsniff.dictionary.required import TYPE_OF_RESPONSE
from dicomsniff.dimse.command import Command, tag_text
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.scan.outline import MINOR_VALUE
from dicomsniff.findings.data_set_rules import further, outline_of
from dicomsniff.pdu.types import AssociateAc, AssociateRq

_N_CREATE_RQ, _INSTANCE = 0x0140, 0x00001000
_ERROR_COMMENT, _LONGEST_COMMENT = 0x00000902, 64
"""Error Comment, and the characters that its VR, LO, allows."""
_UIDS = (0x00000002, 0x00000003, 0x00001000, 0x00001001)


def unlimited_in(pdu: AssociateRq | AssociateAc) -> Iterator[tuple[str, str]]:
    """Say where a side states a limit as 0, which stands for none, and by which clause."""
    said = pdu.user_information
    window = said.asynchronous_operations_window
    if window is not None and not (window.invoked and window.performed):
        counts = f"{window.invoked} invoked and {window.performed} performed"
        yield (
            f"{pdu.name} has an asynchronous operations window of {counts} operations; 0 means any number, but some "
            "receivers take it for none",
            "PS3.7 §D.3.3.3",
        )
    if said.max_pdu_length == 0:
        yield (
            f"{pdu.name} has a maximum length of 0, which means any length, but some receivers take it for none",
            "PS3.8 §D.1",
        )


def _wrong_uid(value: bytes) -> str:
    """Say what is wrong with the UID of a command; empty where nothing is."""
    from dicomsniff.dimse.scan.values import is_uid, uid_problem  # needed where something failed

    uid = value.rstrip(b"\0 ")
    return "" if is_uid(uid) else uid_problem(uid) or "several UIDs"


def _lacked(command: Command) -> int | None:
    """Return the tag of what a command set may lack, and does; None where it lacks nothing that some receivers need."""
    if command.field == _N_CREATE_RQ:
        return _INSTANCE if command.affected_sop_instance_uid is None else None
    tag = TYPE_OF_RESPONSE.get(command.field or 0)
    return tag if tag not in command.elements else None


def unusual_in(message: Message, *, read: bool) -> tuple[str, str] | None:
    """Say what is unusual in a message without being a finding of its own, and by which clause; None where nothing is.

    The clause is empty where the standard allows it. `read`: its receiver read it, and answered.
    """
    elements = message.command.elements
    for tag, value in elements.items():
        name = COMMAND_ELEMENTS.get(tag)
        if name is None:
            return f"{message.name} has the element {tag_text(tag)}, which the standard does not define", "PS3.7 §E.1"
        if tag in _UIDS and value.endswith(b" "):
            return f"{message.name} pads {name.name} {tag_text(tag)} with a space instead of NUL", "PS3.5 §9.1"
        if tag in _UIDS and (wrong := _wrong_uid(value)):
            return f"{message.name} has a malformed {name.name} {tag_text(tag)}: {wrong}", "PS3.5 §9.1"
        if tag == _ERROR_COMMENT and len(value.rstrip()) > _LONGEST_COMMENT:
            long = f"{len(value.rstrip())} characters; LO allows {_LONGEST_COMMENT}"
            return f"{message.name} has an {name.name} {tag_text(tag)} of {long}", "PS3.5 §6.2"
        if len(value) % 2:
            return f"{message.name} has {name.name} {tag_text(tag)} of odd length", "PS3.5 §7.1.1"
    if (lacked := _lacked(message.command)) is not None:
        what = f"{COMMAND_ELEMENTS[lacked].name} {tag_text(lacked)}"
        return f"{message.name} has no {what}, which is allowed, but some receivers need it", ""
    outline = outline_of(message)
    if outline is None:
        return None
    if outline.other_vr:
        return f"in the data set of {message.name}, {outline.other_vr}", "PS3.6 §6"
    problems = [each for each in outline.problems if each.code == MINOR_VALUE]
    minor = problems[0].text + further(problems, outline) if problems else ""
    if unusual := outline.unusual or minor:
        return f"in the data set of {message.name}, {unusual}", "" if outline.unusual else "PS3.5 §6.2"
    return (f"the data set of {message.name} has no {outline.lacks}", "") if outline.lacks and read else None
