"""Whatever ends `live`, in whichever mode: files are valid, the terminal is as before, and nothing is left behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sniffers import children, is_running, needs_sniffing, packets_in, until
from tui.test_running import Terminal

termios = pytest.importorskip("termios", reason="needs a POSIX terminal")

pytestmark = [pytest.mark.slow, needs_sniffing]

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
MODES = ["text", "jsonl", "ui", "pipe"]
COUNT = 20


class Live:
    """`live` at work on loopback in a mode, which keeps datagrams of ours in `kept`."""

    def __init__(self, mode: str, place: Path) -> None:
        self.mode, self.kept, self.temporary = mode, place / "kept.pcapng", place / "temporary"
        self.temporary.mkdir()
        self._from = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._from.bind(("127.0.0.1", 0))
        self.address = self._from.getsockname()
        call = ["live", "-i", "lo", "-f", f"udp port {self.address[1]}"]
        env = os.environ | {"TMPDIR": str(self.temporary), "XDG_CONFIG_HOME": str(place)}
        if mode == "ui":
            self.terminal = Terminal()
            self.before = termios.tcgetattr(self.terminal.theirs)
            self.process = self.terminal.start(*call, "-w", str(self.kept), env=env)
            return
        call = [sys.executable, "-m", "dicomsniff", *call]
        call += ["-w", "-"] if mode == "pipe" else ["--format", mode, "-w", str(self.kept)]
        self.process = subprocess.Popen(call, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def begin(self) -> bytes:
        """Wait until it captures, and have it capture something; return what it has written by then."""
        if self.mode == "ui":
            self.terminal.read_until(b"nothing is over yet")
            self.send()
            self.terminal.read_until(b"20 packets")
            return b""
        assert self.process.stdout is not None
        head = os.read(self.process.stdout.fileno(), 1 << 16)
        self.send()
        return head

    def send(self) -> None:
        """Send datagrams over loopback."""
        for number in range(COUNT):
            self._from.sendto(b"%d" % number, self.address)

    def end(self, written: bytes) -> int:
        """Take what it writes until it ends; return the exit status."""
        if self.mode == "ui":
            self.terminal.read_until(b"\x1b[?1049l")
            status = self.process.wait(60)
            assert termios.tcgetattr(self.terminal.theirs) == self.before
            return status
        out, _ = self.process.communicate(timeout=60)
        if self.mode == "pipe":
            self.kept.write_bytes(written + out)
        elif self.mode == "text":
            assert b"packets" in out, "the summary is missing"
        return self.process.returncode

    def descendants(self) -> list[int]:
        """The processes that it has started, and those that they have started."""
        found, left = [], [self.process.pid]
        while left:
            started = children(left.pop())
            left += started
            found += started
        return found

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        self._from.close()
        if self.mode == "ui":
            self.terminal.close()


@pytest.fixture(params=MODES)
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Live]:
    with closing(Live(request.param, tmp_path)) as made:
        yield made


@pytest.mark.parametrize(
    ("number", "times"),
    [*((number, 1) for number in SIGNALS), (signal.SIGINT, 2)],
    ids=["INT", "TERM", "HUP", "INT twice"],
)
def test_a_signal_ends_it_in_order(live: Live, number: signal.Signals, times: int) -> None:
    written = live.begin()
    started = live.descendants()
    for _ in range(times):
        live.process.send_signal(number)
    assert live.end(written) == (130 if live.mode == "ui" else 0)
    until(lambda: not any(map(is_running, started)), "what it had started goes on")
    assert packets_in(live.kept) == COUNT
    assert list(live.temporary.iterdir()) == []


def test_killed_it_leaves_whole_records_and_nothing_else(live: Live) -> None:
    written = live.begin()
    started = live.descendants()
    live.process.kill()
    if live.mode != "ui":
        out, _ = live.process.communicate(timeout=60)
        if live.mode == "pipe":
            live.kept.write_bytes(written + out)
    until(lambda: not any(map(is_running, started)), "what it had started goes on")
    packets_in(live.kept)
    assert list(live.temporary.iterdir()) == []


def test_where_its_reader_is_gone_it_ends_and_leaves_whole_records(live: Live) -> None:
    live.begin()
    started = live.descendants()
    if live.mode == "ui":
        live.terminal.close()
    else:
        assert live.process.stdout is not None
        live.process.stdout.close()
        live.process.stdout = None
        live.send()
        if live.mode in ("text", "jsonl"):  # they have something to say at the end only
            live.process.send_signal(signal.SIGTERM)
    live.process.wait(60)
    until(lambda: not any(map(is_running, started)), "what it had started goes on")
    if live.mode != "pipe":
        packets_in(live.kept)
    assert list(live.temporary.iterdir()) == []
