"""Captures that miss something: what is missing is said, everything else decodes."""

import pytest

import build
from dicomsniff.findings import parts
from pipeline import analyze, analyze_frames, associations, codes, findings_of, names, only

CT = build.CT_IMAGE_STORAGE
MS = build.MILLISECOND
DATA = bytes(range(256)) * 100


def begin(talk: build.Talk) -> build.Talk:
    talk.client(build.associate_rq(build.proposal(1), build.proposal(3, CT)))
    talk.server(build.associate_ac(build.answer(1), build.answer(3)))
    return talk


def store(talk: build.Talk, number: int, data: bytes = DATA) -> list[build.Packet]:
    sent = talk.client(build.message(3, build.store_rq(number), data, 10_000))
    talk.server(build.message(3, build.store_rsp(number)))
    return sent


def release(talk: build.Talk) -> build.Talk:
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return talk.close()


def whole(stores: int = 3) -> tuple[build.Talk, list[list[build.Packet]]]:
    talk = begin(build.Talk().open())
    sent = [store(talk, number) for number in range(1, stores + 1)]
    return release(talk), sent


def told(association) -> list[tuple[str, int | None, bool]]:
    return [
        (
            m.name,
            m.command.message_id if not m.command.is_response else m.command.message_id_being_responded_to,
            m.complete,
        )
        for m in association.messages
    ]


EVERYTHING = [(name, number, True) for number in (1, 2, 3) for name in ("C-STORE-RQ", "C-STORE-RSP")]


def test_nothing_missing_is_the_measure_of_the_others():
    talk, _ = whole()
    found = only(talk.packets)
    assert told(found) == EVERYTHING
    assert (found.missing_bytes, found.outcome) == (0, "released")


def test_a_hole_inside_a_data_set_costs_only_that_message_its_wholeness():
    talk, sent = whole()
    lost = sent[1][3]
    talk.packets.remove(lost)
    found = only(talk.packets)
    assert told(found) == [(*row[:2], row[:2] != ("C-STORE-RQ", 2)) for row in EVERYTHING]
    second = found.messages[2]
    assert (second.data_set.length, second.data_set.missing) == (len(DATA) - 1460, 1460)
    assert second.problem == "1460 bytes of its data set are missing from the capture"
    assert found.missing_bytes == 1460
    assert "skipped bytes" not in names(found)
    assert found.outcome == "released"


def test_holes_that_are_told_together_stand_before_what_the_other_side_then_says():
    talk = begin(build.Talk().open())
    for _ in range(60):
        talk.lose(0, 1400)
        talk.client(b"z" * 30)
    talk.server(build.message(1, build.echo_rsp()))
    for _ in range(20):
        talk.lose(0, 1400)
        talk.client(b"z" * 30)
    found = only(talk.server(build.abort()) and talk.packets)
    gaps = [place for place, entry in enumerate(found.timeline) if entry.event.name == "missing bytes"]
    (said,) = [place for place, name in enumerate(names(found)) if name == "C-ECHO-RSP"]
    assert sum(found.timeline[place].event.places for place in gaps if place < said) == 60
    assert sum(found.timeline[place].event.places for place in gaps if place > said) == 20
    assert len(gaps) < 40
    assert found.missing_bytes == 80 * 1400
    (text,) = [parts.told(each.parts) for each in findings_of(found).all if each.code == "bytes-missing"]
    assert "112000 bytes" in text
    assert "in 80 places" in text


def test_a_data_set_without_its_beginning_is_not_judged():
    talk = begin(build.Talk().open())
    command = build.p_data(build.pdv(3, build.store_rq(1), command=True))
    data = build.data_pdus(3, bytes(range(1, 256)) * 100, 5000)
    talk.client(command)
    talk.lose(0, 5012)
    talk.client(data[5012:])
    talk.server(build.message(3, build.store_rsp(1)))
    found = only(release(talk).packets)
    assert not found.messages[0].complete
    assert not [code for code in codes(found) if code.startswith("data-set")]


def test_a_hole_over_headers_resynchronizes_at_the_next_pdu():
    talk, sent = whole()
    for packet in sent[1][5:10]:  # holds the header of the second P-DATA-TF of the data set
        talk.packets.remove(packet)
    found = only(talk.packets)
    assert told(found) == [(*row[:2], row[:2] != ("C-STORE-RQ", 2)) for row in EVERYTHING]
    assert found.missing_bytes == 5 * 1460
    assert found.messages[2].problem == "up to 7300 bytes of it are missing from the capture"
    assert names(found).count("skipped bytes") == 1
    assert found.outcome == "released"


