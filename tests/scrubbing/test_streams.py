"""Bytes of a stream as they are copied, in whatever order and however often they come."""

import re
from io import BytesIO
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomsniff.association.preambles import SOCKS, find_answers, find_preambles
from dicomsniff.association.preambles import TUNNEL as HTTP_TUNNEL
from dicomsniff.scrubbing import streams
from dicomsniff.scrubbing.plan import Parts
from dicomsniff.scrubbing.streams import PlannedStream, RecordStream

SENT = b"head" + b"Doe^Jane" + b"tail" + bytes(8)
SHOWN = b"head" + b"Xyz^Abcd" + b"tail" + bytes(8)


def planned(initial: int = 1000) -> PlannedStream:
    parts = Parts(BytesIO())
    parts.keep(0, 4)
    parts.put(4, b"Xyz^Abcd")
    parts.keep(12, 16)
    parts.sort()
    return PlannedStream(initial, parts)


@given(
    st.lists(st.tuples(st.integers(0, 23), st.integers(1, 24)), max_size=12), st.sampled_from([0, 1000, (1 << 32) - 7])
)
def test_however_it_is_cut_and_repeated_each_byte_is_copied_as_planned(
    cuts: list[tuple[int, int]], initial: int
) -> None:
    stream = planned(initial)
    for start, length in cuts:
        piece = SENT[start : start + length]
        assert stream.copy((initial + start) & 0xFFFFFFFF, piece) == SHOWN[start : start + length]


def test_bytes_that_come_again_are_copied_as_the_first_time() -> None:
    stream = planned()
    assert stream.copy(1000, SENT[:16]) == SHOWN[:16]
    assert stream.copy(1000, b"Doe^" + SENT[4:16]) == SHOWN[:16]


def test_bytes_that_conflict_do_so_in_the_copy_and_show_nothing() -> None:
    stream = planned()
    stream.copy(1000, SENT[:16])
    copied = stream.copy(1000, b"Doe^" + SENT[4:16], conflicts=True)
    assert len(copied) == 16
    assert not any(one == other for one, other in zip(copied, SHOWN, strict=False))
    assert b"Doe" not in copied


def test_bytes_that_come_again_late_are_zeros(monkeypatch) -> None:
    monkeypatch.setattr(streams, "MAX_RECENT", 8)
    stream = planned()
    stream.copy(1000, SENT[:16])
    stream.copy(1016, SENT[16:])
    assert stream.copy(1000, SENT[:16]) == bytes(16)


def test_bytes_before_the_first_one_are_zeros() -> None:
    assert planned().copy(996, b"Doe^head") == bytes(4) + b"head"


HELLO, FINISHED = b"\x16\3\1\0\5hello", b"\x16\3\3\0\4seal"
CHANGE, DATA, ALERT = b"\x14\3\3\0\1\1", b"\x17\3\3\0\6sealed", b"\x15\3\3\0\2\1\0"


@given(st.lists(st.integers(1, 41), max_size=6))
def test_of_records_headers_are_copied_and_what_nobody_encrypted(cuts: list[int]) -> None:
    sent = HELLO + CHANGE + FINISHED + DATA + ALERT
    shown = HELLO + CHANGE + FINISHED[:5] + bytes(4) + DATA[:5] + bytes(6) + ALERT[:5] + bytes(2)
    stream, places = RecordStream(0, shows_handshake=True), sorted({0, *cuts, len(sent)})
    pieces = [stream.copy(a, sent[a:b]) for a, b in pairwise(places) if b <= len(sent)]
    assert b"".join(pieces) == shown


def test_of_a_handshake_nothing_is_copied_where_names_are_not_to_be_seen() -> None:
    stream = RecordStream(0, shows_handshake=False)
    assert stream.copy(0, HELLO) == HELLO[:5] + bytes(5)


