"""Encapsulated Pixel Data: its fragments, its Basic Offset Table, what the codestream is (PS3.5 §A.4)."""

from array import array

from dicomsniff.dictionary.uids import uid_text
from dicomsniff.dimse.scan.outline import PixelDataInfo
from dicomsniff.quantities import counted

MAX_TABLE = 1 << 18
"""Bytes of a Basic Offset Table that are compared with the fragments; a longer one is not."""
SAMPLE = 512
"""Bytes of the first fragment that tell the codec."""

_RLE = "1.2.840.10008.1.2.5"
_JPEG, _JPEG_LS, _JPEG_2000, _HTJ2K, _JPEG_XL = "JPEG", "JPEG-LS", "JPEG 2000", "HTJ2K", "JPEG XL"
_ROOT = "1.2.840.10008.1.2.4."
_FAMILIES = (
    (50, 70, _JPEG),
    (80, 81, _JPEG_LS),
    (90, 93, _JPEG_2000),
    (110, 112, _JPEG_XL),
    (201, 203, _HTJ2K),
)
_JPEG_SYNTAXES = {0xC0: "50", 0xC1: "51", 0xC3: "57", 0xF7: "81"}
_FRAMES_SHARE_FRAGMENTS = range(100, 110)
"""MPEG and HEVC: a fragment holds many frames (PS3.5 §8.2.5 and following). So may JPEG 2000 Part 2."""


class Fragments:
    """Takes the items of encapsulated pixel data in order; `offset` is where its element begins."""

    __slots__ = (
        "_checked",
        "_next",
        "_table",
        "began",
        "codec",
        "count",
        "ended",
        "entries",
        "fits",
        "length",
        "offset",
        "syntax",
    )

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.began = self.ended = False
        """Whether the Basic Offset Table came, and the sequence delimiter."""
        self.count = self.length = self.entries = 0
        self.fits: bool | None = None
        self.codec = self.syntax = ""
        self._table = array("L")
        self._checked = self._next = 0

    def take(self, length: int, value: bytes | None) -> None:
        """Take an item of `length` bytes: the offset table, or a fragment with its first bytes; None if not seen."""
        if not self.began:
            self.began = True
            self.entries = length // 4
            if value and len(value) == length:
                entries = (int.from_bytes(value[at : at + 4], "little") for at in range(0, length - 3, 4))
                self._table = array("L", entries)
                self.fits = length % 4 == 0 and self._table[0] == 0
            return
        if self._checked < len(self._table):
            entry = self._table[self._checked]
            if entry == self._next:
                self._checked += 1
            elif entry < self._next:
                self.fits = False
                self._checked = len(self._table)
        if self.count == 0 and value:
            self.codec, self.syntax = identify_codec(value)
        self._next += length + 8
        self.count += 1
        self.length += length

    def info(self, frames: int | None) -> PixelDataInfo:
        """Say what was seen; `frames` as Number of Frames has it."""
        fits = self.fits
        if fits and self._checked < len(self._table):
            fits = False if self.ended else None
        return PixelDataInfo(
            self.count,
            frames if frames is not None else self.entries or None,
            self.entries,
            fits,
            self.length,
            self.codec,
            self.ended,
        )


def encapsulation_problem(info: PixelDataInfo, frames: int, syntax: str | None) -> str:
    """Say why fragments and table of ended pixel data cannot hold `frames` frames in `syntax`; empty where they can."""
    if not info.fragments:
        return "encapsulated, without a fragment"
    if _shares_fragments(syntax):
        return ""
    many = counted(frames, "frame")
    if info.fragments < frames:
        return f"{many} in {counted(info.fragments, 'fragment')}"
    if syntax == _RLE and info.fragments != frames:
        return f"{many} in {counted(info.fragments, 'fragment')}; RLE has one for each"
    if info.offset_table and info.offset_table != frames:
        return f"a Basic Offset Table of {info.offset_table} entries for {many}"
    if info.offset_table_fits is False:
        return "a Basic Offset Table with an entry that is not the start of a fragment"
    return ""


def codec_problem(codec: str, syntax: str | None) -> str:
    """Say that the codestream is not what the transfer syntax has; empty where it may be."""
    family = _family(syntax)
    same = not codec or not family or codec == family
    return "" if same else f"the first fragment is {codec}, but {uid_text(syntax)} was agreed"


def _number(syntax: str | None) -> int:
    part = (syntax or "").removeprefix(_ROOT).partition(".")[0]
    return int(part) if part.isascii() and part.isdigit() and (syntax or "").startswith(_ROOT) else 0


def _family(syntax: str | None) -> str:
    if syntax == _RLE:
        return "RLE"
    number = _number(syntax)
    return next((name for first, last, name in _FAMILIES if first <= number <= last), "")


def _shares_fragments(syntax: str | None) -> bool:
    number = _number(syntax)
    return number in _FRAMES_SHARE_FRAGMENTS or number in (92, 93)


def identify_codec(data: bytes) -> tuple[str, str]:
    """Return what a codestream begins like, and a transfer syntax that it fits; both empty where it does not tell."""
    if data.startswith(b"\xff\xd8\xff"):
        return _identify_jpeg(data)
    if data.startswith(b"\xff\x4f\xff\x51"):
        return _identify_jpeg_2000(data)
    if data.startswith(b"\0\0\0\x0cjP  "):
        return _JPEG_2000, _ROOT + "91"
    if data.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        return _JPEG_XL, _ROOT + "112"
    segments = int.from_bytes(data[:4], "little")
    # An RLE header has the number of segments, then the first one's offset, which is its own length (PS3.5 §G.5).
    if 1 <= segments <= 15 and data[4:8] == b"\x40\0\0\0" and not any(data[4 + 4 * segments : 64]):
        return "RLE", _RLE
    return "", ""


def _identify_jpeg(data: bytes) -> tuple[str, str]:
    """Go through the marker segments to the frame header (ISO/IEC 10918-1 §B.2; 14495-1 §C.2 for JPEG-LS)."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in _JPEG_SYNTAXES:
            return _JPEG_LS if marker == 0xF7 else _JPEG, _ROOT + _JPEG_SYNTAXES[marker]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return _JPEG, ""
        at += 2 + length if marker != 0xFF else 1
    return "", ""


def _identify_jpeg_2000(data: bytes) -> tuple[str, str]:
    """A CAP segment with Part 15 in it makes HTJ2K; the wavelet in COD tells reversible (ISO/IEC 15444-1 §A.5, A.6)."""
    at, codec, syntax = 2, _JPEG_2000, _ROOT + "91"
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0x50 and int.from_bytes(data[at + 4 : at + 8], "big") & 0x00020000:
            codec, syntax = _HTJ2K, _ROOT + "203"
        elif marker == 0x52:
            if codec == _JPEG_2000 and data[at + 13 : at + 14] == b"\x01":
                syntax = _ROOT + "90"
            return codec, syntax
        at += 2 + length
    return codec, syntax
