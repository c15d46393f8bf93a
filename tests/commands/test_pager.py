"""Text on a terminal: through a pager and in colours, unless the user wants otherwise."""

import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from shlex import join

import pytest

import build

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo-terminals here")

PROGRAM = [sys.executable, "-m", "dicomsniff"]
PAGED = "sed -u s/^/paged:/"
"""A pager that is told from none."""
LAST = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("ready", flush=True)
open(sys.argv[1]).read()
text = sys.stdin.read()
print(f"left after {len(text)}", flush=True)
"""
"""A pager that Ctrl-C does not end, as less; it reads when it is told to."""


class OnTerminal:
    """The program with its output on a terminal of its own."""

    def __init__(self, *args: object, stdin: int = subprocess.DEVNULL, **settings: str) -> None:
        self.ours, theirs = os.openpty()
        known = {key: value for key, value in os.environ.items() if key not in ("PAGER", "LESS", "NO_COLOR", "TERM")}
        env = known | {"TERM": "xterm"} | settings
        call = [*PROGRAM, *map(str, args)]
        self.process = subprocess.Popen(call, stdin=stdin, stdout=theirs, stderr=subprocess.PIPE, env=env)
        os.close(theirs)
        self.seen = b""

    def until(self, wanted: bytes) -> None:
        """Read until something is shown."""
        while wanted not in self.seen and (read := self._read()):
            self.seen += read
        assert wanted in self.seen

    def end(self) -> tuple[int, str, str]:
        """Exit status, what was shown, and what standard error says."""
        while read := self._read():
            self.seen += read
        os.close(self.ours)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, self.seen.decode().replace("\r\n", "\n"), errors.decode()

    def _read(self) -> bytes:
        try:
            return os.read(self.ours, 1 << 16)
        except OSError:  # nobody has the other end any more
            return b""


@pytest.fixture
def refused(samples: Path) -> Path:
    return samples / "c-move-destination-refuses.pcap"


@cache
def piped(*args: object, **settings: str) -> str:
    """What the program says where its output is no terminal."""
    call = [*PROGRAM, *map(str, args)]
    return subprocess.run(call, capture_output=True, env=os.environ | settings, timeout=60, check=False).stdout.decode()


@pytest.mark.slow
@pytest.mark.parametrize("command", ["show", "check"])
def test_text_on_a_terminal_goes_through_the_users_pager(command: str, refused: Path) -> None:
    status, shown, errors = OnTerminal(command, refused, "--color", "never", PAGER=PAGED).end()
    plain = piped(command, refused)
    assert (status, errors) == (0 if command == "show" else 1, "")
    assert shown == "".join(f"paged:{line}" for line in plain.splitlines(keepends=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("args", "settings"),
    [(["--no-pager"], {"PAGER": PAGED}), ([], {"PAGER": ""}), ([], {"PAGER": "cat"}), ([], {"PAGER": "not-there"})],
    ids=["--no-pager", "no PAGER", "cat", "a pager that is not there"],
)
def test_there_is_no_pager_where_none_is_wanted(args: list[str], settings: dict[str, str], refused: Path) -> None:
    status, shown, errors = OnTerminal("show", refused, "--color", "never", *args, **settings).end()
    assert (status, shown, errors) == (0, piped("show", refused), "")


@pytest.mark.slow
def test_what_is_no_terminal_gets_neither_pager_nor_colours(refused: Path, tmp_path: Path) -> None:
    said = piped("show", refused, PAGER=PAGED)
    assert "paged:" not in said
    assert "\x1b" not in said
    assert piped("check", refused, "-o", tmp_path / "out", "--color", "always", PAGER=PAGED) == ""
    assert "\x1b" not in (tmp_path / "out").read_text()


@pytest.mark.slow
def test_severities_have_colours_beside_their_words_and_nothing_else_changes(refused: Path) -> None:
    _, shown, _ = OnTerminal("show", refused, "--no-pager").end()
    assert "    then \x1b[1;31merror\x1b[0m: C-MOVE-RSP" in shown
    assert "  \x1b[33mwarning\x1b[0m: C-MOVE to DEST" in shown
    for code in ("1;31", "33", "36", "1", "2", "0"):
        shown = shown.replace(f"\x1b[{code}m", "")
    assert shown == piped("show", refused)
    assert piped("show", refused, "--color", "always").count("\x1b") > 10


@pytest.mark.slow
@pytest.mark.parametrize(
    ("args", "settings"),
    [([], {"NO_COLOR": "1"}), (["--color", "never"], {}), ([], {"TERM": "dumb"})],
    ids=["NO_COLOR", "never", "dumb"],
)
def test_there_are_no_colours_where_none_are_wanted(args: list[str], settings: dict[str, str], refused: Path) -> None:
    _, shown, _ = OnTerminal("show", refused, "--no-pager", *args, **settings).end()
    assert shown == piped("show", refused)


def test_what_a_peer_sends_is_no_code_where_there_are_colours(tmp_path: Path) -> None:
    talk = build.Talk().open()
    talk.client(build.associate_rq(called="\x1b[31mPACS", calling="\x1b[0m"))
    (tmp_path / "codes.pcap").write_bytes(build.pcap(build.frames(talk.packets)))
    said = piped("show", tmp_path / "codes.pcap", "--color", "always")
    assert "\\x1b[31mPACS" in said
    assert "\x1b[31m" not in said


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A capture of which more is said than fits into a pipe."""
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    for number in range(2000):
        talk.client(build.message(1, build.echo_rq(number), None))
        talk.server(build.message(1, build.echo_rsp(number, status=number), None))
    (tmp_path / "long.pcap").write_bytes(build.pcap(build.frames(talk.packets)))
    return tmp_path / "long.pcap"


@pytest.mark.slow
def test_whoever_leaves_the_pager_early_is_told_nothing(long: Path) -> None:
    assert OnTerminal("show", long, PAGER="head -n 1").end()[::2] == (0, "")
    assert OnTerminal("show", long, PAGER="true").end() == (0, "", "")


@pytest.mark.slow
def test_ctrl_c_leaves_the_terminal_to_the_pager_until_its_user_goes(long: Path, tmp_path: Path) -> None:
    leave = tmp_path / "leave"
    os.mkfifo(leave)
    shown = OnTerminal("show", long, PAGER=join([sys.executable, "-c", LAST, str(leave)]))
    shown.until(b"ready")
    shown.process.send_signal(signal.SIGINT)
    leave.write_text("q")
    status, said, errors = shown.end()
    assert (status, errors) == (130, "")
    assert "left after" in said


@pytest.mark.slow
def test_the_usual_pagers_are_told_to_stay_for_more_than_a_screen_only(refused: Path) -> None:
    told = "sh -c 'echo $LESS $LESSCHARSET; cat > /dev/null'"
    assert OnTerminal("show", refused, PAGER=told).end()[1] == "FRX utf-8\n"
    assert OnTerminal("show", refused, PAGER=told, LESS="S").end()[1] == "S utf-8\n"


def test_a_pager_that_root_runs_starts_nothing_else(refused: Path) -> None:
    told = "sh -c 'echo secure=$LESSSECURE; cat > /dev/null'"
    assert OnTerminal("show", refused, PAGER=told).end()[1] == f"secure={'1' if os.geteuid() == 0 else ''}\n"
