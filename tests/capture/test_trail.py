"""A trail tells the packet of each byte, whether that was noted itself or by its number in a batch."""

import pickle

from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.capture.packets import PacketBatch, timed_batch
from dicomsniff.capture.trail import MAX_SEGMENTS, Trail
from dicomsniff.span import PacketMark


def batch(first: int, count: int) -> PacketBatch:
    """Packet number n was captured at n seconds."""
    return timed_batch([(number * 10**9, b"frame") for number in range(first, first + count)], first, 1)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5), st.data())
def test_packets_noted_by_number_are_told_as_those_noted_at_once(sizes, data):
    trail, plain, number = Trail(), Trail(), 1
    for size in sizes:
        packets = batch(number, size)
        for number in range(packets.first_number, packets.first_number + size):
            plain.note(number * 100, packets.mark(number))
            if data.draw(st.booleans()):
                trail.note(number * 100, packets.mark(number))
                continue
            if trail.batch is not packets:
                trail.enter(packets)
            trail.offsets.append(number * 100)
            trail.packets.append(number)
        number += 1
        if data.draw(st.booleans()):
            trail.settle()
    for offset in range(0, number * 100, 50):
        assert trail.mark_at(offset) == plain.mark_at(offset)
    assert trail.last == plain.last
    trail.settle()
    again = pickle.loads(pickle.dumps(trail))
    assert (again.offsets, again.packets) == (plain.offsets, plain.packets)


def test_the_packet_before_is_remembered_when_a_segment_is_forgotten():
    trail = Trail()
    marks = [PacketMark(number, number, number) for number in range(3)]
    for mark in marks:
        trail.note(mark.number * 10, mark)
    trail.forget(19)
    assert [trail.mark_at(offset) for offset in (0, 10, 19, 20, 99)] == [marks[1], marks[1], marks[1], *marks[2:] * 2]
    trail.forget(99)
    assert (trail.offsets, trail.packets) == ([20], [marks[2]])


def test_a_trail_that_leaves_memory_takes_no_batch_with_it():
    trail, packets = Trail(), batch(1, 2)
    trail.enter(packets)
    trail.offsets.append(0)
    trail.packets.append(2)
    again = pickle.loads(pickle.dumps(trail))
    assert again.batch is None
    assert again.last == packets.mark(2)


def test_the_oldest_of_too_many_segments_are_forgotten():
    trail = Trail()
    for number in range(MAX_SEGMENTS + 1):
        trail.note(number, PacketMark(number, 0, 0))
    assert trail.mark_at(0) == PacketMark(1, 0, 0)


def test_nothing_is_known_of_an_empty_trail():
    assert Trail().mark_at(0) is None
    assert Trail().last is None
