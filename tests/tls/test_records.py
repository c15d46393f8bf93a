"""Records are framed, however bytes come and whatever is missing."""

import pytest

from dicomsniff.tls.records import MAX_BODY, MAX_PIECES, Hole, Junk, Record, RecordReader


def record(kind: int, body: bytes) -> bytes:
    return bytes([kind, 3, 3]) + len(body).to_bytes(2, "big") + body


ONE, OTHER = record(22, b"hello"), record(23, bytes(range(40)))


def test_a_record_is_shown_until_it_is_taken():
    reader = RecordReader()
    reader.feed(ONE + OTHER, 100)
    shown = reader.next()
    assert (shown.kind, shown.body, shown.start, shown.end) == (22, b"hello", 100, 110)
    assert reader.next() == shown
    reader.take(shown.end)
    assert reader.next() == Record(OTHER[:5], OTHER[5:], 110, 155, ONE)
    assert reader.size == 45


def test_nothing_is_worth_looking_for_until_a_record_is_whole():
    reader = RecordReader()
    worth = []
    for at in range(len(OTHER)):
        worth.append(reader.feed(OTHER[at : at + 1], at))
        assert (reader.next() is None) == (at < len(OTHER) - 1)
    assert [at for at, is_worth in enumerate(worth) if is_worth] == [0, 4, len(OTHER) - 1]


@pytest.mark.parametrize(
    "begins", [b"\x13\3\3\0\1", b"\x17\2\3\0\1", b"\x17\3\5\0\1", b"\x17\3\3" + (MAX_BODY + 1).to_bytes(2, "big")]
)
def test_what_cannot_be_a_record_is_junk(begins):
    reader = RecordReader()
    reader.feed(begins + bytes(MAX_BODY), 7)
    assert reader.next() == Junk(7)


def test_a_search_shows_every_place_where_a_record_may_begin():
    reader = RecordReader()
    reader.feed(b"\xff" * 50 + ONE + b"\x17\3\3\x49\0" + OTHER, 0)
    reader.search()
    first = reader.next()
    assert (first.start, first.body) == (50, b"hello")
    reader.search()
    second = reader.next()
    assert (second.start, second.body) == (65, OTHER[5:])
    assert second.before == (b"\xff" * 50 + ONE + b"\x17\3\3\x49\0")[-64:]


def test_a_record_cut_by_a_hole_is_a_hole():
    reader = RecordReader()
    reader.feed(ONE + OTHER[:20], 0)
    reader.skip(30, 500)
    shown = reader.next()
    reader.take(shown.end)
    assert reader.next() == Hole(10, 500)
    reader.search()
    assert reader.next() is None
    reader.feed(b"\0" + OTHER, 500)
    assert reader.next().start == 501
    assert reader.position == 501


def test_bytes_that_were_taken_are_let_go():
    reader = RecordReader()
    for number in range(1000):
        reader.feed(OTHER, number * len(OTHER))
        reader.take(reader.next().end)
        reader.trim()
        assert reader.size == 0
        assert len(reader._pieces[0].data) <= 64


def test_bytes_behind_a_hole_are_worth_looking_at_however_few_they_are():
    reader = RecordReader()
    reader.feed(ONE[:3], 0)
    assert reader.next() is None
    reader.skip(3, 500)
    assert reader.feed(b"\x17", 500)


def test_so_many_pieces_are_kept_and_no_more():
    reader = RecordReader()
    for number in range(MAX_PIECES):
        reader.feed(b"\x17", number * 10)
    assert not reader.is_flooded
    reader.feed(b"\x17", MAX_PIECES * 10)
    assert reader.is_flooded
