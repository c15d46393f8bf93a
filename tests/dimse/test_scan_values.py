"""Small values: characters, UIDs, the length of native pixel data; and encapsulated pixel data."""

import struct

import pytest
from pydicom.charset import convert_encodings
from pydicom.data import get_charset_files

from data_sets import (
    EXPLICIT,
    JPEG,
    JPEG_2000,
    MPEG2,
    RLE,
    codes,
    fragments,
    image,
    long,
    scan,
    short,
)
from dicomsniff.dimse.scan.element_kinds import (
    BITS_ALLOCATED,
    COLUMNS,
    NUMBER_OF_FRAMES,
    PHOTOMETRIC_INTERPRETATION,
    ROWS,
    SAMPLES_PER_PIXEL,
)
from dicomsniff.dimse.scan.outline import PixelDataInfo
from dicomsniff.dimse.scan.values import (
    COMMON_ENCODINGS,
    Characters,
    native_length_problem,
    python_encodings,
    uid_problem,
)

# Declared character set, bytes of a value, whether they are in it.
TEXTS = [
    ("", b"plain", True),
    ("", b"M\xfcller", False),
    ("ISO_IR 6", b"M\xfcller", False),
    ("ISO_IR 100", b"M\xfcller", True),
    ("ISO_IR 192", "Müller 山田".encode(), True),
    ("ISO_IR 192", b"M\xfcller", False),
    ("ISO_IR 192", "山田".encode()[:-1], False),
    ("ISO_IR 144", "Люкceмбypг".encode("iso8859_5"), True),
    ("ISO_IR 101", b"\xa1", True),
    ("ISO_IR 109", b"\xa5", False),  # not assigned in ISO 8859-3
    ("GB18030", "王^小东".encode("gb18030"), True),
    ("GB18030", b"\x81", False),
    ("GBK", "王^小东".encode("gbk"), True),
    ("ISO_IR 13", b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3", True),
    ("\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", True),
    ("\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J", True),
    ("ISO 2022 IR 13\\ISO 2022 IR 87", b"\xd4\xcf\xc0\xde=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J", True),
    ("\\ISO 2022 IR 149", b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7", True),
    ("\\ISO 2022 IR 149", b"\xfb\xf3^\xd1\xce", False),  # no escape sequence
    ("\\ISO 2022 IR 58", b"Zhang^=\x1b$)A\xd5\xc5^", True),
    ("\\ISO 2022 IR 100", b"\x1b-AM\xfcller", True),
    ("\\ISO 2022 IR 100", b"\x1b-F\xe1", False),  # the escape sequence of ISO 2022 IR 126
    ("", b"Yamada^Tarou=\x1b$B;3ED\x1b(B", False),
    ("ISO_IR 100", b"\x1b$B;3ED\x1b(B", False),
    ("LATIN1", b"M\xfcller", False),
    ("LATIN1", b"plain", True),
    ("ISO_IR 100", "Müller".encode(), False),
    ("ISO_IR 100", "JOÃO ÇÉ°".encode("latin-1"), True),
    ("ISO_IR 101", "Łódź".encode(), False),
    ("ISO_IR 101", "Łódź ĂĽ".encode("iso8859-2"), True),
    ("ISO_IR 144", "Привет".encode(), False),
    ("ISO_IR 144", "УМ ПРИВЕТ".encode("iso8859-5"), True),
    ("GB18030", "王小东".encode("gb18030"), True),
    ("ISO_IR 192", "Müller".encode(), True),
]


@pytest.mark.parametrize(("declared", "value", "fits"), TEXTS)
def test_text_must_be_in_the_declared_character_set(declared, value, fits):
    assert (Characters(declared).problem(value) == "") is fits


@pytest.mark.parametrize("path", get_charset_files("*.dcm"))
def test_real_files_in_many_character_sets_have_no_problem(path):
    with open(path, "rb") as file:
        data = file.read()
    assert [code for code in codes(scan(data)) if code != "file-meta"] == []


def test_what_is_wrong_with_a_text_is_told_without_its_value():
    (problem,) = scan(short(0x00080005, "CS", b"ISO_IR 192") + short(0x00100010, "PN", b"M\xfcller")).problems
    assert problem.text == "(0010,0010) Patient's Name at byte 18 has bytes that are not 'ISO_IR 192'"
    (problem,) = scan(short(0x00080018, "UI", b"1.2.3\0") + short(0x00100010, "PN", b"M\xfcller")).problems
    assert problem.text == (
        "(0010,0010) Patient's Name at byte 14 has byte 0xFC, and no character set beyond ASCII is declared"
    )


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b"", ""),
        (b"1.2.840.10008.1.2", ""),
        (b"1.2.840.10008.1.2\0", ""),
        (b"1.2.840.10008.1.2 ", ""),
        (b"0.0.1", ""),
        (b"2.25.329800735698586629295641978511506172918", ""),
        (b"1.2\\1.3\\1.4", ""),
        (b"\\1.3", ""),
        (b"1." + b"2" * 62, ""),
        (b"1." + b"2" * 62 + b"\0", ""),
        (b"1." + b"2" * 62 + b"\\1.2", ""),
        (b"1." + b"2" * 63, "a UID of 65 characters; it may have 64"),
        (b"1.01", "a UID with a component that begins with 0"),
        (b"1..1", "a UID with an empty component"),
        (b".1", "a UID with an empty component"),
        (b"1.2.", "a UID with an empty component"),
        (b"1.2.x", "a UID with a character that is neither a digit nor a dot"),
        (b"1.2.\xb2", "a UID with a character that is neither a digit nor a dot"),
        (b"1.2\0.3", "a UID with a character that is neither a digit nor a dot"),
    ],
)
def test_uids_are_checked(value, problem):
    assert uid_problem(value) == problem


