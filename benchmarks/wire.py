"""DICOM and TCP as they go over the wire: PDUs, command sets, connections; written to a pcap file as they come."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

VERIFICATION = "1.2.840.10008.1.1"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
UID_ROOT = "1.2.826.0.1.3680043.10.1573"
SCP_PORT = 11112
MAX_PDU = 16384
FRAGMENT = MAX_PDU - 6  # PDV length, context id and control header come out of it

MSS = 1448
MICROSECONDS_PER_PACKET = 12
"""A full frame at 1 Gbit/s."""
START = 1_767_225_600_000_000
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
CLIENT, SERVER = 0, 1
MACS = (b"\x02\x00\x00\x00\x00\x01", b"\x02\x00\x00\x00\x00\x02")

_pcap_header = struct.Struct("<LHHlLLL").pack
_record = struct.Struct("<LLLL").pack
_ip = struct.Struct(">BBHHHBBH8s").pack
_tcp = struct.Struct(">HHLLHHHHHBBLL").pack
_SYN_OPTIONS = struct.pack(">BBHBBBBBBBB", 2, 4, MSS + 12, 4, 2, 1, 1, 1, 3, 3, 7)
"""MSS, SACK permitted, window scale; timestamps follow in every segment."""
RECORD_HEADER = 16


@dataclass(frozen=True)
class Framing:
    """How a capture's frames look: its link type, what becomes of an Ethernet frame, and how much of it is kept."""

    link_type: int = 1
    snaplen: int = 262_144
    reframed: Callable[[bytes], bytes] | None = None


ETHERNET = Framing()


class CaptureWriter:
    """A classic pcap file (microseconds, little-endian) that grows packet by packet."""

    def __init__(self, path: str | Path, framing: Framing = ETHERNET) -> None:
        self._file = open(path, "wb", buffering=1 << 20)  # noqa: SIM115  closed by __exit__
        self._framing = framing
        header = _pcap_header(0xA1B2C3D4, 2, 4, 0, 0, framing.snaplen, framing.link_type)
        self._file.write(header)
        self.size = len(header)
        self.packets = 0
        self.clock = START

    def __enter__(self) -> "CaptureWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, frame: bytes) -> None:
        """Add an Ethernet frame, one tick after the one before."""
        seconds, rest = divmod(self.clock, 1_000_000)
        if self._framing.reframed is not None:
            frame = self._framing.reframed(frame)
        kept = frame[: self._framing.snaplen]
        record = _record(seconds, rest, len(kept), len(frame)) + kept
        self._file.write(record)
        self.clock += MICROSECONDS_PER_PACKET
        self.size += len(record)
        self.packets += 1


