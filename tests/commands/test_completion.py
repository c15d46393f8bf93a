"""Command lines completed by shells: commands, options, what they take, and captures, wherever one may stand."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dicomsniff.commands import cli
from dicomsniff.commands.completion import VARIABLE


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


_BASH = """
source <(dicomsniff completion bash)
COMP_WORDS=(dicomsniff ru) COMP_CWORD=1
compopt() { :; }
_dicomsniff_completion dicomsniff
echo "${COMPREPLY[@]}"
"""
# What zsh's line editor is given, in the place of the editor.
_ZSH = """
autoload -U compinit; compinit -u -D
eval "$(dicomsniff completion zsh)"
_describe() { print -l ${(P)argv[-2]}; }
_path_files() { :; }
words=(dicomsniff ru) CURRENT=2
_dicomsniff_completion
"""
_FISH = """
dicomsniff completion fish | source
complete -C "dicomsniff ru"
"""


@pytest.mark.slow
@pytest.mark.parametrize(("shell", "script"), [("bash", _BASH), ("zsh", _ZSH), ("fish", _FISH)])
def test_a_shell_completes_with_it(shell: str, script: str, tmp_path: Path):
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    program = tmp_path / "dicomsniff"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m dicomsniff "$@"\n')
    program.chmod(0o755)
    setting = os.environ | {"HOME": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([shell, "-c", script], env=setting, capture_output=True, timeout=60, check=True, text=True)
    assert re.split(r"[\s:]", done.stdout)[0] == "rules"
