"""Command sets, from annotated bytes (PS3.7 §6.3.1, Annex E)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

import build
from dicomsniff.dictionary.commands import COMMAND_ELEMENTS, COMMAND_FIELDS
from dicomsniff.dimse.command import Command, read_command
from examples import examples

STORE_RQ = """
    00 00 00 00  04 00 00 00  54 00 00 00             Command Group Length 84
    00 00 02 00  0c 00 00 00                          Affected SOP Class UID, 12 bytes
    31 2e 32 2e 38 34 30 2e 31 30 30 00               1.2.840.100, padded with NUL
    00 00 00 01  02 00 00 00  01 00                   Command Field C-STORE-RQ
    00 00 10 01  02 00 00 00  07 00                   Message ID 7
    00 00 00 07  02 00 00 00  00 00                   Priority medium
    00 00 00 08  02 00 00 00  01 00                   Command Data Set Type: one follows
    00 00 00 10  06 00 00 00  31 2e 32 2e 33 00       Affected SOP Instance UID 1.2.3
    00 00 30 10  02 00 00 00  41 20                   Move Originator AE title "A"
"""


def from_table(text: str) -> bytes:
    return bytes.fromhex("".join(line.strip().split("   ")[0] for line in text.splitlines()))


def test_a_c_store_rq_decodes_to_its_elements():
    command = Command(from_table(STORE_RQ))
    assert command.problem == ""
    assert command.group_length == 84 == len(command.raw) - 12
    assert (command.name, command.service, command.is_response) == ("C-STORE-RQ", "C-STORE", False)
    assert command.message_id == 7
    assert command.message_id_being_responded_to is None
    assert command.status is None
    assert command.announces_data_set
    assert command.affected_sop_class_uid == command.sop_class_uid == "1.2.840.100"
    assert command.affected_sop_instance_uid == "1.2.3"
    assert command.requested_sop_class_uid is None
    assert command.text(0x00001030) == "A"


def test_the_fields_of_a_command_cover_it_from_first_to_last_byte():
    command = Command(from_table(STORE_RQ))
    fields = command.fields()
    assert [fields[0].start, *(field.end for field in fields)] == [0, *(field.start for field in fields[1:]), 96]
    assert [field.value for field in fields] == [
        "84",
        "1.2.840.100",
        "0x0001 (C-STORE-RQ)",
        "7",
        "0",
        "0x0001",
        "1.2.3",
        "A",
    ]


VALUES = [
    ("00 00 00 09  02 00 00 00  00 a7", 0x0900, "0xA700"),  # Status
    ("00 00 01 09  08 00 00 00  10 00 10 00  10 00 20 00", 0x0901, "(0010,0010)\\(0010,0020)"),  # Offending Element
    ("00 00 02 09  06 00 00 00  6e 6f 20 77 61 79", 0x0902, "no way"),  # Error Comment
    ("00 00 02 09  02 00 00 00  e4 20", 0x0902, "\\xe4"),  # outside the default repertoire
    ("00 00 03 09  02 00 00 00  05 00", 0x0903, "5"),  # Error ID
    ("00 00 20 10  04 00 00 00  01 00 02 00", 0x1020, "1\\2"),  # two values
    ("00 00 05 10  04 00 00 00  08 00 18 00", 0x1005, "(0008,0018)"),  # Attribute Identifier List
    ("00 00 34 12  02 00 00 00  ab cd", 0x1234, "ab cd"),  # no such element
    ("00 00 00 09  00 00 00 00", 0x0900, ""),  # no value
]


@pytest.mark.parametrize(("dump", "tag", "text"), VALUES)
def test_a_value_is_said_in_words(dump, tag, text):
    assert Command(bytes.fromhex(dump)).value_text(tag) == text


PROBLEMS = [
    ("00 00 00 01  02 00 00 00  30 00  ff", "1 byte at its end is too few for an element"),
    (
        "00 00 00 01  02 00 00 00  30 00  00 00 10 01  09 00 00 00  07",
        "(0000,0110) announces 9 bytes at byte 10; only 1 left",
    ),
    ("00 00 00 01  02 00 00 00  30 00  02 00 10 00  00 00 00 00", "(0002,0010) at byte 10 does not belong"),
    ("00 00 00 01  02 00 00 00  30 00  00 00 10 01  ff ff ff ff", "(0000,0110) announces 4294967295 bytes"),
]


@pytest.mark.parametrize(("dump", "problem"), PROBLEMS)
def test_a_broken_command_set_keeps_what_came_before_and_says_where_it_stopped(dump, problem):
    command = Command(bytes.fromhex(dump))
    assert command.problem.startswith(problem)
    assert command.name == "C-ECHO-RQ"
    fields = command.fields()
    assert (fields[-1].name, fields[-1].end) == ("Undecodable", len(command.raw))


def test_of_a_repeated_element_the_first_counts():
    command = Command(build.element(0x0110, b"\1\0") + build.element(0x0110, b"\2\0"))
    assert command.message_id == 1


def test_a_value_too_short_for_its_type_is_none():
    assert Command(build.element(0x0110, b"\1")).message_id is None
    assert Command(build.element(0x0000, b"\1\0")).group_length is None


@pytest.mark.parametrize(("kind", "follows"), [(0x0101, False), (0x0000, True), (0x0102, True), (0xFFFF, True)])
def test_any_data_set_type_but_0101_announces_a_data_set(kind, follows):
    assert Command(build.command_set({0x0800: kind})).announces_data_set is follows


def test_an_empty_command_says_that_it_names_nothing():
    command = Command(b"")
    assert command.name == "command without a Command Field"
    assert command.fields() == []
    assert not command.announces_data_set


def test_an_unknown_command_field_is_shown_as_a_number():
    command = Command(build.command_set({0x0100: 0x0BAD}))
    assert (command.name, command.service) == ("unknown command 0x0BAD", "unknown command 0x0BAD")


@pytest.mark.parametrize("field", COMMAND_FIELDS)
def test_every_command_field_has_its_name_and_service(field):
    command = Command(build.command_set({0x0100: field}))
    assert command.name == COMMAND_FIELDS[field]
    assert command.name.startswith(command.service)
    assert command.is_response == command.name.endswith("-RSP")


@given(st.binary(max_size=200))
@settings(max_examples=examples(300))
def test_any_bytes_are_survived(raw):
    command = Command(raw)
    command.fields()
    assert command.name
    for tag in COMMAND_ELEMENTS:
        command.text(tag)
        command.uint(tag)


@given(st.dictionaries(st.sampled_from(sorted(set(COMMAND_ELEMENTS) - {0})), st.binary(max_size=20)))
@settings(max_examples=examples(200))
def test_every_element_comes_back_as_it_was_sent(values):
    command = Command(build.command_set(values))
    assert {tag: value for tag, value in command.elements.items() if tag} == values
    assert command.problem == ""
    assert command.group_length == len(command.raw) - 12


def test_equal_command_sets_are_read_once():
    command = read_command(from_table(STORE_RQ))
    assert read_command(from_table(STORE_RQ)) is command


NUMBERED = (b"\0\0\x10\1\2\0\0\0", b"\0\0\x20\1\2\0\0\0")
"""Tag and length of Message ID, and of Message ID Being Responded To."""
ELEMENTS = st.sampled_from((b"", NUMBERED[0], build.element(0x0002, b"1.2\0"), build.element(0x0100, b"\1\0")))
ANYTHING = st.binary(max_size=12) | ELEMENTS | st.builds(lambda *parts: b"".join(parts), ELEMENTS, ELEMENTS, ELEMENTS)


@settings(max_examples=examples(500))
@given(ANYTHING, st.sampled_from(NUMBERED), st.lists(st.binary(min_size=2, max_size=2), max_size=3), ANYTHING)
def test_what_differs_in_what_looks_like_a_message_id_reads_as_it_does_alone(before, header, numbers, after):
    for number in numbers:
        raw = before + header + number + after
        assert_reads_as_alone(raw)


INSTANCES = st.sampled_from((b"1.2", b"1.2\0", b"1.3\0", b"\0\0", b"1.2.3.4\0", b"1 \0", b"1.2"))


@settings(max_examples=examples(500))
@given(ANYTHING, st.lists(INSTANCES, max_size=3), st.integers(-1, 1), ANYTHING, st.sampled_from((0x1000, 0x1001)))
def test_what_differs_in_what_looks_like_an_instance_uid_reads_as_it_does_alone(between, uids, more, after, tag):
    for uid in uids:
        named = build.element(tag, uid)
        announced = named[:4] + (len(uid) + more).to_bytes(4, "little", signed=True) + uid
        assert_reads_as_alone(NUMBERED[0] + b"\7\0" + between + announced + after)


def assert_reads_as_alone(raw: bytes) -> None:
    command, other = read_command(raw), Command(raw)
    found, alone = asdict(command), asdict(other)
    assert found.pop("kind") >= alone.pop("kind")
    assert found.pop("layout") in (None, other.places)
    assert alone.pop("layout") is None
    assert found == alone
    assert (command.elements, command.fields()) == (other.elements, other.fields())


def test_command_sets_that_differ_in_nothing_but_a_message_id_and_an_instance_uid_are_of_one_kind():
    raw = from_table(STORE_RQ).replace(b"1.2.3", b"1.2.9")
    other = raw.replace(NUMBERED[0] + b"\7", NUMBERED[0] + b"\x08")
    assert read_command(raw).kind == read_command(other).kind
    assert read_command(other).message_id == 8
    instance = read_command(other.replace(b"1.2.9", b"1.2.8"))
    assert (instance.kind, instance.affected_sop_instance_uid) == (read_command(raw).kind, "1.2.8")
    assert read_command(other.replace(b"1.2.840.100", b"1.2.840.200")).kind != read_command(raw).kind


def test_what_only_some_commands_have_is_told_from_what_most_have():
    ordinary = from_table(STORE_RQ)[:-10]
    assert Command(ordinary).is_ordinary
    assert not Command(from_table(STORE_RQ)).is_ordinary
