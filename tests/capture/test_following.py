"""Files that are written while they are read: awaited, followed through rotation, and never read twice."""

import os
from collections.abc import Callable

import pytest

import build
from compressions import COMPRESSIONS
from dicomsniff.capture import following, silence
from dicomsniff.capture.following import FollowedFiles
from dicomsniff.capture.packets import CaptureError
from pipeline import packets_of

FRAMES = [(build.START + number * 1_000_000, bytes([number]) * 50) for number in range(12)]
Step = Callable[[], object]


class Clock:
    """Takes the place of the clock: every wait is when the next thing happens to the files; after the last, it ends."""

    def __init__(self, monkeypatch, *steps: Step) -> None:
        self.steps, self.now = list(steps), 0.0
        self.source: FollowedFiles | None = None
        self.waits = 0
        monkeypatch.setattr(following.time, "sleep", self.sleep)
        monkeypatch.setattr(silence.time, "monotonic", lambda: self.now)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.waits += 1
        if self.steps:
            self.steps.pop(0)()
        else:
            self.source.stop()


@pytest.fixture
def follow(monkeypatch):
    """Return what is read of a path while things happen, and what was said."""

    def run(path, *steps: Step) -> tuple[list[build.Frame], list[str], FollowedFiles]:
        clock = Clock(monkeypatch, *steps)
        clock.source = source = FollowedFiles(str(path))
        found, said = [], []
        numbers = []
        for batch in source.batches():
            packets = list(packets_of(batch))
            numbers += [number for number, *_ in packets]
            found += [(time, frame) for _, time, _, frame in packets]
            said += source.pop_notices()
        said += source.pop_notices()
        assert numbers == list(range(1, len(numbers) + 1)), "packets are numbered through"
        source.close()
        return found, said, source

    return run


def write(path, data: bytes, *, at: int = 0) -> Step:
    """Write a file anew; its time of writing is settable, for files that are written within one tick of the clock."""

    def step() -> None:
        path.write_bytes(data)
        os.utime(path, ns=(at, at))

    return step


def append(path, data: bytes) -> Step:
    def step() -> None:
        with path.open("ab") as file:
            file.write(data)

    return step


@pytest.mark.parametrize("name", ["one.pcap", "*.pcap", ""])
def test_a_file_that_is_not_there_yet_is_awaited(follow, tmp_path, name):
    path = tmp_path / "one.pcap"
    whole = build.pcap(FRAMES)
    steps = (write(path, b""), write(path, whole[:10]), append(path, whole[10:30]), append(path, whole[30:]))
    found, said, source = follow(tmp_path / name, *steps)
    assert found == FRAMES
    assert said == []
    assert source.truncated == ""


@pytest.mark.parametrize("compress", COMPRESSIONS.values(), ids=COMPRESSIONS)
def test_a_compressed_file_without_a_whole_header_is_awaited(follow, tmp_path, compress):
    path = tmp_path / "one"
    whole = compress(build.pcap(FRAMES))
    found, _, _ = follow(path, write(path, whole[:1]), append(path, whole[1:8]), append(path, whole[8:]))
    assert found == FRAMES


def test_silence_is_told_once_and_what_may_be_the_reason(follow, tmp_path):
    path = tmp_path / "one.pcap"
    idle = [lambda: None] * 60
    _, said, _ = follow(path, write(path, build.pcap([])), *idle)
    assert said == [f"no packet has come in 5 s; {silence.BUFFERED}"]
    assert "tcpdump -U" in said[0]
    _, said, _ = follow(tmp_path / "*.pcapng", *idle)
    assert said == [f"no file has come in 5 s; {silence.BUFFERED}"]


def test_nothing_is_said_of_a_silence_after_packets(follow, tmp_path):
    path = tmp_path / "one.pcap"
    found, said, _ = follow(path, write(path, build.pcap(FRAMES)), *[lambda: None] * 60)
    assert (found, said) == (FRAMES, [])


def test_the_next_file_of_a_ring_is_taken_up(follow, tmp_path):
    one, two, three = (tmp_path / f"ring_{number}.pcapng" for number in (9, 10, 11))
    write(two, build.pcapng(FRAMES[3:5]), at=2)()
    write(one, build.pcapng(FRAMES[:3]), at=1)()
    more = build.pcapng(FRAMES[3:6])[len(build.pcapng(FRAMES[3:5])) :]
    found, said, _ = follow(tmp_path, append(two, more), write(three, b""), append(three, build.pcapng(FRAMES[6:])))
    assert found == FRAMES
    assert said == []


