"""What a message's line says beside its name: status in its service's words, and what the command points at."""

import struct

import pytest

import build
from dicomsniff.dimse.identifier import MAX_IDENTIFIER
from dicomsniff.dimse.message import Message
from dicomsniff.tcp.health import StreamHealth
from dicomsniff.words.entries import MAX_NAMED, entry_name
from dicomsniff.words.times import latency_text, tcp_text
from findings.query_cases import (
    FOUND,
    LEVEL,
    MODALITY,
    NAME,
    STATION,
    STEPS,
    STUDY,
    STUDY_ROOT_FIND,
    STUDY_ROOT_MOVE,
    STUDY_UID,
    WORKLIST,
    exchange,
    item,
)
from pipeline import only
from unmarked import entry_detail

UPS_PULL = "1.2.840.10008.5.1.4.34.6.3"
MPPS = "1.2.840.10008.3.1.2.3.3"
COMMITMENT = "1.2.840.10008.1.20.1"
CT = build.CT_IMAGE_STORAGE
STORE_RQ = build.command_set({0x0002: CT, 0x0100: 0x0001, 0x0110: 1, 0x0700: 0, 0x0800: 0x0101, 0x1000: "1.2.3"})
"""One that announces no data set, so that its answer may follow at once."""


def tags(*numbers: int) -> bytes:
    """An AT value (PS3.5 Table 6.2-1)."""
    return b"".join(struct.pack("<HH", number >> 16, number & 0xFFFF) for number in numbers)


def details(sop_class: str, *commands: bytes) -> list[str]:
    """The details of messages, the first of them a request, the others from the other side."""
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1, sop_class)))
    talk.server(build.associate_ac())
    talk.client(build.message(1, commands[0]))
    for command in commands[1:]:
        talk.server(build.message(1, command))
    association = only(talk.packets)
    return [entry_detail(association, entry) for entry in association.timeline if isinstance(entry.event, Message)]


def answered(status: int, **more: object) -> dict[int, object]:
    return {0x0100: 0x8001, 0x0120: 1, 0x0800: 0x0101, 0x0900: status} | more


def test_an_offending_element_is_named_by_tag_and_name():
    answer = {0x0002: CT, **answered(0xA900), 0x0901: tags(0x00100020, 0x00091001), 0x0902: "no ID"}
    _, said = details(CT, STORE_RQ, build.command_set(answer))
    assert "Failure 0xA900 (Data Set Does Not Match SOP Class); no ID" in said
    assert "offending element (0010,0020) Patient ID, (0009,1001)" in said


def test_an_error_id_is_told():
    _, said = details(CT, STORE_RQ, build.command_set(answered(0x0110) | {0x0002: CT, 0x0903: 0xA710}))
    assert "error ID 42768" in said


def test_the_attributes_asked_for_are_named():
    asked = {0x0003: MPPS, 0x0100: 0x0110, 0x0110: 1, 0x0800: 0x0101, 0x1001: "1.2.3"}
    (said,) = details(MPPS, build.command_set(asked | {0x1005: tags(0x00400252, 0x00400340)}))
    assert "attributes (0040,0252) Performed Procedure Step Status, (0040,0340) Performed Series Sequence" in said


def test_of_many_attributes_the_first_are_named_and_the_others_counted():
    asked = {0x0003: MPPS, 0x0100: 0x0110, 0x0110: 1, 0x0800: 0x0101, 0x1001: "1.2.3"}
    (said,) = details(MPPS, build.command_set(asked | {0x1005: tags(*range(0x00100010, 0x00100010 + 3000))}))
    assert said.count("(0010,") == MAX_NAMED
    assert said.endswith(f" and {3000 - MAX_NAMED} more")


@pytest.mark.parametrize(
    ("field", "tag", "words"),
    [
        (0x0100, 0x1002, "event type 2 (Storage Commitment Request Complete - Failures Exist)"),
        (0x0130, 0x1008, "action type 2"),  # Table J.3-1 defines type 1 only
    ],
)
def test_what_an_event_or_action_is_about_is_told_by_its_type(field, tag, words):
    uid = 0x0002 if field == 0x0100 else 0x0003
    asked = {uid: COMMITMENT, 0x0100: field, 0x0110: 1, 0x0800: 0x0101, tag: 2}
    (said,) = details(COMMITMENT, build.command_set(asked))
    assert said == f"Storage Commitment Push Model SOP Class; {words}"


def test_an_empty_or_broken_attribute_list_is_not_told():
    for value in (b"", b"\x10\x00"):
        _, said = details(CT, STORE_RQ, build.command_set(answered(0xA900) | {0x0002: CT, 0x0901: value}))
        assert "offending" not in said


def test_a_response_without_sop_class_is_told_in_the_words_of_its_requests():
    """Affected SOP Class UID is optional in a response (PS3.7 §10.1.2.1, Table 10.1-2)."""
    asked = {0x0003: UPS_PULL, 0x0100: 0x0120, 0x0110: 1, 0x0800: 0x0101, 0x1001: "1.2.3"}
    answer = {0x0100: 0x8120, 0x0120: 1, 0x0800: 0x0101, 0x0900: 0xC300}
    _, said = details(UPS_PULL, build.command_set(asked), build.command_set(answer))
    assert "Failure 0xC300 (The UPS may no longer be updated)" in said


def test_a_cancel_is_named_by_the_message_it_cancels():
    cancel = build.command_set({0x0100: 0x0FFF, 0x0110: 9, 0x0120: 5, 0x0800: 0x0101})
    talk = build.Talk().open()
    talk.client(build.associate_rq() + build.message(1, cancel))
    assert "C-CANCEL-RQ 5" in [entry_name(entry) for entry in only(talk.packets).timeline]


