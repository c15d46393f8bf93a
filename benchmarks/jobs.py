#!/usr/bin/env python3
"""Measure `dicomsniff show` by one process and by several, which take turns, and compare what they print.

jobs.py CAPTURE... [--jobs 2 4] [--runs 3]

Wall clock counts, so the machine must be free. CPU seconds are of all processes, memory is that of the largest.
"""

import argparse
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

from machine import machine_lines
from measure import Row, measure_rows, read_once
from tables import aligned


def main() -> int:
    """Measure what the command line asks for; return 1 where they print something else."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captures", metavar="CAPTURE", nargs="+")
    parser.add_argument("--jobs", type=int, nargs="+", default=[2], metavar="N", help="processes (2)")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="runs of each; the median counts (3)")
    args = parser.parse_args()
    for line in machine_lines(with_tshark=False):
        print(f"- {line}")
    table, differs = [["capture", "processes", "wall s", "CPU s", "MB", "one ÷"]], False
    with tempfile.TemporaryDirectory() as directory:
        for path in args.captures:
            read_once(path)
            rows = [
                Row(
                    f"{jobs}",
                    [sys.executable, "-P", "-m", "dicomsniff", "show", "--jobs", str(jobs), path],
                    path,
                    Path(directory) / f"{jobs}.txt",
                )
                for jobs in (1, *args.jobs)
            ]
            timings = measure_rows(rows, args.runs)
            for each in timings:
                figures = [f"{each.wall:.2f}", f"{each.cpu:.2f}", f"{each.memory / 1e6:.0f}"]
                table.append([Path(path).name, each.row.name, *figures, f"{timings[0].wall / each.wall:.2f}"])
            differs |= len({sha256(row.output.read_bytes()).digest() for row in rows if row.output}) > 1
    print(*aligned(table, markdown=True), sep="\n")
    if differs:
        print("they do not print the same")
    return int(differs)


if __name__ == "__main__":
    sys.exit(main())
