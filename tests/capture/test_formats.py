"""Capture formats, compressions and damage -> the same packets, however they are read; why reading stopped."""

import io
import os
import re
import struct
import subprocess
import sys
import zlib
from functools import partial
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import build
from compressions import COMPRESSIONS
from dicomsniff.capture import compression as compressing
from dicomsniff.capture import pcapng
from dicomsniff.capture import reader as reading
from dicomsniff.capture.packets import CaptureError
from dicomsniff.capture.pcapng import PcapngParser
from dicomsniff.capture.reader import CaptureReader
from examples import examples
from pipeline import packets_of

SECOND = 1_000_000_000
FRAMES = [(build.START, b"first frame"), (build.START + 2 * SECOND, b"second"), (build.START + 3 * SECOND, b"")]
FORMATS = {
    "pcap": build.pcap,
    "pcap, big endian": lambda records: build.pcap(records, order=">"),
    "pcap, nanoseconds": lambda records: build.pcap(records, nanoseconds=True),
    "pcap, modified": build.modified_pcap,
    "pcapng": build.pcapng,
    "pcapng, big endian": lambda records: build.pcapng(records, order=">"),
    "snoop": build.snoop,
}
every_format = pytest.mark.parametrize("make", FORMATS.values(), ids=FORMATS)
COMMON = ("pcap", "pcapng", "snoop")
"""Formats in which the quick loop tries every compression."""
every_compressed_format = pytest.mark.parametrize(
    "make",
    [pytest.param(make, id=name, marks=() if name in COMMON else pytest.mark.slow) for name, make in FORMATS.items()],
)
every_compression = pytest.mark.parametrize("compress", COMPRESSIONS.values(), ids=COMPRESSIONS)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "capture"


def read(path, data: bytes | None = None):
    """Every packet of a capture: (number, time, link type, frame), and why reading stopped."""
    if data is not None:
        path.write_bytes(data)
    reader = CaptureReader(str(path))
    found = drain(reader)
    reader.close()
    return found, reader.truncated


def drain(reader: CaptureReader):
    return [(n, time, batch.link_type, frame) for batch in reader.batches() for n, time, _, frame in packets_of(batch)]


def numbered(frames, link_type: int = 1):
    return [(number, time, link_type, data) for number, (time, data) in enumerate(frames, start=1)]


# Formats


@every_format
def test_every_format_gives_the_same_packets(path, make):
    assert read(path, make(FRAMES)) == (numbered(FRAMES), "")


@pytest.mark.parametrize("order", ["<", ">"])
def test_modified_pcap_is_read_in_both_byte_orders(path, order):
    assert read(path, build.modified_pcap(FRAMES, order=order)) == (numbered(FRAMES), "")


@pytest.mark.parametrize(("number", "link_type"), [(4, 1), (0, 1), (2, 6), (8, 10), (26, 101), (9, 0xFFFF)])
def test_snoop_link_types_become_those_of_pcap(path, number, link_type):
    assert read(path, build.snoop(FRAMES, link_type=number)) == (numbered(FRAMES, link_type), "")


def test_snoop_tells_captured_from_original_length(path):
    head = build.snoop([])
    record = struct.pack(">LLLLLL", 1500, 3, 28, 0, 5, 6) + b"abc\0"
    assert read(path, head + record)[0] == [(1, 5 * SECOND + 6000, 1, b"abc")]


@pytest.mark.parametrize("make", [build.pcap, build.modified_pcap, build.pcapng, build.snoop])
def test_a_capture_without_packets_is_empty_not_damaged(path, make):
    assert read(path, make([])) == ([], "")


def test_the_format_is_named(path):
    for name, make in FORMATS.items():
        path.write_bytes(make(FRAMES))
        reader = CaptureReader(str(path))
        reader.close()
        assert reader.format == name.partition(",")[0]


# pcapng blocks

