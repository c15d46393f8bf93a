"""The tables agree with pydicom's and pynetdicom's, and say what is not in them."""

import pytest
from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import dictionary_VR
from pynetdicom.pdu_items import PDU_ITEM_TYPES
from pynetdicom.status import code_to_category

from dicomsniff.dictionary.commands import COMMAND_ELEMENTS, COMMAND_FIELDS, command_name, service_name
from dicomsniff.dictionary.pdu_types import ITEM_TYPES, PDU_TYPES, item_type_name, pdu_type_name
from dicomsniff.dictionary.reasons import (
    REJECT_REASONS,
    abort_meaning,
    context_result_name,
    reject_meaning,
    reject_reason_name,
)
from dicomsniff.dictionary.statuses import find_status, status_category, status_text
from dicomsniff.dictionary.uids import find_uid_name, uid_text

CT = "1.2.840.10008.5.1.4.1.1.2"


def test_every_command_element_of_pydicoms_dictionary_is_known():
    assert set(COMMAND_ELEMENTS) == {tag for tag in DicomDictionary if tag >> 16 == 0}


@pytest.mark.parametrize("tag", COMMAND_ELEMENTS)
def test_a_command_element_has_pydicoms_vr(tag):
    assert COMMAND_ELEMENTS[tag].vr == dictionary_VR(tag)


def test_a_response_has_its_requests_number_and_the_response_bit():
    requests = {name.removesuffix("-RQ"): code for code, name in COMMAND_FIELDS.items() if name.endswith("-RQ")}
    responses = {name.removesuffix("-RSP"): code for code, name in COMMAND_FIELDS.items() if name.endswith("-RSP")}
    assert set(requests) - set(responses) == {"C-CANCEL"}
    assert all(responses[name] == requests[name] | 0x8000 for name in responses)


def test_what_has_no_name_says_so():
    assert command_name(0x7777) == "unknown command 0x7777"
    assert service_name(0x8021) == "C-MOVE"
    assert pdu_type_name(9) == "unknown PDU type 0x09"
    assert item_type_name(0x60) == "unknown item 0x60"
    assert context_result_name(9) == "undefined result 9"
    assert find_uid_name("1.2.3") is None
    assert (uid_text("1.2.3"), uid_text(""), uid_text(None)) == ("1.2.3", "no UID", "no UID")
    assert (find_uid_name(CT), uid_text(CT)) == ("CT Image Storage", "CT Image Storage")


def test_every_pdu_and_item_type_of_the_standard_is_named():
    assert list(PDU_TYPES) == list(range(1, 8))
    assert list(ITEM_TYPES) == [0x10, 0x20, 0x21, 0x30, 0x40, *range(0x50, 0x5A)]
    assert set(PDU_ITEM_TYPES) <= set(ITEM_TYPES)


@pytest.mark.parametrize("uid", ["x", "1..2", "1.2." + "3" * 90, "\\x1b[31m", "1.02"])
def test_what_is_no_uid_has_no_name_and_causes_no_warning(uid):
    assert find_uid_name(uid) is None
    assert uid_text(uid) == uid


REASONS = [
    ((1, 1, 7), "rejected-permanent by DICOM UL service-user: called-AE-title-not-recognized"),
    (
        (2, 3, 2),
        "rejected-transient by DICOM UL service-provider (Presentation related function): local-limit-exceeded",
    ),
    ((9, 9, 9), "undefined result 9 by undefined source 9: undefined reason 9"),
]


@pytest.mark.parametrize(("codes", "text"), REASONS)
def test_a_rejection_is_said_in_words(codes, text):
    assert reject_meaning(*codes) == text


def test_a_rejections_reason_depends_on_its_source():
    assert reject_reason_name(1, 2) == "application-context-name-not-supported"
    assert reject_reason_name(2, 2) == "protocol-version-not-supported"
    assert reject_reason_name(3, 2) == "local-limit-exceeded"
    assert len(REJECT_REASONS) == 8


@pytest.mark.parametrize(
    ("source", "reserved", "undefined"),
    [(1, [4, 5, 6, 8, 9, 10], [0, 11, 255]), (2, [], [0, 3, 255]), (3, [0, 3, 4, 5, 6, 7], [8, 255])],
)
def test_reserved_reasons_of_a_rejection_are_told_from_those_the_standard_does_not_list(source, reserved, undefined):
    assert [reject_reason_name(source, reason) for reason in reserved] == [f"reserved reason {r}" for r in reserved]
    assert [reject_reason_name(source, reason) for reason in undefined] == [f"undefined reason {r}" for r in undefined]


def test_an_abort_is_said_in_words():
    assert abort_meaning(2, 6) == "DICOM UL service-provider: invalid-PDU-parameter value"
    assert abort_meaning(0, 6) == "DICOM UL service-user"
    assert abort_meaning(1, 4) == "reserved (source 1), reason 4 not significant"
    assert abort_meaning(2, 3) == "DICOM UL service-provider: reserved"
    assert abort_meaning(2, 77) == "DICOM UL service-provider: undefined reason 77"
    assert abort_meaning(7, 4) == "undefined (source 7), reason 4 not significant"


STATUSES = [
    ("C-STORE", 0x0000, "Success"),
    ("C-STORE", 0xA700, "Failure"),
    ("C-STORE", 0xB000, "Warning"),
    ("C-STORE", 0xC123, "Failure"),
    ("C-FIND", 0xFF01, "Pending"),
    ("C-FIND", 0xFE00, "Cancel"),
    ("C-MOVE", 0xA801, "Failure"),
    ("C-MOVE", 0xB000, "Warning"),
    ("N-GET", 0x0112, "Failure"),
    ("N-SET", 0x0107, "Warning"),
]


@pytest.mark.parametrize(("service", "status", "category"), STATUSES)
def test_a_status_has_its_class_and_meaning(service, status, category):
    found = find_status(service, CT, status)
    assert found.category == category
    assert found.meaning or status in (0x0000, 0xFE00)


def test_one_status_means_different_things_to_different_services():
    assert "Coercion" in find_status("C-STORE", CT, 0xB000).meaning
    assert "Coercion" not in find_status("C-MOVE", CT, 0xB000).meaning


def test_a_status_that_no_table_lists_has_the_class_of_its_number():
    found = find_status("C-ECHO", "1.2.840.10008.1.1", 0xC0DE)
    assert found == ("Failure", "")
    assert status_text("C-ECHO", None, 0xC0DE) == "Failure 0xC0DE"
    assert status_category(0x1234) == "Unknown"


def test_the_class_of_a_number_agrees_with_pynetdicoms():
    for status in range(0x10000):
        known = code_to_category(status)
        assert known in ("Unknown", status_category(status)) or status_category(status) == "Unknown", hex(status)


@pytest.mark.parametrize("service", ["N-GET", "N-ACTION", "N-EVENT-REPORT", "C-CANCEL", "", "unknown"])
@pytest.mark.parametrize("uid", [None, "", "1.2", CT, "1.2.840.10008.1.20.1"])
def test_any_service_and_uid_can_be_asked(service, uid):
    for status in (0, 0x0110, 0xA700, 0xFFFF):
        assert find_status(service, uid, status).category
