"""Values of the wire -> what may be shown of them (PS3.15 Table E.1-1, Basic Profile)."""

import json
from io import BytesIO

import pytest
from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as table
from pydicom.datadict import DicomDictionary, dictionary_has_tag, dictionary_VR
from pydicom.dataset import Dataset

from data_sets import EXPLICIT, item, long, sequence, short
from dicomsniff.dimse.dataset import decode_data_set
from dicomsniff.dimse.dataset_element import DecodedDataSet
from dicomsniff.privacy.gate import Gate, Privacy
from dicomsniff.privacy.placeholders import Placeholders
from dicomsniff.privacy.shape import shape

LONG = ("OB", "OD", "OF", "OL", "OV", "OW", "UN", "UC", "UT", "UR")
PLANTED = {
    "DA": b"19470213",
    "TM": b"114703",
    "DT": b"19470213114703",
    "AS": b"047Y",
    "DS": b"47.1147",
    "IS": b"471147",
}


def vr_of(tag: tuple[int, int]) -> str:
    """The VR of an attribute; the table is of a later edition than the dictionary."""
    return dictionary_VR(tag).partition(" or ")[0] if dictionary_has_tag(tag) else "DT"


WHOLE = [each for each in table.ALL_TAGS if len(each) == 2]
UIDS = [each for each in WHOLE if vr_of(each) == "UI"]
SEQUENCES = [each for each in WHOLE if vr_of(each) == "SQ"]
VALUES = [each for each in WHOLE if each not in UIDS and each not in SEQUENCES]
KEPT_SEQUENCES = table.X_Z_U_STAR_TAGS


def decoded(*elements: bytes, gate: Gate | None = None) -> DecodedDataSet:
    return (gate or Gate()).filter(decode_data_set(BytesIO(b"".join(elements)), EXPLICIT))


def shown(found: DecodedDataSet) -> str:
    return json.dumps(found.to_json(), ensure_ascii=False) + "".join(each.text for each in found.elements)


def planted(tag: tuple[int, int]) -> tuple[bytes, str]:
    """An element with a value that nothing else has, and that value as a view would write it."""
    number = tag[0] << 16 | tag[1]
    vr = vr_of(tag)
    value = PLANTED.get(
        vr, b"planted!" if vr not in ("US", "SS", "UL", "SL", "FD", "FL", "AT") else b"\x12\x34\x56\x78" * 2
    )
    make = long if vr in LONG else short
    if vr == "OB":
        return make(number, vr, value), value.hex(" ")
    return make(number, vr, value), value.decode("latin-1")


@pytest.mark.parametrize("tag", VALUES, ids=lambda tag: f"{tag[0]:04X},{tag[1]:04X}")
def test_a_value_that_the_profile_takes_away_is_withheld(tag):
    element, value = planted(tag)
    (found,) = decoded(element).elements
    assert value not in shown(decoded(element))
    assert found.json["withheld"]
    assert (found.json["vr"], found.json["length"]) == (found.vr, found.length)


@pytest.mark.parametrize("tag", [each for each in SEQUENCES if each not in KEPT_SEQUENCES], ids=str)
def test_whatever_stands_in_a_sequence_that_the_profile_takes_away_is_withheld(tag):
    inner = item(short(0x00080100, "SH", b"planted "), sequence(0x00400555, item(short(0x00080104, "LO", b"deeper"))))
    found = decoded(sequence(tag[0] << 16 | tag[1], inner), short(0x00081090, "LO", b"kept"))
    assert "planted" not in shown(found)
    assert "deeper" not in shown(found)
    assert "kept" in shown(found)


@pytest.mark.parametrize("tag", [(0x6000, 0x4000), (0x601E, 0x4000), (0x5002, 0x2500), (0x6002, 0x3000)])
def test_repeating_groups_are_withheld(tag):
    number = tag[0] << 16 | tag[1]
    made = long(number, "OW", b"planted!") if tag[1] == 0x3000 else short(number, "LT", b"planted!")
    assert b"planted!".hex(" ") not in shown(decoded(made))
    assert "planted" not in shown(decoded(made))


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00080060, "CS", b"CT"),
        (0x00080070, "LO", b"Maker of scanners"),
        (0x00180050, "DS", b"2.5 "),
        (0x00280010, "US", b"\x00\x02"),
        (0x00080104, "LO", b"a code's meaning"),
        (0x00181149, "IS", b"320 "),
    ],
)
def test_what_the_profile_keeps_is_shown(tag, vr, value):
    before = decode_data_set(BytesIO(short(tag, vr, value)), EXPLICIT)
    assert decoded(short(tag, vr, value)).to_json() == before.to_json()


