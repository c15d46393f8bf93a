"""Stream bytes -> PDUs and PDVs: framing, PDV headers, lengths that contradict each other, gaps."""

from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import build
from dicomsniff.pdu.framing import FOREVER, MAX_TOGETHER, MAX_UNKNOWN_PDU, SINGLY, Framing
from dicomsniff.pdu.stream import PduStream
from dicomsniff.pdu.types import (
    Abort,
    CutAssociate,
    MalformedPdu,
    MissingBytes,
    Pdv,
    PdvBytes,
    ReleaseRp,
    SkippedBytes,
    UnknownPdu,
)
from dicomsniff.span import PacketMark
from examples import examples
from pipeline import MARK, SOURCE, decode, pass_over

PDVS = [
    # PDU header          PDV length   ctx hdr  fragment
    ("04 00 00 00 00 08   00 00 00 04  01  03   aa bb", [(1, 3, 2, b"\xaa\xbb")]),  # whole command
    ("04 00 00 00 00 08   00 00 00 04  01  01   aa bb", [(1, 1, 2, b"\xaa\xbb")]),  # command goes on
    ("04 00 00 00 00 08   00 00 00 04  05  02   aa bb", [(5, 2, 2, b"")]),  # last data fragment, counted
    ("04 00 00 00 00 08   00 00 00 04  05  00   aa bb", [(5, 0, 2, b"")]),  # data goes on
    ("04 00 00 00 00 07   00 00 00 03  05  02   aa", [(5, 2, 1, b"")]),  # odd length
    ("04 00 00 00 00 06   00 00 00 02  05  02", [(5, 2, 0, b"")]),  # empty
    ("04 ff 00 00 00 06   00 00 00 02  05  fe", [(5, 0xFE, 0, b"")]),  # reserved bits are not tested
    (
        "04 00 00 00 00 0e   00 00 00 03  01  03   aa   00 00 00 03  01  02  bb",
        [(1, 3, 1, b"\xaa"), (1, 2, 1, b"")],
    ),
]


@pytest.mark.parametrize(("dump", "expected"), PDVS)
def test_a_p_data_tf_gives_its_pdvs(dump, expected):
    found = decode_accepted(bytes.fromhex(dump))
    assert [(pdv.context_id, pdv.header, pdv.length, pdv.data) for pdv in found] == expected
    assert [pdv.number for pdv in found] == list(range(len(found)))
    assert all(pdv.received == pdv.length and pdv.start == 0 for pdv in found)


def decode_accepted(*pieces: bytes, **options):
    """Decode behind a PDU that shows the stream to be DICOM; places count from behind it."""
    head = build.release_rp()
    found = decode([head, *pieces], **options)[1:]
    return [
        replace(pdv, start=pdv.start - len(head), end=pdv.end - len(head)) if isinstance(pdv, Pdv) else pdv
        for pdv in found
    ]


def test_a_pdv_knows_where_its_pdu_starts_and_its_fragment_ends():
    first, second = decode_accepted(build.p_data(build.pdv(1, b"abc", command=True), build.pdv(1, b"defgh")))
    assert (first.start, first.end, first.pdu_length) == (0, 6 + 6 + 3, 20)
    assert (second.start, second.end, second.pdu_length) == (0, 26, 20)


def test_collected_data_comes_in_the_pieces_in_which_it_arrived():
    found = decode_accepted(build.p_data(build.pdv(1, b"abcdef"))[:14], b"cdef", collect=True)
    assert [event.data for event in found if isinstance(event, PdvBytes)] == [b"ab", b"cdef"]


MALFORMED = [
    ("pdata-without-pdv", build.p_data()),
    ("pdv-too-short", build.p_data(b"\0\0\0\1")),
    ("pdv-too-short", build.p_data(b"\0\0\0\0", build.pdv(1, b"x"))),
    ("pdv-beyond-pdu", build.p_data(b"\0\0\0\x09\1\3ab")),
    ("pdu-trailing-bytes", build.p_data(build.pdv(1, b"x"), b"\0\0\0")),
    ("pdu-trailing-bytes", build.p_data(build.pdv(1, b"x"), b"\0\0\0\7")),
]


