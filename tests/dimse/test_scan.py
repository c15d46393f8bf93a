"""A data set's bytes -> its outline: for each problem the smallest data set that has it, and one that just has not."""

import struct
import zlib

import pytest

from data_sets import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    ITEM_END,
    JPEG,
    PRIVATE,
    SEQUENCE_END,
    UNDEFINED,
    bare,
    codes,
    deflate,
    fragments,
    image,
    item,
    long,
    scan,
    scan_pieces,
    sequence,
    short,
)
from dicomsniff.dimse.inflating import MAX_INFLATED
from dicomsniff.dimse.scan.outline import MAX_OF_A_CODE, MAX_PROBLEMS, Reference
from dicomsniff.dimse.scan.scanner import DataSetScanner

UID = short(0x00080018, "UI", b"1.2.3\0")
NAME = short(0x00100010, "PN", b"A^B ")
REFERENCE = short(0x00081150, "UI", b"1.2.840\0") + short(0x00081155, "UI", b"1.2.3.9\0")
BIG_UID = short(0x00080018, "UI", b"1.2.3\0", order=">")


def big_sequence() -> bytes:
    inner = short(0x00081155, "UI", b"1.2.3.9\0", order=">")
    return sequence(0x00081140, item(inner, undefined=True, order=">"), undefined=True, order=">")


HEALTHY = {
    "empty": (b"", EXPLICIT),
    "explicit": (UID + NAME, EXPLICIT),
    "implicit": (bare(0x00080018, b"1.2.3\0") + bare(0x00100010, b"A^B "), IMPLICIT),
    "big endian": (BIG_UID + big_sequence() + short(0x00100010, "PN", b"A^B ", order=">"), BIG),
    "deflated": (deflate(UID + NAME), DEFLATED),
    "compressed": (image() + fragments(b"\xff\xd8\xff\xd9"), JPEG),
    "sequences": (UID + sequence(0x00081140, item(REFERENCE), item(REFERENCE, undefined=True)) + NAME, EXPLICIT),
    "empty sequences": (UID + sequence(0x00081140) + sequence(0x00081199, item(), undefined=True) + NAME, EXPLICIT),
    "no item of defined length in another": (
        sequence(0x00081140, item(sequence(0x00081199, item(REFERENCE, undefined=True)), undefined=True)) + NAME,
        EXPLICIT,
    ),
    "implicit sequences": (
        bare(0x00080018, b"1.2.3\0")
        + bare(0x00081140, item(bare(0x00081155, b"1.2\0"), undefined=True), length=UNDEFINED)
        + SEQUENCE_END
        + bare(0x00081199, item(bare(0x00081155, b"1.2\0")))
        + bare(0x00091001, item(bare(0x00091002, b"ab")), length=UNDEFINED)
        + SEQUENCE_END,
        IMPLICIT,
    ),
    "UN of undefined length has implicit VR inside": (
        UID + long(0x00091001, "UN", item(bare(0x00091002, b"ab")), length=UNDEFINED) + SEQUENCE_END + NAME,
        EXPLICIT,
    ),
    "every long VR": (
        short(0x00080005, "CS", b"ISO_IR 192")
        + b"".join(
            long(0x00091001 + number, vr, bytes(8))
            for number, vr in enumerate(["OB", "OD", "OF", "OL", "OV", "OW", "SV", "UC", "UN", "UR", "UT", "UV"])
        ),
        EXPLICIT,
    ),
    "trailing padding": (UID + NAME + long(0xFFFCFFFC, "OB", bytes(100)), EXPLICIT),
    "odd pixels, padded": (image(rows=3, columns=3) + long(0x7FE00010, "OB", bytes(10)), EXPLICIT),
    "private elements": (short(0x00090010, "LO", b"TEST") + long(0x00091001, "UN", b"\xff" * 6), EXPLICIT),
    "native icon in a compressed image": (
        image() + sequence(0x00880200, item(long(0x7FE00010, "OB", bytes(4)))) + fragments(b"\xff\xd8\xff\xd9"),
        JPEG,
    ),
}


@pytest.mark.parametrize("case", HEALTHY)
def test_a_healthy_data_set_has_no_problem(case):
    data, syntax = HEALTHY[case]
    outline = scan(data, syntax)
    assert (outline.problems, outline.unexamined, outline.bytes) == ((), "", len(data))
    assert (outline.transfer_syntax, outline.guessed, outline.why) == (syntax, False, "")


TOO_DEEP = 65

