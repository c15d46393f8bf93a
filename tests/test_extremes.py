"""Any field of any header may hold any value: every output stays whole, and no time is negative."""

import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import build
from dicomsniff.capture.packets import CaptureError
from dicomsniff.export.formats import find_view
from dicomsniff.export.view import Asked
from dicomsniff.library import Capture
from examples import examples
from views import said_by, view_names

pytestmark = pytest.mark.slow

HOSTILE = Path(__file__).parent / "hostile"
CT = build.CT_IMAGE_STORAGE
FIND, MOVE = build.STUDY_ROOT_FIND, build.STUDY_ROOT_MOVE
NEGATIVE = re.compile(r"(?<![\w.\\-])-\d(?![\d]*s\.\d+Z)")
"""A negative number that is no moment before the calendar begins."""


def conversation() -> build.Talk:
    """A C-ECHO, a C-STORE, a C-FIND and a C-MOVE with counters, then another association on the connection."""
    talk = build.Talk(tick=30_000_000).open()
    proposals = [build.proposal(1), build.proposal(3, CT), build.proposal(5, FIND), build.proposal(7, MOVE)]
    for _ in range(2):
        talk.client(build.associate_rq(*proposals))
        talk.server(build.associate_ac(*(build.answer(number) for number in (1, 3, 5, 7))))
        talk.client(build.message(1, build.echo_rq(1)))
        talk.server(build.message(1, build.echo_rsp(1)))
        talk.client(build.message(3, build.store_rq(2), build.pixels(3000)), 1000)
        talk.server(build.message(3, build.store_rsp(2)))
        find = {0x0002: FIND, 0x0100: 0x0020, 0x0110: 3, 0x0700: 0, 0x0800: 1}
        found = {0x0002: FIND, 0x0100: 0x8020, 0x0120: 3, 0x0800: 1, 0x0900: 0xFF00}
        talk.client(build.message(5, build.command_set(find), build.element(0x00100020, b"1 ")))
        talk.server(build.message(5, build.command_set(found), build.element(0x00100020, b"1 ")))
        talk.server(build.message(5, build.command_set(found | {0x0800: 0x0101, 0x0900: 0})))
        move = {0x0002: MOVE, 0x0100: 0x0021, 0x0110: 4, 0x0600: "DEST", 0x0700: 0, 0x0800: 1}
        moved = {0x0002: MOVE, 0x0100: 0x8021, 0x0120: 4, 0x0800: 0x0101, 0x0900: 0xFF00}
        counters = {0x1020: 1, 0x1021: 1, 0x1022: 0, 0x1023: 0}
        talk.client(build.message(7, build.command_set(move), build.element(0x00100020, b"1 ")))
        talk.server(build.message(7, build.command_set(moved | counters)))
        talk.server(build.message(7, build.command_set(moved | counters | {0x0900: 0, 0x1020: 0, 0x1021: 2})))
        talk.client(build.release_rq())
        talk.server(build.release_rp())
    return talk.close()


PACKETS = conversation().packets
SYN_OPTIONS = b"\2\4\5\xb4\3\3\7\0"


def with_syn_options(frame: bytes, options: bytes) -> bytes:
    """Put TCP options into an IPv4 frame's SYN, padded to four bytes."""
    options += bytes(-len(options) % 4)
    length = struct.pack(">H", len(frame) - 14 + len(options))
    return frame[:16] + length + frame[18:46] + bytes([0x50 + len(options) * 4]) + frame[47:54] + options + frame[54:]


FRAMES = [build.frame(packet) for packet in PACKETS]
FRAMES[0] = with_syn_options(FRAMES[0], SYN_OPTIONS)
FRAMES[1] = with_syn_options(FRAMES[1], SYN_OPTIONS)


