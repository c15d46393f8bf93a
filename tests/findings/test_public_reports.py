"""Kinds of public reports: answers that lack something, requests that were in order, acceptors that have no time."""

import pytest

import build
from findings.exchange_cases import moved_with_list
from findings.found import analyzed
from findings.neighbour_traffic import (
    asked_again,
    asked_by_name,
    found_there,
    several_programs,
    slowed_down,
    two_programs,
    waited_for_another,
)
from findings.query_cases import NAME, STEPS, WORKLIST, exchange, item
from findings.test_field_reports import causes, told
from findings.traffic import (
    IDENTIFIER,
    SEARCH,
    SECOND,
    associate_ac,
    associate_rq,
    match,
    opened,
    released,
    role,
    searched,
    talked,
    window,
)
from network import ARCHIVE, CLIENT, MOVE_CLASS, VIEWER, Network, move_rq, move_rsp, release, store
from pipeline import codes, only

SCU, SCP = "STORESCU (10.0.0.1:40001)", "STORESCP (10.0.0.2:104)"


def said(packets: list[build.Packet], code: str) -> list[str]:
    """What a rule on whole captures says."""
    return [each.message for each in analyzed(packets).findings if each.code == code]


# Answers with which the other side cannot go on


def test_who_waits_after_a_pending_response_that_its_service_does_not_have_was_misled_by_it():
    request = build.message(3, build.store_rq(), build.pixels(8))
    talk = talked((0, request), (1, build.message(3, build.store_rsp(1, 0xFF00))))
    talk.wait(60 * SECOND)
    talk.client(build.abort())
    packets = talk.close().packets
    (line,) = told(packets, "pending-not-foreseen")
    assert line == "C-STORE-RSP says Pending (status 0xFF00); C-STORE has one response only, which is final"
    assert causes(packets, "peer-silent") == causes(packets, "association-aborted") == ["pending-not-foreseen"]


@pytest.mark.parametrize("source", [0, 2])
def test_a_match_without_a_data_set_is_why_the_requestor_aborts(source):
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_FIND)), build.associate_ac())
    talk.client(build.message(1, build.command_set(SEARCH), IDENTIFIER))
    talk.server(match(0xFF00))
    talk.client(build.abort(source))
    code = "provider-aborted" if source else "association-aborted"
    assert causes(talk.close().packets, code) == ["find-pending-without-data-set"]


@pytest.mark.parametrize(
    ("called", "calling", "line"),
    [
        ("STORESCU", "STORESCP", "sends the AE titles back swapped: called STORESCU, calling STORESCP"),
        ("PROXY", "STORESCU", "sends other AE titles back: STORESCU and PROXY, not STORESCU and STORESCP"),
    ],
)
def test_titles_that_come_back_swapped_or_changed_are_told_with_those_that_were_sent(called, calling, line):
    talk = opened(answer=build.associate_ac(build.answer(1), called=called, calling=calling))
    assert told(released(talk), "titles-changed") == [f"{SCP} {line}"]


@pytest.mark.parametrize("status", [0x0111, 0x0112, 0x0117])
def test_failures_about_an_instance_name_it(status):
    film = "1.2.840.10008.5.1.1.1"
    talk = opened(build.associate_rq(build.proposal(1, film)), build.associate_ac(build.answer(1)))
    request = {0x0002: film, 0x0100: 0x0140, 0x0110: 1, 0x0800: 0x0101, 0x1000: "2.25.111"}
    response = {0x0002: film, 0x0100: 0x8140, 0x0120: 1, 0x0800: 0x0101, 0x0900: status}
    talk.client(build.message(1, build.command_set(request)))
    talk.server(build.message(1, build.command_set(response)))
    assert told(released(talk), "status-failure")[0].endswith(", SOP instance 2.25.111")


# Who closes before the answer is there


