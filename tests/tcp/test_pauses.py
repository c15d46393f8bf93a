"""Why a direction paused is told by what ended the pause; frames captured twice are no retransmissions."""

import struct

import pytest

import build
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.tcp.connection import TcpTracker
from dicomsniff.tcp.health import StreamHealth
from dicomsniff.tcp.pauses import Cause
from pipeline import batch

SECOND, MS, US = 1_000_000_000, 1_000_000, 1000
FULL, SHORT = bytes(1460), bytes(100)


def follow(packets: list[build.Packet], windows: dict[int, int] | None = None) -> tuple[StreamHealth, StreamHealth]:
    """The health of the client's and the server's direction; `windows` by index of the packet."""
    tracker = TcpTracker()
    for index, row in enumerate(build.segments(packets)):
        tracker.feed((*row[:7], (windows or {}).get(index, row[7]), *row[8:]))
    client = tracker.streams[packets[0].flow]
    return client.health, client.peer.health


def causes(health: StreamHealth) -> dict[Cause, tuple[int, int]]:
    """Count and milliseconds by cause."""
    pauses = health.pauses
    return {cause: (pauses.count(cause), round(pauses.time(cause) / MS)) for cause in Cause if pauses.count(cause)}


def opened() -> build.Talk:
    return build.Talk(tick=10 * US).open()


def test_a_steady_sender_pauses_never():
    talk = opened()
    for _ in range(100):
        talk.client(FULL)
        talk.wait(15 * MS)
        talk.acknowledge(1)
    assert causes(follow(talk.packets)[0]) == {}


@pytest.mark.parametrize("held_back", [40, 100, 200])
def test_an_acknowledgement_held_back_of_which_the_sender_waits_is_delayed(held_back):
    talk = opened()
    talk.client(SHORT)
    talk.wait(held_back * MS)
    talk.acknowledge(1)
    talk.client(SHORT)
    health, _ = follow(talk.packets)
    assert causes(health) == {Cause.DELAYED_ACK: (1, held_back)}
    assert health.delayed_acks == 1


def test_an_acknowledgement_that_nobody_waited_for_delays_nothing():
    talk = opened()
    talk.client(SHORT)
    talk.wait(40 * MS)
    talk.acknowledge(1)
    talk.wait(60 * MS)
    talk.client(SHORT)
    assert causes(follow(talk.packets)[0]) == {Cause.SENDER: (1, 100)}


def test_an_answer_that_acknowledges_is_no_delayed_acknowledgement():
    talk = opened()
    talk.client(SHORT)
    talk.wait(40 * MS)
    talk.server(SHORT)
    talk.client(SHORT)
    assert Cause.DELAYED_ACK not in causes(follow(talk.packets)[0])


def test_a_long_way_is_no_delayed_acknowledgement():
    talk = build.Talk(tick=40 * MS).open()
    talk.client(SHORT)
    talk.acknowledge(1)
    talk.tick = 0
    talk.client(SHORT)
    assert causes(follow(talk.packets)[0]) == {Cause.ROUND_TRIP: (1, 80)}


def test_a_wait_until_bytes_are_sent_again_is_counted_once():
    talk = opened()
    (lost,) = talk.client(SHORT)
    for wait in (200, 400):
        talk.wait(wait * MS)
        talk.packets.append(lost._replace(time=talk.time))
    talk.acknowledge(1)
    health, _ = follow(talk.packets)
    assert causes(health) == {Cause.RETRANSMISSION: (2, 600)}
    assert health.stall_time == pytest.approx(600 * MS, abs=MS)
    assert health.retransmitted == 2


def test_bytes_lost_before_they_were_captured_come_late_behind_others():
    talk = opened()
    talk.client(FULL)
    first, second = talk.client(FULL + FULL)
    talk.packets.remove(first)
    talk.wait(250 * MS)
    talk.packets.append(first._replace(time=talk.time))
    assert second in talk.packets
    assert causes(follow(talk.packets)[0]) == {Cause.RETRANSMISSION: (1, 250)}


def test_a_closed_window_is_timed_and_explains_the_wait():
    talk = opened()
    talk.client(SHORT)
    talk.acknowledge(1)
    closed = len(talk.packets) - 1
    talk.wait(5 * SECOND)
    talk.acknowledge(1)
    talk.client(SHORT)
    health, _ = follow(talk.packets, {closed: 0})
    assert causes(health) == {Cause.WINDOW: (1, 5000)}
    assert health.zero_window_time == pytest.approx(5 * SECOND, abs=MS)
    assert health.stall_time == pytest.approx(5 * SECOND, abs=MS)


