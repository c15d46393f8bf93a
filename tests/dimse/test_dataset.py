"""Data set bytes -> elements, in every transfer syntax, whole and damaged."""

import hashlib
import tracemalloc
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

import build
from dicomsniff.dimse.dataset import decode_data_set
from examples import examples

IMPLICIT, EXPLICIT, BIG = build.IMPLICIT, build.EXPLICIT, "1.2.840.10008.1.2.2"
DEFLATED, JPEG = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.50"


def example() -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = build.CT_IMAGE_STORAGE
    item.ReferencedSOPInstanceUID = "1.2.3.9"
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPInstanceUID = "1.2.3"
    made.PatientName = "Müller^Jürgen"
    made.ReferencedImageSequence = [item]
    made.Rows = 512
    made.ImagePositionPatient = ["1.5", "-2", "3"]
    made.BitsAllocated = 16
    made.PixelRepresentation = 0
    made.RedPaletteColorLookupTableDescriptor = [256, 0, 16]
    made.add_new(0x00280009, "AT", 0x00181063)
    return made


def encode(made: Dataset, syntax: str) -> bytes:
    out = DicomBytesIO()
    out.is_implicit_VR, out.is_little_endian = syntax == IMPLICIT, syntax != BIG
    write_dataset(out, made)
    data = out.getvalue()
    if syntax == DEFLATED:
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        return deflater.compress(data) + deflater.flush()
    return data


def texts(decoded) -> dict[int, str]:
    return {element.tag: element.text for element in decoded.elements if element.depth == 0}


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG, DEFLATED])
def test_a_data_set_written_by_pydicom_reads_equally_in_every_syntax(syntax):
    decoded = decode_data_set(BytesIO(encode(example(), syntax)), syntax)
    assert (decoded.problem, decoded.guessed, decoded.transfer_syntax) == ("", False, syntax)
    expected = example().to_json_dict()
    expected["00281101"]["vr"] = "US"  # of "US or SS", as the pixels are unsigned
    assert decoded.to_json() == expected
    assert texts(decoded)[0x00100010] == "Müller^Jürgen"
    assert texts(decoded)[0x00200032] == "1.5\\-2\\3"
    assert texts(decoded)[0x00281101] == "256\\0\\16"


def test_implicit_vr_leaves_no_vr_open():
    made = example()
    made.PixelRepresentation = 1
    made.RedPaletteColorLookupTableDescriptor = [256, -5, 16]
    made.PixelData = bytes(100)
    made["PixelData"].VR = "OW"
    json = decode_data_set(BytesIO(encode(made, IMPLICIT)), IMPLICIT).to_json()
    assert json["00281101"] == {"vr": "SS", "Value": [256, -5, 16]}
    assert json["7FE00010"]["vr"] == "OW"
    made.PixelData = bytes(2 << 20)
    json = decode_data_set(BytesIO(encode(made, IMPLICIT)), IMPLICIT).to_json()
    assert (json["7FE00010"]["vr"], json["7FE00010"]["length"]) == ("OW", 2 << 20)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_the_place_of_a_value_is_where_its_bytes_are(syntax):
    data = encode(example(), syntax)
    decoded = decode_data_set(BytesIO(data), syntax)
    (name,) = [element for element in decoded.elements if element.tag == 0x00100010]
    assert data[name.start : name.start + name.length].rstrip() == "Müller^Jürgen".encode()


def test_elements_of_a_sequence_follow_it_one_level_deeper():
    decoded = decode_data_set(BytesIO(encode(example(), EXPLICIT)), EXPLICIT)
    inner = [(element.tag, element.depth) for element in decoded.elements if element.depth]
    assert inner == [(0x00081150, 1), (0x00081155, 1)]


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_an_unknown_transfer_syntax_is_guessed_and_said_to_be(syntax):
    decoded = decode_data_set(BytesIO(encode(example(), syntax)), None)
    assert (decoded.transfer_syntax, decoded.guessed, decoded.problem) == (syntax, True, "")
    assert texts(decoded)[0x00080018] == "1.2.3"


