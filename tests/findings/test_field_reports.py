"""What people in the field meet, as they report it in public: the cause is told first, for either side."""

import pytest

import build
from dicomsniff.dictionary.statuses import find_status
from dicomsniff.findings.finding import Severity
from findings import normalized_cases as normalized
from findings.connection_traffic import beside_a_sound_one, refused, said_nothing, unanswered
from findings.found import analyzed, every_finding, found_in
from findings.link_traffic import GET, GET_CLASS, GOT, got
from findings.query_cases import STATION, STEPS, WORKLIST, exchange
from findings.traffic import (
    CT,
    IDENTIFIER,
    MOVE,
    SECOND,
    associate_ac,
    associate_rq,
    echoed,
    established,
    moved,
    opened,
    pending_on,
    released,
    role,
    stored,
    talked,
)
from network import ARCHIVE, CLIENT, MOVE_CLASS, VIEWER, Network, move_rq, move_rsp, release, store
from pipeline import findings_of, only
from tls import client_hello, handshake

MINUTE = 60 * SECOND
CT1, SCP = "10.0.0.1", "STORESCP (10.0.0.2:104)"
SCU = "STORESCU (10.0.0.1:40001)"
J2K = "1.2.840.10008.1.2.4.90"


def told(packets: list[build.Packet], code: str) -> list[str]:
    return [finding.message for finding in found_in(packets) if finding.code == code]


def causes(packets: list[build.Packet], code: str) -> list[str]:
    """The codes of the findings at the top that have a consequence of this code."""
    analyzer = analyzed(packets)
    tops = [each for each in every_finding(analyzer) if any(code == of.code for of in each.followers)]
    return [each.code for each in tops]


# Other protocols on the port


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (b"\x0bMSH|^~\\&|HIS|H|RIS|R|20240101||ADT^A01|1|P|2.3\r\x1c\r", "HL7 (MLLP)"),
        (b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH"),
        (handshake(client_hello()), "TLS"),
    ],
)
def test_another_protocol_is_named_whichever_side_speaks_it(said, name):
    asks = talked((0, said), (1, build.abort(2, 1)), talk=build.Talk().open()).close().packets
    answers = talked((1, said), (0, build.associate_rq()), talk=build.Talk().open()).close().packets
    assert told(asks, "other-protocol") == [f"10.0.0.1:40001 speaks {name}, not DICOM"]
    assert told(answers, "other-protocol") == [f"{SCP} speaks {name}, not DICOM"]


def test_a_server_that_closes_on_a_client_hello_probably_speaks_no_tls():
    talk = talked((0, handshake(client_hello())), talk=build.Talk(server=("10.0.0.2", 11112)).open())
    assert told(talk.end(1).packets, "tls-refused") == [
        "10.0.0.2:11112 closed the connection on the TLS handshake of 10.0.0.1, without an answer: it probably speaks "
        "no TLS on this port"
    ]


def test_a_client_that_leaves_its_own_handshake_is_not_refused():
    talk = talked((0, handshake(client_hello())), talk=build.Talk(server=("10.0.0.2", 11112)).open())
    assert told(talk.close().packets, "tls-refused") == []


# TCP


def test_refused_connections_are_counted_with_who_called():
    (finding,) = [each for each in found_in(refused(3, port=11112)) if each.code == "connection-failed"]
    assert finding.severity is Severity.ERROR
    assert finding.message == (
        "10.0.0.2:11112 refused 3 TCP connections from 10.0.0.1: nothing listens on that port, or a firewall rejects it"
    )


def test_connections_without_an_answer_are_told_once_somebody_waited():
    (said,) = told(unanswered(SECOND, 3 * SECOND), "connection-failed")
    assert said.startswith(
        "10.0.0.2:104 gave no answer to 1 TCP connection (3 SYNs) from 10.0.0.1: a wrong address, a firewall"
    )
    assert told(unanswered(), "connection-failed") == []


