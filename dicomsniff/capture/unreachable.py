"""ICMP errors about TCP packets: who says that they did not arrive, and why (RFC 792, RFC 4443)."""

import struct

from msgspec import Struct

from dicomsniff.capture.segments import Endpoint, flow_ends

MAX_UNREACHABLE = 1000
"""ICMP errors that are remembered, the latest ones."""
ICMP, ICMP6 = 1, 58
"""Their numbers as protocols of IPv4 and IPv6."""
_TCP = 6
_HEADER = 8
"""Bytes before the packet that an error quotes."""
_LEAST_HEADER = 20
"""Bytes that the header of a quoted packet has at least (RFC 791 §3.1): one that says less is broken."""
TOO_LARGE = "fragmentation needed"
_ADMINISTRATIVE = "administratively prohibited, as firewalls say"
_MEANINGS = {
    ICMP: {
        **{(3, code): "network unreachable" for code in (0, 6, 11)},
        **{(3, code): "host unreachable" for code in (1, 7, 8, 12)},
        (3, 2): "protocol unreachable",
        (3, 3): "port unreachable",
        (3, 4): TOO_LARGE,
        **{(3, code): _ADMINISTRATIVE for code in (9, 10, 13)},
        (11, 0): "time to live exceeded",
    },
    ICMP6: {
        (1, 0): "no route to destination",
        **{(1, code): _ADMINISTRATIVE for code in (1, 5, 6)},
        (1, 3): "address unreachable",
        (1, 4): "port unreachable",
        (2, 0): TOO_LARGE,
        (3, 0): "hop limit exceeded",
    },
}
"""What errors mean, by protocol, type and code (RFC 792, RFC 1812 §5.2.7.1, RFC 4443 §3)."""


class Unreachable(Struct, frozen=True):
    """An ICMP error about a TCP packet from `source` to `target`; `mtu` is that of the next hop, 0 where not said."""

    time: int
    by: str
    source: Endpoint
    target: Endpoint
    why: str
    mtu: int = 0


def read_error(protocol: int, sender: bytes, message: bytes, time: int) -> Unreachable | None:
    """Return what an ICMP message says about a TCP packet; None where it is no error, or about something else."""
    why = _MEANINGS[protocol].get((message[0], message[1])) if len(message) > _HEADER else None
    flow = read_quoted(message[_HEADER:]) if why is not None else None
    if why is None or flow is None:
        return None
    source, target = flow_ends(flow)
    mtu = 0
    if why == TOO_LARGE:  # in the last two of its bytes, of all four with IPv6
        (mtu,) = struct.unpack_from(">L", message, 4) if protocol == ICMP6 else struct.unpack_from(">H", message, 6)
    from ipaddress import ip_address

    return Unreachable(time, str(ip_address(sender)), source, target, why, mtu)


def read_quoted(packet: bytes) -> bytes | None:
    """Return the flow of a TCP packet of which at least the ports are quoted."""
    if packet[0] >> 4 == 6:
        addresses, protocol, begin, is_first = packet[8:40], packet[6:7], 40, True
    else:
        addresses, protocol, begin = packet[12:20], packet[9:10], (packet[0] & 15) * 4
        is_first = not int.from_bytes(packet[6:8], "big") & 0x1FFF
    ports = packet[begin : begin + 4]
    is_tcp = is_first and protocol == bytes([_TCP])
    return addresses + ports if is_tcp and begin >= _LEAST_HEADER and len(ports) == 4 else None
