"""Where in a frame which TCP segment is: its payload, the headers before that, the checksums over it."""

from collections import Counter, deque
from typing import NamedTuple

from msgspec import Struct

from dicomsniff.capture.fragments import Key
from dicomsniff.capture.frames import Decoded, FrameDecoder
from dicomsniff.capture.headers import IPV4, IPV6, LAYOUTS, TAGS, find_shape
from dicomsniff.capture.tunnels import GENEVE_PORT, VXLAN_PORTS

_UDP, _GRE = 17, 47
_GRE_CHECKSUM, _GRE_FIELDS = 0x80, 0xB0
"""Bits that say that the header has a checksum, that, a key or a number: 4 bytes each (RFC 2784, RFC 2890)."""


class Outer(NamedTuple):
    """The outer packet of a tunnel: where its IP header begins, and a checksum of UDP or GRE over all (0 for none).

    That counts from byte `begin` on; that of UDP, addresses too. Headers of the tunnel go on to `end`.
    """

    ip: int
    end: int
    checksum: int = 0
    begin: int = 0
    is_udp: bool = False


class Placed(Struct, frozen=True):
    """A segment in a frame: `ip` and `tcp` are where its headers begin, `start` and `end` where its payload is.

    `length` is that of the segment with its header as the IP header has it; more than is there where the capture cut it
    off. Behind `end` nothing belongs to the packet. `outer` is what a tunnel has around it.
    """

    flow: bytes
    seq: int
    flags: int
    ip: int
    tcp: int
    start: int
    end: int
    length: int
    outer: "Outer | None" = None

    @property
    def is_cut(self) -> bool:
        """Whether the capture has not all of the segment."""
        return self.end - self.tcp < self.length


class Fragment(Struct, frozen=True):
    """A part of an IP packet in a frame: its bytes, at `offset` of the packet's payload, are at `start` to `end`.

    With the last part to come, `segment` is the whole: a segment that begins at byte 0 of the payload.
    """

    key: Key
    ip: int
    offset: int
    start: int
    end: int
    segment: Placed | None = None
    whole: bytes = b""


class FrameReader:
    """Finds segments in frames. What it cannot find a place for is not copied, and counted in `lost` by reason."""

    def __init__(self) -> None:
        self.lost: Counter[str] = Counter()
        # What ICMP errors quote of other packets is not copied.
        self._decoder = _PlacedDecoder(self.lost, deque(maxlen=0))

    def read(self, link_type: int, frame: bytes, time: int) -> Placed | Fragment | None:
        """Return what a frame holds of a TCP segment; None where there is none, or it is not certain where."""
        shape = find_shape(link_type, frame, 0, len(frame))
        if shape is not None:
            seen, length, carried, flow, seq, control = shape.read(frame, shape.at)
            fits = seen & shape.type_mask == shape.type and carried & shape.protocol_mask == shape.protocol
            if fits and (shape.outer is None or shape.outer(frame, 0) == shape.expected):
                start, last = shape.tcp + (control >> 10 & 0x3C), shape.counted + length
                if shape.tcp + 20 <= start <= last and start <= len(frame):
                    at = shape.at + 2
                    return Placed(flow, seq, control, at, shape.tcp, start, min(last, len(frame)), last - shape.tcp)
        return self._read_with_care(link_type, frame, time)

    def _read_with_care(self, link_type: int, frame: bytes, time: int) -> Placed | Fragment | None:
        decoder = self._decoder
        decoder.fragment = None
        decoded = decoder.decode(link_type, frame, time)
        if decoder.fragment is not None:
            return self._fragment(link_type, frame, decoder.fragment, decoded[5] if decoded is not None else b"")
        if decoded is None:
            return None
        flow, seq, _, control, _, segment, header, missing = decoded
        tcp = _only_place(frame, segment)
        ip = _ip_before(frame, flow[: (len(flow) - 4) // 2 * 2], tcp)
        if tcp < 0 or ip < 0:
            self.lost["it is not certain where in the frame the segment is"] += 1
            return None
        end = tcp + len(segment)
        return Placed(
            flow, seq, control, ip, tcp, tcp + header, end, len(segment) + missing, _outer(link_type, frame, ip)
        )

    def _fragment(self, link_type: int, frame: bytes, found: tuple[Key, int, bytes], whole: bytes) -> Fragment | None:
        key, offset, body = found
        start = _only_place(frame, body)
        ip = _ip_before(frame, key[0] + key[1], start)
        if start < 0 or ip < 0 or _outer(link_type, frame, ip):
            self.lost["it is not certain where in the frame the fragment is"] += 1
            return None
        segment = None
        if whole:
            flow = key[0] + key[1] + whole[:4]
            control = int.from_bytes(whole[12:14], "big")
            header = control >> 10 & 0x3C
            segment = Placed(flow, int.from_bytes(whole[4:8], "big"), control, 0, 0, header, len(whole), len(whole))
        return Fragment(key, ip, offset, start, start + len(body), segment, whole)


class _PlacedDecoder(FrameDecoder):
    """Tells of each fragment what it is a part of."""

    fragment: tuple[Key, int, bytes] | None = None

    def _fragment(
        self, key: Key, offset: int, body: bytes, length: int, more: bool, protocol: int, time: int
    ) -> Decoded | None:
        if protocol == 6 and len(body) >= length:
            self.fragment = key, offset, body
        return super()._fragment(key, offset, body, length, more, protocol, time)


def _only_place(frame: bytes, body: bytes) -> int:
    """Return where bytes are in a frame; -1 where they are in several places, or in none."""
    place = frame.find(body)
    return place if body and frame.find(body, place + 1) < 0 else -1


def _ip_before(frame: bytes, addresses: bytes, end: int) -> int:
    """Return where the IP header with two addresses begins before byte `end`; -1 where there is none."""
    place = frame.rfind(addresses, 0, max(end, 0))
    ip = place - (12 if len(addresses) == 8 else 8)
    return ip if place >= 0 and ip >= 0 and frame[ip] >> 4 == (4 if len(addresses) == 8 else 6) else -1


def _outer(link_type: int, frame: bytes, inner: int) -> Outer | None:
    """Return the outer packet where the `inner` IP header is in a tunnel."""
    link = LAYOUTS.get(link_type)
    if link is None:
        return None
    ip, kind = link.body, None
    if link.kind is not None:
        kind = int.from_bytes(frame[link.kind : link.kind + 2], "big")
        while kind in TAGS:
            kind = int.from_bytes(frame[ip + 2 : ip + 4], "big")
            ip += 4
    if ip >= inner or (kind is not None and kind not in (IPV4, IPV6)):
        return None
    version = frame[ip] >> 4
    protocol, body = (frame[ip + 9], ip + (frame[ip] & 15) * 4) if version == 4 else (frame[ip + 6], ip + 40)
    if protocol == _UDP and (port := int.from_bytes(frame[body + 2 : body + 4], "big")) in (*VXLAN_PORTS, GENEVE_PORT):
        options = (frame[body + 8] & 0x3F) * 4 if port == GENEVE_PORT else 0
        end, checksum = body + 16 + options, body + 6 if any(frame[body + 6 : body + 8]) else 0
        return Outer(ip, end, checksum, body, is_udp=True)
    if protocol == _GRE:
        end = body + 4 + 4 * (frame[body] & _GRE_FIELDS).bit_count()
        return Outer(ip, end, body + 4, body) if frame[body] & _GRE_CHECKSUM else Outer(ip, end)
    return Outer(ip, body)
