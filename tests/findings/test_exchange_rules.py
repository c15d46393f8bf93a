"""The twins of rules: the same on the other side, for other services, in the answer as in the proposal."""

import struct

import pytest

import build
from dicomsniff.findings.finding import Severity
from findings.cases import command_pdv
from findings.exchange_cases import (
    GET,
    answered_early,
    cancelled,
    common_extended,
    extended,
    got_nothing,
    n_get,
    reordered,
    repeated,
    retrieval_cancelled,
    store_with,
    version_name,
)
from findings.found import found_in
from findings.traffic import (
    COMMITMENT,
    CT,
    IDENTIFIER,
    MOVE,
    MOVED,
    SEARCH,
    asked_and_answered,
    associate_ac,
    associate_rq,
    cancel,
    event_report,
    event_report_rsp,
    identity,
    identity_response,
    match,
    negotiated,
    opened,
    patched,
    released,
    role,
    searched,
    talked,
    window,
)
from pipeline import findings_of, only

VERIFICATION = build.VERIFICATION
Turns = list[tuple[int, bytes]]


def codes(packets: list[build.Packet]) -> list[str]:
    return [finding.code for finding in found_in(packets)]


def told(packets: list[build.Packet], code: str) -> list[str]:
    return [finding.message for finding in found_in(packets) if finding.code == code]


def severities(packets: list[build.Packet], code: str) -> list[Severity]:
    return [finding.severity for finding in found_in(packets) if finding.code == code]


# PDVs


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize(
    ("pdu", "code"),
    [
        (build.p_data(command_pdv(build.echo_rq()), build.pdv(1, b"", command=True)), "pdv-empty"),
        (build.p_data(build.pdv(1, b"a", command=True, last=False)), "pdv-odd-length"),
        (build.p_data(command_pdv(build.echo_rq(1)), command_pdv(build.echo_rq(2))), "messages-in-one-pdu"),
    ],
)
def test_a_pdv_is_judged_whoever_sends_it(side, pdu, code):
    assert code in codes(released(talked((side, pdu))))


def test_several_messages_that_share_pdus_are_told_once_per_direction():
    shared = build.p_data(*[command_pdv(build.echo_rq(number)) for number in (1, 2, 3)])
    assert len(told(released(talked((0, shared), (0, shared), (1, shared))), "messages-in-one-pdu")) == 2


def test_a_message_on_another_context_may_not_share_a_pdu_either():
    pdu = build.p_data(build.pdv(3, build.pixels(10)), build.pdv(1, build.echo_rq(2), command=True))
    assert "messages-in-one-pdu" in codes(released(talked((0, build.command_pdu(3, build.store_rq())), (0, pdu))))


# Command elements


@pytest.mark.parametrize("spoil", [reordered, repeated])
@pytest.mark.parametrize(("side", "command"), [(0, build.echo_rq()), (1, build.echo_rsp())])
def test_command_elements_are_ascending_in_requests_and_responses(side, command, spoil):
    turns: Turns = [(0, build.message(1, build.echo_rq())), (1, build.message(1, build.echo_rsp()))]
    turns[side] = (side, build.message(1, spoil(command)))
    assert codes(released(talked(*turns))) == ["command-order"]


def test_what_is_out_of_order_is_named():
    (said,) = told(released(talked((0, build.message(1, repeated(build.echo_rq()))))), "command-order")
    assert said.endswith("(0000,0800) at byte 68 occurs twice")


@pytest.mark.parametrize("field", [0x0010, 0x0020, 0x0021])
def test_the_priority_of_queries_and_retrievals_is_judged(field):
    values = SEARCH | {0x0100: field, 0x0700: 0xFFFF} | ({0x0600: "DEST"} if field == 0x0021 else {})
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_FIND)), build.associate_ac())
    talk.client(build.message(1, build.command_set(values), IDENTIFIER))
    assert "has priority 65535" in told(released(talk), "priority-undefined")[0]


@pytest.mark.parametrize(("length", "said"), [(4, "4 bytes (2 values)"), (1, "1 byte;"), (3, "3 bytes (1 value)")])
def test_a_number_of_a_command_set_is_one_value(length, said):
    found = told(released(talked((0, store_with({0x0700: bytes(length)}, build.pixels(10))))), "command-element-length")
    assert f"C-STORE-RQ: Priority (0000,0700) has {said}" in found[0]


