"""Makes the bytes of data sets without the code under test, and feeds them to a scanner."""

import struct
import zlib
from collections.abc import Iterable

from dicomsniff.dimse.scan.events import ElementSink
from dicomsniff.dimse.scan.outline import DataSetOutline
from dicomsniff.dimse.scan.scanner import DataSetScanner

IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
DEFLATED, RLE = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.5"
JPEG, JPEG_2000, MPEG2 = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.100"
PRIVATE = "1.2.3.4.5"
UNDEFINED = 0xFFFFFFFF

ITEM_END = bytes.fromhex("feff0de0 00000000")
SEQUENCE_END = bytes.fromhex("feffdde0 00000000")
BIG_ITEM_END = bytes.fromhex("fffee00d 00000000")
BIG_SEQUENCE_END = bytes.fromhex("fffee0dd 00000000")


def short(tag: int, vr: str, value: bytes, *, order: str = "<", length: int | None = None) -> bytes:
    """Explicit VR, 2-byte length; `length` may announce another than the value has."""
    announced = len(value) if length is None else length
    return struct.pack(order + "HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), announced) + value


def long(tag: int, vr: str, value: bytes, *, order: str = "<", length: int | None = None) -> bytes:
    """Explicit VR, two reserved bytes and a 4-byte length."""
    announced = len(value) if length is None else length
    return struct.pack(order + "HH2sHL", tag >> 16, tag & 0xFFFF, vr.encode(), 0, announced) + value


def bare(tag: int, value: bytes, *, order: str = "<", length: int | None = None) -> bytes:
    """Implicit VR; also items and delimiters."""
    announced = len(value) if length is None else length
    return struct.pack(order + "HHL", tag >> 16, tag & 0xFFFF, announced) + value


def item(*elements: bytes, undefined: bool = False, order: str = "<") -> bytes:
    content = b"".join(elements)
    if undefined:
        return bare(0xFFFEE000, content, order=order, length=UNDEFINED) + (ITEM_END if order == "<" else BIG_ITEM_END)
    return bare(0xFFFEE000, content, order=order)


def sequence(tag: int, *items: bytes, undefined: bool = False, order: str = "<") -> bytes:
    """An explicit VR sequence."""
    content = b"".join(items)
    if undefined:
        end = SEQUENCE_END if order == "<" else BIG_SEQUENCE_END
        return long(tag, "SQ", content, order=order, length=UNDEFINED) + end
    return long(tag, "SQ", content, order=order)


def fragments(*values: bytes, table: Iterable[int] = ()) -> bytes:
    """Encapsulated pixel data: a Basic Offset Table with the given entries, then fragments."""
    entries = b"".join(struct.pack("<L", entry) for entry in table)
    parts = b"".join(bare(0xFFFEE000, value) for value in (entries, *values))
    return long(0x7FE00010, "OB", parts, length=UNDEFINED) + SEQUENCE_END


def image(*, frames: int = 1, rows: int = 4, columns: int = 4) -> bytes:
    """What precedes the pixel data of an 8-bit image."""
    return (
        short(0x00080018, "UI", b"1.2.3\0")
        + short(0x00280002, "US", struct.pack("<H", 1))
        + short(0x00280004, "CS", b"MONOCHROME2 ")
        + short(0x00280008, "IS", f"{frames}".rjust(4).encode())
        + short(0x00280010, "US", struct.pack("<H", rows))
        + short(0x00280011, "US", struct.pack("<H", columns))
        + short(0x00280100, "US", struct.pack("<H", 8))
    )


def deflate(data: bytes, *, wbits: int = -15) -> bytes:
    deflater = zlib.compressobj(wbits=wbits)
    out = deflater.compress(data) + deflater.flush()
    return out + bytes(len(out) % 2)


def scan(data: bytes, syntax: str | None = EXPLICIT, *, whole: bool = True) -> DataSetOutline:
    """Scan a data set that comes at once."""
    return scan_pieces([data], syntax, whole=whole)


def scan_pieces(
    pieces: Iterable[bytes],
    syntax: str | None = EXPLICIT,
    *,
    skip: bool = False,
    whole: bool = True,
    sink: ElementSink | None = None,
) -> DataSetOutline:
    """Scan a data set in pieces; with `skip` only the bytes it wants, piece by piece."""
    scanner, offset = DataSetScanner(syntax, sink), 0
    for piece in pieces:
        end = offset + len(piece)
        if skip:
            start = min(max(scanner.wanted, offset), end)
            if start < end:
                scanner.feed(start, piece[start - offset :])
        else:
            scanner.feed(offset, piece)
        offset = end
    return scanner.finish(offset, whole=whole)


def codes(outline: DataSetOutline) -> list[str]:
    return [problem.code.removeprefix("data-set-") for problem in outline.problems]