def pixel_values(rows=3, columns=3, bits=8, samples=1, frames=None, photometric="MONOCHROME2"):
    values = {ROWS: rows, COLUMNS: columns, BITS_ALLOCATED: bits, SAMPLES_PER_PIXEL: samples}
    values |= {PHOTOMETRIC_INTERPRETATION: photometric}
    return values | ({NUMBER_OF_FRAMES: frames} if frames is not None else {})


@pytest.mark.parametrize(
    ("length", "values", "fits"),
    [
        (10, pixel_values(), True),  # padded
        (9, pixel_values(), True),  # not padded, which is told elsewhere
        (8, pixel_values(), False),
        (12, pixel_values(), False),
        (18, pixel_values(bits=16), True),
        (28, pixel_values(samples=3), True),
        (36, pixel_values(frames=4), True),
        (30, pixel_values(frames=4), False),
        (2, pixel_values(bits=1), True),  # 9 bits
        (4, pixel_values(bits=1, frames=3), True),  # 27 bits, packed across frames
        (6, pixel_values(bits=1, frames=3), True),  # each frame beginning a new byte
        (8, pixel_values(bits=1, frames=3), False),
        (18, pixel_values(bits=12), True),
        (14, pixel_values(bits=12), True),
        (36, pixel_values(bits=32), True),
        (32, pixel_values(4, 4, samples=3, photometric="YBR_FULL_422"), True),
        (48, pixel_values(4, 4, samples=3, photometric="YBR_FULL_422"), True),
        (24, pixel_values(4, 4, samples=3, photometric="YBR_PARTIAL_420"), True),
        (32, pixel_values(4, 4, samples=3, photometric="RGB"), False),
        (5, pixel_values(rows=0), True),
        (5, {}, True),
        (5, {ROWS: 3, COLUMNS: 3}, True),
        (10, pixel_values(frames="many"), True),
    ],
)
def test_native_pixel_data_has_the_length_its_image_needs(length, values, fits):
    assert (native_length_problem(length, values) == "") is fits


def test_a_wrong_pixel_length_says_what_was_expected():
    problem = native_length_problem(30, pixel_values(frames=4))
    assert problem == "30 bytes; 3 rows, 3 columns, 1 sample of 8 bits and 4 frames make 36"


FRAME = b"\xff\xd8\xff\xe0\0\4ab\xff\xc0\0\x0b\x08\0\x04\0\x04\x01\x01\x11\0\0"
RLE_FRAME = b"\1\0\0\0\x40\0\0\0" + bytes(56) + b"\0\1"
PLACE = len(FRAME) + 8


