"""Inputs are told apart without loss, and changed so that lengths stay true."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

import build
from data_sets import UNDEFINED, bare, fragments, item, sequence, short
from examples import examples
from fuzz.conversation import LOST, OTHER, RESET, SWAPPED, make_capture, step, steps
from fuzz.grammar import parse_any_data_set, parse_data_set, parse_pcap, parse_pcapng, parse_pdus, parse_script
from fuzz.pieces import MAX_DEPTH, Piece, change, depth, mix, render, walk

NESTED = short(0x00080018, "UI", b"1.2\0") + sequence(
    0x00081140, item(short(0x00081155, "UI", b"1.2.3\0"), undefined=True), item(), undefined=True
)
IMAGE = NESTED + fragments(b"\xff\xd8", b"abcd")
ASSOCIATE = build.associate_rq(build.proposal(1), build.proposal(3))
MESSAGE = build.message(1, build.echo_rq(1)) + build.data_pdus(1, NESTED)


def bodies(pieces: list[Piece]) -> list[bytes]:
    """The innermost bytes."""
    found = [siblings[index].body for siblings, index in walk(pieces)]
    return [body for body in found if isinstance(body, bytes)]


def same(data: bytes) -> bytes:
    return data


@given(st.binary(max_size=200), st.sampled_from([b"", NESTED, IMAGE, ASSOCIATE, MESSAGE, step(0, MESSAGE)]))
def test_nothing_is_lost_by_telling_apart(data, before):
    parsers = [parse_script, parse_pdus, parse_any_data_set, parse_pcap, parse_pcapng]
    for parse in parsers:
        assert render(parse(before + data)) == before + data
        assert render(parse(data)) == data
    assert render(parse_data_set(data, implicit=False, order="big")) == data


def test_values_are_reached_through_all_that_holds_them():
    assert {b"1.2\0", b"1.2.3\0"} <= set(bodies(parse_script(step(1, MESSAGE))))
    assert {b"\xff\xd8", b"abcd"} <= set(bodies(parse_any_data_set(IMAGE)))
    assert b"1.2.840.10008.1.1" in bodies(parse_pdus(ASSOCIATE))
    assert b"1.2\0" in bodies(parse_any_data_set(bare(0x00081140, item(bare(0x00081155, b"1.2\0")))))


def test_a_longer_value_makes_all_around_it_longer():
    pieces = parse_any_data_set(sequence(0x00081140, item(short(0x00081155, "UI", b"1.2.3\0"))))
    siblings, index = list(walk(pieces))[-1]
    siblings[index].body = b"1.2.3.44"
    assert render(pieces) == sequence(0x00081140, item(short(0x00081155, "UI", b"1.2.3.44")))


def test_a_lie_is_told_as_it_is_meant():
    assert Piece(b"abc", b"\x01", 2, "big", announced=7).render() == b"\x01\x00\x07abc"
    assert Piece(b"abc", b"", 1, lie=-4).render() == b"\xffabc"
    assert Piece([Piece(b"a")], b"", 4, "little", tail=b"z", announced=UNDEFINED).render() == b"\xff\xff\xff\xffaz"


def test_every_change_leaves_something_that_can_be_sent():
    rng, kinds = Random(1), set()
    for _ in range(300):
        pieces = parse_script(step(0, ASSOCIATE) + step(1, MESSAGE))
        change(pieces, rng, same)
        mix(pieces, parse_script(step(0, ASSOCIATE)), rng)
        kinds.add(render(pieces))
    assert len(kinds) > 100


def test_a_conversation_holds_what_its_steps_say():
    script = step(0, b"ab") + step(1, b"cd", kind=LOST) + step(0, bytes(3000), kind=SWAPPED) + step(1, b"e", kind=RESET)
    assert [data[:2] for _, _, data in steps(script)] == [b"ab", b"cd", bytes(2), b"e"]
    capture = make_capture(script)
    records = parse_pcap(capture[4:])
    assert len(records) - 1 == 3 + 1 + 3 + 1
    assert capture.count(b"\x0a\0\0\x01\x0a\0\0\x02") > 0
    assert make_capture(step(0, b"x", kind=OTHER)).count(b"\x0a\0\0\x03") == 4


def test_a_step_comes_as_often_as_it_says_after_its_pause():
    assert list(steps(b"\0\x92\0\1a")) == [(0, 10**9, b"a")] * 3


def test_however_often_pieces_are_changed_they_can_be_rendered():
    rng = Random(1)
    pieces = [Piece([Piece(b"in", b"\1", 2)], b"\2", 2)]
    for _ in range(examples(400)):
        change(pieces, rng, bytes)
        if not pieces or sum(1 for _ in walk(pieces)) > 5000:
            pieces = [Piece([Piece(b"in", b"\1", 2)], b"\2", 2)]
        assert depth(pieces) < MAX_DEPTH + 80
        render(pieces)
