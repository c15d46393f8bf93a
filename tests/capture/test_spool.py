"""Packets that are kept while they are sniffed."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

import build
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.capture.spool import Spool
from dicomsniff.output import OutputError


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that temporary files are made in."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_is_read_anywhere_while_it_grows() -> None:
    spool = Spool()
    spool.add(b"first, ")
    reader = spool.open()
    assert reader.read(3) == b"fir"
    spool.add(b"second")
    assert reader.read() == b"st, second"
    assert reader.seek(7) == 7
    spool.add(b", third")
    assert reader.read(6) == b"second"
    reader.close()
    assert spool.read(13, 100) == b", third"
    spool.close()


@pytest.mark.skipif(sys.platform == "win32", reason="there the system removes it with the last that has it open")
def test_no_name_leads_to_a_temporary_one(temporary: Path) -> None:
    spool = Spool()
    spool.add(b"what a patient is called")
    assert os.listdir(temporary) == []
    assert spool.read(0, 100) == b"what a patient is called"
    spool.close()


def test_a_file_of_the_users_is_new_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "kept.pcap"
    spool = Spool(str(path))
    spool.add(b"packets")
    path.rename(tmp_path / "renamed.pcap")
    assert spool.read(0, 100) == b"packets"
    spool.close()
    assert (tmp_path / "renamed.pcap").read_bytes() == b"packets"


@pytest.mark.parametrize("name", ["earlier.pcap", "directory", "nowhere/new.pcap"])
def test_nothing_is_overwritten(name: str, tmp_path: Path) -> None:
    (tmp_path / "earlier.pcap").write_bytes(b"an earlier capture")
    (tmp_path / "directory").mkdir()
    with pytest.raises(OutputError, match=name):
        Spool(str(tmp_path / name))
    assert (tmp_path / "earlier.pcap").read_bytes() == b"an earlier capture"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open
    monkeypatch.setattr(os, "open", lambda path, flags, mode: opened("/dev/full", os.O_RDWR))
    spool = Spool(str(tmp_path / "kept.pcap"))
    with pytest.raises(OSError, match="No space left") as caught:
        spool.add(b"packets")
    assert caught.value.filename == str(tmp_path / "kept.pcap")
    spool.close()


def test_a_capture_is_read_again_from_it() -> None:
    talk = build.Talk().open().close()
    content = build.pcap(build.frames(talk.packets))
    spool = Spool()
    spool.add(content)
    reader = CaptureReader("eth0", open_file=spool.open)
    first = next(reader.batches())
    again = next(reader.batches_from(24 + first.starts[2] - 16, 3))
    assert again.first_number == 3
    assert [again.data[a:b] for a, b in zip(again.starts, again.ends, strict=True)] == [
        first.data[a:b] for a, b in zip(first.starts[2:], first.ends[2:], strict=True)
    ]
    reader.close()
    spool.close()
