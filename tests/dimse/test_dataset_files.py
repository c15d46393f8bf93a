"""Data sets of files, sent through the assembler: the bytes that were sent, the values that pydicom reads."""

import hashlib
import warnings
import zlib
from io import BytesIO

import pydicom
import pytest
from pydicom.data import get_charset_files, get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID

import build
from data_sets import BIG, DEFLATED, EXPLICIT, IMPLICIT, PRIVATE, scan_pieces
from dicomsniff.dimse.assembler import Assembler
from dicomsniff.dimse.collection import Collection
from dicomsniff.dimse.dataset import HARMLESS, DecodedDataSet, decode_data_set
from dicomsniff.dimse.message import Message
from dicomsniff.side import Side
from pipeline import decode

INLINE = 64

FILES = [
    "CT_small.dcm",  # explicit VR, private elements
    "MR_small.dcm",
    "MR_small_implicit.dcm",
    "MR_small_bigendian.dcm",
    "image_dfl.dcm",  # deflated
    "rtplan.dcm",  # implicit VR, nested sequences
    "rtdose.dcm",
    "test-SR.dcm",
    "reportsi.dcm",
    "UN_sequence.dcm",
    "priv_SQ.dcm",
    "waveform_ecg.dcm",
    "liver_1frame.dcm",
    "examples_overlay.dcm",
    "examples_palette.dcm",
    "SC_rgb_small_odd.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "MR_small_RLE.dcm",
    "JPEG2000.dcm",
    "JPEG2000-embedded-sequence-delimiter.dcm",
    "JPEG-lossy.dcm",
    "SC_rgb_rle_2frame.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_jls_lossy_line.dcm",
    "JPGExtended.dcm",
]


def split_file(path: str) -> tuple[str, bytes]:
    """Return a file's transfer syntax, and its data set as stored."""
    with open(path, "rb") as file:
        data = file.read()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        meta = pydicom.filereader.read_file_meta_info(path)
    at = 132 if data[128:132] == b"DICM" else 0
    while data[at : at + 2] == b"\2\0":
        long = data[at + 4 : at + 6] in (b"OB", b"UN", b"UT")
        start, width = (at + 12, 4) if long else (at + 8, 2)
        at = start + int.from_bytes(data[start - width : start], "little")
    return str(meta.TransferSyntaxUID), data[at:]


def send(data: bytes) -> Message:
    """A C-STORE of a data set, in fragments of 1000 bytes."""
    assembler = Assembler(None, side=Side.REQUESTOR, collection=Collection())
    pieces = [build.release_rp(), build.message(1, build.store_rq(), data, 1000)]
    events = decode(pieces, collect=True)[1:]
    (message,) = [found for event in events for found in assembler.feed(event)]
    return message


def receive(data: bytes, syntax: str | None) -> DecodedDataSet:
    message = send(data)
    assert message.data_set.sha256 == hashlib.sha256(data).hexdigest()
    with message.data_set.content as content:
        content.seek(0)
        assert content.read() == data
        return decode_data_set(content, syntax)


def expected(made: Dataset) -> dict[str, object]:
    """What pydicom reads, with bulk values by length and digest."""
    return {f"{int(element.tag):08X}": expected_element(element) for element in made}


def expected_element(element) -> dict[str, object]:
    if element.VR == "SQ":
        return {"vr": "SQ", "Value": [expected(item) for item in element.value]}
    if isinstance(element.value, bytes) and len(element.value) > INLINE:
        value = element.value
        return {"vr": element.VR, "length": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    return element.to_json_dict(None, 1 << 62)


def assert_equal(decoded: DecodedDataSet, made: Dataset) -> None:
    found, wanted = decoded.to_json(), expected(made)
    assert list(found) == list(wanted)
    for tag, value in wanted.items():
        same = {key: found[tag][key] for key in value}
        assert same == value, tag


def read(path: str) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = pydicom.dcmread(path)
        made.walk(lambda _, __: None)
    return made


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FILES)
def test_a_stored_file_is_read_as_pydicom_reads_it(name):
    path = get_testdata_file(name)
    syntax, data = split_file(path)
    decoded = receive(data, syntax)
    assert (decoded.transfer_syntax, decoded.guessed, decoded.problem) == (syntax, False, "")
    assert_equal(decoded, read(path))
    pieces = [data[at : at + 1000] for at in range(0, len(data), 1000)]
    problems = scan_pieces(pieces, syntax, skip=True).problems
    assert {each.code for each in problems} <= HARMLESS


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", get_charset_files("*.dcm"), ids=lambda path: path.rpartition("/")[2])
def test_character_sets_are_read_as_pydicom_reads_them(path):
    syntax, data = split_file(path)
    assert_equal(receive(data, syntax), read(path))