def test_a_hole_over_a_whole_message_leaves_the_others():
    talk, sent = whole()
    for packet in sent[1]:
        talk.packets.remove(packet)
    found = only(talk.packets)
    assert told(found) == [row for row in EVERYTHING if row[:2] != ("C-STORE-RQ", 2)]
    assert found.missing_bytes == sum(len(packet.data) for packet in sent[1])
    assert "response-without-request" not in codes(found)


@pytest.mark.parametrize("index", range(20))
def test_any_single_packet_lost_costs_at_most_what_it_carried(index):
    """Whatever is lost, the other two stores are told whole and the association is released."""
    talk, sent = whole()
    lost = sent[1][index % len(sent[1])]
    talk.packets.remove(lost)
    found = only(talk.packets)
    assert [row for row in told(found) if row[1] in (1, 3)] == [row for row in EVERYTHING if row[1] in (1, 3)]
    assert found.missing_bytes == len(lost.data)
    assert found.outcome == "released"


def test_a_lost_acceptance_leaves_the_negotiation_unknown_and_the_messages_whole():
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1), build.proposal(3, CT)))
    talk.lose(1, len(build.associate_ac(build.answer(1), build.answer(3))))
    store(talk, 1)
    found = only(release(talk).packets)
    assert told(found) == EVERYTHING[:2]
    assert (found.accept, found.contexts[3].result) == (None, None)
    assert found.transfer_syntax(3) is None
    assert "pdu-unexpected" not in codes(found)
    assert "association-unanswered" not in codes(found)


def test_a_lost_request_is_missing_bytes_and_no_unreadable_ones():
    talk = build.Talk().open()
    request = build.associate_rq()
    talk.lose(0, len(request))
    talk.server(build.associate_ac())
    talk.client(build.message(1, build.echo_rq()))
    talk.server(build.message(1, build.echo_rsp()))
    found = only(release(talk).packets)
    assert found.missing_bytes == len(request)
    assert [entry.event.name for entry in found.timeline[:3]] == ["A-ASSOCIATE-AC", "missing bytes", "C-ECHO-RQ"]
    assert codes(found) == ["negotiation-not-captured", "bytes-missing"]


def test_a_capture_that_starts_in_the_middle_finds_the_messages_that_follow():
    talk, sent = whole()
    start = talk.packets.index(sent[0][4])
    found = only(talk.packets[start:])
    assert [row for row in told(found) if row[1] != 1] == EVERYTHING[2:]
    assert found.request is None
    assert str(found.requestor.endpoint) == "10.0.0.1:40001"
    assert "negotiation-not-captured" in codes(found)
    assert found.outcome == "released"
    assert "pdu-unexpected" not in codes(found)


@pytest.mark.parametrize("start", range(3, 30, 3))
def test_a_capture_may_start_at_any_packet(start):
    talk, _ = whole()
    found = only(talk.packets[start:])
    assert told(found)[-2:] == EVERYTHING[-2:]
    assert found.outcome == "released"


def test_one_direction_alone_is_an_association():
    talk, _ = whole()
    flow = talk.packets[0].flow
    found = only([packet for packet in talk.packets if packet.flow == flow])
    assert told(found) == EVERYTHING[::2]
    assert "one-direction" in codes(found)
    found = only([packet for packet in talk.packets if packet.flow != flow])
    assert told(found) == EVERYTHING[1::2]
    assert str(found.requestor.endpoint) == "10.0.0.1:40001"


def test_a_short_snaplen_leaves_what_the_beginnings_of_packets_tell():
    talk, _ = whole()
    cut = [packet._replace(cut=max(0, len(packet.data) - 700)) for packet in talk.packets]
    found = only(cut)
    assert found.outcome == "released"
    assert [row[:2] for row in told(found) if row[0] == "C-STORE-RSP"] == [row[:2] for row in EVERYTHING[1::2]]
    sizes = sum(len(packet.data) for packet in talk.packets) - found.missing_bytes
    assert sizes == sum(min(700, len(packet.data)) for packet in talk.packets)


@pytest.mark.parametrize("ending", ["capture", "FIN", "RST"])
def test_a_data_set_cut_off_in_the_middle_has_all_that_came(ending):
    talk = begin(build.Talk().open())
    sent = talk.client(build.message(3, build.store_rq(1), bytes(100_000), 100_000)[:60_000])
    packets = {"capture": talk.packets, "FIN": talk.close().packets, "RST": talk.reset().packets}[ending]
    (message,) = only(packets).messages
    assert message.data_set.length == 60_000 - len(build.command_pdu(3, build.store_rq(1))) - 12
    assert message.span.last_time >= sent[-1].time
    assert (message.ended, message.complete) == (False, False)


