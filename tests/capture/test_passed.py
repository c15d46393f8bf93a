"""Acknowledgements between segments that are passed over -> the same as if each of them had been looked at."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

import build
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.capture.segments import NO_ANSWERS
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.tcp.stream import Stream
from examples import examples
from pipeline import batch

SEGMENT = 1000
WINDOW = slice(14 + 20 + 14, 14 + 20 + 16)
"""Where a frame of Ethernet, IPv4 and TCP without options says how much its sender takes."""
MS = build.MILLISECOND


def transfer(steps: list[tuple[str, int, int]], *, fragment: int = 16_000) -> list[build.Frame]:
    """A C-STORE whose segments are answered at each step: (what, after how many segments, then ms of silence)."""
    talk = build.Talk(tick=MS // 50).open()
    talk.client(build.associate_rq(build.proposal(3, build.CT_IMAGE_STORAGE)))
    talk.server(build.associate_ac(build.answer(3)))
    length = SEGMENT * (sum(after for _, after, _ in steps) + 8)
    data = build.message(3, build.store_rq(1), bytes(range(256)) * (length // 256), fragment)
    pieces = [data[at : at + SEGMENT] for at in range(0, len(data), SEGMENT)]
    windows: dict[int, int] = {}
    for what, after, silence in steps:
        talk.pieces(0, pieces[:after])
        del pieces[:after]
        packet = talk.acknowledge(1)
        if what == "some":  # less than what was sent, but more than before, or the same once more
            talk.packets[-1] = packet._replace(ack=packet.ack - SEGMENT * (after // 2))
        elif what == "twice":
            talk.packets.append(packet._replace(time=packet.time + silence * MS // 2))
        elif what == "early":  # its time is before that of the segments it answers
            talk.packets[-1] = packet._replace(time=packet.time - 5 * MS)
        elif what == "beyond":
            talk.packets[-1] = packet._replace(ack=packet.ack + SEGMENT)
        elif what in ("closed", "nearly"):
            windows[len(talk.packets) - 1] = 0 if what == "closed" else 700
        talk.wait(silence * MS)
    talk.pieces(0, pieces)
    talk.server(build.message(3, build.store_rsp(1)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    frames = build.frames(talk.close().packets)
    for index, window in windows.items():
        time, frame = frames[index]
        frames[index] = time, frame[: WINDOW.start] + window.to_bytes(2, "big") + frame[WINDOW.stop :]
    return frames


def told(frames: list[build.Frame], sizes: list[int]) -> tuple[list[object], int]:
    """All that is known of a transfer and of how TCP fared, and how many segments were handed on."""
    analyzer, handed_on, at = Analyzer(), 0, 0
    original = analyzer._decoder.segments

    def counted(block):
        nonlocal handed_on
        for segment in original(block):
            handed_on += 1
            yield segment

    analyzer._decoder.segments = counted
    while at < len(frames):
        size = sizes[at % len(sizes)]
        analyzer.feed(batch(frames[at : at + size], first=at + 1))
        at += size
    analyzer.close()
    (association,) = analyzer.associations
    found: list[object] = [association.outcome, str(association.whole), [str(each) for each in association.timeline]]
    found.append(analyzer.verdict)
    for side, health in association.tcp.items():
        kept = [name for name in health.__slots__ if name not in ("_history", "_history_bytes", "pauses")]
        found.append((side, health.pauses.numbers, [(name, getattr(health, name)) for name in kept]))
    return found, handed_on


KINDS = ["all", "some", "twice", "early", "beyond", "closed", "nearly"]
STEP = st.tuples(st.sampled_from(KINDS), st.integers(0, 9), st.sampled_from([0, 0, 0, 1, 12, 19, 21, 60, 300]))


@given(st.lists(STEP, min_size=1, max_size=30), st.lists(st.sampled_from([3, 20, 500]), min_size=1, max_size=3))
@example([("all", 2, 0)] * 20 + [("all", 2, 45)] * 5 + [("all", 2, 0)] * 20, [500])
@example([("all", 3, 0)] * 4 + [("some", 6, 0), ("all", 0, 0), ("closed", 2, 30), ("all", 2, 0)] * 3, [500])
@settings(max_examples=examples(150))
def test_what_is_known_is_the_same_as_if_each_answer_had_been_looked_at(steps, sizes):
    frames = transfer(steps)
    passed, _ = told(frames, sizes)
    answers = Stream.answers
    Stream.answers = lambda _: NO_ANSWERS
    try:
        looked_at, _ = told(frames, sizes)
    finally:
        Stream.answers = answers
    assert passed == looked_at


def test_where_every_other_segment_is_answered_neither_is_handed_on():
    frames = transfer([("all", 2, 0)] * 300)
    assert len(frames) > 900
    assert told(frames, [500])[1] < 40


def test_the_most_bytes_under_way_are_those_before_an_answer_that_was_only_counted():
    found, _ = told(transfer([("all", 2, 0)] * 10 + [("all", 9, 0)] + [("all", 2, 0)] * 10), [500])
    (client,) = [dict(values) for _, _, values in found[-2:] if dict(values)["sent_to"] > 10 * SEGMENT]
    assert client["max_in_flight"] == 9 * SEGMENT


def test_a_long_wait_within_a_run_is_the_senders_only_if_nothing_came_before_it_ended():
    """Of two waits of 60 ms, the second ends with an acknowledgement that was on its way."""
    frames = transfer([("all", 2, 0)] * 5 + [("all", 2, 60)] + [("all", 2, 0)] * 5)
    found, handed_on = told(frames, [500])
    (pauses,) = [numbers for _, numbers, values in found[-2:] if dict(values)["sent_to"] > 10 * SEGMENT]
    assert sum(pauses[:5]) == 1
    assert handed_on < 30


def test_packets_of_a_decoder_that_follows_nothing_are_all_handed_on():
    frames = transfer([("all", 2, 0)] * 5)
    assert len(list(SegmentDecoder().segments(batch(frames)))) == len(frames)
