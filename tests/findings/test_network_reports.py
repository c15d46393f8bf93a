"""What befalls associations below DIMSE, as people report it: other protocols, cut captures, resets, refusals."""

import pytest

import build
from dicomsniff.findings.engine import flatten
from dicomsniff.findings.finding import Severity
from findings.found import analyzed, found_in
from findings.release_cases import ASK, ECHO, ECHOED, GRANT, closed_before, ended, partly_refused
from findings.stranger_cases import HL7, PROXY_BYTES, PROXY_LINE, behind, opened_in_silence, stranger
from findings.test_field_reports import causes, told
from findings.traffic import (
    SECOND,
    associate_ac,
    associate_rq,
    echoed,
    established,
    opened,
    released,
    stored,
    talked,
    with_client,
)
from pipeline import findings_of
from tls import client_hello, handshake
from unmarked import verdict

SCU, SCP = "STORESCU (10.0.0.1:40001)", "STORESCP (10.0.0.2:104)"
UNFINISHED = build.command_pdu(3, build.store_rq()) + build.p_data(build.pdv(3, build.pixels(1000)[:-2], last=False))
"""A message whose last fragment does not come."""
NOTHING_LOST = "; every request had been answered, so nothing was lost by it"


def severities(packets: list[build.Packet], code: str) -> list[Severity]:
    return [finding.severity for finding in found_in(packets) if finding.code == code]


# Other protocols


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (b"<html>\r\n<head><title>400</title></head></html>", "HTTP (a web page)"),
        (b'<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">', "HTTP (a web page)"),
        (b"J\0\0\0\n8.0.33\0" + bytes(60), "MySQL"),
        (b"\x0bFHS|^~\\&|A|B\r\x1c\r", "HL7 (MLLP)"),
        (b"220 (vsFTPd 3.0.5)\r\n", "FTP or SMTP"),
        (b"J\0\0\0\x20" + bytes(60), "another protocol"),
    ],
)
def test_an_answer_is_named_by_its_first_bytes_even_where_they_could_begin_a_pdu(said, name):
    packets = talked((0, associate_rq()), (1, said), talk=build.Talk().open()).end(1).packets
    assert told(packets, "other-protocol") == [f"{SCP} answered A-ASSOCIATE-RQ in {name}"]
    assert not told(packets, "association-unanswered")


def test_who_speaks_another_protocol_to_a_port_of_dicom_is_told_though_nobody_answers():
    said = "10.0.0.9 speaks HL7 (MLLP), not DICOM, to 10.0.0.2:104"
    assert told(stranger().end(1).packets, "other-protocol-unanswered") == [
        f"{said}, which closed the connection without an answer"
    ]
    assert told(stranger().reset(1).packets, "other-protocol-unanswered") == [f"{said}, which reset the connection"]
    twice = stranger().close().packets + stranger(number=9).close().packets
    assert told(twice, "other-protocol-unanswered") == [f"{said} on 2 TCP connections, which gave no answer"]
    assert not told(twice, "foreign-protocol")


@pytest.mark.parametrize("packets", [stranger(port=2575).end(1).packets, stranger(HL7, answer=HL7).end(1).packets])
def test_a_protocol_in_its_own_place_is_only_counted(packets):
    assert [finding.code for finding in found_in(packets)] == ["foreign-protocol"]


def test_a_tls_handshake_that_was_refused_is_told_once():
    packets = stranger(handshake(client_hello())).end(1).packets
    assert [finding.code for finding in found_in(packets)] == ["tls-refused"]
    elsewhere = stranger(handshake(client_hello()), port=4242).end(1).packets
    assert [finding.code for finding in found_in(elsewhere)] == ["tls-handshake-refused"]


@pytest.mark.parametrize("header", [PROXY_LINE, PROXY_BYTES])
def test_a_load_balancer_s_header_is_why_the_acceptor_aborts(header):
    packets = behind(header, build.abort(2, 1)).end(1).packets
    assert causes(packets, "provider-aborted") == ["proxy-header"]
    (association,) = analyzed(packets).associations
    assert verdict(association).startswith("aborted by the acceptor: a header of the PROXY protocol stands before")


@pytest.mark.parametrize("header", [PROXY_LINE, PROXY_BYTES])
def test_a_load_balancer_s_header_that_the_acceptor_takes_is_a_note(header):
    packets = released(echoed(behind(header, associate_ac())))
    assert {finding.severity for finding in found_in(packets)} == {Severity.NOTE}


# Connections on which nobody speaks


def test_who_opens_a_connection_and_says_nothing_until_the_other_side_ends_it_is_told():
    said = "10.0.0.9 opened 1 TCP connection to 10.0.0.2:104 and sent nothing, no A-ASSOCIATE-RQ; 10.0.0.2:104"
    assert told(opened_in_silence().end(1).packets, "connection-silent") == [f"{said} closed it after 30.0 s"]
    assert told(opened_in_silence().reset(1).packets, "connection-silent") == [f"{said} reset it after 30.0 s"]