@pytest.mark.parametrize(
    ("packets", "severity"),
    [
        (refused(port=11112), Severity.WARNING),
        (refused(port=104), Severity.NOTE),
        (refused(port=4100, target=CT1, source=ARCHIVE), Severity.NOTE),
    ],
    ids=["a port of DICOM", "an acceptor that answers at other times", "a port of a host that speaks DICOM"],
)
def test_beside_associations_a_refusal_weighs_less(packets, severity):
    found = [each for each in found_in(beside_a_sound_one(packets)) if each.code == "connection-failed"]
    assert [each.severity for each in found] == [severity]


@pytest.mark.parametrize("end", [build.abort(2, 0), build.abort(0, 0)])
def test_who_opens_a_connection_and_says_nothing_is_named(end):
    packets = said_nothing(end=end)
    said = "10.0.0.1:40001 opened the TCP connection and sent nothing for 30.0 s; then 10.0.0.2:104 aborted"
    assert told(packets, "requestor-silent") == [said]
    assert causes(packets, "provider-aborted" if end == build.abort(2, 0) else "association-aborted") == [
        "requestor-silent"
    ]


@pytest.mark.parametrize("side", [0, 1])
def test_a_reset_after_long_silence_says_so(side):
    talk = stored()
    talk.wait(60 * MINUTE)
    (talk.server if side else talk.client)(build.message(1, build.echo_rq(9)))
    talk.reset(1 - side)
    (said,) = told(talk.packets, "connection-reset")
    assert said.endswith(" reset the TCP connection in answer to the first message after 60 min 0 s of silence")


def test_a_reset_within_a_transfer_speaks_of_no_silence():
    assert told(talked((0, build.message(1, build.echo_rq())), talk=stored()).reset(1).packets, "connection-reset") == [
        f"{SCP} reset the TCP connection before a final response to C-ECHO-RQ 1"
    ]


def sent_in_vain(talk: build.Talk, data: bytes, *, times: int = 4) -> list[build.Packet]:
    """What is sent again and again, until its sender resets the connection."""
    first, *_ = talk.client(data)
    for number in range(times):
        talk.wait(SECOND << number)
        talk.packets.append(first._replace(time=talk.time))
    talk.wait(10 * SECOND)
    return talk.reset(0).packets


def test_a_whole_message_that_never_arrives_after_long_silence_points_to_a_firewall():
    talk = stored()
    talk.wait(60 * MINUTE)
    packets = sent_in_vain(talk, build.message(1, build.echo_rq(9)))
    (said,) = told(packets, "bytes-never-acknowledged")
    assert said.startswith("80 bytes of C-ECHO-RQ 9, sent again by STORESCU (10.0.0.1:40001), were never acknowledged")
    assert said.endswith("nothing had been sent for 60 min 0 s before it: dropped by a firewall?")
    assert causes(packets, "connection-reset") == ["bytes-never-acknowledged"]


@pytest.mark.parametrize("passed", [False, True])
def test_only_large_segments_that_are_lost_point_to_an_mtu(passed):
    talk = established()
    if passed:
        talk = stored(size=4000)
    talk.client(build.command_pdu(3, build.store_rq(7)))
    talk.acknowledge(1)
    (said,) = told(sent_in_vain(talk, build.data_pdus(3, build.pixels(16_000))[:2920]), "bytes-never-acknowledged")
    assert ("MTU that is too small" in said) is not passed


def test_a_short_snaplen_is_named():
    talk = established()
    data = build.message(3, build.store_rq(), build.pixels(20_000))
    for at in range(0, len(data), 1460):
        talk.cut(0, data[at : at + 1460], 60)
    talk.server(build.message(3, build.store_rsp()))
    (said,) = told(released(talk), "bytes-missing")
    assert said.endswith(
        "are missing from the capture; the capture kept only the beginning of each packet (a short snaplen)"
    )


# Release and abort


@pytest.mark.parametrize("side", [0, 1])
def test_a_release_that_is_never_answered_is_blamed_on_who_is_silent(side):
    talk = echoed(established())
    (talk.server if side else talk.client)(build.release_rq())
    talk.wait(30 * SECOND)
    (said,) = told(talk.end(side).packets, "release-unanswered")
    asked, silent = (SCP, SCU) if side else (SCU, SCP)
    assert said == f"{silent} did not answer A-RELEASE-RQ; after 30.0 s {asked} closed the TCP connection"


