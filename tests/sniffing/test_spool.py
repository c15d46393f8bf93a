"""Packets that are kept while they are sniffed: written by one process, read anywhere by another."""

import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import build
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.output import OutputError
from dicomsniff.sniffing import blocks
from dicomsniff.sniffing.notes import Channel
from dicomsniff.sniffing.plan import Plan
from dicomsniff.sniffing.spool import Spool
from dicomsniff.sniffing.translation import Taken
from dicomsniff.sniffing.writer import SpoolWriter

HEADS = (blocks.section_header("tests"), blocks.interface_description("eth9", 1, 65535, nanoseconds=True))
HEAD = Taken(b"".join(HEADS), 0, HEADS)


def packets(*frames: bytes) -> Taken:
    return Taken(
        b"".join(blocks.packet(0, number, frame, len(frame)) for number, frame in enumerate(frames)), len(frames)
    )


class Kept:
    """A writer, and a spool that has been told all it said."""

    def __init__(self, plan: Plan) -> None:
        ours, theirs = socket.socketpair()
        self._ours, self._theirs = Channel(ours), Channel(theirs)
        self.writer = SpoolWriter(plan, self._theirs)
        self.spool = Spool(0 if plan.write else plan.spool_limit)

    def add(self, *taken: Taken) -> None:
        for each in taken:
            self.writer.add(each)
        self.hear()

    def hear(self) -> None:
        self.writer.tell()
        heard = False
        while not heard:
            for note in self._ours.receive(10):
                match note["is"]:
                    case "file":
                        self.spool.add(note["file"], note["at"], note["name"], note["packets"])
                    case "removed":
                        self.spool.forget(note["name"])
                    case "written":
                        self.spool.grow(note["to"])
                        heard = True

    def frames(self) -> list[bytes]:
        with self.spool.open() as file:
            file.seek(self.spool.start)
            return frames_of(CaptureReader("spool", open_file=lambda: file))

    def close(self) -> None:
        self.writer.close()
        self.spool.close()
        self._ours.close()
        self._theirs.close()


def frames_in(path: Path) -> list[bytes]:
    """Return the frames of a file that has to be whole."""
    reader = CaptureReader(str(path))
    frames = frames_of(reader)
    assert not reader.truncated
    reader.close()
    return frames


def frames_of(reader: CaptureReader) -> list[bytes]:
    return [batch.data[s:e] for batch in reader.batches() for s, e in zip(batch.starts, batch.ends, strict=True)]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that temporary files are made in."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def kept() -> Iterator[list[Kept]]:
    """What is closed at the end."""
    made: list[Kept] = []
    yield made
    for each in made:
        each.close()


def keep(kept: list[Kept], **plan: object) -> Kept:
    kept.append(Kept(Plan(("eth9",), **plan)))  # type: ignore[arg-type]
    return kept[-1]


def test_it_is_read_anywhere_while_it_grows(kept: list[Kept]) -> None:
    spool = keep(kept)
    spool.add(HEAD, packets(b"first"))
    file = spool.spool.open()
    assert file.read(4) == blocks.section_header("")[:4]
    before = spool.spool.end
    spool.add(packets(b"second"))
    file.seek(before)
    assert b"second" in file.read()
    assert file.read(5) == b""
    assert spool.frames() == [b"first", b"second"]


@pytest.mark.skipif(sys.platform == "win32", reason="there the system removes it with the last that has it open")
def test_no_name_leads_to_a_temporary_one(temporary: Path, kept: list[Kept]) -> None:
    spool = keep(kept)
    spool.add(HEAD, packets(b"kept"))
    assert list(temporary.iterdir()) == []
    assert spool.frames() == [b"kept"]


def test_the_oldest_goes_where_a_temporary_one_is_too_large(kept: list[Kept]) -> None:
    spool = keep(kept, spool_limit=8000)
    spool.add(HEAD, *(packets(bytes([number]) * 500) for number in range(40)))
    frames = spool.frames()
    assert 8 <= len(frames) <= 16
    assert frames[-1] == bytes([39]) * 500
    assert spool.spool.packets_before == 40 - len(frames)
    kept_now = spool.spool.keeping
    assert (kept_now.files, kept_now.most, kept_now.gone) == ((), 8000, 40 - len(frames))
    assert len(frames) * 536 < kept_now.size <= 8000
    with pytest.raises(OSError, match="not kept any more"):
        spool.spool.read(0, 10)


