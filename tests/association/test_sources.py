"""DICOM inside another protocol's records: the stages behind TCP need not know that it is there."""

import re
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build
from dicomsniff.association import recognition
from dicomsniff.association.protocols import PROTOCOLS, OtherProtocol
from dicomsniff.library import Capture
from dicomsniff.tcp.source import TcpSource
from examples import examples
from pipeline import analyze, codes, names
from records import BEGINS, HEADER, RecordConnection, wrap

CT = build.CT_IMAGE_STORAGE
DATA = Random(5).randbytes(20_000)
TURNS = [
    (0, build.associate_rq(build.proposal(3, CT))),
    (1, build.associate_ac(build.answer(3))),
    (0, build.message(3, build.store_rq(1), DATA, 7_000)),
    (1, build.message(3, build.store_rsp(1))),
    (0, build.release_rq()),
    (1, build.release_rp()),
]


@pytest.fixture(autouse=True)
def _records(monkeypatch):
    row = OtherProtocol("records", re.compile(BEGINS), RecordConnection)
    monkeypatch.setattr("dicomsniff.association.protocols.PROTOCOLS", (row, *PROTOCOLS))


def wrapped(sizes: list[int], segment: int = 1460) -> list[build.Packet]:
    """The exchange, each turn in records of these sizes."""
    talk = build.Talk(tick=1000).open()
    for number, (side, data) in enumerate(TURNS):
        stream = wrap(data, sizes, 7 * number + 1)
        talk.pieces(side, [stream[at : at + segment] for at in range(0, len(stream), segment)])
    return talk.close().packets


def plain() -> list[build.Packet]:
    talk = build.Talk(tick=1000).open()
    for side, data in TURNS:
        talk.pieces(side, [data[at : at + 1460] for at in range(0, len(data), 1460)])
    return talk.close().packets


def seen(packets: list[build.Packet]) -> list[object]:
    return [
        (
            names(found),
            codes(found),
            found.outcome,
            [(each.command.raw, each.data_set and each.data_set.length) for each in found.messages],
            [(entry.span.start, entry.span.end) for entry in found.timeline],
        )
        for found in analyze(packets).associations
    ]


@given(st.lists(st.integers(1, 5000), max_size=12), st.integers(20, 5000))
@settings(max_examples=examples(60))
def test_records_hold_the_same_exchange_as_bare_tcp_with_offsets_of_their_own(sizes, segment):
    assert seen(wrapped(sizes, segment)) == seen(plain())


def test_associations_are_numbered_and_judged_as_any():
    found = analyze([*wrapped([100, 300]), *plain_of_another()])
    assert [association.id for association in found.associations] == [1, 2]
    assert dict(found.foreign) == {}
    assert found.associations[0].requestor_is == "sent A-ASSOCIATE-RQ"


def plain_of_another() -> list[build.Packet]:
    talk = build.Talk(client=("10.0.0.9", 50_000), start=build.START + 10**9).open()
    talk.client(build.associate_rq())
    talk.server(build.associate_rj())
    return talk.close().packets


@pytest.mark.parametrize("sizes", [[], [1, 2, 3], [1000] * 8, [16_000, 10]])
@pytest.mark.parametrize("segment", [100, 1460, 60_000])
def test_what_is_inside_records_is_reread(tmp_path, sizes, segment):
    path = tmp_path / "capture.pcap"
    path.write_bytes(build.pcap(build.frames(wrapped(sizes, segment))))
    with Capture(str(path)) as capture:
        (association,) = capture.associations
        found = [capture.message_bytes(message) for message in association.messages]
        assert [each.command for each in found] == [build.store_rq(1), build.store_rsp(1)]
        assert found[0].data_set.read() == DATA
        (request, *_) = association.timeline
        piece = capture.stream_bytes(request.span)
        assert (piece.start, bytes(piece.data), piece.holes) == (0, TURNS[0][1], [])


def test_a_span_is_led_to_the_packets_and_bytes_of_tcp():
    packets = wrapped([1000] * 8, 500)
    (association,) = analyze(packets).associations
    store = association.messages[0]
    located = store.span.source.locate(store.span)
    assert sum(where.end - where.start for where in located) == store.span.end - store.span.start
    assert {type(where.source) for where in located} == {TcpSource}
    first, *_, last = located
    begun = [number for number, packet in enumerate(packets, 1) if packet.data.startswith(BEGINS)]
    assert first.first_packet == max(number for number in begun if number <= store.span.first_packet)
    assert last.last_packet == store.span.last_packet
    assert all(one.end + HEADER.size == other.start for one, other in pairwise(located))


def test_other_traffic_inside_records_is_counted_under_their_name():
    talk = build.Talk(tick=1000).open()
    talk.client(wrap(b"GET / HTTP/1.1\r\n\r\n", []))
    talk.server(wrap(b"HTTP/1.1 200 OK\r\n\r\n", []))
    found = analyze(talk.close().packets)
    assert (found.associations, dict(found.foreign)) == ([], {"records": 1})


def test_more_records_than_may_wait_are_taken_all_the_same():
    talk = build.Talk(tick=1000).open()
    talk.client(wrap(TURNS[0][1] + TURNS[2][1], [500] * 20))
    talk.server(wrap(TURNS[1][1], []))
    (found,) = analyze(talk.close().packets).associations
    assert len(TURNS[2][1]) > recognition.MAX_UNDECIDED
    assert names(found)[:3] == ["A-ASSOCIATE-RQ", "unexpected P-DATA-TF", "C-STORE-RQ"]