def _closed_before_the_answer(*, resets: bool) -> list[build.Packet]:
    talk = talked((0, build.message(3, build.store_rq(), build.pixels(8))))
    talk.finish(0)
    talk.wait(40_000_000)
    talk.server(build.message(3, build.store_rsp()))
    if resets:
        talk.reset(0)
    else:
        talk.finish(1)
    return talk.packets


def test_a_response_that_a_closed_connection_does_not_take_is_lost():
    packets = _closed_before_the_answer(resets=True)
    assert told(packets, "connection-closed-early") == [
        f"{SCU} closed the TCP connection without a release, before a final response to C-STORE-RQ 1; it came 41.0 ms "
        "later, and was met by a reset"
    ]
    assert causes(packets, "connection-reset") == ["connection-closed-early"]
    half = _closed_before_the_answer(resets=False)  # who closes its own direction may still read
    assert "connection-closed-early" not in codes(only(half))


# A delivery that stands still


@pytest.mark.parametrize("stops", [True, False])
def test_a_c_move_waits_for_a_delivery_that_stopped_within_an_object(stops):
    network = Network()
    asked = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asked.client(move_rq(destination="VIEWER"))
    delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", build.CT_IMAGE_STORAGE, after=50)
    object_ = build.message(1, build.store_rq(4), build.pixels(9000))
    delivery.client(object_[:5000])
    if not stops:
        delivery.wait(59 * SECOND + SECOND // 2)
        delivery.client(object_[5000:9000])
    asked.wait(60 * SECOND)
    asked.client(build.abort())
    asked.close()
    (line,) = told(network.packets, "peer-silent")
    if stops:
        assert line.endswith("; the delivery had stopped within C-STORE-RQ 4 (association 2) 60.0 s before")
    else:
        assert line.endswith("; it was sending the objects meanwhile, in association 2")


# Other associations as evidence


@pytest.mark.parametrize(("statuses", "when"), [((0xC000, 0), "later"), ((0, 0xC000), "earlier")])
def test_the_same_request_that_worked_at_another_time_is_told(statuses, when):
    bad, good = (1, 2) if when == "later" else (2, 1)
    packets = asked_again(*statuses)
    assert said(packets, "same-request-succeeded") == [
        f"C-MOVE-RQ failed with 0xC000; the same request in association {good} (message 1) succeeded 10.0 s {when}: "
        "it is in order"
    ]
    (found,) = (each for each in analyzed(packets).findings if each.code == "same-request-succeeded")
    assert found.association == bad


@pytest.mark.parametrize("first", [0xC000, 0])
def test_an_instance_that_was_stored_at_another_time_is_told(first):
    network = Network()
    for number, status in enumerate([first, 0xC000 if not first else 0]):
        talk = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", build.CT_IMAGE_STORAGE, after=30_000 * number)
        store(talk, None, status=status)
        release(talk)
    good, when = (2, "later") if first else (1, "earlier")
    assert said(network.packets, "same-request-succeeded") == [
        f"C-STORE-RQ failed with 0xC000; the same SOP instance was stored 30.0 s {when}, in association {good} "
        "(message 1)"
    ]


def test_an_instance_that_was_stored_twice_on_one_association_is_told_by_its_response():
    network = Network()
    talk = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", build.CT_IMAGE_STORAGE)
    for status in (0, 0x0111):
        store(talk, None, status=status)
    release(talk)
    assert said(network.packets, "same-request-succeeded") == []


def test_repeated_failures_of_the_same_request_are_told_once():
    assert len(said(asked_again(0xC000, 0xC000, 0xA702, 0), "same-request-succeeded")) == 1


def test_a_success_that_counts_failed_objects_proves_nothing():
    assert said(asked_again(0, 0xC000, failed=1), "same-request-succeeded") == []


def test_another_destination_is_another_request():
    network = Network()
    for number, (destination, status) in enumerate([("ONE", 0xA801), ("TWO", 0)]):
        move = "1.2.840.10008.5.1.4.1.2.2.2"
        talk = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", move, after=1000 * number)
        talk.client(move_rq(destination=destination))
        response = {0x0002: move, 0x0100: 0x8021, 0x0120: 7, 0x0800: 0x0101, 0x0900: status, 0x1021: 1}
        talk.server(build.message(1, build.command_set(response)))
        talk.client(build.release_rq())
        talk.server(build.release_rp())
        talk.close()
    assert said(network.packets, "same-request-succeeded") == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [("Müller*", True), ("MÜLLER^HANS", True), ("M?ller*", False), ("Müller", False), ("*ü*ns", True)],
)
def test_a_name_that_fits_a_patient_of_another_query_was_not_compared_as_characters(asked, found):
    lines = said(asked_by_name(asked), "name-not-found")
    assert lines == found * [
        "the C-FIND-RQ of association 1 (message 1) asks for (0010,0010) Patient's Name in ISO_IR 100 and found "
        "nothing; that of association 1 (message 3) found one that fits, in ISO_IR 192: the SCP may compare bytes, not "
        "characters"
    ]


