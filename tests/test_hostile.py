"""Captures that once hung the program, crashed it, filled memory or reached the terminal -> every output, bounded."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

resource = pytest.importorskip("resource", reason="needs a system that limits processes")

HOSTILE = sorted((Path(__file__).parent / "hostile").iterdir())
COMMANDS = [
    ("show",),
    ("show", "--contexts"),
    ("check",),
    ("check", "--format", "sarif"),
    ("export", "--format", "json"),
    ("export", "--format", "jsonl"),
]
CPU_SECONDS = 60
"""Of processor time, after which the system ends the program: the captures hung it for ever. They take one or two."""
ADDRESS_SPACE = 600 << 20
"""Bytes of address space, code and libraries too: at most 300 MB of memory are used, whatever the capture."""
CONTROL = re.compile(r"[^\n\x20-\x7e\xa0-\U0010ffff]|[\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]")


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


@pytest.mark.skipif(sys.platform != "linux", reason="resource limits are Linux's")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("capture", HOSTILE, ids=lambda path: path.name)
def test_a_hostile_capture_is_told_within_bounds_and_in_plain_characters(capture, command):
    arguments = [sys.executable, "-m", "dicomsniff", command[0], str(capture), *command[1:]]
    done = subprocess.run(arguments, capture_output=True, check=False, preexec_fn=_limit)
    out, err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode in (0, 1, 3), err
    assert len(err.splitlines()) == (done.returncode == 3)
    assert "internal error" not in err
    assert not CONTROL.search(out + err)
    if "jsonl" in command:
        assert [json.loads(line)["kind"] for line in out.splitlines()]
    elif {"json", "sarif"} & set(command):
        assert json.loads(out)
