"""Makes DICOM traffic byte by byte - PDUs, command sets, TCP packets, frames, captures - without the decoders."""

import struct
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import NamedTuple

import dpkt

VERIFICATION = "1.2.840.10008.1.1"
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
START = 1_700_000_000_000_000_000
MILLISECOND = 1_000_000


# PDUs (PS3.8 §9.3)


def pdu(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxL", kind, len(body)) + body


def item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(body)) + body


def proposal(number: int, abstract: str = VERIFICATION, transfer: Sequence[str] = (IMPLICIT,)) -> bytes:
    syntaxes = b"".join(item(0x40, uid.encode()) for uid in transfer)
    return item(0x20, bytes([number, 0, 0, 0]) + item(0x30, abstract.encode()) + syntaxes)


def answer(number: int, result: int = 0, transfer: str = IMPLICIT) -> bytes:
    return item(0x21, bytes([number, 0, result, 0]) + item(0x40, transfer.encode()))


def user_information(max_length: int = 16384, *more: bytes) -> bytes:
    return item(0x50, item(0x51, struct.pack(">L", max_length)) + item(0x52, b"1.2.3.4") + b"".join(more))


def associate(
    kind: int, contexts: Iterable[bytes], user: bytes | None, called: str, calling: str, version: int = 1
) -> bytes:
    titles = called.encode().ljust(16) + calling.encode().ljust(16)
    items = item(0x10, APPLICATION_CONTEXT.encode()) + b"".join(contexts)
    items += user_information() if user is None else user
    return pdu(kind, struct.pack(">Hxx", version) + titles + bytes(32) + items)


def associate_rq(
    *contexts: bytes, user: bytes | None = None, called: str = "STORESCP", calling: str = "STORESCU"
) -> bytes:
    return associate(1, contexts or (proposal(1),), user, called, calling)


def associate_ac(
    *contexts: bytes, user: bytes | None = None, called: str = "STORESCP", calling: str = "STORESCU"
) -> bytes:
    return associate(2, contexts or (answer(1),), user, called, calling)


def associate_rj(result: int = 1, source: int = 1, reason: int = 7) -> bytes:
    return pdu(3, bytes([0, result, source, reason]))


def release_rq() -> bytes:
    return pdu(5, bytes(4))


def release_rp() -> bytes:
    return pdu(6, bytes(4))


def abort(source: int = 0, reason: int = 0) -> bytes:
    return pdu(7, bytes([0, 0, source, reason]))


def pdv(context: int, data: bytes, *, command: bool = False, last: bool = True) -> bytes:
    return struct.pack(">LBB", len(data) + 2, context, command | last << 1) + data


def p_data(*pdvs: bytes) -> bytes:
    return pdu(4, b"".join(pdvs))


# Command sets and messages (PS3.7)


def element(tag: int, value: bytes) -> bytes:
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(value)) + value


def pixels(length: int, value: bytes = b"") -> bytes:
    """A data set of this many bytes in implicit VR little endian: Pixel Data, and nothing else."""
    return element(0x7FE00010, value[: length - 8].ljust(length - 8, b"\0"))


