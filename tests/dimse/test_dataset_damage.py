"""Damaged data sets: every element that can be read is read, and what is wrong is said."""

from io import BytesIO

import pytest

from data_sets import (
    EXPLICIT,
    IMPLICIT,
    ITEM_END,
    JPEG,
    SEQUENCE_END,
    UNDEFINED,
    bare,
    fragments,
    image,
    item,
    long,
    sequence,
    short,
)
from dicomsniff.dimse.dataset import decode_data_set

UID = short(0x00080018, "UI", b"1.2.3\0")
NAME = short(0x00100010, "PN", b"A^B ")
IDENTIFIER = short(0x00100020, "LO", b"12")
REFERENCE = short(0x00081155, "UI", b"1.2.3.9\0")


def read(data: bytes, syntax: str | None = EXPLICIT):
    decoded = decode_data_set(BytesIO(data), syntax)
    return {f"{'>' * each.depth}{each.tag:08X}": each.text for each in decoded.elements}, decoded


# Bytes, transfer syntax agreed, what is read behind the damage, the problem.
READABLE = {
    "an undefined VR with a short length": (
        UID + short(0x00100010, "ZZ", b"A^B ") + IDENTIFIER,
        EXPLICIT,
        {"00080018": "1.2.3", "00100010": "A^B", "00100020": "12"},
        "(0010,0010) Patient's Name at byte 14 has the undefined VR 'ZZ'",
    ),
    "an undefined VR with a long length": (
        UID + long(0x00100010, "ZZ", b"A^B ") + IDENTIFIER,
        EXPLICIT,
        {"00080018": "1.2.3", "00100010": "A^B", "00100020": "12"},
        "(0010,0010) Patient's Name at byte 14 has the undefined VR 'ZZ'",
    ),
    "no VR from the second element on": (
        UID + bare(0x00100010, b"A^B ") + bare(0x00100020, b"12"),
        EXPLICIT,
        {"00080018": "1.2.3", "00100010": "A^B", "00100020": "12"},
        "elements from byte 14 on have no VR (implicit VR), those before are encoded otherwise",
    ),
    "an element longer than its item": (
        UID + sequence(0x00081140, item(short(0x00081155, "UI", b"1.2.3\0", length=8)), item(REFERENCE)) + NAME,
        EXPLICIT,
        {"00080018": "1.2.3", "00081140": "2 items", ">00081155": "1.2.3.9", "00100010": "A^B"},
        "(0008,1155) Referenced SOP Instance UID at byte 34 extends 2 bytes past the end of an item of "
        "(0008,1140) Referenced Image Sequence at byte 26",
    ),
    "an item longer than its sequence": (
        UID + sequence(0x00081140, bare(0xFFFEE000, REFERENCE, length=len(REFERENCE) + 2)) + NAME,
        EXPLICIT,
        {"00080018": "1.2.3", "00081140": "1 item", ">00081155": "1.2.3.9", "00100010": "A^B"},
        "an item of (0008,1140) Referenced Image Sequence at byte 26 extends 2 bytes past the end of "
        "(0008,1140) Referenced Image Sequence at byte 14",
    ),
    "a sequence that is cut off": (
        UID + sequence(0x00081140, item(REFERENCE), item(REFERENCE))[:-2],
        EXPLICIT,
        {"00080018": "1.2.3", "00081140": "2 items", ">00081155": "1.2.3.9"},
        "(0008,1140) Referenced Image Sequence at byte 14 extends 2 bytes past the end of the data set",
    ),
    "a sequence without delimiter": (
        UID + long(0x00081140, "SQ", item(REFERENCE), length=UNDEFINED) + NAME,
        EXPLICIT,
        {"00080018": "1.2.3", "00081140": "1 item", ">00081155": "1.2.3.9", "00100010": "A^B"},
        "(0008,1140) Referenced Image Sequence at byte 14 has an undefined length, and no delimiter",
    ),
    "an item without delimiter": (
        UID
        + long(0x00081140, "SQ", bare(0xFFFEE000, REFERENCE, length=UNDEFINED), length=UNDEFINED)
        + SEQUENCE_END
        + NAME,
        EXPLICIT,
        {"00080018": "1.2.3", "00081140": "1 item", ">00081155": "1.2.3.9", "00100010": "A^B"},
        "an item of (0008,1140) Referenced Image Sequence at byte 26 has an undefined length, and no delimiter",
    ),
    "no delimiter at all": (
        UID + long(0x00081140, "SQ", bare(0xFFFEE000, REFERENCE, length=UNDEFINED), length=UNDEFINED),
        EXPLICIT,
        {"00080018": "1.2.3", "00081140": "1 item", ">00081155": "1.2.3.9"},
        "(0008,1140) Referenced Image Sequence at byte 14 has an undefined length, and no delimiter; "
        "likewise 1 more inside it",
    ),
    "a stray delimiter": (
        UID + ITEM_END + NAME,
        EXPLICIT,
        {"00080018": "1.2.3", "00100010": "A^B"},
        "(FFFE,E00D) Item Delimitation Item at byte 14 is found where a data element was expected",
    ),
    "delimiters with a length": (
        UID
        + long(0x00081140, "SQ", bare(0xFFFEE000, REFERENCE, length=UNDEFINED), length=UNDEFINED)
        + bare(0xFFFEE00D, b"", length=83)
        + bare(0xFFFEE0DD, b"", length=8)
        + NAME,
        EXPLICIT,
        {"00080018": "1.2.3", "00081140": "1 item", ">00081155": "1.2.3.9", "00100010": "A^B"},
        "(FFFE,E00D) Item Delimitation Item at byte 50 has a length of 83; it must be 0; "
        "(FFFE,E0DD) Sequence Delimitation Item at byte 58 has a length of 8; it must be 0",
    ),
    "pixel data whose delimiter has a length": (
        image() + fragments(b"\xff\xd8ab")[:-4] + b"\2\0\0\0",
        JPEG,
        {"7FE00010": "1 fragment, 4 bytes"},
        "(FFFE,E0DD) Sequence Delimitation Item at byte 118 has a length of 2; it must be 0",
    ),
    "file meta information": (
        short(0x00020010, "UI", EXPLICIT.encode() + b"\0") + UID,
        IMPLICIT,
        {"00020010": EXPLICIT, "00080018": "1.2.3"},
        "file meta information (group 0002) before the data set",
    ),
    "a value that is not of its VR": (
        UID
        + short(0x00181151, "IS", b"tall")
        + short(0x00280010, "US", b"abc ")
        + short(0x00400244, "DA", b"\xff\xfe"),
        EXPLICIT,
        {"00080018": "1.2.3", "00181151": "tall", "00280010": "25185\\8291", "00400244": "ÿþ"},
        "",
    ),
    "a fragment that is cut off": (
        image() + fragments(b"\xff\xd8ab", b"abcd")[:-10],
        JPEG,
        {"7FE00010": "1 fragment, 4 bytes"},
        "(7FE0,0010) Pixel Data at byte 118 (4 bytes) extends 2 bytes past the end of the data set",
    ),
    "pixel data without delimiter": (
        image() + fragments(b"\xff\xd8ab", b"abcd")[:-8],
        JPEG,
        {"7FE00010": "2 fragments, 8 bytes"},
        "(7FE0,0010) Pixel Data at byte 86 has an undefined length, and no delimiter",
    ),
}


