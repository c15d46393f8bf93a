"""Data set bytes -> elements, as far as they can be read, in the transfer syntax that fits them (PS3.5)."""

import warnings
import zlib
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from dicomsniff.dictionary.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from dicomsniff.dimse.dataset_element import DecodedDataSet, Element
from dicomsniff.dimse.dataset_reader import DataSetReader
from dicomsniff.dimse.scan.file_meta import MAX_FILE_META, find_file_meta
from dicomsniff.dimse.scan.syntax import HEAD, Decision, Encoding, decide_syntax, fitting_syntax

__all__ = ["DecodedDataSet", "Element", "decode_data_set"]

MAX_INFLATED = 256 << 20
"""Bytes a deflated data set may grow to; what is beyond is not decoded."""
IN_MEMORY = 16 << 20
"""Bytes of an inflated data set kept in memory; a longer one goes to a temporary file."""
_PIECE = 1 << 16
_BLOCK = 4096
"""Bytes inflated at once, so that little is lost where the stream breaks."""


def decode_data_set(content: BinaryIO, transfer_syntax: str | None, whole: int | None = None) -> DecodedDataSet:
    """Decode a data set from the start of `content`, in the transfer syntax negotiated, or what its bytes fit better.

    `whole` is the number of bytes before the first missing one: nothing behind it is decoded.
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
            _decode(content, start, size, decision, transfer_syntax, decoded)
    return decoded


def _decode(
    content: BinaryIO, start: int, size: int, decision: Decision, negotiated: str | None, decoded: DecodedDataSet
) -> None:
    decoded.guessed, decoded.why = decision.guessed, decision.why
    if decision.syntax is None:
        decoded.note(decision.why)
        return
    if decision.encoding.deflated:
        with SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
            inflated = cast("BinaryIO", spool)
            problem = _inflate(content, start, size, decision.window, inflated)
            reader = DataSetReader(inflated, 0, inflated.seek(0, 2), decision.encoding, decoded)
            reader.read()
            if problem:
                decoded.note(problem)
    else:
        reader = DataSetReader(content, start, size, decision.encoding, decoded)
        reader.read()
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


def _inflate(content: BinaryIO, start: int, size: int, window: int, out: BinaryIO) -> str:
    """Inflate as far as it goes; return what is wrong."""
    inflater, total = zlib.decompressobj(wbits=window), 0  # PS3.5 §A.5: RFC 1951, no zlib header
    content.seek(start)
    while start < size and not inflater.eof:
        data = content.read(min(_BLOCK, size - start))
        start += len(data)
        while data:
            try:
                inflated = inflater.decompress(data, _PIECE)
            except zlib.error as error:
                return f"deflated data set does not inflate after {total} inflated bytes: {error}"
            out.write(inflated)
            total += len(inflated)
            if total > MAX_INFLATED:
                return f"inflated beyond {MAX_INFLATED} bytes; the rest is not decoded"
            data = inflater.unconsumed_tail
    out.write(inflater.flush(_PIECE) if not inflater.eof else b"")
    return "" if inflater.eof else "the deflated data set is cut off"
