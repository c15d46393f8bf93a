"""Completion of command lines by shells: click's own, for a program whose first word may be a capture."""

import os

import click
from click.shell_completion import get_completion_class, shell_complete

PROGRAM = "dicomsniff"
VARIABLE = "_DICOMSNIFF_COMPLETE"
"""Set by a shell that asks how a command line can go on."""


def answer_shell(commands: click.Command) -> int:
    """Say how the command line can go on that the shell is at; return the exit status."""
    return shell_complete(commands, {}, PROGRAM, VARIABLE, os.environ[VARIABLE])


def shell_script(commands: click.Command, shell: str) -> str:
    """Return what a shell (`bash`, `zsh`, `fish`) has to read so that it completes command lines."""
    found = get_completion_class(shell)
    assert found is not None
    return found(commands, {}, PROGRAM, VARIABLE).source()
