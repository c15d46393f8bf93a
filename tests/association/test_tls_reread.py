"""DICOM inside TLS is what it is in the clear: the same exchange, the same bytes when they are read once more."""

import ssl
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build
from dicomsniff.association import tls_source
from dicomsniff.library import Capture
from dicomsniff.tcp.source import TcpSource
from examples import examples
from tls_talk import Session, packets, spoken

CT = build.CT_IMAGE_STORAGE
DATA = [Random(number).randbytes(90_000 + number) for number in range(3)]
TURNS = [
    (0, build.associate_rq(build.proposal(3, CT))),
    (1, build.associate_ac(build.answer(3))),
    *(
        turn
        for number, data in enumerate(DATA, start=1)
        for turn in (
            (0, build.message(3, build.store_rq(number), data, 16_000)),
            (1, build.message(3, build.store_rsp(number))),
        )
    ),
    (0, build.release_rq()),
    (1, build.release_rp()),
]
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda version: version.name)
def session(request: pytest.FixtureRequest) -> Session:
    return spoken(TURNS, request.param)


def opened(tmp_path: Path, session: Session, traffic: list[build.Packet]) -> Capture:
    from dicomsniff.key_files import KeyFiles

    path, log = tmp_path / "capture.pcap", tmp_path / "keys.log"
    path.write_bytes(build.pcap(build.frames(traffic)))
    log.write_bytes(session.key_log)
    return Capture(str(path), keys=KeyFiles([log]))


@pytest.mark.parametrize("segment", [700, 1460, 60_000])
@pytest.mark.parametrize("places", [2, 512])
def test_what_is_inside_tls_is_reread(tmp_path, monkeypatch, session, segment, places):
    monkeypatch.setattr(tls_source, "MAX_PLACES", places)
    with opened(tmp_path, session, packets(session, segment=segment)) as capture:
        (association,) = capture.associations
        assert association.outcome == "released"
        found = [capture.message_bytes(message) for message in association.messages]
        assert [each.data_set.read() for each in found[::2]] == DATA
        assert [each.command for each in found[1::2]] == [build.store_rsp(number) for number in (1, 2, 3)]
        (request, *_) = association.timeline
        piece = capture.stream_bytes(request.span)
        assert (piece.start, bytes(piece.data), piece.holes) == (0, TURNS[0][1], [])


def test_events_have_the_packets_in_which_their_own_bytes_came(tmp_path, session):
    traffic = packets(session)
    with opened(tmp_path, session, traffic) as capture:
        (association,) = capture.associations
        spans = [entry.span for entry in association.timeline]
        assert all(one.last_packet <= other.last_packet for one, other in pairwise(spans))
        store = association.messages[0].span
        carried = sum(len(packet.data) for packet in traffic[store.first_packet - 1 : store.last_packet])
        assert len(DATA[0]) < carried < len(DATA[0]) + 5_000
        (located,) = store.source.locate(store)
        assert isinstance(located.source, TcpSource)
        assert located.first_packet <= store.first_packet < store.last_packet <= located.last_packet


def test_what_came_out_of_order_is_reread_too(tmp_path, session):
    traffic = packets(session)
    shuffled = [packet for pair in zip(traffic[20::2], traffic[21::2], strict=False) for packet in reversed(pair)]
    with opened(tmp_path, session, [*traffic[:20], *shuffled, *traffic[20 + len(shuffled) :]]) as capture:
        (association,) = capture.associations
        assert [capture.message_bytes(message).data_set.read() for message in association.messages[::2]] == DATA


@given(lost=st.integers(12, 150))
@settings(max_examples=examples(30))
def test_a_lost_segment_costs_what_it_held_and_is_told(tmp_path_factory, lost):
    session = _recorded()
    traffic = packets(session)
    number = min(lost, len(traffic) - 10)
    with opened(tmp_path_factory.mktemp("lost"), session, traffic[:number] + traffic[number + 1 :]) as capture:
        (association,) = capture.associations
        whole = [message for message in association.messages if message.complete and message.data_set]
        for message in whole:
            found = capture.message_bytes(message)
            assert found.data_set is not None
            assert found.data_set.read() == DATA[message.command.message_id - 1] or found.whole < found.length


def _recorded(recorded: list[Session] = []) -> Session:  # noqa: B006  recorded once
    if not recorded:
        recorded.append(spoken(TURNS))
    return recorded[0]
