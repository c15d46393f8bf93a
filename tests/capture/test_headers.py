"""Frames read by their shape -> the segments that dpkt finds in them, whatever the frame before looked like."""

import struct
from collections import Counter, deque

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import astuple

import build
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.capture.frames import FrameDecoder
from dicomsniff.capture.headers import find_shape
from dicomsniff.engine.analyzer import Analyzer
from pipeline import batch

PACKET = build.Packet(
    build.flow_of("10.0.0.1", 40001, "10.0.0.2", 104), 0xFFFFFFF0, 77, build.ACK, b"some payload", build.START
)
V6 = PACKET._replace(flow=build.flow_of("2001:db8::1", 40001, "2001:db8::2", 104))
ANSWER = PACKET._replace(flow=build.flow_of("10.0.0.2", 104, "10.0.0.1", 40001), data=b"")

IPS = {
    "IPv4": build.ip_bytes,
    "IPv4 with options": lambda packet: build.with_ipv4_options(build.ip_bytes(packet), b"\x01\x01\x01\0" * 2),
    "IPv6": lambda packet: build.ip_bytes(
        packet._replace(flow=b"\xfd" * 12 + packet.flow[:4] + b"\xfd" * 12 + packet.flow[4:])
    ),
}


LINKS = {
    "Ethernet": (1, build.ethernet),
    "VLAN": (1, lambda ip: build.tagged(ip, (0x8100, 5))),
    "QinQ": (1, lambda ip: build.tagged(ip, (0x88A8, 6), (0x8100, 5))),
    "old QinQ": (1, lambda ip: build.tagged(ip, (0x9100, 6), (0x8100, 5))),
    "Linux cooked": (113, build.linux_cooked),
    "Linux cooked v2": (276, build.linux_cooked2),
    "raw IP": (101, lambda ip: ip),
    "BSD null": (0, lambda ip: struct.pack("<L", 2) + ip),
}
KINDS = [(link, ip) for link in LINKS for ip in IPS]


def frame_of(kind: tuple[str, str], packet: build.Packet) -> tuple[int, bytes]:
    link_type, wrap = LINKS[kind[0]]
    return link_type, wrap(IPS[kind[1]](packet))


def by_shape(frames: list[bytes], link_type: int):
    """What segments say, and what was not used."""
    decoder = SegmentDecoder()
    found = decoder.segments(batch([(build.START, frame) for frame in frames], link_type=link_type))
    return [(s[0], s[3], s[4], s[5], s[6], s[7], s[8][s[9] : s[10]], s[11]) for s in found], decoder.undecoded


def by_dpkt(frames: list[bytes], link_type: int):
    """The same, from dpkt alone."""
    undecoded: Counter[str] = Counter()
    decoder, found = FrameDecoder(undecoded, deque()), []
    for number, frame in enumerate(frames, 1):
        decoded = decoder.decode(link_type, frame, build.START)
        if decoded is not None:
            flow, seq, ack, control, window, data, header, missing = decoded
            found.append((number, flow, seq, ack, control, window, data[header:], missing))
    return found, undecoded


@pytest.mark.parametrize("kind", KINDS, ids=" over ".join)
def test_every_common_frame_has_a_shape(kind):
    link_type, frame = frame_of(kind, PACKET)
    assert find_shape(link_type, bytes(16) + frame, 16, 16 + len(frame)) is not None
    assert by_shape([frame], link_type) == by_dpkt([frame], link_type)


DAMAGE = st.lists(st.tuples(st.integers(0, 80), st.binary(min_size=1, max_size=4)), max_size=3)


@st.composite
def captures(draw: st.DrawFn) -> tuple[int, list[bytes]]:
    """Frames of one link type, of changing shapes, some of them damaged or cut off."""
    link_type = draw(st.sampled_from(sorted({number for number, _ in LINKS.values()})))
    kinds = [kind for kind in KINDS if LINKS[kind[0]][0] == link_type]
    frames = []
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=6)):
        frame = bytearray(frame_of(kind, draw(st.sampled_from([PACKET, ANSWER])))[1])
        for place, other in draw(st.one_of(st.just([]), DAMAGE)):
            frame[place : place + len(other)] = other
        frames.append(bytes(frame[: draw(st.one_of(st.just(2000), st.integers(0, 120)))]))
    return link_type, frames


@given(captures())
# Read as if it were tagged, an untagged frame shows an EtherType and a version where its length and identification are.
@example((1, [frame_of(("VLAN", "IPv4"), PACKET)[1], build.ethernet(b"\x45\0\x08\0\x45\0" + bytes(100))]))
def test_shapes_and_dpkt_read_the_same(capture):
    link_type, frames = capture
    shaped, careful = by_shape(frames, link_type), by_dpkt(frames, link_type)
    assert shaped == careful


@pytest.mark.parametrize("kind", KINDS, ids=" over ".join)
def test_what_needs_no_decoding_is_passed_over_in_every_shape(kind):
    """Of a large data set few frames become segments, and its times, pauses and windows are told all the same."""
    talk = build.Talk(tick=1_000_000).open()
    talk.client(build.associate_rq(build.proposal(1, build.CT_IMAGE_STORAGE)))
    talk.server(build.associate_ac(build.answer(1)))
    whole = build.message(1, build.store_rq(), build.pixels(400_000))
    talk.pieces(0, [whole[at : at + 1448] for at in range(0, len(whole), 1448)])
    talk.server(build.message(1, build.store_rsp()))
    packets = talk.close().packets
    frames = [(packet.time, frame_of(kind, packet)[1]) for packet in packets]
    plain = [(packet.time, build.ethernet(build.ip_bytes(packet))) for packet in packets]
    handed_on = []
    facts = []
    for link_type, records in ((LINKS[kind[0]][0], frames), (1, plain)):
        analyzer = Analyzer()
        original = analyzer._tcp.feed
        count = 0

        def counted(segment, original=original):
            nonlocal count
            count += 1
            return original(segment)

        analyzer._tcp.feed = counted
        analyzer.feed(batch(records, link_type=link_type))
        analyzer.close()
        handed_on.append(count)
        (association,) = analyzer.associations
        facts.append(
            [
                (message.name, message.data_set and message.data_set.length, astuple(message.span)[:4])
                for message in association.messages
            ]
            + [
                (side, health.pauses.numbers, health.sent_at, health.sent_to)
                for side, health in association.tcp.items()
            ]
        )
    assert facts[0] == facts[1]
    assert handed_on[0] == handed_on[1] < len(packets) / 3
