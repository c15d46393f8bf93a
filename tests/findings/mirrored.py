"""Traffic with its sides swapped: who opened TCP, whose port is higher, and who said what on an association."""

from collections.abc import Iterable

import build

_WIDTH = {12: 4, 36: 16}
"""Bytes of an address, by those of a flow."""


def turned(flow: bytes) -> bytes:
    """The flow of the other direction."""
    width = _WIDTH[len(flow)]
    ports = flow[2 * width :]
    return flow[width : 2 * width] + flow[:width] + ports[2:] + ports[:2]


def without_handshake(packets: Iterable[build.Packet]) -> list[build.Packet]:
    """The same, captured from behind the TCP handshakes: nobody can see who opened a connection."""
    found = list(packets)
    handshakes = {index + behind for index in _opening(found) for behind in range(3)}
    return [packet for index, packet in enumerate(found) if index not in handshakes]


def opened_by_the_other(packets: Iterable[build.Packet]) -> list[build.Packet]:
    """The same, where who is called opened the TCP connection."""
    found = list(packets)
    for first in _opening(found):
        called, caller, acknowledged = found[first : first + 3]
        found[first] = caller._replace(time=called.time, ack=0, flags=build.SYN)
        found[first + 1] = called._replace(time=caller.time, ack=caller.seq + 1, flags=build.SYN | build.ACK)
        found[first + 2] = acknowledged._replace(flow=caller.flow, seq=acknowledged.ack, ack=acknowledged.seq)
    return found


def _opening(packets: list[build.Packet]) -> list[int]:
    """Where TCP handshakes of three packets begin."""
    return [
        index
        for index, packet in enumerate(packets[:-2])
        if packet.flags == build.SYN and packets[index + 1].flags == build.SYN | build.ACK
    ]


def with_ports_swapped(packets: Iterable[build.Packet]) -> list[build.Packet]:
    """The same, where the requestor calls from the port, and at the address, of the other."""
    return [packet._replace(flow=turned(packet.flow)) for packet in packets]


def negotiated_by(packets: list[build.Packet]) -> int:
    """Where, among the packets of a connection, who is called first says something: its A-ASSOCIATE-AC."""
    called = turned(packets[0].flow)
    return next(index for index, packet in enumerate(packets) if packet.data and packet.flow == called)


def said_by_the_other(packets: list[build.Packet]) -> list[build.Packet]:
    """The same negotiation, behind which each side of the one connection says and does what the other did."""
    flow, server, answer = packets[0].flow, turned(packets[0].flow), negotiated_by(packets)
    before, behind = packets[: answer + 1], packets[answer + 1 :]
    reached = {each: max(p.seq + len(p.data) for p in before if p.flow == each) for each in (flow, server)}
    own = {flow: server, server: flow}

    def swapped(packet: build.Packet) -> build.Packet:
        other = own[packet.flow]
        seq = packet.seq - reached[packet.flow] + reached[other]
        ack = packet.ack - reached[other] + reached[packet.flow] if packet.flags & build.ACK else 0
        return packet._replace(flow=other, seq=seq, ack=max(ack, 0))

    return before + [swapped(packet) for packet in behind]
