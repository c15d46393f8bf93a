"""Connections: opening, closing, gaps, what is repeated and what is new."""

import tracemalloc

import pytest

import build
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.capture.skip import Skip
from dicomsniff.tcp.connection import LINGER, MAX_CONNECTIONS, MAX_WAITING, TcpTracker
from dicomsniff.tcp.events import ConnectionGone, StreamBytes, StreamEnd, StreamGap
from dicomsniff.tcp.stream import (
    MAX_HELD,
    SEGMENTS_BEFORE_GAP,
    UNANCHORED_SEGMENTS,
    WAIT_BEFORE_GAP,
    WAIT_ONE_WAY,
)
from pipeline import batch, stream_bytes, track

SECOND = 1_000_000_000


def told(packets):
    """Events in short: bytes, gaps as numbers, FIN, RST, gone."""
    return in_short(track(packets))


def told_by_packet(packets):
    """The same, packet by packet, without what the end of the capture gives."""
    tracker = TcpTracker()
    return [in_short(tracker.feed(segment)) for segment in build.segments(packets)]


def in_short(events):
    short = []
    for event in events:
        if isinstance(event, StreamBytes):
            short.append(event.data[event.start : event.end])
        elif isinstance(event, StreamGap):
            short.append(event.length)
        else:
            short.append(event.how if isinstance(event, StreamEnd) else "gone")
    return short


def streams(packets):
    return list(stream_bytes(track(packets)).values())


def test_a_whole_conversation_gives_bytes_and_endings_in_packet_order():
    talk = build.Talk().open()
    talk.client(b"request")
    talk.server(b"response")
    talk.close()
    assert told(talk.packets) == [b"request", b"response", "FIN", "FIN", "gone"]


def test_the_opener_is_who_sent_the_first_syn():
    talk = build.Talk().open()
    talk.client(b"x")
    (event, *_) = track(talk.packets)
    assert event.stream.connection.opener is event.stream
    (event, *_) = track(talk.packets[1:])  # only SYN+ACK was captured
    assert event.stream.connection.opener is event.stream
    (event, *_) = track(talk.packets[3:])
    assert event.stream.connection.opener is None


def test_sequence_numbers_wrap_round():
    talk = build.Talk(client_seq=0xFFFFFFFA, server_seq=0xFFFFFFFF).open()
    talk.client(b"0123456789" * 3, 7)
    talk.server(b"abc")
    assert streams(talk.packets) == [b"0123456789" * 3, b"abc"]


def test_a_hole_that_the_other_side_acknowledged_is_a_gap_after_a_few_segments():
    talk = build.Talk().open()
    talk.client(b"before")
    talk.lose(0, 100)
    talk.client(b"after")
    talk.acknowledge(1)
    for _ in range(SEGMENTS_BEFORE_GAP):
        talk.client(b"more")
    events = told(talk.packets)
    assert events[:3] == [b"before", 100, b"after"]


def test_three_further_segments_may_bring_what_was_acknowledged_before_it_is_a_gap():
    talk = build.Talk().open()
    talk.lose(0, 100)
    talk.client(b"after")
    talk.acknowledge(1)
    for number in range(4):
        talk.client(b"%d" % number)
    assert told_by_packet(talk.packets)[4:] == [[], [], [], [100, b"after", b"0", b"1", b"2"], [b"3"]]


def test_one_byte_more_acknowledged_than_was_captured_is_a_fin_and_holds_nothing_up():
    talk = build.Talk().open()
    talk.client(b"request")
    talk.lose(0, 1)
    talk.server(b"answer")
    assert told_by_packet(talk.packets)[3:] == [[b"request"], [b"answer"]]
    assert told(talk.packets) == [b"request", b"answer", "gone"]


def test_two_bytes_more_acknowledged_than_were_captured_are_missing():
    talk = build.Talk().open()
    talk.client(b"request")
    talk.lose(0, 2)
    talk.server(b"answer")
    assert told(talk.packets) == [b"request", 2, b"answer", "gone"]


def test_a_hole_that_the_other_side_acknowledged_is_a_gap_after_a_while():
    talk = build.Talk().open()
    talk.lose(0, 10)
    talk.client(b"after")
    talk.acknowledge(1)
    talk.wait(WAIT_BEFORE_GAP)
    talk.acknowledge(1)
    tracker = TcpTracker()
    events = [event for segment in build.segments(talk.packets) for event in tracker.feed(segment)]
    assert [event.length for event in events if isinstance(event, StreamGap)] == [10]