SAMPLES = {
    "AE": b"TITLE ", "AS": b"047Y", "AT": b"\x08\0\x18\0", "CS": b"TERM", "DA": b"19470213", "DS": b"47.1", "IS": b"47",
    "DT": b"19470213", "TM": b"114703", "LO": b"word", "SH": b"word", "UI": b"1.2.3.4.5\0",
}  # fmt: skip
KEPT = [
    (tag, vr)
    for tag, (vrs, *_) in sorted(DicomDictionary.items())
    if (vr := vrs.partition(" or ")[0]) not in ("PN", "LT", "ST", "UT", "UC", "UR", "SQ", "NONE")
    and tag >> 16 > 7
    and (tag >> 16, tag & 0xFFFF) not in VALUES
]
"""What PS3.6 has, is neither a name nor free text, and is not in the table, with its VR; UIDs, which stay."""


def made(tag: int, vr: str) -> bytes:
    return (long if vr in (*LONG, "SV", "UV") else short)(tag, vr, SAMPLES.get(vr, bytes(range(8))))


@pytest.mark.parametrize("depth", [0, 1, 2], ids=["in the data set", "in a sequence", "in a sequence in it"])
def test_nothing_that_the_profile_keeps_is_withheld_at_any_depth(depth):
    assert len(KEPT) > 3000
    content = b"".join(made(*each) for each in KEPT if not depth or each[0] < 0xFFFA0000)
    for _ in range(depth):
        content = sequence(0x00400260, item(content))
    found = decoded(content)
    assert len(found.elements) > 3000
    assert [each.name for each in found.elements if each.hidden or "withheld" in each.json] == []


def test_of_a_structured_report_that_is_withheld_the_structure_is_shown():
    name = short(0x0040A010, "CS", b"CONTAINS") + short(0x0040A040, "CS", b"PNAME ")
    odd = short(0x0040A010, "CS", b"planted ") + short(0x0040A040, "CS", b"NUM ") + short(0x0040A160, "CS", b"planted ")
    report = sequence(0x0040A730, item(name + short(0x0040A123, "PN", b"planted ")), item(odd))
    assert [each.text for each in decoded(report).elements if not each.hidden and each.vr == "CS"] == [
        "CONTAINS", "PNAME", "NUM"
    ]  # fmt: skip
    assert "planted" not in shown(decoded(report))


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00100010, "UI", b"1.47.11 "),
        (0x00100020, "UN", b"planted "),
        (0x00204000, "UN", b"planted "),
        (0x00204000, "LO", b"planted "),
        (0x0020000D, "LO", b"planted "),
        (0x00091001, "UI", b"4711"),
    ],
)
def test_another_vr_than_its_own_lets_no_value_out(tag, vr, value):
    (found,) = decoded((long if vr in LONG else short)(tag, vr, value)).elements
    assert found.hidden
    assert not {value.decode().strip(), value.hex(), value.hex(" ")} & {found.text, *map(str, found.json.values())}
    assert "withheld" in found.json


def test_a_uid_of_a_vendor_is_shown_as_any_other():
    assert decoded(short(0x00091001, "UI", b"1.2.3.4.5.6.7")).elements[0].text == "1.2.3.4.5.6.7"


@pytest.mark.parametrize("vr", ["PN", "LT", "ST", "UT", "UC", "UR"])
def test_names_of_persons_and_free_text_are_withheld_in_any_attribute(vr):
    make = long if vr in LONG else short
    assert "planted" not in shown(decoded(make(0x00080060, vr, b"planted ")))


def test_private_and_unknown_elements_are_withheld_but_for_a_vendors_name():
    found = decoded(
        short(0x00090010, "LO", b"GEMS_IDEN_01"),
        short(0x00090011, "LO", b"planted creator "),
        short(0x00091010, "LO", b"planted "),
        short(0x00080007, "LO", b"planted "),
    )
    assert "planted" not in shown(found)
    assert "GEMS_IDEN_01" in shown(found)


def test_a_private_value_that_reads_like_a_vendors_name_is_withheld():
    found = decoded(short(0x00090010, "LO", b"GEMS_IDEN_01"), short(0x00091010, "LO", b"GEMS_IDEN_01"))
    assert [element.hidden for element in found.elements] == [False, True]