def test_a_name_too_long_for_any_patient_is_not_remembered():
    assert said(asked_by_name("Müller*" + "*" * 256), "name-not-found") == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("*a" * 31 + "ü", False),
        ("*" * 250 + "ü", False),
        ("*?" * 120 + "ü", False),
        ("Mü" + "*" * 250, True),
        ("*ü**l*?r^" + "*" * 200, True),
    ],
)
def test_many_asterisks_take_no_time_to_speak_of(asked, found):
    assert bool(said(asked_by_name(asked), "name-not-found")) is found


def test_a_call_that_is_answered_when_another_association_is_over_waited_for_that():
    assert said(waited_for_another(), "answered-after-another") == [
        "ARCHIVE answered SECOND (association 2) after 4.93 s, 23.0 ms after association 1 was over: it seems to serve "
        "one at a time"
    ]
    assert said(waited_for_another(answered=False), "answered-after-another") == [
        "while ARCHIVE left association 2 unanswered, association 1 with it went on: it may serve one at a time"
    ]


@pytest.mark.parametrize("answered", [True, False])
def test_an_acceptor_that_took_another_one_meanwhile_serves_several(answered):
    assert said(waited_for_another(meanwhile=True, answered=answered), "answered-after-another") == []


@pytest.mark.parametrize(
    ("title", "availability", "where"),
    [
        (b"OTHER ", b"", "(0008,0054) Retrieve AE Title OTHER, not ARCHIVE"),
        (b"OTHER\\FAR ", b"ONLINE", "(0008,0054) Retrieve AE Title OTHER, FAR, not ARCHIVE"),
        (b"OTHER\\ARCHIVE ", b"", ""),
        (b"ARCHIVE ", b"OFFLINE ", "(0008,0056) Instance Availability OFFLINE"),
        (b"", b"NEARLINE", "(0008,0056) Instance Availability NEARLINE"),
        (b"", b"ONLINE", ""),
    ],
)
def test_where_a_match_said_that_the_objects_are_is_told_of_a_retrieval_that_brings_nothing(title, availability, where):
    packets = found_there(title=title, availability=availability)
    assert said(packets, "objects-elsewhere") == bool(where) * [
        "the C-MOVE-RQ of association 2 (message 1) brought nothing; the match of its study in association 1 (message "
        f"1) says {where}"
    ]


@pytest.mark.parametrize(("completed", "delivers"), [(1, False), (None, False), (0, True)])
def test_a_retrieval_that_counts_objects_or_does_not_count_or_is_seen_to_deliver_brought_something(completed, delivers):
    packets = found_there(title=b"OTHER ", completed=completed, delivers=delivers)
    assert said(packets, "objects-elsewhere") == []


def test_a_study_that_can_be_had_from_more_places_than_are_remembered_is_not_said_to_be_elsewhere():
    assert said(found_there(title=b"\\".join([b"OTHER"] * 9)), "objects-elsewhere") == []


