"""The packets of a capture, one after the other -> those that the plan copies, overwritten, as pcapng."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from struct import Struct

from dicomsniff import __version__
from dicomsniff.capture.losses import Losses
from dicomsniff.capture.packets import PacketBatch
from dicomsniff.capture.segments import SYN
from dicomsniff.scrubbing.checksums import adjusted, is_right, word_sum
from dicomsniff.scrubbing.frames import Fragment, FrameReader, Outer, Placed, Quoted
from dicomsniff.scrubbing.network import Addresses
from dicomsniff.scrubbing.plan import Plan, PlannedConnection
from dicomsniff.scrubbing.streams import CopiedStream, PlannedStream, RecordStream
from dicomsniff.sniffing.blocks import interface_description, packet, section_header, statistics

MAX_HELD = 1 << 12
"""Frames that wait for the other fragments of an IP packet; of more, the first are not copied."""
_CHECKSUM = 16
"""Where the checksum is in a TCP header."""
_IP_CHECKSUM = 10
_LENGTHS = Struct("<LL").unpack_from, Struct(">LL").unpack_from


@dataclass(slots=True)
class _Held:
    """A frame that is copied when it is known what is in it; None where it is not copied."""

    time: int
    link_type: int
    frame: bytearray | None
    length: int
    fragment: Fragment | None = None
    """What it waits for the rest of."""


@dataclass(slots=True)
class Copied:
    """What was copied, and what was not."""

    packets: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


class PacketCopier:
    """Copies packets: `write` gets the bytes of a pcapng file. With `addresses`, those stand for all of the network."""

    def __init__(
        self, plan: Plan, write: Callable[[bytes], object], *, nanoseconds: bool, addresses: Addresses | None
    ) -> None:
        self.copied = Copied()
        self._plan, self._write, self._nanoseconds, self._addresses = plan, write, nanoseconds, addresses
        self._reader = FrameReader()
        self._streams: dict[tuple[int, bytes], CopiedStream] = {}
        self._interfaces: dict[int, int] = {}
        self._held: deque[_Held] = deque()
        self._parts: dict[object, list[_Held]] = {}
        self._latest = 0
        """When the last packet was captured that was written, as it is written."""
        write(section_header(f"dicomsniff {__version__}"))

    def feed(self, batch: PacketBatch) -> None:
        """Take packets."""
        for at, (start, end) in enumerate(zip(batch.starts, batch.ends, strict=True)):
            frame, time = batch.data[start:end], batch.time(at)
            held = _Held(time, batch.link_type, bytearray(frame), _wire_length(batch, start, end))
            self._take(batch.first_number + at, held, frame)

    def close(self) -> None:
        """The capture is over: fragments whose rest never came are not copied."""
        for each in self._held:
            if each.fragment is not None:
                self._leave_out(each, "an IP fragment without the others")
        self._flush()
        for reason, count in self._reader.lost.items():
            self.copied.left_out[reason] += count

    def tell_losses(self, losses: Losses) -> None:
        """Write what was lost while packets were captured: who reads the copy must know."""
        if self._interfaces:
            kernel, lost = losses.kernel + losses.spool, losses.interface
            self._write(statistics(0, 0, self._latest, self.copied.packets, kernel, lost, away=losses.away))

    def _take(self, number: int, held: _Held, frame: bytes) -> None:
        found = self._reader.read(held.link_type, frame, held.time)
        if isinstance(found, Placed):
            self._take_segment(number, held, found)
        elif isinstance(found, Fragment):
            self._take_fragment(number, held, found)
        elif isinstance(found, Quoted):
            self._take_error(number, held, found)
        else:
            self.copied.left_out["other packets"] += 1
            return
        self._held.append(held)
        while len(self._held) > MAX_HELD and (first := self._held[0]).fragment is not None:
            self._leave_out(first, "an IP fragment without the others")
        self._flush()

    def _take_segment(self, number: int, held: _Held, placed: Placed) -> None:
        assert held.frame is not None
        payload = bytes(held.frame[placed.start : placed.end])
        copied = self._copied(number, placed, payload)
        if copied is None:
            held.frame = None
            return
        frame = held.frame
        before = bytes(frame)
        frame[placed.start : placed.end] = copied
        frame[placed.end :] = bytes(len(frame) - placed.end)  # padding, or a checksum of what was there
        self._hide_network(held.link_type, frame, placed.ip, placed.outers)
        self._put_right(before, frame, placed)

    def _take_error(self, number: int, held: _Held, quoted: Quoted) -> None:
        """Copy an ICMP error, with what it quotes as the packet was copied that it is about."""
        assert held.frame is not None
        connection = self._plan.find_before(quoted.flow, number)
        if connection is None:
            self.copied.left_out["packets of other connections"] += 1
            held.frame = None
            return
        frame, start, end, tcp, last = held.frame, quoted.start, quoted.end, quoted.tcp, quoted.last
        before = bytes(frame)
        if start < end:
            stream = self._stream(connection, quoted.flow, quoted.seq)
            frame[start:end] = stream.copy(quoted.seq, before[start:end])
        frame[end:] = bytes(len(frame) - end)
        self._hide_network(held.link_type, frame, quoted.ip, quoted.outers)
        if self._addresses is not None:
            self._hide_ip(self._addresses, frame, quoted.inner)
        if tcp + _CHECKSUM + 2 <= end:
            old, new = (_pseudo(each, quoted.inner, 0) + word_sum(each[tcp:end]) for each in (before, frame))
            _adjust(frame, tcp + _CHECKSUM, old, new)
        old, new = (word_sum(each[quoted.icmp : last]) for each in (before, frame))
        if frame[quoted.ip] >> 4 == 6:  # only there it covers addresses too (RFC 4443 §2.3)
            old, new = old + _pseudo(before, quoted.ip, 0), new + _pseudo(frame, quoted.ip, 0)
        _adjust(frame, quoted.icmp + 2, old, new)
        _put_outers_right(before, frame, quoted.outers, last)

    def _take_fragment(self, number: int, held: _Held, fragment: Fragment) -> None:
        held.fragment = fragment
        together = self._parts.setdefault(fragment.key, [])
        together.append(held)
        segment = fragment.segment
        if segment is None:
            return
        del self._parts[fragment.key]
        whole = bytearray(fragment.whole)
        copied = self._copied(number, segment, bytes(whole[segment.start :]))
        for each in together:
            part, each.fragment = each.fragment, None
            if copied is None or each.frame is None or part is None:
                each.frame = None
                continue
            frame = each.frame
            old = _pseudo(frame, part.ip, len(whole)) + word_sum(whole)
            self._hide_network(each.link_type, frame, part.ip, ())
            changed = whole[: segment.start] + copied
            if is_right(old):
                checksum = int.from_bytes(changed[_CHECKSUM : _CHECKSUM + 2], "big")
                new = _pseudo(frame, part.ip, len(whole)) + word_sum(changed)
                changed[_CHECKSUM : _CHECKSUM + 2] = adjusted(checksum, old, new).to_bytes(2, "big")
            frame[part.start : part.end] = changed[part.offset : part.offset + part.end - part.start]
            frame[part.end :] = bytes(len(frame) - part.end)

    def _copied(self, number: int, placed: Placed, payload: bytes) -> bytes | None:
        """Return what is copied of a payload; None where the packet is not."""
        connection = self._plan.find(placed.flow, number, is_bare=not payload)
        if connection is None:
            self.copied.left_out["packets of other connections"] += 1
            return None
        if not payload:
            return b""
        seq = (placed.seq + bool(placed.flags & SYN)) & 0xFFFFFFFF
        stream = self._stream(connection, placed.flow, seq)
        return stream.copy(seq, payload, conflicts=number in connection.conflicts)

    def _stream(self, connection: PlannedConnection, flow: bytes, seq: int) -> CopiedStream:
        key = connection.first_packet, flow
        stream = self._streams.get(key)
        if stream is None:
            if connection.is_tls:
                stream = RecordStream(seq, shows_handshake=self._addresses is None)
            elif flow in connection.sides:
                source, parts = connection.sides[flow]
                stream = PlannedStream(source.initial_sequence, parts, connection.openings.get(flow, 0))
            else:
                stream = CopiedStream(seq)
            self._streams[key] = stream
        return stream

    def _hide_network(self, link_type: int, frame: bytearray, ip: int, outers: tuple[Outer, ...]) -> None:
        if self._addresses is not None:
            self._addresses.hide_link(link_type, frame)
            self._hide_ip(self._addresses, frame, ip)
            inners = [*(each.ip for each in outers), ip][1:]
            for outer, inner in zip(outers, inners, strict=True):
                self._addresses.hide_inner_link(frame, outer.end, inner)
                self._hide_ip(self._addresses, frame, outer.ip)

    def _hide_ip(self, addresses: Addresses, frame: bytearray, ip: int) -> None:
        header = (frame[ip] & 15) * 4
        before = word_sum(frame[ip : ip + header])
        addresses.hide_ip(frame, ip)
        place = slice(ip + _IP_CHECKSUM, ip + _IP_CHECKSUM + 2)
        if frame[ip] >> 4 == 4 and any(frame[place]):
            fixed = adjusted(int.from_bytes(frame[place], "big"), before, word_sum(frame[ip : ip + header]))
            frame[place] = fixed.to_bytes(2, "big")

    def _put_right(self, before: bytes, frame: bytearray, placed: Placed) -> None:
        """Let a checksum that was right be right, and leave one that was wrong, as a card was to set it, as it is."""
        tcp, end = placed.tcp, placed.end
        old = _pseudo(before, placed.ip, placed.length) + word_sum(before[tcp:end])
        if placed.is_cut or is_right(old):
            _adjust(frame, tcp + _CHECKSUM, old, _pseudo(frame, placed.ip, placed.length) + word_sum(frame[tcp:end]))
        _put_outers_right(before, frame, placed.outers, end)

    def _leave_out(self, held: _Held, reason: str) -> None:
        if held.fragment is not None:
            together = self._parts.pop(held.fragment.key, [])
            for each in together:
                each.frame = each.fragment = None
                self.copied.left_out[reason] += 1

    def _flush(self) -> None:
        while self._held and self._held[0].fragment is None:
            each = self._held.popleft()
            if each.frame is not None:
                self._write_packet(each.time, each.link_type, bytes(each.frame), each.length)

    def _write_packet(self, time: int, link_type: int, frame: bytes, length: int) -> None:
        interface = self._interfaces.get(link_type)
        if interface is None:
            interface = self._interfaces[link_type] = len(self._interfaces)
            self._write(interface_description(f"scrubbed{interface}", link_type, 0, nanoseconds=self._nanoseconds))
        self._latest = time if self._nanoseconds else time // 1000
        self._write(packet(interface, self._latest, frame, length))
        self.copied.packets += 1


def _pseudo(frame: bytes | bytearray, ip: int, length: int) -> int:
    """Return the sum of the pseudo header of TCP: addresses, protocol and length (RFC 9293 §3.1, RFC 8200 §8.1)."""
    place, width = (ip + 12, 8) if frame[ip] >> 4 == 4 else (ip + 8, 32)
    return word_sum(frame[place : place + width]) + 6 + length


def _adjust(frame: bytearray, place: int, old: int, new: int) -> None:
    """Change the checksum at a place as the sum of what it covers changed."""
    frame[place : place + 2] = adjusted(int.from_bytes(frame[place : place + 2], "big"), old, new).to_bytes(2, "big")


def _put_outers_right(before: bytes, frame: bytearray, outers: tuple[Outer, ...], end: int) -> None:
    """Put the checksums of tunnels right, the innermost first: those around it cover it."""
    for outer in reversed(outers):
        if outer.checksum:
            place = slice(outer.checksum, outer.checksum + 2)
            old, new = word_sum(before[outer.begin : end]), word_sum(frame[outer.begin : end])
            if outer.is_udp:
                old, new = old + _pseudo(before, outer.ip, 0), new + _pseudo(frame, outer.ip, 0)
            fixed = adjusted(int.from_bytes(frame[place], "big"), old, new)
            frame[place] = (fixed or 0xFFFF).to_bytes(2, "big")


def _wire_length(batch: PacketBatch, start: int, end: int) -> int:
    """Return the bytes that a packet had on the wire, where its record says so as most do: right before the frame."""
    for lengths in _LENGTHS:
        captured, length = lengths(batch.data, start - 8) if start >= 8 else (0, 0)
        if captured == end - start and captured <= length < 1 << 24:
            return int(length)
    return end - start
