"""The study and series of an object, read from its data set."""

from io import BytesIO

import pytest

from data_sets import BIG, DEFLATED, EXPLICIT, IMPLICIT, bare, deflate, item, long, sequence, short
from dicomsniff.extraction.study import read_study


def read(content: bytes, syntax: str) -> tuple[str | None, str | None]:
    return read_study(BytesIO(content), len(content), syntax)


PLAIN = short(0x00080016, "UI", b"1.2\0") + short(0x0020000D, "UI", b"1.3\0") + short(0x0020000E, "UI", b"1.4\0")
IN_ITEM = sequence(0x00081140, item(short(0x0020000D, "UI", b"9.9\0"), short(0x0020000E, "UI", b"9.8\0")))
BIG_ENDIAN = short(0x0020000D, "UI", b"1.3\0", order=">") + short(0x0020000E, "UI", b"1.4\0", order=">")


@pytest.mark.parametrize(
    ("content", "syntax"),
    [
        (PLAIN, EXPLICIT),
        (PLAIN + long(0x7FE00010, "OW", bytes(200_000)), EXPLICIT),
        (short(0x00080016, "UI", b"1.2\0") + IN_ITEM + PLAIN[12:], EXPLICIT),
        (bare(0x0020000D, b"1.3\0") + bare(0x0020000E, b"1.4\0"), IMPLICIT),
        (short(0x00080016, "UI", b"1.2\0", order=">") + BIG_ENDIAN, BIG),
        (deflate(PLAIN), DEFLATED),
        (PLAIN, IMPLICIT),
    ],
    ids=["plain", "before pixels", "behind an item", "implicit", "big endian", "deflated", "not as agreed"],
)
def test_both_are_read_in_every_encoding(content: bytes, syntax: str) -> None:
    assert read(content, syntax) == ("1.3", "1.4")


def test_what_is_not_there_is_none() -> None:
    assert read(short(0x00080016, "UI", b"1.2\0") + IN_ITEM, EXPLICIT) == (None, None)
    assert read(b"", EXPLICIT) == (None, None)
