"""Scrubbed copies: the same packets, in the same frames, with other values in them."""

import struct
from collections.abc import Callable
from pathlib import Path

import dpkt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build
import tls_talk
from build import Packet, Talk
from data_sets import DEFLATED, EXPLICIT, deflate, long, short
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.filter.filter import Filter
from dicomsniff.filter.selection import EVERYTHING, Selection
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Privacy
from dicomsniff.sniffing import blocks
from examples import examples
from scrubbing.scrubbed import PLAIN, exchange, scrub, transcript

NAMES = {
    "ISO_IR 100": "Quantlemüller^Jörg ".encode("latin-1"),
    "ISO_IR 192": "Quantlemüller=王小东^Jörg ".encode(),
    "\\ISO 2022 IR 87": b"Quantle=\x1b$B;3ED;3ED\x1b(B^\x1b$BB@O:\x1b(B ",
}
SECRETS = (b"Quantle", "müller".encode("latin-1"), "müller".encode(), "小东".encode(), b";3ED;3ED", b"PW1234")


def data_set(charset: str) -> bytes:
    return b"".join(
        [
            short(0x00080005, "CS", charset.encode() + b" " * (len(charset) % 2)),
            short(0x00080016, "UI", build.CT_IMAGE_STORAGE.encode() + b"\0"),
            short(0x00080018, "UI", b"1.2.3\0"),
            short(0x00100010, "PN", NAMES[charset] + b" " * (len(NAMES[charset]) & 1)),
            short(0x00100020, "LO", b"Quantle-4711"),
            long(0x7FE00010, "OW", b"Quantle!" * 400),
        ]
    )


def stored(charset: str, *, size: int = 1460, fragment: int = 16372, client: int = 40001) -> Talk:
    identity = build.item(0x58, b"\2\0\0\7Quantle\0\6PW1234")
    talk = Talk(("192.168.7.1", client), ("192.168.7.2", 104)).open()
    talk.client(build.associate_rq(build.proposal(1, build.CT_IMAGE_STORAGE, (EXPLICIT,)), identity), size)
    talk.server(build.associate_ac(build.answer(1, 0, EXPLICIT)), size)
    talk.client(build.message(1, build.store_rq(1, "1.2.3"), data_set(charset), fragment), size)
    comment = {0x0002: build.CT_IMAGE_STORAGE, 0x0100: 0x8001, 0x0120: 1, 0x0800: 0x0101, 0x0900: 0xA700}
    comment |= {0x0902: b"Refused: Quantle-4711 is unknown", 0x1000: "1.2.3"}
    talk.server(build.message(1, build.command_set(comment)), size)
    talk.client(build.release_rq(), size)
    talk.server(build.release_rp(), size)
    return talk.close()


@pytest.fixture
def copied(tmp_path: Path) -> Callable[..., tuple[Path, Path, list[str]]]:
    def call(
        capture: bytes, privacy: Privacy = PLAIN, selection: Selection = EVERYTHING
    ) -> tuple[Path, Path, list[str]]:
        source, target = tmp_path / "capture.pcap", tmp_path / "copy.pcapng"
        source.write_bytes(capture)
        return source, target, scrub(source, target, privacy, selection)

    return call


def assert_clean(target: Path) -> None:
    content = target.read_bytes()
    assert [secret for secret in SECRETS if secret in content] == []


def frames(path: Path) -> list[bytes]:
    reader = CaptureReader(str(path))
    found = [each.data[a:b] for each in reader.batches() for a, b in zip(each.starts, each.ends, strict=True)]
    reader.close()
    return found


@pytest.mark.parametrize("charset", NAMES)
def test_a_copy_decodes_to_the_same_exchange_without_a_name_in_it(copied, charset) -> None:
    source, target, said = copied(build.pcap(build.frames(stored(charset).packets)))
    assert exchange(target) == exchange(source)
    assert_clean(target)
    assert said == [f"{len(stored(charset).packets)} packets written"]


def test_the_same_value_has_the_same_stand_in_wherever_it_comes(copied) -> None:
    _, target, _ = copied(
        build.pcap(build.frames(stored("ISO_IR 100").packets + stored("ISO_IR 100", client=9).packets))
    )
    found = [each["messages"][0]["data_set"]["elements"]["00100020"] for each in transcript(target)["associations"]]
    assert found[0]["withheld"] == found[1]["withheld"]