def test_the_same_ports_used_again_make_another_association():
    first, _ = whole(1)
    second = begin(build.Talk(client_seq=77_000, server_seq=99_000, start=first.time + 1000 * MS).open())
    store(second, 9)
    release(second)
    found = associations(first.packets + second.packets)
    assert [told(each)[0][1] for each in found] == [1, 9]
    assert [each.outcome for each in found] == ["released", "released"]


def test_a_reset_ends_the_association_unfinished():
    talk = begin(build.Talk().open())
    store(talk, 1)
    found = only(talk.reset(1).packets)
    assert (found.outcome, names(found)[-1], found.ended_by_capture) == ("unfinished", "TCP RST", False)
    assert "connection-reset" in codes(found)


def test_sequence_numbers_that_wrap_round_change_nothing():
    talk = begin(build.Talk(client_seq=0xFFFFFF00, server_seq=0xFFFFFFF0).open())
    for number in (1, 2, 3):
        store(talk, number)
    assert told(only(release(talk).packets)) == EVERYTHING


def test_keep_alives_and_repeats_change_nothing():
    talk, sent = whole()
    packets = []
    for packet in talk.packets:
        packets += [packet, packet] if packet.data else [packet]
    probe = sent[0][0]._replace(seq=sent[0][0].seq - 1, data=b"\0", time=packets[-1].time)
    found = only([*packets, probe])
    assert told(found) == EVERYTHING
    assert found.missing_bytes == 0


# Frames


def test_ipv6_is_as_good_as_ipv4():
    talk = begin(build.Talk(("2001:db8::1", 40001), ("2001:db8::2", 11112)).open())
    store(talk, 1)
    found = only(release(talk).packets)
    assert told(found) == EVERYTHING[:2]
    assert str(found.acceptor.endpoint) == "[2001:db8::2]:11112"


WRAPPED = [
    ("VLAN", 1, lambda packet: [build.ethernet(build.ip_bytes(packet), 100)]),
    ("Linux cooked", 113, lambda packet: [build.linux_cooked(build.ip_bytes(packet))]),
    (
        "IP fragments",
        1,
        lambda packet: [build.ethernet(ip) for ip in build.ipv4_fragments(packet, 512, packet.seq % 65536)],
    ),
    ("raw IP", 101, lambda packet: [build.ip_bytes(packet)]),
]


@pytest.mark.parametrize(("what", "link_type", "wrap"), WRAPPED, ids=[row[0] for row in WRAPPED])
def test_the_kind_of_frame_changes_nothing(what, link_type, wrap):
    talk, _ = whole()
    records = [(packet.time, frame) for packet in talk.packets for frame in wrap(packet)]
    (found,) = analyze_frames(records, link_type=link_type).associations
    assert told(found) == EVERYTHING


# What is not DICOM

FOREIGN = [
    ("HTTP", b"GET /studies HTTP/1.1\r\nHost: pacs\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n<html>"),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), b"\x16\x03\x03\x00\x7a\x02" + bytes(100)),
    ("", b"\xde\xad\xbe\xef" * 200, b"\xca\xfe" * 300),
    ("HL7 (MLLP)", b"\x0bMSH|^~\\&|RIS|\r\x1c\r", b"\x0bMSH|ACK\x1c\r"),
]


@pytest.mark.parametrize("port", [104, 4242])
@pytest.mark.parametrize(("name", "request_", "reply"), FOREIGN)
def test_other_traffic_on_dicoms_ports_is_counted_and_nothing_more(port, name, request_, reply):
    talk = build.Talk(server=("10.0.0.2", port)).open()
    for _ in range(5):
        talk.client(request_)
        talk.server(reply)
    found = analyze(talk.close().packets)
    if (name, port) == ("TLS", 104):
        assert [each.outcome for each in found.associations] == ["unfinished"]  # DICOM over TLS, presumably
    else:
        assert (found.associations, dict(found.foreign), found.connections) == ([], {name: 1}, 1)


def test_a_connection_on_which_nothing_is_sent_is_no_association():
    talk = build.Talk().open()
    found = analyze(talk.close().packets)
    assert (found.associations, found.connections) == ([], 1)


def test_a_port_named_by_the_user_is_read_as_dicom():
    talk = build.Talk(server=("10.0.0.2", 4242)).open()
    talk.client(b"\x99" * 30)
    assert analyze(talk.packets).associations == []
    assert len(analyze(talk.packets, ports=[4242]).associations) == 1


def test_dicom_is_recognized_on_any_port():
    talk = begin(build.Talk(server=("10.0.0.2", 80)).open())
    store(talk, 1)
    assert told(only(release(talk).packets)) == EVERYTHING[:2]
