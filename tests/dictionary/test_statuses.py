"""Statuses by service class: what PS3.4 and PS3.7 Annex C say, number by number and over whole ranges."""

import inspect
import re

import pytest
from pynetdicom import service_class, service_class_n, sop_class
from pynetdicom import status as tables

from dicomsniff.dictionary.registry import uids
from dicomsniff.dictionary.statuses import FORESEEN, error_text, find_status, look_up, status_category, status_text

CT = "1.2.840.10008.5.1.4.1.1.2"
HANGING_PROTOCOL = "1.2.840.10008.5.1.4.38.1"
STUDY_FIND, STUDY_MOVE, STUDY_GET = (f"1.2.840.10008.5.1.4.1.2.2.{number}" for number in (1, 2, 3))
REPOSITORY_QUERY = "1.2.840.10008.5.1.4.1.1.201.6"
WORKLIST = "1.2.840.10008.5.1.4.31"
RELEVANT_PATIENT = "1.2.840.10008.5.1.4.37.1"
SUBSTANCE = "1.2.840.10008.5.1.4.41"
MPPS = "1.2.840.10008.3.1.2.3.3"
COMMITMENT = "1.2.840.10008.1.20.1"
FILM_SESSION, FILM_BOX, IMAGE_BOX = "1.2.840.10008.5.1.1.1", "1.2.840.10008.5.1.1.2", "1.2.840.10008.5.1.1.4"
UPS_PUSH, UPS_PULL = "1.2.840.10008.5.1.4.34.6.1", "1.2.840.10008.5.1.4.34.6.3"
MEDIA = "1.2.840.10008.5.1.1.33"
EVENT_LOGGING = "1.2.840.10008.1.40"
MACHINE_VERIFICATION = "1.2.840.10008.5.1.4.34.8"

