"""Rows 1 to 5 and 17: data sets that derail a dissector, and with it the message after them."""

import struct
import zlib
from io import BytesIO

import pytest
from pydicom.filereader import read_dataset
from pydicom.uid import UID

import build
from traps.objects import NATIVE, encoded, identity, stored_bytes
from traps.told import Exchange, assert_elements

CT = build.CT_IMAGE_STORAGE
EXPLICIT, IMPLICIT = build.EXPLICIT, build.IMPLICIT
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"


def stored_twice(data: bytes, syntax: str, fragment: int = 1000) -> Exchange:
    """The same object stored twice, then a native one, then C-ECHO on another context."""
    talk = Exchange((1, build.VERIFICATION, IMPLICIT), (3, identity(data)[0], syntax), (5, CT, EXPLICIT))
    talk.store(1, 3, data, fragment)
    talk.store(2, 3, data, fragment)
    talk.store(3, 5, NATIVE)
    talk.echo(4)
    talk.release().close()
    return talk


COMPRESSED = [
    "JPEG-lossy.dcm",  # 1.2.840.10008.1.2.4.51
    "SC_rgb_dcmtk_+eb+cr.dcm",  # .50
    "SC_rgb_small_odd_jpeg.dcm",  # .50, odd number of columns and rows
    "SC_rgb_jpeg_gdcm.dcm",  # .70
    "JPEGLSNearLossless_16.dcm",  # .81
    "MR_small_jpeg_ls_lossless.dcm",  # .80
    "MR_small_jp2klossless.dcm",  # .90
    "JPEG2000-embedded-sequence-delimiter.dcm",  # .91, a sequence delimiter's bytes inside the code stream
    "693_J2KI.dcm",  # .91
    "MR_small_RLE.dcm",  # 1.2.840.10008.1.2.5
    "SC_rgb_rle_2frame.dcm",  # two frames
]


@pytest.mark.parametrize("name", COMPRESSED)
def test_row_1_no_response_vanishes_after_a_compressed_data_set(tell, name):
    data, syntax, read = stored_bytes(name)
    talk = stored_twice(data, syntax)
    told = tell(talk.packets)
    told.assert_said(talk.sent, outcomes=["released"])
    assert told.complaints() == []
    first, answer = told.messages()[:2]
    assert answer["status_meaning"] == "Success"
    assert first["data_set"]["transfer_syntax"] == syntax
    assert "problem" not in first["data_set"]
    assert set(first["data_set"]["elements"]) == {f"{element.tag:08X}" for element in read}
    assert first["data_set"]["elements"]["7FE00010"]["vr"] in ("OB", "OW")


@pytest.mark.parametrize("fragment", [2, 7, 64, 510])
def test_row_1_nor_where_the_fragments_end_within_the_items_of_the_pixel_data(tell, fragment):
    data, syntax, _ = stored_bytes("SC_rgb_rle_2frame.dcm")
    talk = stored_twice(data, syntax, fragment)
    tell(talk.packets).assert_said(talk.sent, outcomes=["released"])


def test_row_2_a_deflated_data_set_is_inflated(tell):
    data, syntax, read = stored_bytes("image_dfl.dcm")
    assert syntax == DEFLATED
    talk = stored_twice(data + b"\0" * (len(data) % 2), syntax)  # padded as PS3.5 §A.5 asks for
    told = tell(talk.packets)
    told.assert_said(talk.sent, outcomes=["released"])
    assert told.complaints() == []
    assert_elements(told.messages()[0]["data_set"]["elements"], read)


def test_row_2_a_deflated_data_set_padded_to_an_even_length_is_inflated(tell):
    inflated = build.explicit_data_set((0x00080018, b"UI", b"1.2.3\0"), (0x00100020, b"LO", b"ID12"))
    for filler in range(40):
        compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        value = build.explicit_data_set((0x00204000, b"LT", b"x" * filler * 2))
        deflated = compressor.compress(inflated + value) + compressor.flush()
        if len(deflated) % 2:
            break
    else:
        pytest.fail("no odd length found")
    talk = stored_twice(deflated + b"\0", DEFLATED)
    told = tell(talk.packets)
    told.assert_said(talk.sent)
    data_set = told.messages()[0]["data_set"]
    assert "problem" not in data_set
    assert data_set["elements"]["00100020"]["Value"] == ["ID12"]


