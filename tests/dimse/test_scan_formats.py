"""How values are written: forms and lengths by VR, at top level; no value is shown."""

import pytest

from data_sets import EXPLICIT, IMPLICIT, bare, codes, item, scan, sequence, short

TAGS = {"CS": 0x00080060, "DA": 0x00100030, "DS": 0x00101030, "DT": 0x0008002A, "IS": 0x00200013, "TM": 0x00080030}
WELL = {
    "CS": [b"CT", b"CT ", b"ORIGINAL\\PRIMARY\\AXIAL", b"SIXTEEN_LETTERS_", b"", b"\\", b"lower case", b"PRIM*"],
    "DA": [b"20240229", b"1999.12.31", b"20240101-20241231 ", b"-20241231 ", b"20240101- ", b"20240101\\20240102 "],
    "DS": [b"1", b"-0.5 ", b"+.5 ", b" 1.5E-10 ", b"0.123456789012345 "[:16], b"1\\2\\", b"1.\0"],
    "DT": [b"2024", b"20240229235959.123456+0130", b"20240101-20250101"],
    "IS": [b"12", b"-2147483648 ", b"+7", b" 7 ", b"1\\2 "],
    "TM": [b"10", b"1030", b"235960", b"103059.123456 ", b"10:30:59", b"0800-1200 "],
}
ILL = {
    "CS": [(b"SEVENTEEN_LETTERS ", "17 characters long; CS allows 16"), (b"A;", "not a code")],
    "DA": [(b"20241301", "not a date"), (b"01.02.2024", "not a date"), (b"2024-1-1", "a date"), (b"2024", "a date")],
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


def test_values_in_sequences_are_not_looked_at():
    assert codes(scan(sequence(0x00081140, item(short(TAGS["DA"], "DA", b"today   "))))) == []