def test_an_abort_instead_of_an_answer_to_the_release_says_so():
    (said,) = told(
        talked((0, build.release_rq()), (1, build.abort()), talk=stored()).close().packets, "association-aborted"
    )
    assert ", instead of answering A-RELEASE-RQ; every request had been answered" in said


def test_who_asks_to_release_too_early_has_not_been_let_down():
    talk = opened(build.associate_rq(build.proposal(1, build.STUDY_ROOT_MOVE)), build.associate_ac())
    talk.client(build.message(1, build.command_set(MOVE), IDENTIFIER))
    talk.client(build.release_rq())
    talk.server(move_rsp(0xFF00, 1, remaining=4, completed=0, failed=0, warning=0))
    talk.wait(10 * SECOND)
    packets = talk.close().packets
    assert causes(packets, "peer-silent") == causes(packets, "release-unanswered") == ["release-too-early"]


# What a receiver cannot take


def together(number: int = 1) -> bytes:
    """A C-STORE whose command and data set are in one P-DATA-TF."""
    command, data = build.store_rq(number), build.pixels(100)
    return build.p_data(build.pdv(3, command, command=True), build.pdv(3, data))


def getting(*turns: tuple[int, bytes]) -> build.Talk:
    """A C-GET, and what was said then."""
    proposals = (build.proposal(1, GET_CLASS), build.proposal(3, CT))
    talk = opened(associate_rq(*proposals, more=(role(CT, 1, 1),)), associate_ac(more=(role(CT, 1, 1),)))
    asked = build.message(1, build.command_set(GET), build.element(0x00080052, b"STUDY "))
    return talked((0, asked), *turns, talk=talk)


def test_a_command_and_its_data_set_in_one_pdu_are_offered_as_the_reason_of_either_side():
    text = "C-STORE-RQ has its command and data set in one P-DATA-TF, which is allowed, but not all receivers take it"
    sent = told(talked((0, together())).end(1).packets, "likely-reason")
    got = told(getting((1, together()), (0, build.abort())).close().packets, "likely-reason")
    assert sent == [f"{text}: likely why {SCP} closed the connection"]
    assert got == [f"{text}: likely why {SCU} aborted"]


def test_what_a_receiver_answered_before_is_no_reason():
    talk = talked((0, together(1)), (1, build.message(3, build.store_rsp(1))), (0, together(2)))
    assert told(talk.end(1).packets, "likely-reason") == []
    assert told(released(talked((0, together()), (1, build.message(3, build.store_rsp())))), "likely-reason") == []


@pytest.mark.parametrize(
    ("uid", "said"),
    [
        ("1.2." + "3" * 64, "a UID of 68 characters; it may have 64"),
        ("1.2.x3", "a UID with a character that is neither a digit nor a dot"),
        ("1.02", "a UID with a component that begins with 0"),
        ("1..2", "a UID with an empty component"),
        ("1.2\\1.3", "several UIDs"),
    ],
)
def test_a_malformed_uid_of_a_command_is_offered_as_the_reason(uid, said):
    packets = (
        talked((0, build.message(3, build.store_rq(1, uid), build.pixels(16))), (1, build.abort())).close().packets
    )
    (text,) = told(packets, "likely-reason")
    assert text.startswith(
        f"C-STORE-RQ has a malformed Affected SOP Instance UID (0000,1000): {said}: likely why STORE"
    )


def test_a_pdu_beyond_the_maximum_is_the_cause_of_its_own_short_end():
    data = build.message(3, build.store_rq(), build.pixels(60_000), 30_000)
    packets = talked((0, data[:45_000]), (1, build.abort(2, 6))).close().packets
    assert causes(packets, "pdu-incomplete") == ["pdu-beyond-maximum"]


def test_too_many_contexts_are_the_cause_of_repeated_ids():
    contexts = [build.proposal((2 * number + 1) & 0xFF, f"1.2.{number}") for number in range(130)]
    packets = (
        talked((0, build.associate_rq(*contexts)), (1, build.abort(2, 6)), talk=build.Talk().open()).close().packets
    )
    assert causes(packets, "context-id-repeated") == ["contexts-too-many"]


