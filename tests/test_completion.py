"""Command lines completed by shells: commands, options, what they take, and captures, wherever one may stand."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dicomsniff import cli
from dicomsniff.completion import VARIABLE


@pytest.mark.parametrize(
    ("words", "at", "offered", "not_offered"),
    [
        ("dicomsniff sh", 1, {"plain,show", "file,sh"}, {"plain,check"}),
        ("dicomsniff ", 1, {"plain,show", "plain,live", "file,"}, {"plain,open-"}),
        ("dicomsniff --", 1, {"plain,--port", "plain,--version", "plain,--filter"}, set()),
        ("dicomsniff show --con", 2, {"plain,--contexts"}, {"plain,--summary"}),
        ("dicomsniff show samples/c", 2, {"file,samples/c"}, set()),
        ("dicomsniff samples/c-echo.pcap sam", 2, {"file,sam"}, set()),
        ("dicomsniff --port 104 sam", 3, {"file,sam"}, set()),
        ("dicomsniff check --format s", 3, {"plain,sarif"}, {"plain,json"}),
        ("dicomsniff show --filter com", 3, {"plain,command"}, {"plain,status"}),
        ("dicomsniff export -o out", 3, {"file,out"}, set()),
        ("dicomsniff live -", 2, {"plain,--interface"}, set()),
        ("dicomsniff live ring", 2, {"file,ring"}, set()),
    ],
)
def test_a_shell_is_told_how_a_line_can_go_on(words, at, offered, not_offered, monkeypatch, capsys):
    for name, value in {"COMP_WORDS": words, "COMP_CWORD": str(at), VARIABLE: "bash_complete"}.items():
        monkeypatch.setenv(name, value)
    assert cli.run([]) == 0
    found = set(capsys.readouterr().out.split("\n"))
    assert offered <= found
    assert not found & not_offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_given_what_it_has_to_read(shell, capsys):
    if shutil.which(shell) is None and shell == "bash":
        pytest.skip("bash is asked for its version")
    assert cli.run(["completion", shell]) == 0
    assert f"{VARIABLE}={shell}_complete" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_with_it(tmp_path: Path):
    program = tmp_path / "dicomsniff"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m dicomsniff "$@"\n')
    program.chmod(0o755)
    script = """
        source <(./dicomsniff completion bash)
        COMP_WORDS=(./dicomsniff ru) COMP_CWORD=1
        compopt() { :; }
        _dicomsniff_completion ./dicomsniff
        echo "${COMPREPLY[@]}"
    """
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, timeout=60, check=True, text=True)
    assert done.stdout.split() == ["rules"]
