"""One frame -> its TCP segment, the careful way: any link type and encapsulation that dpkt knows, IP fragments."""

import struct
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import TypeAlias

import dpkt

from dicomsniff.capture.fragments import FragmentTable
from dicomsniff.capture.tunnels import carried_by_gre, carried_by_udp, decode_radiotap, decode_wireless
from dicomsniff.capture.unreachable import ICMP, ICMP6, Unreachable, read_error

Decoded = tuple[bytes, int, int, int, int, bytes, int, int]
"""(flow, sequence number, acknowledgement number, control, window, TCP header and payload, bytes of the header,
payload bytes the capture cut off)."""

IpPacket: TypeAlias = dpkt.ip.IP | dpkt.ip6.IP6

_TCP = struct.Struct(">4sLLHH").unpack_from


def _raw_ip(frame: bytes) -> object:
    return dpkt.ip6.IP6(frame) if frame[:1] and frame[0] >> 4 == 6 else dpkt.ip.IP(frame)


def _null(frame: bytes) -> object:
    # The address family is in the byte order of the machine that captured; the IP header tells more surely.
    return _raw_ip(frame[4:])


def _ppp(frame: bytes) -> object:
    # Only HDLC-like framing begins with address and control; dpkt expects them.
    return dpkt.ppp.PPP(frame if frame[:2] == b"\xff\x03" else b"\xff\x03" + frame)


LINKS: dict[int, tuple[str, Callable[[bytes], object]]] = {
    0: ("BSD null", _null),
    1: ("Ethernet", dpkt.ethernet.Ethernet),
    9: ("PPP", _ppp),
    12: ("raw IP", _raw_ip),
    14: ("raw IP", _raw_ip),
    101: ("raw IP", _raw_ip),
    108: ("BSD loop", _null),
    113: ("Linux cooked", dpkt.sll.SLL),
    50: ("PPP", _ppp),
    105: ("802.11", decode_wireless),
    127: ("802.11 radiotap", decode_radiotap),
    228: ("raw IPv4", _raw_ip),
    229: ("raw IPv6", _raw_ip),
    276: ("Linux cooked v2", dpkt.sll2.SLL2),
}
"""Link types (as registered for pcap), their names, and what decodes them."""


_ENDS = (6, ICMP, ICMP6)
"""Protocols in which nothing further is looked for: TCP, and ICMP, whose errors quote packets that came before."""


class FrameDecoder:
    """Decodes single frames; counts in `undecoded` why a frame gave no segment, and adds to ICMP errors about them."""

    def __init__(self, undecoded: Counter[str], errors: deque[Unreachable]) -> None:
        self._undecoded, self._errors = undecoded, errors
        self._fragments = FragmentTable()

    def decode(self, link_type: int, frame: bytes, time: int) -> Decoded | None:
        """Return the frame's TCP segment, or None where it holds none."""
        link = LINKS.get(link_type)
        if link is None:
            self._undecoded[f"link type {link_type} is not supported"] += 1
            return None
        try:
            packet = self._innermost(link[1](frame))
        except (dpkt.UnpackError, IndexError, struct.error, ValueError, AttributeError, TypeError, RecursionError):
            self._undecoded[f"malformed {link[0]} frame"] += 1
            return None
        if packet is None:
            self._undecoded["no IP packet in the frame"] += 1
            return None
        if packet.p in (ICMP, ICMP6):
            message = bytes(packet.data)
            if error := read_error(packet.p, packet.src, message, time):
                self._take_error(error, message)
                return None
        return self._ipv4(packet, time) if isinstance(packet, dpkt.ip.IP) else self._ipv6(packet, time)

    def _innermost(self, packet: object) -> IpPacket | None:
        """Return the IP packet of a decoded frame that carries TCP (or a fragment, or anything else)."""
        found = None
        for each in ip_packets(packet):
            found = each
        return found

    def _take_error(self, error: Unreachable, message: bytes) -> None:  # noqa: ARG002  of use where it is copied
        self._errors.append(error)

    def _ipv4(self, packet: "dpkt.ip.IP", time: int) -> Decoded | None:
        header = packet.hl * 4
        body = bytes(packet.data)
        length = packet.len - header if packet.len else len(body)  # 0: the sender's card set the length later
        if packet.mf or packet.offset:
            key = (packet.src, packet.dst, packet.id, packet.p)
            return self._fragment(key, packet.offset * 8, body[:length], length, bool(packet.mf), packet.p, time)
        return self._transport(packet.p, packet.src, packet.dst, body[:length], length)

    def _ipv6(self, packet: "dpkt.ip6.IP6", time: int) -> Decoded | None:
        headers = packet.all_extension_headers
        body = bytes(packet.data)
        length = packet.plen - sum(len(h) for h in headers) if packet.plen else len(body)
        for header in headers:
            if isinstance(header, dpkt.ip6.IP6FragmentHeader):
                offset, more = header.frag_off * 8, bool(header.m_flag)
                if offset or more:
                    key = (packet.src, packet.dst, header.id, header.nxt)
                    return self._fragment(key, offset, body[:length], length, more, header.nxt, time)
        return self._transport(packet.p, packet.src, packet.dst, body[:length], length)

    def _fragment(
        self,
        key: tuple[bytes, bytes, int, int],
        offset: int,
        body: bytes,
        length: int,
        more: bool,
        protocol: int,
        time: int,
    ) -> Decoded | None:
        if protocol != 6:
            self._undecoded["not TCP"] += 1
            return None
        if len(body) < length:
            self._undecoded["IP fragment cut off by the capture"] += 1
            return None
        whole = self._fragments.feed(key, offset, body, more, time)
        return self._transport(protocol, key[0], key[1], whole, len(whole)) if whole is not None else None

    def _transport(self, protocol: int, source: bytes, target: bytes, body: bytes, length: int) -> Decoded | None:
        if protocol != 6:
            self._undecoded["not TCP"] += 1
            return None
        if len(body) < 20:
            self._undecoded["TCP header cut off"] += 1
            return None
        ports, seq, ack, control, window = _TCP(body)
        header = (control >> 12) * 4
        if header < 20 or header > length:
            self._undecoded["malformed TCP header"] += 1
            return None
        missing = length - max(header, len(body))
        if header > len(body):
            header = len(body) // 4 * 4
            control = header << 10 | control & 0x0FFF
        return source + target + ports, seq, ack, control, window, body, header, missing


def ip_packets(packet: object) -> Iterator[IpPacket]:
    """Follow a decoded frame inwards; yield the IP packets in it, each in the one before."""
    while packet is not None and not isinstance(packet, bytes):
        if isinstance(packet, dpkt.ip.IP | dpkt.ip6.IP6):
            yield packet
            if packet.p in _ENDS:
                break
        if isinstance(packet, dpkt.udp.UDP):
            packet = carried_by_udp(packet)
        elif isinstance(packet, dpkt.gre.GRE):
            packet = carried_by_gre(packet) or packet.data
        else:
            packet = getattr(packet, "data", None)
