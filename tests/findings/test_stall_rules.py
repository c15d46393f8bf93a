"""Whoever stopped is the cause; whoever gave up is named, and not blamed. Every rule with the sides swapped."""

import pytest

import build
from dicomsniff.association.association import Association
from dicomsniff.association.timing import Part
from dicomsniff.findings.codes import QUERIES
from dicomsniff.findings.finding import Finding, Severity
from dicomsniff.findings.slowness import slow_because
from dicomsniff.side import Side
from findings.found import found_in
from findings.stall_cases import STORE, asked_in_vain, getting, probes, sent_in_vain, stopped, with_closed_window
from findings.traffic import IDENTIFIER, SEARCH, SECOND, established, healthy, match, opened, with_window
from pipeline import analyze_frames, findings_of, only
from unmarked import verdict

ENDS = {
    "reset by the client": (lambda talk: talk.reset(0), "reset the TCP connection"),
    "reset by the server": (lambda talk: talk.reset(1), "reset the TCP connection"),
    "abort by the client": (lambda talk: _aborted(talk, 0), "aborted"),
    "abort by the server": (lambda talk: _aborted(talk, 1), "aborted"),
    "close by the client": (lambda talk: talk.close(), "closed the TCP connection"),
}
SIDES = {0: Side.REQUESTOR, 1: Side.ACCEPTOR}


def _aborted(talk: build.Talk, side: int) -> build.Talk:
    (talk.server if side else talk.client)(build.abort())
    return talk.close()


def _probed(talk: build.Talk) -> build.Talk:
    """The sender asks whether there is room, by a segment without bytes."""
    talk.acknowledge(0)
    return talk


def _beside_queries(association: Association) -> list[Finding]:
    """Findings but those on what a C-GET asks for, which here is nothing."""
    return [each for each in findings_of(association).causes if each.code not in QUERIES]


def cause(association: Association) -> tuple[str, Side | None, str]:
    first = _beside_queries(association)[0]
    return first.code, first.side, first.message


@pytest.mark.parametrize("sender", SIDES)
@pytest.mark.parametrize("end", ENDS)
def test_a_closed_window_is_the_receivers(sender, end):
    how, words = ENDS[end]
    if end == f"abort by the {'server' if sender else 'client'}":
        return  # its A-ABORT would have to be part of the message
    (association,) = analyze_frames(with_closed_window(stopped(how, sender=sender))).associations
    code, side, text = cause(association)
    assert (code, side) == ("receiver-stopped-reading", SIDES[1 - sender])
    assert text.startswith(association.party(SIDES[1 - sender]).label + " stopped reading: ")
    assert "closed for 10.0 s within C-STORE-RQ 1" in text
    assert text.endswith(words)
    assert len(_beside_queries(association)) == 1


def test_a_window_that_opened_again_is_not_what_a_sender_stopped_for():
    talk = established()
    talk.client(STORE[:1000])
    talk.acknowledge(1)
    talk.wait(2 * SECOND)
    talk.acknowledge(1)
    talk.client(STORE[1000:3000])
    talk.acknowledge(1)
    talk.wait(10 * SECOND)
    (association,) = analyze_frames(with_closed_window(talk.reset(0))).associations
    assert cause(association)[:2] == ("sender-stopped", Side.REQUESTOR)


@pytest.mark.parametrize("sender", SIDES)
@pytest.mark.parametrize("end", ENDS)
def test_a_sender_that_stops_in_the_middle_is_the_cause(sender, end):
    how, words = ENDS[end]
    association = only(stopped(how, sender=sender).packets)
    code, side, text = cause(association)
    if end == f"abort by the {'server' if sender else 'client'}":
        return
    assert (code, side) == ("sender-stopped", SIDES[sender])
    assert text.startswith(association.party(SIDES[sender]).label + " stopped sending in the middle of C-STORE-RQ 1")
    assert "10.0 s later" in text
    assert text.endswith(words)


def test_half_a_request_for_an_association_counts_as_well():
    request = build.associate_rq(*(build.proposal(number) for number in range(1, 40, 2)))
    talk = build.Talk().open()
    talk.client(request[:300])
    talk.acknowledge(1)
    talk.wait(30 * SECOND)
    association = only(talk.reset(1).packets)
    assert cause(association)[0] == "sender-stopped"
    assert "in the middle of A-ASSOCIATE-RQ" in cause(association)[2]


def test_bytes_that_never_arrive_are_nobodys_fault():
    code, side, text = cause(only(sent_in_vain(acknowledged=False)))
    assert (code, side) == ("bytes-never-acknowledged", None)
    assert text.startswith("1000 bytes of C-STORE-RQ 1, sent again by ")