def test_a_window_that_opened_before_a_pause_does_not_explain_it():
    talk = opened()
    talk.client(SHORT)
    talk.acknowledge(1)
    talk.wait(500 * MS)
    talk.acknowledge(1)
    talk.client(SHORT)
    talk.acknowledge(1)
    talk.wait(300 * MS)
    talk.client(SHORT)
    health, _ = follow(talk.packets, {4: 0})
    assert causes(health) == {Cause.WINDOW: (1, 500), Cause.SENDER: (1, 300)}


def test_a_window_without_room_for_a_segment_is_closed_by_the_scale_of_the_handshake():
    """Window 5 means 640 bytes where it is to be multiplied by 128 (RFC 7323)."""
    syn = bytes([2, 4, 5, 0xB4, 3, 3, 7, 0])
    talk = opened()
    talk.client(SHORT)
    talk.acknowledge(1)
    talk.wait(SECOND)
    talk.acknowledge(1)
    talk.client(SHORT)
    tracker = TcpTracker()
    frames = []
    for index, packet in enumerate(talk.packets):
        tcp = bytearray(build.tcp_bytes(packet))
        if index < 2:
            tcp[12] = 0x70
            tcp[20:20] = syn
        if index == 4:
            tcp[14:16] = struct.pack(">H", 5)
        frames.append((packet.time, build.ethernet(build.ipv4(packet.flow[:4], packet.flow[4:8], bytes(tcp)))))
    for segment in SegmentDecoder(tracker.streams).segments(batch(frames)):
        tracker.feed(segment)
    health = tracker.streams[talk.packets[0].flow].health
    assert causes(health) == {Cause.WINDOW: (1, 1000)}
    assert health.zero_windows == 0


def test_a_keepalive_probe_is_no_wait():
    talk = opened()
    (sent,) = talk.client(SHORT)
    talk.acknowledge(1)
    talk.wait(SECOND)
    talk.packets.append(sent._replace(seq=sent.seq + 99, data=b"x", time=talk.time))
    assert causes(follow(talk.packets)[0]) == {}


def test_who_never_sees_acknowledgements_names_no_cause():
    talk = opened()
    talk.client(SHORT)
    talk.wait(SECOND)
    talk.client(SHORT)
    one_way = [packet for packet in talk.packets if packet.flow == talk.packets[0].flow]
    assert causes(follow(one_way)[0]) == {}


def doubled(packets: list[build.Packet], delay: int, *, after: int = 0) -> list[build.Packet]:
    """Every packet from the `after`-th on twice, the second time `delay` later."""
    copies = [packet._replace(time=packet.time + delay) for packet in packets[after:]]
    return sorted([*packets, *copies], key=lambda packet: packet.time)


def exchange() -> build.Talk:
    talk = opened()
    for _ in range(10):
        talk.client(FULL + FULL + SHORT)
        talk.acknowledge(1)
        talk.wait(2 * MS)
        talk.server(SHORT)
        talk.acknowledge(0)
    return talk


@pytest.mark.parametrize(
    ("delay", "after"), [(1, 0), (2 * US, 0), (5 * US, 0), (25 * US, 0), (300 * US, 0), (1, 5), (5 * US, 5)]
)
def test_frames_captured_twice_are_not_sent_again(delay, after):
    """The copy comes at once or, where even the SYN comes twice, behind the next few packets."""
    packets = exchange().packets
    for health in follow(doubled(packets, delay, after=after)):
        assert (health.retransmitted, health.duplicate_acks) == (0, 0)
        assert causes(health) == {}
    client, server = follow(doubled(packets, delay, after=after))
    assert client.duplicated_frames >= 30 - after
    assert server.duplicated_frames >= 10


def test_segments_sent_again_in_a_burst_are_sent_again():
    """A sender that goes back and sends all again repeats no segment twice in a row."""
    talk = opened()
    sent = talk.client(FULL * 5)
    for packet in sent:
        talk.packets.append(packet._replace(time=talk.time))
        talk.time += US
    health, _ = follow(talk.packets)
    assert (health.retransmitted, health.duplicated_frames) == (5, 0)


def test_what_is_sent_again_and_captured_twice_is_sent_again_once():
    talk = opened()
    (lost,) = talk.client(SHORT)
    talk.wait(200 * MS)
    talk.packets += [lost._replace(time=talk.time), lost._replace(time=talk.time + 10 * US)]
    health, _ = follow(talk.packets)
    assert (health.retransmitted, health.duplicated_frames) == (1, 1)
    assert causes(health) == {Cause.RETRANSMISSION: (1, 200)}
