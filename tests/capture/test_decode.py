"""Frames of every kind -> the same TCP segment; what is none is counted by reason."""

import struct
from random import Random

import dpkt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.capture.fragments import MAX_AGE, MAX_DATAGRAMS, FragmentTable
from dicomsniff.capture.segments import Endpoint, flow_ends, reverse_flow
from examples import examples
from pipeline import batch

V4 = build.Packet(
    build.flow_of("10.0.0.1", 40001, "10.0.0.2", 104), 0xFFFFFFF0, 77, build.ACK, b"some payload", build.START
)
V6 = V4._replace(flow=build.flow_of("2001:db8::1", 40001, "2001:db8::2", 104))
IP4, IP6 = build.ip_bytes(V4), build.ip_bytes(V6)


def segments(frames: list[bytes], link_type: int = 1):
    """(flow, seq, ack, flags, payload, cut) of every segment, and what was not decoded."""
    decoder = SegmentDecoder()
    found = list(decoder.segments(batch([(build.START, frame) for frame in frames], link_type=link_type)))
    told = [(s[3], s[4], s[5], s[6] & 0xFF, s[8][s[9] : s[10]], s[11]) for s in found]
    return told, dict(decoder.undecoded)


def expected(packet: build.Packet, cut: int = 0):
    data = packet.data[: len(packet.data) - cut]
    return (packet.flow, packet.seq, packet.ack, packet.flags, data, cut)


def with_options(packet: build.Packet) -> bytes:
    """An IPv4 packet with IP options and TCP options."""
    tcp = bytearray(build.tcp_bytes(packet))
    tcp[12] = 0x80
    tcp[20:20] = b"\x01\x01\x08\x0a" + bytes(8)
    ip = bytearray(build.ipv4(packet.flow[:4], packet.flow[4:8], bytes(tcp)))
    ip[0] = 0x46
    ip[2:4] = struct.pack(">H", len(ip) + 4)
    ip[20:20] = b"\x01\x01\x01\x00"
    return bytes(ip)


FRAMES = [
    ("Ethernet", 1, build.ethernet(IP4), V4),
    ("Ethernet with padding", 1, build.ethernet(IP4) + bytes(30), V4),
    ("VLAN", 1, build.ethernet(IP4, 5), V4),
    ("VLAN in VLAN", 1, build.ethernet(IP4, 5, 6), V4),
    ("IPv6", 1, build.ethernet(IP6), V6),
    ("IPv6 in a VLAN", 1, build.ethernet(IP6, 5), V6),
    ("IP and TCP options", 1, build.ethernet(with_options(V4)), V4),
    ("Linux cooked", 113, build.linux_cooked(IP4), V4),
    ("Linux cooked v2", 276, struct.pack(">HHLHBB8s", 0x0800, 0, 1, 1, 0, 6, b"") + IP4, V4),
    ("raw IP", 101, IP4, V4),
    ("raw IP, version 6", 101, IP6, V6),
    ("raw IPv4", 228, IP4, V4),
    ("raw IPv6", 229, IP6, V6),
    ("BSD null", 0, struct.pack("<L", 2) + IP4, V4),
    ("BSD loop, version 6", 108, struct.pack(">L", 30) + IP6, V6),
]


@pytest.mark.parametrize(("what", "link_type", "frame", "packet"), FRAMES, ids=[row[0] for row in FRAMES])
def test_a_frame_of_any_kind_gives_its_segment(what, link_type, frame, packet):
    assert segments([frame], link_type) == ([expected(packet)], {})


def test_a_total_length_of_zero_means_all_of_the_frame():
    ip = IP4[:2] + b"\0\0" + IP4[4:]  # the card segments later (TSO)
    assert segments([build.ethernet(ip)]) == ([expected(V4)], {})


@pytest.mark.parametrize("cut", range(1, 13))
@pytest.mark.parametrize("link", [build.ethernet, lambda ip: build.ethernet(ip, 5)])
def test_payload_that_the_snaplen_cut_off_is_counted(cut, link):
    assert segments([link(IP4)[:-cut]]) == ([expected(V4, cut)], {})
    assert segments([link(IP6)[:-cut]]) == ([expected(V6, cut)], {})


UNDECODED = [
    (1, build.ethernet(IP4)[:40], "TCP header cut off"),
    (1, build.ethernet(build.ipv4(bytes(4), bytes(4), bytes(8), protocol=17)), "not TCP"),
    (1, bytes(12) + b"\x08\x06" + bytes(28), "no IP packet in the frame"),
    (1, b"short", "malformed Ethernet frame"),
    (147, bytes(60), "link type 147 is not supported"),
]


@pytest.mark.parametrize(("link_type", "frame", "reason"), UNDECODED)
def test_a_frame_without_a_segment_is_counted_by_reason(link_type, frame, reason):
    assert segments([frame], link_type) == ([], {reason: 1})


