"""Whatever ends the program, even SIGKILL, no temporary file is left, and nobody else could have read one."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dicomsniff.dimse.collection import MAX_ALONE, Collection
from dicomsniff.export.pieces import Pieces
from dicomsniff.export.view import HeadedView
from dicomsniff.library import Capture
from dicomsniff.sniffing.plan import Plan
from sniffing.test_spool import HEAD, Kept
from unmarked import ASKED

pytestmark = pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without names are Linux's")

KILLED = """
import os, signal, sys
import dicomsniff.__main__
from dicomsniff.export import pieces, transcript
from dicomsniff.dimse import collection

transcript.IN_MEMORY = collection.MAX_ALONE = 100  # so that everything waits in temporary files
done, wanted = 0, int(sys.argv[1])
add = pieces.Pieces.add

def add_or_die(*args):
    global done
    done += 1
    if done == wanted:
        os.kill(os.getpid(), signal.SIGKILL)
    return add(*args)

pieces.Pieces.add = add_or_die
sys.argv = ["dicomsniff", *sys.argv[2:]]
dicomsniff.__main__.main()
"""
"""Dies while it puts something aside for the n-th time."""


@pytest.mark.parametrize("wanted", [1, *(pytest.param(each, marks=pytest.mark.slow) for each in (3, 8))])
def test_nothing_is_left_of_a_program_that_was_killed(wanted: int, tmp_path: Path, samples: Path) -> None:
    temporary, out = tmp_path / "temporary", tmp_path / "out"
    for folder in (temporary, out):
        folder.mkdir()
    (out / "transcript.json").write_text("what was there")
    call = [sys.executable, "-c", KILLED, wanted, "export", samples / "c-move.pcap", "-o", out / "transcript.json"]
    env = os.environ | {"TMPDIR": str(temporary)}
    done = subprocess.run([str(each) for each in call], env=env, capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(temporary.iterdir()) == []
    assert [(each.name, each.read_text()) for each in out.iterdir()] == [("transcript.json", "what was there")]


def test_temporary_files_are_their_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, samples: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = os.umask(0)  # the most that a careless user lets others do
    try:
        collection, pieces, spool = Collection(), Pieces(), Kept(Plan(("eth9",)))
        spool.add(HEAD)
        data = collection.begin()
        data.write(bytes(MAX_ALONE + 1))
        pieces.add(b"aside", 0)
        with Capture(samples / "c-echo.pcap") as capture:
            view = HeadedView(capture, sys.stdout, ASKED)
        view.body.roll_over()
        opened = (collection.file, pieces._file, spool.writer._file, view.body._file)
        modes = [os.fstat(each.fileno()) for each in opened]
    finally:
        os.umask(before)
    assert [(stat.S_IMODE(each.st_mode), each.st_nlink) for each in modes] == [(0o600, 0)] * len(opened)
    assert list(tmp_path.iterdir()) == []
    data.close()
    pieces.close()
    spool.close()
    view.close()