def test_files_written_at_one_time_are_read_in_the_order_of_their_numbers(follow, tmp_path):
    for number in (10, 9, 8):
        write(tmp_path / f"trace.pcap{number}", build.pcap(FRAMES[(number - 8) * 4 :][:4]), at=5)()
    found, _, _ = follow(tmp_path / "trace.pcap*")
    assert found == FRAMES


def test_a_file_of_a_ring_that_is_written_over_is_read_again(follow, tmp_path):
    one, two = tmp_path / "trace0", tmp_path / "trace1"
    write(one, build.pcap(FRAMES[:4]), at=1)()
    write(two, build.pcap(FRAMES[4:8]), at=2)()
    found, _, _ = follow(tmp_path / "trace?", write(one, build.pcap(FRAMES[8:10]), at=3))
    assert found == FRAMES[:10]


def test_a_file_that_was_compressed_after_it_was_read_is_not_read_again(follow, tmp_path):
    one, two = tmp_path / "one.pcap", tmp_path / "two.pcap"
    write(one, build.pcap(FRAMES[:6]), at=1)()
    write(two, build.pcap(FRAMES[6:]), at=2)()

    def compress() -> None:
        (tmp_path / "one.pcap.gz").write_bytes(COMPRESSIONS["gzip"](one.read_bytes()))
        one.unlink()

    found, _, _ = follow(tmp_path, compress, lambda: None)
    assert found == FRAMES


def test_a_file_that_lost_its_name_to_the_next_is_not_read_again(follow, tmp_path):
    one = tmp_path / "log.pcap"
    write(one, build.pcap(FRAMES[:6]))()

    def rotate() -> None:
        one.rename(tmp_path / "log-20261127.pcap")
        one.write_bytes(build.pcap(FRAMES[6:]))

    for followed in (tmp_path, one):
        found, said, _ = follow(followed, rotate, lambda: None)
        assert found == FRAMES
        assert said == [following._End.REPLACED.value]
        (tmp_path / "log-20261127.pcap").unlink()
        write(one, build.pcap(FRAMES[:6]))()


def test_what_was_written_before_a_rename_is_not_lost(follow, tmp_path):
    path = tmp_path / "log.pcap"
    whole = build.pcap(FRAMES[:6])
    write(path, whole[:-30])()

    def rotate() -> None:
        append(path, whole[-30:])()
        path.rename(tmp_path / "log.pcap.1")
        path.write_bytes(build.pcap(FRAMES[6:]))

    assert follow(path, rotate)[0] == FRAMES


def test_a_file_that_is_cut_short_is_read_from_its_beginning_again(follow, tmp_path):
    path = tmp_path / "log.pcap"
    write(path, build.pcap(FRAMES[:8]))()
    found, said, source = follow(path, write(path, b""), append(path, build.pcap(FRAMES[8:])))
    assert found == FRAMES
    assert said == [following._End.CUT_SHORT.value]
    assert source.truncated == ""


def test_places_in_every_file_can_be_gone_back_to(follow, tmp_path, monkeypatch):
    for number in range(3):
        write(tmp_path / f"{number}.pcap", build.pcap(FRAMES[number * 4 :][:4]), at=number)()
    clock = Clock(monkeypatch)
    clock.source = source = FollowedFiles(str(tmp_path))
    found = [packet for batch in source.batches() for packet in packets_of(batch)]
    for index, (number, _, place, _) in enumerate(found):
        assert [p for batch in source.batches_from(place, number) for p in packets_of(batch)] == found[index:]
    (tmp_path / "1.pcap").unlink()
    with pytest.raises(CaptureError):
        list(source.batches_from(found[0][2], 1))
    source.close()


def test_a_file_that_is_no_capture_ends_it_only_where_it_is_the_only_one(follow, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(CaptureError, match="zip archive"):
        FollowedFiles(str(path))
    write(tmp_path / "b.pcap", build.pcap(FRAMES))()
    found, said, _ = follow(tmp_path)
    assert found == FRAMES
    assert said == ["a file that is no capture is passed over"]


def test_a_damaged_file_ends_it_only_where_it_is_the_only_one(follow, tmp_path):
    path = tmp_path / "1.pcap"
    write(path, build.pcap(FRAMES[:6]) + b"\xff" * 40, at=1)()
    found, _, source = follow(path)
    assert found == FRAMES[:6]
    assert "announces" in source.truncated
    write(tmp_path / "2.pcap", build.pcap(FRAMES[6:]), at=2)()
    found, said, source = follow(tmp_path)
    assert found == FRAMES
    assert "announces" in source.truncated
    assert said == [f"one of the files is not whole: {source.truncated}"]


def test_a_following_that_is_stopped_before_anything_came_ends(tmp_path):
    source = FollowedFiles(str(tmp_path / "nothing"))
    source.stop()
    assert list(source.batches()) == []