def test_the_sender_of_an_ae_title_is_named_before_it():
    request = build.associate_rq(called="ARCHIVE").replace(b"ARCHIVE         ", b"ARCHIVE\0\0\0\0\0\0\0\0\0")
    talk = build.Talk().open()
    assert told(talked((0, request), (1, build.abort()), talk=talk).close().packets, "ae-title-padded") == [
        "STORESCU (10.0.0.1:40001) pads the called AE title ARCHIVE with NUL, not with spaces"
    ]


def test_refused_transfer_syntaxes_are_named():
    request = associate_rq(build.proposal(1), build.proposal(3, CT, (J2K,)))
    talk = echoed(opened(request, associate_ac(build.answer(1), build.answer(3, 4))))
    (said,) = told(released(talk), "contexts-refused")
    assert "transfer syntaxes not supported (JPEG 2000 Image Compression (Lossless Only)); " in said


def test_statuses_are_spelled_as_the_standard_spells_them():
    assert find_status("C-STORE", CT, 0x0111).meaning == "Duplicate SOP Instance"
    assert find_status("C-FIND", build.STUDY_ROOT_FIND, 0x0124).meaning == "Refused: Not Authorized"
    assert find_status("N-CREATE", normalized.FILM_BOX, 0x0211).meaning == "Unrecognized Operation"


# Retrievals, commitments, print, worklist


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (
            0,
            "probably of other SOP classes, or in other transfer syntaxes, than those accepted: "
            "CT Image Storage in Implicit VR Little Endian",
        ),
        (3, "the acceptor refused contexts for CT Image Storage"),
    ],
)
def test_what_a_c_get_could_have_used_is_named(result, said):
    proposals = (build.proposal(1, GET_CLASS), build.proposal(3, CT))
    answers = (build.answer(1), build.answer(3, result))
    more = (role(CT, 1, 1),)
    talk = opened(associate_rq(*proposals, more=more), associate_ac(*answers, more=more))
    talk.client(build.message(1, build.command_set(GET), build.element(0x00080052, b"STUDY ")))
    counters = {0x1021: 0, 0x1022: 3, 0x1023: 0}
    talk.server(build.message(1, build.command_set(GOT | {0x0900: 0xB000} | counters)))
    assert told(released(talk), "get-explained") == [f"C-GET: 3 objects were never sent: {said}"]


@pytest.mark.parametrize(("completed", "warning", "error"), [(0, 0, True), (1, 0, False), (0, 1, False)])
@pytest.mark.parametrize("ask", ["C-MOVE", "C-GET"])
def test_a_retrieval_of_which_all_failed_has_failed_whatever_its_status_says(ask, completed, warning, error):
    if ask == "C-MOVE":
        packets = moved((0xB000, -1, completed, 2, warning))
    else:
        packets = got(completed, 2, 0xB000, stores=0, warning=warning)
    (found,) = [each for each in findings_of(only(packets)).all if each.code == "status-warning"]
    assert (found.severity is Severity.ERROR) is error
    assert ("both" if error else "2 of 3") + " sub-operations failed" in found.message