def test_encapsulated_pixel_data_is_described():
    data = image(frames=2) + fragments(FRAME, FRAME + bytes(4), table=[0, PLACE])
    outline = scan(data, JPEG)
    assert outline.problems == ()
    assert outline.encapsulated == PixelDataInfo(
        fragments=2,
        frames=2,
        offset_table=2,
        offset_table_fits=True,
        length=2 * len(FRAME) + 4,
        codec="JPEG",
        ended=True,
    )
    assert scan(data[:-8], JPEG, whole=False).encapsulated.ended is False
    assert scan(image() + long(0x7FE00010, "OB", bytes(16)), EXPLICIT).encapsulated is None


# Frames, pixel data, transfer syntax, whether it can be.
PIXELS = {
    "one frame in one fragment": (1, fragments(FRAME), JPEG, True),
    "one frame in three fragments": (1, fragments(FRAME, b"ab", b"cd"), JPEG, True),
    "two frames in three fragments": (2, fragments(FRAME, FRAME, b"cd"), JPEG, True),
    "three frames in two fragments": (3, fragments(FRAME, FRAME), JPEG, False),
    "no fragment": (1, fragments(), JPEG, False),
    "a frame in two fragments, and a table": (2, fragments(FRAME, FRAME, b"ab", table=[0, PLACE]), JPEG, True),
    "a table with an entry inside a fragment": (2, fragments(FRAME, FRAME, table=[0, 10]), JPEG, False),
    "a table with an entry behind the fragments": (2, fragments(FRAME, FRAME, table=[0, 9999]), JPEG, False),
    "a table without the first frame": (2, fragments(FRAME, FRAME, FRAME, table=[PLACE, 2 * PLACE]), JPEG, False),
    "a table with too few entries": (2, fragments(FRAME, FRAME, table=[0]), JPEG, False),
    "a table with too many entries": (1, fragments(FRAME, FRAME, table=[0, PLACE]), JPEG, False),
    "RLE with a fragment for each frame": (2, fragments(RLE_FRAME, RLE_FRAME), RLE, True),
    "RLE with two fragments for one frame": (1, fragments(RLE_FRAME, RLE_FRAME), RLE, False),
    "video has all frames in one fragment": (300, fragments(b"\0\0\1\xb3"), MPEG2, True),
    "video with any table": (300, fragments(b"\0\0\1\xb3", table=[0, 4]), MPEG2, True),
    "an unknown syntax may do anything but nothing": (3, fragments(b"ab", b"cd"), "1.2.840.10008.1.2.4.92", True),
    "a codec that does not show": (1, fragments(b"abcd"), JPEG_2000, True),
}


@pytest.mark.parametrize("case", PIXELS)
def test_frames_fragments_and_offset_table_must_go_together(case):
    frames, pixels, syntax, fits = PIXELS[case]
    assert codes(scan(image(frames=frames) + pixels, syntax)) == ([] if fits else ["pixel-mismatch"])


def test_fragments_that_the_capture_lost_prove_nothing():
    data = image(frames=3) + fragments(FRAME, FRAME, FRAME, table=[0, PLACE, 2 * PLACE])
    outline = scan(data[: -8 - PLACE], JPEG, whole=False)
    assert (outline.problems, outline.encapsulated.fragments, outline.encapsulated.offset_table_fits) == ((), 2, None)


def test_an_offset_table_too_long_to_keep_is_counted_only():
    table = struct.pack("<L", 0xFFFEE000 >> 16 | (0xE000 << 16)) + struct.pack("<L", 1 << 20) + bytes(1 << 20)
    data = image(frames=2) + long(0x7FE00010, "OB", table, length=0xFFFFFFFF)
    info = scan(data, JPEG, whole=False).encapsulated
    assert (info.offset_table, info.offset_table_fits, info.fragments) == (1 << 18, None, 0)


@pytest.mark.parametrize("declared", COMMON_ENCODINGS)
def test_common_character_sets_are_what_pydicom_takes_them_for(declared):
    assert python_encodings(declared) == (convert_encodings([declared]), "")