@pytest.mark.parametrize("case", READABLE)
def test_what_can_be_read_is_read(case):
    data, syntax, expected, problem = READABLE[case]
    found, decoded = read(data, syntax)
    assert {tag: found.get(tag) for tag in expected} == expected
    assert decoded.problem == problem


def test_un_of_an_undefined_length_has_implicit_vr_inside():
    inner = item(bare(0x00080018, b"1.2.9\0"), undefined=True)
    data = UID + long(0x00081140, "UN", inner, length=UNDEFINED) + SEQUENCE_END + NAME
    found, decoded = read(data)
    assert found == {"00080018": "1.2.3", "00081140": "1 item", ">00080018": "1.2.9", "00100010": "A^B"}
    assert decoded.problem == ""


def test_a_known_sequence_that_was_sent_as_un_is_gone_into():
    data = UID + long(0x00081140, "UN", item(bare(0x00080018, b"1.2.9\0"))) + NAME
    found, decoded = read(data)
    assert found == {"00080018": "1.2.3", "00081140": "1 item", ">00080018": "1.2.9", "00100010": "A^B"}
    assert decoded.to_json()["00081140"]["Value"] == [{"00080018": {"vr": "UI", "Value": ["1.2.9"]}}]


def test_the_compressed_syntax_that_fits_is_told():
    frame = b"\xff\xd8\xff\xe0\0\4ab\xff\xc0\0\x0b\x08\0\x04\0\x04\x01\x01\x11\0\0"
    _, decoded = read(image() + fragments(frame), EXPLICIT)
    assert (decoded.transfer_syntax, decoded.guessed) == (JPEG, True)
    assert decoded.why == "its pixel data is encapsulated, and JPEG"
    _, decoded = read(image() + long(0x7FE00010, "OB", bytes(16)), JPEG)
    assert (decoded.transfer_syntax, decoded.guessed) == (EXPLICIT, True)