def test_counters_with_two_values_explain_an_abort_of_the_requestor():
    turns = (0, build.message(1, build.command_set(MOVE), IDENTIFIER)), (1, twice_counted())
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_MOVE)), build.associate_ac())
    for side, said in turns:
        (talk.server if side else talk.client)(said)
    talk.client(build.abort(0, 0))
    causes = findings_of(only(talk.close().packets)).causes
    (cause,) = [each for each in causes if each.code == "command-element-length"]
    assert "association-aborted" in [each.code for each in cause.followers]
    assert "Number of Remaining Sub-operations (0000,1020) has 4 bytes (2 values)" in cause.message
    assert cause.message.endswith("; 3 more like it")


def twice_counted() -> bytes:
    """A pending C-MOVE-RSP in which every counter has two values."""
    counters = {tag: struct.pack("<HH", 1, 1) for tag in (0x1020, 0x1021, 0x1022, 0x1023)}
    return build.message(1, build.command_set(MOVED | {0x0900: 0xFF00} | counters))


def test_an_empty_counter_is_no_counter_of_a_wrong_length():
    assert "command-element-length" not in codes(released(talked((0, store_with({0x0700: b""}, build.pixels(10))))))


# Presence of data sets


@pytest.mark.parametrize("field", [0x0001, 0x0010, 0x0020, 0x0021, 0x0120])
@pytest.mark.parametrize("side", [0, 1])
def test_a_request_has_its_mandatory_data_set_whoever_sends_it(field, side):
    values = SEARCH | {0x0003: CT, 0x0100: field, 0x0600: "DEST", 0x0800: 0x0101, 0x1000: "1.2.3", 0x1001: "1.2.3"}
    assert "request-without-data-set" in codes(released(talked((side, build.message(1, build.command_set(values))))))


@pytest.mark.parametrize("field", [0x0100, 0x0130, 0x0140])
def test_a_request_whose_data_set_is_optional_may_do_without(field):
    values = {0x0002: CT, 0x0003: CT, 0x0100: field, 0x0110: 1, 0x0800: 0x0101, 0x1000: "1.2", 0x1001: "1.2", 0x1002: 1}
    assert "request-without-data-set" not in codes(released(talked((0, build.message(1, build.command_set(values))))))


def test_the_answer_to_a_request_without_its_data_set_is_told():
    turns = ((0, store_with({0x0800: 0x0101})), (1, build.message(3, build.store_rsp())))
    (said,) = told(released(talked(*turns)), "request-without-data-set")
    assert said.startswith("C-STORE-RQ 1 has no data set, which is the object to store; it was answered Success")


@pytest.mark.parametrize(
    ("side", "command"),
    [(0, build.echo_rq()), (1, build.echo_rsp()), (1, build.store_rsp()), (0, cancel(1)[12:])],
)
def test_a_data_set_where_none_may_be_is_told(side, command):
    announcing = patched(command, command.index(b"\1\1", 8), b"\0\0")
    assert "data-set-not-allowed" in codes(released(talked((side, build.message(1, announcing, IDENTIFIER)))))


def test_a_pending_response_to_a_retrieval_has_no_data_set_but_a_final_one_may():
    rsp = {0x0002: build.STUDY_ROOT_MOVE, 0x0100: 0x8021, 0x0120: 1, 0x0800: 1}
    pending, final = (
        build.message(1, build.command_set(rsp | {0x0900: each}), IDENTIFIER) for each in (0xFF00, 0xB000)
    )
    assert "data-set-not-allowed" in codes(released(talked((1, pending))))
    assert "data-set-not-allowed" not in codes(released(talked((1, final))))


def test_an_n_get_that_returns_attributes_is_as_it_should_be():
    assert "response-without-data-set" not in codes(n_get(0, data=IDENTIFIER))


# Responses


def test_a_response_about_another_class_is_told_for_other_services():
    other = patched(build.echo_rsp(), build.echo_rsp().index(b"10008.1.1"), b"10008.1.9")
    packets = released(talked((0, build.message(1, build.echo_rq())), (1, build.message(1, other))))
    assert "another SOP class" in told(packets, "response-about-another")[0]


def test_a_response_of_the_requestor_is_held_against_the_request_of_the_acceptor():
    turns = (
        (1, build.message(3, build.store_rq(), build.pixels(10))),
        (0, build.message(3, build.store_rsp(instance="1.2.4"))),
    )
    assert "1.2.4, not 1.2.3" in told(released(talked(*turns)), "response-about-another")[0]


