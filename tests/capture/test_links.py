"""The same association inside every link and tunnel -> the same messages; what cannot be opened is counted."""

import struct
from collections.abc import Callable

import pytest

import build
from dicomsniff.capture.frames import LINKS
from pipeline import analyze_frames, tell

CT = build.CT_IMAGE_STORAGE
IMAGE = bytes(range(256)) * 12


def association(client: str, server: str) -> list[build.Packet]:
    talk = build.Talk((client, 40001), (server, 104)).open()
    talk.client(build.associate_rq(build.proposal(3, CT)))
    talk.server(build.associate_ac(build.answer(3)))
    talk.client(build.message(3, build.store_rq(1), IMAGE, 1000), 1300)
    talk.server(build.message(3, build.store_rsp(1)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    return talk.close().packets


V4 = association("10.0.0.1", "10.0.0.2")
V6 = association("2001:db8::1", "2001:db8::2")


def told(records: list[build.Frame], link_type: int):
    found = analyze_frames(records, link_type=link_type, collect=True)
    (only,) = found.associations
    messages = [tell(message) for message in only.messages]
    for message in only.messages:
        if message.data_set is not None and message.data_set.content is not None:
            message.data_set.content.close()
    counts = {sender: dict(each) for sender, each in only.pdu_counts.items()}
    return (only.outcome, messages, counts, only.missing_bytes), found.undecoded


EXPECTED, _ = told(build.frames(V4), 1)
Wrap = Callable[[bytes], bytes]


def in_ethernet(wrap: Wrap) -> Wrap:
    return lambda ip: build.ethernet(wrap(ip))


def gre_of(**fields: int) -> Wrap:
    return in_ethernet(lambda ip: build.outer_ipv4(47, build.gre(build.ethertype(ip), ip, **fields)))


EITHER: list[tuple[str, int, Wrap]] = [
    ("Ethernet", 1, build.ethernet),
    ("Ethernet with padding", 1, lambda ip: build.ethernet(ip) + bytes(20)),
    ("802.1Q", 1, lambda ip: build.tagged(ip, (0x8100, 5))),
    ("802.1Q with priority", 1, lambda ip: build.tagged(ip, (0x8100, 0xE005))),
    ("QinQ, 88a8 and 8100", 1, lambda ip: build.tagged(ip, (0x88A8, 5), (0x8100, 6))),
    ("QinQ, 8100 twice", 1, lambda ip: build.tagged(ip, (0x8100, 5), (0x8100, 6))),
    ("QinQ, 9100 and 8100", 1, lambda ip: build.tagged(ip, (0x9100, 5), (0x8100, 6))),
    ("MPLS, a label", 1, lambda ip: build.mpls(ip, 100)),
    ("MPLS, two labels", 1, lambda ip: build.mpls(ip, 100, 200)),
    ("MPLS, three labels", 1, lambda ip: build.mpls(ip, 100, 200, 300)),
    ("PPPoE", 1, build.pppoe),
    ("GRE", 1, gre_of()),
    ("GRE with key and number", 1, gre_of(key=7, number=8)),
    ("GRE with key", 1, gre_of(key=7)),
    ("GRE over IPv6", 1, in_ethernet(lambda ip: build.outer_ipv6(47, build.gre(build.ethertype(ip), ip)))),
    ("GRE with an Ethernet frame", 1,
     in_ethernet(lambda ip: build.outer_ipv4(47, build.gre(0x6558, build.ethernet(ip))))),
    ("GRE with an Ethernet frame, key", 1,
     in_ethernet(lambda ip: build.outer_ipv4(47, build.gre(0x6558, build.ethernet(ip, 5), key=9)))),
    ("VXLAN", 1, lambda ip: build.vxlan(build.ethernet(ip))),
    ("VXLAN, VLAN inside", 1, lambda ip: build.vxlan(build.ethernet(ip, 5))),
    ("Geneve with an Ethernet frame", 1, lambda ip: build.geneve(0x6558, build.ethernet(ip))),
    ("Geneve with options", 1, lambda ip: build.geneve(0x6558, build.ethernet(ip), options=bytes(12))),
    ("Geneve with an IP packet", 1, lambda ip: build.geneve(build.ethertype(ip), ip)),
    ("ERSPAN I", 1, lambda ip: build.erspan(1, build.ethernet(ip))),
    ("ERSPAN II", 1, lambda ip: build.erspan(2, build.ethernet(ip))),
    ("ERSPAN III", 1, lambda ip: build.erspan(3, build.ethernet(ip))),
    ("ERSPAN III with a subheader", 1, lambda ip: build.erspan(3, build.ethernet(ip), subheader=True)),
    ("IP in IPv4", 1, in_ethernet(lambda ip: build.outer_ipv4(41 if ip[0] >> 4 == 6 else 4, ip))),
    ("IP in IPv6", 1, in_ethernet(lambda ip: build.outer_ipv6(41 if ip[0] >> 4 == 6 else 4, ip))),
    ("IP in IPv6 with a tunnel limit", 1, in_ethernet(
        lambda ip: build.outer_ipv6(60, ip, extensions=bytes([41 if ip[0] >> 4 == 6 else 4, 0, 4, 1, 4, 1, 1, 0])))),
    ("BSD null, little endian", 0, lambda ip: struct.pack("<L", 30 if ip[0] >> 4 == 6 else 2) + ip),
    ("BSD null, big endian", 0, lambda ip: struct.pack(">L", 24 if ip[0] >> 4 == 6 else 2) + ip),
    ("BSD loop", 108, lambda ip: struct.pack(">L", 30 if ip[0] >> 4 == 6 else 2) + ip),
    ("PPP", 9, lambda ip: build.ppp(ip, hdlc=False)),
    ("PPP in HDLC framing", 9, lambda ip: build.ppp(ip, hdlc=True)),
    ("PPP in HDLC framing, of its own link type", 50, lambda ip: build.ppp(ip, hdlc=True)),
    ("raw IP", 101, lambda ip: ip),
    ("raw IP, BSD", 12, lambda ip: ip),
    ("raw IP, OpenBSD", 14, lambda ip: ip),
    ("Linux cooked v2", 276, build.linux_cooked2),
    ("802.11", 105, build.wireless),
    ("802.11 with QoS", 105, lambda ip: build.wireless(ip, qos=True)),
    ("802.11 with radiotap", 127, lambda ip: build.wireless(ip, radiotap=True)),
    ("802.11 with radiotap and QoS", 127, lambda ip: build.wireless(ip, radiotap=True, qos=True)),
    ("802.11 with four addresses", 127, lambda ip: build.wireless(ip, radiotap=True, four_addresses=True)),
    ("802.11 with four addresses and QoS", 127,
     lambda ip: build.wireless(ip, radiotap=True, four_addresses=True, qos=True)),
]  # fmt: skip
ONLY_V4: list[tuple[str, int, Wrap]] = [
    ("IPv4 options", 1, lambda ip: build.ethernet(build.with_ipv4_options(ip, b"\x94\x04\0\0"))),
    ("as many IPv4 options as there may be", 1, lambda ip: build.ethernet(build.with_ipv4_options(ip, b"\x01" * 40))),
    ("Linux cooked", 113, build.linux_cooked),
    ("raw IPv4", 228, lambda ip: ip),
]
ONLY_V6: list[tuple[str, int, Wrap]] = [
    ("hop-by-hop options", 1, lambda ip: build.ethernet(build.with_extensions(ip, 0))),
    ("destination options", 1, lambda ip: build.ethernet(build.with_extensions(ip, 60))),
    ("hop-by-hop and destination options", 1, lambda ip: build.ethernet(build.with_extensions(ip, 0, 60))),
    ("raw IPv6", 229, lambda ip: ip),
]

OVER_V4, OVER_V6 = [*EITHER, *ONLY_V4], [*EITHER, *ONLY_V6]


@pytest.mark.parametrize(("what", "link_type", "wrap"), OVER_V4, ids=[row[0] for row in OVER_V4])
def test_an_association_over_ipv4_is_the_same_in_every_link_and_tunnel(what, link_type, wrap):
    records = [(packet.time, wrap(build.ip_bytes(packet))) for packet in V4]
    assert told(records, link_type) == (EXPECTED, {})


@pytest.mark.parametrize(("what", "link_type", "wrap"), OVER_V6, ids=[row[0] for row in OVER_V6])
def test_an_association_over_ipv6_is_the_same_in_every_link_and_tunnel(what, link_type, wrap):
    records = [(packet.time, wrap(build.ip_bytes(packet))) for packet in V6]
    assert told(records, link_type) == (EXPECTED, {})


def in_fragments(packets: list[build.Packet], split: Callable[[build.Packet, int, int], list[bytes]], wrap: Wrap):
    return [(p.time, wrap(ip)) for number, p in enumerate(packets) for ip in split(p, 256, number)]


@pytest.mark.parametrize("wrap", [build.ethernet, lambda ip: build.tagged(ip, (0x88A8, 5), (0x8100, 6))])
@pytest.mark.parametrize(("packets", "split"), [(V4, build.ipv4_fragments), (V6, build.ipv6_fragments)])
def test_an_association_in_ip_fragments_is_the_same(packets, split, wrap):
    assert told(in_fragments(packets, split, wrap), 1)[0] == EXPECTED


def test_an_association_in_ipv6_fragments_behind_hop_by_hop_options_is_the_same():
    wrap = lambda ip: build.ethernet(build.with_extensions(ip, 0))  # noqa: E731
    assert told(in_fragments(V6, build.ipv6_fragments, wrap), 1)[0] == EXPECTED


@pytest.mark.parametrize(("what", "link_type", "wrap"), EITHER, ids=[row[0] for row in EITHER])
def test_what_the_snaplen_cut_off_inside_a_tunnel_is_missing_not_invented(what, link_type, wrap):
    talk = build.Talk().open()
    talk.client(build.associate_rq(build.proposal(3, CT)))
    talk.server(build.associate_ac(build.answer(3)))
    before = [(p.time, wrap(build.ip_bytes(p))) for p in talk.packets]
    (cut,) = talk.client(build.message(3, build.store_rq(1), bytes(500)))
    after = [(p.time, wrap(build.ip_bytes(p))) for p in talk.client(build.message(3, build.echo_rq(2)))]
    frame = wrap(build.ip_bytes(cut))
    frame = frame[:-20] if what == "Ethernet with padding" else frame  # padding is cut off first
    found = analyze_frames([*before, (cut.time, frame[:-100]), *after], link_type=link_type)
    (only,) = found.associations
    assert only.missing_bytes == 100


# What cannot be opened


def encrypted(ip: bytes) -> bytes:
    frame = bytearray(build.wireless(ip))
    frame[1] |= 0x40
    return bytes(frame)


IP4 = build.ip_bytes(V4[0])
NO_IP = "no IP packet in the frame"
UNDECODED = [
    ("an encrypted 802.11 frame", 105, encrypted(IP4), NO_IP),
    ("an 802.11 beacon", 105, b"\x80\0" + bytes(60), NO_IP),
    ("an 802.11 frame without data", 105, b"\x48\x01" + bytes(60), NO_IP),
    ("an 802.11 frame without SNAP", 105, b"\x08\x01" + bytes(60), NO_IP),
    ("an empty 802.11 frame", 105, b"", "malformed 802.11 frame"),
    ("a radiotap header beyond the frame", 127, b"\0\0\xff\xff\0\0\0\0", "malformed 802.11 radiotap frame"),
    ("ARP", 1, build.ethernet_with(0x0806, bytes(28)), NO_IP),
    ("a link-local protocol", 1, build.ethernet_with(0x88CC, bytes(40)), NO_IP),
    ("UDP", 1, build.ethernet(build.outer_ipv4(17, build.udp(53, bytes(20)))), "not TCP"),
    ("ICMP", 1, build.ethernet(build.outer_ipv4(1, b"\x08\0\0\0" + bytes(8))), "not TCP"),
    ("UDP in VXLAN", 1, build.vxlan(build.ethernet(build.outer_ipv4(17, build.udp(53, bytes(20))))), "not TCP"),
    ("ARP in VXLAN", 1, build.vxlan(build.ethernet_with(0x0806, bytes(28))), "not TCP"),
    ("an empty VXLAN datagram", 1, build.ethernet(build.outer_ipv4(17, build.udp(4789, b""))), "not TCP"),
    ("Geneve with another protocol", 1, build.geneve(0x1234, bytes(40)), "not TCP"),
    ("GRE with another protocol", 1, build.ethernet(build.outer_ipv4(47, build.gre(0x1234, bytes(40)))), "not TCP"),
    ("ESP", 1, build.ethernet(build.outer_ipv4(50, bytes(40))), "not TCP"),
    ("an empty raw IP frame", 101, b"", "malformed raw IP frame"),
    ("an empty frame", 1, b"", "malformed Ethernet frame"),
    ("an unknown link type", 195, IP4, "link type 195 is not supported"),
]


@pytest.mark.parametrize(("what", "link_type", "frame", "reason"), UNDECODED, ids=[row[0] for row in UNDECODED])
def test_a_frame_that_holds_no_segment_is_counted_by_reason(what, link_type, frame, reason):
    found = analyze_frames([(build.START, frame)], link_type=link_type)
    assert (dict(found.undecoded), found.packets) == ({reason: 1}, 1)


@pytest.mark.slow
@pytest.mark.parametrize("link_type", sorted(LINKS))
def test_every_beginning_of_a_tunnelled_frame_is_counted_or_decoded_never_both(link_type):
    wraps = [wrap for _, kind, wrap in [*EITHER, *ONLY_V4, *ONLY_V6] if kind == link_type]
    for wrap in wraps[:20]:
        packets = V6 if wrap is ONLY_V6[-1][2] else V4
        frame = wrap(build.ip_bytes(packets[3]))
        for length in range(160):
            found = analyze_frames([(build.START, frame[:length])], link_type=link_type)
            assert sum(found.undecoded.values()) + found.connections == 1


# A second opinion


def test_scapy_builds_the_same_links_and_tunnels():
    from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III
    from scapy.contrib.geneve import GENEVE
    from scapy.contrib.mpls import MPLS
    from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap
    from scapy.layers.inet import IP, TCP, UDP
    from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop
    from scapy.layers.l2 import GRE, LLC, SNAP, CookedLinux, Dot1AD, Dot1Q, Ether
    from scapy.layers.ppp import PPP, PPPoE
    from scapy.layers.vxlan import VXLAN

    tcp = TCP(sport=40001, dport=104, seq=9, ack=8, flags="PA") / b"payload"
    inner = IP(src="10.0.0.1", dst="10.0.0.2") / tcp
    inner6 = IPv6(src="2001:db8::1", dst="2001:db8::2") / tcp
    outer, outer6 = IP(src="192.0.2.1", dst="192.0.2.2"), IPv6(src="2001:db8::a", dst="2001:db8::b")
    ether = Ether(src="00:00:00:00:00:01", dst="00:00:00:00:00:02")
    rows = [
        (1, ether / inner),
        (1, ether / Dot1Q(vlan=5) / inner),
        (1, ether / Dot1AD(vlan=5) / Dot1Q(vlan=6) / inner6),
        (1, ether / MPLS(label=100, s=0) / MPLS(label=200, s=1) / inner),
        (1, ether / PPPoE(sessionid=1) / PPP() / inner),
        (1, ether / outer / GRE() / inner),
        (1, ether / outer / GRE(key_present=1, key=7, seqnum_present=1) / inner),
        (1, ether / outer / GRE(proto=0x6558) / ether / inner),
        (1, ether / outer / UDP(sport=5, dport=4789) / VXLAN(vni=42, flags=8) / ether / inner),
        (1, ether / outer / UDP(sport=5, dport=6081) / GENEVE(vni=42, proto=0x6558) / ether / inner6),
        (1, ether / outer / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II() / ether / inner),
        (1, ether / outer / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III() / ether / inner),
        (1, ether / outer / inner),
        (1, ether / outer6 / inner),
        (1, ether / outer / inner6),
        (1, ether / IPv6(src="2001:db8::1", dst="2001:db8::2") / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / tcp),
        (113, CookedLinux(proto=0x0800) / inner),
        (127, RadioTap() / Dot11(type=2, FCfield=1) / LLC() / SNAP() / inner),
        (127, RadioTap() / Dot11(type=2, subtype=8, FCfield=1) / Dot11QoS() / LLC() / SNAP() / inner),
    ]  # fmt: skip
    for number, (link_type, frame) in enumerate(rows):
        found = analyze_frames([(build.START, bytes(frame))], link_type=link_type)
        assert (number, dict(found.undecoded), found.connections) == (number, {}, 1)