def test_so_many_withheld_values_are_remembered_for_comments_and_no_more(monkeypatch):
    monkeypatch.setattr("dicomsniff.privacy.gate.MAX_REMEMBERED", 1)
    gate = Gate()
    for patient in (b"firstly ", b"secondly"):
        decoded(short(0x00100020, "LO", patient), gate=gate)
    assert gate.comment("firstly, secondly") == "firstly, PatientID-2"


def test_a_name_is_found_in_any_character_set_and_its_form_is_told():
    found = decoded(
        short(0x00080005, "CS", b"ISO_IR 192"),
        short(0x00100010, "PN", "Müller^Jörg".encode() + b" "),
        short(0x00100020, "LO", b"AB-1234 "),
    )
    name, patient = found.elements[1:]
    assert name.json == {"vr": "PN", "length": 14, "withheld": "PatientName-1", "shape": "Xxxxxx^Xxxx"}
    assert patient.text == "PatientID-1 (XX-9999)"


def test_the_same_value_has_the_same_name_and_another_another():
    gate = Gate()
    names = [decoded(short(0x00100020, "LO", value), gate=gate).elements[0].text for value in (b"A1", b"B2", b"A1")]
    assert names == ["PatientID-1 (X9)", "PatientID-2 (X9)", "PatientID-1 (X9)"]


def test_a_key_makes_names_the_same_in_every_run_and_another_key_others():
    one, again, other = (Gate(Privacy(key=key)).value(0x00100020, "12345678", "LO") for key in (b"k", b"k", b"l"))
    assert one == again != other


@pytest.mark.parametrize(
    ("key", "left"),
    [
        ("*", "PatientID-1 (*)"),
        ("?*", "PatientID-1 (?*)"),
        ("AB*\\CD?", "PatientID-1 (XX*\\XX?)"),
        ("20260101-20260131", "PatientID-1 (99999999-99999999)"),
        ("", ""),
    ],
)
def test_a_key_of_a_query_keeps_its_form(key, left):
    assert Gate().value(0x00100020, key, "LO") == left


def test_an_empty_value_is_empty_still():
    assert decoded(short(0x00100010, "PN", b"")).to_json() == {"00100010": {"vr": "PN"}}


def test_uids_are_shown_unless_their_redaction_is_asked_for():
    made = short(0x00080018, "UI", b"1.2.3.4\0") + short(0x00080016, "UI", b"1.2.840.10008.1.1\0")
    assert "1.2.3.4" in shown(decoded(made))
    redacted = decoded(made, gate=Gate(Privacy(redact_uids=True)))
    assert "1.2.3.4" not in shown(redacted)
    assert redacted.to_json()["00080018"]["Value"] == ["UID-1"]
    assert "1.2.840.10008.1.1" in shown(redacted)


def test_what_is_no_uid_although_it_should_be_one_is_withheld_like_free_text():
    assert Gate().uid("DOE JANE 1947") == "UID-1 (XXX XXXX 9999)"
    assert Gate(Privacy(keep_phi=True)).uid("DOE JANE 1947") == "DOE JANE 1947"


def test_names_of_the_network_are_shown_unless_their_redaction_is_asked_for():
    plain, redacting = Gate(), Gate(Privacy(redact_network=True))
    assert (plain.title("CT1"), plain.address("10.0.0.1")) == ("CT1", "10.0.0.1")
    assert (redacting.title("CT1"), redacting.address("10.0.0.1")) == ("AE-1", "host-1")


def test_all_is_shown_where_that_is_asked_for():
    made = short(0x00100010, "PN", b"Doe^Jane")
    assert "Doe^Jane" in shown(decoded(made, gate=Gate(Privacy(keep_phi=True))))


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        ("Patient Doe^Jane unknown", "Patient Xxx^Xxxx unknown"),
        ("no study 20260131 for it", "no study 99999999 for it"),
        ("error 0110, retry in 30 s", "error 9999, retry in 30 s"),
        ("out of resources", "out of resources"),
        ("cannot store AB12.", "cannot store PatientID-1."),
        ("JANE MARY is dead", "PatientName-1 is dead"),
        ("PID=AB12/1;", "PID=PatientID-1/1;"),
        ("no XY77Z at 0xA7", "no XX99X at 0xA7"),
        ("(2010,0050) Film Size ID", "(2010,0050) Film Size ID"),
        ("(7fe0,0010) of (1947,0312)", "(7fe0,0010) of (9999,9999)"),
        ("(2010, 0050) or 2010,0050", "(9999, 9999) or 9999,9999"),
    ],
)
def test_a_comment_keeps_its_words_but_nothing_that_was_withheld(comment, left):
    gate = Gate()
    decoded(short(0x00100010, "PN", b"Doe^Jane Mary "), short(0x00100020, "LO", b"AB12"), gate=gate)
    assert gate.comment(comment) == left


