"""The inner loops, compiled and not -> the same segments, events and states, whatever a capture holds."""

import io
import struct
import sys
from importlib import import_module
from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build
from dicomsniff.capture import inner
from dicomsniff.capture.loops import PURE, chosen, made_from
from dicomsniff.capture.pcap import MAGICS
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.tcp.events import ConnectionGone, StreamBytes, StreamEnd, StreamGap
from examples import examples

try:
    compiled = import_module("dicomsniff.capture._inner")
except ImportError:
    compiled = None
both = pytest.mark.skipif(compiled is None, reason="the inner loops are not compiled here: there was no compiler")

LITTLE, BIG = MAGICS[b"\xd4\xc3\xb2\xa1"], MAGICS[b"\xa1\xb2\xc3\xd4"]
WRAPS = {
    "Ethernet": (1, build.ethernet),
    "VLAN": (1, lambda ip: build.tagged(ip, (0x8100, 5))),
    "QinQ": (1, lambda ip: build.tagged(ip, (0x88A8, 6), (0x8100, 5))),
    "options": (1, lambda ip: build.ethernet(build.with_ipv4_options(ip, b"\x01\x01\x01\0" * 2))),
    "cooked v2": (276, build.linux_cooked2),
    "raw": (101, lambda ip: ip),
}


def event_of(event):
    """What an event says."""
    if isinstance(event, StreamBytes):
        return "bytes", event.stream.flow, event.offset, event.data[event.start : event.end], event.mark
    if isinstance(event, StreamGap):
        return "gap", event.stream.flow, event.offset, event.length, event.mark
    if isinstance(event, StreamEnd):
        return "end", event.stream.flow, event.how, event.mark
    if isinstance(event, ConnectionGone):
        return "gone", event.connection.number, event.connection.last_mark
    return type(event).__name__, event.stream.flow, event.offset, event.different, event.mark


def state_of(stream):
    """What counting packets changes of a stream."""
    health, skip = stream.health, stream.skip
    return (
        stream.flow, stream.offset, stream.expected, stream.acked, stream.last_mark, skip and (skip.until, skip.seen),
        health.sent_at, health.sent_to, health.sent_length, health.last_ack, health.max_in_flight, health.missing,
        health.duplicated_frames, health.round_trip_time, health.went_back, health.pauses.numbers,
    )  # fmt: skip


def all_of(loops, capture: bytes, block: int, *, collect: bool = False):
    """All that comes of a capture that is read in blocks of some bytes: segments, events, states and messages."""
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dicomsniff.capture.decode.Express", loops.Express)
        patch.setattr("dicomsniff.capture.pcap.PcapLayout", loops.PcapLayout)
        patch.setattr("dicomsniff.capture.reader.BLOCK", block)
        reader = CaptureReader("a.pcap", open_file=lambda: io.BufferedReader(io.BytesIO(capture)))
        analyzer = Analyzer(collect=collect)
        feed = analyzer._entrance.feed

        def noted(segment):
            events = feed(segment)
            data, start, end, cut = segment[8:]
            found.append((segment[:8], data[start:end], cut, [*map(event_of, events)]))
            return events

        analyzer._entrance.feed = noted
        for batch in reader.batches():
            analyzer.feed(batch)
            found.append([state_of(stream) for stream in analyzer._tcp.streams.values()])
        analyzer.close()
        found.append((reader.truncated, analyzer.packets, dict(analyzer.undecoded), dict(analyzer.foreign)))
        for association in analyzer.associations:
            for message in association.messages:
                data = message.data_set
                content = None
                if data is not None and data.content is not None:
                    content = data.content.read()
                    data.content.close()
                found.append((message.name, message.span, message.problem, data and data.length, content))
    return found


def delayed(packets: list[build.Packet], delays: list[tuple[float, int]]) -> list[build.Packet]:
    """Let what comes from places (as shares of all packets) on come that many ns later, or earlier."""
    for place, delay in delays:
        at = int(place * len(packets))
        packets = packets[:at] + [packet._replace(time=packet.time + delay) for packet in packets[at:]]
    return packets


