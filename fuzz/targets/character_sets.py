"""Text under every Specific Character Set: what the scanner finds right, the reader decodes, and all of it is text."""

import json
import struct
from collections.abc import Iterator
from io import BytesIO

from pydicom.charset import python_encoding

from dicomsniff.dictionary.uids import EXPLICIT_VR_LITTLE_ENDIAN
from dicomsniff.dimse.dataset import decode_data_set
from dicomsniff.dimse.scan.elements import KEPT
from fuzz.finds import BrokenError
from fuzz.pieces import Piece
from fuzz.seeds import Material
from fuzz.targets import Target
from fuzz.targets.data_sets import scan

TERMS = (*sorted(python_encoding), "ISO_IR_100", "ISO-IR 192", "ISO 2022 IR", "LATIN1", "UTF-8", "\\")
"""Defined terms, and some that are none."""
MAX_TERMS = 8
ESCAPE = b"\x1b"
_VALUES = (
    (0x00080070, b"LO"),
    (0x00100010, b"PN"),
    (0x00080080, b"LO"),
    (0x00081010, b"SH"),
    (0x00102000, b"LO"),
    (0x00104000, b"LT"),
    (0x00189004, b"CS"),
    (0x00400280, b"ST"),
    (0x0040A160, b"UT"),
    (0x00181800, b"UC"),
    (0x00080018, b"UI"),
    (0x00080020, b"DA"),
    (0x00201041, b"DS"),
)
"""Elements that may hold the text."""
_LONG = (b"UT", b"UC")
_REPLACED = ("\ufffd".encode(), "\ufffd".encode("gb18030"))
"""The replacement character, as the character sets that have it send it."""
_NAMES = (
    ("ISO_IR 100", "latin_1", "Äneas^Rüdiger"),
    ("ISO_IR 101", "iso8859_2", "Wałęsa"),
    ("ISO_IR 109", "iso8859_3", "antaŭ"),
    ("ISO_IR 110", "iso8859_4", "Jānis"),
    ("ISO_IR 144", "iso8859_5", "Люкceмбypг"),
    ("ISO_IR 127", "iso8859_6", "قباني^لنزار"),
    ("ISO_IR 126", "iso8859_7", "Διονυσιος"),
    ("ISO_IR 138", "iso8859_8", "שרון^דבורה"),
    ("ISO_IR 148", "iso8859_9", "Çavuşoğlu"),
    ("ISO_IR 13", "shift_jis", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
    ("ISO_IR 166", "tis_620", "นามสกุล"),
    ("ISO_IR 192", "utf_8", "Wang^XiaoDong=王^小東="),
    ("GB18030", "gb18030", "Wang^XiaoDong=王^小东="),
    ("GBK", "gbk", "王^小东"),
    ("ISO 2022 IR 87", "iso2022_jp", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    ("ISO 2022 IR 159", "iso2022_jp_2", "あ齩龕"),
    ("ISO 2022 IR 149", "iso2022_kr", "Hong^Gildong=洪^吉洞=홍^길동"),
    ("ISO 2022 IR 58", "iso2022_jp_2", "张^小东"),
)


def check(data: bytes) -> None:
    """Up to MAX_TERMS terms, each a byte (255 ends them), a byte that chooses the element, then the text."""
    terms, _, rest = _split(data)
    if not rest:
        return
    declared, (tag, vr), value = "\\".join(terms), _VALUES[rest[0] % len(_VALUES)], rest[1:]
    data_set = _element(0x00080005, b"CS", declared.encode()) + _element(tag, vr, value)
    outline = scan(data_set, EXPLICIT_VR_LITTLE_ENDIAN, len(data_set))
    if scan(data_set, EXPLICIT_VR_LITTLE_ENDIAN, 7, skip=True) != outline:
        raise BrokenError("cut otherwise, a data set has another outline")
    decoded = decode_data_set(BytesIO(data_set), EXPLICIT_VR_LITTLE_ENDIAN)
    json.dumps(decoded.to_json(), ensure_ascii=False).encode()
    element = next((each for each in decoded.elements if each.tag == tag), None)
    if element is None and not outline.has_file_meta:
        raise BrokenError(f"the text of {vr.decode()} is not read", "text that is not read")
    if element is None or outline.problems:
        return
    looked_at = vr not in (b"CS", b"UI", b"DA", b"DS") and len(value) < KEPT
    if looked_at and "\ufffd" in element.text and not any(each in value for each in _REPLACED):
        text = f"{declared!r}: nothing is wrong with {value!r}, which is {element.text!r}"
        raise BrokenError(
            text, f"U+FFFD of which nothing is said, {'with' if ESCAPE in value else 'without'} an escape"
        )


def _split(data: bytes) -> tuple[list[str], int, bytes]:
    terms = []
    for byte in data[:MAX_TERMS]:
        if byte == 0xFF:
            break
        terms.append(TERMS[byte % len(TERMS)])
    end = len(terms) + (len(terms) < min(len(data), MAX_TERMS))
    return terms, end, data[end:]


def _element(tag: int, vr: bytes, value: bytes) -> bytes:
    value = value[:0xFFFE]
    value += b" " * (len(value) % 2)
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr)
    return head + (struct.pack("<xxL", len(value)) if vr in _LONG else struct.pack("<H", len(value))) + value


def seeds(material: Material) -> Iterator[bytes]:
    """Names in each of the character sets, alone and behind others; a capture gives none."""
    if material.name != "c-echo.pcap":
        return
    for term, codec, name in _NAMES:
        for before in ((), ("",), ("ISO 2022 IR 13",), ("ISO 2022 IR 100", "ISO 2022 IR 87")):
            yield bytes(TERMS.index(each) for each in (*before, term)) + b"\xff\x01" + name.encode(codec)


def _parse(data: bytes) -> list[Piece]:
    _, end, rest = _split(data)
    parts = rest[1:].split(ESCAPE)
    return [*(Piece(bytes([byte])) for byte in data[:end]), Piece(rest[:1]), Piece(parts[0]), *map(_escape, parts[1:])]


def _escape(part: bytes) -> Piece:
    return Piece(part, ESCAPE)


TARGET = Target(check, seeds, _parse, 1 << 12)
