"""What stands for compressed pixels: as much of a codestream as tells which codec it is, and nothing of the image."""

from dicomsniff.dimse.scan.pixels import SAMPLE, identify_codec

__all__ = ["SAMPLE", "beginning_like", "is_offset_table"]

_RLE_HEADER = 64
"""Bytes: the number of segments, and where each begins (PS3.5 §G.5)."""
_JPEG = b"\xff\xd8\xff"
_CANDIDATES = (
    *(_JPEG + bytes([marker]) for marker in (0xC0, 0xC1, 0xC2, 0xC3, 0xF7)),
    *(
        b"\xff\x4f\xff\x51\0\2" + capabilities + b"\xff\x52\0\x0c" + bytes(9) + wavelet
        for capabilities in (b"", b"\xff\x50\0\6\0\2\0\0")
        for wavelet in (b"\1", b"\0")
    ),
    b"\xff\x4f\xff\x51",
    b"\0\0\0\x0cjP  ",
    b"\xff\x0a",
    b"\0\0\0\x0cJXL ",
    _JPEG,
)
"""The shortest beginnings of codestreams of each kind that is told apart."""


def beginning_like(data: bytes) -> bytes:
    """Return bytes that begin like a codestream of the same codec and syntax; none where that does not tell."""
    wanted = identify_codec(data)
    if wanted[0] == "RLE":
        return data[:_RLE_HEADER]
    for each in _CANDIDATES:
        if wanted[0] and len(each) <= len(data) and identify_codec(each + bytes(len(data) - len(each))) == wanted:
            return each
    return b""


def is_offset_table(table: bytes) -> bool:
    """Whether bytes are a Basic Offset Table: offsets that rise from 0 (PS3.5 §A.4)."""
    entries = [int.from_bytes(table[at : at + 4], "little") for at in range(0, len(table), 4)]
    return len(table) % 4 == 0 and entries[:1] in ([], [0]) and entries == sorted(entries)