HEAD = build.section_header() + build.interface()
OTHERS = {
    "interface statistics": build.block(5, struct.pack("<LLL", 0, 1, 2) + build.option(4, bytes(8)) + bytes(4)),
    "name resolution": build.block(4, struct.pack("<HH", 1, 9) + b"\x0a\0\0\x01pacs\0" + bytes(7)),
    "decryption secrets": build.block(10, struct.pack("<LL", 0x544C534B, 14) + b"CLIENT_RANDOM " + bytes(2)),
    "systemd journal": build.block(9, b"__CURSOR=1\n\n"),
    "a custom block": build.block(0x0BAD, struct.pack("<L", 32473) + b"anything"),
    "an unknown block": build.block(0x7FFFFFFF, bytes(40)),
    "an empty unknown block": build.block(0x7FFFFFFF, b""),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_blocks_without_packets_are_passed_over_wherever_they_are(path, other):
    packets = [build.enhanced_packet(1, b"one"), build.enhanced_packet(2, b"two")]
    data = build.section_header() + other + build.interface() + other + packets[0] + other + packets[1] + other
    assert read(path, data) == ([(1, 1000, 1, b"one"), (2, 2000, 1, b"two")], "")


@pytest.mark.parametrize("order", ["<", ">"])
def test_simple_and_obsolete_packets_are_read(path, order):
    head = build.section_header(order) + build.interface(101, order=order)
    data = head + build.simple_packet(b"simple", order) + build.obsolete_packet(7 << 32 | 9, b"obsolete", order=order)
    data += build.enhanced_packet(8, b"enhanced", order=order)
    obsolete = (7 << 32 | 9) * 1000
    expected = [(1, 0, 101, b"simple"), (2, obsolete, 101, b"obsolete"), (3, 8000, 101, b"enhanced")]
    assert read(path, data) == (expected, "")


def test_a_simple_packet_is_as_long_as_the_snap_length_lets_it_be(path):
    interface = build.block(1, struct.pack("<HxxL", 1, 5))
    packet = build.block(3, struct.pack("<L", 1000) + b"12345")
    assert read(path, build.section_header() + interface + packet) == ([(1, 0, 1, b"12345")], "")


def test_comments_and_other_options_of_packets_and_interfaces_are_passed_over(path):
    options = build.option(1, b"a comment") + build.option(9, b"\x09") + build.option(0, b"")
    interface = build.block(1, struct.pack("<HxxL", 1, 0) + build.option(2, b"eth0") + options)
    head = struct.pack("<LLLLL", 0, 0, 5, 3, 3) + b"abc\0" + build.option(1, b"slow here") + build.option(0, b"")
    assert read(path, build.section_header() + interface + build.block(6, head)) == ([(1, 5, 1, b"abc")], "")


@pytest.mark.parametrize(
    ("resolution", "ticks", "time"),
    [
        (0, 1_700_000_000, 1_700_000_000 * SECOND),
        (3, 1_700_000_000_001, 1_700_000_000_001_000_000),
        (6, 5, 5000),
        (7, 5, 500),
        (9, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
        (12, 1_999, 1),
        (0x80, 7, 7 * SECOND),
        (0x80 | 1, 3, 1_500_000_000),
        (0x80 | 20, 3 << 19, 1_500_000_000),
        (0x80 | 32, 1 << 31, 500_000_000),
    ],
)
@pytest.mark.parametrize("offset", [0, 1_600_000_000, -5])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_clock_may_count_powers_of_two_or_ten_from_any_second(path, resolution, ticks, time, offset, order):
    head = build.section_header(order) + build.interface(resolution=resolution, offset=offset, order=order)
    data = head + build.enhanced_packet(ticks, b"x", order=order) + build.obsolete_packet(ticks, b"y", order=order)
    found, _ = read(path, data)
    assert [time for _, time, _, _ in found] == [time + offset * SECOND] * 2


def test_sections_of_different_byte_order_follow_one_another(path):
    sections = [
        build.section_header(order)
        + build.interface(link, order=order)
        + build.enhanced_packet(link, b"x", order=order)
        for order, link in [("<", 1), (">", 113), ("<", 101), (">", 1)]
    ]
    expected = [(number, link * 1000, link, b"x") for number, link in enumerate([1, 113, 101, 1], start=1)]
    assert read(path, b"".join(sections)) == (expected, "")


BAD_BLOCKS = {
    "a packet of an interface never described": build.enhanced_packet(1, b"x", number=3),
    "an obsolete packet of such": build.obsolete_packet(1, b"x", number=3),
    "a length that is no multiple of four": struct.pack("<LL", 6, 33) + bytes(25),
    "a length of zero": bytes(64),
    "a packet block without room for its fields": build.block(6, bytes(8)),
    "an obsolete packet block without room": build.block(2, bytes(8)),
    "a simple packet block without room": build.block(3, b""),
    "an interface without room": build.block(1, b""),
    "a section of no byte order": build.block(0x0A0D0D0A, bytes(16)),
    "a section without room": build.block(0x0A0D0D0A, struct.pack("<L", 0x1A2B3C4D)),
}


@pytest.mark.parametrize("bad", BAD_BLOCKS.values(), ids=BAD_BLOCKS)
@pytest.mark.parametrize("after", [b"", bytes(4), HEAD + build.enhanced_packet(1, b"later") * 3])
def test_a_block_that_makes_no_sense_ends_reading_and_is_said(path, bad, after):
    found, truncated = read(path, HEAD + build.enhanced_packet(1, b"good") + bad + after)
    assert found == [(1, 1000, 1, b"good")]
    assert truncated


def test_a_simple_packet_before_any_interface_is_damage(path):
    found, truncated = read(path, build.section_header() + build.simple_packet(b"x"))
    assert (found, bool(truncated)) == ([], True)


def test_a_packet_longer_than_its_block_is_given_as_far_as_the_block_goes(path):
    bad = build.block(6, struct.pack("<LLLLL", 0, 0, 1, 1000, 1000) + b"abcd")
    found, truncated = read(path, HEAD + bad + build.enhanced_packet(2, b"next"))
    assert (found, truncated) == ([(1, 1000, 1, b"abcd"), (2, 2000, 1, b"next")], "")


def test_an_option_beyond_its_interface_is_not_read_from_the_next_block(path):
    interface = build.block(1, struct.pack("<HxxL", 1, 0) + struct.pack("<HH", 9, 8))
    assert read(path, build.section_header() + interface + build.enhanced_packet(5, b"x"))[0] == [(1, 5000, 1, b"x")]


# Damage

GARBAGE = [b"\0", b"\xff" * 11, b"\xff" * 100, bytes(100), b"<html>not found</html>" * 20]


@every_format
@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_after_the_last_record_leaves_the_packets_before_it(path, make, garbage):
    found, truncated = read(path, make(FRAMES) + garbage)
    assert found[:3] == numbered(FRAMES)
    # Nothing tells zeros after a pcap's records from packets without bytes at the beginning of 1970.
    assert truncated or (not any(garbage) and len(found) > 3)


IMPOSSIBLE = {
    "pcap": build.pcap(FRAMES) + struct.pack("<LLLL", 1, 1, 0x7FFFFFFF, 60) + bytes(100),
    "pcapng": build.pcapng(FRAMES) + struct.pack("<LL", 6, 0x7FFFFFFC) + bytes(100),
    "snoop, longer than can be": build.snoop(FRAMES) + struct.pack(">LLLLLL", 60, 60, 0x7FFFFFFF, 0, 1, 1) + bytes(100),
    "snoop, shorter than its frame": build.snoop(FRAMES) + struct.pack(">LLLLLL", 60, 60, 30, 0, 1, 1) + bytes(100),
    "snoop, no record at all": build.snoop(FRAMES) + struct.pack(">LLLLLL", 60, 60, 0, 0, 1, 1) + bytes(100),
}


@pytest.mark.parametrize("data", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_an_impossible_length_ends_reading_and_is_named(path, data):
    found, truncated = read(path, data)
    assert found == numbered(FRAMES)
    assert "announces" in truncated


@every_format
def test_a_capture_cut_off_anywhere_gives_the_packets_before(path, make):
    whole = make(FRAMES)
    ends = {len(make(FRAMES[:count])) for count in range(4)}
    for length in range(28, len(whole)):
        found, truncated = read(path, whole[:length])
        assert found == numbered(FRAMES)[: len(found)]
        assert bool(truncated) == (length not in ends) or (
            make in (build.pcapng, FORMATS["pcapng, big endian"]) and length == 28
        )


@pytest.mark.parametrize("make", [build.pcap, build.snoop, build.modified_pcap])
def test_a_header_that_is_cut_off_is_refused(path, make):
    for length in range(9, 16):
        path.write_bytes(make(FRAMES)[:length])
        with pytest.raises(CaptureError, match="header cut off"):
            CaptureReader(str(path))


@given(
    st.sampled_from(
        [make(FRAMES * 3) for make in FORMATS.values()] + [c(build.pcap(FRAMES * 3)) for c in COMPRESSIONS.values()]
    ),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 8), st.binary(max_size=8)), max_size=6),
    st.sampled_from([1, 5, 64, 1 << 20]),
)
@settings(max_examples=examples(400), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_raises_nothing_but_capture_error_and_reads_alike_in_blocks_of_any_size(path, base, damage, size):
    data = bytearray(base)
    for place, length, other in damage:
        data[place : place + length] = other
    with pytest.MonkeyPatch.context() as patch:
        try:
            whole = read(path, bytes(data))
        except CaptureError:
            whole = None
        patch.setattr(reading, "BLOCK", size)
        patch.setattr(reading, "SEAMS", (7, 70))
        try:
            found = read(path)
        except CaptureError:
            found = None
    if whole is None or found is None:
        assert found == whole
    elif base.startswith(
        tuple(each.magic for each in compressing.COMPRESSIONS)
    ):  # more of a damaged block comes out in small pieces
        assert found[0][: len(whole[0])] == whole[0]
    else:
        assert found == whole


# Compression

MANY = [(build.START + number * 1000, number.to_bytes(4, "big") * (number % 90)) for number in range(3000)]


@every_compression
@every_compressed_format
def test_a_compressed_capture_reads_like_the_plain_one(path, make, compress):
    assert read(path, compress(make(MANY))) == (numbered(MANY), "")


@every_compression
def test_compressed_parts_put_one_behind_the_other_read_as_one(path, compress):
    data = build.pcap(MANY)
    parts = [compress(data[at : at + 50_000]) for at in range(0, len(data), 50_000)]
    if compress is COMPRESSIONS["lz4"]:
        parts = parts[:1]  # its library reads one frame
        assert read(path, parts[0])[0] == numbered(MANY)[: len(read(path)[0])]
        return
    assert read(path, b"".join(parts)) == (numbered(MANY), "")


@pytest.mark.slow
@every_compression
@every_compressed_format
def test_a_compressed_capture_that_is_cut_off_gives_what_precedes_and_says_why(path, make, compress):
    whole = compress(make(MANY))
    for length in (len(whole) * 2 // 3, len(whole) - 100, len(whole) - 3):
        found, truncated = read(path, whole[:length])
        assert found == numbered(MANY)[: len(found)]
        assert len(found) > (0 if length < len(whole) - 3 else 2000)
        assert "the compressed file is damaged" in truncated


@every_compression
def test_a_compressed_capture_damaged_in_its_middle_gives_what_precedes_and_says_why(path, compress):
    parts = [build.pcap(MANY[:2000]), build.pcap(MANY)[len(build.pcap(MANY[:2000])) :]]
    whole = bytearray(compress(build.pcap(MANY)))
    if compress is not COMPRESSIONS["gzip"]:
        middle = len(whole) * 3 // 4
        whole[middle : middle + 400] = bytes(b ^ 0xFF for b in whole[middle : middle + 400])
    else:
        whole = bytearray(compress(parts[0]) + compress(parts[1]))
        whole[-2000:-1000] = bytes(1000)
    found, truncated = read(path, bytes(whole))
    assert found[:10] == numbered(MANY)[:10]
    assert truncated


@every_compression
def test_a_compressed_file_that_is_damaged_from_the_start_is_refused_with_the_reason(path, compress):
    path.write_bytes(compress(build.pcap(MANY))[:6] + b"\xff" * 50)
    with pytest.raises(CaptureError, match="compressed file is damaged"):
        CaptureReader(str(path))


@every_compression
def test_a_compressed_file_that_holds_no_capture_is_refused(path, compress):
    path.write_bytes(compress(b"something else entirely, and long enough"))
    with pytest.raises(CaptureError, match="not a capture"):
        CaptureReader(str(path))


def test_a_compression_that_is_not_read_is_no_capture(path):
    path.write_bytes(zlib.compress(build.pcap(MANY)))
    with pytest.raises(CaptureError, match="not a capture"):
        CaptureReader(str(path))


@pytest.mark.slow
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_decompression_bomb_is_read_in_pieces(path, compression):
    import tracemalloc

    path.write_bytes(COMPRESSIONS[compression](build.pcap([(0, bytes(1 << 20))] * 24)))
    tracemalloc.start()
    reader = CaptureReader(str(path))
    for batch in reader.batches():
        assert batch.starts
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    reader.close()
    assert peak < 16 << 20


def test_interfaces_of_a_section_without_end_are_given_up(path, monkeypatch):
    monkeypatch.setattr(pcapng, "MAX_INTERFACES", 10)
    begin = build.section_header() + build.interface() + build.enhanced_packet(1, b"one")
    late = build.enhanced_packet(1, b"late")
    assert read(path, begin + build.interface() * 9 + late)[1] == ""
    found, truncated = read(path, begin + build.interface() * 10 + late)
    assert [packet[3] for packet in found] == [b"one"]
    assert truncated == f"a section has more than 10 interfaces, at byte {len(begin + build.interface() * 9)}"


@pytest.mark.slow
@pytest.mark.parametrize("compress", [bytes, *COMPRESSIONS.values()], ids=["plain", *COMPRESSIONS])
@pytest.mark.parametrize(
    ("sections", "interfaces", "block"), [(4, 1000, 1 << 20), (1000, 12, 1 << 20), (3, 7, 333), (1, 1, 100)]
)
def test_however_many_sections_there_are_few_are_remembered_and_every_packet_is_found_again(
    path, monkeypatch, compress, sections, interfaces, block
):
    monkeypatch.setattr(reading, "BLOCK", block)
    monkeypatch.setattr(pcapng, "MAX_SECTIONS", sections)
    monkeypatch.setattr(pcapng, "MAX_INTERFACES", interfaces)
    data = b""
    for number in range(50):
        order = "<>"[number % 2]
        data += build.section_header(order) + build.interface(1 + number, order=order)
        data += b"".join(
            build.enhanced_packet(10 * number + each, bytes([number, each]), order=order) for each in range(number % 4)
        )
    path.write_bytes(compress(data))
    reader = CaptureReader(str(path))
    batches = list(reader.batches())
    assert reader.truncated == ""
    assert list(dict.fromkeys(batch.link_type - 1 for batch in batches)) == [each for each in range(50) if each % 4]
    found = [packet for batch in batches for packet in packets_of(batch)]
    assert len(found) == 73
    remembered = reader._parser.sections
    assert len(remembered) <= sections
    assert sum(len(section.interfaces) for section in remembered) <= interfaces + 1
    for index, (number, _, place, _) in enumerate(found):
        again = [packet for batch in reader.batches_from(place, number) for packet in packets_of(batch)]
        assert again == found[index:]
    reader.close()


# Standard input


class Trickle(io.RawIOBase):
    """A pipe that gives few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size = io.BytesIO(data), size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        part = self._data.read(min(len(buffer), self._size))
        buffer[: len(part)] = part
        return len(part)


@pytest.mark.slow
@pytest.mark.parametrize("compress", [bytes, *COMPRESSIONS.values()], ids=["plain", *COMPRESSIONS])
@every_compressed_format
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_standard_input_reads_like_a_file_however_it_comes(monkeypatch, make, compress, size):
    data = compress(make(MANY[:200]))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(Trickle(data, size))))
    reader = CaptureReader("-")
    assert drain(reader) == numbered(MANY[:200])
    assert (reader.truncated, reader.name, reader.size) == ("", "standard input", None)
    reader.close()


def test_standard_input_that_is_closed_or_empty_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(CaptureError, match="standard input"):
        CaptureReader("-")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO())))
    with pytest.raises(CaptureError, match="standard input: the file is empty"):
        CaptureReader("-")


def test_a_compressed_capture_comes_through_a_real_pipe():
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    data = COMPRESSIONS["zstd"](build.pcapng(build.frames(talk.packets)))
    command = [sys.executable, "-m", "dicomsniff", "show", "-"]
    done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"STORESCU" in done.stdout


# However the file is cut into blocks

LONG = [(build.START + number * 1000, bytes([number % 251]) * ((number * 37) % 400)) for number in range(120)]
LATE = (
    build.section_header()
    + build.interface(1)
    + b"".join(build.enhanced_packet(number, data) for number, (_, data) in enumerate(LONG[:40]))
    + build.interface(113)
    + b"".join(build.enhanced_packet(number, data, number=number % 2) for number, (_, data) in enumerate(LONG[40:80]))
    + build.section_header(">")
    + build.interface(101, order=">")
    + b"".join(build.enhanced_packet(number, data, order=">") for number, (_, data) in enumerate(LONG[80:]))
)
CAPTURES = {name: make(LONG) for name, make in FORMATS.items()} | {"pcapng, two sections": LATE}
every_capture = pytest.mark.parametrize("data", CAPTURES.values(), ids=CAPTURES)
SIZES = [(1, 1), (7, 3), (13, 100), (100, 16), (100, 100), (333, 50), (1000, 999), (4096, 1), (1 << 20, 4096)]


@pytest.mark.slow
@every_capture
@pytest.mark.parametrize(("block", "seam"), SIZES)
def test_blocks_of_any_size_give_the_same_packets(path, monkeypatch, data, block, seam):
    expected = read(path, data)
    monkeypatch.setattr(reading, "BLOCK", block)
    monkeypatch.setattr(reading, "SEAMS", (seam, 4 * seam))
    assert read(path) == expected
    assert len(expected[0]) == 120


@pytest.mark.slow
@every_capture
@pytest.mark.parametrize("compress", [bytes, *COMPRESSIONS.values()], ids=["plain", *COMPRESSIONS])
@pytest.mark.parametrize(("block", "seam"), [(100, 16), (333, 50), (1 << 20, 4096)])
def test_rereading_begins_at_any_record_in_blocks_of_any_size(path, monkeypatch, data, compress, block, seam):
    monkeypatch.setattr(reading, "BLOCK", block)
    monkeypatch.setattr(reading, "SEAMS", (seam, 4 * seam))
    path.write_bytes(compress(data))
    reader = CaptureReader(str(path))
    found = [packet for batch in reader.batches() for packet in packets_of(batch)]
    for index in (0, 1, 39, 41, 79, 81, 119):
        number, _, place, _ = found[index]
        again = [packet for batch in reader.batches_from(place, number) for packet in packets_of(batch)]
        assert again == found[index:]
    reader.close()


def test_what_a_file_that_shrinks_lacks_of_a_record_is_told_all_the_same(path, monkeypatch):
    monkeypatch.setattr(reading, "BLOCK", 1000)
    path.write_bytes(build.pcap(MANY * 20))
    reader = CaptureReader(str(path), open_file=partial(open, path, "rb", 16))
    batches = reader.batches()
    count = len(next(batches).starts)
    os.truncate(path, 500)
    assert list(batches) == []
    assert re.fullmatch(r"the file ends \d+ bytes? into a packet record, at byte \d+", reader.truncated)
    assert 0 < count < 20 * len(MANY)
    reader.close()


def test_rereading_leaves_no_trace_in_what_was_read(path):
    """Each pass meets the interfaces again; the parser that is read from must not gather them."""
    parser = PcapngParser()
    data = build.pcapng(MANY)
    batches, _ = parser.parse(data, 0, 0, 1)
    for _ in range(3):
        again, _ = parser.again(0)[0].parse(data, 0, 0, 1)
        assert [packets_of(each) for each in again] == [packets_of(each) for each in batches]
    assert [len(section.interfaces) for section in parser.sections] == [1]


def test_the_position_grows_to_the_size_of_the_file(path):
    for compress in (bytes, *COMPRESSIONS.values()):
        path.write_bytes(compress(build.pcap(MANY)))
        reader = CaptureReader(str(path))
        positions = [reader.position for _ in reader.batches()]
        assert positions == sorted(positions)
        assert reader.position == reader.size == path.stat().st_size
        reader.close()
