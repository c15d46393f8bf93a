"""Calls the command line in this process: what it answers, as of a process of its own, without starting one."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from subprocess import CompletedProcess

from dicomsniff.commands import cli


def called(*args: object) -> "CompletedProcess[str]":
    """Exit status, standard output and standard error of a call, of which none is a terminal."""
    out, error = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    line = [str(each) for each in args]
    with redirect_stdout(out), redirect_stderr(error):
        status = cli.run(line)
    said, complained = (each.detach().getvalue().decode() for each in (out, error))  # type: ignore[union-attr]
    return CompletedProcess([sys.executable, *line], status, said, complained)
