"""The elements of group 0000, retired ones too, are those of PS3.7 Annex E as pydicom has them."""

import struct

import pytest
from pydicom._dicom_dict import DicomDictionary

import build
from dicomsniff.dictionary.commands import COMMAND_ELEMENTS
from dicomsniff.dimse.command import Command
from unmarked import command_json

GROUP_0000 = {tag: entry for tag, entry in DicomDictionary.items() if tag >> 16 == 0}
RETIRED = [  # PS3.7 Table E.2-1
    0x0001, 0x0010, 0x0200, 0x0300, 0x0400, 0x0850, 0x0860, 0x4000, 0x4010, 0x5010, 0x5020,
    0x5110, 0x5120, 0x5130, 0x5140, 0x5150, 0x5160, 0x5170, 0x5180, 0x5190, 0x51A0, 0x51B0,
]  # fmt: skip
CURRENT = [  # PS3.7 Table E.1-1
    0x0000, 0x0002, 0x0003, 0x0100, 0x0110, 0x0120, 0x0600, 0x0700, 0x0800, 0x0900, 0x0901, 0x0902, 0x0903,
    0x1000, 0x1001, 0x1002, 0x1005, 0x1008, 0x1020, 0x1021, 0x1022, 0x1023, 0x1030, 0x1031,
]  # fmt: skip
VALUES = {  # VR: a value as sent, and in the JSON model
    "US": (struct.pack("<2H", 7, 65535), [7, 65535]),
    "UL": (struct.pack("<L", 2**32 - 1), [2**32 - 1]),
    "AT": (struct.pack("<2H", 0x0010, 0x0020), ["00100020"]),
    "UI": (b"1.2.840.10008.1.1\0", ["1.2.840.10008.1.1"]),
    "IS": (b"12", ["12"]),
}


def test_all_of_annex_e_is_there():
    assert sorted(COMMAND_ELEMENTS) == sorted(CURRENT + RETIRED) == sorted(GROUP_0000)


@pytest.mark.parametrize("tag", GROUP_0000, ids="{:04X}".format)
def test_an_element_has_pydicoms_keyword_vr_and_name(tag):
    vr, _, name, retired, keyword = GROUP_0000[tag]
    element = COMMAND_ELEMENTS[tag]
    assert (element.vr, element.keyword) == (vr, keyword)
    assert element.name == name + (" (retired)" if tag in RETIRED else "")
    assert bool(retired) == (tag in RETIRED)


@pytest.mark.parametrize("tag", GROUP_0000, ids="{:04X}".format)
def test_an_element_is_decoded_by_its_vr(tag):
    element = COMMAND_ELEMENTS[tag]
    value, said = VALUES.get(element.vr, (b"SOME TEXT ", ["SOME TEXT"]))
    raw = build.element(0, bytes(4)) * (tag != 0) + build.element(tag, value)
    command = Command(raw)
    assert command.problem == ""
    model = command_json(command)[f"{tag:08X}"]
    assert (model["vr"], model["Value"]) == (element.vr, said)
    assert command.value_text(tag) not in ("", value.hex(" "))


@pytest.mark.parametrize("tag", [0x00000004, 0x00000007, 0x0000FFFF])
def test_an_element_that_is_in_no_table_is_given_as_it_was_sent(tag):
    command = Command(build.element(tag, b"\x01\xff"))
    assert command_json(command)[f"{tag:08X}"]["vr"] == "UN"
    assert command.value_text(tag) == "01 ff"
    assert [field.name for field in command.fields()] == [f"(0000,{tag:04X}) unknown"]