def command_value(tag: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return struct.pack("<H", value)
    if isinstance(value, str):
        padding = b"\0" if tag in (0x0002, 0x0003, 0x1000, 0x1001) else b" "
        return value.encode() + padding * (len(value) % 2)
    return value


def command_set(values: dict[int, int | str | bytes], *, group_length: int | None = None) -> bytes:
    """Elements of group 0000 by element number: numbers are US, text is padded, bytes are as they are."""
    rest = b"".join(element(tag, command_value(tag, value)) for tag, value in sorted(values.items()))
    return element(0, struct.pack("<L", len(rest) if group_length is None else group_length)) + rest


def echo_rq(number: int = 1) -> bytes:
    return command_set({0x0002: VERIFICATION, 0x0100: 0x0030, 0x0110: number, 0x0800: 0x0101})


def echo_rsp(number: int = 1, status: int = 0) -> bytes:
    return command_set({0x0002: VERIFICATION, 0x0100: 0x8030, 0x0120: number, 0x0800: 0x0101, 0x0900: status})


def store_rq(number: int = 1, instance: str = "1.2.3", sop_class: str = CT_IMAGE_STORAGE) -> bytes:
    values = {0x0002: sop_class, 0x0100: 0x0001, 0x0110: number, 0x0700: 0, 0x0800: 1, 0x1000: instance}
    return command_set(values)


def store_rsp(
    number: int = 1, status: int = 0, instance: str = "1.2.3", sop_class: str = CT_IMAGE_STORAGE, **more: int | str
) -> bytes:
    values = {0x0002: sop_class, 0x0100: 0x8001, 0x0120: number, 0x0800: 0x0101, 0x0900: status}
    comment = {0x0902: more["comment"]} if "comment" in more else {}
    return command_set(values | {0x1000: instance} | comment)


def command_pdu(context: int, command: bytes) -> bytes:
    return p_data(pdv(context, command, command=True))


def data_pdus(context: int, data: bytes, fragment: int = 16372) -> bytes:
    """A data set as P-DATA-TFs of one fragment each."""
    pieces = [data[at : at + fragment] for at in range(0, len(data), fragment)] or [b""]
    return b"".join(
        p_data(pdv(context, piece, last=number == len(pieces))) for number, piece in enumerate(pieces, start=1)
    )


def message(context: int, command: bytes, data: bytes | None = None, fragment: int = 16372) -> bytes:
    return command_pdu(context, command) + (data_pdus(context, data, fragment) if data is not None else b"")


def explicit_data_set(*elements: tuple[int, bytes, bytes]) -> bytes:
    """Explicit VR little endian elements with short lengths: (tag, VR, value)."""
    return b"".join(
        struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value for tag, vr, value in elements
    )


# TCP


class Packet(NamedTuple):
    """A TCP packet as a capture holds it; the capture cut the last `cut` bytes of `data` off."""

    flow: bytes
    seq: int
    ack: int
    flags: int
    data: bytes
    time: int
    cut: int = 0


def flow_of(source: str, source_port: int, target: str, target_port: int) -> bytes:
    return ip_address(source).packed + ip_address(target).packed + struct.pack(">HH", source_port, target_port)


class Talk:
    """A TCP connection as it went over the wire: every call appends to `packets` and returns what it appended."""

    def __init__(
        self,
        client: tuple[str, int] = ("10.0.0.1", 40001),
        server: tuple[str, int] = ("10.0.0.2", 104),
        *,
        client_seq: int = 1000,
        server_seq: int = 5000,
        start: int = START,
        tick: int = MILLISECOND,
    ) -> None:
        self.packets: list[Packet] = []
        self.time, self.tick = start, tick
        self._flows = (flow_of(*client, *server), flow_of(*server, *client))
        self._next = [client_seq, server_seq]

    def _add(self, side: int, flags: int, data: bytes = b"", cut: int = 0) -> Packet:
        seq, ack = self._next[side], self._next[1 - side] if flags & ACK else 0
        packet = Packet(self._flows[side], seq, ack, flags, data, self.time, cut)
        self.packets.append(packet)
        self.time += self.tick
        self._next[side] = (seq + len(data) + bool(flags & SYN) + bool(flags & FIN)) & 0xFFFFFFFF
        return packet

    def call(self) -> "Talk":
        """Send a SYN, and no more."""
        self._add(0, SYN)
        return self

    def open(self) -> "Talk":
        self.call()
        self._add(1, SYN | ACK)
        self._add(0, ACK)
        return self

    def client(self, data: bytes, size: int = 1460) -> list[Packet]:
        return self._send(0, [data[at : at + size] for at in range(0, len(data), size)])

    def server(self, data: bytes, size: int = 1460) -> list[Packet]:
        return self._send(1, [data[at : at + size] for at in range(0, len(data), size)])

    def pieces(self, side: int, pieces: Iterable[bytes]) -> list[Packet]:
        return self._send(side, [piece for piece in pieces if piece])

    def _send(self, side: int, pieces: list[bytes]) -> list[Packet]:
        return [self._add(side, ACK | PSH, piece) for piece in pieces]

    def cut(self, side: int, data: bytes, keep: int) -> Packet:
        """Send a packet of which a short snaplen keeps only `keep` payload bytes."""
        return self._add(side, ACK, data, len(data) - keep)

    def lose(self, side: int, length: int) -> None:
        """Send bytes that the capture misses."""
        self._next[side] = (self._next[side] + length) & 0xFFFFFFFF

    def acknowledge(self, side: int) -> Packet:
        return self._add(side, ACK)

    def wait(self, time: int) -> None:
        self.time += time

    def close(self) -> "Talk":
        return self.end(0)

    def end(self, side: int) -> "Talk":
        """Close the connection; this side begins."""
        self._add(side, FIN | ACK)
        self._add(1 - side, FIN | ACK)
        self._add(side, ACK)
        return self

    def finish(self, side: int) -> Packet:
        """Close one direction."""
        return self._add(side, FIN | ACK)

    def reset(self, side: int = 0) -> "Talk":
        self._add(side, RST | ACK)
        return self


STUDY = "1.2.826.0.1.3680043.10.474.20261127.091502.118823.7731.4410"
"""The instances of `stores` are numbered below it; their UIDs are as long as UIDs may be."""


def stores(count: int = 3) -> Talk:
    """CT images for C-MOVE 77 of MOVER: one is taken, one refused, the others left without an answer."""
    talk = Talk().open()
    talk.client(associate_rq(proposal(1, CT_IMAGE_STORAGE, (EXPLICIT,)), calling="PACS", called="WORKSTATION"))
    talk.server(associate_ac(answer(1, transfer=EXPLICIT)))
    for number, status in enumerate((0, 0xA700, *[None] * (count - 2)), start=1):
        instance = f"{STUDY}.{number}"
        values = {0x0002: CT_IMAGE_STORAGE, 0x0100: 0x0001, 0x0110: number, 0x0700: 0, 0x0800: 1, 0x1000: instance}
        command = command_set(values | {0x1030: "MOVER", 0x1031: 77})
        uid = f"{instance}\0".encode() if len(instance) % 2 else instance.encode()
        data = explicit_data_set((0x00080016, b"UI", f"{CT_IMAGE_STORAGE}\0".encode()), (0x00080018, b"UI", uid),
                                 (0x00100010, b"PN", b"Doe^Jane"), (0x00100020, b"LO", b"PAT-03"))  # fmt: skip
        talk.client(message(1, command, data))
        if status is not None:
            talk.server(message(1, store_rsp(number, status, instance, **({"comment": "disk full"} if status else {}))))
    return talk.end(1)


def segments(packets: Iterable[Packet]) -> list[tuple[int, int, int, bytes, int, int, int, int, bytes, int, int, int]]:
    """Packets as the TCP stage takes them; a record's place is 100 times its number."""
    return [
        (number, p.time, number * 100, p.flow, p.seq, p.ack, p.flags, 65535, p.data, 0, len(p.data) - p.cut, p.cut)
        for number, p in enumerate(packets, start=1)
    ]


# Frames


def tcp_bytes(packet: Packet) -> bytes:
    ports = struct.unpack(">HH", packet.flow[-4:])
    return struct.pack(">HHLLBBHHH", *ports, packet.seq, packet.ack, 0x50, packet.flags, 65535, 0, 0) + packet.data


def ip_bytes(packet: Packet) -> bytes:
    """An IPv4 or IPv6 packet, as the flow's addresses ask for."""
    width = (len(packet.flow) - 4) // 2
    source, target, body = packet.flow[:width], packet.flow[width : 2 * width], tcp_bytes(packet)
    if width == 16:
        return struct.pack(">LHBB", 6 << 28, len(body), 6, 64) + source + target + body
    return ipv4(source, target, body)


def ipv4(source: bytes, target: bytes, body: bytes, *, number: int = 1, fragment: int = 0, protocol: int = 6) -> bytes:
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), number, fragment, 64, protocol, 0)
    return header + source + target + body