def test_an_answer_waits_for_what_it_answers():
    """The two directions of a capture are not always in step."""
    talk = build.Talk().open()
    (request,) = talk.client(b"request")
    (answer,) = talk.server(b"answer")
    (more,) = talk.client(b"more")
    assert told([*talk.packets[:3], answer, request, more]) == [b"request", b"answer", b"more", "gone"]
    assert told([*talk.packets[:3], answer, more, request]) == [b"request", b"answer", b"more", "gone"]


def test_an_answer_shows_that_what_it_answers_is_missing():
    talk = build.Talk().open()
    talk.client(b"first")
    talk.lose(0, 100)
    talk.server(b"answer")
    for _ in range(SEGMENTS_BEFORE_GAP):
        talk.client(b"next")
    assert told(talk.packets) == [b"first", 100, b"answer", b"next", b"next", b"next", "gone"]


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("behind", [[], [0], [1], [0, 1, 0, 1, 0]])
def test_a_gap_stands_where_it_was_first_known(side, behind):
    """A mere acknowledgement tells of it, long before its side says something again."""
    talk = build.Talk().open()
    first = talk.client(b"first") if side == 0 else talk.server(b"first")
    talk.lose(side, 100)
    talk.acknowledge(1 - side)
    known = len(talk.packets)
    talk.wait(60_000_000_000)
    for each in behind:
        (talk.server if each else talk.client)(b"more")
    (gap,) = [event for event in track(talk.packets) if isinstance(event, StreamGap)]
    assert (gap.length, gap.offset) == (100, len(first[0].data))
    assert (gap.mark.number, gap.mark.time) == (known, talk.packets[known - 1].time)


@pytest.mark.parametrize(("lost", "out_of_order"), [(True, 0), (False, 4)])
def test_segments_behind_a_gap_of_the_capture_came_in_order(lost, out_of_order):
    talk = build.Talk().open()
    (missed,) = talk.client(b"missed")
    talk.client(b"behind" * 4, 6)
    talk.packets.remove(missed)
    talk.packets += [] if lost else [missed]
    talk.acknowledge(1)
    talk.wait(1_000_000_000)
    talk.acknowledge(1)
    tracker = TcpTracker()
    for segment in build.segments(talk.packets):
        tracker.feed(segment)
    assert tracker.streams[missed.flow].health.out_of_order == out_of_order


def test_answers_that_wait_for_each_other_are_both_handed_on():
    """A broken acknowledgement number must not tie the two directions in a knot."""
    talk = build.Talk().open()
    (request,) = talk.client(b"request")
    (answer,) = talk.server(b"answer")
    knot = [*talk.packets[:3], request._replace(ack=request.ack + 1000), answer]
    assert sorted(map(str, told(knot))) == sorted(map(str, [b"request", b"answer", 994, "gone"]))


def test_an_answer_does_not_wait_long():
    talk = build.Talk().open()
    talk.lose(0, 100)
    talk.server(b"one")
    talk.wait(WAIT_BEFORE_GAP)
    talk.server(b"two")
    assert told(talk.packets) == [100, b"one", b"two", "gone"]


def test_an_answer_waits_no_longer_than_a_fifth_of_a_second():
    """The packet that shows how late it is gives the gap and all that waited, itself included."""
    talk = build.Talk(tick=0).open()
    talk.lose(0, 100)
    talk.server(b"one")
    talk.wait(200 * build.MILLISECOND)
    talk.server(b"two")
    talk.wait(1)
    talk.server(b"three")
    assert told_by_packet(talk.packets)[3:] == [[], [], [100, b"one", b"two", b"three"]]


def test_so_many_segments_wait_for_a_hole_to_be_filled_and_no_more():
    talk = build.Talk(tick=1).open()
    talk.lose(0, 100)
    answers = [b"%d" % number for number in range(MAX_WAITING + 1)]
    talk.pieces(1, answers)
    found = told_by_packet(talk.packets)[3:]
    assert found[: MAX_WAITING - 1] == [[]] * (MAX_WAITING - 1)
    assert found[MAX_WAITING - 1 :] == [[100, *answers[:-1]], answers[-1:]]


