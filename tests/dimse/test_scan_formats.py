"""How values are written: forms and lengths by VR, at top level; no value is shown."""

import pytest

from data_sets import EXPLICIT, IMPLICIT, bare, codes, item, scan, sequence, short

TAGS = {
    "AS": 0x00101010,
    "CS": 0x00080060,
    "DA": 0x00100030,
    "DS": 0x00101030,
    "DT": 0x0008002A,
    "IS": 0x00200013,
    "TM": 0x00080030,
}
WELL = {
    "AS": [b"045Y", b"45Y ", b"006M", b""],
    "CS": [b"CT", b"CT ", b"ORIGINAL\\PRIMARY\\AXIAL", b"SIXTEEN_LETTERS_", b"", b"\\", b"lower case", b"PRIM*"],
    "DA": [b"20240229", b"1999.12.31", b"20240101-20241231 ", b"-20241231 ", b"20240101- ", b"20240101\\20240102 "],
    "DS": [b"1", b"-0.5 ", b"+.5 ", b" 1.5E-10 ", b"0.123456789012345 "[:16], b"1\\2\\", b"1.\0"],
    "DT": [b"2024", b"20240229235959.123456+0130", b"20240101-20250101"],
    "IS": [b"12", b"-2147483648 ", b"+7", b" 7 ", b"1\\2 "],
    "TM": [b"10", b"1030", b"235960", b"103059.123456 ", b"10:30:59", b"0800-1200 "],
}
ILL = {
    "AS": [(b"45", "not an age"), (b"45 years", "not an age"), (b"0045Y ", "not an age")],
    "CS": [(b"SEVENTEEN_LETTERS ", "17 characters long; CS allows 16"), (b"A;", "not a code")],
    "DA": [
        (b"20241301", "not a date"),
        (b"01.02.2024", "not a date"),
        (b"2024-1-1", "a date"),
        (b"2024", "a date"),
        (b"20240230", "a date"),
        (b"2024.04.31", "a date"),
    ],
    "DS": [(b"0.12345678901234567 ", "19 characters long; DS allows 16"), (b"1,5 ", "not a decimal"), (b"N ", "a dec")],
    "DT": [(b"2024-02-29", "not a date and time"), (b"20241301", "not a date and time")],
    "IS": [(b"1.0 ", "an integer"), (b"1234567890123 ", "13 characters long; IS allows 12"), (b"\1\0", "an integer")],
    "TM": [(b"250000", "not a time"), (b"10:30 PM", "not a time"), (b"103059,5", "not a time")],
}  # fmt: skip


def encoded(vr: str, value: bytes, syntax: str) -> bytes:
    """An element of a VR, of even length, in explicit or implicit VR."""
    value += b" " * (len(value) % 2)
    return short(TAGS[vr], vr, value) if syntax == EXPLICIT else bare(TAGS[vr], value)


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize(("vr", "value"), [(vr, value) for vr, values in WELL.items() for value in values])
def test_what_receivers_can_convert_is_not_told(vr, value, syntax):
    assert codes(scan(encoded(vr, value, syntax), syntax)) == []


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize(("vr", "value", "said"), [(vr, *each) for vr, several in ILL.items() for each in several])
def test_a_value_that_is_not_of_its_form_is_told_without_the_value(vr, value, said, syntax):
    (problem,) = scan(encoded(vr, value, syntax), syntax).problems
    assert (problem.code, problem.tag) == ("data-set-value", TAGS[vr])
    assert said in problem.text
    assert f"({vr}, {len(value) + len(value) % 2} bytes)" in problem.text
    assert len(value) < 4 or value.decode("latin-1").strip() not in problem.text


def test_of_several_values_the_wrong_one_is_named():
    (problem,) = scan(short(TAGS["DS"], "DS", b"1\\2\\x ")).problems
    assert problem.text.endswith("value 3 is not a decimal number")


def test_a_person_name_has_64_characters_in_each_group_at_most():
    long_enough = b"A" * 64 + b"=" + b"B" * 64 + b" "
    assert codes(scan(short(0x00100010, "PN", long_enough))) == []
    (problem,) = scan(short(0x00100010, "PN", b"A" * 65 + b" ")).problems
    assert problem.text.endswith("(PN, 66 bytes): a component group is 65 characters long; PN allows 64")


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize(
    ("element", "said"),
    [
        (short(TAGS["DA"], "DA", b"today   "), "its value is not a date (YYYYMMDD)"),
        (short(0x0020000E, "UI", b"1.2.x\0"), "a UID with a character that is neither a digit nor a dot"),
        (short(0x00400009, "SH", b"S" * 18), "its value is 18 characters long; SH allows 16"),
        (short(0x00400007, "LO", b"L" * 66), "its value is 66 characters long; LO allows 64"),
        (short(0x00401010, "PN", b"P" * 66), "a component group is 66 characters long; PN allows 64"),
    ],
)
def test_a_value_in_a_sequence_is_told_with_its_sequence(element, said, depth):
    data = element
    for _ in range(depth):
        data = sequence(0x00081140, item(data))
    (problem,) = scan(data).problems
    assert problem.code == "data-set-minor-value"
    assert "of (0008,1140) Referenced Image Sequence at byte" in problem.text
    assert problem.text.endswith(said)


@pytest.mark.parametrize(("vr", "most"), [("SH", 16), ("LO", 64)])
def test_a_string_that_is_too_long_is_told(vr, most):
    tag = {"SH": 0x00080050, "LO": 0x00080080}[vr]
    assert codes(scan(short(tag, vr, b"A" * most + b"\\" + b"B" * (most - 1)))) == []
    (problem,) = scan(short(tag, vr, b"A" * (most + 2))).problems
    assert problem.code == "data-set-minor-value"
    assert problem.text.endswith(f": its value is {most + 2} characters long; {vr} allows {most}")


@pytest.mark.parametrize("depth", [1, 2])
def test_the_length_of_a_string_in_a_sequence_is_told_without_vr_too(depth):
    data = bare(0x00400009, b"S" * 18)
    for _ in range(depth):
        data = bare(0x00400275, item(data))
    assert codes(scan(data, IMPLICIT)) == ["minor-value"]


def test_bytes_behind_an_escape_sequence_are_not_counted_as_characters():
    name = b"Yamada^Tarou=\x1b$B" + b";3" * 40 + b"\x1b(B"
    assert codes(scan(short(0x00100010, "PN", name + b" " * (len(name) % 2)))) == []


@pytest.mark.parametrize("declared", [b"UTF-8 ", b"ISO-IR 100", b"ISO_IR 100\\ISO 2022 JP"])
def test_a_character_set_is_a_defined_term(declared):
    (problem,) = scan(short(0x00080005, "CS", declared)).problems
    assert problem.code == "data-set-charset"
    assert problem.text.endswith(f"names {problem.quoted}, which is no defined term")


@pytest.mark.parametrize("declared", [b"", b"ISO_IR 192", b"\\ISO 2022 IR 87 ", b"GB18030 "])
def test_defined_character_sets_are_none_the_worse(declared):
    assert codes(scan(short(0x00080005, "CS", declared))) == []
