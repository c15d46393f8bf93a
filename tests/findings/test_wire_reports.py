"""What the wire itself tells of a failure: which UID is malformed, which message was cut, who reset, who stayed."""

import pytest

import build
from dicomsniff.association.timeline import UnexpectedPdu
from findings.found import analyzed, found_in
from findings.test_field_reports import causes, told
from findings.tls_cases import stalled
from findings.traffic import SECOND, associate_ac, associate_rq, established, opened, released, role, stored, talked
from pipeline import findings_of
from unmarked import verdict

SCU, SCP = "STORESCU (10.0.0.1:40001)", "STORESCP (10.0.0.2:104)"


# UIDs of the negotiation


@pytest.mark.parametrize(
    ("packets", "said"),
    [
        (
            opened(build.associate_rq(build.proposal(1, "1.2.840.x")), b"").end(1).packets,
            "A-ASSOCIATE-RQ has 1 malformed UID: Abstract Syntax 1.2.840.x (9 bytes)",
        ),
        (
            opened(build.associate_rq(build.proposal(1, transfer=("1.02",))), b"").end(1).packets,
            "A-ASSOCIATE-RQ has 1 malformed UID: Transfer Syntax 1.02 (4 bytes)",
        ),
        (
            opened(answer=build.associate_ac().replace(b"1.2.3.4", b"1.2.3.x")).end(0).packets,
            "A-ASSOCIATE-AC has 1 malformed UID: Implementation Class UID 1.2.3.x (7 bytes)",
        ),
    ],
)
def test_a_malformed_uid_is_told_by_what_it_stands_for(packets, said):
    assert told(packets, "uid-malformed") == [said]


def test_a_padded_uid_is_told_by_what_it_stands_for():
    packets = opened(answer=build.associate_ac(build.answer(1, transfer=build.IMPLICIT + "\0"))).end(0).packets
    assert told(packets, "uid-padded") == [
        f"A-ASSOCIATE-AC has 1 UID padded to even length: Transfer Syntax {build.IMPLICIT}"
    ]


# Messages


def test_a_message_that_another_interrupts_is_told_by_its_message_id():
    begun = build.command_pdu(3, build.store_rq(7)) + build.p_data(build.pdv(3, build.pixels(1000)[:-2], last=False))
    talk = talked((0, begun + build.message(3, build.store_rq(8), build.pixels(8))), (1, build.abort(2)))
    assert told(talk.end(1).packets, "message-interrupted") == [
        "C-STORE-RQ 7 is interrupted by the next message before the last fragment of its data set"
    ]


def test_a_message_that_is_cut_off_is_told_by_its_message_id():
    begun = build.command_pdu(3, build.store_rq(7)) + build.p_data(build.pdv(3, build.pixels(1000)[:-2], last=False))
    assert told(talked((0, begun)).end(0).packets, "message-incomplete") == [
        "C-STORE-RQ 7 is incomplete: the last fragment of its data set never came"
    ]


# Resets


@pytest.mark.parametrize("first", [0, 1])
def test_resets_of_both_sides_in_one_moment_are_a_device_s_between_them(first):
    talk = stored()
    talk.client(build.message(3, build.store_rq(2), build.pixels(4000))[:2000])
    packets = talk.reset(first).reset(1 - first).packets
    assert told(packets, "connection-reset") == [
        "both sides sent TCP RST within C-STORE-RQ 2, 1.00 ms apart; neither answers the other's: likely a firewall or "
        "another device between them broke the connection off"
    ]


@pytest.mark.parametrize("sender", [0, 1])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("later", [0, 5 * SECOND])
def test_a_pdu_that_is_cut_off_blames_who_reset_first(later, first, sender):
    both = role(build.CT_IMAGE_STORAGE, 1, 1)
    talk = opened(associate_rq(more=(both,)), associate_ac(more=(both,)))
    (talk.server if sender else talk.client)(build.message(3, build.store_rq(), build.pixels(4000))[:2000])
    talk.reset(first).wait(later)
    packets = talk.reset(1 - first).packets
    (said,) = told(packets, "pdu-incomplete")
    own = f"; {(SCU, SCP)[sender]}, its sender, reset the TCP connection" if later and first == sender else ""
    assert said.partition(" before its end")[2] == own
    assert causes(packets, "pdu-incomplete") == ["connection-reset"]


