"""What a finding must name so that its reader need not search: the other message, context, instance, association."""

import pytest

import build
from dicomsniff.findings.finding import Severity
from dicomsniff.words.entries import entry_detail
from dicomsniff.words.times import time_text
from findings import normalized_cases as normalized
from findings.connection_traffic import refused
from findings.found import analyzed, every_finding, found_in
from findings.link_traffic import committed
from findings.query_cases import NAME, STUDY_UID
from findings.test_field_reports import causes, told
from findings.traffic import CT, SECOND, established, opened, released, stored, talked
from network import ARCHIVE, CLIENT, MS, VIEWER, Network, move_rq, release, store
from pipeline import findings_of, only
from unmarked import verdict

SCU, SCP = "STORESCU (10.0.0.1:40001)", "STORESCP (10.0.0.2:104)"


# Answers that do not fit


@pytest.mark.parametrize(
    ("asked", "more"), [((5,), ", but C-STORE-RQ 5 is"), ((), ""), ((5, 6), "")], ids=["one waits", "none", "two"]
)
def test_an_answer_to_no_request_is_told_with_the_only_one_it_may_be_meant_for(asked, more):
    turns = [(0, build.message(3, build.store_rq(number), build.pixels(8))) for number in asked]
    talk = talked(*turns, (1, build.message(3, build.store_rsp(0))))
    assert told(talk.end(0).packets, "response-without-request") == [
        f"C-STORE-RSP answers message 0; no such request is outstanding{more}"
    ]


def sent_again(side: int, *, waits: bool) -> list[build.Packet]:
    """One side answers C-STORE-RQ 1 of the other one again, where that may wait for the answer to its next one."""
    turns = [
        (1 - side, build.message(3, build.store_rq(1), build.pixels(8))),
        (side, build.message(3, build.store_rsp(1))),
    ]
    if waits:
        turns.append((1 - side, build.message(3, build.store_rq(2), build.pixels(8))))
    return talked(*turns, (side, build.message(3, build.store_rsp(1)))).end(0).packets


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize(
    ("waits", "said"),
    [
        (False, "1.00 ms after its final response"),
        (True, "2.00 ms after its final response; C-STORE-RQ 2 waits for one"),
    ],
)
def test_a_second_answer_to_a_request_is_told_as_that(side, waits, said):
    assert told(sent_again(side, waits=waits), "response-without-request") == [
        f"C-STORE-RSP answers C-STORE-RQ 1 again, {said}"
    ]


def test_an_answer_on_another_context_is_told_with_the_classes_of_both_and_once():
    asks = (0, build.message(3, build.store_rq(), build.pixels(8)))
    packets = talked(asks, (1, build.message(1, build.store_rsp())), (0, build.abort(2))).end(0).packets
    said = [each.message for each in found_in(packets) if "comes on context" in each.message]
    where = "context 1 (Verification SOP Class); its request was on 3 (CT Image Storage)"
    assert said == [f"C-STORE-RSP comes on {where}: likely why {SCU} aborted"]


def test_contexts_without_an_answer_are_named_and_counted_in_the_timeline():
    talk = opened(build.associate_rq(build.proposal(1), build.proposal(3, CT)), build.associate_ac(build.answer(1)))
    packets = released(talk)
    assert told(packets, "contexts-unanswered") == [
        "A-ASSOCIATE-AC does not answer 1 of 2 presentation contexts: 3 (CT Image Storage)"
    ]
    association = only(packets)
    assert entry_detail(association, association.timeline[1]) == "1 of 2 contexts accepted"


# Instances


def test_an_instance_that_is_there_already_is_told_with_the_message_that_had_sent_it():
    talk = stored(2)
    talk.client(build.message(3, build.store_rq(3), build.pixels(8)))
    talk.server(build.message(3, build.store_rsp(3, 0x0111)))
    assert told(released(talk), "status-failure") == [
        "C-STORE-RSP 3: Failure 0x0111 (Duplicate SOP Instance), SOP class CT Image Storage; "
        "C-STORE-RQ 2 had sent the same instance"
    ]


def test_an_instance_that_nobody_sent_before_is_told_without():
    talk = established()
    talk.client(build.message(3, build.store_rq(3), build.pixels(8)))
    talk.server(build.message(3, build.store_rsp(3, 0x0111)))
    assert told(released(talk), "status-failure") == [
        "C-STORE-RSP 3: Failure 0x0111 (Duplicate SOP Instance), SOP class CT Image Storage"
    ]


def test_an_image_box_that_is_none_of_the_film_box_is_told_with_those_that_are():
    answer = {0x20100510: [{0x00081150: normalized.IMAGE_BOX.encode(), 0x00081155: b"1.2.77"}]}
    setting = normalized.asked(normalized.SET, normalized.IMAGE_BOX, {}, 0x0112, instance="1.2.99")
    (said,) = told(normalized.film(answer, *setting), "instance-not-created")
    assert said == (
        "SCU (10.0.0.1:40001) sends N-SET-RQ for the Basic Grayscale Image Box 1.2.99, which no N-CREATE on "
        "this association has created; the film box has 1.2.77"
    )


