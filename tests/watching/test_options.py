"""The options about what watches: what goes together, and what is wrong with a call, in one line."""

from pathlib import Path

import pytest

from dicomsniff.capture.following import FollowedFiles
from dicomsniff.commands import cli
from dicomsniff.commands.watching_options import LOOPBACK, read_address


@pytest.mark.parametrize(
    ("text", "address"),
    [("9100", (LOOPBACK, 9100)), ("0.0.0.0:9100", ("0.0.0.0", 9100)), ("[::1]:1", ("::1", 1)), (":7", (LOOPBACK, 7))],
)
def test_metrics_are_for_this_machine_unless_an_address_is_given(text: str, address: tuple[str, int]) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize("text", ["", "http", "127.0.0.1", "127.0.0.1:", "0", "65536", "-1"])
def test_an_address_without_a_port_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="expected a port such as 9100"):
        read_address(text)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--alert", "error"], "--alert SEVERITY goes with --alert-command or --alert-url"),
        (["--alert-command", "cat"], "--alert SEVERITY goes with --alert-command or --alert-url"),
        (["--alert", "note", "--alert-command", "cat", "--alert-url", "http://localhost/"], "one of them"),
        (["--alert", "note", "--alert-command", "no-such-command"], "there is no command 'no-such-command' to run"),
        (["--alert", "note", "--alert-url", "localhost"], "expected a URL"),
        (["--stats", "soon"], "expected a time such as 90s"),
        (["--metrics", "http"], "expected a port such as 9100"),
    ],
)
def test_what_is_wrong_with_a_call_is_said(
    args: list[str], said: str, samples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["show", "--follow", str(samples / "c-echo.pcap"), *args]) == cli.ExitStatus.WRONG_CALL
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1


def test_nothing_watches_a_file_that_does_not_grow(samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["show", str(samples / "c-echo.pcap"), "--stats", "60s"]) == cli.ExitStatus.WRONG_CALL
    assert "add --follow" in capsys.readouterr().err


def test_statistics_stand_among_what_is_followed(
    samples: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dicomsniff.capture.following.FollowedFiles._wait_a_while", FollowedFiles.stop)
    assert cli.run(["show", "--follow", str(samples / "c-echo.pcap"), "--stats", "1h"]) == cli.ExitStatus.DONE
    lines = capsys.readouterr().out.splitlines()
    assert "1 association opened, 1 ended (1 released), 0 open; 1 C-ECHO Success" in lines[-1]