class Connection:
    """One TCP connection, both ends: what is called is written to the capture."""

    __slots__ = ("_ends", "_next", "_out", "written")

    def __init__(self, out: CaptureWriter, number: int, port: int = SCP_PORT) -> None:
        self._out = out
        client = bytes([10, 77, 1 + number // 50_000, 1])
        self._ends = (
            _End(CLIENT, client, 10_000 + number % 50_000, b"\x0a\x4d\x00\x02", port),
            _End(SERVER, b"\x0a\x4d\x00\x02", port, client, 10_000 + number % 50_000),
        )
        self.written = 0
        """Bytes its packets take in the capture."""
        self._next = [number * 7919 & 0xFFFFFFFF, number * 104_729 & 0xFFFFFFFF]

    def open(self) -> None:
        """Shake hands."""
        self._packet(CLIENT, SYN)
        self._packet(SERVER, SYN | ACK)
        self._packet(CLIENT, ACK)

    def send(self, side: int, data: bytes, size: int = MSS) -> None:
        """Send bytes in segments of `size`."""
        for at in range(0, len(data), size):
            self._packet(side, ACK if at + size < len(data) else ACK | PSH, data[at : at + size])

    def acknowledge(self, side: int) -> None:
        """Acknowledge what came so far."""
        self._packet(side, ACK)

    def close(self) -> None:
        """Close both directions."""
        self._packet(CLIENT, FIN | ACK)
        self._packet(SERVER, FIN | ACK)
        self._packet(CLIENT, ACK)

    def reset(self) -> None:
        """Break both directions off, as the client."""
        self._packet(CLIENT, RST | ACK)

    def _packet(self, side: int, flags: int, data: bytes = b"") -> None:
        out, position = self._out, self._next[side]
        acknowledged = self._next[1 - side] if flags & ACK else 0
        frame = self._ends[side].frame(position, acknowledged, flags, out.clock // 1000, data)
        out.write(frame)
        self.written += RECORD_HEADER + len(frame)
        self._next[side] = (position + len(data) + (flags & (SYN | FIN) != 0)) & 0xFFFFFFFF


class _End:
    """What all frames of one direction have in common, and their checksums."""

    __slots__ = ("_addresses", "_ethernet", "_ip_sum", "_ports", "_tcp_sum")

    def __init__(self, side: int, address: bytes, port: int, peer: bytes, peer_port: int) -> None:
        self._ethernet = MACS[1 - side] + MACS[side] + b"\x08\x00"
        self._addresses = address + peer
        self._ports = (port, peer_port)
        addresses = int.from_bytes(self._addresses, "big")
        self._ip_sum = 0x4500 + 0x4000 + 0x4006 + addresses
        self._tcp_sum = addresses + 6 + port + peer_port + 502 + 0x0101 + 0x080A

    def frame(self, position: int, acknowledged: int, flags: int, milliseconds: int, data: bytes) -> bytes:
        # One's complement sums of 16-bit words are remainders by 65535, of numbers of any width.
        milliseconds &= 0xFFFFFFFF
        options = _SYN_OPTIONS if flags & SYN else b""
        rest = options + data
        length = 32 + len(rest)
        word = (32 + len(options)) << 10 | flags
        total = self._tcp_sum + length + position + acknowledged + word + 2 * milliseconds
        total += int.from_bytes(rest + b"\0" if len(rest) & 1 else rest, "big")
        number = position // MSS & 0xFFFF
        ip_sum = 65535 - (self._ip_sum + 20 + length + number) % 65535
        return b"".join(
            (
                self._ethernet,
                _ip(0x45, 0, 20 + length, number, 0x4000, 64, 6, ip_sum, self._addresses),
                _tcp(*self._ports, position, acknowledged, word, 502, 65535 - total % 65535, 0, 0x0101, 8, 10,
                     milliseconds, milliseconds),
                rest,
            )
        )  # fmt: skip


# PDUs (PS3.8 §9.3)


def pdu(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxL", kind, len(body)) + body


def item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(body)) + body


def associate_rq(calling: str, abstract_syntaxes: Sequence[str], syntaxes: Sequence[str] = (EXPLICIT_LITTLE,)) -> bytes:
    """Propose the abstract syntaxes as contexts 1, 3, 5, …, each with the same transfer syntaxes."""
    proposed = b"".join(item(0x40, uid.encode()) for uid in syntaxes)
    contexts = b"".join(
        item(0x20, bytes([number, 0, 0, 0]) + item(0x30, uid.encode()) + proposed)
        for number, uid in zip(range(1, 256, 2), abstract_syntaxes, strict=False)
    )
    return _associate(1, calling, contexts)


def associate_ac(calling: str, contexts: int) -> bytes:
    """Accept the first contexts."""
    results = b"".join(
        item(0x21, bytes([number, 0, 0, 0]) + item(0x40, EXPLICIT_LITTLE.encode()))
        for number in range(1, 2 * contexts, 2)
    )
    return _associate(2, calling, results)


def _associate(kind: int, calling: str, contexts: bytes) -> bytes:
    titles = b"BENCHSCP".ljust(16) + calling.encode().ljust(16)
    user = item(0x51, struct.pack(">L", MAX_PDU)) + item(0x52, f"{UID_ROOT}.1".encode()) + item(0x55, b"BENCHMARK_1")
    items = item(0x10, APPLICATION_CONTEXT.encode()) + contexts + item(0x50, user)
    return pdu(kind, struct.pack(">Hxx", 1) + titles + bytes(32) + items)


RELEASE_RQ, RELEASE_RP = pdu(5, bytes(4)), pdu(6, bytes(4))


def p_data(context: int, data: bytes, *, command: bool = False) -> bytes:
    """One message part, in as many P-DATA-TFs as it takes."""
    parts = []
    for at in range(0, len(data), FRAGMENT):
        piece = data[at : at + FRAGMENT]
        control = command | (at + FRAGMENT >= len(data)) << 1
        parts.append(pdu(4, struct.pack(">LBB", len(piece) + 2, context, control) + piece))
    return b"".join(parts)


# Command sets (PS3.7 §9.3, Annex E)


def command_set(values: dict[int, int | str]) -> bytes:
    """Elements of group 0000 in the order given: numbers are US, text is UI."""
    elements = []
    for element, value in values.items():
        raw = struct.pack("<H", value) if isinstance(value, int) else value.encode() + b"\0" * (len(value) % 2)
        elements.append(struct.pack("<HHL", 0, element, len(raw)) + raw)
    joined = b"".join(elements)
    return struct.pack("<HHLL", 0, 0, 4, len(joined)) + joined


def store_rq(context: int, message_id: int, sop_class: str, instance: str) -> bytes:
    values = {0x0002: sop_class, 0x0100: 1, 0x0110: message_id, 0x0700: 0, 0x0800: 0, 0x1000: instance}
    return p_data(context, command_set(values), command=True)


def store_rsp(context: int, message_id: int, sop_class: str, instance: str) -> bytes:
    values = {0x0002: sop_class, 0x0100: 0x8001, 0x0120: message_id, 0x0800: 0x0101, 0x0900: 0, 0x1000: instance}
    return p_data(context, command_set(values), command=True)


def find_rq(context: int, message_id: int, sop_class: str) -> bytes:
    values = {0x0002: sop_class, 0x0100: 0x0020, 0x0110: message_id, 0x0700: 0, 0x0800: 1}
    return p_data(context, command_set(values), command=True)


def find_rsp(context: int, message_id: int, sop_class: str, *, pending: bool) -> bytes:
    values = {0x0002: sop_class, 0x0100: 0x8020, 0x0120: message_id, 0x0800: 1 if pending else 0x0101}
    return p_data(context, command_set(values | {0x0900: 0xFF00 if pending else 0}), command=True)


def echo_rq(message_id: int) -> bytes:
    values = {0x0002: VERIFICATION, 0x0100: 0x0030, 0x0110: message_id, 0x0800: 0x0101}
    return p_data(1, command_set(values), command=True)


def echo_rsp(message_id: int) -> bytes:
    values = {0x0002: VERIFICATION, 0x0100: 0x8030, 0x0120: message_id, 0x0800: 0x0101, 0x0900: 0}
    return p_data(1, command_set(values), command=True)