def test_what_a_comment_says_stays_but_for_what_it_must_not_tell(copied) -> None:
    _, target, _ = copied(build.pcap(build.frames(stored("ISO_IR 100").packets)))
    assert b"Refused: " in target.read_bytes()
    assert b" is unknown" in target.read_bytes()


@settings(max_examples=examples(60))
@given(st.data())
def test_however_segments_are_cut_repeated_and_mixed_a_copy_says_the_same(
    tmp_path_factory, data: st.DataObject
) -> None:
    charset = data.draw(st.sampled_from(sorted(NAMES)))
    talk = stored(charset, size=data.draw(st.integers(7, 900)), fragment=data.draw(st.sampled_from([50, 122, 16372])))
    packets = list(talk.packets)
    for at in data.draw(st.lists(st.integers(3, len(packets) - 1), max_size=6)):
        packets.insert(data.draw(st.integers(at, min(at + 4, len(packets)))), packets[at])
    folder = tmp_path_factory.mktemp("cut")
    source, target = folder / "capture.pcap", folder / "copy.pcapng"
    source.write_bytes(build.pcap(build.frames(packets)))
    scrub(source, target)
    assert exchange(target) == exchange(source)
    assert_clean(target)


def test_a_value_that_was_sent_again_cut_in_another_way_is_overwritten_there_too(copied) -> None:
    talk = stored("ISO_IR 100", size=100)
    packets = list(talk.packets)
    sent = [each for each in packets if each.flow == packets[0].flow and each.data]
    whole, begin = b"".join(each.data for each in sent), sent[0].seq
    for at in range(0, len(whole) - 37, 37):
        again = sent[0]._replace(seq=begin + at, data=whole[at : at + 60], time=packets[-4].time)
        packets.insert(-4, again)
    source, target, _ = copied(build.pcap(build.frames(packets)))
    assert exchange(target) == exchange(source)
    assert_clean(target)


