"""IP fragments in any order, repeated, overlapping -> the payload they were cut from."""

import pytest

from dicomsniff.capture import fragments
from dicomsniff.capture.fragments import FragmentTable

KEY, OTHER = (b"\1" * 4, b"\2" * 4, 7, 6), (b"\1" * 4, b"\2" * 4, 8, 6)


def test_what_lies_behind_the_end_is_no_part_of_the_datagram():
    """The last fragment says where it ends; one that overlaps it may reach further."""
    table = FragmentTable()
    assert table.feed(KEY, 0, b"abcdefgh", True, 0) is None
    assert table.feed(KEY, 8, b"ijklmnopqrstuvwx", True, 0) is None
    assert table.feed(KEY, 8, b"ijkl", False, 0) == b"abcdefghijkl"


def test_of_two_fragments_at_one_place_the_longer_counts_and_the_first_of_equals():
    table = FragmentTable()
    for body in (b"first...", b"second..", b"third"):
        assert table.feed(KEY, 0, body, True, 0) is None
    assert table.feed(KEY, 8, b"end", False, 0) == b"first...end"
    assert table.feed(KEY, 0, b"short", True, 0) is None
    assert table.feed(KEY, 0, b"longer..", True, 0) is None
    assert table.feed(KEY, 8, b"end", False, 0) == b"longer..end"


def test_a_datagram_whose_fragments_come_too_late_was_given_up():
    table = FragmentTable()
    assert table.feed(KEY, 0, b"abcdefgh", True, 0) is None
    assert table.feed(KEY, 8, b"ijkl", False, fragments.MAX_AGE + 1) is None
    assert table.given_up == 1
    assert table.feed(OTHER, 0, b"abcdefgh", True, 0) is None
    assert table.feed(OTHER, 8, b"ijkl", False, fragments.MAX_AGE) == b"abcdefghijkl"
    assert table.given_up == 1


def test_the_oldest_datagram_gives_way_and_is_counted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fragments, "MAX_DATAGRAMS", 1)
    table = FragmentTable()
    assert table.feed(KEY, 0, b"abcdefgh", True, 0) is None
    assert table.feed(OTHER, 0, b"abcdefgh", True, 1) is None
    assert table.given_up == 1
    assert table.feed(KEY, 8, b"ijkl", False, 2) is None
    assert table.given_up == 2


@pytest.mark.parametrize(("offset", "length", "whole"), [(65528, 7, True), (65528, 8, False)])
def test_a_datagram_has_at_most_65535_bytes(offset, length, whole):
    table = FragmentTable()
    assert table.feed(KEY, 0, bytes(offset), True, 0) is None
    found = table.feed(KEY, offset, bytes(length), False, 0)
    assert (found is not None and len(found) == offset + length) is whole
