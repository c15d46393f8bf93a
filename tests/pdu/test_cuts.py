"""However the network cut the bytes, the PDUs are the same; whatever the bytes are, nothing breaks."""

import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple, replace

import build
from dicomsniff.pdu.stream import PduStream
from dicomsniff.pdu.types import PduEvent, PdvBytes, PdvRun
from examples import examples
from pipeline import MARK, SOURCE, decode, split

IMAGE = bytes(range(256)) * 20
WHOLE = b"".join(
    [
        build.associate_rq(build.proposal(1), build.proposal(3, build.CT_IMAGE_STORAGE)),
        build.message(3, build.store_rq(1), IMAGE, 1000),
        build.p_data(
            build.pdv(1, build.echo_rq(2)[:20], command=True, last=False),
            build.pdv(1, build.echo_rq(2)[20:], command=True),
        ),
        build.p_data(build.pdv(3, build.store_rq(3), command=True), build.pdv(3, IMAGE[:99]), build.pdv(3, b"")),
        build.pdu(0x0B, b"vendor"),
        build.p_data(build.pdv(3, b"x"), b"\0\0\0\1", b"rest"),
        build.release_rq(),
    ]
)
CUTS = st.lists(st.integers(0, len(WHOLE)), max_size=60)


def plain(events: list[PduEvent]) -> list[object]:
    """Events without the packets they came in; the pieces of collected data joined."""
    told: list[object] = []
    for event in events:
        if isinstance(event, PdvBytes):
            last = told[-1] if told else None
            if isinstance(last, PdvBytes) and last.context_id == event.context_id:
                told[-1] = replace(last, data=last.data + event.data)
            else:
                told.append(event)
        elif hasattr(event, "span"):
            fields = {name: getattr(event, name) for name in event.__slots__ if name != "span"}
            told.append((type(event), event.span.start, event.span.end, fields))
        elif isinstance(event, PdvRun):
            period = 12 + event.length
            assert event.start + event.fragments * period == event.end
            starts = range(event.start, event.end, period)
            told += [(event.context_id, 0, event.length, event.length, b"", at, at + period) for at in starts]
        else:
            told.append((*astuple(event)[:5], event.start, event.end))
    return told


@given(CUTS, st.booleans())
@settings(max_examples=examples(150))
@example(list(range(len(WHOLE))), False)
@example(list(range(len(WHOLE))), True)
def test_cuts_do_not_matter(cuts, collect):
    assert plain(decode(split(WHOLE, cuts), collect=collect)) == plain(decode([WHOLE], collect=collect))


@given(CUTS, st.integers(0, len(WHOLE)), st.integers(1, 3000))
@settings(max_examples=examples(150))
def test_cuts_do_not_matter_around_a_hole(cuts, place, length):
    before, after = WHOLE[:place], WHOLE[place + length :]
    missing = [len(WHOLE) - len(before) - len(after)] if place < len(WHOLE) else []
    pieces = [*split(before, cuts), *missing, *split(after, cuts)]
    assert plain(decode(pieces)) == plain(decode([before, *missing, after]))


@given(CUTS, st.integers(1, len(WHOLE)))
@settings(max_examples=examples(150))
def test_cuts_do_not_matter_where_the_beginning_is_missing(cuts, start):
    late = WHOLE[start:]
    found = plain(decode(split(late, cuts), known_start=False))
    assert found == plain(decode([late], known_start=False))


def damage(data: bytes, places: list[tuple[int, int, bytes]]) -> bytes:
    """Replace `length` bytes at each place by others."""
    damaged = bytearray(data)
    for place, length, other in places:
        at = place % (len(damaged) + 1)
        damaged[at : at + length] = other
    return bytes(damaged)


DAMAGE = st.lists(
    st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 20), st.binary(max_size=20)), min_size=1, max_size=6
)


@given(DAMAGE, CUTS)
@settings(max_examples=examples(200))
def test_damaged_pdus_break_nothing_and_cuts_still_do_not_matter(places, cuts):
    data = damage(WHOLE, places)
    assert plain(decode(split(data, cuts))) == plain(decode([data]))


@given(st.lists(st.binary(max_size=80) | st.integers(1, 5000), max_size=30), st.booleans(), st.booleans())
@settings(max_examples=examples(300))
def test_anything_after_a_pdu_is_survived(pieces, collect, known_start):
    decode([build.release_rq(), *pieces], collect=collect, known_start=known_start)


@given(st.lists(st.binary(max_size=80) | st.integers(1, 5000), max_size=30), st.booleans())
@settings(max_examples=examples(300))
def test_anything_is_survived(pieces, known_start):
    decode(pieces, known_start=known_start)


HUGE = [
    ("a P-DATA-TF of 4 GiB", b"\4\0\xff\xff\xff\xff" + b"\xff\xff\xff\xfb\1\2"),
    ("a command fragment of 4 GiB", b"\4\0\xff\xff\xff\xff" + b"\xff\xff\xff\xfb\1\1"),
    ("a PDV beyond its PDU", build.p_data(b"\xff\xff\xff\xff\1\3")),
    ("an A-ASSOCIATE-RQ of 4 GiB", b"\1\0\xff\xff\xff\xff"),
    ("an unknown PDU of 4 GiB", b"\x63\0\xff\xff\xff\xff"),
    ("an item beyond its PDU", build.pdu(1, bytes(68) + b"\x10\0\xff\xff")),
]


@pytest.mark.slow
@pytest.mark.parametrize(("what", "head"), HUGE)
def test_announced_lengths_allocate_nothing(what, head):
    stream = PduStream(SOURCE)
    data = build.release_rp() + head
    piece = b"\xaa" * 14_600
    tracemalloc.start()
    stream.feed(0, data, 0, len(data), MARK)
    for number in range(700):  # 10 MB
        stream.feed(len(data) + number * len(piece), piece, 0, len(piece), MARK)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 << 20
