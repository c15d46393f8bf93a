"""What went wrong on the wire is told first and as what it is, although the capture lacks some of the bytes."""

import pytest

import build
from dicomsniff.findings.finding import Severity
from findings.found import analyzed, found_in
from findings.test_field_reports import told
from findings.traffic import established, released, stored
from pipeline import findings_of
from unmarked import verdict

SCU, SCP = "STORESCU (10.0.0.1:40001)", "STORESCP (10.0.0.2:104)"
STORED = build.message(3, build.store_rsp(1))
OBJECT = build.message(3, build.store_rq(1), build.pixels(60_000))


def with_hole(data: bytes = OBJECT, lost: int = 2920) -> build.Talk:
    """An object of which the capture lacks some bytes, and the rest never came."""
    talk = established()
    talk.client(data[:14_600])
    talk.lose(0, lost)
    talk.client(data[14_600 + lost : 30_000])
    return talk


def cut_short(packets: list[build.Packet], keep: int = 42) -> list[build.Packet]:
    """The same with a snaplen that keeps the first bytes of each packet's payload."""
    return [packet._replace(cut=max(0, len(packet.data) - keep)) if packet.data else packet for packet in packets]


def codes(packets: list[build.Packet]) -> list[str]:
    (association,) = analyzed(packets).associations
    return [finding.code for finding in findings_of(association).causes]


@pytest.mark.parametrize(
    ("end", "said", "code"),
    [
        (lambda talk: talk.reset(1), f"{SCP} reset the TCP connection within C-STORE-RQ 1", "connection-reset"),
        (lambda talk: talk.end(1), f"{SCP} closed the TCP connection within C-STORE-RQ 1", "connection-closed-early"),
        (lambda talk: talk.reset(0), f"{SCU} reset the TCP connection within C-STORE-RQ 1", "connection-reset"),
    ],
)
def test_who_broke_off_an_object_is_told_before_the_bytes_that_the_capture_lacks(end, said, code):
    packets = end(with_hole()).packets
    assert told(packets, code) == [said]
    (association,) = analyzed(packets).associations
    assert verdict(association) == f"unfinished: {said}"
    assert codes(packets).index(code) < codes(packets).index("bytes-missing")


def test_an_abort_comes_before_the_bytes_that_the_capture_lacks():
    talk = with_hole()
    talk.server(build.abort())
    packets = talk.end(1).packets
    assert codes(packets)[0] == "association-aborted"


def test_a_reset_is_no_breach_where_both_sides_may_have_released_in_holes():
    talk = stored()
    talk.lose(0, 10)
    talk.lose(1, 10)
    talk.client(bytes(4))
    talk.server(bytes(4))
    assert not told(talk.reset(1).packets, "connection-reset")


@pytest.mark.parametrize(("lost", "severities"), [((5000, 7920), [Severity.WARNING]), ((14_600, 17_520), [])])
def test_a_reset_after_the_response_loses_nothing_unless_the_hole_may_hold_a_request(lost, severities):
    begin, end = lost
    talk = established()
    talk.client(OBJECT[:begin])
    talk.lose(0, end - begin)
    talk.client(OBJECT[end:])
    talk.server(build.message(3, build.store_rsp(1)))
    found = found_in(talk.reset(1).packets)
    assert [each.severity for each in found if each.code == "connection-reset"] == severities


def test_of_packets_cut_short_a_reset_is_told_and_who_had_spoken_last():
    talk = stored(2, 500)
    talk.client(OBJECT[:5000])
    packets = cut_short(talk.reset(1).packets)
    said = f"{SCP} reset the TCP connection before it answered what {SCU} had sent"
    assert told(packets, "connection-reset") == [said]
    assert not told(cut_short(stored(2, 500).reset(1).packets), "connection-reset")


def test_messages_whose_command_is_cut_short_are_counted_as_unknown():
    talk = stored(3, 500)
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    packets = cut_short(talk.close().packets)
    analyzer = analyzed(packets)
    (association,) = analyzer.associations
    assert verdict(association) == "released: 6 unknown messages"
    assert analyzer.verdict.endswith("; 6 unknown messages")
    assert not [each for each in found_in(packets) if "Command Field" in each.message]


def test_a_capture_of_packets_cut_short_does_not_end_within_what_was_answered():
    talk = established()
    for side, data in enumerate((build.message(3, build.store_rq(1), build.pixels(100)), STORED)):
        talk.pieces(side, [data[:12], data[12:]])
    packets = cut_short(talk.packets, 94)
    (association,) = analyzed(packets).associations
    assert {message.name: message.ended for message in association.messages} == {
        "C-STORE-RSP": True,
        "C-STORE-RQ": False,
    }
    assert not told(packets, "capture-ends-early")
    assert told(packets[:-2], "capture-ends-early") == ["the capture ends within C-STORE-RQ 1"]


ASK, REPLY = build.message(3, build.store_rq(2), build.pixels(8000)), build.message(3, build.store_rsp(2))


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize("side", [0, 1])
def test_nothing_is_promised_of_what_a_short_snaplen_cut_off(side, answered):
    talk = stored(1, 8000)
    talk.client(ASK)
    if answered:
        talk.server(REPLY)
    talk.end(side)
    summary, who = analyzed(cut_short(talk.packets, 140)).verdict, ("STORESCU", "STORESCP")[side]
    assert "nothing was lost" not in summary
    if answered:
        how = "while the association was established"
        assert summary.startswith(f"the association did not end by a release: {who} closed the TCP connection {how}")
        assert analyzed(talk.packets).verdict.startswith("nothing was lost, but the association did not end by a rel")
    else:
        how = "before a final response to C-STORE-RQ 2"
        assert summary.startswith(f"the association is in trouble: {who} closed the TCP connection {how}")


@pytest.mark.parametrize("lost", [True, False])
def test_a_request_that_the_capture_does_not_hold_whole_got_no_answer_unless_that_may_be_lost(lost):
    talk = stored(1, 8000)
    talk.client(ASK)
    if lost:
        talk.lose(1, len(REPLY))
    assert bool(told(cut_short(released(talk), 140), "request-unanswered")) is not lost


def test_a_response_whose_status_was_cut_off_is_no_missing_response():
    (association,) = analyzed(cut_short(released(stored(2, 8000)), 74)).associations
    assert verdict(association) == "released: 2 C-STORE, no response whose status is in the capture"