@pytest.mark.parametrize("sender", [0, 1])
@pytest.mark.parametrize("size", [4000, 400_000])
def test_an_abort_within_an_unfinished_pdu_is_seen(size, sender):
    both = role(build.CT_IMAGE_STORAGE, 1, 1)
    talk = opened(associate_rq(more=(both,)), associate_ac(more=(both,)))
    send, message = (talk.client, talk.server)[sender], build.message(3, build.store_rq(), build.pixels(size))
    send(message[:-1000])
    send(build.abort())
    (said,) = told(talk.end(sender).packets, "pdu-incomplete")
    assert "; its last bytes, which came by themselves, are an A-ABORT, sent within the PDU; " in said


@pytest.mark.parametrize("sender", [0, 1])
@pytest.mark.parametrize("end", ["own FIN", "own RST", "other FIN", "other RST", "none"])
def test_whoever_ends_tcp_after_an_abort_within_a_pdu_the_abort_is_the_cause(end, sender):
    both = role(build.CT_IMAGE_STORAGE, 1, 1)
    talk = opened(associate_rq(more=(both,)), associate_ac(more=(both,)))
    send, message = (talk.client, talk.server)[sender], build.message(3, build.store_rq(), build.pixels(4000))
    send(message[:-1000])
    send(build.abort())
    who, _, how = end.partition(" ")
    by = sender if who == "own" else 1 - sender
    packets = {"FIN": talk.end, "RST": talk.reset, "": lambda _: talk}[how](by).packets
    (said,) = told(packets, "abort-within-pdu")
    assert said == f"{(SCU, SCP)[sender]} sent A-ABORT within an unfinished P-DATA-TF of C-STORE-RQ 1"
    then = {"FIN": "connection-closed-early", "RST": "connection-reset", "": "capture-ends-early"}[how]
    assert causes(packets, then) == ["abort-within-pdu"]
    assert not how or causes(packets, "pdu-incomplete") == ["abort-within-pdu"]


@pytest.mark.parametrize("last", [b"\7\0\0\0\0\4\0\0\0", b"\7\0\0\0\0\5\0\0\0\0", bytes(10)])
def test_other_bytes_at_the_end_of_an_unfinished_pdu_are_no_abort(last):
    talk = established()
    talk.client(build.message(3, build.store_rq(), build.pixels(4000))[:2000])
    talk.client(last)
    packets = talk.end(0).packets
    (said,) = told(packets, "pdu-incomplete")
    assert "A-ABORT" not in said
    assert not told(packets, "abort-within-pdu")


@pytest.mark.parametrize("reset", [True, False])
def test_who_breaks_off_within_an_association_request_is_named(reset):
    talk = build.Talk().open()
    talk.client(build.associate_rq()[:100])
    packets = (talk.reset(1) if reset else talk.end(1)).packets
    (said,) = told(packets, "pdu-incomplete")
    if reset:
        assert causes(packets, "pdu-incomplete") == ["connection-reset"]
        assert said.endswith("before its end")
    else:
        assert said.endswith("before its end; STORESCP (10.0.0.2:104), its receiver, closed the TCP connection")


def test_a_reset_that_its_sender_repeats_is_its_own():
    talk = established()
    talk.client(build.message(3, build.store_rq(2), build.pixels(8)))
    packets = talk.reset(1).reset(1).packets
    assert told(packets, "connection-reset") == [
        f"{SCP} reset the TCP connection before a final response to C-STORE-RQ 2"
    ]


def test_a_reset_long_after_that_of_the_other_side_is_another_matter():
    talk = established()
    talk.client(build.message(3, build.store_rq(2), build.pixels(8)))
    talk.reset(1).wait(5 * SECOND)
    assert told(talk.reset(0).packets, "connection-reset") == [
        f"{SCP} reset the TCP connection before a final response to C-STORE-RQ 2"
    ]


# TLS


@pytest.mark.parametrize(
    ("turns", "by", "said"),
    [
        (
            1,
            0,
            "10.0.0.2:2762 gave no answer to the ClientHello of 10.0.0.1 in 30.0 s; then 10.0.0.1 closed the "
            "connection",
        ),
        (
            2,
            1,
            "10.0.0.1 gave no answer to the ServerHello of 10.0.0.2:2762 in 30.0 s; then 10.0.0.2:2762 "
            "closed the connection",
        ),
        (
            3,
            0,
            "10.0.0.2:2762 gave no answer to the part of the TLS handshake of 10.0.0.1 in 30.0 s; then 10.0.0.1 closed "
            "the connection",
        ),
    ],
)
def test_who_is_silent_in_a_tls_handshake_is_named(turns, by, said):
    assert told(stalled(turns, by=by), "tls-unanswered") == [said]


