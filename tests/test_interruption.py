"""A signal at any moment: status 130, not a word, no file half written and none left behind."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dicomsniff import interruption

pytestmark = pytest.mark.slow

SEND_AT = """
import atexit, os, signal, sys
import dicomsniff.__main__

wanted, moment = int(sys.argv[1]), sys.argv[2]
seen = 0

def watch(event, details):
    global seen
    if wanted != signal.SIGINT and signal.getsignal(wanted) is signal.SIG_DFL:
        return  # before the program's first lines no program can do otherwise than die of it
    seen += 1
    if moment in (str(seen), event):
        os.kill(os.getpid(), wanted)

sys.argv = ["dicomsniff", *sys.argv[3:]]
if moment == "count":
    atexit.register(lambda: print(seen, file=sys.stderr))
sys.addaudithook(watch)
dicomsniff.__main__.main()
"""
"""Runs the program as its console script does, and sends it a signal at an event of the interpreter, by number or name.

The interpreter tells of every import, every file that is opened, every call of the system that matters.
"""

AT_EXIT = """
import atexit, os, sys
import dicomsniff.__main__

atexit.register(os.kill, os.getpid(), int(sys.argv[1]))
sys.argv = ["dicomsniff", *sys.argv[2:]]
dicomsniff.__main__.main()
"""

IN_DIRECTORY = """
import os
from dicomsniff.interruption import leave_at_once
from dicomsniff.output import temporary_directory

with temporary_directory() as path:
    os.makedirs(os.path.join(path, "within"))
    open(os.path.join(path, "within", "file"), "w").close()
    print(path, flush=True)
    leave_at_once()
"""

MOMENTS = [*range(0, 98, 7), "os.rename", "os.remove"]
"""Parts of a run in %, counted by events; events by name."""

ENDING = [number for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", None)) if number]


def run(script: str, *args: object) -> "subprocess.CompletedProcess[bytes]":
    call = [sys.executable, "-c", script, *(str(arg) for arg in args)]
    return subprocess.run(call, capture_output=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def events(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[signal.Signals, int]:
    """How many events a run has that nothing disturbs."""
    out = tmp_path_factory.mktemp("count") / "out.txt"
    counts = {}
    for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):  # the first run may have to compile modules
        done = run(SEND_AT, int(number), "count", "check", samples / "c-echo.pcap", "-o", out)
        counts[number] = int(done.stderr)
    return counts


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_whenever_a_signal_comes_the_old_file_stays_or_the_new_one_is_whole(
    number: signal.Signals, moment: int | str, events: dict[signal.Signals, int], tmp_path: Path, samples: Path
) -> None:
    at = 1 + events[number] * moment // 100 if isinstance(moment, int) else moment
    out = tmp_path / "out.txt"
    out.write_text("what was there")
    done = run(SEND_AT, int(number), at, "check", samples / "c-echo.pcap", "-o", out)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")
    assert os.listdir(tmp_path) == ["out.txt"]
    assert out.read_text() in (
        "what was there",
        "capture-1.pcap: nothing found; passes at error\n",
    )


@pytest.mark.parametrize("number", ENDING, ids=lambda number: number.name)
def test_a_signal_while_the_interpreter_ends_changes_nothing(number: signal.Signals, samples: Path) -> None:
    done = run(AT_EXIT, int(number), "check", samples / "mal-pdu-length-too-short.pcap")
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.endswith(b"fails at error\n")


@pytest.mark.parametrize("number", ENDING, ids=lambda number: number.name)
def test_a_signal_while_standard_input_is_awaited_ends_the_program(number: signal.Signals, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    call = [sys.executable, "-m", "dicomsniff", "export", "-", "-o", str(out)]
    waiting = subprocess.Popen(call, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert waiting.stdin is not None
        # More than a pipe holds: when all is written, the program has begun to read it.
        waiting.stdin.write(b"\xd4\xc3\xb2\xa1" + bytes(1 << 18))
        waiting.stdin.flush()
        while waiting.poll() is None:
            waiting.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):  # it came just before a read that waits
                waiting.wait(5)
        assert waiting.returncode == 130
        assert waiting.stderr is not None
        assert waiting.stderr.read() == b""
    finally:
        waiting.kill()
        waiting.communicate()
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="nohup is for SIGHUP")
def test_a_signal_that_was_ignored_stays_ignored(samples: Path) -> None:
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    done = run(ignoring + SEND_AT, int(signal.SIGHUP), "open", "check", samples / "c-echo.pcap")
    assert (done.returncode, done.stderr) == (0, b"")


def test_what_takes_signals_over_gives_them_back() -> None:
    came: list[str] = []
    before = [signal.getsignal(number) for number in ENDING]
    with interruption.taken_over(lambda: came.append("a signal")):
        for number in ENDING:
            signal.raise_signal(number)
    assert came == ["a signal"] * len(ENDING)
    assert [signal.getsignal(number) for number in ENDING] == before


def test_a_temporary_directory_goes_with_all_that_is_in_it() -> None:
    done = run(IN_DIRECTORY)
    assert (done.returncode, done.stderr) == (130, b"")
    assert not os.path.exists(done.stdout.decode().strip())
