"""Data set bytes -> elements, as far as they can be read, in the transfer syntax that fits them (PS3.5)."""

import warnings
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from dicomsniff.dictionary.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from dicomsniff.dimse.dataset_element import DecodedDataSet, Element, Inflated
from dicomsniff.dimse.dataset_reader import DataSetReader
from dicomsniff.dimse.effort import affordable
from dicomsniff.dimse.inflating import BLOCK, MAX_INFLATED, Inflater
from dicomsniff.dimse.scan.file_meta import MAX_FILE_META, find_file_meta
from dicomsniff.dimse.scan.syntax import HEAD, Decision, Encoding, decide_syntax, fitting_syntax

__all__ = ["DecodedDataSet", "Element", "decode_data_set"]

IN_MEMORY = 16 << 20
"""Bytes of an inflated data set kept in memory; a longer one goes to a temporary file."""


def decode_data_set(
    content: BinaryIO, transfer_syntax: str | None, whole: int | None = None, *, keep_inflated: int = 0
) -> DecodedDataSet:
    """Decode a data set from the start of `content`, in the transfer syntax negotiated, or what its bytes fit better.

    `whole` is the number of bytes before the first missing one: nothing behind it is decoded. Of a deflated data set
    the first `keep_inflated` inflated bytes are kept.
    """
    from pydicom import config

    size = content.seek(0, 2)
    decoded = DecodedDataSet(transfer_syntax or IMPLICIT_VR_LITTLE_ENDIAN, transfer_syntax is None)
    if whole is not None and size > whole:
        size = whole
        decoded.note(f"bytes are missing after the first {whole}; what follows is not decoded")
    content.seek(0)
    meta = find_file_meta(content.read(min(size, MAX_FILE_META)), final=True)
    start = (meta.end or 0) if meta is not None else 0
    with warnings.catch_warnings(), config.disable_value_validation():
        warnings.simplefilter("ignore")
        if meta is not None and meta.found:
            decoded.note(meta.found)
            DataSetReader(content, _meta_start(content), start, Encoding(), decoded).read()
        negotiated = transfer_syntax or (meta and meta.transfer_syntax)
        content.seek(start)
        decision = decide_syntax(content.read(min(HEAD, size - start)), negotiated, final=True, whole=whole is None)
        if decision is not None:
            reader = _decode(content, start, size, decision, decoded, keep_inflated, whole=whole is None)
            _settle_syntax(decoded, decision, transfer_syntax, reader)
    return decoded


def _decode(
    content: BinaryIO,
    start: int,
    size: int,
    decision: Decision,
    decoded: DecodedDataSet,
    keep_inflated: int,
    *,
    whole: bool,
) -> DataSetReader | None:
    """Read the elements of a data set proper; return what read them, None where no transfer syntax fits."""
    decoded.guessed, decoded.why = decision.guessed, decision.why
    if decision.syntax is None:
        decoded.note(decision.why)
        return None
    if not decision.encoding.deflated:
        reader = DataSetReader(content, start, size, decision.encoding, decoded)
        reader.read()
        return reader
    inflater = Inflater(decision.window)
    if inflater.wrapping:
        decoded.note(inflater.wrapping)
    with SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
        inflated = cast("BinaryIO", spool)
        _inflate(content, start, size, inflater, inflated)
        inflated.seek(0)
        decoded.inflated = Inflated(inflater.total, len(decoded.elements), inflated.read(keep_inflated))
        reader = DataSetReader(
            inflated, 0, inflater.total, decision.encoding, decoded, affordable=affordable(inflater.sent)
        )
        reader.read()
    if inflater.exceeded:
        decoded.note(f"it inflates to more than {MAX_INFLATED} bytes; the rest is not decoded")
    elif problem := inflater.end_problem(whole=whole):
        decoded.note(problem)
    return reader


def _inflate(content: BinaryIO, start: int, size: int, inflater: Inflater, out: BinaryIO) -> None:
    content.seek(start)
    while not (inflater.broken or inflater.exceeded) and (data := content.read(min(BLOCK, size - start))):
        start += len(data)
        out.writelines(inflater.feed(data))
    out.writelines(inflater.finish())


def _settle_syntax(
    decoded: DecodedDataSet, decision: Decision, negotiated: str | None, reader: DataSetReader | None
) -> None:
    """Say which transfer syntax fits all that was read."""
    if reader is None:
        return
    syntax, decoded.why = fitting_syntax(
        decision,
        negotiated,
        reader.departure,
        codec=reader.codec,
        codec_syntax=reader.codec_syntax,
        encapsulated=reader.has_fragments,
        native=reader.has_native_pixels,
    )
    decoded.transfer_syntax = syntax or EXPLICIT_VR_LITTLE_ENDIAN
    decoded.guessed = bool(decoded.why)


def _meta_start(content: BinaryIO) -> int:
    """Return where file meta information begins: behind a preamble and its prefix, or the prefix alone."""
    content.seek(0)
    head = content.read(132)
    if head[128:] == b"DICM":
        return 132
    return 4 if head[:4] == b"DICM" else 0
