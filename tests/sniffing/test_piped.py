"""Standard input as a capturer: packets go to the spool, in whatever pieces they come; what is no capture is told."""

import os
from collections.abc import Iterator
from contextlib import suppress

import pytest

import build
from compressions import COMPRESSIONS
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.sniffing.movers import MoverError
from dicomsniff.sniffing.piped import StandardInput
from dicomsniff.sniffing.plan import Plan
from pipeline import packets_of

FRAMES = [(build.START + number * 1_000_000, bytes([number]) * 50) for number in range(6)]
NANOSECONDS = build.pcap([(time + 7, frame) for time, frame in FRAMES], nanoseconds=True)


class Pipe:
    """A pipe, and who takes from it."""

    def __init__(self) -> None:
        self.theirs, self.ours = os.pipe()
        self.mover = StandardInput(Plan(("-",)), self.theirs)
        self.spool = bytearray()

    def put(self, data: bytes) -> None:
        os.write(self.ours, data)
        self.take()

    def take(self, most: int = 1000) -> int:
        taken = self.mover.take(most)
        self.spool += taken.data
        return taken.packets

    def close(self) -> None:
        for side in (self.theirs, self.ours):
            with suppress(OSError):
                os.close(side)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


@pytest.mark.parametrize("size", [1, 7, 40, 10_000])
@pytest.mark.parametrize("whole", [build.pcap(FRAMES), build.pcapng(FRAMES)], ids=["pcap", "pcapng"])
def test_packets_come_through_in_whatever_pieces(pipe, tmp_path, whole, size):
    assert pipe.mover.files() == []
    assert pipe.take() == 0
    assert pipe.spool, "there is a file before anything has come"
    assert pipe.mover.files() == [pipe.theirs]
    for at in range(0, len(whole), size):
        pipe.put(whole[at : at + size])
        assert not pipe.mover.is_over
    os.close(pipe.ours)
    pipe.take()
    assert pipe.mover.is_over
    path = tmp_path / "spool"
    path.write_bytes(pipe.spool)
    reader = CaptureReader(str(path))
    assert [(time, frame) for batch in reader.batches() for _, time, _, frame in packets_of(batch)] == FRAMES
    assert reader.truncated == ""
    reader.close()


def test_the_time_of_packets_keeps_its_nanoseconds(pipe, tmp_path):
    pipe.take()
    pipe.put(NANOSECONDS)
    path = tmp_path / "spool"
    path.write_bytes(pipe.spool)
    reader = CaptureReader(str(path))
    assert [time for batch in reader.batches() for _, time, _, _ in packets_of(batch)] == [t + 7 for t, _ in FRAMES]
    reader.close()


def test_nothing_more_is_taken_than_was_asked_for(pipe):
    pipe.take()
    os.write(pipe.ours, build.pcap(FRAMES))
    assert pipe.take(2) == 2


def test_stopping_takes_what_is_there_and_waits_for_nothing(pipe):
    pipe.take()
    os.write(pipe.ours, build.pcap(FRAMES))
    pipe.mover.stop()
    assert pipe.take() == len(FRAMES)
    assert pipe.mover.is_over
    assert pipe.take() == 0
    assert pipe.mover.is_over


def test_a_pipe_in_which_nothing_is_ends_as_soon_as_it_is_stopped(pipe):
    pipe.take()
    pipe.mover.stop()
    assert not pipe.mover.is_over
    assert pipe.take() == 0
    assert pipe.mover.is_over


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04", "standard input: it is a zip archive"),
        (COMPRESSIONS["zstd"](build.pcap(FRAMES)), "`zstd -dc | dicomsniff live -`"),
        (b"\x34\xcd\xb2\xa1" + bytes(20), "only `dicomsniff show -` reads"),
        (build.pcap([]) + b"\xff" * 16, "standard input: it is damaged: a record announces 4294967295 bytes"),
        (b"Permission denied", "standard input: not a capture"),
    ],
)
def test_what_is_no_capture_is_refused_with_the_reason(pipe, data, said):
    pipe.take()
    with pytest.raises(MoverError) as error:
        pipe.put(data)
    assert said in str(error.value)