def test_requests_are_named_by_their_message_id_as_timelines_name_them():
    """The N-SET that is refused has the number that the one before it has as its message ID."""
    ends = normalized.asked(normalized.SET, normalized.MPPS, {normalized.STATUS: b"COMPLETED "}, number=2)
    late = normalized.asked(normalized.SET, normalized.MPPS, {normalized.STATUS: b"IN PROGRESS "}, 0x0110, number=3)
    (said,) = told(normalized.exchange(normalized.MPPS, *ends, *late), "step-already-ended")
    assert said.endswith("that is COMPLETED since N-SET-RQ 2 (message 1)")


# Who gave up


def test_an_abort_after_a_cancel_in_vain_follows_from_the_matches_that_went_on():
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_FIND)), build.associate_ac(build.answer(1)))
    asks = {0x0002: build.STUDY_ROOT_FIND, 0x0100: 0x0020, 0x0110: 1, 0x0700: 0, 0x0800: 1}
    found = {0x0002: build.STUDY_ROOT_FIND, 0x0100: 0x8020, 0x0120: 1, 0x0800: 1, 0x0900: 0xFF00}
    level = build.element(0x00080052, b"STUDY ")
    talk.client(build.message(1, build.command_set(asks), level))
    talk.client(build.message(1, build.command_set({0x0100: 0x0FFF, 0x0120: 1, 0x0800: 0x0101})))
    for _ in range(5):
        talk.wait(SECOND)
        talk.server(build.message(1, build.command_set(found), level))
    talk.client(build.abort())
    packets = talk.end(0).packets
    assert causes(packets, "association-aborted") == ["cancel-ignored"]
    assert verdict(only(packets)).startswith(f"aborted by the requestor: {SCP} sent 5 pending responses within")


@pytest.mark.parametrize(("first", "when"), [(0, " right after A-ASSOCIATE-AC"), (1, "")])
def test_a_request_on_a_connection_that_was_closed_before_is_not_what_the_close_came_in_the_middle_of(first, when):
    talk = stored(first)
    talk.finish(1)
    talk.client(build.message(3, build.store_rq(9), build.pixels(8)))
    packets = talk.reset(1).packets
    assert told(packets, "connection-closed-early") == [
        f"{SCP} closed the TCP connection{when}; {SCU} sent C-STORE-RQ 9 on it 1.00 ms later"
    ]
    assert told(packets, "request-unanswered") == [f"C-STORE-RQ 9 was sent on a connection that {SCP} had closed"]


def test_whoever_gives_up_a_move_is_told_that_its_objects_were_on_their_way():
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "SCU", "ARCHIVE", build.STUDY_ROOT_MOVE)
    asking.client(move_rq(7, "VIEWER"))
    sending = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=20)
    store(sending, "SCU")
    asking.wait(30_000 * MS)
    asking.client(build.abort())
    asking.end(0)
    (said,) = told(network.packets, "peer-silent")
    assert said.endswith("to C-MOVE-RQ 7; it was sending the objects meanwhile, in association 2")


@pytest.mark.parametrize("side", [0, 1])
def test_a_data_set_of_which_nothing_comes_is_told_as_that(side):
    """Either side may ask: the acceptor reports events."""
    command = build.command_pdu(1, build.command_set(
        {0x0002: normalized.MPPS, 0x0100: 0x0100, 0x0110: 1, 0x0800: 1, 0x1000: "1.2.3", 0x1002: 1}
    ))  # fmt: skip
    talk = normalized.talk(normalized.MPPS, (side, command))
    talk.acknowledge(1 - side)
    talk.wait(20 * SECOND)
    (talk.server if side == 0 else talk.client)(build.abort())
    (said,) = told(talk.end(1 - side).packets, "sender-stopped")
    assert " sent the command set of N-EVENT-REPORT-RQ 1 and nothing of the data set that it announces; 20.0 s" in said


def test_an_abort_after_an_answer_that_holds_nothing_follows_from_it_and_costs_something():
    asks = build.command_set({0x0003: normalized.MPPS, 0x0100: 0x0110, 0x0110: 1, 0x0800: 0x0101, 0x1001: "1.2.3"})
    says = {0x0002: normalized.MPPS, 0x0100: 0x8110, 0x0120: 1, 0x0800: 0x0101, 0x0900: 0, 0x1000: "1.2.3"}
    turns = (0, build.message(1, asks)), (1, build.message(1, build.command_set(says))), (0, build.abort())
    packets = normalized.talk(normalized.MPPS, *turns).end(0).packets
    assert causes(packets, "association-aborted") == ["response-without-data-set"]
    assert [each.severity for each in found_in(packets) if each.code == "association-aborted"] == [Severity.ERROR]