RANGES = [  # service, SOP class, first, last, class, words of the meaning
    # Storage: PS3.4 Table B.2-1
    ("C-STORE", CT, 0xA700, 0xA7FF, "Failure", "Out of Resources"),
    ("C-STORE", CT, 0xA900, 0xA9FF, "Failure", "Data Set Does Not Match SOP Class"),
    ("C-STORE", CT, 0xC000, 0xCFFF, "Failure", "Cannot Understand"),
    ("C-STORE", CT, 0xB000, 0xB000, "Warning", "Coercion of Data Elements"),
    ("C-STORE", CT, 0xB006, 0xB006, "Warning", "Elements Discarded"),
    ("C-STORE", CT, 0xB007, 0xB007, "Warning", "Data Set Does Not Match SOP Class"),
    ("C-STORE", None, 0xA700, 0xA7FF, "Failure", "Out of Resources"),
    ("C-STORE", "1.3.46.670589.11.0.0.12.1", 0xC000, 0xCFFF, "Failure", "Cannot Understand"),  # private
    # Non-Patient Object Storage: PS3.4 Table GG.4-1
    ("C-STORE", HANGING_PROTOCOL, 0xA700, 0xA700, "Failure", "Out of resources"),
    ("C-STORE", HANGING_PROTOCOL, 0xA900, 0xA900, "Failure", "match SOP Class"),
    ("C-STORE", HANGING_PROTOCOL, 0xC000, 0xC000, "Failure", "Cannot understand"),
    # Query/Retrieve: PS3.4 Tables C.4-1 to C.4-3
    ("C-FIND", STUDY_FIND, 0xA700, 0xA700, "Failure", "Out of Resources"),
    ("C-FIND", STUDY_FIND, 0xA900, 0xA900, "Failure", "Identifier Does Not Match SOP Class"),
    ("C-FIND", STUDY_FIND, 0xC000, 0xCFFF, "Failure", "Unable to Process"),
    ("C-FIND", STUDY_FIND, 0xFE00, 0xFE00, "Cancel", ""),
    ("C-FIND", STUDY_FIND, 0xFF00, 0xFF00, "Pending", "Matches are continuing"),
    ("C-FIND", STUDY_FIND, 0xFF01, 0xFF01, "Pending", "warning"),
    ("C-FIND", REPOSITORY_QUERY, 0xA710, 0xA710, "Failure", "Prior Record Key"),
    ("C-FIND", REPOSITORY_QUERY, 0xB001, 0xB001, "Warning", "response limit"),
    ("C-MOVE", STUDY_MOVE, 0xA701, 0xA701, "Failure", "unable to calculate number of matches"),
    ("C-MOVE", STUDY_MOVE, 0xA702, 0xA702, "Failure", "unable to perform sub-operations"),
    ("C-MOVE", STUDY_MOVE, 0xA801, 0xA801, "Failure", "destination unknown"),
    ("C-MOVE", STUDY_MOVE, 0xA900, 0xA900, "Failure", "Identifier does not match SOP class"),
    ("C-MOVE", STUDY_MOVE, 0xAA00, 0xAA04, "Failure", " "),
    ("C-MOVE", STUDY_MOVE, 0xB000, 0xB000, "Warning", "failures"),
    ("C-MOVE", STUDY_MOVE, 0xC000, 0xCFFF, "Failure", "Unable to Process"),
    ("C-MOVE", STUDY_MOVE, 0xFE00, 0xFE00, "Cancel", ""),
    ("C-MOVE", STUDY_MOVE, 0xFF00, 0xFF00, "Pending", "Sub-operations are continuing"),
    ("C-GET", STUDY_GET, 0xA701, 0xA701, "Failure", "unable to calculate number of matches"),
    ("C-GET", STUDY_GET, 0xA702, 0xA702, "Failure", "unable to perform sub-operations"),
    ("C-GET", STUDY_GET, 0xA900, 0xA900, "Failure", "Identifier does not match SOP class"),
    ("C-GET", STUDY_GET, 0xAA00, 0xAA04, "Failure", " "),
    ("C-GET", STUDY_GET, 0xB000, 0xB000, "Warning", "failures"),
    ("C-GET", STUDY_GET, 0xC000, 0xCFFF, "Failure", "Unable to Process"),
    ("C-GET", STUDY_GET, 0xFE00, 0xFE00, "Cancel", ""),
    ("C-GET", STUDY_GET, 0xFF00, 0xFF00, "Pending", "Sub-operations are continuing"),
    # Modality Worklist: PS3.4 Table K.4-1
    ("C-FIND", WORKLIST, 0xA700, 0xA700, "Failure", "Out of resources"),
    ("C-FIND", WORKLIST, 0xA900, 0xA900, "Failure", "does not match SOP class"),
    ("C-FIND", WORKLIST, 0xC000, 0xCFFF, "Failure", "Unable to Process"),
    ("C-FIND", WORKLIST, 0xFE00, 0xFE00, "Cancel", ""),
    ("C-FIND", WORKLIST, 0xFF00, 0xFF01, "Pending", "Matches are continuing"),
    # Relevant Patient Information Query: PS3.4 §Q.4.1.1.4
    ("C-FIND", RELEVANT_PATIENT, 0xC100, 0xC100, "Failure", "More than one match found"),
    ("C-FIND", RELEVANT_PATIENT, 0xC200, 0xC200, "Failure", "Unable to support requested template"),
    ("C-FIND", RELEVANT_PATIENT, 0xA700, 0xA700, "Failure", "Out of resources"),
    ("C-FIND", RELEVANT_PATIENT, 0xC000, 0xCFFF, "Failure", " "),
    # Substance Administration Query: PS3.4 §V.4
    ("C-FIND", SUBSTANCE, 0xC000, 0xCFFF, "Failure", "Unable to Process"),
    # Modality Performed Procedure Step: PS3.4 §F.7.2
    ("N-SET", MPPS, 0x0110, 0x0110, "Failure", "Processing Failure"),
    ("N-CREATE", MPPS, 0x0110, 0x0110, "Failure", "Processing Failure"),
    ("N-CREATE", MPPS, 0x0111, 0x0111, "Failure", "SOP Instance"),
    ("N-SET", MPPS, 0x0001, 0x0001, "Warning", "optional"),
    # Storage Commitment: PS3.4 §J.3, the statuses of PS3.7 only
    ("N-ACTION", COMMITMENT, 0x0110, 0x0110, "Failure", "Processing Failure"),
    ("N-ACTION", COMMITMENT, 0x0213, 0x0213, "Failure", "Resource Limitation"),
    ("N-EVENT-REPORT", COMMITMENT, 0x0113, 0x0113, "Failure", "No Such Event Type"),
    # Print Management: PS3.4 §H.4
    ("N-CREATE", FILM_SESSION, 0xB600, 0xB600, "Warning", "Memory allocation"),
    ("N-ACTION", FILM_SESSION, 0xB601, 0xB602, "Warning", "Film"),
    ("N-ACTION", FILM_BOX, 0xB603, 0xB603, "Warning", "empty page"),
    ("N-SET", IMAGE_BOX, 0xB604, 0xB604, "Warning", "demagnified"),
    ("N-CREATE", FILM_BOX, 0xB605, 0xB605, "Warning", "density"),
    ("N-SET", IMAGE_BOX, 0xB609, 0xB60A, "Warning", "larger than the image box"),
    ("N-ACTION", FILM_SESSION, 0xC600, 0xC601, "Failure", " "),
    ("N-ACTION", FILM_BOX, 0xC602, 0xC602, "Failure", "queue is full"),
    ("N-SET", IMAGE_BOX, 0xC603, 0xC603, "Failure", "larger than image box"),
    ("N-SET", IMAGE_BOX, 0xC605, 0xC605, "Failure", "Insufficient memory"),
    ("N-ACTION", FILM_BOX, 0xC613, 0xC613, "Failure", "Combined"),
    ("N-CREATE", FILM_BOX, 0xC616, 0xC616, "Failure", "existing film box"),
    # Unified Procedure Step: PS3.4 Annex CC.2
    ("N-CREATE", UPS_PUSH, 0xB300, 0xB300, "Warning", "created with modifications"),
    ("N-ACTION", UPS_PUSH, 0xB301, 0xB301, "Warning", "Deletion lock"),
    ("N-ACTION", UPS_PULL, 0xB304, 0xB304, "Warning", "CANCELED"),
    ("N-SET", UPS_PULL, 0xB305, 0xB305, "Warning", "Coerced"),
    ("N-ACTION", UPS_PULL, 0xB306, 0xB306, "Warning", "COMPLETED"),
    ("N-SET", UPS_PULL, 0xC300, 0xC300, "Failure", "may no longer be updated"),
    ("N-ACTION", UPS_PULL, 0xC301, 0xC304, "Failure", " "),
    ("N-ACTION", UPS_PUSH, 0xC307, 0xC307, "Failure", "does not exist"),
    ("N-ACTION", UPS_PUSH, 0xC308, 0xC308, "Failure", "AE-TITLE is unknown"),
    ("N-CREATE", UPS_PUSH, 0xC309, 0xC309, "Failure", "SCHEDULED"),
    ("N-ACTION", UPS_PUSH, 0xC310, 0xC315, "Failure", " "),
    ("C-FIND", UPS_PULL, 0xC000, 0xCFFF, "Failure", " "),
    ("C-FIND", UPS_PULL, 0xC300, 0xC300, "Failure", "may no longer be updated"),
    # Media Creation Management: PS3.4 Annex S; Application Event Logging: Annex P; RT Machine Verification: Annex DD
    ("N-ACTION", MEDIA, 0xA510, 0xA510, "Failure", "already been received"),
    ("N-ACTION", MEDIA, 0xC201, 0xC203, "Failure", " "),
    ("N-ACTION", EVENT_LOGGING, 0xB101, 0xB102, "Warning", " "),
    ("N-ACTION", EVENT_LOGGING, 0xC101, 0xC104, "Failure", " "),
    ("N-CREATE", MACHINE_VERIFICATION, 0xC221, 0xC227, "Failure", " "),
]