@pytest.mark.parametrize(("code", "data"), MALFORMED)
def test_contradicting_lengths_are_named_and_the_next_pdu_decodes(code, data):
    found = decode([build.release_rp(), data, build.abort()])
    assert isinstance(found[-1], Abort)
    (malformed,) = [event for event in found if isinstance(event, MalformedPdu)]
    assert malformed.code == code


def test_a_pdv_beyond_its_pdu_gives_what_is_there():
    found = decode([build.release_rp(), build.p_data(b"\0\0\0\x09\1\3ab")])
    (pdv,) = [event for event in found if isinstance(event, Pdv)]
    assert (pdv.length, pdv.received, pdv.data) == (7, 2, b"ab")


def test_many_broken_pdvs_in_one_pdu_are_one_event():
    found = decode([build.release_rp(), build.p_data(bytes(40_000)), build.abort()])
    assert [event.name for event in found] == ["A-RELEASE-RP", "malformed bytes", "A-ABORT"]


def test_an_unknown_pdu_is_kept_and_the_next_one_decodes():
    found = decode([build.release_rp(), build.pdu(0x0A, b"vendor"), build.abort()])
    assert [type(event) for event in found] == [ReleaseRp, UnknownPdu, Abort]
    assert (found[1].type, found[1].data) == (0x0A, b"vendor")


def test_an_unknown_pdu_of_more_than_64_kb_is_taken_for_lost_synchronization():
    longest, longer = (b"\x0a\0" + length.to_bytes(4, "big") for length in (MAX_UNKNOWN_PDU, MAX_UNKNOWN_PDU + 1))
    (_, unknown, _) = decode([build.release_rp(), longest + bytes(MAX_UNKNOWN_PDU), build.abort()])
    assert len(unknown.data) == MAX_UNKNOWN_PDU
    found = decode([build.release_rp(), longer + bytes(100), build.abort()])
    assert [type(event) for event in found] == [ReleaseRp, MalformedPdu, SkippedBytes, Abort]


def test_a_pdu_knows_its_first_packet_though_a_later_one_brought_its_beginning():
    framing, body = Framing(None, collect=False, show_data=False), build.associate_rq()
    framing.arrive(PacketMark(5, 50, 500))
    framing.feed(body, 0, 20)
    framing.arrive(PacketMark(3, 30, 300))
    (request,) = framing.feed(body, 20, len(body))
    span = request.span
    assert (span.first_packet, span.last_packet, span.first_time, span.offset) == (3, 5, 30, 300)


def test_zeros_after_a_pdu_do_not_become_a_pdu_each():
    found = decode([build.release_rp(), bytes(60_000), build.abort()])
    assert len(found) <= 5
    assert isinstance(found[-1], Abort)
    assert sum(event.length for event in found if isinstance(event, SkippedBytes)) >= 59_900


def test_a_header_announcing_an_impossible_length_loses_the_place_and_finds_it_again():
    found = decode([build.release_rp(), b"\2\0\xff\xff\xff\xff", b"x" * 50, build.abort()])
    assert [event.name for event in found] == ["A-RELEASE-RP", "malformed bytes", "skipped bytes", "A-ABORT"]
    assert found[2].length == 56


@pytest.mark.parametrize(
    ("cut", "problem"),
    [
        (3, "the stream ends 3 bytes into a PDU header"),
        (8, "P-DATA-TF announces 9 bytes; the stream ends 7 bytes before its end"),
        (13, "P-DATA-TF announces 9 bytes; the stream ends 2 bytes before its end"),
    ],
)
def test_a_stream_that_stops_inside_a_pdu_says_how_much_is_missing(cut, problem):
    found = decode([build.release_rp(), build.p_data(build.pdv(1, b"abc"))[:cut]])
    assert found[-1].code == "pdu-incomplete"
    assert found[-1].problem == problem


