"""How far a capture has been read is shown to whoever waits at a terminal, and to nobody else."""

import io
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from dicomsniff import progress
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.progress import progress_shown


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
                pass
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
