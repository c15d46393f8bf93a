"""What a connection carries is told by what both sides say, not by how and in which order packets bring it."""

from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import build
from capture.test_express import analyze as analyze_in_batches
from dicomsniff.association.consumer import Foreign, Means
from dicomsniff.association.recognition import LEAST_UNDECIDED, MAX_UNDECIDED, Recognition
from dicomsniff.capture.decode import SegmentDecoder
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.side import Side
from dicomsniff.tcp.events import StreamBytes
from examples import examples
from pipeline import analyze, batch, codes, names, only, split, track
from tls import client_hello, handshake

CT = build.CT_IMAGE_STORAGE
STORE = build.message(3, build.store_rq(1), bytes(range(250)) * 12, 1000)
PROXY = b"PROXY TCP4 10.0.0.9 10.0.0.2 51234 104\r\n"
DAMAGED = b"\x81" + build.associate_rq(build.proposal(3, CT))[1:]
STARTS = [PROXY + build.associate_rq(build.proposal(3, CT)), DAMAGED, b"SSH-2.0-what\r\n", b"\x16\x03\x01\x02\x00\x01"]
ANSWER = build.associate_ac(build.answer(3)) + build.message(3, build.store_rsp(1))


def seen(analyzer: Analyzer) -> list[object]:
    """What was decoded of each side, wherever the packets were."""
    told: list[object] = []
    for side in Side:
        counts: Counter[str] = Counter()
        for association in analyzer.associations:
            counts.update(association.pdu_counts[side])
        messages = [message for found in analyzer.associations for message in found.messages if message.side is side]
        told.append(dict(counts))
        told.append(sorted((each.command.raw, each.data_set and each.data_set.length) for each in messages))
    return [*told, dict(analyzer.foreign)]


def talk_of(first: list[bytes], second: list[bytes], turns: list[bool]) -> build.Talk:
    """Both sides' pieces, in the order of `turns`; a side that has nothing left lets the other one go on."""
    talk, left = build.Talk(tick=1000).open(), (list(first), list(second))
    for turn in [*turns, *[False] * len(first), *[True] * len(second)]:
        if left[turn]:
            talk.pieces(int(turn), [left[turn].pop(0)])
    return talk.close()


CUTS = st.lists(st.integers(0, len(STORE) + 300), max_size=12)


@given(st.sampled_from(STARTS), CUTS, CUTS, st.lists(st.booleans(), max_size=20))
@settings(max_examples=examples(200))
@example(STARTS[0], [10, 100], [90], [False, False, False, True, False])
def test_a_side_that_begins_with_other_bytes_is_read_the_same_however_packets_cut_and_order_them(
    start, cuts, other_cuts, turns
):
    streams = (start + STORE, ANSWER)
    whole = talk_of([streams[0]], [streams[1]], [])
    pieces = split(streams[0], cuts), split(streams[1], other_cuts)
    found = analyze(talk_of(*pieces, turns).packets)
    assert seen(found) == seen(analyze(whole.packets))
    assert seen(found)[0]["P-DATA-TF"] == 4


def behind_a_hole() -> list[build.Packet]:
    """The answer of a side is lost in part, which the quiet acknowledgements of the other one show."""
    answer = build.associate_ac(build.answer(3))
    talk = build.Talk(tick=1000).open()
    talk.client(b"\x81 no PDU at all")
    talk.server(answer[:60])
    talk.lose(1, len(answer) - 60)
    talk.client(STORE, 400)
    talk.server(build.message(3, build.store_rsp(1)))
    talk.client(STORE, 400)
    return talk.close().packets


@pytest.mark.parametrize("sizes", [(1,), (5,), (1000,)])
def test_bytes_of_a_side_that_is_doubtful_are_not_passed_over_in_a_hurry(sizes):
    packets = behind_a_hole()
    careful = analyze_in_batches(packets, careful=True)
    assert seen(careful)[0] == {"P-DATA-TF": 8}
    assert seen(analyze_in_batches(packets, sizes=sizes)) == seen(careful)


