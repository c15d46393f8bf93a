"""An association from its packets: parties, outcome, order and pairing of messages, counts."""

import pytest

import build
from dicomsniff.association.state import State
from dicomsniff.side import Side
from pipeline import associations, names, only

CT = build.CT_IMAGE_STORAGE
CONTEXTS = (build.proposal(1), build.proposal(3, CT))
ANSWERS = (build.answer(1), build.answer(3))
MS = build.MILLISECOND


def established() -> build.Talk:
    talk = build.Talk().open()
    talk.client(build.associate_rq(*CONTEXTS))
    talk.server(build.associate_ac(*ANSWERS))
    return talk


def release(talk: build.Talk) -> list[build.Packet]:
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return talk.close().packets


def test_stray_fragments_of_one_side_are_told_together_and_apart_from_those_of_the_other():
    talk = established()
    talk.client(build.p_data(build.pdv(1, bytes(10), last=False)))
    talk.client(build.p_data(build.pdv(1, bytes(20), last=False)))
    talk.server(build.p_data(build.pdv(1, bytes(40), last=False)))
    entries = [entry for entry in only(talk.packets).timeline if entry.event.name == "stray fragment"]
    requestor, acceptor = entries
    assert (requestor.side, requestor.event.length) == (Side.REQUESTOR, 30)
    assert (acceptor.side, acceptor.event.length) == (Side.ACCEPTOR, 40)
    assert requestor.span.source != acceptor.span.source


def test_stray_fragments_on_two_contexts_are_told_apart():
    talk = established()
    talk.client(build.p_data(build.pdv(1, bytes(10), last=False)))
    talk.client(build.p_data(build.pdv(3, bytes(20), last=False)))
    strays = [entry.event for entry in only(talk.packets).timeline if entry.event.name == "stray fragment"]
    assert [(stray.context_id, stray.length) for stray in strays] == [(1, 10), (3, 20)]


def test_each_pdu_that_does_not_belong_there_is_told_also_when_it_is_the_same_again():
    talk = established()
    talk.server(build.associate_ac(*ANSWERS))
    talk.server(build.associate_ac(*ANSWERS))
    assert names(only(release(talk))).count("unexpected A-ASSOCIATE-AC") == 2


@pytest.mark.parametrize("hours", [1, -1])
def test_an_association_lasts_from_its_earliest_packet_to_its_latest_also_where_the_clock_was_set(hours):
    talk = established()
    talk.time += hours * 3600 * 1000 * MS
    talk.client(build.message(1, build.echo_rq(1)))
    talk.server(build.message(1, build.echo_rsp(1)))
    times = [packet.time for packet in talk.packets if packet.data]
    found = only(talk.packets)
    assert (found.start_time, found.end_time) == (min([build.START, *times]), max(times))
    assert found.watched_until == max(times)


def test_a_whole_association_has_its_parties_and_outcome():
    talk = established()
    found = only(release(talk))
    assert (found.id, found.outcome, found.state) == (1, "released", State.RELEASED)
    assert (str(found.requestor.endpoint), found.requestor.ae_title) == ("10.0.0.1:40001", "STORESCU")
    assert (str(found.acceptor.endpoint), found.acceptor.ae_title) == ("10.0.0.2:104", "STORESCP")
    assert found.requestor.information.max_pdu_length == 16384
    assert found.application_context_name == build.APPLICATION_CONTEXT
    assert [context.id for context in found.contexts.values() if context.accepted] == [1, 3]
    assert found.start_time == build.START
    assert found.end_time == talk.packets[-2].time
    assert (found.closed, found.ended_by_capture) == (True, False)
    assert names(found) == [
        "A-ASSOCIATE-RQ",
        "A-ASSOCIATE-AC",
        "A-RELEASE-RQ",
        "A-RELEASE-RP",
        "TCP FIN",
        "TCP FIN",
    ]


OUTCOMES = [
    ("rejected", [], build.associate_rj(1, 1, 7)),
    ("aborted", [], build.abort(2, 1)),
    ("unfinished", [], build.associate_ac()),
]


@pytest.mark.parametrize(("outcome", "_", "reply"), OUTCOMES)
def test_the_outcome_is_what_ended_it(outcome, _, reply):
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.server(reply)
    found = only(talk.close().packets)
    assert found.outcome == outcome
    if outcome == "rejected":
        assert (found.rejection.result, found.rejection.source, found.rejection.reason) == (1, 1, 7)
    if outcome == "aborted":
        assert (found.abort.source, found.abort.reason, found.abort.side) == (2, 1, Side.ACCEPTOR)


def test_of_two_rejections_and_of_two_aborts_the_first_counts():
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.server(build.associate_rj(1, 1, 7) + build.associate_rj(2, 3, 1))
    rejection = only(talk.close().packets).rejection
    assert (rejection.result, rejection.source, rejection.reason) == (1, 1, 7)
    talk = established()
    talk.server(build.abort(2, 1) + build.abort(2, 6))
    talk.client(build.abort(0, 0))
    abort = only(talk.close().packets).abort
    assert (abort.source, abort.reason, abort.side) == (2, 1, Side.ACCEPTOR)