def write(made: Dataset, syntax: str, path: str) -> bytes:
    """Write a file in a transfer syntax; return its data set as stored."""
    fresh = Dataset()
    for element in made:
        if element.VR != "UN":  # pydicom would write its bytes as they are, in whatever order
            fresh.add(element)
    if "PixelData" in fresh:
        fresh["PixelData"].VR = "OW"
    fresh.file_meta = FileMetaDataset()
    fresh.file_meta.TransferSyntaxUID = UID(syntax)
    fresh.file_meta.MediaStorageSOPClassUID = fresh.SOPClassUID
    fresh.file_meta.MediaStorageSOPInstanceUID = fresh.SOPInstanceUID
    pydicom.dcmwrite(path, fresh, implicit_vr=syntax == IMPLICIT, little_endian=syntax != BIG, enforce_file_format=True)
    stored, data = split_file(path)
    assert stored == syntax
    return data


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["CT_small.dcm", "rtplan.dcm", "test-SR.dcm", "MR_small.dcm"])
@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG, DEFLATED])
@pytest.mark.parametrize("agreed", ["it", None, PRIVATE])
def test_a_file_that_pydicom_wrote_is_read_in_every_syntax(name, syntax, agreed, tmp_path):
    path = str(tmp_path / "written.dcm")
    data = write(read(get_testdata_file(name)), syntax, path)
    decoded = receive(data, syntax if agreed == "it" else agreed)
    assert (decoded.transfer_syntax, decoded.guessed) == (syntax, agreed != "it")
    assert decoded.problem == ""
    assert_equal(decoded, read(path))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("agreed", [IMPLICIT, EXPLICIT, BIG, DEFLATED])
@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG, DEFLATED])
def test_what_was_sent_in_another_syntax_than_agreed_is_read_all_the_same(agreed, syntax, tmp_path):
    path = str(tmp_path / "written.dcm")
    data = write(read(get_testdata_file("test-SR.dcm")), syntax, path)
    decoded = receive(data, agreed)
    assert (decoded.transfer_syntax, decoded.guessed, decoded.problem) == (syntax, agreed != syntax, "")
    assert bool(decoded.why) is (agreed != syntax)
    assert_equal(decoded, read(path))


@pytest.mark.filterwarnings("ignore")
def test_a_whole_file_in_a_message_is_read_with_its_file_meta_information():
    path = get_testdata_file("CT_small.dcm")
    with open(path, "rb") as file:
        data = file.read()
    decoded = receive(data, EXPLICIT)
    assert decoded.problem == "a preamble and file meta information before the data set"
    made = read(path)
    assert decoded.to_json() | expected(made) == decoded.to_json()
    assert decoded.to_json()["00020010"]["Value"] == [EXPLICIT]


@pytest.mark.filterwarnings("ignore")
def test_private_elements_without_a_vr_are_known_by_their_creator(tmp_path):
    data = write(read(get_testdata_file("CT_small.dcm")), IMPLICIT, str(tmp_path / "written.dcm"))
    decoded = receive(data, IMPLICIT)
    names = {element.tag: (element.vr, element.name) for element in decoded.elements}
    assert names[0x00091002] == ("SH", "[Suite id]")


def test_a_deflated_data_set_that_breaks_off_is_read_as_far_as_it_goes():
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    elements = [(0x00090000 + number, b"LO", f"{number:04}".encode()) for number in range(0x1001, 0x2000)]
    data = deflater.compress(build.explicit_data_set(*elements)) + deflater.flush()
    decoded = decode_data_set(BytesIO(data[: len(data) // 2]), DEFLATED)
    assert 500 < len(decoded.elements) < 0xFFF
    assert "the data set ends before its deflate stream" in decoded.problem