def test_a_health_check_that_closes_or_resets_at_once_is_no_refusal():
    assert not found_in(build.Talk().open().end(0).packets)
    assert not found_in(build.Talk().open().reset(0).packets)


def test_an_acceptor_that_ends_a_connection_at_once_is_told():
    ended = opened_in_silence(0).end(1).packets + opened_in_silence(0, number=9).end(1).packets
    assert told(ended, "connection-silent") == [
        "10.0.0.2:104 closed 2 TCP connections from 10.0.0.9 at once, before anything was sent"
    ]
    assert not told(opened_in_silence(0).reset(1).packets, "connection-failed")


def test_an_acceptor_that_closes_before_the_request_came_did_not_close_after_it():
    talk = build.Talk().open()
    talk.finish(1)
    talk.client(associate_rq())
    assert told(talk.reset(1).packets, "association-unanswered") == [
        f"{SCP} closed the TCP connection before the A-ASSOCIATE-RQ of {SCU} came"
    ]


@pytest.mark.parametrize("source", [0, 2])
def test_an_abort_in_place_of_an_answer_says_so(source):
    packets = talked((1, build.abort(source, 0)), talk=opened(answer=b"")).end(1).packets
    (association,) = analyzed(packets).associations
    assert verdict(association).endswith(" instead of an answer to A-ASSOCIATE-RQ")
    (finding,) = found_in(packets)
    assert finding.message.endswith(", instead of answering A-ASSOCIATE-RQ")


def test_a_reset_while_an_answer_was_awaited_says_both():
    talk = talked((0, ECHO))
    talk.wait(60 * SECOND)
    (said,) = told(talk.reset(1).packets, "connection-reset")
    assert said == (f"{SCP} reset the TCP connection before a final response to C-ECHO-RQ 1 after 60.0 s of silence")


def test_a_connection_of_which_only_the_opener_was_captured_was_answered():
    talk = build.Talk().open()
    assert not found_in([each for each in talk.close().packets if each.flow == talk.packets[0].flow])


# What a capture cuts off


@pytest.mark.parametrize(
    ("kept", "calling", "called"), [(42, "STORESCU", "STORESCP"), (26, None, "STORESCP"), (60, "STORESCU", "STORESCP")]
)
def test_the_titles_of_an_association_that_a_short_snaplen_cut_are_read(kept, calling, called):
    talk = build.Talk().open()
    for side, data in ((0, associate_rq()), (1, associate_ac()), (0, ECHO), (1, ECHOED)):
        talk.cut(side, data, kept)
    packets = released(talk)
    (association,) = analyzed(packets).associations
    assert (association.requestor.ae_title, association.acceptor.ae_title) == (calling, called)
    assert told(packets, "negotiation-not-captured") == [
        "A-ASSOCIATE-RQ and A-ASSOCIATE-AC cut off: what was negotiated is unknown"
    ]


def test_an_association_whose_answer_alone_is_cut_is_told_so():
    talk = build.Talk().open()
    talk.client(associate_rq())
    talk.cut(1, associate_ac(), 42)
    assert told(released(echoed(talk)), "negotiation-not-captured") == [
        "A-ASSOCIATE-AC cut off: what was negotiated is unknown"
    ]


def test_a_message_that_the_capture_s_end_cuts_is_not_said_never_to_have_come():
    packets = talked((0, build.message(3, build.store_rq(), build.pixels(20_000))[:9000])).packets
    (said,) = told(packets, "message-partly-captured")
    assert said.endswith("the last fragment of its data set is not in the capture")


def test_a_capture_that_ends_at_once_leaves_a_request_unjudged():
    packets = talked((0, ECHO)).packets
    (association,) = analyzed(packets).associations
    assert verdict(association) == "unfinished: the capture ends right after C-ECHO-RQ 1, before its final response"


# Who ended it


@pytest.mark.parametrize("side", [0, 1])
def test_a_reset_says_within_what_it_came(side):
    whole = build.message(3, build.store_rq(), build.pixels(20_000))
    who = (SCU, SCP)[side]
    assert told(talked((0, whole[:9000])).reset(side).packets, "connection-reset") == [
        f"{who} reset the TCP connection within C-STORE-RQ 1"
    ]


@pytest.mark.parametrize("side", [0, 1])
def test_a_reset_when_all_was_answered_loses_nothing(side):
    packets = stored().reset(side).packets
    assert told(packets, "connection-reset") == [f"{(SCU, SCP)[side]} reset the TCP connection{NOTHING_LOST}"]
    assert severities(packets, "connection-reset") == [Severity.WARNING]


