"""Which outlines of data sets are kept: those that have something to say."""

from dataclasses import replace

from dicomsniff.dimse.command import Command
from dicomsniff.dimse.scan.outline import DataSetOutline

C_STORE_RQ = 0x0001
_LINKING = (0x00081195, 0x00400252, 0x00741000)
"""Transaction UID, Performed Procedure Step Status, Procedure Step State."""
_SOP_CLASS_UID, _SOP_INSTANCE_UID = 0x00080016, 0x00080018


def worth_keeping(outline: DataSetOutline, command: Command) -> DataSetOutline | None:
    """Return an outline that is worth its memory, None for that of a sound data set that links no messages.

    Of an object that is stored, what it refers to is left out; its values are kept where they contradict the command.
    """
    told = outline.problems or outline.guessed or outline.has_file_meta
    noted = outline.encapsulated or outline.unusual
    if command.field != C_STORE_RQ:
        links = outline.referenced or any(tag in outline.values for tag in _LINKING)
        return outline if told or noted or links else None
    differs = other_object(outline, command)
    if not (told or noted or differs):
        return None
    kept = outline.values if told or differs else {}
    return replace(outline, values=kept, referenced=(), reference_counts={})


def other_object(outline: DataSetOutline, command: Command) -> tuple[str, ...]:
    """Return what a C-STORE-RQ and its data set name otherwise: `SOP class`, `SOP instance`; what one lacks is not."""
    if command.field != C_STORE_RQ:
        return ()
    pairs = (
        ("SOP class", outline.values.get(_SOP_CLASS_UID), command.affected_sop_class_uid),
        ("SOP instance", outline.values.get(_SOP_INSTANCE_UID), command.affected_sop_instance_uid),
    )
    return tuple(what for what, sent, announced in pairs if sent and announced and sent != announced)