def test_a_comment_may_name_an_application_entity_of_the_capture():
    gate, redacting = Gate(), Gate(Privacy(redact_network=True))
    assert gate.comment("Unknown AET: CTROOM9") == "Unknown AET: XXXXXX9"
    for each in (gate, redacting):
        each.know_title("CTROOM9")
    assert gate.comment("Unknown AET: CTROOM9") == "Unknown AET: CTROOM9"
    assert redacting.comment("Unknown AET: CTROOM9") == "Unknown AET: AE-1"


def test_so_many_application_entities_are_known_in_comments_and_no_more(monkeypatch):
    monkeypatch.setattr("dicomsniff.privacy.gate.MAX_TITLES", 1)
    gate = Gate()
    for title in ("CTROOM9", "MRROOM7"):
        gate.know_title(title)
    assert gate.comment("neither CTROOM9 nor MRROOM7") == "neither CTROOM9 nor XXXXXX9"


def test_a_value_too_short_to_tell_anybody_is_not_looked_for_in_comments():
    gate = Gate()
    decoded(short(0x00100040, "CS", b"F "), short(0x00100020, "LO", b"abc "), gate=gate)
    assert gate.comment("F is no sex, abc is somebody") == "F is no sex, PatientID-1 is somebody"


def test_of_two_names_at_one_place_of_a_comment_the_longer_one_is_withheld():
    gate = Gate()
    decoded(short(0x00100020, "LO", b"Jane"), short(0x00101001, "PN", b"Jane Mary "), gate=gate)
    assert gate.comment("Jane Mary is not Jane") == "OtherPatientNames-1 is not PatientID-1"


def test_a_comment_does_not_tell_what_a_data_set_holds_that_is_not_shown():
    gate = Gate()
    gate.learn(decode_data_set(BytesIO(short(0x00100020, "LO", b"AB12")), EXPLICIT))
    assert gate.comment("cannot store AB12") == "cannot store PatientID-1"


@pytest.mark.parametrize(
    ("name", "left"),
    [("doe.pcap", "capture-1.pcap"), ("doe.jane.pcapng.gz", "capture-1"), ("doe", "capture-1"), ("", "")],
)
def test_the_name_of_a_file_is_withheld_but_for_its_suffix(name, left):
    assert Gate().file_name(name) == left


def test_more_values_than_are_told_apart_share_a_name(monkeypatch):
    monkeypatch.setattr("dicomsniff.privacy.placeholders.MAX_VALUES", 2)
    names = Placeholders()
    assert [names.name("UID", each) for each in "abcda"] == ["UID-1", "UID-2", "UID-more", "UID-more", "UID-1"]


def test_where_there_is_no_end_a_value_that_is_forgotten_gets_a_new_name_and_never_that_of_another(monkeypatch):
    monkeypatch.setattr("dicomsniff.privacy.placeholders.LATEST_VALUES", 2)
    names = Placeholders(watches=True)
    assert [names.name("UID", each) for each in "abacb"] == ["UID-1", "UID-2", "UID-1", "UID-3", "UID-4"]


def test_a_data_set_of_pydicoms_is_withheld_as_a_whole():
    made = Dataset()
    made.PatientName, made.PatientID, made.Modality = "Doe^Jane", "4711", "CT"
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    out = DicomBytesIO()
    out.is_implicit_VR, out.is_little_endian = True, True
    write_dataset(out, made)
    found = Gate().filter(decode_data_set(BytesIO(out.getvalue()), "1.2.840.10008.1.2"))
    assert "CT" in shown(found)
    assert "Doe" not in shown(found)
    assert "4711" not in shown(found)


def test_what_a_repeating_group_says_of_its_layout_is_shown():
    assert decoded(short(0x60020010, "US", b"\x00\x02")).to_json()["60020010"]["Value"] == [512]


@pytest.mark.parametrize(("length", "told"), [(64, "x" * 64), (65, "")])
def test_the_form_of_a_long_value_is_not_told(length, told):
    assert shape("a" * length) == told
