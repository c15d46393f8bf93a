"""ICMP errors as causes: of connections that fail, and of transfers that stand still."""

import struct

import build
from findings.cases import Traffic
from findings.found import found_in
from findings.traffic import SECOND, established, healthy

ROUTER = bytes([10, 0, 0, 254])


def answered(
    packet: build.Packet, kind: int, code: int, *, mtu: int = 0, after: int = build.MILLISECOND
) -> build.Frame:
    """The frame of a router's error about a packet, some time (ns) after it."""
    message = struct.pack(">BBHHH", kind, code, 0, 0, mtu) + build.ip_bytes(packet)[:576]
    return packet.time + after, build.ethernet(build.ipv4(ROUTER, packet.flow[:4], message, protocol=1))


def test_a_connection_that_a_router_refuses_is_told_with_its_reason():
    call = build.Talk().call().packets
    (finding,) = found_in([*build.frames(call), answered(call[0], 3, 1)])
    assert finding.code == "connection-failed"
    assert finding.message == (
        "10.0.0.2:104 is unreachable for 10.0.0.1: 10.0.0.254 answered 1 TCP connection by ICMP, host unreachable"
    )


def test_bytes_that_are_too_large_for_the_path_are_told_with_its_mtu():
    talk = established()
    (sent, *_) = talk.client(build.message(3, build.store_rq(), build.pixels(30_000))[:1460])
    frames: Traffic = build.frames(talk.packets)
    for again in range(1, 4):
        later = sent._replace(time=sent.time + again * SECOND)
        frames += [(later.time, build.frame(later)), answered(later, 3, 4, mtu=1400)]
    talk.wait(5 * SECOND)
    frames += build.frames(talk.reset(0).packets[-1:])
    (finding,) = [each for each in found_in(frames) if each.code == "bytes-never-acknowledged"]
    assert finding.message.endswith(
        "10.0.0.254 answered by ICMP, fragmentation needed: the MTU of the path is 1400 bytes"
    )


def test_a_packet_that_an_error_quotes_is_not_taken_for_one_that_was_sent_again():
    packets = healthy()
    data = next(packet for packet in packets if packet.data)
    frames = sorted([*build.frames(packets), answered(data, 11, 0, after=10)])
    assert found_in(frames) == found_in(packets) == []