def test_the_place_of_every_element_is_known_also_in_sequences():
    data = UID + sequence(0x00081140, item(REFERENCE)) + long(0x00420011, "OB", b"abcd")
    _, decoded = read(data)
    for element in decoded.elements:
        assert (
            data[element.head : element.head + 4]
            == bytes.fromhex(f"{element.tag:08x}")[1::-1] + bytes.fromhex(f"{element.tag:08x}")[:1:-1]
        )
    (inner,) = [element for element in decoded.elements if element.depth]
    assert data[inner.start : inner.start + inner.length] == b"1.2.3.9\0"


@pytest.mark.parametrize("undefined", [False, True])
def test_where_sequences_and_items_begin_and_end_is_known(undefined):
    inner = [item(sequence(0x00081199, item(REFERENCE), undefined=undefined), undefined=undefined), item()]
    whole = sequence(0x00081140, *inner, undefined=undefined)
    data = UID + whole + fragments(b"\xff\xd8ab")
    _, decoded = read(data, JPEG)
    outer, nested, reference, pixels = decoded.elements[1:]
    assert data[outer.head : outer.end] == whole
    assert [data[start:end] for start, end in outer.items] == inner
    assert data[nested.head : nested.end] == sequence(0x00081199, item(REFERENCE), undefined=undefined)
    assert [data[start:end] for start, end in nested.items] == [item(REFERENCE)]
    assert data[reference.head : reference.end] == REFERENCE
    assert data[pixels.head : pixels.end] == fragments(b"\xff\xd8ab")


def test_a_character_set_of_an_item_is_its_own():
    inner = short(0x00080005, "CS", b"ISO_IR 192") + short(0x00100010, "PN", "Ä^Ö".encode() + b" ")
    data = (
        short(0x00080005, "CS", b"ISO_IR 100")
        + sequence(0x00081140, item(inner))
        + short(0x00100010, "PN", b"\xc4^\xd6 ")
    )
    found, _ = read(data)
    assert (found[">00100010"], found["00100010"]) == ("Ä^Ö", "Ä^Ö")


def test_sequences_beyond_the_depth_limit_end_the_decoding():
    data = long(0x00081140, "SQ", bare(0xFFFEE000, b"", length=UNDEFINED), length=UNDEFINED) * 5000
    _, decoded = read(data)
    assert "more than 64 deep" in decoded.problem
