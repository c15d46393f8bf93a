"""Where the headers of a common frame lie, so that they are read at once: one table of link types.

Most captures hold frames of very few shapes: a mirror port tags every frame or none, `tcpdump -i any` puts the same
header before all. So whoever reads frames keeps the shape of the last one, reads the next at the same places, and asks
here only where that one does not fit. What no shape fits (tunnels, fragments, extension headers, other protocols) goes
through dpkt, which makes objects of every header and takes ten times as long.
"""

from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

Headers = tuple[int, int, int, bytes, int, int]
"""(type and version, length, protocol, flow, sequence number, control): what the headers say, still to be masked."""


class Link(NamedTuple):
    """What a link type puts before an IP packet."""

    kind: int | None
    """Where the EtherType is; None where there is none, so that the IP version alone tells."""
    body: int
    """Where the packet begins, or what follows the EtherType."""


LAYOUTS = {
    0: Link(None, 4),  # BSD null: an address family in the byte order of who captured
    1: Link(12, 14),  # Ethernet
    12: Link(None, 0),  # raw IP
    14: Link(None, 0),
    101: Link(None, 0),
    108: Link(None, 4),  # BSD loop
    113: Link(14, 16),  # Linux cooked
    228: Link(None, 0),  # raw IPv4
    229: Link(None, 0),  # raw IPv6
    276: Link(0, 20),  # Linux cooked v2
}
"""Link types (as registered for pcap) whose frames have shapes."""

TAGS = frozenset({0x8100, 0x88A8, 0x9100, 0x9200})
"""EtherTypes of VLAN tags (IEEE 802.1Q §9.6; the last two before 802.1ad): two bytes and another EtherType follow."""
MAX_TAGS = 2
IPV4, IPV6 = 0x0800, 0x86DD
_BEFORE = 2
"""Headers are read from where an EtherType is when it stands right before the IP packet."""
_TCP_HEADER = 20
_WORD = Struct(">H").unpack_from


class Shape(NamedTuple):
    """Where to read frames of one kind, and what must stand there; places count from the frame's first byte."""

    at: int
    """Where `read` begins."""
    read: Callable[[bytes, int], Headers]
    type_mask: int
    type: int
    protocol_mask: int
    protocol: int
    tcp: int
    """Where the TCP header begins."""
    counted: int
    """Where that begins which the IP header's length counts: the header too in IPv4, only what follows it in IPv6."""
    outer: Callable[[bytes, int], tuple[int, ...]] | None
    """Reads the EtherTypes that do not stand right before the IP packet, where there are any."""
    expected: tuple[int, ...]
    """What they are in this shape."""
    outer_at: tuple[int, ...]
    """Where they are."""
    version: int
    """The EtherType of the IP version."""


def find_shape(link_type: int, data: bytes, start: int, end: int) -> Shape | None:
    """Return the shape of the frame `data[start:end]`; None where it has none, as one that holds no TCP over IP.

    That its headers are those of the shape is known then only as far as EtherTypes, IP version and header length go.
    """
    link = LAYOUTS.get(link_type)
    if link is None:
        return None
    body = start + link.body
    tags: list[int] = []
    kind = None
    if link.kind is not None:
        if body > end:
            return None
        kind = _WORD(data, start + link.kind)[0]
        while kind in TAGS and len(tags) < MAX_TAGS and body + 4 <= end:
            tags.append(kind)
            kind = _WORD(data, body + 2)[0]
            body += 4
    if body < _BEFORE or body >= end:
        return None
    first = data[body]
    version = {4: IPV4, 6: IPV6}.get(first >> 4)
    if version is None or (kind is not None and kind != version):
        return None
    header = (first & 15) * 4 if version == IPV4 else 40
    if header < 20 or body + header + _TCP_HEADER > len(data):
        return None
    return _shape(link, tuple(tags), version, header)


@lru_cache(maxsize=256)
def _shape(link: Link, tags: tuple[int, ...], version: int, header: int) -> Shape:
    body = link.body + 4 * len(tags)
    before = body - _BEFORE
    # Whatever stands right before the packet is compared with it; other EtherTypes are read on their own.
    kinds = [] if link.kind is None else [link.kind, *(link.body + 2 + 4 * index for index in range(len(tags)))]
    adjacent = bool(kinds) and kinds[-1] == before
    outer = kinds[:-1] if adjacent else kinds
    expected = (*tags, version)[: len(outer)]
    type_mask, told = (0xFFFFFF00, 0x4000 | header // 4 << 8) if version == IPV4 else (0xFFFFF000, 0x6000)
    if adjacent:
        told |= version << 16
    else:
        type_mask &= 0xFFFF
    if version == IPV4:
        # The masks leave out type of service, identification, "don't fragment" and time to live.
        protocol_mask, protocol, counted = 0x3FFF00FF, 6, body
    else:
        protocol_mask, protocol, counted = 0xFF, 6, body + 40
    return Shape(
        before,
        _reader(version, header),
        type_mask,
        told,
        protocol_mask,
        protocol,
        body + header,
        counted,
        _outer_reader(outer) if outer else None,
        expected,
        tuple(outer),
        version,
    )


def _reader(version: int, header: int) -> Callable[[bytes, int], Headers]:
    """Return what reads the fields of a frame's IP and TCP headers, from two bytes before the former on."""
    if version == IPV6:
        return Struct(">L2xHBx36sL4xH").unpack_from
    if header == 20:
        return Struct(">LHxxL2x12sL4xH").unpack_from
    read = Struct(f">LHxxL2x8s{header - 20}x4sL4xH").unpack_from

    def read_with_options(data: bytes, at: int) -> Headers:
        kind, length, protocol, addresses, ports, seq, control = read(data, at)
        return kind, length, protocol, addresses + ports, seq, control

    return read_with_options


def _outer_reader(places: list[int]) -> Callable[[bytes, int], tuple[int, ...]]:
    form, at = ">", 0
    for place in places:
        form += f"{place - at}xH"
        at = place + 2
    return Struct(form).unpack_from


def _read_none(_data: bytes, _at: int, /) -> Headers:
    return 0, 0, 0, b"", 0, 0


NO_SHAPE = Shape(0, _read_none, 0, 1, 0, 0, 0, 0, None, (), (), 0)
"""What no frame has: where there was none before."""