def test_a_named_file_is_readable_by_its_owner_only(tmp_path: Path, kept: list[Kept]) -> None:
    path = tmp_path / "kept.pcapng"
    spool = keep(kept, write=str(path))
    spool.add(HEAD, packets(b"kept"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert frames_in(path) == [b"kept"]


def test_a_file_that_is_there_is_replaced_only_where_that_was_asked_for(tmp_path: Path, kept: list[Kept]) -> None:
    path = tmp_path / "kept.pcapng"
    path.write_bytes(b"an earlier capture")
    with pytest.raises(OutputError, match="--force"):
        keep(kept, write=str(path)).writer.add(HEAD)
    assert path.read_bytes() == b"an earlier capture"
    spool = keep(kept, write=str(path), force=True)
    spool.add(HEAD, packets(b"new"))
    assert frames_in(path) == [b"new"]


def test_each_file_of_a_rotation_is_a_capture_of_its_own(tmp_path: Path, kept: list[Kept]) -> None:
    spool = keep(kept, write=str(tmp_path / "ring.pcapng"), rotate_bytes=1000, keep=2)
    spool.add(HEAD, *(packets(bytes([number]) * 600) for number in range(7)))
    names = sorted(tmp_path.iterdir())
    assert [frames_in(name) for name in names] == [
        [bytes([4]) * 600, bytes([5]) * 600],
        [bytes([6]) * 600],
    ]
    assert [name.name.split("_")[1] for name in names] == ["00003", "00004"]
    written = spool.spool.keeping
    assert written.files == tuple(str(name) for name in names)
    assert written.gone == 4
    assert spool.frames() == [bytes([number]) * 600 for number in (4, 5, 6)]


def test_a_file_that_begins_with_another_interface_has_those_before(tmp_path: Path, kept: list[Kept]) -> None:
    second = blocks.interface_description("eth8", 1, 65535, nanoseconds=True)
    spool = keep(kept, write=str(tmp_path / "ring.pcapng"), rotate_bytes=500)
    spool.add(
        HEAD, packets(b"x" * 600), Taken(second + packets(b"y").data, 1, (second,)), packets(b"z" * 600), packets(b"z")
    )
    assert [frames_in(name) for name in sorted(tmp_path.iterdir())] == [[b"x" * 600], [b"y", b"z" * 600], [b"z"]]


def secrets(text: bytes) -> Taken:
    """A Decryption Secrets Block with a TLS key log."""
    block = build.secrets_block(text)
    return Taken(block, 0, (block,))


def key_logs_in(path: Path) -> list[bytes]:
    reader = CaptureReader(str(path))
    try:
        return [log for _ in reader.batches() for log in reader.take_key_logs()]
    finally:
        reader.close()


def test_each_file_of_a_rotation_holds_the_tls_secrets_that_came_before_it(tmp_path: Path, kept: list[Kept]) -> None:
    spool = keep(kept, write=str(tmp_path / "ring.pcapng"), rotate_bytes=500)
    spool.add(HEAD, secrets(b"first"), packets(b"x" * 600), secrets(b"second"), packets(b"y" * 600), packets(b"z"))
    first, second, third = (key_logs_in(name) for name in sorted(tmp_path.iterdir()))
    assert (first, second, third) == ([b"first"], [b"first", b"second"], [b"first", b"second"])


def test_of_very_many_tls_secrets_a_file_of_a_rotation_begins_with_the_newest(
    tmp_path: Path, kept: list[Kept], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dicomsniff.sniffing.writer.MAX_HEADS", sum(map(len, HEAD.heads)) + 100)
    spool = keep(kept, write=str(tmp_path / "ring.pcapng"), rotate_bytes=500)
    spool.add(HEAD, *(secrets(bytes([number]) * 40) for number in b"abc"), packets(b"x" * 600), packets(b"y"))
    assert key_logs_in(sorted(tmp_path.iterdir())[-1]) == [b"c" * 40]


def test_what_cannot_be_written_leaves_whole_records(tmp_path: Path, kept: list[Kept], monkeypatch) -> None:
    path = tmp_path / "kept.pcapng"
    spool = keep(kept, write=str(path))
    spool.add(HEAD, packets(b"whole"))
    room = [150]

    def write_some(file: int, data: bytes, place: int) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        done = os.pwrite(file, bytes(data)[: room[0]], place)
        room[0] -= done
        return done

    monkeypatch.setattr("dicomsniff.sniffing.writer.write_at", write_some)
    with pytest.raises(OSError, match="No space left"):
        spool.writer.add(packets(b"x" * 68, b"y" * 68))
    assert frames_in(path) == [b"whole", b"x" * 68]


def test_what_a_lost_capturer_left_is_cut_to_whole_records(tmp_path: Path, kept: list[Kept]) -> None:
    path = tmp_path / "kept.pcapng"
    spool = keep(kept, write=str(path))
    spool.add(HEAD, packets(b"whole"))
    with path.open("ab") as file:
        file.write(packets(b"half").data[:20])
    spool.spool.trim()
    assert frames_in(path) == [b"whole"]


def test_frames_of_any_length_are_read_as_they_were_written(kept: list[Kept]) -> None:
    frames = [bytes(length) for length in range(9)]
    spool = keep(kept)
    spool.add(HEAD, packets(*frames))
    assert spool.frames() == frames


def test_a_file_that_begins_with_a_section_has_nothing_of_the_one_before(tmp_path: Path, kept: list[Kept]) -> None:
    spool = keep(kept, write=str(tmp_path / "ring.pcapng"), rotate_bytes=500)
    spool.add(HEAD, packets(b"x" * 600), HEAD, packets(b"y"))
    first, second = sorted(tmp_path.iterdir())
    assert second.read_bytes() == HEAD.data + packets(b"y").data
    assert frames_in(first) == [b"x" * 600]


def test_the_only_file_stays_however_large_it_is() -> None:
    spool = Spool(limit=10)
    with tempfile.TemporaryFile() as file:
        file.write(bytes(range(50)))
        file.flush()
        spool.add(os.dup(file.fileno()), 0, "", 0)
        spool.grow(50)
        assert spool.read(0, 100) == bytes(range(50))
        spool.close()


def test_what_is_not_said_to_be_written_is_not_read() -> None:
    spool = Spool()
    with tempfile.TemporaryFile() as file:
        file.write(bytes(range(50)))
        file.flush()
        spool.add(os.dup(file.fileno()), 0, "", 0)
        spool.grow(20)
        assert spool.read(0, 100) == bytes(range(20))
        assert spool.read(30, 100) == b""
        spool.close()