def conversation(messages: list[tuple[int, int]], segment: int, *, doubled: bool, v6: bool) -> list[build.Packet]:
    """Store data sets of (bytes, fragment length) in segments of a length, acknowledged as they come."""
    talk = build.Talk(tick=1000).open()
    talk.client(build.associate_rq(build.proposal(3, build.CT_IMAGE_STORAGE)))
    talk.server(build.associate_ac(build.answer(3)))
    for number, (length, fragment) in enumerate(messages, start=1):
        data = Random(number).randbytes(length)
        whole = build.message(3, build.store_rq(number), data, fragment)
        for place, at in enumerate(range(0, len(whole), segment)):
            talk.client(whole[at : at + segment])
            if place % 3 == 2:
                talk.server(b"")
        talk.server(build.message(3, build.store_rsp(number)))
    packets = list(talk.close().packets)
    if doubled:
        packets = [packet for packet in packets for _ in range(2)]
    if v6:
        packets = [
            packet._replace(flow=b"\xfd" * 12 + packet.flow[:4] + b"\xfd" * 12 + packet.flow[4:]) for packet in packets
        ]
    return packets


@both
@given(
    st.lists(st.tuples(st.integers(0, 9000), st.integers(1, 3000)), min_size=1, max_size=3),
    st.integers(60, 3000),
    st.booleans(),
    st.booleans(),
    st.sampled_from(sorted(WRAPS)),
    st.sampled_from([65536, 96, 60]),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), max_size=4),
    st.lists(st.tuples(st.floats(0, 1), st.integers(-10_000_000, 300_000_000)), max_size=4),
    st.sampled_from("<>"),
    st.integers(100, 20_000),
    st.booleans(),
)
@settings(max_examples=examples(150))
def test_whatever_a_capture_holds_compiled_loops_do_the_same(
    messages, segment, doubled, v6, wrap, snaplen, damage, delays, order, block, collect
):
    messages = [(length if fragment > 40 else min(length, 300), fragment) for length, fragment in messages]
    link_type, wrapped = WRAPS["raw" if v6 and wrap == "options" else wrap]
    packets = delayed(conversation(messages, segment, doubled=doubled, v6=v6), delays)
    if v6 and wrap in ("Ethernet", "VLAN", "QinQ"):
        link_type, wrapped = WRAPS["raw"]
    frames = [(packet.time, wrapped(build.ip_bytes(packet))[:snaplen]) for packet in packets]
    capture = bytearray(build.pcap(frames, order=order, link_type=link_type))
    for place, other in damage:
        at = 24 + int(place * (len(capture) - 28))
        capture[at : at + len(other)] = other
    one, other = (all_of(loops, bytes(capture), block, collect=collect) for loops in (inner, compiled))
    assert one == other


@both
def test_a_repetition_that_may_go_on_for_longer_than_any_stream_overflows_nothing():
    """Fragments of one byte: the place up to which their headers may repeat is beyond 64 bits."""
    packets = conversation([(3000, 1)], 600, doubled=False, v6=False)
    capture = build.pcap([(packet.time, build.ethernet(build.ip_bytes(packet))) for packet in packets])
    assert all_of(inner, capture, 1 << 20) == all_of(compiled, capture, 1 << 20)


@both
@given(st.binary(max_size=120), st.integers(0, 60), st.sampled_from([LITTLE, BIG]))
def test_records_and_times_are_the_same(data, at, form):
    one, other = inner.PcapLayout(form), compiled.PcapLayout(form)
    assert one.records(data, at) == other.records(data, at)
    for start in range(16, len(data) + 1):
        assert one.time(data, start) == other.time(data, start)


@both
@pytest.mark.parametrize("start", [-20, -1, 3, 15, 40, 1 << 40])
def test_compiled_loops_read_nothing_outside_the_bytes(start):
    with pytest.raises((IndexError, struct.error)):
        compiled.PcapLayout(LITTLE).time(bytes(20), start)


def test_loops_compiled_from_another_source_are_not_used(monkeypatch):
    monkeypatch.delenv(PURE, raising=False)
    for checksum, wanted in ((made_from(), "made"), (made_from() ^ 1, "inner")):
        made = SimpleNamespace(MADE_FROM=checksum, name="made")
        monkeypatch.setitem(sys.modules, "dicomsniff.capture._inner", made)
        assert getattr(chosen(), "name", "inner") == wanted
    monkeypatch.setenv(PURE, "1")
    assert chosen() is inner