@pytest.mark.parametrize("side", [0, 1])
def test_whoever_asks_in_vain_whether_the_other_is_there_is_not_to_blame_for_the_reset(side):
    association = only(asked_in_vain(9, side=side))
    asking, asked = (association.party(SIDES[each]).label for each in (side, 1 - side))
    code, who, text = cause(association)
    assert (code, who) == ("keep-alives-unanswered", SIDES[1 - side])
    assert text.startswith(f"{asked} answered none of 9 keep-alives that {asking} sent in 10 min 0 s: it is gone, or")


def answered_by_abort(talk: build.Talk) -> None:
    talk.server(build.abort())
    talk.end(1)


@pytest.mark.parametrize(
    "answer",
    [
        answered_by_abort,
        lambda talk: talk.end(1),
        lambda talk: talk.reset(1),
        lambda talk: talk.server(build.message(1, build.echo_rsp())),
    ],
    ids=["abort", "FIN", "RST", "data"],
)
def test_whatever_comes_back_answers_keep_alives(answer):
    talk = established()
    talk.acknowledge(0)
    talk.wait(60 * SECOND)
    probes(talk, 0, 4, 75 * SECOND)
    answer(talk)
    assert "keep-alives-unanswered" not in [finding.code for finding in found_in(talk.packets)]


def test_probes_of_a_closed_window_copies_and_bytes_sent_again_are_no_keep_alives():
    def codes(frames: list[build.Frame] | list[build.Packet]) -> list[str]:
        return [finding.code for finding in found_in(frames)]

    closed = stopped(lambda talk: probes(talk, 0, 5, 5 * SECOND).reset(0))
    assert "keep-alives-unanswered" not in codes(with_closed_window(closed))
    talk = probes(established(), 0, 2, 75 * SECOND)
    twice = [copy for packet in talk.packets for copy in (packet, packet._replace(time=packet.time + 1000))]
    assert "keep-alives-unanswered" not in codes(twice)
    talk = established()
    (*_, last) = talk.pieces(0, [STORE[:999], STORE[999:1000]])
    for _ in range(5):
        talk.wait(SECOND)
        talk.packets.append(last._replace(time=talk.time))
    assert "keep-alives-unanswered" not in codes(talk.reset(0).packets)


@pytest.mark.parametrize(("tries", "answered"), [(2, False), (9, True)])
def test_a_few_keep_alives_without_an_answer_and_answered_ones_say_nothing(tries, answered):
    assert cause(only(asked_in_vain(tries, answered=answered)))[0] != "keep-alives-unanswered"


def test_a_sender_that_is_interrupted_at_once_has_not_stopped():
    talk = established()
    talk.client(STORE[:3000])
    talk.acknowledge(1)
    talk.server(build.abort())
    assert cause(only(talk.close().packets))[0] == "association-aborted"


@pytest.mark.parametrize(("microseconds", "told"), [(999, False), (1000, True)])
def test_a_window_that_is_closed_for_less_than_a_millisecond_is_not_told(microseconds, told):
    packets, closed = healthy(), 6
    opened = next(at for at in range(closed + 1, len(packets)) if packets[at].flow == packets[closed].flow)
    early = packets[opened].time - packets[closed].time - microseconds * 1000
    packets[opened:] = [packet._replace(time=packet.time - early) for packet in packets[opened:]]
    packets[closed + 1 : opened] = [
        packet._replace(time=packets[closed].time) for packet in packets[closed + 1 : opened]
    ]
    (association,) = analyze_frames(with_window(packets, closed)).associations
    assert ("window-closed" in [each.code for each in findings_of(association).all]) is told


@pytest.mark.parametrize(("waited", "raised"), [(10 * SECOND, True), (0, False)])
def test_who_stops_reading_the_matches_it_asked_for_is_the_cause(waited, raised):
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_FIND)), build.associate_ac())
    talk.client(build.message(1, build.command_set(SEARCH), IDENTIFIER))
    talk.server(match(0xFF00, data=IDENTIFIER))
    closed = len(talk.packets)
    talk.acknowledge(0)
    talk.wait(waited)
    (association,) = analyze_frames(with_window(talk.reset(1).packets, closed)).associations
    if not raised:
        assert cause(association)[0] != "receiver-stopped-reading"
        return
    assert cause(association) == (
        "receiver-stopped-reading",
        Side.REQUESTOR,
        "STORESCU (10.0.0.1:40001) stopped reading: its TCP window stayed closed for 10.0 s before a final response to "
        "C-FIND-RQ 1; then STORESCP (10.0.0.2:104) reset the TCP connection",
    )