@pytest.mark.parametrize(("closer", "resetter"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_a_reset_of_a_connection_that_was_being_closed_is_a_note(closer, resetter):
    talk = talked((0, ECHO))
    talk.finish(closer)
    packets = talk.reset(resetter).packets
    who, by = (SCU, SCP)[resetter], "it" if closer == resetter else (SCU, SCP)[closer]
    assert told(packets, "connection-reset") == [f"{who} reset the TCP connection, which {by} had closed already"]
    assert severities(packets, "connection-reset") == [Severity.NOTE]


def test_an_abort_within_a_transfer_is_the_cause_of_what_it_cuts():
    whole = build.message(3, build.store_rq(), build.pixels(40_000))
    packets = talked((0, whole[:20_000]), (1, build.abort(2, 0)), (0, whole[20_000:30_000])).reset(1).packets
    assert causes(packets, "pdu-incomplete") == ["provider-aborted"]


def test_a_requestor_that_stops_within_its_own_message_and_aborts_is_named():
    talk = talked((0, UNFINISHED))
    talk.acknowledge(1)
    talk.wait(30 * SECOND)
    packets = talked((0, build.abort()), talk=talk).close().packets
    (said,) = told(packets, "sender-stopped")
    assert said.startswith(f"{SCU} stopped sending in the middle of C-STORE-RQ 1")
    assert said.endswith("30.0 s later it aborted")
    assert causes(packets, "association-aborted") == ["sender-stopped"]


def test_an_answer_that_comes_when_the_requestor_has_given_up_is_no_answer():
    talk = opened(answer=b"")
    talk.wait(30 * SECOND)
    talk.client(build.abort())
    talk.wait(15 * SECOND)
    talk.server(associate_ac())
    (association,) = analyzed(talk.reset().packets).associations
    (first, *_) = findings_of(association).causes
    assert first.message == (
        f"{SCU} gave up after 30.0 s and aborted: {SCP} gave no answer to A-ASSOCIATE-RQ; its A-ASSOCIATE-AC came "
        "15.0 s later"
    )
    assert "association-aborted" in {each.code for each in first.followers}


# Releases


def test_a_release_that_nobody_answers_is_why_its_sender_aborts():
    talk = echoed(established())
    talk.client(ASK)
    talk.wait(30 * SECOND)
    packets = talked((0, build.abort()), talk=talk).close().packets
    assert told(packets, "release-unanswered") == [f"{SCP} did not answer A-RELEASE-RQ; after 30.0 s {SCU} aborted"]
    assert causes(packets, "association-aborted") == ["release-unanswered"]
    assert not told(packets, "idle-timeout")


def test_who_closes_before_the_answer_to_its_release_is_told():
    closed = f"{SCU} closed the TCP connection without waiting for A-RELEASE-RP"
    reset, came = closed_before(ASK, reset=True), closed_before(ASK, reset=False)
    assert told(reset, "release-not-awaited") == [f"{closed}; when that came, it reset the connection"]
    assert told(came, "release-not-awaited") == [f"{closed}, which came nevertheless"]
    assert [severities(each, "release-not-awaited") for each in (reset, came)] == [[Severity.WARNING], [Severity.NOTE]]


def test_a_release_within_a_message_names_both():
    assert told(with_client(UNFINISHED), "last-fragment-missing") == [
        f"C-STORE-RQ 1 is incomplete: its last-fragment flag was never set, yet {SCU} went on with A-RELEASE-RQ"
    ]


def test_a_requestor_that_leaves_because_contexts_were_refused_is_told():
    (said,) = told(ended((0, ASK), (1, GRANT), talk=partly_refused()), "released-unused")
    assert said.startswith(f"{SCU} released the association and had sent nothing")
    aborted = talked((0, build.abort()), talk=partly_refused()).close().packets
    assert causes(aborted, "association-aborted") == ["likely-reason"]
    assert told(aborted, "likely-reason")[0].startswith("1 of 2 presentation contexts refused: CT Image Storage")


# Refusals


@pytest.mark.parametrize(
    ("reason", "linked"), [((1, 1, 1), True), ((1, 2, 1), True), ((1, 1, 7), False), ((2, 3, 2), False)]
)
def test_a_refusal_is_for_what_was_wrong_with_the_proposal_unless_it_names_something_else(reason, linked):
    packets = opened(build.associate_rq(build.proposal(2)), build.associate_rj(*reason)).close().packets
    assert causes(packets, "association-rejected") == ["context-id-even"] * linked
    (association,) = analyzed(packets).associations
    assert ("even id" in verdict(association)) is linked
    assert ("even id" in analyzed(packets).verdict_line) is linked


def test_a_refusal_after_the_association_was_accepted_is_out_of_place():
    packets = talked((1, build.associate_rj(1, 1, 1)), (0, build.abort(2, 2))).close().packets
    assert causes(packets, "association-rejected") == ["pdu-unexpected"]


@pytest.mark.parametrize("side", [0, 1])
def test_data_before_the_association_is_accepted_names_who_sent_it(side):
    packets = talked((side, ECHO), (1 - side, build.abort(2, 2)), talk=opened(answer=b"")).close().packets
    assert told(packets, "pdata-before-association") == [
        f"{(SCU, SCP)[side]} sent P-DATA-TF before the association was accepted"
    ]


def test_no_error_is_found_in_a_reset_behind_a_release():
    talk = echoed(established())
    talk.client(ASK)
    talk.server(GRANT)
    assert not flatten(analyzed(talk.reset(0).packets).findings)
    assert Severity.ERROR not in {finding.severity for finding in found_in(talk.packets)}


LONG_NAME = build.item(0x55, b"THIS_NAME_IS_TOO_LONG_1")
TOO_LONG = "is 23 characters long; it may have 16: likely why"


@pytest.mark.parametrize("end", [lambda talk: talk.end(1), lambda talk: talk.reset(1)])
def test_what_is_unusual_in_a_request_is_why_it_gets_no_answer(end):
    packets = end(opened(associate_rq(more=(LONG_NAME,)), b"")).packets
    (said,) = told(packets, "likely-reason")
    assert f"A-ASSOCIATE-RQ {TOO_LONG} {SCP} " in said
    assert causes(packets, "association-unanswered") == ["likely-reason"]


def test_who_gave_up_waiting_may_have_had_no_patience():
    talk = opened(associate_rq(more=(LONG_NAME,)), b"")
    talk.wait(2 * SECOND)
    assert not told(talk.end(0).packets, "likely-reason")


@pytest.mark.parametrize(
    ("request_more", "answer_more", "side"), [((LONG_NAME,), (), 1), ((), (LONG_NAME,), 0)], ids=["request", "answer"]
)
def test_what_is_unusual_in_the_negotiation_is_why_the_other_side_closes_behind_it(request_more, answer_more, side):
    packets = opened(associate_rq(more=request_more), associate_ac(more=answer_more)).end(side).packets
    (said,) = told(packets, "likely-reason")
    assert said.endswith(f"{TOO_LONG} {(SCU, SCP)[side]} closed the connection")
    assert causes(packets, "association-not-released") == ["likely-reason"]


@pytest.mark.parametrize("side", [0, 1])
def test_to_close_before_anything_was_asked_is_a_failure(side):
    assert severities(opened().end(side).packets, "association-not-released") == [Severity.ERROR]
    assert severities(echoed(opened()).end(side).packets, "association-not-released") == [Severity.WARNING]


def test_of_one_direction_nobody_knows_what_was_answered_before_the_abort():
    talk = stored(2)
    talk.wait(10 * SECOND)
    talk.client(build.abort())
    packets = talk.close().packets
    seen = [packet for packet in packets if packet.flow == packets[0].flow]
    (association,) = analyzed(seen).associations
    assert verdict(association) == "aborted by the requestor's application"
    assert told(seen, "association-aborted") == [f"the application of {SCU} aborted without giving a reason"]


# Lengths


def swapped(pdu: bytes) -> bytes:
    """A PDU whose length is in the other byte order."""
    return pdu[:2] + pdu[5:1:-1] + pdu[6:]


def test_a_request_whose_length_is_in_the_other_byte_order_is_dicom_all_the_same():
    request = associate_rq()
    talk = talked((0, swapped(request)), talk=build.Talk().open())
    talk.wait(30 * SECOND)
    (said,) = told(talk.end(1).packets, "pdu-header")
    number, right = int.from_bytes(request[5:1:-1], "big"), len(request) - 6
    assert said == (
        f"10.0.0.1:40001 sends what is not a PDU header: A-ASSOCIATE-RQ with a length of {number} bytes, in the other "
        f"byte order {right}"
    )


@pytest.mark.parametrize("answer", [associate_ac(), build.associate_rj()])
def test_so_is_an_answer(answer):
    packets = talked((0, associate_rq()), (1, swapped(answer)), talk=build.Talk().open()).end(0).packets
    (said,) = told(packets, "pdu-header")
    assert said.startswith(f"{SCP} sends what is not a PDU header: A-ASSOCIATE-")
    assert said.endswith(f", in the other byte order {len(answer) - 6}")


def test_other_traffic_that_begins_like_a_request_is_not_taken_for_one():
    other = swapped(associate_rq())[:10] + bytes(range(16)) + swapped(associate_rq())[26:]
    assert not analyzed(talked((0, other), talk=build.Talk().open()).end(1).packets).associations
