"""Data set bytes -> elements, as far as they can be read, in the transfer syntax that fits them (PS3.5)."""

import warnings
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from dicomsniff.dictionary.uids import IMPLICIT_VR_LITTLE_ENDIAN
from dicomsniff.dimse.command import tag_text
from dicomsniff.dimse.dataset_element import DecodedDataSet, Element, Inflated
from dicomsniff.dimse.element_list import ElementList
from dicomsniff.dimse.scan.outline import DataSetOutline
from dicomsniff.dimse.scan.scanner import DataSetScanner
from dicomsniff.quantities import counted

__all__ = ["DecodedDataSet", "Element", "decode_data_set"]

IN_MEMORY = 16 << 20
"""Bytes of an inflated data set kept in memory; a longer one goes to a temporary file."""
HARMLESS = frozenset(
    f"data-set-{code}"
    for code in ("order", "odd-length", "uid", "value", "minor-value", "charset", "pixel-length", "pixel-mismatch")
)
"""Problems that do not hinder reading. They are findings, and not repeated beside the elements."""


def decode_data_set(
    content: BinaryIO, transfer_syntax: str | None, whole: int | None = None, *, keep_inflated: int = 0
) -> DecodedDataSet:
    """Decode a data set from the start of `content`, in the transfer syntax negotiated, or what its bytes fit better.

    `whole` is the number of bytes before the first missing one: nothing behind it is decoded. Of a deflated data set
    the first `keep_inflated` inflated bytes are kept.
    """
    from pydicom import config

    size = content.seek(0, 2)
    missing = whole is not None and size > whole
    size = min(size, whole) if whole is not None else size
    with (
        warnings.catch_warnings(),
        config.disable_value_validation(),
        SpooledTemporaryFile(max_size=IN_MEMORY) as spool,
    ):
        warnings.simplefilter("ignore")
        inflated = cast("BinaryIO", spool)
        listed = ElementList(content, size, inflated)
        scanner = DataSetScanner(transfer_syntax, listed)
        while scanner.wanted < size:
            scanner.read_on(content, size)
        outline = scanner.finish(size, whole=whole is None)
        listed.finish()
        decoded = DecodedDataSet(
            outline.transfer_syntax or transfer_syntax or IMPLICIT_VR_LITTLE_ENDIAN,
            outline.guessed,
            listed.elements,
            why=outline.why,
        )
        if listed.first_inflated is not None:
            length = inflated.seek(0, 2)
            inflated.seek(0)
            decoded.inflated = Inflated(length, listed.first_inflated, inflated.read(keep_inflated))
    for problem in _problems(outline, listed, size, contradiction=scanner.contradiction, missing=missing):
        decoded.note(problem)
    return decoded


def _problems(
    outline: DataSetOutline, listed: ElementList, size: int, *, contradiction: str, missing: bool
) -> Iterator[str]:
    """Say what hinders reading, each problem once, in the words of the outline."""
    if missing:
        yield f"bytes are missing after the first {size}; what follows is not decoded"
    told = [problem.text for problem in outline.problems if problem.code not in HARMLESS]
    yield from (text for text in told if text != contradiction)
    if outline.unexamined and outline.unexamined not in told and not listed.stopped:
        yield outline.unexamined
    yield from listed.notes
    if missing and (cut := listed.cut) is not None and cut.length is not None:
        yield f"{tag_text(cut.tag)} announces {counted(cut.length, 'byte')}; only {max(0, size - cut.start)} present"