def test_bytes_sent_again_with_another_content_conflict_in_the_copy_too(copied) -> None:
    talk = stored("ISO_IR 100")
    packets = list(talk.packets)
    at = max(range(len(packets)), key=lambda number: len(packets[number].data))
    other = packets[at]._replace(data=b"Quantle!" * (len(packets[at].data) // 8), time=packets[at].time + 1)
    packets.insert(at + 1, other)
    source, target, _ = copied(build.pcap(build.frames(packets)))
    assert exchange(target) == exchange(source)
    assert any("conflict" in code for code, *_ in exchange(target)[1]["findings"])
    assert_clean(target)


WRAPPED: dict[str, tuple[int, Callable[[Packet], list[bytes]]]] = {
    "VLAN": (1, lambda packet: [build.ethernet(build.ip_bytes(packet), 5, 6)]),
    "Linux cooked": (113, lambda packet: [build.linux_cooked(build.ip_bytes(packet))]),
    "Linux cooked v2": (276, lambda packet: [build.linux_cooked2(build.ip_bytes(packet))]),
    "raw IP": (101, lambda packet: [build.ip_bytes(packet)]),
    "MPLS": (1, lambda packet: [build.mpls(build.ip_bytes(packet), 16, 17)]),
    "PPPoE": (1, lambda packet: [build.pppoe(build.ip_bytes(packet))]),
    "GRE": (1, lambda packet: [build.ethernet(build.outer_ipv4(47, build.gre(0x0800, build.ip_bytes(packet))))]),
    "IP in IP": (1, lambda packet: [build.ethernet(build.outer_ipv4(4, build.ip_bytes(packet)))]),
    "VXLAN": (1, lambda packet: [build.vxlan(build.ethernet(build.ip_bytes(packet)))]),
    "Geneve": (1, lambda packet: [build.geneve(0x0800, build.ip_bytes(packet))]),
    "ERSPAN": (1, lambda packet: [build.erspan(2, build.ethernet(build.ip_bytes(packet)))]),
    "802.11": (105, lambda packet: [build.wireless(build.ip_bytes(packet), qos=True)]),
    "fragments": (
        1,
        lambda packet: [build.ethernet(each) for each in build.ipv4_fragments(packet, 400, packet.seq & 0xFFFF)],
    ),
    "padding": (1, lambda packet: [build.ethernet(build.ip_bytes(packet)) + b"Quantle"]),
}


@pytest.mark.parametrize("privacy", [PLAIN, PLAIN._replace(redact_network=True)], ids=["values", "network"])
@pytest.mark.parametrize("kind", WRAPPED)
def test_a_segment_is_found_in_every_kind_of_frame(copied, kind, privacy) -> None:
    link_type, wrap = WRAPPED[kind]
    records = [(packet.time, frame) for packet in stored("ISO_IR 192").packets for frame in wrap(packet)]
    source, target, said = copied(build.pcap(records, link_type=link_type), privacy)
    before, after = exchange(source), exchange(target)
    assert_clean(target)
    assert [len(each) for each in frames(target)] == [len(each) for each in frames(source)]
    assert said == [f"{len(records)} packets written"]
    if privacy.redact_network:
        assert after.keys() == before.keys()
        assert bytes([192, 168, 7]) not in b"".join(frames(target))
        assert b"STORESCU" not in target.read_bytes()
    else:
        assert after == before


@pytest.mark.parametrize("kind", WRAPPED)
def test_headers_without_addresses_of_cards_stay(copied, kind) -> None:
    link_type, wrap = WRAPPED[kind]
    records = [(packet.time, frame) for packet in stored("ISO_IR 192").packets for frame in wrap(packet)]
    source, target, _ = copied(build.pcap(records, link_type=link_type), PLAIN._replace(redact_network=True))
    outer = b"\x45\0"  # the first IP header
    heads = [[each.partition(outer)[0] for each in frames(path)] for path in (source, target)]
    assert heads[1] == heads[0]


def test_a_card_has_the_same_stand_in_within_a_tunnel_and_outside(copied) -> None:
    card, peer = b"\2Quant", b"\2lmann"
    packets = stored("ISO_IR 192").packets
    inner = [card + peer + build.frame(packet)[12:] for packet in packets]
    records = [
        (packet.time, build.vxlan(frame) if at % 2 else frame)
        for at, (packet, frame) in enumerate(zip(packets, inner, strict=True))
    ]
    source, target, _ = copied(build.pcap(records), PLAIN._replace(redact_network=True))
    before_inner = len(build.vxlan(b""))
    cards = {each[before_inner if at % 2 else 0 :][:12] for at, each in enumerate(frames(target))}
    assert len(cards) == 1
    assert exchange(target).keys() == exchange(source).keys()
    assert card + peer not in cards


@pytest.mark.parametrize(("kind", "length_at", "address_at"), [("Linux cooked", 5, 6), ("Linux cooked v2", 11, 12)])
@pytest.mark.parametrize("length", [5, 6, 8, 20])
def test_an_address_of_any_length_is_overwritten(copied, kind, length_at, address_at, length) -> None:
    link_type, wrap = WRAPPED[kind]
    records = []
    for packet in stored("ISO_IR 192").packets:
        frame = bytearray(wrap(packet)[0])
        frame[length_at], frame[address_at : address_at + 8] = length, b"\2Quantle"
        records.append((packet.time, bytes(frame)))
    source, target, _ = copied(build.pcap(records, link_type=link_type), PLAIN._replace(redact_network=True))
    assert_clean(target)
    assert b"Quan" not in target.read_bytes()
    assert exchange(target).keys() == exchange(source).keys()


@pytest.mark.parametrize("privacy", [PLAIN, PLAIN._replace(redact_network=True)], ids=["values", "network"])
def test_checksums_that_were_right_are_right(copied, privacy) -> None:
    records = [(packet.time, summed(build.frame(packet))) for packet in stored("ISO_IR 100").packets]
    source, target, _ = copied(build.pcap(records), privacy)
    assert set(map(tcp_is_right, frames(source))) == {True}
    assert set(map(tcp_is_right, frames(target))) == {True}


def test_a_checksum_that_was_left_to_the_card_is_left_as_it_was(copied) -> None:
    records = []
    for packet in stored("ISO_IR 100").packets:
        frame = bytearray(build.frame(packet))
        frame[14 + 20 + 16 : 14 + 20 + 18] = b"\x12\x34"
        records.append((packet.time, bytes(frame)))
    _, target, _ = copied(build.pcap(records))
    assert {frame[14 + 20 + 16 : 14 + 20 + 18] for frame in frames(target)} == {b"\x12\x34"}


def test_frames_cut_off_by_the_capture_keep_their_length_on_the_wire(copied) -> None:
    capture = bytearray(build.pcap([])[:24])
    for packet in stored("ISO_IR 100").packets:
        frame, (seconds, rest) = build.frame(packet), divmod(packet.time, 1_000_000_000)
        capture += struct.pack("<LLLL", seconds, rest // 1000, min(len(frame), 120), len(frame)) + frame[:120]
    source, target, _ = copied(bytes(capture))
    assert exchange(target) == exchange(source)
    assert_clean(target)
    longest = max(len(build.frame(packet)) for packet in stored("ISO_IR 100").packets)
    assert struct.pack("<LL", 120, longest) in target.read_bytes()


def test_what_belongs_to_no_association_is_left_out(copied) -> None:
    web = Talk(("10.0.0.7", 5555), ("10.0.0.8", 80)).open()
    web.client(b"GET /Quantle HTTP/1.1\r\n\r\n")
    web.close()
    talk = stored("ISO_IR 100")
    arp = (build.START, build.ethernet_with(0x0806, b"Quantle" * 4))
    records = [arp, *build.frames(sorted(web.packets + talk.packets, key=lambda each: each.time))]
    _, target, said = copied(build.pcap(records))
    assert len(frames(target)) == len(talk.packets)
    assert_clean(target)
    assert said[1].startswith("left out: ")


def test_a_connection_that_failed_is_kept(copied) -> None:
    refused = Talk(("10.0.0.7", 5555), ("10.0.0.8", 104)).call()
    refused.reset(1)
    source, target, _ = copied(build.pcap(build.frames(refused.packets)))
    assert len(frames(target)) == 2
    assert exchange(target) == exchange(source)


def test_associations_are_chosen_by_a_filter(copied) -> None:
    first, second = stored("ISO_IR 100"), stored("ISO_IR 192", client=40002)
    capture = build.pcap(build.frames(first.packets + second.packets))
    _, target, _ = copied(capture, PLAIN, Selection(Filter("port == 40002")))
    (association,) = transcript(target)["associations"]
    assert association["requestor"]["port"] == 40002


def test_of_what_is_deflated_nothing_is_shown_and_that_is_said(copied) -> None:
    talk = Talk().open()
    talk.client(build.associate_rq(build.proposal(1, build.CT_IMAGE_STORAGE, (DEFLATED,))))
    talk.server(build.associate_ac(build.answer(1, 0, DEFLATED)))
    sent = deflate(data_set("ISO_IR 100"))
    talk.client(build.message(1, build.store_rq(1, "1.2.3"), sent))
    talk.server(build.message(1, build.store_rsp(1)))
    source, target, said = copied(build.pcap(build.frames(talk.packets)))
    assert sent[:40] not in target.read_bytes()
    assert "1 data set left out: it is deflated" in said
    before, after = exchange(source), exchange(target)
    assert after[1] == before[1]
    assert [each[:-1] for key, each in after.items() if isinstance(key, tuple)] == [
        each[:-1] for key, each in before.items() if isinstance(key, tuple)
    ]
    assert sorted(after[1, 1][-1]) == ["00080016", "00080018", "FFFCFFFC"]


def test_what_the_capturer_lost_is_told_in_the_copy_too(tmp_path: Path) -> None:
    source, target = tmp_path / "capture.pcapng", tmp_path / "copy.pcapng"
    whole = build.pcapng(build.frames(stored("ISO_IR 100").packets))
    source.write_bytes(whole + blocks.statistics(0, 0, 0, 20, 3, 4))
    scrub(source, target)
    assert exchange(target) == exchange(source)
    with Capture(str(target)) as capture:
        assert len(list(capture.closed())) == 1
        assert (capture.losses.kernel, capture.losses.interface) == (3, 4)


def test_pcapng_keeps_its_times_and_loses_comments_and_secrets(samples: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.pcapng"
    said = scrub(samples / "tls-secrets-inside.pcapng", target)
    assert b"CLIENT_RANDOM" in (samples / "tls-secrets-inside.pcapng").read_bytes()
    assert b"CLIENT_RANDOM" not in target.read_bytes()
    assert any("over TLS the data is left out" in each for each in said)
    (association,) = transcript(target)["associations"]
    assert association["messages"] == []
    assert (
        association["start_time"] == transcript(samples / "tls-secrets-inside.pcapng")["associations"][0]["start_time"]
    )


PROXIED = [(0, b"PROXY TCP4 10.77.0.9 10.77.0.2 51234 2762\r\n")]
TUNNELLED = [
    (0, b"CONNECT host.quantle:2762 HTTP/1.1\r\nHost: host.quantle:2762\r\n\r\n"),
    (1, b"HTTP/1.1 407 Who\r\nVia: host.quantle\r\nContent-Length: 9\r\n\r\nwho asks?"),
    (0, b"CONNECT host.quantle:2762 HTTP/1.1\r\nProxy-Authorization: Basic UXVhbnRsZTpQVzEyMzQ=\r\n\r\n"),
    (1, b"HTTP/1.1 200 OK\r\nVia: host.quantle\r\n\r\n"),
]


BY_SOCKS = [
    (0, b"\5\1\2"),
    (1, b"\5\2"),
    (0, b"\1\7quantle\3who"),
    (1, b"\1\0"),
    (0, b"\5\1\0\3\x0chost.quantle\x0a\xca"),
    (1, b"\5\0\0\3\x0chost.quantle\x0a\xca"),
]


@pytest.mark.parametrize("turns", [PROXIED, TUNNELLED, BY_SOCKS])
@pytest.mark.parametrize("hides_network", [False, True])
@pytest.mark.parametrize("segment", [5, 1460])
def test_what_stands_before_tls_is_kept_in_form_only(tmp_path: Path, turns, hides_network: bool, segment: int) -> None:
    session = tls_talk.spoken(tls_talk.EXCHANGE)
    privacy = Privacy(key=b"the same", redact_network=True) if hides_network else PLAIN
    copies = []
    for name, before in (("bare", []), ("behind", turns)):
        source, target = tmp_path / f"{name}.pcap", tmp_path / f"{name}.pcapng"
        sent = tls_talk.packets(session._replace(turns=[*before, *session.turns]), segment=segment)
        source.write_bytes(build.pcap(build.frames(sent)))
        scrub(source, target, privacy)
        copies.append(transcript(target)["associations"][0])
    bare, behind = copies
    assert behind["tls"]["behind"] == transcript(source)["associations"][0]["tls"]["behind"]
    assert "named_client" not in behind["tls"]
    assert [each["code"] for each in behind["findings"]] == [each["code"] for each in bare["findings"]]
    assert behind["outcome"] == bare["outcome"]
    assert not any(each in target.read_bytes() for each in (b"10.77", b"quantle", b"UXVhb", b"who"))


def tcp_is_right(frame: bytes) -> bool:
    packet = dpkt.ethernet.Ethernet(frame).data
    segment = bytes(packet.data)
    pseudo = packet.src + packet.dst + b"\0\6" + len(segment).to_bytes(2, "big")
    return dpkt.in_cksum(pseudo + segment) == 0 and dpkt.in_cksum(frame[14 : 14 + packet.hl * 4]) == 0


def summed(frame: bytes) -> bytes:
    """Put the checksums into an Ethernet frame."""
    packet = dpkt.ethernet.Ethernet(frame).data
    pseudo = packet.src + packet.dst + b"\0\6" + len(packet.data).to_bytes(2, "big")
    ip, tcp = frame[14:34], frame[34:]
    ip = ip[:10] + dpkt.in_cksum(ip).to_bytes(2, "big") + ip[12:]
    return frame[:14] + ip + tcp[:16] + dpkt.in_cksum(pseudo + tcp).to_bytes(2, "big") + tcp[18:]
