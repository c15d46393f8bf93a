"""Deflated data sets: raw or wrapped, padded, followed by other bytes, broken, and ones that grow beyond measure."""

import zlib
from collections.abc import Iterator
from io import BytesIO

from dicomsniff.dictionary.uids import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN
from dicomsniff.dimse.dataset import decode_data_set
from fuzz.finds import BrokenError
from fuzz.grammar import parse_data_set
from fuzz.pieces import Piece, render
from fuzz.seeds import Material, shrink
from fuzz.targets import Target
from fuzz.targets.data_sets import compare, deflate, seed_data_sets

_RAW, _ZLIB, _GZIP = -zlib.MAX_WBITS, zlib.MAX_WBITS, zlib.MAX_WBITS + 16
_WINDOWS = (_RAW, _RAW, _ZLIB, _GZIP, 0)
"""What is put around the stream; with 0 the input itself is taken for one."""
_ENDS = (b"", b"\0", b"\0\0", b" ", b"\xff" * 9, bytes(10), b"\0" * 5000)
_COPIES = (0, 0, 0, 1, 8, 64, 512, 4096)
"""How often the last bytes of the data set come again."""
_LAST = 64
MAX_GROWN = 64 << 20
"""Bytes of a data set before it is deflated."""


def check(data: bytes) -> None:
    """Three bytes choose wrapper and level, end and copies, and damage; the rest is the data set that is deflated."""
    if len(data) < 4:
        return
    wrapper, end, damage, body = data[0], data[1], data[2], data[3:]
    window = _WINDOWS[wrapper % len(_WINDOWS)]
    copies = _COPIES[end >> 3 & 7] * (end >> 6 or 1) ** 2
    grown = (body + body[-_LAST:] * copies)[:MAX_GROWN]
    stream = deflate(grown, window=window, level=wrapper // len(_WINDOWS) % 10) if window else body
    sent = stream + _ENDS[(end & 7) % len(_ENDS)]
    if damage:
        place = len(sent) * damage // 256
        sent = sent[:place] + bytes([sent[place] ^ 0x55]) + sent[place + 1 :] if damage & 1 else sent[:place]
    _, decoded = compare(sent, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
    harmless = window == _RAW and not damage and (end & 7) % len(_ENDS) < 3
    if harmless and not decoded.problem and not decoded.guessed:
        plain = decode_data_set(BytesIO(grown), EXPLICIT_VR_LITTLE_ENDIAN)
        if not plain.guessed and decoded.to_json() != plain.to_json():
            raise BrokenError("deflated, a data set has other elements")


def seeds(material: Material) -> Iterator[bytes]:
    """The data sets of the messages, in each wrapper, with each end, and some that grow."""
    for number, (_, syntax, data) in enumerate(seed_data_sets(material)):
        if syntax != EXPLICIT_VR_LITTLE_ENDIAN or number > len(_ENDS):
            continue
        small = render(shrink(parse_data_set(data, implicit=False, order="little")))
        yield bytes([6 * len(_WINDOWS) + number % len(_WINDOWS), number % 8, 0]) + small
        yield bytes([6 * len(_WINDOWS), number % 8 << 3, 0]) + small
        yield bytes([4, 0, 0]) + deflate(small)


def _parse(data: bytes) -> list[Piece]:
    options = [Piece(data[at : at + 1]) for at in range(min(len(data), 3))]
    return [*options, *parse_data_set(data[3:], implicit=False, order="little")]


TARGET = Target(check, seeds, _parse, 1 << 14)
