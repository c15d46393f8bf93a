"""Deflate streams, sound and otherwise: what they inflate to comes out, and every turn moves on."""

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_sets import deflate
from dicomsniff.dimse.inflating import BLOCK, MAX_INFLATED, RAW_DEFLATE, Inflater

ZLIB, GZIP = 15, 31
TEXT = bytes(random.Random(1).choices(b"abcdefg", k=30_000))


def inflate(data: bytes, window: int = RAW_DEFLATE, limit: int = MAX_INFLATED, step: int = BLOCK):
    inflater = Inflater(window, limit)
    pieces = [piece for at in range(0, len(data), step) for piece in inflater.feed(data[at : at + step])]
    return b"".join(pieces + inflater.finish()), inflater


@pytest.mark.parametrize("length", [0, 1, 65_535, 65_536, 65_537, 131_072, 1_000_000])
@pytest.mark.parametrize("behind", [0, 1])
def test_the_pad_byte_behind_the_stream_is_let_pass(length, behind):
    data = zlib.compressobj(wbits=-15)
    stream = data.compress(bytes(length)) + data.flush() + bytes(behind)
    found, inflater = inflate(stream)
    assert (found, inflater.ended, inflater.end_problem(whole=True)) == (bytes(length), True, "")


def test_bytes_behind_the_stream_are_counted_and_said():
    found, inflater = inflate(deflate(TEXT) + b"more" * 5000)
    assert (found, inflater.ended) == (TEXT, True)
    assert inflater.end_problem(whole=True).endswith(" bytes follow the deflate stream")


@pytest.mark.parametrize(("window", "name"), [(ZLIB, "a zlib stream (RFC 1950)"), (GZIP, "a gzip stream (RFC 1952)")])
def test_a_stream_in_another_format_is_inflated_and_said_to_be(window, name):
    found, inflater = inflate(deflate(TEXT, wbits=window), window)
    assert (found, inflater.end_problem(whole=True)) == (TEXT, "")
    assert inflater.wrapping == f"the deflate stream is in {name}, which it must not be"


def test_a_stream_that_is_cut_off_says_so_unless_bytes_are_missing():
    found, inflater = inflate(deflate(TEXT)[:5000])
    assert found
    assert TEXT.startswith(found)
    assert inflater.end_problem(whole=True) == (
        f"the data set ends before its deflate stream, after {len(found)} inflated bytes"
    )
    assert inflater.end_problem(whole=False) == ""


def test_what_precedes_the_place_where_a_stream_breaks_is_kept_to_the_byte():
    sound = zlib.compressobj(wbits=-15)
    data = sound.compress(TEXT) + sound.flush(zlib.Z_FULL_FLUSH) + b"\xff" * 40
    found, inflater = inflate(data)
    assert found == TEXT
    assert inflater.broken == (
        f"after {len(TEXT)} inflated bytes the deflate stream is broken: Error -3 while decompressing data: "
        "invalid block type"
    )
    assert inflater.end_problem(whole=True) == inflater.broken


def test_no_more_than_the_limit_comes_out_and_that_it_was_reached_is_told():
    for length, exceeded in ((99_999, False), (100_000, False), (100_001, True), (10_000_000, True)):
        found, inflater = inflate(deflate(bytes(length)), limit=100_000)
        assert (len(found), inflater.exceeded) == (min(length, 100_000), exceeded)
        assert inflater.ended is not exceeded


@given(
    st.binary(max_size=300) | st.binary(max_size=300).map(deflate) | st.just(deflate(bytes(200_000))),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=3),
    st.integers(1, BLOCK),
)
def test_any_bytes_inflate_to_the_same_however_they_come(data, damage, step):
    damaged = bytearray(data)
    for place, byte in damage:
        if place < len(damaged):
            damaged[place] = byte
    whole, pieces = inflate(bytes(damaged)), inflate(bytes(damaged), step=step)
    assert whole[0] == pieces[0]
    assert whole[1].end_problem(whole=True) == pieces[1].end_problem(whole=True)