def extreme(bits: int, *, signed: bool = False) -> st.SearchStrategy[int]:
    """Numbers at the borders of a field of so many bits, and others."""
    borders = {0, 1, (1 << bits - 1) - 1, 1 << bits - 1, (1 << bits) - 2, (1 << bits) - 1}
    if signed:
        borders = {each - (1 << bits - 1) for each in borders}
    low = -(1 << bits - 1) if signed else 0
    return st.sampled_from(sorted(borders)) | st.integers(low, low + (1 << bits) - 1)


def outputs(path: Path) -> Iterator[tuple[str, str]]:
    """Everything that can be written of a capture, by the name of its form."""

    for command, form in view_names():
        view = find_view(command, form)
        with Capture(str(path), collect=view.collects) as capture:
            yield f"{command} {form}", said_by(view, capture, Asked(contexts=True, names=(path.name,)))


def strict(text: str) -> Any:
    """Parse JSON as the standard has it, which knows no NaN and no Infinity."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def assert_outputs(path: Path) -> None:
    """Assert that every output can be written and read, and that no time in it is negative."""
    try:
        for form, text in outputs(path):
            if form.endswith("json") or form == "check sarif":
                strict(text)
            elif form.endswith("jsonl"):
                [strict(line) for line in text.splitlines()]
            elif form == "check junit":
                ElementTree.fromstring(text)
            if form.endswith(" text"):
                assert not NEGATIVE.search(text), form
            if form == "export json":
                assert list(negative_times(strict(text))) == []
    except CaptureError:
        return  # a capture that cannot be read at all is said in one line


def negative_times(value: Any, *where: object) -> Iterator[tuple[object, ...]]:
    """Where a negative number stands that is a time: all fractions are, and nothing else that is negative."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key not in ("elements",):
                yield from negative_times(each, *where, key)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from negative_times(each, *where, number)
    elif isinstance(value, int | float) and value < 0:
        yield where


@pytest.mark.parametrize("name", ["crash-overflow-timestamps.pcapng", "crash-show-timestamps.pcap"])
def test_times_further_apart_than_64_bits_tell_are_survived(name):
    assert_outputs(HOSTILE / name)


few = settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(st.lists(st.tuples(extreme(32), extreme(32)), min_size=1, max_size=len(FRAMES)), st.booleans(), st.booleans())
@few
@example([(0, 0)] * 4 + [(0xFFFFFFFF, 0xFFFFFFFF)], False, False)
def test_seconds_and_fractions_of_pcap_may_be_anything(tmp_path, times, nanoseconds, in_order):
    times = (times * len(FRAMES))[: len(FRAMES)]
    times = sorted(times) if in_order else times
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    parts = [struct.pack("<LHHlLLL", magic, 2, 4, 0, 0, 262144, 1)]
    for (seconds, fraction), frame in zip(times, FRAMES, strict=True):
        parts.append(struct.pack("<LLLL", seconds, fraction, len(frame), len(frame)) + frame)
    path = tmp_path / "any.pcap"
    path.write_bytes(b"".join(parts))
    assert_outputs(path)


@given(
    st.lists(extreme(64), min_size=1, max_size=len(FRAMES)),
    st.integers(0, 255) | st.none(),
    extreme(64, signed=True),
    st.booleans(),
)
@few
@example([0] * 4 + [(1 << 64) - 1], 0, 0, True)
@example([0] * 4 + [(1 << 64) - 1], 0, -(1 << 63), True)
@example([0] * 8 + [1], 0, -(1 << 63), False)
@example([5], 0xFF, 0, True)
@example([5], 0x7F, (1 << 63) - 1, True)
def test_clocks_of_pcapng_may_be_anything(tmp_path, ticks, resolution, offset, in_order):
    ticks = (ticks * len(FRAMES))[: len(FRAMES)]
    ticks = sorted(ticks) if in_order else ticks
    packets = b"".join(build.enhanced_packet(tick, frame) for tick, frame in zip(ticks, FRAMES, strict=True))
    path = tmp_path / "any.pcapng"
    path.write_bytes(build.section_header() + build.interface(resolution=resolution, offset=offset) + packets)
    assert_outputs(path)