def ipv4_fragments(packet: Packet, size: int, number: int = 7) -> list[bytes]:
    """An IPv4 packet in fragments of `size` bytes (a multiple of 8)."""
    source, target, body = packet.flow[:4], packet.flow[4:8], tcp_bytes(packet)
    starts = range(0, len(body), size)
    return [
        ipv4(source, target, body[at : at + size], number=number, fragment=at // 8 | (at + size < len(body)) << 13)
        for at in starts
    ]


def ipv6_fragments(packet: Packet, size: int, number: int = 7) -> list[bytes]:
    source, target, body = packet.flow[:16], packet.flow[16:32], tcp_bytes(packet)
    frames = []
    for at in range(0, len(body), size):
        piece = body[at : at + size]
        extension = struct.pack(">BxHL", 6, at | (at + size < len(body)), number)
        head = struct.pack(">LHBB", 6 << 28, len(extension) + len(piece), 44, 64)
        frames.append(head + source + target + extension + piece)
    return frames


def ethernet(ip: bytes, *vlans: int) -> bytes:
    tags = b"".join(struct.pack(">HH", 0x8100, vlan) for vlan in vlans)
    return bytes(12) + tags + (b"\x86\xdd" if ip[0] >> 4 == 6 else b"\x08\x00") + ip


def linux_cooked(ip: bytes) -> bytes:
    return bytes(dpkt.sll.SLL(type=0, hrd=1, hlen=6, hdr=bytes(8), ethtype=ethertype(ip), data=ip))


def frame(packet: Packet) -> bytes:
    """An Ethernet frame, shortened by what the snaplen cut off."""
    whole = ethernet(ip_bytes(packet))
    return whole[: len(whole) - packet.cut]


# Links and tunnels: an IP packet, or a whole frame, inside something else


def ethertype(data: bytes) -> int:
    """What an IP packet is called by whatever carries it."""
    return 0x86DD if data[0] >> 4 == 6 else 0x0800


def ethernet_with(kind: int, body: bytes) -> bytes:
    return bytes(12) + struct.pack(">H", kind) + body


def tagged(ip: bytes, *tags: tuple[int, int]) -> bytes:
    """An Ethernet frame with VLAN tags, outermost first: (ethertype of the tag, VLAN)."""
    kinds = b"".join(struct.pack(">HH", kind, vlan) for kind, vlan in tags)
    return bytes(12) + kinds + struct.pack(">H", ethertype(ip)) + ip


def mpls(ip: bytes, *labels: int) -> bytes:
    """RFC 3032: labels, outermost first; the last one ends the stack."""
    stack = b"".join(
        struct.pack(">L", label << 12 | (number == len(labels)) << 8 | 64) for number, label in enumerate(labels, 1)
    )
    return ethernet_with(0x8847, stack + ip)


def pppoe(ip: bytes) -> bytes:
    """RFC 2516 §4, a session."""
    return ethernet_with(0x8864, struct.pack(">BBHHH", 0x11, 0, 1, len(ip) + 2, ppp_protocol(ip)) + ip)


def ppp_protocol(ip: bytes) -> int:
    return 0x57 if ip[0] >> 4 == 6 else 0x21


def ppp(ip: bytes, *, hdlc: bool) -> bytes:
    return (b"\xff\x03" if hdlc else b"") + struct.pack(">H", ppp_protocol(ip)) + ip


def outer_ipv4(protocol: int, body: bytes) -> bytes:
    return ipv4(bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2]), body, protocol=protocol)


