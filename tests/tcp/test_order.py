"""Any order, duplication or overlap of the same segments gives the same bytes."""

from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

import build
from dicomsniff.tcp.events import StreamBytes, StreamGap
from examples import examples
from pipeline import stream_bytes, track

TEXT = bytes(range(256)) * 8
REPLY = bytes(reversed(range(256))) * 2


def talk(start: int = 1000) -> build.Talk:
    """Both sides send; nobody acknowledges what the capture shows only later."""
    return build.Talk(client_seq=start, server_seq=start ^ 0x5555).open()


@given(
    st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(1, 600)), max_size=12),
    st.integers(10, 400),
    st.integers(0, 2**32 - 1),
    st.integers(0, 10**9),
)
@settings(max_examples=examples(200))
@example([], 100, 2**32 - 500, 1)
def test_any_order_repetition_and_overlap_gives_the_same_bytes(copies, size, start, seed):
    """After the handshake, and before the other side has acknowledged anything."""
    connection = talk(start)
    first = connection.client(TEXT, size)[0]
    extra = [
        first._replace(seq=(first.seq + place) & 0xFFFFFFFF, data=TEXT[place : place + length])
        for place, length in copies
        if TEXT[place : place + length]
    ]
    opening, data = connection.packets[:3], connection.packets[3:] + extra
    Random(seed).shuffle(data)
    data = [packet._replace(time=build.START + number) for number, packet in enumerate(data)]
    assert stream_bytes(track([*opening, *data])) == {first.flow: TEXT}


@given(st.integers(0, 2**32 - 1), st.integers(0, 10**9), st.integers(20, 500))
@settings(max_examples=examples(200))
def test_both_directions_shuffled_together_give_both_streams(start, seed, size):
    connection = talk(start)
    there = connection.client(TEXT, size)
    back = connection.server(REPLY, size)
    data = [p._replace(ack=0, flags=build.PSH) for p in there + back]
    Random(seed).shuffle(data)
    found = stream_bytes(track([*connection.packets[:3], *data]))
    assert found == {there[0].flow: TEXT, back[0].flow: REPLY}


@given(st.lists(st.permutations(range(4)), min_size=1, max_size=20), st.integers(0, 2**32 - 1))
@settings(max_examples=examples(100))
def test_a_little_disorder_in_acknowledged_traffic_loses_nothing(orders, start):
    """Captures reorder neighbours; every packet carries the acknowledgements it went out with."""
    connection = talk(start)
    expected = {}
    for order in orders:
        sent = [*connection.client(b"a" * 70, 35), *connection.server(b"b" * 30, 15)]
        connection.packets[-4:] = [sent[place] for place in order]
        for packet in sent:
            expected[packet.flow] = expected.get(packet.flow, b"") + packet.data
    assert stream_bytes(track(connection.packets)) == expected


@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.integers(0, 2**32 - 1) | st.integers(900, 3000),
            st.integers(0, 2**32 - 1) | st.integers(900, 3000),
            st.integers(0, 63),
            st.binary(max_size=30),
            st.integers(0, 10**10),
            st.integers(0, 40),
        ),
        max_size=40,
    )
)
@example(
    [
        (False, 0, 0, 0, b"", 0, 0),
        (False, 2, 0, 0, b"a", 0, 0),
        (True, 0, 3, 24, b"a", 0, 0),
        (False, 0, 1, 18, b"a", 0, 0),
    ]
)  # a SYN waits behind a hole when the capture ends
@settings(max_examples=examples(500))
def test_senseless_segments_are_survived_in_order(rows):
    """Whatever flags and numbers come: bytes are handed on in order, each once."""
    flows = build.flow_of("10.0.0.1", 1, "10.0.0.2", 2), build.flow_of("10.0.0.2", 2, "10.0.0.1", 1)
    packets = [
        build.Packet(flows[side], seq, ack, flags, data, time, min(cut, len(data)))
        for side, seq, ack, flags, data, time, cut in rows
    ]
    offsets: dict[object, int] = {}
    for event in track(packets):
        if isinstance(event, StreamBytes | StreamGap):
            assert event.offset == offsets.get(event.stream, 0)
            length = event.length if hasattr(event, "length") else event.end - event.start
            assert length > 0
            offsets[event.stream] = event.offset + length


def test_mid_stream_a_question_comes_before_the_answer_that_acknowledges_it():
    """Without a handshake the first bytes of a side wait for an acknowledgement, and it may come with an answer."""
    each = build.Talk()
    each.server(b"earlier answer")
    each.client(b"question")
    each.server(b"answer")
    each.client(b"next question")
    found = [event.data[event.start : event.end] for event in track(each.packets) if isinstance(event, StreamBytes)]
    assert found == [b"earlier answer", b"question", b"answer", b"next question"]


def test_a_hole_that_is_given_up_ends_where_bytes_that_waited_begin():
    """An answer came before part of what it answers, and the rest of that is missing."""
    talk = build.Talk().open()
    talk.lose(0, 100)
    (late,) = talk.client(b"request")
    (answer,) = talk.server(b"answer")
    talk.acknowledge(0)
    packets = [each for each in talk.packets if each is not late]
    packets.insert(packets.index(answer) + 1, late)
    assert stream_bytes(track(packets)) == {late.flow: b"?" * 100 + b"request", answer.flow: b"answer"}
