"""DICOM told from other traffic by its bytes."""

from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import build
from dicomsniff.pdu.recognize import Verdict, find_header, find_message_start, judge_start
from examples import examples
from pipeline import decode, split

ECHO = build.command_pdu(1, build.echo_rq())
BEGINNINGS = [
    build.associate_rq(),
    build.associate_ac(),
    build.associate_rj(),
    build.release_rq(),
    build.release_rp(),
    build.abort(2, 1),
    ECHO,
    build.p_data(build.pdv(3, bytes(100), last=False)),
    build.p_data(build.pdv(1, build.store_rq(), command=True), build.pdv(1, b"data")),
]
FOREIGN = [
    b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"SSH-2.0-OpenSSH_9.6\r\n",
    b"\x0bMSH|^~\\&|",
    b"\xde\xad\xbe\xef" * 4,
]


@pytest.mark.parametrize("data", BEGINNINGS)
def test_every_pdu_at_the_start_of_a_stream_is_recognized(data):
    assert judge_start(data) is Verdict.DICOM


@pytest.mark.parametrize("data", BEGINNINGS)
def test_a_beginning_is_never_denied_before_it_is_recognized(data):
    verdicts = [judge_start(data[:length]) for length in range(len(data) + 1)]
    assert Verdict.OTHER not in verdicts
    first = verdicts.index(Verdict.DICOM)
    assert set(verdicts[first:]) == {Verdict.DICOM}


@pytest.mark.parametrize("data", FOREIGN)
def test_other_protocols_are_denied(data):
    assert judge_start(data) is Verdict.OTHER
    assert decode([data, ECHO]) == []


@pytest.mark.parametrize(
    "data",
    [
        b"\1\0\0\0\0\4" + bytes(80),  # an A-ASSOCIATE-RQ is longer than 4 bytes
        b"\1\1" + build.associate_rq()[2:],  # reserved byte
        b"\1\0\xff\xff\xff\xff" + bytes(80),  # longer than any
        b"\4\0\0\0\0\x20\0\0\0\x30\1\3" + bytes(40),  # the PDV is longer than its PDU
        b"\4\0\0\0\0\x20\0\0\0\x1c\2\3" + bytes(40),  # even context
        b"\7\0\0\0\0\4\0\0\3\0",  # abort source 3
        b"\5\0\0\0\0\5\0\0\0\0\0",  # a release of 5 bytes
    ],
)
def test_what_only_begins_like_a_pdu_is_denied(data):
    assert judge_start(data) is Verdict.OTHER


@given(st.binary(max_size=300), st.binary(max_size=30))
@settings(max_examples=examples(200))
@example(b"\4\0\0\4\0\0\0\1", b"")
def test_the_next_header_is_found_wherever_it_stands(before, after):
    data = before + ECHO + after
    assert 0 <= find_header(data, 0) <= len(before)
    assert 0 <= find_message_start(data) <= len(before)


def test_a_stream_that_starts_anywhere_is_recognized_at_its_first_command():
    image = build.data_pdus(1, bytes(range(256)) * 40, 2000)
    found = decode([image[700:] + ECHO], known_start=False)
    assert [event.name for event in found if hasattr(event, "name")] == ["skipped bytes"]
    assert found[-1].data == build.echo_rq()


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_are_never_dicom(seed):
    pieces = split(Random(seed).randbytes(50_000), range(0, 50_000, 1460))
    assert decode(pieces, known_start=False) == []
    assert decode([b"\x99", *pieces]) == []


def test_where_a_segment_ends_does_not_make_a_start():
    """The bytes 77 before the end of a segment are no likelier to begin a PDU than any other."""
    tail = build.p_data(build.pdv(1, bytes(200)))
    whole = decode([b"\0" * 500 + tail], known_start=False)
    pieces = decode([b"\0" * 500 + tail[:77], tail[77:]], known_start=False)
    assert whole == pieces == []