@pytest.mark.parametrize(("service", "uid", "first", "last", "category", "words"), RANGES)
def test_a_status_that_ps3_4_defines_has_its_class_and_meaning(service, uid, first, last, category, words):
    for status in range(first, last + 1):
        found = find_status(service, uid, status)
        assert found.category == category, hex(status)
        assert words.lower() in found.meaning.lower(), hex(status)


GENERAL = {  # PS3.7 Annex C
    0x0105: "No Such Attribute",
    0x0106: "Invalid Attribute Value",
    0x0107: "Attribute List Error",
    0x0110: "Processing Failure",
    0x0111: "SOP Instance",
    0x0112: "No Such SOP Instance",
    0x0113: "No Such Event Type",
    0x0114: "No Such Argument",
    0x0115: "Invalid Argument Value",
    0x0116: "Attribute Value Out of Range",
    0x0117: "Invalid Object Instance",
    0x0118: "No Such SOP Class",
    0x0119: "Class-Instance Conflict",
    0x0120: "Missing Attribute",
    0x0121: "Missing Attribute Value",
    0x0122: "SOP Class Not Supported",
    0x0123: "No Such Action",
    0x0124: "Not Authori",
    0x0210: "Duplicate Invocation",
    0x0211: "Operation",
    0x0212: "Mistyped Argument",
    0x0213: "Resource Limitation",
}
SERVICES = ["C-STORE", "C-FIND", "C-GET", "C-MOVE", "C-ECHO", "N-EVENT-REPORT", "N-GET", "N-SET", "N-ACTION"]
SERVICES += ["N-CREATE", "N-DELETE"]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("uid", [None, CT, STUDY_FIND, MPPS, FILM_BOX, "1.2.3.4"])
def test_the_general_statuses_mean_the_same_to_every_service(service, uid):
    for status, words in GENERAL.items():
        found = find_status(service, uid, status)
        assert found.category == ("Warning" if status in (0x0107, 0x0116) else "Failure")
        assert words in found.meaning or (service, uid, status) == ("N-SET", MPPS, 0x0110)


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("uid", [None, CT, UPS_PULL, "1.2.3.4"])
def test_a_number_in_a_range_of_ps3_7_is_never_undefined(service, uid):
    """PS3.7 Annex C: 0001 and Bxxx warn; Axxx, Cxxx, 01xx and 02xx fail; FE00 cancels; FF00 and FF01 are pending."""
    for status in (0x0001, *range(0x0100, 0x0300), *range(0xA000, 0xD000, 7), 0xFE00, 0xFF00, 0xFF01):
        category = find_status(service, uid, status).category
        assert category == status_category(status) != "Unknown", hex(status)