def outer_ipv6(protocol: int, body: bytes, *, extensions: bytes = b"") -> bytes:
    """An IPv6 packet around something; `extensions` begin with a header of type `protocol`."""
    ends = ip_address("2001:db8::a").packed + ip_address("2001:db8::b").packed
    return struct.pack(">LHBB", 6 << 28, len(extensions) + len(body), protocol, 64) + ends + extensions + body


def with_extensions(ip: bytes, *kinds: int) -> bytes:
    """An IPv6 packet with 8-byte option headers of the given types (0 hop-by-hop, 60 destination options) put in."""
    following = [*kinds[1:], ip[6]]
    headers = b"".join(bytes([kind, 0, 1, 4, 0, 0, 0, 0]) for kind in following)
    length = struct.pack(">H", len(ip) - 40 + len(headers))
    return ip[:4] + length + bytes([kinds[0]]) + ip[7:40] + headers + ip[40:]


def with_ipv4_options(ip: bytes, options: bytes) -> bytes:
    """An IPv4 packet with options, whose length is a multiple of 4."""
    head = bytes([0x45 + len(options) // 4, ip[1]]) + struct.pack(">H", len(ip) + len(options))
    return head + ip[4:20] + options + ip[20:]


def gre(protocol: int, body: bytes, *, key: int | None = None, number: int | None = None) -> bytes:
    """RFC 2784, with the key and sequence number of RFC 2890."""
    flags = (0x2000 if key is not None else 0) | (0x1000 if number is not None else 0)
    fields = b"".join(struct.pack(">L", value) for value in (key, number) if value is not None)
    return struct.pack(">HH", flags, protocol) + fields + body


def udp(port: int, body: bytes) -> bytes:
    return struct.pack(">HHHH", 50000, port, 8 + len(body), 0) + body


def vxlan(inner: bytes) -> bytes:
    """RFC 7348 §5."""
    return ethernet(outer_ipv4(17, udp(4789, struct.pack(">LL", 0x08000000, 42 << 8) + inner)))


def geneve(protocol: int, inner: bytes, *, options: bytes = b"") -> bytes:
    """RFC 8926 §3.4; the length of the options is a multiple of 4."""
    head = struct.pack(">BBHL", len(options) // 4, 0, protocol, 42 << 8)
    return ethernet(outer_ipv4(17, udp(6081, head + options + inner)))


def erspan(kind: int, inner: bytes, *, subheader: bool = False) -> bytes:
    """A mirrored frame: types I (no header), II (8 bytes), III (12 bytes, 8 more with a platform subheader)."""
    if kind == 1:
        return ethernet(outer_ipv4(47, gre(0x88BE, inner)))
    if kind == 2:
        return ethernet(outer_ipv4(47, gre(0x88BE, struct.pack(">HHL", 0x1005, 7, 0) + inner, number=9)))
    head = struct.pack(">HHLHH", 0x2005, 7, 0, 0, int(subheader)) + bytes(8 if subheader else 0)
    return ethernet(outer_ipv4(47, gre(0x22EB, head + inner, number=9)))


def linux_cooked2(ip: bytes) -> bytes:
    return struct.pack(">HHLHBB8s", ethertype(ip), 0, 1, 1, 0, 6, b"") + ip


def wireless(ip: bytes, *, qos: bool = False, four_addresses: bool = False, radiotap: bool = False) -> bytes:
    """An 802.11 data frame (IEEE 802.11 §9.3.2.1), with LLC and SNAP; `radiotap` puts such a header before it."""
    control = bytes([0x88 if qos else 0x08, 0x03 if four_addresses else 0x01])
    head = control + bytes(22) + (bytes(6) if four_addresses else b"") + (bytes(2) if qos else b"")
    frame = head + b"\xaa\xaa\x03\0\0\0" + struct.pack(">H", ethertype(ip)) + ip
    return (struct.pack("<BBHLL", 0, 0, 12, 0, 0) if radiotap else b"") + frame


# Captures

Frame = tuple[int, bytes]
"""(time in ns since 1970, bytes)."""


def frames(packets: Iterable[Packet]) -> list[Frame]:
    return [(packet.time, frame(packet)) for packet in packets]


def pcap(records: Iterable[Frame], *, order: str = "<", nanoseconds: bool = False, link_type: int = 1) -> bytes:
    magic, unit = (0xA1B23C4D, 1) if nanoseconds else (0xA1B2C3D4, 1000)
    parts = [struct.pack(order + "LHHlLLL", magic, 2, 4, 0, 0, 262144, link_type)]
    for time, data in records:
        seconds, part = divmod(time, 1_000_000_000)
        parts.append(struct.pack(order + "LLLL", seconds, part // unit, len(data), len(data)) + data)
    return b"".join(parts)


def modified_pcap(records: Iterable[Frame], *, order: str = "<") -> bytes:
    """Kuznetzov's variant: record headers of 24 bytes, with interface, protocol and packet type."""
    parts = [struct.pack(order + "LHHlLLL", 0xA1B2CD34, 2, 4, 0, 0, 262144, 1)]
    for time, data in records:
        seconds, part = divmod(time, 1_000_000_000)
        head = struct.pack(order + "LLLLLHBx", seconds, part // 1000, len(data), len(data), 3, 0x0800, 4)
        parts.append(head + data)
    return b"".join(parts)


def snoop(records: Iterable[Frame], *, link_type: int = 4) -> bytes:
    """RFC 1761: big endian; records are padded to four bytes."""
    parts = [b"snoop\0\0\0" + struct.pack(">LL", 2, link_type)]
    for time, data in records:
        seconds, part = divmod(time, 1_000_000_000)
        length = 24 + len(data) + -len(data) % 4
        head = struct.pack(">LLLLLL", len(data), len(data), length, 0, seconds, part // 1000)
        parts.append(head + data + bytes(-len(data) % 4))
    return b"".join(parts)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "L", len(body) + 12)
    return struct.pack(order + "L", kind) + length + body + length


def section_header(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "LHHq", 0x1A2B3C4D, 1, 0, -1), order)


def secrets_block(log: bytes) -> bytes:
    """A Decryption Secrets Block with a TLS key log."""
    return block(10, b"KSLT" + len(log).to_bytes(4, "little") + log)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(link_type: int = 1, *, resolution: int | None = None, offset: int = 0, order: str = "<") -> bytes:
    """`resolution` as in if_tsresol: a power of ten, or of two with the top bit set."""
    options = b"" if resolution is None else option(9, bytes([resolution]), order)
    options += option(14, struct.pack(order + "q", offset), order) if offset else b""
    return block(1, struct.pack(order + "HxxL", link_type, 0) + options + (bytes(4) if options else b""), order)


def enhanced_packet(ticks: int, data: bytes, *, number: int = 0, order: str = "<") -> bytes:
    head = struct.pack(order + "LLLLL", number, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
    return block(6, head + data, order)


def obsolete_packet(ticks: int, data: bytes, *, number: int = 0, order: str = "<") -> bytes:
    head = struct.pack(order + "HHLLLL", number, 0, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
    return block(2, head + data, order)


def simple_packet(data: bytes, order: str = "<") -> bytes:
    return block(3, struct.pack(order + "L", len(data)) + data, order)


def pcapng(records: Iterable[Frame], *, order: str = "<") -> bytes:
    """One section, one Ethernet interface with microseconds."""
    packets = b"".join(enhanced_packet(time // 1000, data, order=order) for time, data in records)
    return section_header(order) + interface(order=order) + packets