@given(st.lists(st.tuples(extreme(32), extreme(32)), min_size=1, max_size=len(FRAMES)))
@few
def test_times_of_snoop_may_be_anything(tmp_path, times):
    times = (times * len(FRAMES))[: len(FRAMES)]
    parts = [b"snoop\0\0\0" + struct.pack(">LL", 2, 4)]
    for (seconds, micro), frame in zip(times, FRAMES, strict=True):
        head = struct.pack(">LLLLLL", len(frame), len(frame), 24 + len(frame), 0, seconds, micro)
        parts.append(head + frame)
    path = tmp_path / "any.snoop"
    path.write_bytes(b"".join(parts))
    assert_outputs(path)


@pytest.mark.parametrize("make", [build.pcap, build.pcapng, build.snoop], ids=["pcap", "pcapng", "snoop"])
@given(changes=st.lists(st.tuples(st.integers(0, 5000), st.sampled_from([8, 16, 32, 64]), st.data()), max_size=4))
@few
def test_fields_of_records_and_blocks_may_be_anything(tmp_path, make, changes):
    """Lengths, numbers, options: a field of 1 to 8 bytes, wherever it lies, holds the least, the most or a border."""
    data = bytearray(make(zip((packet.time for packet in PACKETS), FRAMES, strict=True)))
    for place, bits, draw in changes:
        size, at = bits // 8, place % (len(data) - 8)
        data[at : at + size] = draw.draw(extreme(bits)).to_bytes(size, draw.draw(st.sampled_from(["little", "big"])))
    path = tmp_path / "any"
    path.write_bytes(data)
    assert_outputs(path)


HEADERS = [(14, 1), (16, 2), (20, 2), (23, 1), (26, 4), (34, 4), (38, 4), (42, 4), (46, 2), (48, 2)]
"""Of IPv4 and TCP: version and length, total length, fragment, protocol, addresses and ports, numbers, control."""
BODIES = [(54, 1), (56, 4), (60, 4), (64, 1), (65, 1), (70, 4), (78, 4)]
"""Of a PDU and its first PDV: type, lengths, context, message control header; of its command set: lengths, a value."""


@given(
    st.lists(
        st.tuples(st.integers(0, len(FRAMES) - 1), st.sampled_from(HEADERS + BODIES) | st.just((0, 0)), st.data()),
        max_size=6,
    )
)
@settings(few, max_examples=examples(80))
def test_fields_of_frames_and_pdus_may_be_anything(tmp_path, changes):
    frames = [bytearray(frame) for frame in FRAMES]
    for number, (at, size), draw in changes:
        if not size:
            at, size = draw.draw(st.integers(0, 260)), draw.draw(st.sampled_from([1, 2, 4]))
        if at + size <= len(frames[number]):
            frames[number][at : at + size] = draw.draw(extreme(8 * size)).to_bytes(size, "big")
    path = tmp_path / "any.pcap"
    path.write_bytes(build.pcap((packet.time, bytes(frame)) for packet, frame in zip(PACKETS, frames, strict=True)))
    assert_outputs(path)


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=10)), max_size=4), extreme(16))
@few
@example([(3, 3, b"\xff")], 0)
@example([(2, 4, b"\0\0"), (3, 3, b"\xff")], 0xFFFF)
def test_options_and_windows_of_tcp_may_be_anything(tmp_path, options, window):
    body = b"".join(bytes([kind, length]) + rest for kind, length, rest in options)[:40]
    frames = [bytearray(build.frame(packet)) for packet in PACKETS]
    frames[0] = bytearray(with_syn_options(bytes(frames[0]), body))
    for frame in frames[2::3]:
        frame[48:50] = window.to_bytes(2, "big")
    path = tmp_path / "any.pcap"
    path.write_bytes(build.pcap((packet.time, bytes(frame)) for packet, frame in zip(PACKETS, frames, strict=True)))
    assert_outputs(path)