@pytest.mark.parametrize(
    ("status", "came"), [(0xA702, "failed"), (None, "got no final response"), (0xFE00, ""), (0, "brought nothing")]
)
def test_what_became_of_a_retrieval_whose_objects_are_elsewhere_is_told_as_far_as_it_is_known(status, came):
    lines = said(found_there(title=b"OTHER ", status=status), "objects-elsewhere")
    assert [line.split(") ")[1].split(";")[0] for line in lines] == [came] * bool(came)


def test_of_a_retrieval_during_which_the_capture_ends_nothing_is_known():
    packets = found_there(title=b"OTHER ", status=None)
    assert said(packets[:-4], "objects-elsewhere") == []


def test_programs_behind_one_address_are_told_where_those_in_trouble_are_others():
    end = ": several programs share the address, or one took the other's place"
    assert said(two_programs("GOOD_1", "BAD_2"), "acceptor-varies") == [
        f"10.0.0.2:104 answers as GOOD_1 (association 1), and in trouble as BAD_2 (association 2){end}"
    ]
    assert said(several_programs(("A", 0), ("B", 0), ("C", 0xA700), ("A", 0), ("D", 0xA700)), "acceptor-varies") == [
        "10.0.0.2:104 answers as A (associations 1 and 4) or B (association 2), and in trouble as C (association 3) "
        f"or D (association 5){end}"
    ]
    assert said(several_programs(("A", 0, "1.2.3"), ("A", 0xA700, "1.2.4")), "acceptor-varies") == [
        f"10.0.0.2:104 answers as 1.2.3 (association 1), and in trouble as 1.2.4 (association 2){end}"
    ]


@pytest.mark.parametrize("places", [2, 3])
def test_as_many_associations_as_went_on_may_be_all_that_an_acceptor_takes(places):
    network = Network()
    held = [network.associate(CLIENT, ARCHIVE, f"N{n}", "ARCHIVE", build.VERIFICATION, after=n) for n in range(places)]
    late = network.call(VIEWER, ARCHIVE, "LATE", "ARCHIVE", build.VERIFICATION, after=100)
    for number, talk in enumerate(held):
        talk.client(build.message(1, build.echo_rq()))
        talk.wait((4 + 3 * number) * SECOND)
        talk.server(build.message(1, build.echo_rsp()))
        release(talk)
    late.wait(held[0].time - late.time + 10_000_000)
    late.server(build.associate_ac(build.answer(1), calling="LATE", called="ARCHIVE"))
    release(late)
    (line,) = said(network.packets, "answered-after-another")
    assert line.endswith(f" after association 1 was over: it seems to serve no more than {places} at a time")


def test_an_acceptor_that_answers_later_while_another_association_is_open_is_told():
    assert said(slowed_down(), "slower-beside-another") == [
        "ARCHIVE answered 5 C-STOREs of association 1 after 901 ms (median) while association 2 was open, and the "
        "others after 41.0 ms"
    ]


@pytest.mark.parametrize(("usual", "late"), [(200, 900), (10, 90), (40, 40)])
def test_answers_that_are_not_much_later_or_not_late_need_no_reason(usual, late):
    assert said(slowed_down(usual=usual, late=late), "slower-beside-another") == []


def test_a_name_with_question_marks_that_were_asked_for_has_lost_nothing():
    assert told(searched(match(0xFF00, data=IDENTIFIER), match(0)), "match-question-marks-within") == []


@pytest.mark.parametrize(
    ("uids", "listed"),
    [
        (b"", "0 instances"),
        (b"1.2.3\\1.2.4", "2 instances"),
        (b"1.2.3\\1.2.4\\1.2.5 ", "3 instances"),
        (b"1.2.3\\1.2.4\\", "2 instances"),
    ],
)
def test_a_list_of_failed_instances_is_held_against_the_count(uids, listed):
    assert told(moved_with_list(0xB000, uids), "failed-list-differs") == [
        f"C-MOVE-RSP 0xB000 counts 1 failed sub-operation and lists {listed} as failed (0008,0058)"
    ]


