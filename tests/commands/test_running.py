"""`show CAPTURE...`, with key logs or without, goes past the parser of command lines; it does what it did behind it."""

from pathlib import Path

import pytest

from dicomsniff.commands import cli, running
from dicomsniff.export.view import Asked


@pytest.mark.parametrize(
    "args",
    [
        ("one.pcap",),
        ("one.pcap", "two.pcap"),
        ("--tls-keylog", "tls.keylog", "one.pcap"),
        ("one.pcap", "--tls-keylog", "tls.keylog", "--tls-keylog", "tls.keylog"),
    ],
)
def test_the_same_is_asked_for_as_behind_the_parser(monkeypatch, samples: Path, args):
    monkeypatch.chdir(samples)
    calls = []

    def take(command, form, paths, ports=(), output=None, *, keys, color, pager, **asked):
        calls.append((command, form, paths, ports, output, keys.paths, color, pager, Asked(**asked)))

    monkeypatch.setattr(cli, "write_captures", take)
    monkeypatch.setattr(running, "write_captures", take)
    assert running.run(["show", *args]) == cli.run(["show", *args]) == 0
    plain, parsed = calls
    selections = [each[-1].selection for each in calls]
    assert [each.is_all for each in selections] == [True, True]
    assert plain[:-1] == parsed[:-1]
    assert plain[-1]._replace(selection=selections[1]) == parsed[-1]


@pytest.mark.parametrize(
    "args",
    [
        ["show"],
        ["show", "no such file"],
        ["show", "-"[:0]],
        ["show", "--no-such-option"],
        ["show", "--tls-keylog"],
        ["show", "--tls-keylog", "tls.keylog"],
        ["show", "--tls-keylog", "--tls-key", "one.pcap"],
        ["show", "--tls-keylog", "no such file", "one.pcap"],
    ],
)
def test_what_is_wrong_is_said_alike(args, capfd):
    assert running.run(args) == cli.run(args) != 0
    first, second = capfd.readouterr().err.splitlines()
    assert first == second


@pytest.mark.parametrize("args", [["c-echo.pcap"], ["--tls-keylog", "tls.keylog", "tls.pcap"]])
def test_both_print_the_same(monkeypatch, samples: Path, capfd, args):
    monkeypatch.chdir(samples)
    assert running.run(["show", *args]) == 0
    printed = capfd.readouterr().out
    assert "C-" in printed
    assert cli.run(["show", *args]) == 0
    assert capfd.readouterr().out == printed
