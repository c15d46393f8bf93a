"""What lies around segments, and what quotes them, is found and overwritten too: tunnels in tunnels, ICMP errors."""

import struct
from pathlib import Path

import dpkt
import pytest

import build
from build import Packet, Talk
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.scrubbing.frames import FrameReader, Quoted
from scrubbing.scrubbed import PLAIN, exchange, scrub, transcript

NETWORK = PLAIN._replace(redact_network=True)
SECRET = b"Quantle^Jutta "
FIND = {0x0002: build.STUDY_ROOT_FIND, 0x0100: 0x0020, 0x0110: 1, 0x0700: 0, 0x0800: 0x0102}
ADDRESSES = {4: ("192.168.7.1", "192.168.7.2"), 6: ("2001:db8:7::1", "2001:db8:7::2")}
ROUTERS = {4: bytes([192, 168, 7, 254]), 6: bytes.fromhex("20010db80007") + bytes(9) + b"\xfe"}


def found(version: int = 4) -> list[Packet]:
    """A C-FIND for a patient, in a segment, whose answer never came."""
    client, server = ADDRESSES[version]
    query = build.element(0x00080052, b"PATIENT ") + build.element(0x00100010, SECRET)
    talk = Talk((client, 40001), (server, 104)).open()
    talk.client(build.associate_rq(build.proposal(1, build.STUDY_ROOT_FIND)))
    talk.server(build.associate_ac(build.answer(1)))
    talk.client(build.message(1, build.command_set(FIND), query))
    return talk.packets


def checked(packet: Packet) -> bytes:
    """An IP packet whose checksums are right."""
    whole = bytearray(build.ip_bytes(packet))
    if whole[0] >> 4 == 4:
        whole[10:12] = dpkt.in_cksum(bytes(whole[:20])).to_bytes(2, "big")
        whole[36:38] = dpkt.in_cksum(_pseudo(whole, 6, whole[20:]) + whole[20:]).to_bytes(2, "big")
    else:
        whole[56:58] = dpkt.in_cksum(_pseudo(whole, 6, whole[40:]) + whole[40:]).to_bytes(2, "big")
    return bytes(whole)


def error(quoted: bytes, length: int, *, rest: bytes = b"") -> bytes:
    """An error of a router that quotes the first bytes of a packet: the host behind it cannot be reached."""
    version = quoted[0] >> 4
    place, width = (12, 4) if version == 4 else (8, 16)
    source = quoted[place : place + width]
    kind, code, protocol = (3, 1, 1) if version == 4 else (1, 3, 58)
    message = bytearray(struct.pack(">BBHL", kind, code, 0, 0) + quoted[:length] + rest)
    if version == 4:
        message[2:4] = dpkt.in_cksum(bytes(message)).to_bytes(2, "big")
        packet = bytearray(build.ipv4(ROUTERS[4], source, bytes(message), protocol=protocol))
        packet[10:12] = dpkt.in_cksum(bytes(packet[:20])).to_bytes(2, "big")
    else:
        packet = bytearray(struct.pack(">LHBB", 6 << 28, len(message), protocol, 64) + ROUTERS[6] + source + message)
        packet[42:44] = dpkt.in_cksum(_pseudo(packet, protocol, message) + message).to_bytes(2, "big")
    return build.ethernet(bytes(packet))


def _pseudo(packet: bytes | bytearray, protocol: int, body: bytes | bytearray) -> bytes:
    addresses = packet[12:20] if packet[0] >> 4 == 4 else packet[8:40]
    return bytes(addresses) + struct.pack(">HH", protocol, len(body))


def frames(path: Path) -> list[bytes]:
    reader = CaptureReader(str(path))
    read = [each.data[a:b] for each in reader.batches() for a, b in zip(each.starts, each.ends, strict=True)]
    reader.close()
    return read


def captured(tmp_path: Path, records: list[bytes]) -> Path:
    path = tmp_path / "capture.pcap"
    path.write_bytes(build.pcap([(build.START + number * 1_000_000, each) for number, each in enumerate(records)]))
    return path


