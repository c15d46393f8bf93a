"""ICMP errors: what they say of a TCP packet, and that the packet they quote is not traffic (RFC 792, RFC 4443)."""

import struct
from collections import deque

import pytest

import build
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.capture.packets import timed_batch
from dicomsniff.capture.segments import Endpoint
from dicomsniff.capture.unreachable import MAX_UNREACHABLE, Unreachable, read_error

ROUTER, ROUTER6 = bytes([10, 0, 0, 254]), bytes(15) + b"\xfe"
CALL = build.Talk().call().packets[0]
CALL6 = build.Talk(client=("2001:db8::1", 40001), server=("2001:db8::2", 104)).call().packets[0]


def error(kind: int, code: int, quoted: bytes, *, rest: int = 0) -> bytes:
    return struct.pack(">BBHL", kind, code, 0, rest) + quoted


def framed(message: bytes) -> bytes:
    return build.ethernet(build.ipv4(ROUTER, CALL.flow[:4], message, protocol=1))


def framed6(message: bytes) -> bytes:
    head = struct.pack(">LHBB", 6 << 28, len(message), 58, 64)
    return build.ethernet(head + ROUTER6 + CALL6.flow[:16] + message)


def decoded(*frames: bytes) -> tuple[list[object], SegmentDecoder]:
    decoder = SegmentDecoder()
    packets = [(build.START + number, each) for number, each in enumerate(frames)]
    return list(decoder.segments(timed_batch(packets, 1, 1))), decoder


@pytest.mark.parametrize(
    ("kind", "code", "why"),
    [
        (3, 0, "network unreachable"),
        (3, 1, "host unreachable"),
        (3, 3, "port unreachable"),
        (3, 13, "administratively prohibited, as firewalls say"),
        (11, 0, "time to live exceeded"),
    ],
)
@pytest.mark.parametrize("quoted", [28, 40])  # 8 bytes of the TCP header, as the standard asks for, or all of it
def test_an_error_says_who_could_not_reach_whom(kind, code, why, quoted):
    segments, decoder = decoded(framed(error(kind, code, build.ip_bytes(CALL)[:quoted])))
    assert segments == []
    caller, called = Endpoint("10.0.0.1", 40001), Endpoint("10.0.0.2", 104)
    assert decoder.unreachable == deque([Unreachable(build.START, "10.0.0.254", caller, called, why)])
    assert not decoder.undecoded


def test_an_error_of_ipv6_says_so_too():
    segments, decoder = decoded(framed6(error(1, 3, build.ip_bytes(CALL6))))
    assert segments == []
    (found,) = decoder.unreachable
    caller, called = Endpoint("2001:db8::1", 40001), Endpoint("2001:db8::2", 104)
    assert found == Unreachable(build.START, "::fe", caller, called, "address unreachable")


@pytest.mark.parametrize(
    ("frame", "mtu"),
    [
        (framed(error(3, 4, build.ip_bytes(CALL), rest=1400)), 1400),
        (framed6(error(2, 0, build.ip_bytes(CALL6), rest=1280)), 1280),
        (framed(error(3, 4, build.ip_bytes(CALL))), 0),  # as old routers send it
    ],
)
def test_a_packet_that_is_too_large_is_told_with_the_mtu(frame, mtu):
    _, decoder = decoded(frame)
    (found,) = decoder.unreachable
    assert (found.why, found.mtu) == ("fragmentation needed", mtu)


@pytest.mark.parametrize(
    "message",
    [
        error(8, 0, b"ping"),
        error(3, 1, b""),
        error(3, 1, build.ip_bytes(CALL)[:22]),
        error(3, 1, build.ipv4(CALL.flow[:4], CALL.flow[4:8], build.tcp_bytes(CALL), protocol=17)),
        error(3, 1, build.ipv4(CALL.flow[:4], CALL.flow[4:8], build.tcp_bytes(CALL), fragment=1)),
        error(3, 1, b"\x44" + build.ip_bytes(CALL)[1:28]),
        error(3, 1, b"\x40" + build.ip_bytes(CALL)[1:10]),
        error(3, 99, build.ip_bytes(CALL)),
        b"\3",
    ],
    ids=[
        *("an echo", "nothing quoted", "no ports", "UDP", "a later fragment"),
        *("a header too short for its addresses", "a header of no length", "an unknown code", "cut off"),
    ],
)
def test_what_says_nothing_of_a_tcp_packet_is_counted(message):
    segments, decoder = decoded(framed(message))
    assert (segments, list(decoder.unreachable), decoder.undecoded) == ([], [], {"not TCP": 1})


def test_no_more_errors_are_kept_than_a_bounded_number():
    frame = framed(error(3, 1, build.ip_bytes(CALL)))
    _, decoder = decoded(*[frame] * (MAX_UNREACHABLE + 1))
    assert len(decoder.unreachable) == MAX_UNREACHABLE
    assert decoder.unreachable[0].time == build.START + 1


@pytest.mark.parametrize("message", [bytes([3, 1]) + bytes(each) for each in range(40)])
def test_no_error_is_too_short_to_be_read(message):
    assert read_error(1, ROUTER, message, 0) is None