PROXY = b"PROXY TCP4 10.0.0.9 10.0.0.2 51234 2762\r\n"
PROXY_2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0e\x0a\0\0\x09\x0a\0\0\x02\xc8\x22\x0a\xcaPW"
TUNNEL = b"CONNECT pacs:104 HTTP/1.1\r\nHost: pacs\r\n\r\n"
REFUSED = b"HTTP/1.1 407 No, Doe\r\nContact: Doe\r\nContent-Length: 6\r\n\r\nAsk Dr"
SOCKS_4 = b"\4\1\x0a\xca\x0a\0\0\2Doe\0"
SOCKS_4A = b"\4\1\x0a\xca\0\0\0\7Doe\0pacs\0"
SOCKS_5 = b"\5\2\0\1" + b"\5\1\0\3\4pacs\x0a\xca"
SOCKS_5_WITH_PASSWORD = b"\5\1\2" + b"\1\3Doe\2Dr" + b"\5\1\0\1\x0a\0\0\2\x0a\xca"
GRANTED_4 = b"\0\x5a\x0a\xca\x0a\0\0\2"
GRANTED_5 = b"\5\0" + b"\5\0\0\1\x0a\0\0\2\x0a\xca"
GRANTED_5_WITH_PASSWORD = b"\5\2" + b"\1\0" + b"\5\0\0\4" + b"\x0a" * 18
NO_RECORD = re.compile(rb"[^\x14-\x18]*")
OPENED = b"HTTP/1.0 200 Yes\r\nContent-Length: 9\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (PROXY, b"PROXY UNKNOWN" + b"x" * 26 + b"\r\n"),
        (PROXY_2, PROXY_2[:12] + b"\x20\0\0\x0e" + bytes(14)),
        (TUNNEL, b"CONNECT xxxxxxxx HTTP/1.1\r\nxxxxxxxxxx\r\n\r\n"),
        (PROXY + TUNNEL, b"PROXY UNKNOWN" + b"x" * 26 + b"\r\nCONNECT xxxxxxxx HTTP/1.1\r\nxxxxxxxxxx\r\n\r\n"),
        (
            REFUSED + OPENED,
            b"HTTP/1.1 407 xxxxxxx\r\nContxxxxxxxx\r\nContent-Length: 6\r\n\r\nxxxxxx"
            b"HTTP/1.0 200 xxx\r\nContent-Length: 9\r\n\r\n",
        ),
        (SOCKS_4, b"\4\1" + bytes(6) + b"xxx\0"),
        (SOCKS_4A, b"\4\1" + bytes(5) + b"\1xxx\0xxxx\0"),
        (SOCKS_5, SOCKS_5[:9] + b"xxxx\0\0"),
        (SOCKS_5_WITH_PASSWORD, b"\5\1\2\1\3xxx\2xx\5\1\0\1" + bytes(6)),
        (SOCKS_5 + PROXY, SOCKS_5[:9] + b"xxxx\0\0PROXY UNKNOWN" + b"x" * 26 + b"\r\n"),
        (GRANTED_4, b"\0\x5a" + bytes(6)),
        (GRANTED_5, GRANTED_5[:6] + bytes(6)),
        (GRANTED_5_WITH_PASSWORD, GRANTED_5_WITH_PASSWORD[:8] + bytes(18)),
    ],
)
@given(st.integers(1, 200))
def test_what_stands_before_records_is_copied_without_what_it_says(sent: bytes, shown: bytes, piece: int) -> None:
    stream, whole = RecordStream(0, shows_handshake=True), sent + HELLO
    copied = b"".join(stream.copy(at, whole[at : at + piece]) for at in range(0, len(whole), piece))
    assert copied == shown + HELLO
    assert find_preambles(shown + HELLO)[:2] == find_preambles(whole)[:2]
    for requests in ((HTTP_TUNNEL, HTTP_TUNNEL), (SOCKS,)):
        assert find_answers(shown, requests) == find_answers(sent, requests)


@given(
    st.sampled_from([PROXY, PROXY_2, TUNNEL, REFUSED, OPENED, SOCKS_4, SOCKS_4A, SOCKS_5, SOCKS_5_WITH_PASSWORD]),
    st.binary(max_size=9).filter(NO_RECORD.fullmatch),
    st.data(),
)
def test_of_a_damaged_one_nothing_is_copied_but_its_form(sent: bytes, damage: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sent)))
    copied = RecordStream(0, shows_handshake=True).copy(0, sent[:at] + damage + b"Doe^Jane" + sent[at:] + b"10.0.0.9")
    assert b"Doe^Jane" not in copied
    assert not any(each in copied for each in (b"10.0.0.9", b"\x0a\0\0\x09", b"pacs", b"Dr"))


def test_behind_a_gap_and_behind_what_is_no_record_nothing_is_copied() -> None:
    stream = RecordStream(0, shows_handshake=True)
    assert stream.copy(0, HELLO) == HELLO
    assert stream.copy(20, HELLO) == bytes(len(HELLO))
    stream = RecordStream(0, shows_handshake=True)
    assert stream.copy(0, b"Doe^J" + HELLO)[5:] == bytes(len(HELLO))


@pytest.mark.parametrize("piece", [1, 7, 1460])
@pytest.mark.parametrize("initial", [0, (1 << 32) - 7])
def test_what_stands_before_dicom_is_copied_without_what_it_says(piece: int, initial: int) -> None:
    opening, before = b"PROXY TCP4 10.0.0.9 10.0.0.2 51234 104\r\n", b"PROXY UNKNOWNxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"
    parts = Parts(BytesIO())
    parts.keep(len(opening), len(opening) + 4)
    parts.sort()
    stream, sent = PlannedStream(initial, parts, len(opening)), opening + SENT
    copied = b"".join(
        stream.copy((initial + at) & 0xFFFFFFFF, sent[at : at + piece]) for at in range(0, len(sent), piece)
    )
    assert copied == before + SENT[:4] + bytes(len(SENT) - 4)


def test_of_a_direction_of_which_nothing_was_read_nothing_is_copied_but_its_length() -> None:
    stream = streams.CopiedStream(7)
    assert stream.copy(7, b"Doe^Jane") + stream.copy(11, b"Jane") == bytes(12)