def test_what_a_data_set_lacks_that_was_never_sent_follows_from_that():
    asks = normalized.request(normalized.SET, normalized.IMAGE_BOX, None)
    packets = normalized.talk(normalized.PRINT, (0, asks), (1, build.abort())).end(1).packets
    for code in ("attribute-missing", "association-aborted"):
        assert causes(packets, code) == ["request-without-data-set"]


@pytest.mark.parametrize(("source", "code"), [("10.0.0.7", ["worked-otherwise"]), ("10.0.0.1", [])])
def test_a_caller_that_is_admitted_from_another_address_only_is_told_so(source, code):
    network = Network()
    release(network.associate(source, ARCHIVE, "CT1", "ARCHIVE", build.VERIFICATION))
    refused_call = network.call("10.0.0.8", ARCHIVE, "CT1" if code else "CT2", "ARCHIVE", build.VERIFICATION, after=100)
    refused_call.server(build.associate_rj(1, 1, 3))
    refused_call.end(1)
    said = told(network.packets, "worked-otherwise")
    assert len(said) == len(code)
    if code:
        where = "from 10.0.0.7 (association 1), but not from 10.0.0.8 (association 2)"
        assert said == [f"CT1 was accepted {where}: the acceptor may know it by its address"]


# Storage commitment


@pytest.mark.parametrize(
    ("answer", "severity", "more"),
    [
        ([], Severity.NOTE, ""),
        (
            refused(3, target="10.0.0.1", source="10.0.0.2", start=2 * SECOND),
            Severity.WARNING,
            "; the SCP then tried to connect to 10.0.0.1:104 (3 times), which was refused",
        ),
        (refused(target="10.0.0.1", source="10.0.0.9", start=2 * SECOND), Severity.NOTE, ""),
    ],
    ids=["nobody calls", "the SCP calls in vain", "somebody else does"],
)
def test_a_report_that_could_not_be_brought_is_a_warning(answer, severity, more):
    analyzer = analyzed(committed() + answer)
    (found,) = [each for each in every_finding(analyzer) if each.code == "commitment-not-reported"]
    assert found.severity is severity
    assert found.message.endswith(f"its report is missing from the capture{more}")
    assert ("the SCP then tried" in analyzer.overview.text([], analyzer.findings)) is bool(more)


# Captures


def test_a_capture_that_begins_within_a_data_set_says_so_of_the_bytes_it_cannot_read():
    talk = stored(2, size=60_000)
    packets = released(talk)[20:]
    (found,) = [each for each in found_in(packets) if each.code == "bytes-skipped"]
    assert found.message.startswith("the capture begins within a message: ")
    assert verdict(only(packets)) == "released: 1 C-STORE, Success"


def test_the_times_of_an_association_with_one_direction_are_not_told():
    talk = stored(3)
    talk.wait(SECOND)
    packets = released(talk)
    assert time_text(only(packets))
    assert not time_text(only([each for each in packets if each.flow == packets[0].flow]))


def test_an_association_on_which_nothing_was_asked_is_told_with_what_could_have_been():
    talk = opened(
        build.associate_rq(build.proposal(1, CT, (build.IMPLICIT, build.EXPLICIT))),
        build.associate_ac(build.answer(1, transfer=build.EXPLICIT)),
    )
    said = "released: nothing was exchanged; accepted: CT Image Storage in Explicit VR Little Endian"
    assert verdict(only(released(talk))) == said


def test_keys_that_matches_lack_do_not_follow_from_bytes_that_the_capture_lacks_of_the_other_side():
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_FIND)), build.associate_ac(build.answer(1)))
    asks = {0x0002: build.STUDY_ROOT_FIND, 0x0100: 0x0020, 0x0110: 2, 0x0700: 0, 0x0800: 1}
    found = {0x0002: build.STUDY_ROOT_FIND, 0x0100: 0x8020, 0x0120: 2, 0x0800: 1, 0x0900: 0xFF00}
    keys = build.element(0x00080052, b"STUDY ") + build.element(NAME, b"") + build.element(STUDY_UID, b"")
    lost = build.message(1, build.command_set(asks | {0x0110: 1}), keys)
    talk.lose(0, len(lost))
    talk.client(build.message(1, build.command_set(asks), keys))
    talk.server(build.message(1, build.command_set(found), build.element(0x00080052, b"STUDY ")))
    talk.server(build.message(1, build.command_set(found | {0x0800: 0x0101, 0x0900: 0})))
    analyzer = analyzed(released(talk))
    (association,) = analyzer.associations
    tops = [each.code for each in findings_of(association).causes]
    assert "match-unique-key-missing" in tops
    assert "bytes-missing" in tops