# What is wrong, the bytes, the transfer syntax agreed, the problems expected.
DAMAGED = {
    "a value ends behind the data set": (
        UID + short(0x00100010, "PN", b"A^B ", length=6),
        EXPLICIT,
        ["truncated-element"],
    ),
    "the same without a VR": (
        bare(0x00080018, b"1.2.3\0") + bare(0x00100010, b"A^B ", length=6),
        IMPLICIT,
        ["truncated-element"],
    ),
    "a header is cut": (UID + NAME[:7], EXPLICIT, ["truncated-element"]),
    "the header of a long VR is cut": (UID + long(0x00091001, "OB", b"")[:11], EXPLICIT, ["truncated-element"]),
    "pixel data is cut": (image() + long(0x7FE00010, "OB", bytes(15), length=16), EXPLICIT, ["truncated-element"]),
    "a sequence is cut": (UID + sequence(0x00081140, item(REFERENCE))[:-1], EXPLICIT, ["truncated-element"]),
    "an element in an undelimited sequence is cut": (
        UID + long(0x00081140, "SQ", bare(0xFFFEE000, REFERENCE[:-1], length=UNDEFINED), length=UNDEFINED),
        EXPLICIT,
        ["truncated-element"],
    ),
    "an element ends behind its item": (
        UID + sequence(0x00081140, item(short(0x00081155, "UI", b"1.2.3\0", length=8)), item(REFERENCE)) + NAME,
        EXPLICIT,
        ["overrun"],
    ),
    "an item ends behind its sequence": (
        UID + sequence(0x00081140, bare(0xFFFEE000, REFERENCE, length=len(REFERENCE) + 2)) + NAME,
        EXPLICIT,
        ["overrun"],
    ),
    "a sequence ends behind its item": (
        UID + sequence(0x00081140, item(long(0x00081199, "SQ", item(REFERENCE), length=999))) + NAME,
        EXPLICIT,
        ["overrun"],
    ),
    "a sequence without delimiter": (
        UID + long(0x00081140, "SQ", item(REFERENCE), length=UNDEFINED),
        EXPLICIT,
        ["undelimited"],
    ),
    "an element where an item or a delimiter must be": (
        UID + long(0x00081140, "SQ", item(REFERENCE), length=UNDEFINED) + NAME,
        EXPLICIT,
        ["undelimited"],
    ),
    "an item without delimiter": (
        UID + long(0x00081140, "SQ", bare(0xFFFEE000, REFERENCE, length=UNDEFINED), length=UNDEFINED) + SEQUENCE_END,
        EXPLICIT,
        ["undelimited"],
    ),
    "an item without delimiter, in a sequence that has a length": (
        UID + sequence(0x00081140, bare(0xFFFEE000, REFERENCE, length=UNDEFINED)) + NAME,
        EXPLICIT,
        ["undelimited"],
    ),
    "encapsulated pixel data without delimiter": (
        image() + fragments(b"\xff\xd8\xff\xd9")[:-8],
        JPEG,
        ["undelimited"],
    ),
    "a VR with a short length that is none": (UID + short(0x00090010, "ZZ", b"A^B ") + NAME, EXPLICIT, ["bad-vr"]),
    "a VR with a long length that is none": (UID + long(0x00090010, "ZZ", b"A^B ") + NAME, EXPLICIT, ["bad-vr"]),
    "a VR of unprintable bytes": (UID + short(0x00090010, "\1\2", b"A^B ") + NAME, EXPLICIT, ["bad-vr"]),
    "an undefined VR of the last element": (UID + short(0x00100010, "ZZ", b"A^B "), EXPLICIT, ["bad-vr"]),
    "implicit VR from the second element on": (
        UID + bare(0x00100010, b"A^B ") + bare(0x00100020, b"12"),
        EXPLICIT,
        ["wrong-syntax"],
    ),
    "explicit VR in an item of an implicit data set": (
        bare(0x00080018, b"1.2\0") + bare(0x00081140, item(REFERENCE)) + bare(0x00100010, b"A^B "),
        IMPLICIT,
        ["wrong-syntax"],
    ),
    "something else than an item": (UID + long(0x00081140, "SQ", NAME) + NAME, EXPLICIT, ["item"]),
    "a tag that comes too late": (NAME + UID, EXPLICIT, ["order"]),
    "a tag that comes twice": (UID + UID, EXPLICIT, ["order"]),
    "a value of odd length": (UID + short(0x00100010, "PN", b"A^B"), EXPLICIT, ["odd-length"]),
    "a value of odd length without a VR": (
        bare(0x00080018, b"1.2\0") + bare(0x00100010, b"A^B"),
        IMPLICIT,
        ["odd-length"],
    ),
    "a fragment of odd length": (image() + fragments(b"\xff\xd8\xff"), JPEG, ["odd-length"]),
    "an item delimiter at top level": (UID + ITEM_END + NAME, EXPLICIT, ["stray-delimiter"]),
    "a sequence delimiter at top level": (UID + SEQUENCE_END + NAME, EXPLICIT, ["stray-delimiter"]),
    "a delimiter in an item that has a length": (
        UID + sequence(0x00081140, item(REFERENCE, ITEM_END)) + NAME,
        EXPLICIT,
        ["stray-delimiter"],
    ),
    "a delimiter between items": (
        UID + sequence(0x00081140, item(REFERENCE), ITEM_END) + NAME,
        EXPLICIT,
        ["stray-delimiter"],
    ),
    "a delimiter with a length": (
        UID + long(0x00081140, "SQ", item(REFERENCE), length=UNDEFINED) + SEQUENCE_END[:4] + b"\4\0\0\0" + NAME,
        EXPLICIT,
        ["stray-delimiter"],
    ),
    "sequences in sequences in sequences": (
        long(0x00081140, "SQ", bare(0xFFFEE000, b"", length=UNDEFINED), length=UNDEFINED) * TOO_DEEP
        + (ITEM_END + SEQUENCE_END) * TOO_DEEP
        + NAME,
        EXPLICIT,
        ["too-deep"],
    ),
    "sequences in sequences that never end": (
        long(0x00081140, "SQ", bare(0xFFFEE000, b"", length=UNDEFINED), length=UNDEFINED) * TOO_DEEP,
        EXPLICIT,
        ["undelimited", "too-deep"],
    ),
    "a UID of 65 characters": (
        short(0x00080018, "UI", b"1.2." + b"3" * 61 + b"\0"),
        EXPLICIT,
        ["uid"],
    ),
    "a UID with a leading zero": (short(0x00080018, "UI", b"1.02.3"), EXPLICIT, ["uid"]),
    "a UID with an empty component": (short(0x00080018, "UI", b"1..2.3"), EXPLICIT, ["uid"]),
    "a UID with a letter": (short(0x00080018, "UI", b"1.2.a3"), EXPLICIT, ["uid"]),
    "the second of two UIDs": (bare(0x00080018, b"1.2\\1.2x"), IMPLICIT, ["uid"]),
    "file meta information": (
        short(0x00020010, "UI", EXPLICIT.encode() + b"\0") + UID + NAME,
        EXPLICIT,
        ["file-meta"],
    ),
    "a preamble": (
        bytes(128) + b"DICM" + short(0x00020010, "UI", EXPLICIT.encode() + b"\0") + UID,
        EXPLICIT,
        ["file-meta"],
    ),
    "a deflate stream that is cut": (deflate(UID + NAME * 3)[:-6], DEFLATED, ["deflate"]),
    "a zlib stream": (deflate(UID + NAME, wbits=15), DEFLATED, ["deflate"]),
    "bytes behind the deflate stream": (deflate(UID + NAME) + bytes(10), DEFLATED, ["deflate"]),
    "native pixel data too short": (image() + long(0x7FE00010, "OB", bytes(14)), EXPLICIT, ["pixel-length"]),
    "native pixel data too long": (image() + long(0x7FE00010, "OB", bytes(18)), EXPLICIT, ["pixel-length"]),
    "native pixel data in a compressed syntax": (
        image() + long(0x7FE00010, "OB", bytes(16)),
        JPEG,
        ["pixel-mismatch"],
    ),
    "encapsulated pixel data in a native syntax": (
        image() + fragments(b"\xff\xd8\xff\xd9"),
        EXPLICIT,
        ["pixel-mismatch"],
    ),
    "a character with none declared": (UID + short(0x00100010, "PN", b"\xe4^B "), EXPLICIT, ["charset"]),
    "a long text with none declared": (UID + long(0x00091001, "UT", b"\xe4 "), EXPLICIT, ["charset"]),
    "a character with none declared, without a VR": (
        bare(0x00080018, b"1.2\0") + bare(0x00100010, b"\xe4^B "),
        IMPLICIT,
        ["charset"],
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_each_problem_is_told(case):
    data, syntax, expected = DAMAGED[case]
    assert codes(scan(data, syntax)) == expected


@pytest.mark.parametrize("case", DAMAGED)
def test_what_a_capture_lost_is_not_blamed_on_the_sender(case):
    """Without its end, a data set that is cut, or has no delimiter, is as good as any other."""
    data, syntax, expected = DAMAGED[case]
    found = codes(scan(data, syntax, whole=False))
    assert "truncated-element" not in found
    if expected == ["undelimited"] and not data.endswith((NAME, SEQUENCE_END)):
        assert found == []


def test_a_problem_tells_tag_name_and_place():
    data = UID + short(0x00100010, "PN", b"A^B ", length=400)
    (problem,) = scan(data).problems
    assert (
        problem.text
        == "(0010,0010) Patient's Name at byte 14 (400 bytes) extends 396 bytes past the end of the data set"
    )
    assert (problem.tag, problem.offset) == (0x00100010, 14)
    (problem,) = scan(UID + sequence(0x00081140, item(REFERENCE))[:-1]).problems
    assert (
        problem.text == "(0008,1140) Referenced Image Sequence at byte 14 extends 1 byte past the end of the data set"
    )


def test_an_undefined_vr_does_not_stop_the_scan():
    """(0010,0010) has the VR ZZ, with either form of length; what follows is read."""
    after = short(0x00100020, "LO", b"\xe4 ")
    for odd in (short(0x00100010, "ZZ", b"A^B "), long(0x00100010, "ZZ", b"A^B "), short(0x00100010, "\0\0", b"A^B ")):
        assert codes(scan(UID + odd + after)) == ["bad-vr", "charset"]


def test_problems_are_bounded_and_the_rest_counted():
    data = b"".join(short(0x00090000 + number, "LO", b"a") for number in range(100))
    outline = scan(data)
    (code,) = {problem.code for problem in outline.problems}
    assert (len(outline.problems), outline.unlisted) == (MAX_OF_A_CODE, {code: 100 - MAX_OF_A_CODE})
    assert len(outline.problems) <= MAX_PROBLEMS


def test_values_that_link_messages_are_kept():
    data = (
        short(0x00080005, "CS", b"ISO_IR 100")
        + short(0x00080016, "UI", b"1.2.840.10008.5.1.4.1.1.2\0")
        + short(0x00080018, "UI", b"1.2.3\0")
        + short(0x00080052, "CS", b"STUDY ")
        + short(0x00081195, "UI", b"1.2.77")
        + sequence(0x00081198, item(REFERENCE))
        + sequence(0x00081199, item(REFERENCE), item(short(0x00081155, "UI", b"1.2.3.10")))
        + short(0x00400252, "CS", b"COMPLETED ")
        + short(0x00741000, "CS", b"SCHEDULED ")
    )
    outline = scan(data)
    assert outline.values == {
        0x00080005: "ISO_IR 100",
        0x00080016: "1.2.840.10008.5.1.4.1.1.2",
        0x00080018: "1.2.3",
        0x00080052: "STUDY",
        0x00081195: "1.2.77",
        0x00400252: "COMPLETED",
        0x00741000: "SCHEDULED",
    }
    assert outline.referenced == (
        Reference(0x00081198, "1.2.3.9"),
        Reference(0x00081199, "1.2.3.9"),
        Reference(0x00081199, "1.2.3.10"),
    )
    assert outline.reference_counts == {0x00081198: 1, 0x00081199: 2}


@pytest.mark.parametrize(("syntax", "order"), [(EXPLICIT, "<"), (BIG, ">")])
def test_numbers_are_kept_in_either_byte_order(syntax, order):
    data = short(0x00080018, "UI", b"1.2.3\0", order=order)
    data += short(0x00280008, "IS", b"30", order=order) + short(
        0x00280010, "US", struct.pack(order + "H", 513), order=order
    )
    assert scan(data, syntax).values == {0x00080018: "1.2.3", 0x00280008: 30, 0x00280010: 513}


def test_references_deeper_than_top_level_sequences_are_not_kept():
    data = UID + sequence(0x00081115, item(sequence(0x00081140, item(REFERENCE))))
    assert scan(data).referenced == ()


def test_references_are_bounded_and_counted():
    data = UID + sequence(0x00081199, *[item(REFERENCE)] * 500)
    outline = scan(data)
    assert (len(outline.referenced), outline.reference_counts) == (64, {0x00081199: 500})


def test_a_reference_of_odd_length_is_counted_once():
    data = UID + sequence(0x00081199, item(short(0x00081155, "UI", b"1.2.3")), item(REFERENCE))
    assert scan(data).reference_counts == {0x00081199: 2}


@pytest.mark.parametrize("size", [1, 1000])
def test_elements_with_a_vr_in_an_item_without_are_told_however_they_come(size):
    data = bare(0x00080018, b"1.2.3\0") + bare(0x00081030, bytes(2000))
    data += bare(0x00081140, item(short(0x00081155, "UI", b"1.2.3\0")))
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert codes(scan_pieces(pieces, IMPLICIT)) == ["wrong-syntax"]


@pytest.mark.parametrize("size", [1, 1000])
def test_a_value_that_runs_over_its_item_is_no_reference(size):
    """What lies behind the item is not its value, whether it has come by then or not."""
    cut = item(short(0x00081155, "UI", b"1.2.3\0", length=8))
    data = UID + sequence(0x00081140, cut, item(REFERENCE)) + NAME
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert [reference.uid for reference in scan_pieces(pieces).referenced] == ["1.2.3.9"]


def test_the_end_of_a_long_value_is_the_next_byte_wanted():
    """2 GB of pixel data are announced; of what comes, nothing is needed."""
    head = image() + long(0x7FE00010, "OB", b"", length=1 << 31)
    head += bytes(200)  # the scanner looks for a preamble in the first 132 bytes
    scanner = DataSetScanner(EXPLICIT)
    scanner.feed(0, head)
    assert scanner.wanted == len(head) - 200 + (1 << 31)


def test_bytes_that_are_not_wanted_may_be_lost_but_no_others():
    data = image(rows=64, columns=64) + long(0x7FE00010, "OB", bytes(4096)) + long(0xFFFCFFFC, "OB", bytes(100))
    scanner = DataSetScanner(EXPLICIT)
    scanner.feed(0, data[:500])
    scanner.feed(scanner.wanted, data[scanner.wanted :])
    outline = scanner.finish(len(data), whole=True)
    assert (outline.unexamined, outline.problems, outline.elements) == ("", (), 9)
    scanner = DataSetScanner(EXPLICIT)
    scanner.feed(0, data[:500])
    lost = scanner.wanted
    scanner.feed(lost + 1, data[lost + 1 :])
    assert scanner.wanted > 1 << 60
    outline = scanner.finish(len(data), whole=True)
    assert outline.unexamined == f"bytes from {lost} on are missing from the capture"
    assert (outline.problems, outline.elements) == ((), 8)


def test_a_data_set_whose_beginning_was_not_captured_is_not_looked_at():
    scanner = DataSetScanner(EXPLICIT)
    scanner.feed(100, UID * 10)
    outline = scanner.finish(240, whole=False)
    assert outline.unexamined
    assert (outline.problems, outline.elements, outline.transfer_syntax) == ((), 0, EXPLICIT)


def test_an_end_that_was_not_fed_is_not_blamed():
    scanner = DataSetScanner(EXPLICIT)
    scanner.feed(0, UID * 12)
    outline = scanner.finish(len(UID) * 13, whole=True)
    assert outline.unexamined
    assert codes(outline) == ["order"]


def test_a_data_set_of_more_elements_than_are_looked_at_says_so():
    data = UID + sequence(0x00081199, *[item()] * 100_001) + NAME[:-1]
    outline = scan(data)
    behind = len(UID) + 12 + 8 * 99_999
    assert outline.unexamined == f"it has more than 100000 elements; from byte {behind} on it is not looked at"
    assert outline.problems == ()


@pytest.mark.slow
def test_a_data_set_that_inflates_without_end_is_given_up():
    bomb = deflate(UID + long(0x7FE00010, "OB", bytes(MAX_INFLATED + 1000)))
    outline = scan_pieces([bomb[at : at + 16384] for at in range(0, len(bomb), 16384)], DEFLATED)
    assert outline.unexamined.startswith("it inflates to more than")
    assert outline.problems == ()


def test_a_deflated_data_set_may_come_at_once_however_long_it_is():
    stored = zlib.compressobj(level=0, wbits=-15)
    data = stored.compress(UID + long(0x00420011, "OB", bytes(60_000_000))) + stored.flush()
    outline = scan(data + bytes(len(data) % 2), DEFLATED)
    assert (outline.problems, outline.unexamined) == ((), "")


def test_a_broken_deflate_stream_says_after_how_many_bytes():
    data = bytearray(deflate(UID + long(0x00091001, "OB", bytes(range(256)) * 100) + NAME) * 3)
    data[300:340] = b"\xff" * 40
    (problem,) = scan(bytes(data), DEFLATED).problems
    assert problem.code == "data-set-deflate"


def test_inflated_elements_are_scanned():
    data = deflate(image() + long(0x7FE00010, "OB", bytes(14)))
    assert codes(scan(data, DEFLATED)) == ["pixel-length"]
    assert scan(data, DEFLATED).values[0x00280010] == 4


def test_a_private_syntax_is_guessed_and_the_problems_told():
    outline = scan(UID + short(0x00100010, "PN", b"A^B"), PRIVATE)
    assert (outline.transfer_syntax, outline.guessed) == (EXPLICIT, True)
    assert codes(outline) == ["odd-length"]
