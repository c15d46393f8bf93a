"""A capture that is still being written -> its packets as they come, until somebody stops."""

import sys
from io import BufferedReader, BytesIO
from itertools import pairwise
from types import SimpleNamespace

import pytest

import build
from compressions import COMPRESSIONS
from dicomsniff.capture import reader as reading
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.library import Capture
from pipeline import packets_of

FRAMES = [(build.START + number * 1_000_000, bytes([number]) * 50) for number in range(6)]
MAKERS = {"pcap": build.pcap, "pcapng": build.pcapng, "snoop": build.snoop}
every_format = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


class Writer:
    """Takes the place of the clock: every look at a file that has no more is when the next piece is written."""

    def __init__(self, path, pieces: list[bytes]) -> None:
        self.path, self.pieces = path, pieces
        self.reader: CaptureReader | None = None
        self.waits: list[float] = []
        path.write_bytes(self.pieces.pop(0))

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        assert len(self.waits) < 1000
        if self.pieces:
            with self.path.open("ab") as file:
                file.write(self.pieces.pop(0))
        else:
            self.reader.stop()


@pytest.fixture
def grow(tmp_path, monkeypatch):
    """Return a reader of a file that is written piece by piece."""

    def begin(pieces: list[bytes]) -> CaptureReader:
        writer = Writer(tmp_path / "growing", list(pieces))
        monkeypatch.setattr(reading.time, "sleep", writer.sleep)
        writer.reader = CaptureReader(str(writer.path), follow=True)
        return writer.reader

    return begin


def read(reader: CaptureReader) -> list[build.Frame]:
    found = [(time, frame) for batch in reader.batches() for _, time, _, frame in packets_of(batch)]
    reader.close()
    return found


@every_format
def test_packets_written_later_come(grow, make):
    whole = make(FRAMES)
    pieces = [make(FRAMES[:2]), make(FRAMES[:3])[len(make(FRAMES[:2])) :], whole[len(make(FRAMES[:3])) :]]
    reader = grow(pieces)
    assert reader.is_live
    assert read(reader) == FRAMES
    assert reader.truncated == ""


@every_format
@pytest.mark.parametrize("size", [1, 5, 17, 40])
def test_a_record_half_written_is_awaited(grow, make, size):
    whole = make(FRAMES)
    pieces = [whole[:28], *(whole[at : at + size] for at in range(28, len(whole), size))]
    reader = grow(pieces)
    assert read(reader) == FRAMES
    assert reader.truncated == ""


@every_format
def test_stopping_in_the_middle_of_a_record_is_no_damage(grow, make):
    reader = grow([make(FRAMES)[:-10]])
    assert read(reader) == FRAMES[:-1]
    assert reader.truncated == ""


def test_a_view_is_told_that_there_is_nothing_now(grow):
    reader = grow([build.pcap(FRAMES[:1]), b"", b""])
    counts = [len(batch.starts) for batch in reader.batches()]
    reader.close()
    assert counts == [1, 0, 0, 0]


def test_damage_ends_following(grow):
    reader = grow([build.pcap(FRAMES) + b"\xff" * 40])
    assert read(reader) == FRAMES
    assert "announces" in reader.truncated


def test_stop_before_the_end_ends_it(grow):
    reader = grow([build.pcap(FRAMES)])
    reader.stop()
    assert read(reader) == []


@pytest.mark.parametrize("size", [24, 26, 28, 40])
def test_places_are_right_where_the_beginning_comes_in_pieces(grow, tmp_path, size):
    whole = build.pcapng(FRAMES)
    reader = grow([whole[:size], whole[size:]])
    found = [packet for batch in reader.batches() for packet in packets_of(batch)]
    for index, (number, _, place, _) in enumerate(found):
        assert [p for batch in reader.batches_from(place, number) for p in packets_of(batch)] == found[index:]
    reader.close()


@pytest.mark.parametrize("size", [12, 20])
def test_a_pcapng_that_has_hardly_begun_has_its_places_right(grow, size):
    whole = build.pcapng(FRAMES)
    reader = grow([whole[:size], whole[size:]])
    places = [place for batch in reader.batches() for _, _, place, _ in packets_of(batch)]
    reader.close()
    head = len(build.section_header() + build.interface())
    assert places == [head + number * len(build.enhanced_packet(1, FRAMES[0][1])) for number in range(6)]


def test_an_analysis_sees_an_association_grow(grow):
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    first = build.pcap(build.frames(talk.packets))
    talk.client(build.message(1, build.echo_rq()))
    talk.server(build.message(1, build.echo_rsp()))
    whole = build.pcap(build.frames(talk.packets))
    with Capture(grow([first, whole[len(first) : -9], whole[-9:]])) as capture:
        seen = [[entry.event.name for _, entry in updates] for updates in capture.updates()]
    assert [names for names in seen if names] == [
        ["A-ASSOCIATE-RQ", "A-ASSOCIATE-AC"],
        ["C-ECHO-RQ"],
        ["C-ECHO-RSP"],
    ]


@pytest.mark.parametrize("compress", COMPRESSIONS.values(), ids=COMPRESSIONS)
def test_a_compressed_capture_that_grows_is_followed(grow, compress):
    frames = [(build.START + number * 1000, number.to_bytes(3, "big") * 40) for number in range(3000)]
    whole = compress(build.pcap(frames))
    at = [0, len(whole) * 4 // 5, len(whole) * 9 // 10, len(whole) - 2, len(whole)]
    reader = grow([whole[first:last] for first, last in pairwise(at)])
    assert read(reader) == frames
    assert reader.truncated == ""


@pytest.mark.parametrize("compress", COMPRESSIONS.values(), ids=COMPRESSIONS)
def test_a_growing_compressed_capture_that_is_damaged_ends(grow, compress):
    frames = [(build.START + number * 1000, number.to_bytes(3, "big") * 40) for number in range(3000)]
    whole = bytearray(compress(build.pcap(frames)))
    whole[-1500:-500] = b"\xff" * 1000
    reader = grow([bytes(whole)])
    assert read(reader)[:1000] == frames[:1000]


def test_standard_input_ends_where_the_pipe_does(monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BufferedReader(BytesIO(build.pcap(FRAMES)))))
    monkeypatch.setattr(reading.time, "sleep", None)
    assert read(CaptureReader("-", follow=True)) == FRAMES