def test_the_fragment_a_stream_stops_in_is_handed_on_with_what_came():
    found = decode([build.release_rp(), build.p_data(build.pdv(1, b"abc"))[:13]])
    assert [(event.length, event.received) for event in found if isinstance(event, Pdv)] == [(3, 1)]


# Gaps


def test_a_gap_inside_a_fragment_keeps_the_count_and_what_follows():
    data = build.p_data(build.pdv(1, bytes(100)))
    found = decode([build.release_rp(), data[:30], 50, data[80:], build.abort()])
    assert [event.name for event in found if not isinstance(event, Pdv)] == ["A-RELEASE-RP", "missing bytes", "A-ABORT"]
    (pdv,) = [event for event in found if isinstance(event, Pdv)]
    assert (pdv.length, pdv.received) == (100, 50)
    assert not found[1].resynchronized


def test_a_gap_up_to_the_end_of_a_fragment_ends_it():
    data = build.p_data(build.pdv(1, bytes(100)))
    found = decode([build.release_rp(), data[:30], len(data) - 30, build.abort()])
    assert [(event.length, event.received) for event in found if isinstance(event, Pdv)] == [(100, 18)]
    assert isinstance(found[-1], Abort)
    assert not any(isinstance(event, SkippedBytes) for event in found)


def test_a_gap_inside_a_control_pdu_keeps_the_place():
    rq = build.associate_rq()
    found = decode([build.release_rp(), rq[:50], 20, rq[70:], build.abort()])
    assert [event.name for event in found] == ["A-RELEASE-RP", "A-ASSOCIATE-RQ", "missing bytes", "A-ABORT"]
    assert found[1] == CutAssociate(found[1].span, "A-ASSOCIATE-RQ", len(rq) - 6, 44, "STORESCP", "STORESCU")


def test_a_gap_up_to_the_end_of_a_control_pdu_keeps_the_place():
    rq = build.associate_rq()
    found = decode([build.release_rp(), rq[:50], len(rq) - 50, build.abort()])
    assert [event.name for event in found] == ["A-RELEASE-RP", "A-ASSOCIATE-RQ", "missing bytes", "A-ABORT"]
    assert not found[2].resynchronized


@pytest.mark.parametrize("cut", range(1, 25))
def test_behind_a_gap_a_header_is_found_wherever_a_segment_ends_in_it(cut):
    command = build.echo_rq()
    data = build.p_data(build.pdv(1, command, command=True), build.pdv(3, b"data"))
    found = decode([build.release_rp(), 3000, bytes(50) + data[:cut], data[cut:]])
    assert [event.length for event in found if isinstance(event, SkippedBytes)] == [50]
    assert [event.data for event in found if isinstance(event, Pdv)] == [command, b""]


@pytest.mark.parametrize("into", [0, 2, 6, 9, 12, 40])
def test_a_gap_over_headers_finds_the_next_pdu(into):
    data = build.p_data(build.pdv(1, b"z" * 100))
    lost = data[into:] + data + data[:20]
    found = decode([build.release_rp(), data[:into], len(lost), data[20:], build.abort()])
    (missing,) = [event for event in found if isinstance(event, MissingBytes)]
    assert missing.length == len(lost)
    assert missing.resynchronized
    (skipped,) = [event for event in found if isinstance(event, SkippedBytes)]
    assert skipped.length == len(data) - 20
    assert isinstance(found[-1], Abort)


def lose_in_turns(count: int) -> list[bytes | int]:
    return [each for _ in range(count) for each in (1400, b"z" * 30)]


