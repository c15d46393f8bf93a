"""Processes that work for a survey end with it, and say nothing, when it is interrupted."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="needs pyarrow")

SCRIPT = """
import os, signal, sys
from dicomsniff.interruption import guard
from dicomsniff.surveying.crew import local_crew

if __name__ == "__main__":
    guard()
    with local_crew(2) as crew:
        print(crew.submit(os.getpid).result(), flush=True)
        os.kill(os.getpid(), signal.Signals[sys.argv[1]])
        signal.pause()
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="has other signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_none_is_left_when_the_survey_is_ended(name: str, tmp_path: Path) -> None:
    """Each has the pipe open that standard output is: it ends when the last of them does."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    call = [sys.executable, str(script), name]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        said, errors = process.communicate(timeout=120)
    assert int(said)
    assert errors == ""
    assert process.returncode == (130 if name == "SIGTERM" else -signal.SIGKILL)