def test_messages_that_never_ended_are_numbered_last_in_the_order_in_which_they_began():
    """Whichever side sent them, and whichever side the end of the connection is told of first."""
    talk = established()
    begun = [(talk.server, 3, 21), (talk.client, 3, 11), (talk.server, 1, 22), (talk.client, 1, 12)]
    for say, context, number in begun:
        say(build.command_pdu(context, build.store_rq(number)) + build.p_data(build.pdv(context, b"half", last=False)))
    talk.client(build.message(5, build.echo_rq(1)))
    found = only(talk.reset().packets)
    told = [(message.number, message.command.message_id, message.complete) for message in found.messages]
    assert told == [(1, 1, True), (2, 21, False), (3, 11, False), (4, 22, False), (5, 12, False)]


def test_pdus_are_counted_by_sender():
    talk = established()
    talk.client(build.message(3, build.store_rq(), bytes(50_000)))
    talk.server(build.message(3, build.store_rsp()))
    found = only(release(talk))
    assert found.pdu_counts[Side.REQUESTOR] == {"A-ASSOCIATE-RQ": 1, "P-DATA-TF": 5, "A-RELEASE-RQ": 1}
    assert found.pdu_counts[Side.ACCEPTOR] == {"A-ASSOCIATE-AC": 1, "P-DATA-TF": 1, "A-RELEASE-RP": 1}


def test_a_second_association_on_a_connection_begins_with_the_first_byte_of_its_request():
    talk = established()
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    begun = talk.time
    talk.client(build.associate_rq(), 100)
    _, second = associations(release(talk))
    assert second.start_time == second.timeline[0].span.first_time == begun