@pytest.mark.parametrize(
    ("more", "loose"),
    [
        ({0x00080060: b"US"}, "; (0008,0060) Modality stands at top level instead"),
        ({0x00080060: b"US", 0x00400002: b"20240308"},
         "; (0008,0060) Modality, (0040,0002) Scheduled Procedure Step Start Date stand at top level instead"),
        ({0x00081030: b"X "}, ""),
    ],
)  # fmt: skip
def test_a_step_that_lies_beside_the_sequence_that_a_worklist_match_lacks_is_told(more, loose):
    asked = {NAME: b"", STEPS: item({0x00080060: b"US", 0x00400002: b"20240308"})}
    (line,) = told(exchange(WORKLIST, asked, {NAME: b"Doe^Jane"} | more), "match-return-key-missing")
    assert line == (
        f"{SCP} leaves out (0040,0100) Scheduled Procedure Step Sequence in 1 match{loose or '; it must have a value'}"
    )


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize(("reason", "told_it"), [(4, True), (5, True), (6, True), (0, False), (2, False)])
def test_an_abort_for_a_parameter_of_an_associate_pdu_makes_optional_negotiations_likely(side, reason, told_it):
    asked = (window(3, 3), role(build.VERIFICATION, 1, 1))
    talk = build.Talk().open()
    talk.client(associate_rq(build.proposal(1), more=asked))
    if not side:
        talk.server(associate_ac(build.answer(1), more=asked))
    (talk.server if side else talk.client)(build.abort(2, reason))
    packets = talk.end(side).packets
    pdu, who = ("A-ASSOCIATE-RQ", SCP) if side else ("A-ASSOCIATE-AC", SCU)
    assert told(packets, "likely-reason") == told_it * [
        f"{pdu} negotiates an asynchronous operations window and role selection, which some programs do not know: "
        f"likely why {who} aborted"
    ]
    assert not told_it or causes(packets, "provider-aborted") == ["likely-reason"]


def test_the_archive_itself_as_move_destination_is_told():
    network = Network()
    asked = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asked.client(move_rq(destination="ARCHIVE"))
    asked.server(move_rsp(0xA801))
    release(asked)
    assert told(network.packets, "destination-failed") == [
        "C-MOVE to ARCHIVE: the destination ARCHIVE is the SCP's own AE title, which it does not know as a destination"
        "; CLIENT may have meant its own"
    ]


# A release that does not wait


def test_how_long_an_operation_had_been_outstanding_is_told_where_a_release_does_not_wait_for_it():
    talk = talked((0, build.message(3, build.store_rq(), build.pixels(8))))
    talk.wait(4 * SECOND)
    talk.client(build.release_rq())
    talk.wait(5 * SECOND)
    talk.server(build.message(3, build.store_rsp())[:6])  # it begins to answer, and is cut off
    packets = talk.reset(0).packets
    (line,) = told(packets, "release-too-early")
    assert line == (
        f"{SCU} sent A-RELEASE-RQ while C-STORE-RQ 1 had been outstanding for 4.00 s, without waiting for the response"
    )
    assert causes(packets, "pdu-incomplete") == causes(packets, "release-unanswered") == ["release-too-early"]


# Bytes passed over in several places


@pytest.mark.parametrize("sender", [0, 1])
def test_bytes_skipped_in_several_places_are_summed(sender):
    talk = talked()
    for length in (20, 30, 50):
        (talk.server if sender else talk.client)(b"\xff" * length)
        (talk.server if sender else talk.client)(build.message(1, build.echo_rsp() if sender else build.echo_rq()))
    (line,) = told(talk.packets, "bytes-skipped")
    assert line == "20 bytes skipped: not readable as a PDU (and 2 like it, 100 bytes in all)"