def test_a_proxy_line_before_an_association_is_named_and_everything_behind_it_decoded():
    talk = build.Talk().open()
    talk.client(PROXY)
    talk.client(build.associate_rq(build.proposal(3, CT)))
    talk.server(build.associate_ac(build.answer(3)))
    talk.client(STORE)
    talk.server(build.message(3, build.store_rsp(1)))
    talk.client(build.release_rq())
    talk.server(build.release_rp())
    found = only(talk.close().packets)
    assert names(found)[:3] == ["A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", "C-STORE-RQ"]
    assert found.requestor_is == "sent A-ASSOCIATE-RQ"
    assert found.outcome == "released"
    assert "proxy-header" in codes(found)


def test_both_sides_of_another_protocol_are_foreign_whatever_follows():
    talk = build.Talk().open()
    talk.client(b"GET / HTTP/1.1\r\n\r\n")
    talk.server(b"HTTP/1.1 200 OK\r\n\r\n")
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    found = analyze(talk.close().packets)
    assert (found.associations, dict(found.foreign)) == ([], {"HTTP": 1})


def test_bytes_that_wait_for_the_other_side_are_bounded_and_nothing_behind_the_bound_is_decoded():
    talk = build.Talk(tick=1000).open()
    talk.client(b"PUT / HTTP/1.1\r\n\r\n" + bytes(MAX_UNDECIDED))
    talk.server(build.associate_ac())
    talk.server(build.message(1, build.echo_rsp()))
    found = analyze(talk.close().packets)
    assert (found.associations, dict(found.foreign)) == ([], {"HTTP": 1})
    assert seen(analyze_in_batches(talk.packets, careful=True)) == seen(found)


def test_bulk_of_another_protocol_that_only_one_side_sends_is_passed_over():
    talk = build.Talk(tick=1000).open()
    talk.client(b"PUT / HTTP/1.1\r\n\r\n" + bytes(1_000_000))
    handed_on: list[int] = []
    original = SegmentDecoder.segments

    def counted(self, batch):
        for segment in original(self, batch):
            handed_on.append(segment[10] - segment[9])
            yield segment

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SegmentDecoder, "segments", counted)
        analyzer = Analyzer()
        analyzer.feed(batch(build.frames(talk.packets)))
        analyzer.close()
    assert dict(analyzer.foreign) == {"HTTP": 1}
    assert MAX_UNDECIDED < sum(handed_on) < MAX_UNDECIDED + 2 * 1460


def test_where_many_connections_are_undecided_fewer_bytes_of_each_wait():
    talk = build.Talk(tick=1000).open()
    talk.client(b"G" * LEAST_UNDECIDED)
    talk.client(b"G")
    bulk = [event for event in track(talk.packets) if isinstance(event, StreamBytes)]
    connection = bulk[0].stream.connection
    recognition = connection.consumer = Recognition(connection, Means(room=1))
    recognition.feed(bulk[0], 1)
    assert connection.consumer is recognition
    recognition.feed(bulk[-1], 1)
    assert isinstance(connection.consumer, Foreign)


def test_a_stream_that_begins_with_a_hole_is_searched_for_messages():
    talk = build.Talk(tick=1000).open()
    talk.lose(0, 300)
    talk.lose(1, 300)
    talk.client(STORE)
    talk.server(build.message(3, build.store_rsp(1)))
    found = only(talk.close().packets)
    assert [message.name for message in found.messages] == ["C-STORE-RQ", "C-STORE-RSP"]
    assert found.missing_bytes == 600


def test_a_handshake_is_read_on_behind_the_bytes_that_told_tls():
    hello = handshake(client_hello())
    talk = build.Talk(server=("10.0.0.2", 4242), tick=1000).open()
    talk.client(hello)
    talk.server(b"\x15\x03\x03\x00\x02\x02\x46")
    found = analyze(talk.reset(1).packets)
    assert [(each.alert, each.by_client) for each in found.handshakes] == [(70, False)]
    assert dict(found.foreign) == {"TLS": 1}