def test_of_many_holes_the_first_are_told_one_by_one_and_further_ones_together():
    further = 5
    found = decode([build.release_rp(), *lose_in_turns(1 + SINGLY + further), build.abort()])
    told = [(event.name, event.length, event.places) for event in found[1:-1]]
    assert told[:2] == [("missing bytes", 1400, 1), ("skipped bytes", 30, 1)]
    assert told[:-2] == [told[0], *told[1::-1] * SINGLY][: 2 * SINGLY + 1]
    # The bytes before the first of them, between them, and behind the last.
    assert told[-2:] == [("skipped bytes", 30 * (further + 1), further + 1), ("missing bytes", 1400 * further, further)]
    begins = len(build.release_rp()) + 1430 * SINGLY + 1400
    assert [(event.span.start, event.span.end) for event in found[-3:-1]] == [
        (begins, begins + 1430 * further + 30),
        (begins + 30, begins + 1430 * further),
    ]
    assert isinstance(found[-1], Abort)


@pytest.mark.parametrize("count", [SINGLY, SINGLY + 1, SINGLY + MAX_TOGETHER, SINGLY + 3 * MAX_TOGETHER + 7])
def test_however_many_holes_are_told_together_all_bytes_are_told(count):
    found = decode([build.release_rp(), *lose_in_turns(count), build.abort()])
    missing = [event for event in found if isinstance(event, MissingBytes)]
    skipped = [event for event in found if isinstance(event, SkippedBytes)]
    assert (sum(event.length for event in missing), sum(event.places for event in missing)) == (1400 * count, count)
    assert (sum(event.length for event in skipped), sum(event.places for event in skipped)) == (30 * count, count)
    assert max(event.places for event in missing) <= MAX_TOGETHER


def test_each_run_of_holes_begins_anew_behind_a_pdu():
    turn = [*lose_in_turns(SINGLY), build.abort()]
    found = decode([build.release_rp(), *turn, *turn])
    assert [event.places for event in found if isinstance(event, MissingBytes)] == [1] * 2 * SINGLY


def test_a_header_inside_what_only_looked_like_one_is_found():
    decoy = bytes.fromhex("04 00 00 00 00 00 00 00 00 00 01 00")[:7]  # matches the pattern, but no header
    real = build.p_data(build.pdv(1, b"z" * 300, last=False))
    for length in range(1, 8):
        found = decode([build.release_rp(), 500, decoy[:length] + real, build.abort()])
        assert [event.received for event in found if isinstance(event, Pdv)] == [300], length


def test_a_command_fragment_with_a_hole_keeps_only_what_came_before_it():
    data = build.command_pdu(1, build.echo_rq())
    found = decode([build.release_rp(), data[:40], 10, data[50:], build.abort()])
    (pdv,) = [event for event in found if isinstance(event, Pdv)]
    assert pdv.data == build.echo_rq()[: 40 - 12]
    assert pdv.length - pdv.received == 10


# The data set's bytes, and those that need not be fed


def at_places(pieces, **options):
    return [(event.at, event.data) for event in decode_accepted(*pieces, **options) if isinstance(event, PdvBytes)]


def test_data_set_bytes_say_where_in_their_fragment_they_lie():
    pdu = build.p_data(build.pdv(1, b"abcdef", last=False), build.pdv(1, b"ghi"))
    expected = [(0, b"ab"), (2, b"cdef"), (0, b"g"), (1, b"hi")]
    assert at_places([pdu[:14], pdu[14:25], pdu[25:]], collect=True) == expected


def test_bytes_missing_from_a_fragment_count_in_the_places_of_those_behind_them():
    pdu = build.p_data(build.pdv(1, b"abcdef"))
    assert at_places([pdu[:14], 3, pdu[17:]], collect=True) == [(0, b"ab"), (5, b"f")]


