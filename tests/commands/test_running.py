"""`show CAPTURE...` without options goes past the parser of command lines: it does what it would do behind it."""

from pathlib import Path

import pytest

from dicomsniff.commands import cli, running
from dicomsniff.export.view import Asked


@pytest.mark.parametrize("captures", [("one.pcap",), ("one.pcap", "two.pcap")])
def test_without_options_the_same_is_asked_for_as_behind_the_parser(monkeypatch, captures):
    calls = []

    def take(command, form, paths, ports=(), output=None, *, keys, color, pager, **asked):
        calls.append((command, form, paths, ports, output, keys.paths, color, pager, Asked(**asked)))

    monkeypatch.setattr(cli, "write_captures", take)
    monkeypatch.setattr(running, "write_captures", take)
    assert running.run(["show", *captures]) == cli.run(["show", *captures]) == 0
    plain, parsed = calls
    selections = [each[-1].selection for each in calls]
    assert [each.is_all for each in selections] == [True, True]
    assert plain[:-1] == parsed[:-1]
    assert plain[-1]._replace(selection=selections[1]) == parsed[-1]


@pytest.mark.parametrize("args", [["show"], ["show", "no such file"], ["show", "-"[:0]], ["show", "--no-such-option"]])
def test_what_is_wrong_is_said_alike(args, capfd):
    assert running.run(args) == cli.run(args) != 0
    first, second = capfd.readouterr().err.splitlines()
    assert first == second


def test_both_print_the_same(samples: Path, capfd):
    path = str(samples / "c-echo.pcap")
    assert running.run(["show", path]) == 0
    printed = capfd.readouterr().out
    assert printed
    assert cli.run(["show", path]) == 0
    assert capfd.readouterr().out == printed