def test_what_was_kept_before_a_destination_aborted_is_not_denied():
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CLIENT", "ARCHIVE", MOVE_CLASS)
    asking.client(move_rq())
    delivery = network.associate(ARCHIVE, VIEWER, "ARCHIVE", "VIEWER", CT, after=50)
    store(delivery, "CLIENT", number=1)
    delivery.client(build.message(1, build.store_rq(2, "1.2.2"), build.pixels(16)))
    delivery.server(build.abort())
    delivery.close()
    asking.wait(SECOND)
    asking.server(move_rsp(0xB000, completed=1, failed=1, warning=0))
    release(asking)
    (said,) = told(network.packets, "destination-failed")
    assert said.endswith("VIEWER left 1 of 2 C-STOREs without an answer and the association was aborted")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            build.associate_rj(1, 1, 3),
            "called back in association 2, which was rejected: calling AE title not recognized",
        ),
        (build.abort(), "called back in association 2, which was in trouble"),
        (None, "then tried to connect to 10.0.0.1:104, which was refused"),
    ],
)
def test_a_commitment_report_that_could_not_be_brought_is_told_at_its_request(answer, said):
    network = Network()
    asking = network.associate(CLIENT, ARCHIVE, "CT1", "ARCHIVE", normalized.COMMITMENT)
    for side, data in normalized.asked(
        normalized.ACTION, normalized.COMMITMENT, normalized.WANTED, kind=1, instance=normalized.WELL_KNOWN
    ):
        (asking.server if side else asking.client)(data)
    release(asking)
    if answer is None:
        packets = network.packets + refused(target=CLIENT, source=ARCHIVE, start=2 * SECOND)
    else:
        report = network.talk(ARCHIVE, CLIENT, after=2000)
        report.client(build.associate_rq(build.proposal(1, normalized.COMMITMENT), calling="ARCHIVE", called="CT1"))
        report.server(answer)
        report.close()
        packets = network.packets
    (text,) = told(packets, "commitment-not-reported")
    assert text.endswith(f"its report is missing from the capture; the SCP {said}")


@pytest.mark.parametrize(("status", "code"), [(0x0106, "attribute-value-not-allowed"), (0x0120, "attribute-missing")])
def test_the_status_tells_whether_a_value_is_wrong_or_missing(status, code):
    wrong = normalized.without(normalized.MPPS_STEP, 0x00400253) | {normalized.STATUS: b"COMPLETED "}
    packets = normalized.mpps((normalized.CREATE, wrong, status))
    assert causes(packets, "status-failure") == [code]
    assert len([each for each in found_in(packets) if each.code.startswith("attribute-")]) == 1


@pytest.mark.parametrize(
    ("sop_class", "service", "elements", "said"),
    [
        (normalized.FILM_BOX, normalized.CREATE, normalized.FILM | {0x20100040: b"LANDSCAP"},
         "(2010,0040) Film Orientation 'LANDSCAP', which may be PORTRAIT, LANDSCAPE here"),
        (normalized.FILM_SESSION, normalized.CREATE, {0x20000020: b"URGENT"},
         "(2000,0020) Print Priority 'URGENT', which may be HIGH, MED, LOW here"),
        (normalized.IMAGE_BOX, normalized.SET,
         {0x20200010: b"\1\0", 0x20200020: b"INVERSE ", 0x20200110: [{0x00280010: b"\2\0"}]},
         "(2020,0020) Polarity 'INVERSE', which may be NORMAL, REVERSE here"),
    ],
)  # fmt: skip
def test_a_value_that_a_printer_refuses_is_named(sop_class, service, elements, said):
    packets = normalized.exchange(normalized.PRINT, *normalized.asked(service, sop_class, elements, 0x0106))
    (text,) = told(packets, "attribute-value-not-allowed")
    assert said in text
    assert causes(packets, "status-failure") == ["attribute-value-not-allowed"]


def test_worklist_keys_outside_their_sequence_are_named():
    (said,) = told(exchange(WORKLIST, {STATION: b"CT1 ", 0x00400002: b"20260101"}), "query-key-outside-sequence")
    assert said == (
        "STORESCU (10.0.0.1:40001) sends C-FIND-RQ with (0040,0001) Scheduled Station AE Title, (0040,0002) Scheduled "
        "Procedure Step Start Date at top level; they belong into (0040,0100) Scheduled Procedure Step Sequence"
    )
    assert STEPS == 0x00400100


def test_compressed_pixels_where_none_were_agreed_are_why_an_object_is_refused():
    image = build.explicit_data_set((0x00080016, b"UI", CT.encode() + b"\0"), (0x00080018, b"UI", b"1.2.3\0"))
    frames = b"\xfe\xff\0\xe0\0\0\0\0" + b"\xfe\xff\0\xe0\4\0\0\0\xff\xd8\xff\xd9" + b"\xfe\xff\xdd\xe0\0\0\0\0"
    image += b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff" + frames
    request = associate_rq(build.proposal(1), build.proposal(3, CT, (build.EXPLICIT,)))
    talk = opened(request, associate_ac(build.answer(1), build.answer(3, transfer=build.EXPLICIT)))
    talk.client(build.message(3, build.store_rq(), image))
    talk.server(build.message(3, build.store_rsp(1, 0xA900)))
    assert causes(released(talk), "status-failure") == ["data-set-pixel-mismatch"]


