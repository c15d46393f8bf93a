"""Where in a frame which TCP segment is: its payload, the headers before that, the checksums over it."""

from collections import Counter, deque
from typing import NamedTuple

from msgspec import Struct

from dicomsniff.capture.fragments import Key
from dicomsniff.capture.frames import Decoded, FrameDecoder, IpPacket, ip_packets
from dicomsniff.capture.headers import find_shape
from dicomsniff.capture.segments import SYN
from dicomsniff.capture.tunnels import GENEVE_PORT, VXLAN_PORTS
from dicomsniff.capture.unreachable import Unreachable, read_quoted
from dicomsniff.tcp.source import SEQUENCE_MASK

_UDP, _GRE = 17, 47
_TCP_HEADER = 20
_QUOTED = 8
"""Bytes of an ICMP error before the packet that it quotes."""
_GRE_CHECKSUM, _GRE_FIELDS = 0x80, 0xB0
"""Bits that say that the header has a checksum, that, a key or a number: 4 bytes each (RFC 2784, RFC 2890)."""


class Outer(NamedTuple):
    """A packet around another one: where its IP header begins, and a checksum of UDP or GRE over all (0 for none).

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
    off. Behind `end` nothing belongs to the packet. `outers` are what tunnels have around it, from the outside inwards.
    """

    flow: bytes
    seq: int
    flags: int
    ip: int
    tcp: int
    start: int
    end: int
    length: int
    outers: tuple[Outer, ...] = ()

    @property
    def is_cut(self) -> bool:
        """Whether the capture has not all of the segment."""
        return self.end - self.tcp < self.length


class Quoted(Struct, frozen=True):
    """An ICMP error in a frame, about a segment of `flow` of which it quotes the beginning (RFC 792, RFC 4443).

    `ip` and `icmp` are where its own headers begin, `inner` and `tcp` those that it quotes; `start` to `end` is what it
    quotes of the payload. The message goes on to `last`: what is behind the quoted packet may be anything.
    """

    flow: bytes
    seq: int
    ip: int
    icmp: int
    inner: int
    tcp: int
    start: int
    end: int
    last: int
    outers: tuple[Outer, ...] = ()


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
        self._decoder = _PlacedDecoder(self.lost, deque(maxlen=0))

    def read(self, link_type: int, frame: bytes, time: int) -> Placed | Fragment | Quoted | None:
        """Return what a frame holds of a TCP segment, or says of one; None for neither, and where that is uncertain."""
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

    def _read_with_care(self, link_type: int, frame: bytes, time: int) -> Placed | Fragment | Quoted | None:
        decoder = self._decoder
        decoder.fragment = decoder.error = None
        decoder.layers.clear()
        decoded = decoder.decode(link_type, frame, time)
        layers = _layers(frame, decoder.layers)
        if decoder.fragment is not None:
            return self._fragment(frame, layers, decoder.fragment, decoded[5] if decoded is not None else b"")
        if decoder.error is not None:
            return self._error(frame, layers, decoder.error)
        if decoded is None:
            return None
        flow, seq, _, control, _, segment, header, missing = decoded
        tcp = _only_place(frame, segment)
        if tcp < 0 or not layers:
            self.lost["it is not certain where in the frame the segment is"] += 1
            return None
        end = tcp + len(segment)
        return Placed(
            flow, seq, control, layers[-1], tcp, tcp + header, end, len(segment) + missing, _outers(frame, layers)
        )

    def _error(self, frame: bytes, layers: list[int], message: bytes) -> Quoted | None:
        icmp = _only_place(frame, message[:_QUOTED])
        flow = read_quoted(message[_QUOTED:])
        if icmp < 0 or not layers or flow is None:
            self.lost["it is not certain where in the frame the ICMP error is"] += 1
            return None
        inner = icmp + _QUOTED
        tcp = inner + _ip_header(frame, inner)
        last = min(len(frame), _ip_end(frame, layers[-1]))
        least = min(tcp + _TCP_HEADER, last)
        end = max(min(last, _ip_end(frame, inner)), least)
        header = (frame[tcp + 12] >> 4) * 4 if tcp + 12 < end else _TCP_HEADER
        seq = int.from_bytes(frame[tcp + 4 : tcp + 8], "big") if tcp + 8 <= end else 0
        if tcp + 13 < end and frame[tcp + 13] & SYN:
            seq += 1
        start = min(max(tcp + header, least), end)
        return Quoted(flow, seq & SEQUENCE_MASK, layers[-1], icmp, inner, tcp, start, end, last, _outers(frame, layers))

    def _fragment(
        self, frame: bytes, layers: list[int], found: tuple[Key, int, bytes], whole: bytes
    ) -> Fragment | None:
        key, offset, body = found
        start = _only_place(frame, body)
        if start < 0 or len(layers) != 1:
            self.lost["it is not certain where in the frame the fragment is"] += 1
            return None
        segment = None
        if whole:
            flow = key[0] + key[1] + whole[:4]
            control = int.from_bytes(whole[12:14], "big")
            header = control >> 10 & 0x3C
            segment = Placed(flow, int.from_bytes(whole[4:8], "big"), control, 0, 0, header, len(whole), len(whole))
        return Fragment(key, layers[0], offset, start, start + len(body), segment, whole)


