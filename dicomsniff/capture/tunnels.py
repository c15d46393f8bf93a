"""Frames inside frames that dpkt does not open: VXLAN, Geneve, ERSPAN, 802.11 data frames."""

from collections.abc import Callable

import dpkt

VXLAN_PORTS = (4789, 8472)
GENEVE_PORT = 6081
_ETHERNET_BRIDGING = 0x6558
_SNAP = b"\xaa\xaa\x03\0\0\0"


def carried_by_udp(packet: "dpkt.udp.UDP") -> object:
    """Return the frame that a UDP datagram carries, decoded; None where it carries none."""
    body = bytes(packet.data)
    if packet.dport in VXLAN_PORTS and len(body) > 8 and body[0] & 0x08:  # RFC 7348 §5
        return dpkt.ethernet.Ethernet(body[8:])
    if packet.dport == GENEVE_PORT and len(body) > 8 and body[0] >> 6 == 0:  # RFC 8926 §3.4
        inner = body[8 + (body[0] & 0x3F) * 4 :]
        kind = int.from_bytes(body[2:4], "big")
        if kind == _ETHERNET_BRIDGING:
            return dpkt.ethernet.Ethernet(inner)
        if kind in _BY_ETHERTYPE:
            return _BY_ETHERTYPE[kind](inner)
    return None


def carried_by_gre(packet: "dpkt.gre.GRE") -> object:
    """Return the frame that a GRE packet mirrors (ERSPAN types I to III), decoded; None where it mirrors none."""
    body = packet.data
    if not isinstance(body, bytes):
        return None
    if packet.p == 0x88BE:
        # Type I has neither sequence number nor header of its own.
        return dpkt.ethernet.Ethernet(body[8:] if packet.flags & 0x1000 else body)
    if packet.p == 0x22EB and len(body) > 12:
        return dpkt.ethernet.Ethernet(body[20:] if body[11] & 1 else body[12:])
    return None


def decode_wireless(frame: bytes) -> object:
    """Decode an 802.11 data frame down to what it carries; None for any other (IEEE 802.11 §9.3.2)."""
    kind, flags = frame[0], frame[1]
    if kind & 0x0C != 0x08 or kind & 0x40 or flags & 0x40:  # no data frame, no data in it, or encrypted
        return None
    header = 24 + (6 if flags & 3 == 3 else 0)
    if kind & 0x80:
        header += 6 if flags & 0x80 else 2
    if frame[header : header + 6] != _SNAP:
        return None
    decode = _BY_ETHERTYPE.get(int.from_bytes(frame[header + 6 : header + 8], "big"))
    return decode(frame[header + 8 :]) if decode is not None else None


def decode_radiotap(frame: bytes) -> object:
    """Decode an 802.11 frame behind a radiotap header, which gives its own length."""
    return decode_wireless(frame[int.from_bytes(frame[2:4], "little") :])


_BY_ETHERTYPE: dict[int, Callable[[bytes], object]] = {0x0800: dpkt.ip.IP, 0x86DD: dpkt.ip6.IP6}
