"""Handshake messages are put together from records."""

from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.tls.messages import MAX_MESSAGE, MessageReader, looks_whole


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=40)), max_size=6), st.integers(1, 50))
def test_messages_may_share_records_and_be_cut_by_them(messages, size):
    content = b"".join(message(*each) for each in messages)
    reader, found = MessageReader(), []
    for at in range(0, len(content), size):
        read, too_long = reader.feed(content[at : at + size], at, at + size)
        found += read
        assert not too_long
    assert [(each.kind, each.body) for each in found] == messages
    assert all(each.start < each.end for each in found)
    assert reader.is_between


def test_a_message_lies_in_the_records_that_it_took():
    reader = MessageReader()
    first, second = message(1, bytes(10)), message(2, b"")
    assert reader.feed(first[:9], 0, 14) == ([], 0)
    (one, other), _ = reader.feed(first[9:] + second, 14, 28)
    assert (one.start, one.end, other.start, other.end) == (0, 28, 14, 28)


def test_a_message_too_long_to_keep_is_passed_over():
    reader, long = MessageReader(), message(11, bytes(MAX_MESSAGE))
    found, told = [], []
    for at in range(0, len(long), 1 << 14):
        read, too_long = reader.feed(long[at : at + (1 << 14)], at, at + 1)
        found += read
        told.append(too_long)
    assert (found, [each for each in told if each]) == ([], [len(long)])
    assert [each.kind for each in reader.feed(message(14, b""), 0, 1)[0]] == [14]


def test_a_record_may_be_told_to_begin_with_a_message():
    assert looks_whole(message(1, b"hello"))
    assert not looks_whole(message(1, b"hello")[:-1])
    assert not looks_whole(message(99, b"hello"))