@pytest.mark.parametrize("status", [0x0002, 0x00FF, 0x0300, 0x1234, 0x9FFF, 0xD000, 0xFE01, 0xFF02, 0xFFFF])
def test_a_number_in_no_range_is_said_to_be_unknown(status):
    for service in SERVICES:
        assert find_status(service, CT, status) == ("Unknown", "")
        assert status_text(service, CT, status) == f"Unknown 0x{status:04X}"


def service_classes() -> list[type]:
    """Every service class of pynetdicom that has statuses."""
    found = [each for module in (service_class, service_class_n) for _, each in inspect.getmembers(module)]
    return sorted({each for each in found if isinstance(getattr(each, "statuses", None), dict)}, key=str)


def uids_of(wanted: type) -> list[str]:
    groups = [value for name, value in vars(sop_class).items() if name.endswith("_CLASSES") and isinstance(value, dict)]
    uids = {str(uid) for group in groups for uid in group.values() if isinstance(uid, str)}
    return sorted(uid for uid in uids if sop_class.uid_to_service_class(uid) is wanted)


def as_the_standard_spells_it(meaning: str) -> str:
    """PS3.7 §C.5 and PS3.4: authorized, unrecognized, duplicate; "an any" is a slip."""
    for wrong, right in (
        ("uthorised", "uthorized"),
        ("nrecognised", "nrecognized"),
        ("ynchronisation", "ynchronization"),
        ("Duplication", "Duplicate"),
        ("Element Discarded", "Elements Discarded"),
        ("an any", "and any"),
        ("The print will", "The printer will"),
        ("doesn't", "does not"),
    ):
        meaning = meaning.replace(wrong, right)
    return meaning


