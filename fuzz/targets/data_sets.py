"""Data sets in every transfer syntax: scanner and reader survive them, and see the same."""

import json
import warnings
import zlib
from collections.abc import Iterator
from io import BytesIO

from dicomsniff.dictionary.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from dicomsniff.dimse.dataset import HARMLESS, DecodedDataSet, decode_data_set
from dicomsniff.dimse.element_list import ElementList
from dicomsniff.dimse.scan.events import ElementSink, Header
from dicomsniff.dimse.scan.outline import DataSetOutline
from dicomsniff.dimse.scan.scanner import DataSetScanner
from fuzz.finds import BrokenError
from fuzz.grammar import parse_data_set
from fuzz.pieces import Piece, render
from fuzz.seeds import MAX_CAPTURE, Material, shrink
from fuzz.targets import Target

SYNTAXES = (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    "1.2.840.10008.1.2.4.50",  # JPEG Baseline
    "1.2.840.10008.1.2.4.90",  # JPEG 2000 lossless
    "1.2.840.10008.1.2.5",  # RLE
    "1.2.840.10008.1.2.4.95",  # JPIP, deflated
    "1.2.840.10008.1.2.4.100",  # MPEG-2
    "1.2.3.4.5",  # a private one
    None,
)
_PRIME = 37


def check(data: bytes) -> None:
    """The first byte chooses the transfer syntax; a deflated data set is given inflated."""
    if not data:
        return
    syntax = SYNTAXES[data[0] % len(SYNTAXES)]
    compare(deflate(data[1:]) if syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN else data[1:], syntax)


class Listed(ElementList):
    """Goes into no sequence that only the dictionaries know to be one, as the scanner does not."""

    def element(self, header: Header, value: bytes) -> bool:
        """List an element."""
        super().element(header, value)
        return False


def compare(data: bytes, syntax: str | None) -> tuple[DataSetOutline, DecodedDataSet]:
    """Scan and read a data set as sent; raise where they disagree, or where it matters how the bytes come."""
    outline = scan(data, syntax, len(data) or 1)
    if scan(data, syntax, _PRIME, skip=True) != outline:
        raise BrokenError("cut otherwise, a data set has another outline")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        listed = scan(data, syntax, _PRIME, sink=Listed(BytesIO(data), len(data), BytesIO()))
    if not outline.unexamined and listed != outline:
        raise BrokenError("read with its elements listed, a data set has another outline")
    decoded = decode_data_set(BytesIO(data), syntax)
    json.dumps(decoded.to_json(), ensure_ascii=False).encode()
    hindered = outline.unexamined or any(problem.code not in HARMLESS for problem in outline.problems)
    if hindered and not (decoded.problem or decoded.guessed):
        raise BrokenError("of what hinders reading, nothing is told beside the elements")
    if not outline.problems and not outline.guessed:
        _compare_values(outline, decoded)
    return outline, decoded


def _compare_values(outline: DataSetOutline, decoded: DecodedDataSet) -> None:
    """What the scanner keeps of a sound data set is what the reader shows of it."""
    shown = {element.tag: element.text for element in decoded.elements if not element.depth}
    for tag, value in outline.values.items():
        text = str(value)
        plain = text.isascii() and text.isprintable() and "\\x" not in text
        if plain and shown.get(tag, "").strip() != text.strip():
            raise BrokenError(f"the scanner keeps {value!r} of {tag:08X}, the reader {shown.get(tag)!r}", "kept values")


def scan(
    data: bytes, syntax: str | None, size: int, *, skip: bool = False, sink: ElementSink | None = None
) -> DataSetOutline:
    """Scan a data set that comes in pieces of `size` bytes; with `skip`, without the bytes that are not wanted."""
    scanner = DataSetScanner(syntax, sink)
    for at in range(0, len(data), size):
        start, end = max(scanner.wanted, at) if skip else at, min(at + size, len(data))
        if start < end:
            scanner.feed(start, data[start:end])
    return scanner.finish(len(data), whole=True)


def deflate(data: bytes, *, window: int = -zlib.MAX_WBITS, level: int = 6) -> bytes:
    """Return a deflate stream of even length (PS3.5 §A.5)."""
    deflater = zlib.compressobj(level, wbits=window)
    stream = deflater.compress(data) + deflater.flush()
    return stream + bytes(len(stream) % 2)


def seeds(material: Material) -> Iterator[bytes]:
    """The data sets of the messages."""
    for index, syntax, data in seed_data_sets(material):
        yield bytes([index]) + render(shrink(parse(data, syntax)))


def seed_data_sets(material: Material) -> Iterator[tuple[int, str | None, bytes]]:
    """Yield the data sets of a capture, inflated: the index of the transfer syntax, it, and the bytes."""
    for message in material.messages:
        index = SYNTAXES.index(message.syntax) if message.syntax in SYNTAXES else 4
        data, deflated = message.data_set, SYNTAXES[index] == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
        if data and deflated:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, MAX_CAPTURE)
        if data:
            yield index, SYNTAXES[index], data


def parse(data: bytes, syntax: str | None) -> list[Piece]:
    """Tell a data set's elements apart."""
    order = "big" if syntax == EXPLICIT_VR_BIG_ENDIAN else "little"
    return parse_data_set(data, implicit=syntax == IMPLICIT_VR_LITTLE_ENDIAN, order=order)


def _parse(data: bytes) -> list[Piece]:
    return [Piece(data[:1]), *parse(data[1:], SYNTAXES[data[0] % len(SYNTAXES)])] if data else []


TARGET = Target(check, seeds, _parse, 1 << 14)