def test_the_data_sets_examined_are_those_fed():
    first = build.p_data(build.pdv(1, b"abcdefgh", last=False))
    then = build.p_data(build.pdv(1, b"ABCDEFGH", last=False))
    end = build.p_data(build.pdv(1, b"z"))
    pieces = [first[:14], first[14:18], first[18:] + then[:15], then[15:17], then[17:] + end]
    # Pieces 2 to 4 are passed over: they continue a fragment, or a repetition of its PDU.
    assert at_places(pieces, examine=True) == [(0, b"ab"), (5, b"FGH"), (0, b"z")]
    assert at_places(pieces) == []


class Passing:
    """A stream of which the stage before passes over what it may, as `skip` says."""

    def __init__(self, *, collect=False):
        self.pdus = PduStream(SOURCE, collect=collect, examine=True)
        self.offset = 0
        self.skip = None
        self.piece(build.release_rp())
        self.skip = self.pdus.skip()

    def piece(self, data):
        """Return what was found; None where the piece was passed over."""
        offset = self.offset
        self.offset += len(data)
        passed, self.skip = pass_over(self.skip, offset, data, MARK)
        return None if passed else self.pdus.feed(offset, data, 0, len(data), MARK, self.skip)


@pytest.mark.parametrize(
    ("unneeded", "quiet", "limit"),
    [
        # The stream: 10 bytes of A-RELEASE-RP, 12 of headers, 5 of the fragment's 100.
        (FOREVER, 122, None),
        (0, 27, None),
        (94, 121, None),  # within the fragment: nothing repeats
        (95, 122, 122),  # to its end, and no PDU beyond
        (194, 122, 122),  # rounded down to whole PDUs
        (195, 122, 122 + 112),
        (294, 122, 122 + 112),
        (495, 122, 122 + 4 * 112),
    ],
)
def test_no_byte_is_quiet_beyond_those_unneeded(unneeded, quiet, limit):
    passing = Passing()
    passing.piece(build.p_data(build.pdv(1, bytes(100), last=False))[:17])
    skip = passing.pdus.skip(unneeded)
    assert skip.until == quiet
    if limit is None:
        assert bool(skip.repeat) == (unneeded == FOREVER)
    else:
        assert skip.repeat == bytes.fromhex("04 00 00 00 00 6a  00 00 00 66 01 00")
        assert skip.limit == limit


def test_a_fragment_beyond_its_pdu_is_not_taken_for_the_first_of_many():
    passing = Passing()
    pdu = b"\4\0" + (20).to_bytes(4, "big") + (99).to_bytes(4, "big") + b"\1\0" + b"abc"
    passing.piece(pdu)
    assert passing.pdus.skip().repeat == b""


@given(
    st.integers(1, 40),
    st.lists(st.integers(1, 120), min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 300)), max_size=5),
    st.booleans(),
)
@settings(max_examples=examples(300))
def test_every_wanted_byte_of_a_data_set_is_seen_in_its_place(fragment, cuts, wanted, collect):
    """A reader that wants certain ranges of a data set, and asks for no more, gets them whatever the segments are."""
    data = bytes(place * 7 % 251 for place in range(900))
    whole = build.data_pdus(1, data, fragment)
    passing, seen, done, reached, at = Passing(collect=collect), {}, 0, 0, 0
    for size in cycle(cuts):
        if at >= len(whole):
            break
        found = passing.piece(whole[at : at + size])
        at += size
        if found is None:
            continue
        for event in found:
            if isinstance(event, PdvBytes):
                reached = done + event.at + len(event.data)
                seen.update(zip(range(done + event.at, reached), event.data, strict=True))
            else:
                done += event.received if isinstance(event, Pdv) else event.fragments * event.length
                reached = done
        needed = [first for first, length in wanted if first + length > reached]
        passing.skip = passing.pdus.skip(max(0, min(needed) - reached) if needed else FOREVER)
    for first, length in wanted:
        places = range(first, min(first + length, len(data)))
        assert [seen.get(place) for place in places] == [data[place] for place in places]
