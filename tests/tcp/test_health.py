"""How TCP fared is counted per direction: what was sent again, what was late, how far away the other side is."""

import pytest

import build
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.tcp.connection import TcpTracker
from dicomsniff.tcp.events import StreamConflict
from dicomsniff.tcp.health import StreamHealth
from pipeline import batch

SECOND = 1_000_000_000


def follow(packets: list[build.Packet]) -> tuple[StreamHealth, StreamHealth, list[StreamConflict]]:
    """The health of the client's and the server's direction, and the conflicts."""
    tracker, conflicts = TcpTracker(), []
    for segment in build.segments(packets):
        conflicts += [event for event in tracker.feed(segment) if isinstance(event, StreamConflict)]
    flows = {flow: stream.health for flow, stream in tracker.streams.items()}
    first = packets[0].flow
    return flows[first], next(health for flow, health in flows.items() if flow != first), conflicts


def test_a_healthy_exchange_has_nothing_to_count():
    talk = build.Talk().open()
    talk.client(b"question")
    talk.acknowledge(1)
    talk.server(b"answer")
    talk.acknowledge(0)
    for health in follow(talk.packets)[:2]:
        assert health.retransmitted == health.out_of_order == health.duplicate_acks == health.zero_windows == 0


def test_round_trips_are_measured_from_a_segment_to_its_acknowledgement():
    talk = build.Talk(tick=2 * SECOND).open()
    talk.tick = 0
    talk.client(b"slow")
    talk.wait(3 * SECOND)
    talk.acknowledge(1)
    talk.client(b"fast")
    talk.wait(SECOND)
    talk.acknowledge(1)
    assert follow(talk.packets)[0].round_trip_time == SECOND


def test_the_handshake_is_timed():
    talk = build.Talk(tick=SECOND).open()
    assert follow(talk.packets)[0].handshake_time == SECOND


def test_a_handshake_with_a_syn_sent_again_gives_no_round_trip():
    talk = build.Talk(tick=SECOND).call()
    talk.packets.append(talk.packets[0]._replace(time=talk.time))
    talk.wait(SECOND)
    opened = build.Talk(start=talk.time).open().packets
    assert follow([*talk.packets, *opened[1:]])[0].round_trip_time is None


def test_the_most_bytes_under_way_at_a_time_are_remembered():
    talk = build.Talk().open()
    for length in (100, 5000, 200):
        talk.client(bytes(length))
        talk.acknowledge(1)
    assert follow(talk.packets)[0].max_in_flight == 5000


def test_what_is_sent_again_is_counted_and_gives_no_round_trip():
    talk = build.Talk().open()
    (sent,) = talk.client(b"question")
    talk.packets.append(sent._replace(time=talk.time + SECOND))
    talk.acknowledge(1)
    health, _, conflicts = follow(talk.packets)
    assert (health.retransmitted, health.round_trip_time, conflicts) == (1, build.MILLISECOND, [])  # of the handshake


def test_what_is_sent_again_with_another_content_is_a_conflict():
    talk = build.Talk().open()
    (sent,) = talk.client(b"question")
    talk.packets.append(sent._replace(data=b"quastiOn"))
    (conflict,) = follow(talk.packets)[2]
    assert (conflict.offset, conflict.different) == (0, 2)


def test_a_keep_alive_probe_is_no_conflict():
    talk = build.Talk().open()
    (sent,) = talk.client(b"question")
    talk.packets.append(sent._replace(seq=sent.seq + 7, data=b"\0"))
    assert follow(talk.packets)[2] == []


def test_held_segments_that_overlap_are_compared_too():
    talk = build.Talk().open()
    first, second, third = talk.pieces(0, [b"ab", b"cd", b"ef"])
    late = third._replace(seq=third.seq - 1, data=b"Xef")
    talk.packets[-3:] = [late, second, first]
    health, _, conflicts = follow(talk.packets)
    assert health.out_of_order == 2
    assert [conflict.different for conflict in conflicts] == [1]