def test_compressed_pixel_data_is_given_by_length_and_digest():
    made = example()
    made.PixelData = encapsulate([b"\xff\xd8" + bytes(5000), b"\xff\xd8" + bytes(300)])
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    decoded = decode_data_set(BytesIO(encode(made, EXPLICIT)), JPEG)
    pixels = decoded.elements[-1]
    assert (decoded.problem, pixels.tag, pixels.length) == ("", 0x7FE00010, None)
    value = encapsulate([b"\xff\xd8" + bytes(5000), b"\xff\xd8" + bytes(300)])
    assert pixels.json == {
        "vr": "OB",
        "length": len(value),
        "sha256": hashlib.sha256(value).hexdigest(),
        "frames": 2,
        "fragments": 2,
        "fragment_lengths": [5002, 302],
        "offset_table": [0, 5010],
    }
    assert pixels.text == "2 fragments, 5304 bytes"


@pytest.mark.parametrize("vr", ["OV", "SV", "UV"])
def test_64_bit_values_are_read(vr):
    made = Dataset()
    made.add_new(0x00090010, "LO", "TEST")
    made.add_new(0x00091001, vr, bytes(range(8)) if vr == "OV" else [5, 6])
    made.add_new(0x00100020, "LO", "after")
    decoded = decode_data_set(BytesIO(encode(made, EXPLICIT)), EXPLICIT)
    assert texts(decoded)[0x00100020] == "after"
    assert decoded.problem == ""


def test_bytes_behind_a_hole_are_not_decoded():
    data = encode(example(), EXPLICIT)
    place = data.index(b"M\xc3\xbcller")
    decoded = decode_data_set(BytesIO(data[: place + 2] + data[place + 40 :]), EXPLICIT, place + 2)
    assert texts(decoded)[0x00080018] == "1.2.3"
    assert 0x00280010 not in texts(decoded)
    assert decoded.problem


def test_an_element_longer_than_the_data_set_says_so():
    data = build.explicit_data_set((0x00080018, b"UI", b"1.2.3\0"), (0x00100020, b"LO", b"12345678"))
    decoded = decode_data_set(BytesIO(data[:-3]), EXPLICIT)
    assert texts(decoded) == {0x00080018: "1.2.3"}
    assert decoded.problem == "(0010,0020) Patient ID at byte 14 (8 bytes) extends 3 bytes past the end of the data set"


def test_a_data_set_that_does_not_inflate_says_so():
    problem = decode_data_set(BytesIO(b"\xff\xff\xff"), DEFLATED).problem
    assert problem.startswith("after 0 inflated bytes the deflate stream is broken")
    data = encode(example(), DEFLATED)
    assert "ends before its deflate stream" in decode_data_set(BytesIO(data[:-5]), DEFLATED).problem


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_announced_lengths_allocate_nothing(syntax):
    order = ">" if syntax == BIG else "<"
    group, element = (0x7FE0).to_bytes(2, "big" if order == ">" else "little"), b"\0\x10" if order == ">" else b"\x10\0"
    vr = b"" if syntax == IMPLICIT else b"OB\0\0"
    data = group + element + vr + b"\xf0\xf0\xf0\xf0" + bytes(100)
    decode_data_set(BytesIO(data), syntax)
    tracemalloc.start()
    decoded = decode_data_set(BytesIO(data), syntax)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "extends 4042322060 bytes past the end of the data set" in decoded.problem
    assert peak < 1 << 20


SYNTAXES = st.sampled_from([None, IMPLICIT, EXPLICIT, BIG, DEFLATED, JPEG, "1.2.3.private"])


@given(st.binary(max_size=200), SYNTAXES, st.none() | st.integers(0, 200))
@settings(max_examples=examples(300))
def test_any_bytes_are_survived(data, syntax, whole):
    decoded = decode_data_set(BytesIO(data), syntax, whole)
    decoded.to_json()


@given(
    st.sampled_from([IMPLICIT, EXPLICIT, BIG]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 4), st.binary(max_size=4)), max_size=5),
    st.integers(0, 500),
)
@settings(max_examples=examples(300))
def test_a_damaged_data_set_is_survived(syntax, damage, length):
    data = bytearray(encode(example(), syntax))
    for place, count, other in damage:
        data[place : place + count] = other
    decoded = decode_data_set(BytesIO(bytes(data[:length])), syntax)
    decoded.to_json()
