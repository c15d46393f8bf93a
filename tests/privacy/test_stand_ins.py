"""Bytes that stand for withheld values."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.charset import decode_bytes

from dicomsniff.dimse.scan.formats import format_problem
from dicomsniff.dimse.scan.values import python_encodings
from dicomsniff.privacy.shape import shape
from dicomsniff.privacy.stand_ins import StandIns

INS = StandIns(b"the same in every run")
ASCII = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=80)


def decoded(value: bytes, declared: str) -> str:
    encodings, _ = python_encodings(declared)
    return decode_bytes(value, encodings, {0x5C, 0x5E, 0x3D})


@given(ASCII)
def test_text_keeps_its_shape_and_another_one_has_another_stand_in(text: str) -> None:
    found = INS.text(text.encode()).decode()
    assert shape(found[:64]) == shape(text[:64])
    other = text + "x"
    assert INS.text(other.encode()) != INS.text(text.encode())


def test_each_component_of_a_name_is_replaced_by_itself() -> None:
    whole, first = INS.value("PN", b"Doe^Jane "), INS.value("PN", b"Doe^Jim")
    assert re.fullmatch(rb"[A-Z][a-z]{2}\^[A-Z][a-z]{3} ", whole)
    assert whole[:3] == first[:3] != b"Doe"
    assert INS.value("PN", b"Doe*")[:3] == whole[:3]


NAMES = [
    ("ISO_IR 100", "Müller^Jörg".encode("latin-1")),
    ("ISO_IR 101", "Wałęsa^Ewa".encode("iso8859_2")),
    ("ISO_IR 144", "Люкceмбypг^Р".encode("iso8859_5")),
    ("ISO_IR 127", "قباني^لنزار".encode("iso8859_6")),
    ("ISO_IR 126", "Διονυσιος".encode("iso8859_7")),
    ("ISO_IR 138", "שרון^דבורה".encode("iso8859_8")),
    ("ISO_IR 166", "นามสกุล".encode("iso8859_11")),
    ("ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ".encode("shift_jis")),
    ("ISO_IR 192", "Wang^XiaoDong=王^小东=Müller^😀".encode()),
    ("GB18030", "Wang^XiaoDong=王^小东".encode("gb18030")),
    ("\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B"),
    (
        "\\ISO 2022 IR 149",
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
    ),
    ("ISO 2022 IR 100\\ISO 2022 IR 144", "Buc^Jérôme=".encode("latin-1") + b"\x1b-L\xbb\xee\xda"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("declared", "name"), NAMES, ids=[declared for declared, _ in NAMES])
def test_a_name_in_any_character_set_is_decoded_as_before(declared: str, name: bytes) -> None:
    encodings, _ = python_encodings(declared)
    found = INS.value("PN", name, tuple(encodings))
    assert len(found) == len(name)
    before, after = decoded(name, declared), decoded(found, declared)
    assert shape(after) == shape(before)
    words = [word for word in re.split(r"[\^=]", before) if len(word) > 2]
    assert [word for word in words if word in after] == []


@given(st.binary(max_size=60), st.sampled_from([declared for declared, _ in NAMES]))
def test_bytes_that_are_no_text_have_a_stand_in_that_is_as_long(value: bytes, declared: str) -> None:
    encodings, _ = python_encodings(declared)
    assert len(INS.value("LO", value, tuple(encodings))) == len(value)


@given(st.dates(date(1000, 1, 1), date(9999, 12, 31)))
def test_a_date_becomes_a_date(day: date) -> None:
    value = f"{day.year:04}{day.month:02}{day.day:02}".encode()
    found = INS.value("DA", value)
    date(int(found[:4]), int(found[4:6]), int(found[6:]))
    assert (1900 <= int(found[:4]) < 2100) == (1900 <= day.year < 2100)


@given(st.sampled_from(["DA", "TM", "DT", "DS", "IS", "CS", "AS"]), st.from_regex(r"[0-9]{1,14}[.\-+ ]?[0-9]{0,6}"))
def test_what_is_as_its_vr_asks_stays_so_and_what_is_not_does_too(vr: str, text: str) -> None:
    value = text.encode("ascii", "ignore")
    found = INS.value(vr, value)
    assert len(found) == len(value)
    if vr != "AS":
        assert bool(format_problem(vr.encode(), found)) == bool(format_problem(vr.encode(), value))


@pytest.mark.parametrize(
    ("vr", "value", "form"),
    [
        ("DA", b"20200131-20200228", rb"\d{8}-\d{8}"),
        ("DA", b"-20200228", rb"-\d{8}"),
        ("DA", b"2020.01.31", rb"\d{4}\.[01]\d\.[0-3]\d"),
        ("TM", b"235959.123456 ", rb"[0-2]\d[0-5]\d[0-5]\d\.\d{6} "),
        ("TM", b"1200-1300", rb"[0-2]\d[0-5]\d-[0-2]\d[0-5]\d"),
        ("DT", b"20200131235959+0100", rb"\d{4}[01]\d[0-3]\d[0-2]\d[0-5]\d[0-5]\d\+0100"),
        ("AS", b"045Y", rb"\d{3}[A-Z]"),
        ("LO", b"1234\\AB-5 ", rb"\d{4}\\[A-Z]{2}-\d "),
        ("US", b"\1\2", rb"\0\0"),
        ("UN", b"Doe^", rb"\0\0\0\0"),
    ],
)
def test_delimiters_and_padding_stay(vr: str, value: bytes, form: bytes) -> None:
    assert re.fullmatch(form, INS.value(vr, value))


def test_a_range_goes_on_as_it_went() -> None:
    for day in range(1, 28):
        for padding in (b"", b" "):
            first, last = INS.value("DA", b"202001%02d-20200128%b" % (day, padding)).split(b"-")
            assert first <= last
            assert last[8:] == padding
        early, late = INS.value("DT", b"2019-202001%02d" % day).split(b"-")
        assert early <= late[:4]


def test_a_uid_becomes_one_and_a_registered_one_stays() -> None:
    assert INS.uid(b"1.2.840.10008.1.2\0") == b"1.2.840.10008.1.2\0"
    found = INS.uid(b"1.2.276.0.7230010.3.1.4.0\0")
    assert re.fullmatch(rb"1\.2\.[1-9]\d\d\.\d\.[1-9]\d{6}\.\d\.\d\.\d\.\d\0", found)
    assert found != b"1.2.276.0.7230010.3.1.4.0\0"
    assert INS.uid(b"1.2.276.1\\1.2.276.2").count(b"\\") == 1


@given(st.lists(st.integers(0, 10**9), min_size=3, max_size=6), st.lists(st.integers(0, 10**9), min_size=3, max_size=6))
def test_two_uids_have_two_stand_ins(first: list[int], second: list[int]) -> None:
    one, other = (".".join(["2", "25", *map(str, each)]).encode() for each in (first, second))
    assert (INS.uid(one) == INS.uid(other)) == (one == other)
