"""Data sets made to become far more than was sent: what is looked at and kept is bounded, and that is said."""

import json
import logging
import tracemalloc
from io import BytesIO

import pytest

import bombs
from data_sets import (
    DEFLATED,
    EXPLICIT,
    UNDEFINED,
    bare,
    deflate,
    image,
    item,
    long,
    scan,
    scan_pieces,
    sequence,
    short,
)
from dicomsniff.dimse.dataset import decode_data_set
from dicomsniff.dimse.dataset_element import BINARY_VRS
from dicomsniff.dimse.effort import HEADER, MAX_ELEMENTS, MAX_LISTED, affordable

INFLATING = [name for name, (syntax, _) in bombs.BOMBS.items() if syntax == EXPLICIT]
UNSHOWN = 4096
"""Inflated bytes that are walked before it is looked up what that cost."""


@pytest.mark.slow
@pytest.mark.parametrize("name", bombs.BOMBS)
def test_memory_is_bounded_however_a_data_set_expands(name, caplog):
    caplog.set_level(logging.CRITICAL, "pydicom")  # what pytest keeps of the log is not counted
    syntax, make = bombs.BOMBS[name]
    data = make(100_000)
    decode_data_set(BytesIO(make(1000)), syntax)  # what is imported, and kept of tables, is not counted
    scan(make(1000), syntax)
    tracemalloc.start()
    try:
        scan(data, syntax)
        _, scanned = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        json.dumps(decode_data_set(BytesIO(data), syntax).to_json(), allow_nan=False)
        _, decoded = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (scanned < 4_000_000, decoded < 20_000_000) == (True, True)


@pytest.mark.slow
@pytest.mark.parametrize("name", INFLATING)
def test_what_is_looked_at_of_a_deflated_data_set_is_bounded_by_what_was_sent(name):
    data = deflate(bombs.BOMBS[name][1](1_000_000))
    outline, decoded = scan(data, DEFLATED), decode_data_set(BytesIO(data), DEFLATED)
    assert HEADER * outline.elements <= affordable(len(data)) + 2 * UNSHOWN
    converted = [element for element in decoded.elements if "Value" in element.json and element.vr not in BINARY_VRS]
    assert sum(HEADER + (element.length or 0) for element in converted) <= affordable(len(data)) + HEADER
    assert HEADER * len(decoded.elements) <= affordable(len(data)) + HEADER
    json.dumps(decoded.to_json(), allow_nan=False)


def test_a_deflated_data_set_of_too_many_elements_says_what_is_not_listed():
    data = deflate(bombs.UID + short(0x00080020, "DA", b"") * 200_000)
    outline, decoded = scan(data, DEFLATED), decode_data_set(BytesIO(data), DEFLATED)
    assert outline.unexamined.startswith("it inflates to far more elements than is usual for its length; ")
    assert decoded.problem == (
        "it inflates to far more elements than is usual for its length; "
        f"from inflated byte {decoded.elements[-1].end} on they are not listed"
    )


@pytest.mark.slow
def test_a_data_set_of_more_elements_than_are_listed_says_so():
    data = bombs.BOMBS["empty elements"][1](8 * (MAX_LISTED + 10))
    decoded = decode_data_set(BytesIO(data), EXPLICIT)
    at = len(bombs.UID) + 8 * MAX_LISTED
    assert len(decoded.elements) == MAX_LISTED + 1
    assert decoded.problem == f"it has more than {MAX_LISTED} elements; from byte {at} on they are not listed"
    assert scan(data).unexamined == ""
    assert scan(bombs.BOMBS["empty elements"][1](8 * (MAX_ELEMENTS + 10))).unexamined


@pytest.mark.slow
def test_long_values_beyond_what_is_kept_are_given_by_digest_and_elements_are_read_on():
    data = bombs.BOMBS["decimal strings"][1](1_000_000) + short(0x7FE10010, "LO", b"AFTER ")
    decoded = decode_data_set(BytesIO(data), EXPLICIT)
    assert "long values are given by length and digest only" in decoded.problem
    assert decoded.elements[1].json["Value"][0] == 1
    assert sorted(decoded.elements[-2].json) == ["length", "sha256", "vr"]
    assert decoded.elements[-1].text == "AFTER"


def test_a_black_image_is_read_to_its_end_although_it_inflates_a_thousandfold():
    pixels = long(0x7FE00010, "OB", bytes(10_000_000))
    data = deflate(image() + pixels + long(0xFFFCFFFC, "OB", bytes(100)))
    outline, decoded = scan(data, DEFLATED), decode_data_set(BytesIO(data), DEFLATED)
    assert (outline.unexamined, outline.elements) == ("", 9)
    assert (decoded.problem, [each.tag for each in decoded.elements[-2:]]) == ("", [0x7FE00010, 0xFFFCFFFC])


def test_elements_behind_deep_nesting_are_read_and_nothing_is_said_to_be_without_end():
    depth = 1000
    opening = long(0x00081140, "SQ", b"", length=UNDEFINED) + bare(0xFFFEE000, b"", length=UNDEFINED)
    deep = opening * depth + (bombs.ITEM_END + bombs.SEQUENCE_END) * depth
    decoded = decode_data_set(BytesIO(bombs.UID + deep + short(0x00100020, "LO", b"12")), EXPLICIT)
    assert decoded.problem.endswith("sequence inside another; elements in sequences more than 64 deep are not listed")
    assert [(each.tag, each.depth) for each in decoded.elements[-2:]] == [(0x00081140, 64), (0x00100020, 0)]
    json.dumps(decoded.to_json())
    nested = item()
    for _ in range(80):
        nested = item(sequence(0x00081140, nested))
    decoded = decode_data_set(BytesIO(sequence(0x00081140, nested) + short(0x00100020, "LO", b"12")), EXPLICIT)
    assert decoded.problem.endswith("sequence inside another; elements in sequences more than 64 deep are not listed")
    assert decoded.elements[-1].text == "12"


def test_numbers_that_json_does_not_have_are_strings():
    data = bombs.UID + short(0x00186020, "FL", bytes.fromhex("0000807f 000080ff 0000c07f 0000803f"))
    data += short(0x00189073, "FD", bytes.fromhex("000000000000f87f")) + short(0x00281052, "DS", b"1e999 ")
    said = decode_data_set(BytesIO(data), EXPLICIT).to_json()
    assert said["00186020"]["Value"] == ["inf", "-inf", "NaN", 1.0]
    assert said["00189073"]["Value"] == ["NaN"]
    json.dumps(said, allow_nan=False)


def test_a_number_of_frames_that_is_none_does_not_end_the_decoding():
    data = bombs.UID + long(0x00280008, "SQ", b"") + long(0x7FE00010, "OB", item(), length=UNDEFINED)
    decoded = decode_data_set(BytesIO(data + bombs.SEQUENCE_END), bombs.JPEG)
    assert decoded.elements[-1].json["frames"] is None


def test_what_comes_byte_by_byte_costs_no_more_than_what_comes_at_once():
    syntax, make = bombs.BOMBS["an offset table"]
    data = make(100_000)
    whole = scan(data, syntax)
    assert scan_pieces([data[at : at + 1] for at in range(len(data))], syntax) == whole