def test_a_response_that_leaves_the_instance_out_names_no_other():
    values = {0x0100: 0x8001, 0x0120: 1, 0x0800: 0x0101, 0x0900: 0}
    assert "response-about-another" not in codes(asked_and_answered(build.command_set(values)))


def test_a_failure_may_come_before_the_data_set_is_whole():
    assert "success-before-end" not in codes(answered_early(build.store_rsp(1, 0xA700)))


# C-CANCEL


@pytest.mark.parametrize("status", [0x0000, 0xFE00])
def test_responses_that_go_on_after_a_cancel_are_counted_and_timed(status):
    (said,) = told(cancelled(3, status=status), "cancel-ignored")
    assert "sent 2 pending responses within 3.0" in said
    assert f"final status is 0x{status:04X}" in said


def test_a_cancel_that_worked_is_silent():
    assert [code for code in codes(cancelled(0.2)) if "cancel" in code] == []


def test_many_responses_after_a_cancel_need_no_time():
    assert "cancel-ignored" in codes(cancelled(0.001, matches=101))


# Sub-items of user information, in the proposal and in the answer

REPEATED = {"role": role(CT, 1, 1), "extended": extended(CT), "common extended": common_extended(CT)}


@pytest.mark.parametrize("sub_item", REPEATED.values(), ids=REPEATED)
def test_a_sub_item_per_class_occurs_once_in_the_proposal_and_in_the_answer(sub_item):
    assert "class-item-repeated" in codes(negotiated(associate_rq(more=(sub_item, sub_item))))
    answered = negotiated(associate_rq(more=(sub_item,)), associate_ac(more=(sub_item, sub_item)))
    assert "class-item-repeated" in codes(answered)
    assert "class-item-repeated" not in codes(negotiated(associate_rq(more=(sub_item,))))


@pytest.mark.parametrize("name", [b"", b"SEVENTEEN_LETTERS", b"\xffNAME"])
def test_a_version_name_is_judged_in_the_proposal_and_in_the_answer(name):
    assert "version-name" in codes(negotiated(associate_rq(more=(version_name(name),))))
    assert "version-name" in codes(negotiated(answer=associate_ac(more=(version_name(name),))))


@pytest.mark.parametrize(
    ("asked", "answered", "wrong"),
    [
        ((), (window(1, 1),), True),
        ((window(1, 1),), (window(1, 1),), False),
        ((extended(CT),), (extended(VERIFICATION),), True),
        ((common_extended(CT),), (common_extended(CT),), True),
        ((), (identity_response(),), True),
        ((identity(2, 0),), (identity_response(),), True),
        ((identity(2, 1),), (identity_response(),), False),
    ],
)
def test_an_answer_answers_only_what_was_asked(asked, answered, wrong):
    packets = negotiated(associate_rq(more=asked), associate_ac(more=answered))
    assert ("answer-unasked" in codes(packets)) is wrong


def test_an_acceptor_does_not_send_a_user_identity():
    assert "item-of-other-side" in codes(negotiated(answer=associate_ac(more=(identity(),))))


# Roles


def used(*turns: tuple[int, bytes], asked: bytes, answered: bytes | None = None) -> list[str]:
    """What is told of roles where both sides selected them."""
    talk = opened(associate_rq(more=(asked,)), associate_ac(more=(asked if answered is None else answered,)))
    return told(released(talked(*turns, talk=talk)), "role-not-negotiated")


ECHO: Turns = [(0, build.message(1, build.echo_rq())), (1, build.message(1, build.echo_rsp()))]
REVERSED: Turns = [(1 - side, data) for side, data in ECHO]


def test_a_requestor_that_gave_the_scu_role_up_may_not_ask():
    assert "that role was given up" in used(*ECHO, asked=role(VERIFICATION, 0, 1))[0]
    assert used(*REVERSED, asked=role(VERIFICATION, 0, 1)) == []


def test_a_requestor_whose_scu_role_was_refused_may_not_ask():
    (said,) = used(*ECHO, asked=role(VERIFICATION, 1, 1), answered=role(VERIFICATION, 0, 1))
    assert said.endswith("A-ASSOCIATE-AC refused the requestor as SCU")


def test_an_acceptor_may_not_ask_unless_the_requestor_is_scp():
    assert "refused it" in used(*REVERSED, asked=role(VERIFICATION, 1, 1), answered=role(VERIFICATION, 1, 0))[0]
    assert used(*REVERSED, asked=role(VERIFICATION, 1, 1)) == []
    assert used(*ECHO, asked=role(VERIFICATION, 1, 1)) == []