def test_a_silence_that_is_cut_short_or_outside_the_capture_is_nobody_s():
    assert not told(stalled(1, SECOND // 5), "tls-unanswered")
    heard = [packet for packet in stalled(1) if packet.flow == stalled(1)[0].flow]
    assert not told(heard, "tls-unanswered")


def test_tls_that_is_unread_without_a_reason_reads_as_a_sentence():
    assert "encrypted, and ;" not in told(stalled(1, SECOND // 5), "tls-unread")[0]


# TCP


def test_a_connection_that_nobody_answers_is_told_with_its_tries():
    talk = build.Talk()
    for tries in range(4):
        talk.packets.append(build.Talk().call().packets[0]._replace(time=talk.time + (1 << tries) * SECOND))
    assert told(talk.packets, "connection-failed") == [
        "10.0.0.2:104 gave no answer to 1 TCP connection (4 SYNs) from 10.0.0.1: a wrong address, a firewall, or the "
        "host is down"
    ]


# Short snaplens


def snapped(talk: build.Talk, keep: int = 74) -> list[build.Packet]:
    """The packets of a talk, of which the capture keeps the first bytes only."""
    return [packet._replace(cut=max(len(packet.data) - keep, 0)) for packet in talk.packets]


def test_a_short_snaplen_is_one_cause_with_what_to_do():
    (association,) = (analyzer := analyzed(snapped(stored(5)))).associations
    (cause,) = findings_of(association).causes
    assert (cause.code, cause.side) == ("bytes-missing", None)
    assert cause.message.endswith("the capture kept only the beginning of each packet (a short snaplen)")
    assert sum(each.code == "message-partly-captured" for each in cause.all()) == 1
    assert [each.message for each in analyzer.findings if each.code == "packets-cut"] == [
        "the capture kept only the beginning of each packet (a short snaplen), and the association lacks bytes; "
        "capture again with whole packets (tcpdump -s 0)"
    ]


def test_a_short_snaplen_of_several_associations_is_one_finding_of_the_capture():
    other = build.Talk(client=("10.0.0.9", 40009)).open()
    packets = [*snapped(stored(5)), *talked((0, build.message(3, build.echo_rq())), talk=other).close().packets]
    assert [said.split(", and ")[1] for said in told(packets, "packets-cut")] == [
        "1 of 2 associations lacks bytes; capture again with whole packets (tcpdump -s 0)"
    ]


def test_a_response_whose_status_a_short_snaplen_cut_off_has_come():
    talk = stored(2)
    talk.wait(3 * SECOND)
    talk.acknowledge(0)
    packets = snapped(talk, 92)
    assert not told(packets, "capture-ends-early")
    (association,) = analyzed(packets).associations
    assert verdict(association) == (
        "unfinished: 2 C-STORE, all with a status missing from the capture; the capture ends without a release"
    )


def test_a_request_without_a_response_is_told_beside_those_whose_status_is_missing():
    talk = stored(2)
    talk.client(build.message(3, build.store_rq(9), build.pixels(8)))
    talk.wait(3 * SECOND)
    talk.acknowledge(0)
    packets = [*snapped(talk, 92)[:-3], *talk.packets[-3:]]
    assert [said.partition(" (")[0] for said in told(packets, "capture-ends-early")] == [
        "the capture ends before a final response to C-STORE-RQ 9"
    ]


# Titles


@pytest.mark.parametrize(
    ("title", "said"),
    [
        (b"CT\\1", r"CT\1 with a backslash: no AE title may have it"),
        (b"CT1\t", r"CT1\x09 with a tab: no AE title may have it"),
        (b"CT1\r\n", r"CT1\x0d\x0a with a carriage return and a line feed: no AE title may have them"),
        (b"C\0T\x1b", r"C\x00T\x1b with a NUL and the control character 1BH: no AE title may have them"),
        (b"\x01\x02T\x02", r"\x01\x02T\x02 with the control characters 01H 02H: no AE title may have them"),
        (b"CT\xe9", r"CT\xe9 with the byte E9H, which is not ASCII: no AE title may have it"),
        (
            "CTÄ".encode(),
            r"CT\xc3\x84 with the bytes C3H 84H, which are not ASCII: no AE title may have them",
        ),
        (
            b"\xc0\xb3`I\t\xfc\x7f",  # what a sonography machine really sent, and a tab
            r"\xc0\xb3`I\x09\xfc\x7f with a tab, the control character 7FH and the bytes C0H B3H FCH, "
            "which are not ASCII: no AE title may have them",
        ),
    ],
)
@pytest.mark.parametrize("which", ["calling", "called"])
def test_what_no_ae_title_may_have_is_named(which, title, said):
    request = build.associate_rq()
    at = 26 if which == "calling" else 10
    request = request[:at] + title.ljust(16) + request[at + 16 :]
    (finding,) = told(
        talked((0, request), (1, build.associate_rj()), talk=build.Talk().open()).packets, "ae-title-malformed"
    )
    assert finding.endswith(f" sends the {which} AE title {said}")


# One direction


@pytest.mark.parametrize("side", [0, 1])
def test_of_one_direction_nothing_is_unexpected(side):
    packets = released(stored(2))
    half = [packet for packet in packets if packet.flow == packets[side].flow]
    (association,) = analyzed(half).associations
    assert not [entry for entry in association.timeline if isinstance(entry.event, UnexpectedPdu)]
    assert told(half, "one-direction")[0].startswith("one direction only: nothing sent by STORES")


def test_what_is_unexpected_of_a_side_whose_peer_is_heard_is_still_told():
    packets = talked((0, build.release_rq()), (1, build.release_rp()), (1, build.release_rp())).packets
    (association,) = analyzed(packets).associations
    assert [entry.event.pdu for entry in association.timeline if isinstance(entry.event, UnexpectedPdu)] == [
        "A-RELEASE-RP"
    ]


# Likely reasons


@pytest.mark.parametrize(
    ("elements", "reference"),
    [
        ({0x1000: "1.2.3 "}, "PS3.5 §9.1"),
        ({0x1000: "1.2.x"}, "PS3.5 §9.1"),
    ],
)
def test_a_likely_reason_is_judged_by_the_clause_of_the_reason(elements, reference):
    command = {2: build.CT_IMAGE_STORAGE, 0x100: 1, 0x110: 1, 0x700: 0, 0x800: 1, 0x1000: "1.2.3"} | elements
    packets = (
        talked((0, build.message(3, build.command_set(command), build.pixels(8))), (1, build.abort())).end(1).packets
    )
    assert [each.reference for each in found_in(packets) if each.code == "likely-reason"] == [reference]


# What stays open


@pytest.mark.parametrize(
    ("turns", "closer"),
    [
        (((0, build.release_rq()), (1, build.release_rp())), SCU),
        (((1, build.abort()),), SCU),
        (((0, build.abort()),), SCP),
    ],
)
@pytest.mark.parametrize("by", [0, 1])
def test_who_was_to_close_the_connection_is_told_where_it_stays_open(turns, closer, by):
    talk = talked(*turns)
    talk.wait(120 * SECOND)
    (said,) = told(talk.end(by).packets, "connection-left-open")
    assert said.startswith("the TCP connection stayed open for 120 s after the association was over")
    assert said.endswith(f"; {closer} was to close it")


def test_a_connection_that_is_closed_soon_after_the_end_is_not_left_open():
    talk = talked((0, build.release_rq()), (1, build.release_rp()))
    talk.wait(30 * SECOND)
    assert not told(talk.end(1).packets, "connection-left-open")


@pytest.mark.parametrize("syntax", [b"", build.item(0x40, b"")])
def test_a_refused_context_without_a_transfer_syntax_is_offered_as_the_reason_of_an_abort(syntax):
    refused = build.item(0x21, bytes([3, 0, 3, 0]) + syntax)
    packets = talked(
        (0, build.associate_rq(build.proposal(1), build.proposal(3, build.CT_IMAGE_STORAGE))),
        (1, build.associate_ac(build.answer(1), refused)),
        (0, build.abort()),
        talk=build.Talk().open(),
    ).packets
    (said,) = told(packets, "likely-reason")
    assert "; its answer to context 3 has no transfer syntax, which some receivers need: likely why " in said