def long_element(tag: int, vr: bytes, value: bytes, order: str = "<") -> bytes:
    """An explicit VR element whose length has four bytes (PS3.5 Table 7.1-1)."""
    return struct.pack(order + "HH2sxxL", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


VERY_LONG = [
    (b"OV", struct.pack("<2Q", 1, 2**63 + 5), None),
    (b"SV", struct.pack("<2q", -3, 2**62), [-3, 2**62]),
    (b"UV", struct.pack("<2Q", 7, 2**64 - 1), [7, 2**64 - 1]),
]


@pytest.mark.parametrize(("vr", "value", "numbers"), VERY_LONG, ids=["OV", "SV", "UV"])
def test_row_3_64_bit_values_have_four_length_bytes(tell, vr, value, numbers):
    data = NATIVE + long_element(0x00720081, vr, value) + build.explicit_data_set((0x7FE10010, b"LO", b"AFTER "))
    talk = stored_twice(data, EXPLICIT)
    told = tell(talk.packets)
    told.assert_said(talk.sent, outcomes=["released"])
    assert told.complaints() == []
    elements = told.messages()[0]["data_set"]["elements"]
    assert list(elements) == ["00080018", "00100020", "00720081", "7FE10010"]
    assert elements["00720081"]["vr"] == vr.decode()
    if numbers is not None:
        assert [int(number) for number in elements["00720081"]["Value"]] == numbers
    assert elements["7FE10010"]["Value"] == ["AFTER"]


def un_sequence() -> bytes:
    """PS3.5 §6.2.2 (CP-246): UN of undefined length holds a sequence in implicit VR little endian."""
    item = build.element(0x00080100, b"CODE") + build.element(0x00080102, b"99X ")
    nested = struct.pack("<HHL", 0xFFFE, 0xE000, len(item)) + item
    end = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    return struct.pack("<HH2sxxL", 0x0040, 0xA043, b"UN", 0xFFFFFFFF) + nested + end


def test_row_4_un_of_undefined_length_is_a_sequence_in_implicit_vr(tell):
    data = NATIVE + un_sequence() + build.explicit_data_set((0x0040A730, b"LO", b"AFTER "))
    talk = stored_twice(data, EXPLICIT)
    told = tell(talk.packets)
    told.assert_said(talk.sent, outcomes=["released"])
    assert told.complaints() == []
    data_set = told.messages()[0]["data_set"]
    assert "problem" not in data_set
    assert data_set["elements"]["0040A730"]["Value"] == ["AFTER"]
    (item,) = data_set["elements"]["0040A043"]["Value"]
    assert {tag: each["Value"] for tag, each in item.items()} == {"00080100": ["CODE"], "00080102": ["99X"]}


SYNTAXES = [IMPLICIT, EXPLICIT, BIG_ENDIAN]
MISMATCHES = [(sent, accepted) for sent in SYNTAXES for accepted in SYNTAXES if sent != accepted]


@pytest.mark.parametrize(("sent", "accepted"), MISMATCHES)
def test_row_4_a_data_set_in_another_syntax_than_accepted_loses_no_message(tell, sent, accepted):
    talk = stored_twice(encoded(sent), accepted)
    tell(talk.packets).assert_said(talk.sent, outcomes=["released"])


@pytest.mark.parametrize(("sent", "accepted"), MISMATCHES)
def test_row_4_a_data_set_in_another_syntax_than_accepted_is_a_finding(tell, sent, accepted):
    told = tell(stored_twice(encoded(sent), accepted).packets)
    assert told.complaints()
    found = told.transcript()["associations"][0]["findings"]
    about = [each for each in found if each["code"].startswith("data-set-")]
    numbers = [number for each in about for number in each.get("message_numbers", [each["message_number"]])]
    assert numbers[:2] == [1, 3]


UNKNOWN_SYNTAXES = [
    "1.2.840.10008.1.2.4.201",  # HTJ2K lossless
    "1.2.840.10008.1.2.4.203",  # HTJ2K
    "1.2.840.10008.1.2.4.110",  # JPEG XL lossless
    "1.2.840.10008.1.2.4.112",  # JPEG XL
    "1.2.840.10008.1.2.4.999",  # not assigned
    "1.3.46.670589.33.1.4.1",  # private
    "1.2.826.0.1.3680043.2.494.1.1",  # private
]


@pytest.mark.parametrize("syntax", UNKNOWN_SYNTAXES)
def test_row_5_a_new_or_private_syntax_hides_no_context_and_no_message(tell, syntax):
    """Every encapsulated syntax is explicit VR little endian around its pixel data (PS3.5 §A.4)."""
    data, _, read = stored_bytes("SC_rgb_rle.dcm")
    talk = stored_twice(data, syntax)
    told = tell(talk.packets)
    told.assert_said(talk.sent, outcomes=["released"])
    assert set(told.complaints()) <= {"data-set-pixel-mismatch"}  # the frames are RLE, whatever was agreed
    (association,) = told.transcript()["associations"]
    context = next(each for each in association["presentation_contexts"] if each["id"] == 3)
    assert (context["transfer_syntax"], context["result"]) == (syntax, 0)
    assert set(association["messages"][0]["data_set"]["elements"]) == {f"{element.tag:08X}" for element in read}


NUMBERS = [
    (b"US", struct.pack("<3H", 256, 0, 16), [256, 0, 16], r"256\0\16"),
    (b"SS", struct.pack("<3h", -1, 0, 16), [-1, 0, 16], r"-1\0\16"),
    (b"UL", struct.pack("<2L", 1, 2**32 - 1), [1, 2**32 - 1], r"1\4294967295"),
    (b"SL", struct.pack("<2l", -5, 5), [-5, 5], r"-5\5"),
    (b"FL", struct.pack("<2f", 0.5, -2.25), [0.5, -2.25], r"0.5\-2.25"),
    (b"FD", struct.pack("<3d", 0.5, 1e300, -0.1), [0.5, 1e300, -0.1], r"0.5\1e+300\-0.1"),
    (b"AT", struct.pack("<4H", 0x0010, 0x0020, 0x7FE0, 0x0010), ["00100020", "7FE00010"], None),
    (b"DS", b"1.5\\2\\3.25 ", [1.5, 2, 3.25], r"1.5\2\3.25"),
    (b"IS", b"1\\-2\\3 ", [1, -2, 3], r"1\-2\3"),
]


@pytest.mark.parametrize(("vr", "value", "numbers", "text"), NUMBERS, ids=[row[0].decode() for row in NUMBERS])
@pytest.mark.parametrize("private", [False, True])
def test_row_17_every_number_of_several_is_told(tell, vr, value, numbers, text, private):
    tag = 0x00091001 if private else 0x00280106  # a private element, and one whose VR the dictionary leaves open
    creator = build.explicit_data_set((0x00090010, b"LO", b"DICOMSNIFF TESTS"))
    data = NATIVE[:16] + creator + build.explicit_data_set((tag, vr, value))
    talk = stored_twice(data, EXPLICIT)
    told = tell(talk.packets)
    told.assert_said(talk.sent, outcomes=["released"])
    found = told.messages()[0]["data_set"]["elements"][f"{tag:08X}"]
    assert found["vr"] == vr.decode()
    assert [float(each) if vr in (b"DS", b"IS") else each for each in found["Value"]] == numbers
    (association,) = told.associations
    decoded = told.capture.data_set(association, association.messages[0])
    shown = next(element.text for element in decoded.elements if element.tag == tag)
    if text is not None:
        assert shown == text


def test_the_encoder_used_here_agrees_with_pydicoms_reader():
    """The mismatch tests rest on data sets that are what they are called."""
    for syntax in SYNTAXES:
        uid = UID(syntax)
        read = read_dataset(BytesIO(encoded(syntax)), uid.is_implicit_VR, uid.is_little_endian)
        assert (read.PatientID, read.Rows) == ("ID12", 512)