@pytest.mark.parametrize("receiver", SIDES)
@pytest.mark.parametrize("ender", SIDES)
def test_who_stops_reading_behind_the_last_bytes_of_a_request_is_the_cause(receiver, ender):
    talk = getting() if receiver == 0 else established()
    (talk.client if receiver else talk.server)(STORE)
    talk.acknowledge(receiver)
    talk.wait(10 * SECOND)
    (association,) = analyze_frames(with_closed_window(talk.reset(ender))).associations
    code, side, text = cause(association)
    label, who = association.party(SIDES[receiver]).label, association.party(SIDES[ender]).label
    assert (code, side) == ("receiver-stopped-reading", SIDES[receiver])
    assert text.startswith(f"{label} stopped reading: its TCP window stayed closed for 10.0 s before a final response")
    assert text.endswith(f"then {'it' if ender == receiver else who} reset the TCP connection")
    assert association.timing.part(Part.THINKING, SIDES[receiver]) < SECOND
    assert association.timing.part(Part.WINDOW, SIDES[1 - receiver]) >= 10 * SECOND


@pytest.mark.parametrize("receiver", SIDES)
@pytest.mark.parametrize("closed", [True, False])
def test_an_answer_that_was_late_because_nobody_read_is_no_thinking(receiver, closed):
    talk = getting() if receiver == 0 else established()
    ask, reply = (talk.client, talk.server) if receiver else (talk.server, talk.client)
    ask(STORE)
    talk.acknowledge(receiver)
    talk.wait(10 * SECOND)
    talk.acknowledge(receiver)
    talk.wait(3 * SECOND)
    reply(build.message(3, build.store_rsp()))
    frames = with_closed_window(talk) if closed else build.frames(talk.packets)
    (association,) = analyze_frames(frames).associations
    window, thought = (association.timing.part(part) // SECOND for part in (Part.WINDOW, Part.THINKING))
    assert (window, thought) == ((10, 3) if closed else (0, 13))
    who = "requestor" if receiver == 0 else "acceptor"
    said = f"the {who} did not read what it was sent" if closed else f"the {who} took 13.0 of 13.0 s to answer"
    assert said in slow_because(association)


@pytest.mark.parametrize("sender", [0, 1])
@pytest.mark.parametrize(("said", "is_none"), [(b"\r\n\r\n", True), (b"\1\0\0", False)])
def test_a_few_bytes_that_begin_no_pdu_are_no_pdu_that_was_broken_off(sender, said, is_none):
    talk = build.Talk().open()
    if sender:
        talk.client(build.associate_rq())
    (talk.server if sender else talk.client)(said)
    talk.acknowledge(1 - sender)
    talk.wait(10 * SECOND)
    (talk.client if sender else talk.server)(build.abort(2, 1))
    talk.end(1 - sender)
    association = only(talk.packets)
    (found,) = [each.message for each in findings_of(association).all if each.code == "sender-stopped"]
    assert ("sends 4 bytes, which begin no PDU: it does not speak DICOM; 10.0 s later" in found) is is_none
    assert ("stopped sending in the middle of a PDU header" in found) is not is_none


def again_and_again(talk: build.Talk, packet: build.Packet, times: int) -> build.Talk:
    """Send a segment again, each time after twice as long."""
    for number in range(times):
        talk.wait(SECOND // 4 << number)
        talk.packets.append(packet._replace(time=talk.time))
    return talk


@pytest.mark.parametrize(("times", "told"), [(5, True), (3, False)])
def test_what_is_sent_again_in_vain_is_told_when_the_capture_ends(times, told):
    """Nobody has given up yet; what is sent again for 1.75 s may arrive still."""
    talk = established()
    talk.client(STORE[:1000])
    talk.acknowledge(1)
    again_and_again(talk, talk.client(STORE[1000:2000])[0], times)
    association = only(talk.packets)
    if not told:
        assert cause(association)[0] == "capture-ends-early"
        return
    code, side, text = cause(association)
    assert (code, side) == ("bytes-never-acknowledged", None)
    assert text.endswith("nothing was for 7.75 s, until the capture ended")
    (found,) = [each for each in findings_of(association).causes if each.code == code]
    assert found.severity is Severity.WARNING
    assert found.followers[-1].code == "capture-ends-early"
    assert verdict(association, findings_of(association)).startswith(f"unfinished: {text}")


def test_that_only_small_segments_get_through_is_told_of_half_a_negotiation_too():
    request = build.associate_rq(*(build.proposal(number) for number in range(1, 120, 2)))
    talk = build.Talk().open()
    packets = talk.client(request)
    again_and_again(talk, packets[0], 5)
    association = only(talk.packets)
    assert "an MTU that is too small on the path?" in cause(association)[2]
    assert "twice" not in " ".join(each.line for each in findings_of(association).all)


@pytest.mark.parametrize(("seconds", "told"), [(4, True), (2, False)])
def test_a_window_that_is_closed_when_the_capture_ends_is_told(seconds, told):
    talk = stopped(_probed, wait=seconds * SECOND)
    (association,) = analyze_frames(with_closed_window(talk)).associations
    code, side, text = cause(association)
    assert (code == "receiver-stopped-reading") is told
    if told:
        assert side is Side.ACCEPTOR
        assert text.endswith("; so it was when the capture ended")