def test_events_are_reported_by_the_scp():
    request = associate_rq(build.proposal(1, COMMITMENT))
    ordinary = released(talked((1, event_report()), talk=opened(request, build.associate_ac())))
    assert "role-not-negotiated" not in codes(ordinary)
    wrong = released(talked((0, event_report()), talk=opened(request, build.associate_ac())))
    assert "as SCP of" in told(wrong, "role-not-negotiated")[0]
    sole = (role(COMMITMENT, 0, 1),)
    talk = opened(associate_rq(build.proposal(1, COMMITMENT), more=sole), associate_ac(build.answer(1), more=sole))
    assert "role-not-negotiated" not in codes(released(talked((0, event_report()), talk=talk)))


@pytest.mark.parametrize(("status", "severity"), [(0, Severity.NOTE), (0x0117, Severity.WARNING)])
def test_an_event_in_a_role_that_was_not_negotiated_is_a_note_where_it_was_taken(status, severity):
    talk = opened(associate_rq(build.proposal(1, COMMITMENT)), build.associate_ac())
    packets = released(talked((0, event_report()), (1, event_report_rsp(status=status)), talk=talk))
    assert severities(packets, "role-not-negotiated") == [severity]


@pytest.mark.parametrize(
    ("again", "severity"), [(IDENTIFIER, Severity.NOTE), (build.element(0x00100020, b"1 "), Severity.WARNING)]
)
def test_a_final_response_that_repeats_the_last_match_loses_nothing(again, severity):
    packets = searched(match(0xFF00, data=IDENTIFIER), match(0, data=again))
    assert severities(packets, "find-final-with-data-set") == [severity]


@pytest.mark.parametrize(
    ("roles", "answered", "who"),
    [((), (), "STORESCU"), ((role(CT, 0, 1),), (), "STORESCP"), ((role(CT, 0, 1),), (role(CT, 0, 0),), "STORESCP")],
)
def test_who_left_c_get_without_a_role_is_named(roles, answered, who):
    packets = got_nothing(*roles, answered=answered)
    assert told(packets, "get-without-role")[0].startswith(who)
    assert "status-failure" in codes(packets)


def test_to_be_scp_only_of_what_c_get_delivers_is_usual():
    request = associate_rq(build.proposal(1, GET), build.proposal(3, CT), more=(role(CT, 0, 1),))
    assert "role-scp-only" not in codes(opened(request, build.associate_rj(1, 1, 1)).close().packets)


def test_a_cancel_that_stopped_a_retrieval_had_an_effect():
    packets = retrieval_cancelled(0xB000, 2)
    assert told(packets, "cancel-not-told") == [
        "C-CANCEL-RQ stopped C-MOVE 1 after 2 of 5 sub-operations, yet its final status is 0xB000, "
        "not 0xFE00 (cancelled)"
    ]
    assert not {"cancel-without-effect", "sub-operations-inconsistent"} & set(codes(packets))


def test_a_cancel_that_came_when_all_was_retrieved_had_none():
    packets = retrieval_cancelled(0, 5)
    assert "cancel-without-effect" in codes(packets)
    assert "cancel-not-told" not in codes(packets)


# Likely reasons


def test_an_identifier_in_the_final_response_is_offered_where_the_requestor_aborts_after_it():
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_FIND)), build.associate_ac())
    talk.client(build.message(1, build.command_set(SEARCH), IDENTIFIER))
    talk.server(match(0xFF00, data=IDENTIFIER))
    talk.server(match(0, data=IDENTIFIER))
    talk.client(build.abort(0, 0))
    (said,) = told(talk.close().packets, "likely-reason")
    assert "has the last match's data set again: likely why STORESCU" in said


def test_a_level_in_a_worklist_query_is_offered_where_the_query_failed():
    worklist = "1.2.840.10008.5.1.4.31"
    talk = opened(build.associate_rq(build.proposal(1, worklist)), build.associate_ac())
    level = build.element(0x00080052, b"STUDY ") + build.element(0x00100010, b"")
    talk.client(build.message(1, build.command_set(SEARCH | {0x0002: worklist}), level))
    failed = {0x0002: worklist, 0x0100: 0x8020, 0x0120: 1, 0x0800: 0x0101, 0x0900: 0xA900}
    talk.server(build.message(1, build.command_set(failed)))
    (said,) = told(released(talk), "likely-reason")
    assert "Query/Retrieve Level" in said