def test_two_associations_on_one_connection_are_told_apart():
    talk = established()
    talk.client(build.message(1, build.echo_rq(1)))
    talk.server(build.message(1, build.echo_rsp(1)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    talk.client(build.associate_rq(build.proposal(1, CT), calling="OTHER"))
    talk.server(build.associate_ac())
    first, second = associations(release(talk))
    assert (first.id, second.id) == (1, 2)
    assert (first.requestor.ae_title, second.requestor.ae_title) == ("STORESCU", "OTHER")
    assert (first.contexts[1].abstract_syntax, second.contexts[1].abstract_syntax) == (build.VERIFICATION, CT)
    assert (len(first.messages), len(second.messages)) == (2, 0)
    assert (first.outcome, second.outcome) == ("released", "released")
    assert second.pdu_counts[Side.REQUESTOR] == {"A-ASSOCIATE-RQ": 1, "A-RELEASE-RQ": 1}


def test_a_message_cut_off_by_an_abort_stays_with_its_association():
    talk = established()
    talk.client(build.command_pdu(3, build.store_rq(7)) + build.p_data(build.pdv(3, bytes(100), last=False)))
    talk.client(build.abort())
    talk.client(build.associate_rq(*CONTEXTS))
    talk.server(build.associate_ac(*ANSWERS))
    talk.client(build.message(3, build.store_rq(8), bytes(10)))
    talk.server(build.message(3, build.store_rsp(8)))
    first, second = associations(release(talk))
    assert [(m.name, m.command.message_id, m.complete) for m in first.messages] == [("C-STORE-RQ", 7, False)]
    assert [m.name for m in second.messages] == ["C-STORE-RQ", "C-STORE-RSP"]
    assert second.messages[0].command.message_id == 8


def test_the_acceptor_may_open_the_next_association():
    talk = established()
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    talk.server(build.associate_rq(called="STORESCU", calling="STORESCP"))
    talk.client(build.associate_ac(called="STORESCU", calling="STORESCP"))
    talk.server(build.message(1, build.echo_rq()))
    _, second = associations(talk.packets)
    assert str(second.requestor.endpoint) == "10.0.0.2:104"
    assert second.messages[0].side is Side.REQUESTOR


# Messages


def test_messages_are_numbered_as_their_last_fragments_arrived():
    talk = established()
    talk.client(build.command_pdu(3, build.store_rq(1)))
    talk.client(build.message(1, build.echo_rq(2)))
    talk.client(build.data_pdus(3, bytes(10)))
    found = only(talk.packets)
    assert [(m.number, m.name) for m in found.messages] == [(1, "C-ECHO-RQ"), (2, "C-STORE-RQ")]


def test_messages_whose_data_set_never_ended_come_last():
    talk = established()
    talk.client(build.command_pdu(3, build.store_rq(1)))
    talk.client(build.message(3, build.store_rq(2), bytes(10)))  # ends the first one, which has no data set
    talk.client(build.message(1, build.echo_rq(3)))
    talk.client(build.command_pdu(3, build.store_rq(4)) + build.p_data(build.pdv(3, bytes(10), last=False)))
    found = only(talk.packets)
    assert [(m.number, m.command.message_id, m.ended) for m in found.messages] == [
        (1, 2, True),
        (2, 3, True),
        (3, 1, False),
        (4, 4, False),
    ]


def test_a_response_knows_its_request_and_how_long_it_took():
    talk = established()
    first = talk.client(build.message(3, build.store_rq(1), bytes(5000)))
    talk.wait(250 * MS)
    (response,) = talk.server(build.message(3, build.store_rsp(1)))
    found = only(release(talk))
    request, answer = found.messages
    assert answer.request is request
    assert answer.latency == response.time - first[-1].time
    assert (request.request, request.latency) == (None, None)


def test_pending_responses_and_the_final_one_answer_the_same_request():
    rsp = {0x0002: build.STUDY_ROOT_FIND, 0x0100: 0x8020, 0x0120: 5}
    talk = established()
    request = {0x0002: build.STUDY_ROOT_FIND, 0x0100: 0x0020, 0x0110: 5, 0x0700: 0, 0x0800: 1}
    talk.client(build.message(1, build.command_set(request), b"query"))
    for _ in range(2):
        talk.server(build.message(1, build.command_set(rsp | {0x0800: 1, 0x0900: 0xFF00}), b"match"))
    talk.server(build.message(1, build.command_set(rsp | {0x0800: 0x0101, 0x0900: 0})))
    talk.server(build.message(1, build.command_set(rsp | {0x0800: 0x0101, 0x0900: 0})))
    found = only(release(talk))
    asked = found.messages[0]
    assert [message.request for message in found.messages[1:]] == [asked, asked, asked, None]
    assert found.unanswered == []


def test_both_sides_may_use_the_same_message_id():
    talk = established()
    talk.client(build.message(1, build.echo_rq(1)))
    talk.server(build.message(1, build.echo_rq(1)))
    talk.client(build.message(1, build.echo_rsp(1)))
    talk.server(build.message(1, build.echo_rsp(1)))
    found = only(release(talk))
    first, second, third, fourth = found.messages
    assert (third.request, fourth.request) == (second, first)


def test_requests_that_are_never_answered_are_known():
    talk = established()
    talk.client(build.message(1, build.echo_rq(1)))
    talk.client(build.message(1, build.echo_rq(2)))
    talk.server(build.message(1, build.echo_rsp(2)))
    found = only(release(talk))
    assert [message.command.message_id for message in found.unanswered] == [1]


def test_a_cancel_needs_no_answer():
    talk = established()
    talk.client(build.message(1, build.command_set({0x0100: 0x0FFF, 0x0120: 5, 0x0800: 0x0101})))
    assert only(release(talk)).unanswered == []


def test_the_transfer_syntax_of_a_message_is_the_one_accepted():
    found = only(release(established()))
    assert found.transfer_syntax(1) == build.IMPLICIT
    assert found.transfer_syntax(99) is None


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("sent", [100, 1500, 16_600, 40_000, 99_000])
def test_data_that_an_abort_interrupts_had_begun_before_it(sent, reset):
    """Wherever the receiver breaks in, although the bytes of the data set are only counted until the next event."""
    talk = established()
    talk.client(build.message(3, build.store_rq(), build.pixels(100_000))[:sent])
    talk.wait(12 * 1000 * MS)
    talk.server(build.abort())
    found = only((talk.reset(0) if reset else talk.close()).packets)
    assert found.outcome == "aborted"
    assert not [entry.event.name for entry in found.timeline if "unexpected" in entry.event.name]


@pytest.mark.parametrize("known", [True, False], ids=["from the handshake on", "without it"])
@pytest.mark.parametrize("cut", [12, 30, 200, 3000])
@pytest.mark.parametrize("client", [("10.0.0.1", 40001), ("10.0.0.1", 80)], ids=["", "from the lower port"])
def test_an_abort_in_the_middle_of_the_request_belongs_to_its_association(cut, known, client):
    request = build.associate_rq(*(build.proposal(number) for number in range(1, 240, 2)))
    talk = build.Talk(client)
    if known:
        talk.open()
    talk.client(request[:cut])
    talk.server(build.abort(2, 0))
    talk.client(request[cut:])
    found = only(talk.close().packets)
    assert (found.outcome, found.requestor.endpoint.port, found.requestor_is) == (
        "aborted",
        client[1],
        "sent A-ASSOCIATE-RQ",
    )
    assert len(found.contexts) == 120
    assert not [entry.event.name for entry in found.timeline if "unexpected" in entry.event.name]


def test_an_abort_in_the_middle_of_the_answer_belongs_to_its_association():
    answer = build.associate_ac(*(build.answer(number) for number in range(1, 240, 2)))
    talk = build.Talk().open()
    talk.client(build.associate_rq(*CONTEXTS))
    talk.server(answer[:100])
    talk.client(build.abort())
    talk.server(answer[100:])
    found = only(talk.close().packets)
    assert (found.outcome, found.state, found.accept is not None) == ("aborted", State.ABORTED, True)
    assert not [entry.event.name for entry in found.timeline if "unexpected" in entry.event.name]


def test_a_request_after_an_abort_begins_another_association():
    talk = build.Talk().open()
    talk.client(build.associate_rq(*CONTEXTS))
    talk.server(build.abort())
    talk.client(build.associate_rq(*CONTEXTS))
    assert [each.outcome for each in associations(talk.close().packets)] == ["aborted", "unfinished"]
