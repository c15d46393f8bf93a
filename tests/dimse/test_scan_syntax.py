"""Which transfer syntax fits the bytes: unknown ones are guessed, contradicted ones told."""

import pytest

from data_sets import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG,
    JPEG_2000,
    PRIVATE,
    RLE,
    bare,
    codes,
    deflate,
    fragments,
    image,
    long,
    scan,
    short,
)
from dicomsniff.dimse.scan.syntax import find_encoding

SHORT = {
    EXPLICIT: short(0x00080052, "CS", b"STUDY "),
    BIG: short(0x00080052, "CS", b"STUDY ", order=">"),
    IMPLICIT: bare(0x00080052, b"STUDY "),
    DEFLATED: deflate(short(0x00080052, "CS", b"STUDY ")),
}
LONG = {
    EXPLICIT: SHORT[EXPLICIT] + short(0x00100010, "PN", b"A^B ") + long(0x00420011, "OB", bytes(3000)),
    BIG: SHORT[BIG] + short(0x00100010, "PN", b"A^B ", order=">") + long(0x00420011, "OB", bytes(3000), order=">"),
    IMPLICIT: SHORT[IMPLICIT] + bare(0x00100010, b"A^B ") + bare(0x00420011, bytes(3000)),
    DEFLATED: deflate(SHORT[EXPLICIT] + short(0x00100010, "PN", b"A^B ") + long(0x00420011, "OB", bytes(3000))),
}


@pytest.mark.parametrize("sent", LONG)
@pytest.mark.parametrize("agreed", [*LONG, JPEG])
@pytest.mark.parametrize("data", [SHORT, LONG], ids=["one element", "three"])
def test_another_encoding_than_agreed_is_told_and_read(agreed, sent, data):
    outline = scan(data[sent], agreed)
    same = agreed == sent or (agreed == JPEG and sent == EXPLICIT)
    assert codes(outline) == ([] if same else ["wrong-syntax"])
    assert outline.guessed is not same
    assert outline.transfer_syntax == (agreed if same else sent)
    assert outline.values == {0x00080052: "STUDY"}


@pytest.mark.parametrize("agreed", [None, PRIVATE])
@pytest.mark.parametrize("sent", LONG)
@pytest.mark.parametrize("data", [SHORT, LONG], ids=["one element", "three"])
def test_an_unknown_transfer_syntax_is_guessed(agreed, sent, data):
    outline = scan(data[sent], agreed)
    assert (outline.transfer_syntax, outline.guessed, outline.problems) == (sent, True, ())
    assert outline.why.startswith("the transfer syntax")
    assert outline.values == {0x00080052: "STUDY"}


def test_bytes_that_fit_no_transfer_syntax_are_left_alone():
    outline = scan(b"\x89PNG\r\n\x1a\n" + bytes(range(200)), None)
    assert (outline.transfer_syntax, outline.guessed, outline.problems) == (None, True, ())
    assert "fit none" in outline.unexamined


def test_a_wrong_syntax_says_what_was_agreed_and_what_came():
    (problem,) = scan(SHORT[EXPLICIT], IMPLICIT).problems
    assert problem.text == "Implicit VR Little Endian was agreed, but the first bytes are Explicit VR Little Endian"


def test_a_damaged_data_set_is_not_taken_for_another_syntax():
    """The value announces more than comes; the encoding is what was agreed all the same."""
    for syntax, data in SHORT.items():
        if syntax != DEFLATED:
            assert codes(scan(data[:-1], syntax)) == ["truncated-element"]


@pytest.mark.parametrize("agreed", [EXPLICIT, IMPLICIT, JPEG])
def test_the_syntax_that_file_meta_information_names_does_not_decide(agreed):
    meta = short(0x00020000, "UL", b"\x1c\0\0\0") + short(0x00020010, "UI", BIG.encode() + b"\0")
    outline = scan(bytes(128) + b"DICM" + meta + LONG[EXPLICIT], agreed)
    assert outline.has_file_meta
    assert outline.values[0x00020010] == BIG
    assert outline.transfer_syntax == (EXPLICIT if agreed == IMPLICIT else agreed)
    assert codes(outline) == ["file-meta", *(["wrong-syntax"] if agreed == IMPLICIT else [])]


def test_file_meta_information_of_an_unknown_length_ends_the_scan():
    data = short(0x00020010, "UI", b"1.2.840.10008.1.2\0") + long(0x00020102, "OB", b"", length=1 << 30)
    outline = scan(data + bytes(100), EXPLICIT)
    assert codes(outline) == ["file-meta"]
    assert outline.unexamined


def test_file_meta_information_without_a_vr_is_told():
    outline = scan(bare(0x00020010, b"1.2.840.10008.1.2\0") + LONG[IMPLICIT], IMPLICIT)
    assert codes(outline) == ["file-meta"]
    assert outline.values[0x00080052] == "STUDY"