@pytest.mark.parametrize("privacy", [PLAIN, NETWORK], ids=["values", "network"])
@pytest.mark.parametrize("version", [4, 6])
def test_what_an_error_quotes_is_copied_as_the_packet_was(tmp_path: Path, version, privacy) -> None:
    packets = [checked(each) for each in found(version)]
    records = [*map(build.ethernet, packets), error(packets[-1], len(packets[-1]))]
    source, target = captured(tmp_path, records), tmp_path / "copy.pcapng"
    assert scrub(source, target, privacy) == [f"{len(records)} packets written"]
    *_, packet, told = frames(target)
    header = 20 if version == 4 else 40
    quoted = told[14 + header + 8 :]
    assert SECRET[:7] not in target.read_bytes()
    assert quoted == packet[14:]
    message = told[14 + header :]
    assert dpkt.in_cksum(message if version == 4 else _pseudo(told[14:], 58, message) + message) == 0
    assert (ROUTERS[version] in told) is not privacy.redact_network
    assert told[: 14 + header + 8] == records[-1][: 14 + header + 8] or privacy.redact_network


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("length", [8, 14, 20, 30])
def test_an_error_that_quotes_little_is_copied(tmp_path: Path, version, length) -> None:
    packets = [checked(each) for each in found(version)]
    header = 20 if version == 4 else 40
    records = [*map(build.ethernet, packets), error(packets[-1], header + length)]
    source, target = captured(tmp_path, records), tmp_path / "copy.pcapng"
    scrub(source, target)
    *_, packet, told = frames(target)
    quoted = told[14 + header + 8 :]
    assert len(quoted) == header + length
    without_checksum = header + min(length, 16)
    assert quoted[:without_checksum] == packet[14 : 14 + without_checksum]
    message = told[14 + header :]
    assert dpkt.in_cksum(message if version == 4 else _pseudo(told[14:], 58, message) + message) == 0


def test_what_stands_behind_a_quoted_packet_is_not_copied(tmp_path: Path) -> None:
    packets = [checked(each) for each in found()]
    records = [*map(build.ethernet, packets), error(packets[-1], len(packets[-1]), rest=SECRET)]
    source, target = captured(tmp_path, records), tmp_path / "copy.pcapng"
    scrub(source, target)
    assert SECRET not in target.read_bytes()
    assert frames(target)[-1].endswith(bytes(len(SECRET)))


@pytest.mark.parametrize("privacy", [PLAIN, NETWORK], ids=["values", "network"])
def test_a_connection_that_failed_is_told_with_what_a_router_said(tmp_path: Path, privacy) -> None:
    call = checked(Talk(("192.168.7.1", 40001), ("192.168.7.2", 104)).call().packets[0])
    source = captured(tmp_path, [build.ethernet(call), error(call, 28)])
    target = tmp_path / "copy.pcapng"
    scrub(source, target, privacy)
    assert exchange(target) == exchange(source)
    (finding,) = transcript(target)["findings"]
    assert "host unreachable" in finding["message"]
    assert ("192.168.7" in finding["message"]) is not privacy.redact_network


def test_an_error_about_a_connection_that_is_not_copied_is_left_out(tmp_path: Path) -> None:
    web = Talk(("192.168.7.1", 40002), ("192.168.7.3", 80)).open()
    web.client(b"GET /Quantle\r\n")
    other = checked(web.packets[-1])
    records = [*map(build.ethernet, map(checked, found())), error(other, len(other))]
    source, target = captured(tmp_path, records), tmp_path / "copy.pcapng"
    said = scrub(source, target)
    assert said[1] == "left out: 1 packets of other connections"


@pytest.mark.parametrize("length", range(1, 70))
def test_an_error_cut_anywhere_is_found_within_its_frame(length) -> None:
    packet = checked(found()[-1])
    frame = error(packet, len(packet))[: 14 + 20 + length]
    quoted = FrameReader().read(1, frame, 0)
    if length < 8 + 24:  # the ports
        assert quoted is None
    else:
        assert isinstance(quoted, Quoted)
        assert quoted.inner < quoted.tcp < quoted.start <= quoted.end <= quoted.last == len(frame) or length < 8 + 40


@pytest.mark.parametrize("privacy", [PLAIN, NETWORK], ids=["values", "network"])
def test_all_packets_of_a_tunnel_in_a_tunnel_have_other_addresses(tmp_path: Path, privacy) -> None:
    cards = b"\2Quant\2lmann\x08\0"
    middle, outside = bytes([192, 168, 7, 11]), bytes([192, 168, 7, 22])

    def wrapped(packet: Packet) -> bytes:
        inner = build.ipv4(middle, outside, build.gre(0x0800, build.ip_bytes(packet)), protocol=47)
        datagram = bytearray(build.udp(4789, struct.pack(">LL", 0x08000000, 42 << 8) + cards + inner))
        datagram[6:8] = dpkt.in_cksum(outside + middle + struct.pack(">HH", 17, len(datagram)) + datagram).to_bytes(
            2, "big"
        )
        around = build.ipv4(outside, middle, bytes(datagram), protocol=17)
        return build.ethernet(build.ipv4(middle, outside, around, protocol=4))

    source, target = captured(tmp_path, list(map(wrapped, found()))), tmp_path / "copy.pcapng"
    scrub(source, target, privacy)
    assert exchange(target).keys() == exchange(source).keys()
    assert len(transcript(source)["associations"]) == 1
    for frame in frames(target):
        assert (bytes([192, 168, 7]) not in frame) is privacy.redact_network
        assert (cards[:12] not in frame) is privacy.redact_network
        datagram = frame[54:]
        assert dpkt.in_cksum(frame[46:54] + struct.pack(">HH", 17, len(datagram)) + datagram) == 0
