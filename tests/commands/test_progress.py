"""How far a capture has been read is shown to whoever waits at a terminal, and to nobody else."""

import io
import threading
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from dicomsniff.capture.reader import CaptureReader
from dicomsniff.commands import progress
from dicomsniff.commands.progress import SilenceWatch, progress_shown
from dicomsniff.library import Capture, open_capture


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def error(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(progress, "PATIENCE", 0)
    return Terminal()


def read(path: Path, out: io.StringIO, error: Terminal) -> None:
    reader = CaptureReader(str(path))
    try:
        with redirect_stderr(error), progress_shown(reader, out) as shown:
            for _ in reader.batches():
                shown.flush()
            shown.write("first\n")
            error.write("|")
            shown.writelines(["second\n", "third\n"])
    finally:
        reader.close()


def test_the_share_that_was_read_is_shown_while_the_output_goes_elsewhere(error: Terminal, samples: Path) -> None:
    out = io.StringIO()
    read(samples / "c-store.pcap", out, error)
    assert out.getvalue() == "first\nsecond\nthird\n"
    assert "reading" in error.getvalue()
    assert "100%" in error.getvalue().partition("|")[2], "still shown when something was written"


def test_the_display_ends_before_something_is_printed_on_the_same_terminal(error: Terminal, samples: Path) -> None:
    out = Terminal()
    read(samples / "c-store.pcap", out, error)
    before, _, after = error.getvalue().partition("|")
    assert out.getvalue() == "first\nsecond\nthird\n"
    assert "reading" in before
    assert after == ""


def test_nothing_is_shown_of_what_is_read_soon(error: Terminal, samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 60)
    read(samples / "c-store.pcap", io.StringIO(), error)
    assert "reading" not in error.getvalue()


def test_nothing_is_shown_where_standard_error_is_no_terminal(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0)
    for stream in (io.StringIO(), None):
        with redirect_stderr(stream):
            reader = CaptureReader(str(samples / "c-store.pcap"))
            out = io.StringIO()
            with progress_shown(reader, out) as shown:
                assert shown is out
            reader.close()
            assert stream is None or stream.getvalue() == ""


class Alarm:
    """Takes the place of the clock: it goes off when a test says so."""

    def __init__(self, seconds: float, look: Callable[[], None]) -> None:
        self.seconds, self.go_off = seconds, look

    def start(self) -> None:
        Alarm.latest = self

    def cancel(self) -> None:
        self.go_off = lambda: None

    latest: "Alarm | None" = None


def silent(paths: list[str], capture: Capture | None = None) -> str:
    """What is said once patience is over."""
    error = io.StringIO()
    Alarm.latest = None
    with redirect_stderr(error), SilenceWatch(paths) as watch:
        if capture is not None:
            watch.watch(capture)
        if Alarm.latest is not None:
            assert Alarm.latest.seconds == 5
            Alarm.latest.go_off()
    return error.getvalue()


def test_it_is_said_when_nothing_comes_from_standard_input(monkeypatch: pytest.MonkeyPatch, samples: Path) -> None:
    monkeypatch.setattr(threading, "Timer", Alarm)
    said = "dicomsniff: no packet has come in 5 s from standard input; whoever captures may keep packets back: `tcpdump"
    assert silent(["-"]).startswith(said)
    with open_capture(samples / "c-echo.pcap") as capture:
        assert silent(["-"], capture).startswith(said), "a header is no packet"
        assert list(capture.associations)
        assert silent(["-"], capture) == ""
    assert silent(["file.pcap"]) == ""
