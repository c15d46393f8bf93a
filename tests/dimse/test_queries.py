"""What the operations of an association know of their identifiers, and the limits of that."""

import pytest

import build
from dicomsniff.dimse import queries
from dicomsniff.dimse.identifier import MAX_IDENTIFIER
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.operations import Operation
from dicomsniff.dimse.queries import MAX_MATCHES, Query
from findings.query_cases import (
    ACCESSION,
    FOUND,
    LEVEL,
    NAME,
    STUDY,
    STUDY_ROOT_FIND,
    STUDY_ROOT_MOVE,
    STUDY_UID,
    data_set,
    exchange,
)
from findings.traffic import associate_ac, associate_rq, healthy, opened, released
from pipeline import analyze, findings_of, only


def asked(packets: list[build.Packet], *, collect: bool = False) -> tuple[Operation, Query]:
    (association,) = analyze(packets, collect=collect).associations
    (operation,) = association.operations.queries
    assert operation.query is not None
    for message in association.messages:
        if message.data_set is not None and message.data_set.content is not None:
            message.data_set.content.close()
    return operation, operation.query


@pytest.mark.parametrize("collect", [False, True], ids=["passing bytes over", "collecting data sets"])
def test_a_query_knows_what_it_asks_for_and_how_many_match(collect):
    operation, query = asked(exchange(STUDY_ROOT_FIND, STUDY, FOUND, FOUND), collect=collect)
    assert query.request is not None
    assert (query.request.level, [key.tag for key in query.request.keys]) == ("STUDY", [STUDY_UID])
    assert (operation.pending, query.looked_at) == (2, 2)


def test_matches_are_counted_by_level_and_by_what_they_leave_out_or_give_empty():
    request = STUDY | {NAME: b"", ACCESSION: b""}
    _, query = asked(exchange(STUDY_ROOT_FIND, request, FOUND | {NAME: b""}, FOUND | {LEVEL: b"SERIES", NAME: b"??"}))
    assert {level: seen.times for level, seen in query.levels.items()} == {"STUDY": 1, "SERIES": 1}
    assert {tag: seen.times for tag, seen in query.absent.items()} == {ACCESSION: 2}
    assert {tag: seen.times for tag, seen in query.empty.items()} == {NAME: 1}
    assert {tag: seen.times for tag, seen in query.question_marks.items()} == {NAME: 1}


def test_further_matches_are_counted_and_not_read():
    operation, query = asked(exchange(STUDY_ROOT_FIND, STUDY, *[FOUND] * (MAX_MATCHES + 3)))
    assert (operation.pending, query.looked_at) == (MAX_MATCHES + 3, MAX_MATCHES)


def test_an_identifier_in_many_fragments_is_read():
    talk = opened(associate_rq(build.proposal(1, STUDY_ROOT_FIND)), associate_ac(build.answer(1)))
    command = build.command_set({2: STUDY_ROOT_FIND, 0x0100: 0x0020, 0x0110: 1, 0x0700: 0, 0x0800: 1})
    talk.client(build.message(1, command, data_set(STUDY | {NAME: b"A" * 60}), 8))
    _, query = asked(released(talk))
    assert query.request is not None
    assert len(query.request.keys) == 2


def test_a_long_identifier_is_not_read_and_its_bytes_are_passed_over():
    operation, query = asked(exchange(STUDY_ROOT_FIND, STUDY | {0x00104000: b"A" * MAX_IDENTIFIER}))
    assert query.request is None
    assert query.unread == f"it is longer than {MAX_IDENTIFIER} bytes"
    assert operation.request.data_set is not None
    assert operation.request.data_set.length > MAX_IDENTIFIER


def test_a_request_without_a_data_set_says_so():
    talk = opened(associate_rq(build.proposal(1, STUDY_ROOT_FIND)), associate_ac(build.answer(1)))
    command = build.command_set({2: STUDY_ROOT_FIND, 0x0100: 0x0020, 0x0110: 1, 0x0700: 0, 0x0800: 0x0101})
    talk.client(build.message(1, command))
    assert asked(released(talk))[1].unread == "it has no identifier"


def test_the_final_response_tells_how_many_instances_failed():
    talk = opened(associate_rq(build.proposal(1, STUDY_ROOT_MOVE)), associate_ac(build.answer(1)))
    asks = {2: STUDY_ROOT_MOVE, 0x0100: 0x0021, 0x0110: 1, 0x0600: "DEST", 0x0700: 0, 0x0800: 1}
    talk.client(build.message(1, build.command_set(asks), data_set(FOUND)))
    answer = {2: STUDY_ROOT_MOVE, 0x0100: 0x8021, 0x0120: 1, 0x0800: 1, 0x0900: 0xB000}
    failed = build.element(0x00080058, b"1.2\\1.3\\1.4\0")
    talk.server(build.message(1, build.command_set(answer), failed))
    assert asked(released(talk))[1].failed_instances == 3


def test_other_services_have_no_query_and_no_message_keeps_its_identifier():
    association = only(healthy())
    assert association.operations.queries == []
    assert all(operation.query is None for operation in association.operations.operations)
    (association,) = analyze(exchange(STUDY_ROOT_FIND, STUDY, FOUND)).associations
    sent = [each.event for each in association.timeline if isinstance(each.event, Message)]
    assert [message.data_set.identifier for message in sent if message.data_set is not None] == [None, None]


def test_further_queries_and_further_bytes_are_counted(monkeypatch):
    monkeypatch.setattr(queries, "MAX_QUERIES", 1)
    talk = opened(associate_rq(build.proposal(1, STUDY_ROOT_FIND)), associate_ac(build.answer(1)))
    for number in (1, 2, 3):
        command = build.command_set({2: STUDY_ROOT_FIND, 0x0100: 0x0020, 0x0110: number, 0x0700: 0, 0x0800: 1})
        talk.client(build.message(1, command, data_set(STUDY)))
    association = only(released(talk))
    assert len(association.operations.queries) == 1
    assert association.operations.reader.passed_over == 2
    (note,) = [each for each in findings_of(association).all if each.code == "identifiers-not-read"]
    assert note.message == "2 identifiers of queries and retrievals not read: there are too many"


def test_no_more_bytes_are_read_than_the_limit(monkeypatch):
    monkeypatch.setattr(queries, "MAX_READ", 10)
    assert asked(exchange(STUDY_ROOT_FIND, STUDY))[1].unread == "more than 10 bytes of identifiers were sent"
