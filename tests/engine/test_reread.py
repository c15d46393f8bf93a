"""Bytes reread from the capture file are those that were sent."""

import gzip
from random import Random

import pytest

import build
from dicomsniff.library import Capture

CT = build.CT_IMAGE_STORAGE
DATA = Random(1).randbytes(40_000)


def begin() -> build.Talk:
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(1), build.proposal(3, CT, [build.EXPLICIT])))
    talk.server(build.associate_ac(build.answer(1), build.answer(3, 0, build.EXPLICIT)))
    return talk


def stored(data: bytes = DATA) -> build.Talk:
    talk = begin()
    talk.client(build.message(3, build.store_rq(1), data, 10_000))
    talk.server(build.message(3, build.store_rsp(1)))
    return talk


@pytest.fixture
def reread(tmp_path):
    """Write packets to a file, analyze it, and reread every message: [(command bytes, data set bytes or None)]."""

    def go(packets: list[build.Packet], write=lambda records: build.pcap(records)) -> list[tuple[bytes, bytes | None]]:
        path = tmp_path / "capture"
        path.write_bytes(write(build.frames(packets)))
        with Capture(str(path)) as capture:
            found = [capture.message_bytes(message) for each in capture.associations for message in each.messages]
        return [(each.command, each.data_set.read() if each.data_set is not None else None) for each in found]

    return go


EXPECTED = [(build.store_rq(1), DATA), (build.store_rsp(1), None)]
FORMATS = [build.pcap, build.pcapng, lambda records: gzip.compress(build.pcap(records))]


@pytest.mark.parametrize("write", FORMATS, ids=["pcap", "pcapng", "gzip"])
def test_a_message_is_reread_as_it_was_sent(reread, write):
    assert reread(stored().packets, write) == EXPECTED


def test_every_message_of_many_is_reread(reread):
    talk, expected = begin(), []
    for number in range(1, 30):
        data = Random(number).randbytes(number * 997)
        talk.client(build.message(3, build.store_rq(number), data, 3000), 1000 + number)
        talk.server(build.message(3, build.store_rsp(number)))
        expected += [(build.store_rq(number), data), (build.store_rsp(number), None)]
    assert reread(talk.packets) == expected


@pytest.mark.parametrize("seed", range(10))
def test_segments_out_of_order_and_repeated_are_reread_in_order(reread, seed):
    talk, random = stored(), Random(seed)
    packets = talk.packets
    for first in range(6, len(packets) - 8, 4):
        part = packets[first : first + 3]
        random.shuffle(part)
        packets[first : first + 3] = part
    for index in random.sample(range(8, len(packets) - 4), 5):
        packets.insert(index + random.randrange(3), packets[index])
    assert reread(packets) == EXPECTED


def test_overlapping_segments_are_reread_once(reread):
    talk = stored()
    data = [packet for packet in talk.packets if len(packet.data) == 1460]
    first, second = data[3], data[4]
    merged = first._replace(data=first.data + second.data)
    talk.packets.insert(talk.packets.index(second), merged._replace(data=merged.data[:2000]))
    assert reread(talk.packets) == EXPECTED


def test_a_hole_is_reread_as_the_bytes_around_it(reread, tmp_path):
    talk = stored()
    large = [packet for packet in talk.packets if len(packet.data) == 1460]
    lost = large[9]  # within a fragment
    talk.packets.remove(lost)
    (command, data), _ = reread(talk.packets)
    at = DATA.index(lost.data[:100])
    assert command == build.store_rq(1)
    assert data == DATA[:at] + DATA[at + 1460 :]
    path = tmp_path / "again"
    path.write_bytes(build.pcap(build.frames(talk.packets)))
    with Capture(str(path)) as capture:
        message = capture.associations[0].messages[0]
        found = capture.message_bytes(message)
        piece = capture.stream_bytes(message.span)
    assert (found.whole, found.length) == (at, len(DATA) - 1460)
    assert [end - start for start, end in piece.holes] == [1460]
    assert piece.data[piece.holes[0][0] - piece.start :][:1460] == bytes(1460)


def test_a_hole_over_a_header_is_reread_as_far_as_the_message_came(reread, tmp_path):
    talk = stored()
    large = [packet for packet in talk.packets if len(packet.data) == 1460]
    for packet in large[6:8]:
        talk.packets.remove(packet)
    path = tmp_path / "capture"
    path.write_bytes(build.pcap(build.frames(talk.packets)))
    with Capture(str(path)) as capture:
        message = capture.associations[0].messages[0]
        found = capture.message_bytes(message)
    assert found.command == build.store_rq(1)
    assert found.length == message.data_set.length
    assert DATA.startswith(found.data_set.read()[: found.whole])
    assert 0 < found.whole < found.length


def test_several_pdvs_in_a_pdu_are_reread(reread):
    talk = begin()
    pieces = [DATA[:1000], DATA[1000:1001], b"", DATA[1001:5000]]
    pdvs = [build.pdv(3, piece, last=piece is pieces[-1]) for piece in pieces]
    talk.client(build.p_data(build.pdv(3, build.store_rq(1), command=True), *pdvs))
    assert reread(talk.packets) == [(build.store_rq(1), DATA[:5000])]