def test_a_report_without_the_role_for_it_is_why_it_was_aborted():
    talk = opened(associate_rq(build.proposal(1, normalized.COMMITMENT)), associate_ac(build.answer(1)))
    report = normalized.request(
        normalized.REPORT, normalized.COMMITMENT, normalized.WANTED, instance=normalized.WELL_KNOWN, kind=1
    )
    packets = talked((0, report), (1, build.abort()), talk=talk).close().packets
    assert causes(packets, "association-aborted") == ["role-not-negotiated"]


def test_a_context_with_several_syntaxes_where_one_may_be_is_told_of_either_side():
    two = build.item(0x21, b"\3\0\0\0" + b"".join(build.item(0x40, uid.encode()) for uid in (build.IMPLICIT, J2K)))
    answer = opened(answer=associate_ac(build.answer(1), two))
    packets = talked((0, build.abort(2, 6)), talk=answer).close().packets
    assert told(packets, "item-repeated") == ["A-ASSOCIATE-AC has more than one item: Transfer Syntax of context 3"]
    assert causes(packets, "provider-aborted") == ["item-repeated"]
    classes = b"".join(build.item(0x30, uid.encode()) for uid in (CT, build.VERIFICATION))
    both = build.item(0x20, b"\5\0\0\0" + classes + build.item(0x40, build.IMPLICIT.encode()))
    asked = talked((0, build.associate_rq(both)), (1, build.abort(2, 6)), talk=build.Talk().open()).close().packets
    assert told(asked, "item-repeated") == ["A-ASSOCIATE-RQ has more than one item: Abstract Syntax of context 5"]


@pytest.mark.parametrize("side", [0, 1])
def test_what_is_sent_on_a_connection_that_the_other_side_had_closed_says_so(side):
    talk = stored()
    talk.wait(2 * MINUTE)
    talk._add(1 - side, build.FIN | build.ACK)
    talk.wait(5 * MINUTE)
    (talk.server if side else talk.client)(build.message(1, build.echo_rq(9)))
    packets = talk.reset(1 - side).packets
    (said,) = told(packets, "connection-closed-early")
    closer, sender = (SCU, SCP) if side else (SCP, SCU)
    assert said.startswith(f"{closer} closed the TCP connection after 2 min 0 s of silence; {sender} sent C-ECHO-RQ 9 ")
    assert said.endswith("on it 5 min 0 s later")
    assert side or causes(packets, "connection-reset") == ["connection-closed-early"]


def test_a_sender_that_closes_within_its_own_pdu_is_named():
    (said,) = told(
        talked((0, build.message(3, build.store_rq(), build.pixels(9000))[:5000])).end(0).packets, "pdu-incomplete"
    )
    assert said.endswith(f" bytes before its end; {SCU}, its sender, closed the TCP connection")


def test_pending_responses_that_count_the_same_are_why_the_requestor_gave_up():
    packets = pending_on(*[10] * 31)
    assert told(packets, "pending-without-progress") == [
        f"{SCP} sent 31 pending C-MOVE-RSPs in 5 min 0 s, all with 10 remaining: nothing went on"
    ]
    assert causes(packets, "association-aborted") == ["pending-without-progress"]


def test_the_printer_itself_may_fail():
    failed = normalized.reported(
        "1.2.840.10008.5.1.1.16", {0x21100020: b"SUPPLY EMPTY"}, 3, instance="1.2.840.10008.5.1.1.17"
    )
    assert told(normalized.exchange(normalized.PRINT, *failed), "print-failed") == [
        f"{SCP.replace('STORE', '')} reports Failure of the printer: SUPPLY EMPTY"
    ]