def jpeg(marker: int) -> bytes:
    """An APP0 segment, then the frame header."""
    return b"\xff\xd8\xff\xe0\0\4ab\xff" + bytes([marker]) + b"\0\x0b\x08\0\x04\0\x04\x01\x01\x11\0"


JPEG_2000_STREAM = bytes.fromhex("ff4fff510004abcdff52000c00000001000000000001")
HTJ2K_STREAM = bytes.fromhex("ff4fff510004abcdff50000800020000abcdff52000c00000001000000000001")
RLE_STREAM = b"\1\0\0\0\x40\0\0\0" + bytes(56) + b"\0\1"

CODECS = {
    "1.2.840.10008.1.2.4.50": ("JPEG", jpeg(0xC0)),
    "1.2.840.10008.1.2.4.51": ("JPEG", jpeg(0xC1)),
    "1.2.840.10008.1.2.4.57": ("JPEG", jpeg(0xC3)),
    "1.2.840.10008.1.2.4.81": ("JPEG-LS", jpeg(0xF7)),
    "1.2.840.10008.1.2.4.90": ("JPEG 2000", JPEG_2000_STREAM),
    "1.2.840.10008.1.2.4.91": ("JPEG 2000", JPEG_2000_STREAM[:-1] + b"\0"),
    "1.2.840.10008.1.2.4.203": ("HTJ2K", HTJ2K_STREAM),
    "1.2.840.10008.1.2.4.112": ("JPEG XL", b"\xff\x0a\0\0"),
    RLE: ("RLE", RLE_STREAM),
}


@pytest.mark.parametrize("syntax", CODECS)
def test_the_codec_tells_the_transfer_syntax_where_none_or_another_was_agreed(syntax):
    codec, stream = CODECS[syntax]
    data = image() + fragments(stream + bytes(len(stream) % 2))
    for agreed in (EXPLICIT, None, PRIVATE):
        outline = scan(data, agreed)
        assert (outline.encapsulated.codec, outline.transfer_syntax, outline.guessed) == (codec, syntax, True)
        assert codes(outline) == (["pixel-mismatch"] if agreed == EXPLICIT else [])
    outline = scan(data, syntax)
    assert (outline.transfer_syntax, outline.guessed, outline.problems) == (syntax, False, ())


@pytest.mark.parametrize("agreed", [JPEG, JPEG_2000, RLE])
def test_another_codec_than_agreed_is_told(agreed):
    outline = scan(image() + fragments(HTJ2K_STREAM), agreed)
    assert codes(outline) == ["pixel-mismatch"]
    assert (outline.transfer_syntax, outline.guessed) == ("1.2.840.10008.1.2.4.203", True)


def test_native_pixels_in_a_compressed_syntax_are_labelled():
    outline = scan(image() + long(0x7FE00010, "OB", bytes(16)), JPEG)
    assert (outline.transfer_syntax, outline.guessed, outline.why) == (EXPLICIT, True, "its pixel data is native")


def test_every_registered_transfer_syntax_has_an_encoding():
    """As pydicom's registry says of each: implicit VR, big endian, deflated, encapsulated."""
    from pydicom.uid import UID, UID_dictionary

    apart = {"1.2.840.10008.1.2.4.94", "1.2.840.10008.1.2.4.204", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"}
    for uid, row in UID_dictionary.items():
        if row[1] != "Transfer Syntax" or uid.startswith(("1.2.840.10008.1.2.6.", "1.2.840.10008.1.2.7.")):
            continue
        encoding, known = find_encoding(uid), UID(uid)
        assert encoding is not None, uid
        if uid in apart:
            assert encoding.encapsulated is None
        elif uid != "1.2.840.10008.1.20":
            assert encoding.implicit == known.is_implicit_VR, uid
            assert encoding.little == known.is_little_endian, uid
            assert encoding.deflated == known.is_deflated, uid
            assert bool(encoding.encapsulated) == known.is_encapsulated, uid


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_a_key_of_group_0002_is_no_file_meta_information(syntax):
    key = short(0x00020003, "UI", b"") if syntax == EXPLICIT else bare(0x00020003, b"")
    outline = scan(key + LONG[syntax], syntax)
    assert codes(outline) == []
    assert not outline.has_file_meta
    assert outline.transfer_syntax == syntax
    assert outline.unusual == "(0002,0003) Media Storage SOP Instance UID at byte 0 is an element of files"


def test_elements_of_group_0002_with_a_transfer_syntax_among_them_are_file_meta_information():
    meta = short(0x00020003, "UI", b"1.2\0") + short(0x00020010, "UI", EXPLICIT.encode() + b"\0")
    assert codes(scan(meta + LONG[EXPLICIT], EXPLICIT)) == ["file-meta"]