def test_a_message_that_starts_in_the_middle_of_a_pdu_is_reread(reread):
    talk = begin()
    talk.client(
        build.p_data(
            build.pdv(3, build.store_rq(1), command=True),
            build.pdv(3, DATA[:3000]),
            build.pdv(3, build.store_rq(2), command=True),
            build.pdv(3, DATA[3000:9000]),
            build.pdv(1, build.echo_rq(3), command=True),
        )
    )
    assert reread(talk.packets) == [
        (build.store_rq(1), DATA[:3000]),
        (build.store_rq(2), DATA[3000:9000]),
        (build.echo_rq(3), None),
    ]


def test_the_same_command_twice_in_a_pdu_is_reread_with_its_own_data(reread):
    talk = begin()
    talk.client(
        build.p_data(
            build.pdv(3, build.store_rq(1), command=True),
            build.pdv(3, b"first"),
            build.pdv(3, build.store_rq(1), command=True),
            build.pdv(3, b"second"),
        )
    )
    assert reread(talk.packets) == [(build.store_rq(1), b"first"), (build.store_rq(1), b"second")]


def test_messages_interleaved_on_two_contexts_are_reread_apart(reread):
    talk = begin()
    talk.client(build.command_pdu(3, build.store_rq(1)))
    talk.client(build.command_pdu(1, build.store_rq(2)))
    talk.client(build.p_data(build.pdv(3, b"three ", last=False), build.pdv(1, b"one ", last=False)))
    talk.client(build.p_data(build.pdv(1, b"one"), build.pdv(3, b"three")))
    assert reread(talk.packets) == [(build.store_rq(2), b"one one"), (build.store_rq(1), b"three three")]


def test_a_message_that_never_ended_is_reread_as_far_as_it_came(reread):
    talk = begin()
    talk.client(build.command_pdu(3, build.store_rq(1)) + build.p_data(build.pdv(3, DATA[:500], last=False)))
    talk.client(build.p_data(build.pdv(3, DATA[500:900], last=False))[:200])
    assert reread(talk.close().packets) == [(build.store_rq(1), DATA[: 500 + 188])]


def test_a_long_fragment_that_the_capture_cuts_off_is_reread_as_far_as_it_came(reread):
    talk = begin()
    talk.client(build.message(3, build.store_rq(1), DATA, len(DATA))[:30_000])
    head = len(build.command_pdu(3, build.store_rq(1))) + 12
    assert reread(talk.packets) == [(build.store_rq(1), DATA[: 30_000 - head])]


def test_bytes_that_came_with_the_syn_are_reread_where_they_belong(reread):
    """TCP Fast Open (RFC 7413 §2): the SYN's number is not that of its first byte."""
    command, pdus = build.associate_rq(build.proposal(3, CT)), build.message(3, build.store_rq(1), DATA[:900])
    talk = build.Talk().open()
    first = command + pdus
    syn, synack, ack = talk.packets
    sent = talk.client(first)
    talk.packets[:] = [syn._replace(data=first), synack._replace(ack=sent[0].seq + len(first)), ack]
    assert len(sent) == 1
    assert reread(talk.packets) == [(build.store_rq(1), DATA[:900])]


def test_sequence_numbers_that_wrap_round_are_reread(reread):
    talk = build.Talk(client_seq=0xFFFFFFFF - 20_000).open()
    talk.client(build.associate_rq(build.proposal(3, CT)))
    talk.server(build.associate_ac(build.answer(3)))
    talk.client(build.message(3, build.store_rq(1), DATA))
    assert reread(talk.packets) == EXPECTED[:1]


def test_a_capture_that_starts_in_the_middle_is_reread(reread):
    talk = stored()
    start = len(talk.packets)
    talk.client(build.message(3, build.store_rq(2), DATA[:5000]))
    talk.server(build.message(3, build.store_rsp(2)))
    assert reread(talk.packets[start - 10 :])[-2:] == [(build.store_rq(2), DATA[:5000]), (build.store_rsp(2), None)]


def test_a_data_set_is_decoded_in_the_syntax_negotiated(tmp_path):
    data = build.explicit_data_set((0x00080018, b"UI", b"1.2.3\0"), (0x00100020, b"LO", b"ID12"))
    path = tmp_path / "capture"
    path.write_bytes(build.pcap(build.frames(stored(data).packets)))
    with Capture(str(path)) as capture:
        (association,) = capture.associations
        decoded = capture.data_set(association, association.messages[0])
        assert capture.data_set(association, association.messages[1]) is None
    assert (decoded.transfer_syntax, decoded.guessed) == (build.EXPLICIT, False)
    assert [element.text for element in decoded.elements] == ["1.2.3", "ID12"]


def test_a_message_whose_first_bytes_came_before_dicom_was_recognized_is_reread_whole(reread):
    """A capture begins mid-stream with a PDU whose header was sent in a packet of its own."""
    pdus = build.message(1, build.store_rq(1), DATA[:5000])
    talk = build.Talk()
    talk.client(pdus[:12])
    talk.client(pdus[12:])
    talk.acknowledge(1)
    assert reread(talk.packets) == [(build.store_rq(1), DATA[:5000])]