class _PlacedDecoder(FrameDecoder):
    """Tells of each frame which IP packets are in it, what a fragment is a part of, and which ICMP error it holds."""

    fragment: tuple[Key, int, bytes] | None = None
    error: bytes | None = None

    def __init__(self, undecoded: Counter[str], errors: deque[Unreachable]) -> None:
        super().__init__(undecoded, errors)
        self.layers: list[bytes] = []
        """Addresses of the IP packets, from the outside inwards."""

    def _innermost(self, packet: object) -> IpPacket | None:
        found = None
        for found in ip_packets(packet):
            self.layers.append(found.src + found.dst)
        return found

    def _take_error(self, error: Unreachable, message: bytes) -> None:  # noqa: ARG002  the message has it all
        self.error = message

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


def _layers(frame: bytes, layers: list[bytes]) -> list[int]:
    """Return where IP headers with these addresses begin, each in the one before; none where one is not found."""
    places: list[int] = []
    at = 0
    for addresses in layers:
        version, before = (4, 12) if len(addresses) == 8 else (6, 8)
        place = frame.find(addresses, at + before)
        while place >= 0 and frame[place - before] >> 4 != version:
            place = frame.find(addresses, place + 1)
        if place < 0:
            return []
        places.append(place - before)
        at = place + len(addresses)
    return places


def _ip_header(frame: bytes, ip: int) -> int:
    return (frame[ip] & 15) * 4 if frame[ip] >> 4 == 4 else 40


def _ip_end(frame: bytes, ip: int) -> int:
    """Return where an IP packet ends, as its header says; where that says nothing, at the end of the frame."""
    place, rest = (2, 0) if frame[ip] >> 4 == 4 else (4, 40)
    length = int.from_bytes(frame[ip + place : ip + place + 2], "big")
    return ip + rest + length if length else len(frame)


def _outers(frame: bytes, layers: list[int]) -> tuple[Outer, ...]:
    """Return the packets around the last one of those whose IP headers begin there."""
    return tuple(_outer(frame, ip) for ip in layers[:-1])


def _outer(frame: bytes, ip: int) -> Outer:
    protocol, body = frame[ip + (9 if frame[ip] >> 4 == 4 else 6)], ip + _ip_header(frame, ip)
    if protocol == _UDP and (port := int.from_bytes(frame[body + 2 : body + 4], "big")) in (*VXLAN_PORTS, GENEVE_PORT):
        options = (frame[body + 8] & 0x3F) * 4 if port == GENEVE_PORT else 0
        end, checksum = body + 16 + options, body + 6 if any(frame[body + 6 : body + 8]) else 0
        return Outer(ip, end, checksum, body, is_udp=True)
    if protocol == _GRE:
        end = body + 4 + 4 * (frame[body] & _GRE_FIELDS).bit_count()
        return Outer(ip, end, body + 4, body) if frame[body] & _GRE_CHECKSUM else Outer(ip, end)
    return Outer(ip, body)
