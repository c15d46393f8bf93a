"""Which outlines of data sets are kept: those that have something to say."""

from typing import NamedTuple

from msgspec.structs import replace

from dicomsniff.dimse.command import Command
from dicomsniff.dimse.scan.element_kinds import BITS_ALLOCATED, COLUMNS, PIXEL_DATA, ROWS
from dicomsniff.dimse.scan.outline import DataSetOutline, named

C_STORE_RQ = 0x0001
_LINKING = (0x00081195, 0x00400252, 0x00741000)
"""Transaction UID, Performed Procedure Step Status, Procedure Step State."""
_JPIP = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (94, 95, 204, 205))
"""Transfer syntaxes of images whose pixels are fetched from elsewhere (PS3.5 §A.6, §A.7, §A.13, §A.14)."""
_SOP_CLASS_UID, _SOP_INSTANCE_UID = 0x00080016, 0x00080018


def worth_keeping(outline: DataSetOutline, command: Command) -> DataSetOutline | None:
    """Return an outline that is worth its memory, None for that of a sound data set that links no messages.

    Of an object that is stored, what it refers to is left out; its values are kept where they contradict the command.
    """
    told = outline.problems or outline.guessed or outline.has_file_meta
    if command.field == C_STORE_RQ and (lacking := _lacking(outline)):
        outline = replace(outline, lacks=named(lacking))
    noted = outline.encapsulated or outline.unusual or outline.other_vr or outline.lacks
    if command.field != C_STORE_RQ:
        links = outline.referenced or any(tag in outline.values for tag in _LINKING)
        return outline if told or noted or links else None
    differs = other_object(outline, command)
    if not (told or noted or differs):
        return None
    kept = outline.values if told or differs else {}
    return replace(outline, values=kept, referenced=(), reference_counts={})


class Difference(NamedTuple):
    """What a data set is, and what its command says that it is; `what` is `SOP class` or `SOP instance`."""

    what: str
    sent: str
    announced: str


def _lacking(outline: DataSetOutline) -> int | None:
    """Return what is not in an object: a UID that tells what it is, or which (PS3.3 §C.12.1), or an image's pixels."""
    if outline.unexamined or not outline.elements:
        return None
    unnamed = next((tag for tag in (_SOP_CLASS_UID, _SOP_INSTANCE_UID) if not outline.values.get(tag)), None)
    return unnamed or (PIXEL_DATA if _is_image_without_pixels(outline) else None)


def _is_image_without_pixels(outline: DataSetOutline) -> bool:
    """Whether a data set says how many pixels there are and ends before them; those of JPIP are elsewhere."""
    described = all(outline.values.get(tag) for tag in (ROWS, COLUMNS, BITS_ALLOCATED))
    return described and outline.last >> 16 < PIXEL_DATA >> 16 and outline.transfer_syntax not in _JPIP


def other_object(outline: DataSetOutline, command: Command) -> tuple[Difference, ...]:
    """Return what a C-STORE-RQ and its data set name otherwise; what one of them lacks is none."""
    if command.field != C_STORE_RQ:
        return ()
    pairs = (
        ("SOP class", outline.values.get(_SOP_CLASS_UID), command.affected_sop_class_uid),
        ("SOP instance", outline.values.get(_SOP_INSTANCE_UID), command.affected_sop_instance_uid),
    )
    return tuple(
        Difference(what, str(sent), announced)
        for what, sent, announced in pairs
        if sent and announced and sent != announced
    )
