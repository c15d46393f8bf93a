"""Capture files -> packet batches: formats, byte orders, clocks, damage; going back to a place."""

import gzip
import struct
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import build
from dicomsniff.capture.packets import CaptureError
from dicomsniff.capture.reader import CaptureReader
from examples import examples
from pipeline import packets_of

TIME = 1_700_000_000_123_456_789
FRAMES = [(TIME, b"first frame"), (TIME + 2_000_000_000, b"second"), (TIME + 2_000_001_000, b"")]


def read(path, data: bytes | None = None):
    """Every packet of a capture: (number, time, link type, frame), and why reading stopped."""
    if data is not None:
        path.write_bytes(data)
    reader = CaptureReader(str(path))
    found = [
        (number, time, batch.link_type, frame)
        for batch in reader.batches()
        for number, time, _, frame in packets_of(batch)
    ]
    reader.close()
    return found, reader.truncated


@pytest.fixture
def path(tmp_path):
    return tmp_path / "capture"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("nanoseconds", "unit"), [(False, 1000), (True, 1)])
def test_pcap_is_read_in_both_byte_orders_and_resolutions(path, order, nanoseconds, unit):
    found, truncated = read(path, build.pcap(FRAMES, order=order, nanoseconds=nanoseconds, link_type=113))
    assert found == [(number, time // unit * unit, 113, data) for number, (time, data) in enumerate(FRAMES, start=1)]
    assert truncated == ""


def test_pcap_with_long_record_headers_is_read(path):
    head = struct.pack("<LHHlLLL", 0xA1B2CD34, 2, 4, 0, 0, 65535, 1)
    record = struct.pack("<LLLL", 1, 2, 3, 3) + bytes(8) + b"abc"
    assert read(path, head + record)[0] == [(1, 1_000_002_000, 1, b"abc")]


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_is_read_in_both_byte_orders(path, order):
    found, truncated = read(path, build.pcapng(FRAMES, order=order))
    assert found == [(number, time // 1000 * 1000, 1, data) for number, (time, data) in enumerate(FRAMES, start=1)]
    assert truncated == ""


@pytest.mark.parametrize(
    ("resolution", "offset", "ticks", "time"),
    [
        (None, 0, 1_700_000_000_123_456, 1_700_000_000_123_456_000),
        (9, 0, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
        (3, 0, 1_700_000_000_123, 1_700_000_000_123_000_000),
        (0x80 | 10, 0, 1_700_000_000 * 1024 + 512, 1_700_000_000_500_000_000),
        (6, 1_600_000_000, 100_000_000_000_000, 1_700_000_000_000_000_000),
    ],
)
def test_an_interface_has_its_own_clock(path, resolution, offset, ticks, time):
    head = build.section_header() + build.interface(resolution=resolution, offset=offset)
    assert read(path, head + build.enhanced_packet(ticks, b"x"))[0] == [(1, time, 1, b"x")]


def test_interfaces_of_different_link_types_keep_the_order_of_packets(path):
    data = build.section_header() + build.interface(1) + build.interface(113, resolution=9)
    data += build.enhanced_packet(5, b"a", number=0) + build.enhanced_packet(6000, b"b", number=1)
    data += build.enhanced_packet(7, b"c", number=0) + build.enhanced_packet(8, b"d", number=0)
    found, _ = read(path, data)
    assert found == [(1, 5000, 1, b"a"), (2, 6000, 113, b"b"), (3, 7000, 1, b"c"), (4, 8000, 1, b"d")]


def test_a_second_section_has_its_own_byte_order_and_interfaces(path):
    data = build.pcapng([(5000, b"a")], order="<")
    data += build.section_header(">") + build.interface(113, order=">") + build.enhanced_packet(6, b"b", order=">")
    assert read(path, data)[0] == [(1, 5000, 1, b"a"), (2, 6000, 113, b"b")]


def test_blocks_of_other_types_are_passed_over(path):
    data = build.section_header() + build.block(4, b"name resolution") + build.interface()
    data += build.block(5, bytes(12)) + build.simple_packet(b"simple") + build.block(0x0BAD, b"custom")
    old = struct.pack("<HHLLLL", 0, 0, 0, 9, 3, 3) + b"old"
    data += build.block(2, old)
    assert read(path, data)[0] == [(1, 0, 1, b"simple"), (2, 9000, 1, b"old")]


@pytest.mark.parametrize("make", [build.pcap, build.pcapng])
def test_a_gzipped_capture_reads_like_the_plain_one(path, make):
    plain = make(FRAMES)
    assert read(path, gzip.compress(plain)) == read(path, plain)


@pytest.mark.parametrize("make", [build.pcap, build.pcapng])
def test_a_capture_longer_than_a_block_is_read_whole(path, make):
    frames = [(number * 1000, bytes([number % 256]) * (number % 1500)) for number in range(5000)]
    found, truncated = read(path, make(frames))
    assert [(time, data) for _, time, _, data in found] == frames
    assert [number for number, *_ in found] == list(range(1, 5001))
    assert truncated == ""


# What cannot be read


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"not a capture, but text", "not a capture (begins with 6e 6f 74 20)"),
        (build.pcap([])[:10], "a pcap header cut off after 10 of 24 bytes"),
        (b"\x00", "not a capture"),
    ],
)
def test_a_file_that_is_no_capture_is_refused_with_the_reason(path, data, message):
    path.write_bytes(data)
    with pytest.raises(CaptureError, match=r".") as error:
        CaptureReader(str(path))
    assert message in str(error.value)


def test_a_missing_file_and_a_directory_are_refused(path, tmp_path):
    with pytest.raises(CaptureError, match="No such file"):
        CaptureReader(str(path))
    with pytest.raises(CaptureError, match="a directory"):
        CaptureReader(str(tmp_path))


@pytest.mark.parametrize("make", [build.pcap, build.pcapng])
def test_a_capture_cut_off_anywhere_gives_the_packets_before(path, make):
    whole = make(FRAMES)
    for length in range(28, len(whole)):
        found, truncated = read(path, whole[:length])
        assert found == read(path, whole)[0][: len(found)]
        assert truncated or whole[:length] in (build.section_header(), *(make(FRAMES[:count]) for count in range(3)))


def test_a_gzip_that_stops_gives_the_packets_before(path):
    frames = [(number, number.to_bytes(4, "big") * 16) for number in range(2000)]
    found, truncated = read(path, gzip.compress(build.pcap(frames))[:-100])
    assert len(found) > 1500
    assert "compressed file is damaged" in truncated


HUGE = [
    ("pcap record", build.pcap(FRAMES) + struct.pack("<LLLL", 0, 0, 0xFFFFFFF0, 0xFFFFFFF0)),
    ("pcap record", build.pcap(FRAMES) + struct.pack("<LLLL", 0, 0, 0x0FFFFFF0, 0x0FFFFFF0)),
    ("pcapng block", build.pcapng(FRAMES) + struct.pack("<LL", 6, 0xFFFFFFF0) + bytes(20)),
    ("pcapng block", build.pcapng(FRAMES) + struct.pack("<LL", 6, 0x0FFFFFF0) + bytes(20)),
]


@pytest.mark.parametrize(("what", "data"), HUGE)
def test_announced_lengths_allocate_nothing(path, what, data):
    path.write_bytes(data + bytes(20 << 20))
    tracemalloc.start()
    found, truncated = read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) == 3
    assert truncated
    assert peak < 64 << 20


BASES = [
    *(build.pcap(FRAMES, order=order) for order in "<>"),
    *(build.pcapng(FRAMES, order=order) for order in "<>"),
    gzip.compress(build.pcap(FRAMES)),
]


@given(st.sampled_from(BASES), st.lists(st.tuples(st.integers(0, 300), st.integers(0, 8), st.binary(max_size=8))))
@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_capture_raises_nothing_but_capture_error(path, base, damage):
    data = bytearray(base)
    for place, length, other in damage:
        data[place : place + length] = other
    try:
        found, _ = read(path, bytes(data))
    except CaptureError:
        return
    assert len(found) < 1000


@given(st.sampled_from([base[:4] for base in BASES]), st.binary(max_size=400))
@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_bytes_after_a_valid_magic_raise_nothing_but_capture_error(path, magic, rest):
    try:
        read(path, magic + rest)
    except CaptureError:
        return


# Going back


def places(reader: CaptureReader) -> list[tuple[int, int, bytes]]:
    return [(number, place, frame) for batch in reader.batches() for number, _, place, frame in packets_of(batch)]


def again(reader: CaptureReader, offset: int, number: int) -> list[tuple[int, bytes]]:
    return [(found, frame) for batch in reader.batches_from(offset, number) for found, _, _, frame in packets_of(batch)]


LATE_INTERFACE = (
    build.section_header()
    + build.interface(1)
    + build.enhanced_packet(1, b"one")
    + build.interface(113)
    + build.enhanced_packet(2, b"two", number=1)
    + build.section_header(">")
    + build.interface(101, order=">")
    + build.enhanced_packet(3, b"three", order=">")
)


@pytest.mark.parametrize(
    "data",
    [build.pcap(FRAMES), build.pcapng(FRAMES), LATE_INTERFACE, gzip.compress(LATE_INTERFACE)],
    ids=["pcap", "pcapng", "late-interface", "gzip"],
)
def test_reading_again_from_any_packet_gives_it_and_those_after(path, data):
    path.write_bytes(data)
    reader = CaptureReader(str(path))
    found = places(reader)
    for number, offset, _ in found:
        assert again(reader, offset, number) == [(n, frame) for n, _, frame in found if n >= number]
    reader.close()


def test_reading_again_in_the_middle_of_reading_disturbs_nothing(path):
    """A view goes back while the worker still reads."""
    frames = [(number * 1000, bytes([number % 256]) * 1400) for number in range(3000)]
    late = build.interface(113) + build.enhanced_packet(1, b"late", number=1)
    path.write_bytes(build.pcapng(frames) + late)
    reader, other = CaptureReader(str(path)), CaptureReader(str(path))
    first_offset = places(other)[0][1]
    seen = []
    for batch in reader.batches():
        seen += [frame for _, _, _, frame in packets_of(batch)]
        assert len(again(other, first_offset, 1)) == len(again(reader, first_offset, 1)) == 3001
    assert seen == [data for _, data in frames] + [b"late"]
    reader.close()
    other.close()


def test_reading_again_works_in_a_capture_whose_end_is_damaged(path):
    frames = [(number * 1000, bytes([number % 256]) * 1400) for number in range(3000)]
    path.write_bytes(build.pcap(frames) + struct.pack("<LLLL", 0, 0, 0xFFFFFFF0, 0))
    reader = CaptureReader(str(path))
    found = places(reader)
    assert "announces" in reader.truncated
    assert len(again(reader, found[0][1], 1)) == 3000
    reader.close()