@pytest.mark.parametrize("wanted", service_classes(), ids=lambda each: each.__name__)
def test_every_status_of_pynetdicoms_service_classes_is_told_as_it_is_there(wanted):
    """N-services and C-FIND of their own; of the others the command says more than the SOP class."""
    uids = uids_of(wanted)
    general = wanted.statuses is tables.GENERAL_STATUS or set(wanted.statuses) == set(tables.GENERAL_STATUS)
    assert uids or general
    for uid in uids[:3]:
        for status, (category, meaning) in wanted.statuses.items():
            if status and (uid, status) != (MPPS, 0x0110):
                assert find_status("N-ACTION", uid, status) == (category, as_the_standard_spells_it(meaning))


def test_every_status_table_of_pynetdicom_is_in_use():
    """A service class that pynetdicom gains must be looked at."""
    used = {id(each.statuses) for each in service_classes()}
    used |= {id(tables.QR_FIND_SERVICE_CLASS_STATUS), id(tables.QR_GET_SERVICE_CLASS_STATUS)}
    used |= {id(tables.QR_MOVE_SERVICE_CLASS_STATUS)}
    # The worklist's is there, but its service class has that of C-FIND, which says the same.
    assert set(tables.MODALITY_WORKLIST_SERVICE_CLASS_STATUS) <= set(tables.QR_FIND_SERVICE_CLASS_STATUS)
    used |= {id(tables.MODALITY_WORKLIST_SERVICE_CLASS_STATUS)}
    found = {
        name: table for name, table in vars(tables).items() if name.endswith("_STATUS") and isinstance(table, dict)
    }
    assert [name for name, table in found.items() if id(table) not in used] == []


@pytest.mark.parametrize(
    ("service", "sop_class", "error_id", "said"),
    [
        ("N-SET", MPPS, 0xA710, "the Performed Procedure Step Object may no longer be updated"),
        ("N-SET", MPPS, None, ""),
        ("N-SET", MPPS, 1, ""),
        ("N-CREATE", MPPS, 0xA710, ""),
        ("N-SET", None, 0xA710, ""),
    ],
)
def test_a_procedure_step_is_closed_only_where_the_error_id_says_so(service, sop_class, error_id, said):
    """PS3.4 Table F.7.2-2."""
    assert error_text(service, sop_class, 0x0110, error_id) == said


def test_the_texts_of_statuses_are_spelled_as_the_standard_spells():
    """Every text that can be printed: of every service, SOP class, and status that a table lists."""
    listed = {
        status
        for name, table in vars(tables).items()
        if name.endswith("_STATUS")
        for status in {text: status for status, text in table.items()}.values()
    }
    classes = [None, *(uid for each in service_classes() for uid in uids_of(each)[:1])]
    services = ("C-FIND", "C-GET", "C-MOVE", "C-STORE", "C-ECHO", "N-SET")
    said = {find_status(service, uid, status).meaning for service in services for uid in classes for status in listed}
    wrong = re.compile(r"ised\b|isation|n't\b|\ban any\b|Duplication|  |\b(\w+) \1\b")
    assert len(said) > 90
    assert sorted(text for text in said if wrong.search(text)) == []


@pytest.mark.parametrize(("service", "status"), FORESEEN)
def test_what_healthy_captures_hold_is_said_as_the_tables_say_it(service, status):
    classes = [None, *(uid for uid, found in uids().items() if "Information Model" in found[0])]
    assert len(classes) > 20
    assert {look_up(service, uid, status) for uid in classes} == {FORESEEN[service, status]}
