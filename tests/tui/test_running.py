"""The terminal UI in a terminal: a signal ends it, and leaves the terminal as it was."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

termios = pytest.importorskip("termios", reason="needs a POSIX terminal")
fcntl = pytest.importorskip("fcntl", reason="needs a POSIX terminal")


class Terminal:
    """A pseudo-terminal: `theirs` is the program's side of it."""

    def __init__(self) -> None:
        self.ours, self.theirs = os.openpty()
        self.shown = b""

    def start(self, *args: str, env: Mapping[str, str] = os.environ, **streams: int) -> "subprocess.Popen[bytes]":
        """Start the program in it."""

        def control() -> None:
            os.setsid()
            fcntl.ioctl(self.theirs, termios.TIOCSCTTY, 0)

        use = {"stdin": self.theirs, "stdout": self.theirs, "stderr": self.theirs} | streams
        call = [sys.executable, "-m", "dicomsniff", *args]
        env = {**env, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
        return subprocess.Popen(call, env=env, preexec_fn=control, **use)

    def read_until(self, text: bytes) -> None:
        """Read what the program draws until a text is in it."""
        while text not in self.shown:
            self.shown += os.read(self.ours, 1 << 16)

    def close(self) -> None:
        """Let it go, as when a connection drops."""
        for side in (self.ours, self.theirs):
            if side >= 0:
                os.close(side)
        self.ours = self.theirs = -1


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_ends_it_and_the_terminal_is_as_before(
    number: signal.Signals, terminal: Terminal, samples: Path
) -> None:
    before = termios.tcgetattr(terminal.theirs)
    program = terminal.start(str(samples / "c-echo.pcap"))
    try:
        terminal.read_until(b"ECHOSCU")
        program.send_signal(number)
        terminal.read_until(b"\x1b[?1049l")
        assert program.wait(30) == 130
    finally:
        program.kill()
        program.wait()
    assert termios.tcgetattr(terminal.theirs) == before


def test_a_terminal_that_goes_away_ends_it(terminal: Terminal, samples: Path) -> None:
    program = terminal.start(str(samples / "c-echo.pcap"))
    try:
        terminal.read_until(b"ECHOSCU")
        terminal.close()
        assert program.wait(30) == 130
    finally:
        program.kill()
        program.wait()


def test_what_comes_through_a_pipe_is_shown_and_keys_come_from_the_terminal(terminal: Terminal, samples: Path) -> None:
    apart, ours = os.pipe()
    program = terminal.start("-", stdin=apart)
    os.close(apart)
    try:
        with os.fdopen(ours, "wb") as pipe:
            pipe.write((samples / "c-echo.pcap").read_bytes())
        terminal.read_until(b"ECHOSCU")
        os.write(terminal.ours, b"2")
        terminal.read_until(b"C-ECHO-RSP")
        os.write(terminal.ours, b"q")
        assert program.wait(30) == 0
    finally:
        program.kill()
        program.wait()


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_without_a_terminal_at_every_stream_it_is_not_started(stream: str, terminal: Terminal, samples: Path) -> None:
    apart = os.open(os.devnull, os.O_RDWR)
    try:
        plain = ("--no-pager", "--color", "never", "--")
        program = terminal.start(*plain, str(samples / "c-echo.pcap"), **{stream: apart})
        assert program.wait(30) == 0
    finally:
        os.close(apart)
    os.write(terminal.theirs, b"the end")
    terminal.read_until(b"the end")
    assert b"\x1b" not in terminal.shown


def test_a_pipe_is_followed_in_the_terminal_ui_while_keys_come_from_the_terminal(
    terminal: Terminal, samples: Path
) -> None:
    theirs, ours = os.pipe()
    program = terminal.start("live", "-", stdin=theirs)
    try:
        os.close(theirs)
        whole = (samples / "c-echo.pcap").read_bytes()
        os.write(ours, whole[:2000])
        terminal.read_until(b"ECHOSCU")
        os.write(terminal.ours, b"q")
        terminal.read_until(b"\x1b[?1049l")
        assert program.wait(30) == 0
    finally:
        os.close(ours)
        program.kill()
        program.wait()


def test_a_pipe_is_printed_in_a_terminal_as_it_comes(terminal: Terminal, samples: Path) -> None:
    theirs, ours = os.pipe()
    program = terminal.start("show", "-", stdin=theirs)
    try:
        os.close(theirs)
        os.write(ours, (samples / "c-echo.pcap").read_bytes())
        os.close(ours)
        terminal.read_until(b"went well")
        assert program.wait(30) == 0
    finally:
        program.kill()
        program.wait()