@pytest.mark.parametrize("words", [0x00, 0x40, 0xF0])
def test_a_tcp_header_of_impossible_length_is_no_segment(words):
    tcp = bytearray(build.tcp_bytes(V4))
    tcp[12] = words
    found, undecoded = segments([build.ethernet(build.ipv4(V4.flow[:4], V4.flow[4:8], bytes(tcp)))])
    assert found == []
    assert sum(undecoded.values()) == 1


@given(
    st.sampled_from([row[1:3] for row in FRAMES]),
    st.lists(st.tuples(st.integers(0, 90), st.binary(min_size=1, max_size=4)), max_size=6),
    st.integers(0, 120),
)
@settings(max_examples=examples(500))
def test_damaged_frames_break_nothing(kind, damage, length):
    link_type, frame = kind
    damaged = bytearray(frame)
    for place, other in damage:
        damaged[place : place + len(other)] = other
    found, undecoded = segments([bytes(damaged[:length])], link_type)
    assert len(found) + sum(undecoded.values()) <= 1


@given(st.sampled_from([0, 1, 9, 12, 101, 108, 113, 127, 228, 229, 276]), st.binary(max_size=120))
@settings(max_examples=examples(500))
def test_random_frames_break_nothing(link_type, frame):
    segments([frame], link_type)


def test_dpkt_builds_frames_that_decode_equally():
    tcp = dpkt.tcp.TCP(sport=40001, dport=104, seq=9, ack=8, flags=build.ACK | build.PSH, data=b"payload")
    ip = dpkt.ip.IP(src=bytes([10, 0, 0, 1]), dst=bytes([10, 0, 0, 2]), p=6, data=tcp)
    frame = bytes(dpkt.ethernet.Ethernet(data=ip))
    assert segments([frame])[0] == [(V4.flow, 9, 8, build.ACK | build.PSH, b"payload", 0)]


# IP fragments

LARGE = V4._replace(data=bytes(range(256)) * 8)
LARGE6 = V6._replace(data=LARGE.data)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    ("fragments", "packet"), [(build.ipv4_fragments(LARGE, 512), LARGE), (build.ipv6_fragments(LARGE6, 512), LARGE6)]
)
def test_fragments_in_any_order_and_repeated_give_one_segment(seed, fragments, packet):
    order = fragments + fragments[:2]
    Random(seed).shuffle(order)
    found, _ = segments([build.ethernet(ip) for ip in order])
    assert found == [expected(packet)]


def test_fragments_of_two_datagrams_do_not_mix():
    other = LARGE._replace(data=b"z" * 2000)
    first, second = build.ipv4_fragments(LARGE, 512, number=7), build.ipv4_fragments(other, 512, number=8)
    mixed = [ip for pair in zip(first, second, strict=False) for ip in pair] + first[len(second) :]
    found, _ = segments([build.ethernet(ip) for ip in mixed])
    assert sorted(found) == sorted([expected(LARGE), expected(other)])


def test_a_fragment_cut_off_by_the_capture_is_counted():
    frames = [build.ethernet(ip) for ip in build.ipv4_fragments(LARGE, 512)]
    found, undecoded = segments([frames[0][:200], *frames[1:]])
    assert (found, undecoded) == ([], {"IP fragment cut off by the capture": 1})


def test_waiting_fragments_are_given_up_when_there_are_too_many_or_they_are_too_old():
    table = FragmentTable()
    for number in range(MAX_DATAGRAMS + 10):
        assert table.feed((b"a", b"b", number, 6), 0, b"12345678", True, 0) is None
    assert table.given_up == 10
    assert table.feed((b"a", b"b", 300, 6), 8, b"9", False, 0) is None  # its beginning was not seen
    key = (b"a", b"b", 100, 6)
    assert table.feed(key, 8, b"late", False, MAX_AGE + 1) is None
    assert table.feed(key, 0, b"anew0000", True, MAX_AGE + 2) == b"anew0000late"


def test_a_fragment_beyond_the_longest_datagram_is_dropped():
    assert FragmentTable().feed((b"a", b"b", 1, 6), 65528, bytes(100), False, 0) is None


# Flows


def test_a_flow_tells_its_two_ends_and_turns_round():
    assert flow_ends(V4.flow) == (Endpoint("10.0.0.1", 40001), Endpoint("10.0.0.2", 104))
    assert flow_ends(reverse_flow(V6.flow)) == (Endpoint("2001:db8::2", 104), Endpoint("2001:db8::1", 40001))
    assert [str(end) for end in (*flow_ends(V4.flow), flow_ends(V6.flow)[1])] == [
        "10.0.0.1:40001",
        "10.0.0.2:104",
        "[2001:db8::2]:104",
    ]