def test_an_answer_that_waits_is_handed_on_at_the_end():
    talk = build.Talk().open()
    talk.lose(0, 100)
    talk.server(b"answer")
    assert told(talk.packets) == [100, b"answer", "gone"]
    assert told(talk.reset().packets) == [100, b"answer", "RST", "gone"]


def test_a_hole_that_nobody_acknowledged_is_awaited():
    talk = build.Talk().open()
    talk.client(b"a")
    (lost,) = talk.client(b"lost")
    talk.client(b"c" * 100, 1)
    talk.packets.remove(lost)
    talk.wait(20 * SECOND)
    talk.packets.append(lost._replace(time=talk.time))
    assert b"".join(streams(talk.packets)) == b"alost" + b"c" * 100


def test_held_bytes_are_bounded_and_what_precedes_them_is_given_up():
    talk = build.Talk(tick=1).open()
    talk.lose(0, 10)
    block = bytes(64 << 10)
    tracker, gaps = TcpTracker(), []
    for segment in build.segments(talk.packets):
        tracker.feed(segment)
    tracemalloc.start()
    for _ in range(3 * MAX_HELD // len(block)):
        talk.packets.clear()
        talk.client(bytes(block), len(block))
        events = [event for segment in build.segments(talk.packets) for event in tracker.feed(segment)]
        gaps += [event.length for event in events if isinstance(event, StreamGap)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert gaps == [10]
    assert peak < 2 * MAX_HELD


def test_so_many_held_segments_and_no_more_wait_for_what_precedes_them(monkeypatch):
    monkeypatch.setattr("dicomsniff.tcp.stream.MAX_HELD_SEGMENTS", 3)
    talk = build.Talk().open()
    talk.lose(0, 10)
    talk.client(b"abcdef", 1)
    assert told_by_packet(talk.packets)[3:] == [[], [], [], [10, b"a", b"b", b"c", b"d"], [b"e"], [b"f"]]


def test_connections_together_hold_so_much_and_no_more(monkeypatch):
    monkeypatch.setattr("dicomsniff.tcp.connection.MAX_HELD_TOGETHER", 3000)
    talks = [build.Talk(("10.0.0.1", port)).open() for port in (1, 2, 3)]
    for talk in talks:
        talk.lose(0, 10)
        talk.client(bytes(1000))
    packets = [packet for talk in talks for packet in talk.packets]
    assert told_by_packet(packets)[3::4] == [[], [], [10, bytes(1000)]]


@pytest.mark.parametrize(("waited", "found"), [(WAIT_ONE_WAY, []), (WAIT_ONE_WAY + 1, [4, b"after", b"more"])])
def test_with_one_direction_captured_a_hole_is_awaited_for_a_second(waited, found):
    talk = build.Talk(tick=0)
    for _ in range(UNANCHORED_SEGMENTS + 1):
        talk.client(b"before")
    talk.lose(0, 4)
    talk.client(b"after")
    talk.wait(waited)
    talk.client(b"more")
    assert told_by_packet(talk.packets)[-1] == found


def test_each_hole_of_one_direction_alone_is_awaited_since_it_was_met():
    talk = build.Talk(tick=SECOND * 2 // 5)
    for _ in range(UNANCHORED_SEGMENTS + 1):
        talk.client(b"before")
    (late,) = talk.client(b"late")
    talk.client(b"a")
    talk.lose(0, 4)
    talk.client(b"b")
    talk.packets.remove(late)
    talk.packets.append(late._replace(time=talk.time))
    talk.client(b"c")
    # What was lost before b is awaited although the hole before it was there for more than a second.
    assert told_by_packet(talk.packets)[-2:] == [[b"late", b"a"], []]


def test_a_stream_without_a_beginning_begins_after_some_segments():
    talk = build.Talk(tick=0)
    talk.client(bytes(range(UNANCHORED_SEGMENTS + 2)), 1)
    by_packet = told_by_packet(talk.packets)
    first = [bytes([number]) for number in range(UNANCHORED_SEGMENTS + 1)]
    assert by_packet == [[]] * UNANCHORED_SEGMENTS + [first, [bytes([UNANCHORED_SEGMENTS + 1])]]


def test_what_is_missing_before_a_fin_that_nobody_acknowledged_is_a_gap_at_the_end():
    talk = build.Talk().open()
    talk.client(b"a")
    talk.lose(0, 50)
    fin = talk.close().packets[-3]
    assert told([*talk.packets[:-3], fin]) == [b"a", 50, "FIN", "gone"]


def test_the_end_of_the_capture_hands_on_what_is_held_with_its_gap():
    talk = build.Talk().open()
    talk.lose(0, 5)
    talk.client(b"late")
    assert told(talk.packets) == [5, b"late", "gone"]


def test_a_fin_whose_bytes_never_came_tells_of_the_gap_before_it():
    talk = build.Talk().open()
    talk.client(b"a")
    talk.lose(0, 50)
    talk.close()
    assert told(talk.packets) == [b"a", "FIN", 50, "FIN", "gone"]
    assert track(talk.packets)[-1].connection.closed


def test_payload_that_the_snaplen_cut_off_is_a_gap():
    talk = build.Talk().open()
    talk.cut(0, b"0123456789", 4)
    talk.client(b"next")
    assert told(talk.packets) == [b"0123", 6, b"next", "gone"]


def test_an_uncut_copy_that_arrived_before_is_what_counts():
    talk = build.Talk().open()
    (first,) = talk.client(b"0123456789")
    talk.packets.append(first._replace(data=b"0123456789", cut=6))
    talk.client(b"next")
    assert streams(talk.packets) == [b"0123456789next"]


def test_keep_alive_probes_give_nothing():
    talk = build.Talk().open()
    (sent,) = talk.client(b"data")
    end = sent.seq + 4
    for probe in (b"", b"a"):
        talk.packets.append(sent._replace(seq=end - 1, data=probe))
        talk.acknowledge(1)
    talk.client(b"more")
    assert streams(talk.packets) == [b"datamore"]


def test_a_repeated_syn_opens_nothing_new():
    talk = build.Talk().open()
    talk.packets.insert(1, talk.packets[0])
    talk.packets.append(talk.packets[0])
    talk.client(b"x")
    assert told(talk.packets) == [b"x", "gone"]


def test_data_captured_before_its_syn_is_not_lost():
    talk = build.Talk().open()
    talk.client(b"first")
    syn, synack, ack, data = talk.packets
    assert streams([data, syn, synack, ack]) == [b"first"]
    assert streams([ack, data, syn, synack]) == [b"first"]


def numbers_of_connections(packets):
    tracker = TcpTracker()
    for segment in build.segments(packets):
        tracker.feed(segment)
    return tracker.connections


def test_a_syn_captured_after_bytes_that_follow_it_opens_nothing_new():
    """However far the SYN came too late, up to a megabyte; beyond, the ports were used again."""
    for length, connections in ((1000, 1), (1 << 20, 1), ((1 << 20) + 1, 2)):
        talk = build.Talk(tick=1)
        talk.packets.append(build.Packet(build.flow_of("10.0.0.1", 40001, "10.0.0.2", 104), 1000, 0, build.SYN, b"", 0))
        talk.lose(0, 1 + length)
        (data,) = talk.client(b"late")
        answer = talk.server(b"answer")[0]
        assert numbers_of_connections([data, answer, talk.packets[0]._replace(time=talk.time)]) == connections


def test_the_same_ports_used_again_are_another_connection():
    first = build.Talk().open()
    first.client(b"one")
    first.close()
    second = build.Talk(client_seq=900_000, server_seq=800_000, start=first.time).open()
    second.client(b"two")
    events = told(first.packets + second.packets)
    assert events == [b"one", "FIN", "FIN", "gone", b"two", "gone"]


def test_the_same_ports_used_again_after_an_unclean_end_are_another_connection():
    first = build.Talk().open()
    first.client(b"one")
    second = build.Talk(client_seq=3_000_000_000, server_seq=9, start=first.time + 60 * SECOND).open()
    second.client(b"two")
    assert told(first.packets + second.packets) == [b"one", "gone", b"two", "gone"]


def test_late_copies_of_a_closed_connection_open_none():
    talk = build.Talk().open()
    (sent,) = talk.client(b"x")
    talk.close()
    talk.packets.append(sent._replace(time=talk.time))
    tracker = TcpTracker()
    for segment in build.segments(talk.packets):
        tracker.feed(segment)
    assert tracker.connections == 1


def test_a_closed_connection_is_forgotten_after_a_while():
    talk = build.Talk().open()
    talk.close()
    other = build.Talk(("10.0.0.9", 1), start=talk.time + LINGER + SECOND)
    other.client(b"x")
    tracker = TcpTracker()
    events = [event for segment in build.segments(talk.packets + other.packets) for event in tracker.feed(segment)]
    assert [type(event) for event in events[2:]] == [ConnectionGone]


def test_so_many_closed_connections_linger_and_no_more(monkeypatch):
    monkeypatch.setattr("dicomsniff.tcp.connection.MAX_CLOSED", 2)
    talks = [build.Talk(("10.0.0.1", port)).open().close() for port in range(1, 6)]
    by_packet = told_by_packet([packet for talk in talks for packet in talk.packets])
    assert sum(events.count("gone") for events in by_packet) == 3


def test_reset_ends_the_connection_and_hands_on_what_is_held():
    talk = build.Talk().open()
    talk.client(b"a")
    talk.lose(0, 3)
    talk.client(b"b")
    talk.reset(1)
    assert told(talk.packets) == [b"a", 3, b"b", "RST", "gone"]


def test_a_stream_that_starts_in_the_middle_begins_with_its_lowest_byte():
    talk = build.Talk().open()
    packets = talk.client(b"0123456789", 2)
    late = [packets[1], packets[0], *packets[2:]]
    talk.acknowledge(1)
    assert streams([*late, talk.packets[-1]]) == [b"0123456789"]


def test_one_direction_alone_is_followed_without_acknowledgements():
    talk = build.Talk(tick=SECOND // 2)
    talk.client(b"0123456789", 2)
    talk.lose(0, 4)
    talk.client(b"abcdef", 2)
    assert streams(talk.packets) == [b"0123456789????abcdef"]


def test_no_segment_is_made_of_bytes_that_the_consumer_only_counts():
    talk = build.Talk().open()
    talk.client(b"0123456789" * 10, 10)
    tracker = TcpTracker()
    seen = []
    for segment in SegmentDecoder(tracker.streams).segments(batch(build.frames(talk.packets))):
        for event in tracker.feed(segment):
            seen.append((event.offset, event.end - event.start))
            event.stream.skip = Skip({0: 75, 70: 100}.get(event.offset, 0))
    assert seen == [(0, 10), (70, 10), (90, 10)]


@pytest.mark.parametrize(("lacks", "handed_on"), [(False, [1, 2, 3, 4]), (True, [1])])
def test_cut_segments_are_only_counted_where_nobody_asks_what_is_missing(lacks, handed_on):
    talk = build.Talk().open()
    for digit in b"1234":
        talk.cut(0, bytes([digit]) * 100, 10)
    tracker = TcpTracker()
    seen, stream = [], None
    for segment in SegmentDecoder(tracker.streams).segments(batch(build.frames(talk.packets))):
        for event in tracker.feed(segment):
            stream = event.stream
            stream.skip = Skip(1 << 62, lacks=lacks)
            seen += [int(event.data[event.start : event.start + 1])] if isinstance(event, StreamBytes) else []
    assert seen == handed_on
    assert stream.offset == 400


def test_pdus_that_repeat_a_header_become_no_segments():
    """Each period begins with the same bytes; the one that does not is handed on."""
    talk = build.Talk().open()
    talk.client(b"HEADabcdef" * 5 + b"tailabcdef", 7)
    tracker = TcpTracker()
    seen = []
    for segment in SegmentDecoder(tracker.streams).segments(batch(build.frames(talk.packets))):
        for event in tracker.feed(segment):
            seen.append(event.offset)
            event.stream.skip = Skip(event.stream.offset if event.offset else 10, b"HEAD", 10, 60)
    # 7: a header is cut by the end of its segment; 49: it is another one.
    assert seen[0] == 0
    assert 49 in seen
    assert len(seen) < 9


@pytest.mark.slow
def test_only_so_many_connections_are_followed():
    tracker, packets = TcpTracker(), []
    for number in range(MAX_CONNECTIONS + 5):
        flow = build.flow_of("10.0.0.1", 1 + number % 60000, f"10.0.1.{number // 60000}", 104)
        packets.append(build.Packet(flow, 1, 0, build.SYN, b"", build.START))
    gone = sum(len(tracker.feed(segment)) for segment in build.segments(packets))
    assert gone == tracker.given_up == 5
