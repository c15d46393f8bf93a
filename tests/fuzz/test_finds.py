"""Finds are told apart by where they happen, and kept with the shortest input."""

import pytest

from dicomsniff.pdu.fields import FieldReader
from fuzz.finds import BrokenError, Find, Finds, key_of, shorten
from fuzz.limits import TooSlow, limited_calls, limited_time


def error_of(call) -> BaseException:
    with pytest.raises(BaseException) as caught:
        call()
    return caught.value


def test_an_exception_is_told_by_the_innermost_place_in_the_program():
    first = key_of(error_of(lambda: FieldReader(b"").uint("Result", 1)))
    second = key_of(error_of(lambda: FieldReader(b"ab").take("Source", 9)))
    assert first == second
    assert first.startswith("DecodeError at pdu/fields.py:")
    assert key_of(error_of(lambda: [][1])).startswith("IndexError at ")


def test_what_is_broken_is_told_without_its_values():
    first = BrokenError("packet 17 of 'a.pcap' is at 0x1f")
    assert key_of(first) == key_of(BrokenError("packet 4 of 'b.pcap' is at 0x20")) == "packet # of … is at #"
    assert key_of(BrokenError("whatever it says", "the same")) == "the same"


def test_the_shortest_input_of_a_kind_is_kept(tmp_path):
    finds, find = Finds(tmp_path), Find("tcp", "KeyError at tcp/stream.py:1")
    assert finds.add(find, b"long", "how")
    assert not finds.add(find, b"longer", "how")
    assert not finds.add(find, b"s", "how")
    assert finds.path(find).read_bytes() == b"s"
    assert finds.line(find) == f"found: tcp: {find.key}: python -m fuzz --check tcp {finds.path(find)}"
    assert finds.line(find).partition(": python")[2] in finds.path(find).with_suffix(".txt").read_text()
    assert finds.add(Find("tcp", "another"), b"s", "how")
    assert len(list(tmp_path.glob("*.bin"))) == 2


def test_an_input_is_shortened_to_what_shows_the_same():
    data = bytes(range(200)) + b"bad" + bytes(100)
    assert shorten(data, lambda tried: b"bad" in tried) == b"bad"
    assert shorten(b"", lambda tried: True) == b""


@pytest.mark.slow
def test_work_without_end_is_stopped():
    def loop():
        while True:
            len(b"")

    with pytest.raises(TooSlow, match="calls"), limited_calls(0):
        loop()
    with pytest.raises(TooSlow, match="processor time"), limited_time(0.01):
        loop()