def test_duplicate_acknowledgements_are_those_of_the_receiver():
    talk = build.Talk().open()
    talk.client(b"one")
    answer = talk.acknowledge(1)
    talk.client(b"lost on the way")
    talk.packets += [answer._replace(time=talk.time + number) for number in range(3)]
    assert follow(talk.packets)[0].duplicate_acks == 3


def test_acknowledgements_that_keep_a_window_closed_are_no_duplicates():
    """They answer probes of the closed window: nothing was lost on the way."""
    talk = build.Talk().open()
    talk.client(b"one")
    talk.acknowledge(1)
    talk.client(b"too much")
    talk.packets += [talk.packets[-2]._replace(time=talk.time + number) for number in range(5)]
    tracker = TcpTracker()
    for row, window in zip(build.segments(talk.packets), [65535] * 6 + [0, 0, 0, 400, 400], strict=True):
        tracker.feed((*row[:7], window, *row[8:]))
    health = tracker.streams[talk.packets[0].flow].health
    assert (health.duplicate_acks, health.zero_windows) == (2, 1)


@pytest.mark.parametrize(
    ("scale", "window", "closed"), [(0, 1459, 1), (0, 1460, 0), (7, 10, 1), (7, 11, 0), (255, 1, 0)]
)
def test_a_window_is_as_good_as_closed_below_one_segment_by_the_scale_that_was_agreed(scale, window, closed):
    """Any scale beyond 14 counts as 14 (RFC 7323 §2.3), by which a window of 1 has room."""
    talk = build.Talk().open()
    talk.client(b"question")
    talk.acknowledge(1)
    talk.wait(SECOND)
    talk.acknowledge(1)
    frames = []
    for index, packet in enumerate(talk.packets):
        tcp = bytearray(build.tcp_bytes(packet))
        if index < 2:
            tcp[12], tcp[20:20] = 0x60, bytes([3, 3, scale, 0])
        if index == 4:
            tcp[14:16] = window.to_bytes(2, "big")
        frames.append((packet.time, build.ethernet(build.ipv4(packet.flow[:4], packet.flow[4:8], bytes(tcp)))))
    tracker = TcpTracker()
    for segment in SegmentDecoder(tracker.streams).segments(batch(frames)):
        tracker.feed(segment)
    health = tracker.streams[talk.packets[0].flow].health
    assert (health.zero_window_time, health.zero_windows) == (closed * (SECOND + talk.tick), 0)


def test_a_closed_window_is_counted_once_until_it_opens():
    talk = build.Talk().open()
    talk.client(b"too much")
    for _ in range(5):
        talk.acknowledge(1)
    windows = [65535] * 4 + [0, 0, 500, 0, 500]
    tracker = TcpTracker()
    for row, window in zip(build.segments(talk.packets), windows, strict=True):
        tracker.feed((*row[:7], window, *row[8:]))
    assert tracker.streams[talk.packets[0].flow].health.zero_windows == 2


def with_segment_size(syn: build.Packet) -> bytes:
    """The frame of a SYN that tells a maximum segment size of 1460 bytes (RFC 9293 §3.7.1)."""
    header = bytearray(build.tcp_bytes(syn))
    header[12] = 0x60
    header[20:20] = b"\x02\x04\x05\xb4"
    return build.ethernet(build.ipv4(syn.flow[:4], syn.flow[4:8], bytes(header)))


def test_the_segment_size_of_a_syn_is_read_from_real_frames():
    syn = build.Talk().open().packets[0]
    tracker = TcpTracker()
    for segment in SegmentDecoder(tracker.streams).segments(batch([(build.START, with_segment_size(syn))])):
        tracker.feed(segment)
    assert tracker.streams[syn.flow].health.maximum_segment_size == 1460


def test_the_segment_size_of_a_syn_that_came_late_behind_a_hole_is_read_too():
    talk = build.Talk().open()
    syn, answer = talk.packets[:2]
    talk.lose(0, 4)
    (told,) = talk.server(b"told")
    frames = [*build.frames([syn, told]), (talk.time, with_segment_size(answer))]
    tracker = TcpTracker()
    for segment in SegmentDecoder(tracker.streams).segments(batch(frames)):
        tracker.feed(segment)
    assert tracker.streams[answer.flow].health.maximum_segment_size == 1460
