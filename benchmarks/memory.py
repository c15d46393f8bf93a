#!/usr/bin/env python3
"""Measure CPU and peak memory of `show`, `check` and `export` on captures that cost a careless reader memory.

memory.py DIRECTORY [--scale 0.1] [--program PYTHON]

The captures are made in DIRECTORY where they are not there yet. It prints the table of docs/speed.md.
"""

import argparse
import os
import sys
from pathlib import Path

from machine import machine_lines
from measure import Row, measure_rows
from tables import aligned

from hostile import HOSTILE, write_hostile

KINDS = {
    "never-closed": "associations that stay open",
    "many-messages": "messages of C-ECHOs in one association",
    "find-responses": "responses of one C-FIND",
    "many-contexts": "associations of 128 contexts",
}
COMMANDS = ("show", "check", "export")


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", metavar="DIRECTORY", type=Path)
    parser.add_argument("--scale", type=float, default=1.0, metavar="X", help="make all of it so much smaller")
    parser.add_argument("--program", default=sys.executable, metavar="PYTHON", help="this one unless given")
    args = parser.parse_args()
    args.directory.mkdir(parents=True, exist_ok=True)
    captures = {kind: _capture(args.directory, kind, round(HOSTILE[kind][1] * args.scale)) for kind in KINDS}
    rows = [
        Row(f"{command} {kind}", [args.program, "-P", "-m", "dicomsniff", command, path], path, statuses=(0, 1))
        for kind, path in captures.items()
        for command in COMMANDS
    ]
    timings = {timing.row.name: timing for timing in measure_rows(rows, 1)}
    for line in machine_lines(with_tshark=False):
        print(f"- {line}")
    table = [["", *(f"`{command}`" for command in COMMANDS)]]
    for kind, path in captures.items():
        of_kind = [timings[f"{command} {kind}"] for command in COMMANDS]
        what = f"{round(HOSTILE[kind][1] * args.scale):,} {KINDS[kind]}, {os.path.getsize(path) / 1e6:.0f} MB"
        table.append([what, *(f"{each.memory / 1e6:.0f}, {each.cpu:.0f} s" for each in of_kind)])
    print(*aligned(table, markdown=True), sep="\n")
    return 0


def _capture(directory: Path, kind: str, count: int) -> str:
    path = directory / f"{kind}-{count}.pcap"
    if not path.exists():
        write_hostile(str(path), kind, count)
    return str(path)


if __name__ == "__main__":
    sys.exit(main())