def test_an_error_comment_that_is_too_long_is_offered_where_the_requestor_aborts_after_it():
    said = {0x0002: CT, 0x0100: 0x8001, 0x0120: 1, 0x0800: 0x0101, 0x0900: 0xB000, 0x0902: "x" * 65, 0x1000: "1.2.3"}
    stored = build.element(0x00080016, CT.encode() + b"\0") + build.element(0x00080018, b"1.2.3\0")
    talk = talked((0, build.message(3, build.store_rq(), stored)), (1, build.message(3, build.command_set(said))))
    talk.client(build.abort(0, 0))
    (likely,) = told(talk.close().packets, "likely-reason")
    assert "has an Error Comment (0000,0902) of 65 characters; LO allows 64: likely why STORESCU" in likely


def padded_with_space(command: bytes) -> bytes:
    """C-STORE-RQ or C-STORE-RSP whose instance UID is padded with a space."""
    at = command.index(b"1.2.3\0")
    return patched(command, at + 5, b" ")


def failing(command: bytes, *end: tuple[int, bytes]) -> list[build.Packet]:
    return talked((0, build.message(3, command, build.pixels(10))), *end).close().packets


@pytest.mark.parametrize(
    "end", [(1, build.abort(0)), (1, build.abort(2, 0)), (1, build.message(3, build.store_rsp(1, 0xC000)))]
)
def test_what_is_unusual_is_told_where_the_receiver_failed_on_it(end):
    (said,) = told(failing(padded_with_space(build.store_rq()), end), "likely-reason")
    assert said.startswith(
        "C-STORE-RQ pads Affected SOP Instance UID (0000,1000) with a space instead of NUL: likely why"
    )
    assert said.partition(": likely why ")[2].startswith("STORESCP (10.0.0.2:104) a")


def test_what_is_unusual_is_not_told_where_it_was_accepted():
    packets = asked_and_answered(build.store_rsp())
    talk = talked((0, build.message(3, padded_with_space(build.store_rq()), build.pixels(10))))
    talk.server(build.message(3, padded_with_space(build.store_rsp())))
    assert codes(released(talk)) == codes(packets) == []


def test_a_requestor_that_aborts_on_the_answer_is_explained_by_the_answer():
    answer = associate_ac(more=(build.item(0x77, b"what"),))
    talk = opened(answer=answer)
    talk.client(build.abort())
    assert "A-ASSOCIATE-AC has items of unknown type" in told(talk.close().packets, "likely-reason")[0]


def test_the_failure_hangs_below_its_likely_reason():
    unusual = found_in(failing(padded_with_space(build.store_rq()), (1, build.abort(0))))
    (cause,) = [each for each in unusual if each.code == "likely-reason"]
    assert "association-aborted" in [each.code for each in cause.followers]


def test_a_refusal_that_says_why_needs_no_other_reason():
    unusual = associate_rq(more=(build.item(0x77, b"what"),))
    assert "likely-reason" in codes(opened(unusual, build.associate_rj(1, 1, 1)).close().packets)
    assert "likely-reason" not in codes(opened(unusual, build.associate_rj(1, 1, 7)).close().packets)


def test_what_was_accepted_before_explains_no_later_failure():
    talk = talked((0, build.message(3, padded_with_space(build.store_rq()), build.pixels(10))))
    talk.server(build.message(3, build.store_rsp()))
    talk.client(build.message(1, build.echo_rq(2)))
    talk.server(build.abort())
    assert "likely-reason" not in codes(talk.close().packets)


def test_unusual_elements_of_the_data_set_are_offered_too():
    uid = struct.pack("<HHL", 0x0008, 0x0018, 6) + b"1.2.3 "
    talk = talked((0, build.message(3, build.store_rq(), uid + build.pixels(10))))
    talk.server(build.abort())
    (said,) = told(talk.close().packets, "likely-reason")
    assert "(0008,0018) SOP Instance UID at byte 0 is padded with a space instead of NUL: likely why STORESCP" in said


def test_a_pending_match_is_no_success_before_the_end():
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_FIND)), build.associate_ac())
    talk.client(build.message(1, build.command_set(SEARCH), IDENTIFIER))
    talk.server(match(0xFF00, data=IDENTIFIER) + match(0))
    assert "success-before-end" not in codes(released(talk))