def query_lines(packets: list[build.Packet]) -> list[str]:
    association = only(packets)
    return [entry_detail(association, entry) for entry in association.timeline if isinstance(entry.event, Message)]


def test_a_query_says_its_level_and_keys_and_its_final_response_how_many_match():
    request, match, final = query_lines(exchange(STUDY_ROOT_FIND, STUDY | {NAME: b"A*"}, FOUND))
    assert request.startswith("Study Root: STUDY by PatientName; 1 more key")
    assert "key" not in match
    assert "Success; STUDY, 2 keys: 1 match; " in final


def test_keys_in_items_and_private_ones_are_named_and_too_many_are_counted():
    asks = {STEPS: item({MODALITY: b"CT", STATION: b""}), NAME: b"", 0x00091002: b"1 "}
    (request, _) = query_lines(exchange(WORKLIST, asks))
    assert request.startswith("Modality Worklist: by (0009,1002), Modality; 1 more key")
    empty = {STEPS: item({MODALITY: b"", STATION: b""})} | {0x00100020 + 16 * each: b"" for each in range(10)}
    (request, _) = query_lines(exchange(WORKLIST, empty))
    assert request.startswith("Modality Worklist: 11 keys, none with a value")
    full = {
        NAME: b"A*",
        0x00100020: b"7 ",
        0x00100030: b"20000101",
        0x00100040: b"F ",
        0x00200010: b"S1",
        0x0020000D: b"",
    }
    (request, _) = query_lines(exchange(STUDY_ROOT_FIND, full))
    assert request.startswith("Study Root: no level, by PatientName, PatientID, ")
    assert " and 1 more; 1 more key" in request


def test_the_values_of_keys_are_not_told():
    (request, _) = query_lines(exchange(STUDY_ROOT_FIND, STUDY | {NAME: b"DOE^JANE"}))
    assert "PatientName" in request
    assert "DOE" not in request


@pytest.mark.parametrize(
    ("sop_class", "asks", "said"),
    [
        (STUDY_ROOT_FIND, {STUDY_UID: b""}, "no level, 1 key: 0 matches"),
        (WORKLIST, {NAME: b""}, "1 key: 0 matches"),
        (STUDY_ROOT_FIND, {LEVEL: b"STUDY "}, "STUDY, 0 keys: 0 matches"),
        (STUDY_ROOT_MOVE, FOUND, "STUDY, 1 key"),
    ],
)
def test_a_query_without_level_says_so_where_there_must_be_one(sop_class, asks, said):
    assert f"; {said}; " in query_lines(exchange(sop_class, asks))[-1]


def test_a_query_that_failed_does_not_say_how_many_match():
    assert "match" not in query_lines(exchange(STUDY_ROOT_FIND, STUDY, status=0xA900))[-1].replace("not match", "")


def test_a_query_that_was_not_read_says_why():
    request, final = query_lines(exchange(STUDY_ROOT_FIND, STUDY | {0x00104000: b"A" * MAX_IDENTIFIER}))
    assert request == f"Study Root: what it asks for was not read: it is longer than {MAX_IDENTIFIER} bytes"
    assert "; 0 matches; " in final


@pytest.mark.parametrize(
    ("latency", "words"),
    [
        (None, ""),
        (0, "0 s after the request"),
        (1_500_000, "1.50 ms after the request"),
        (-1_500_000, "1.50 ms before the request ended"),
    ],
)
def test_a_latency_says_after_what_it_was(latency, words):
    assert latency_text(latency) == words


@pytest.mark.parametrize(("count", "words"), [(0, ""), (1, "1 segment out of order"), (2, "2 segments out of order")])
def test_what_happened_once_is_said_in_the_singular(count, words):
    health = StreamHealth()
    health.out_of_order = count
    assert tcp_text(health) == words


def test_an_unknown_pdu_is_told_by_its_first_bytes():
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac() + build.pdu(0x0A, bytes(range(12))))
    association = only(talk.packets)
    assert [(entry.event.name, entry_detail(association, entry)) for entry in association.timeline[2:3]] == [
        ("unknown PDU type 0x0A", "begins with 00 01 02 03 04 05 06 07")
    ]


@pytest.mark.parametrize(
    ("header", "size", "words"),
    [
        (0x04, 10, ["message control header 0x04 has reserved bits set"]),
        (0x00, 9, ["a fragment of 9 bytes: an odd length"]),
        (0x80, 9, ["a fragment of 9 bytes: an odd length; message control header 0x80 has reserved bits set"]),
        (0x00, 10, []),
    ],
)
def test_an_odd_fragment_says_what_is_odd(header, size, words):
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1, CT)))
    talk.server(build.associate_ac())
    odd = (size + 2).to_bytes(4, "big") + bytes([1, header]) + bytes(size)
    store = build.message(1, build.store_rq())
    talk.client(store + build.p_data(odd) + build.p_data(build.pdv(1, b"last")))
    association = only(talk.packets)
    found = [entry_detail(association, each) for each in association.timeline if each.event.name == "odd PDV"]
    assert found == words


def test_a_hole_is_inside_a_pdu_whatever_that_is():
    talk = build.Talk().open()
    talk.cut(0, build.associate_rq(build.proposal(1, CT)), 100)
    talk.server(build.associate_ac(), 60)
    association = only(talk.close().packets)
    said = [entry_detail(association, entry) for entry in association.timeline]
    assert [each for each in said if each.startswith("missing")] == ["missing from the capture, inside a PDU"]
