#!/usr/bin/env python3
"""Measure `dicomsniff survey` with one process and with several, on kinds of traffic cut into files.

survey.py DIRECTORY [KIND...] [--files 20] [--jobs 1 2] [--runs 3] [--scale 1.0]

Captures are made in DIRECTORY where they are not there yet, and cut at arbitrary packets. The last row of each kind is
a survey in which nothing is to be analyzed again: it only puts together what is known, in one process.
"""

import argparse
import shutil
import struct
import sys
from pathlib import Path
from random import Random

from compare import make
from machine import machine_lines
from measure import PCAP_HEADER, RECORD_HEADER, Row, Timing, measure_rows, read_once
from tables import aligned
from traffic import TRAFFIC

KINDS = ("store-1000", "short", "small")
HEADINGS = ("traffic", "MB", "processes", "wall s", "CPU s", "CPU s per GB", "peak MB of the largest", "÷ one process")


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", metavar="DIRECTORY", type=Path)
    parser.add_argument("kinds", metavar="KIND", nargs="*", help=", ".join(TRAFFIC))
    parser.add_argument("--files", type=int, default=20, metavar="N", help="files that a capture is cut into (20)")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2], metavar="N", help="processes (1 2)")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="runs of each; the median counts (3)")
    parser.add_argument("--scale", type=float, default=1, metavar="X", help="make captures that much smaller (1)")
    args = parser.parse_args()
    if unknown := set(args.kinds) - set(TRAFFIC):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    args.directory.mkdir(parents=True, exist_ok=True)
    for line in machine_lines(with_tshark=False):
        print(f"- {line}")
    print()
    table = [HEADINGS]
    for kind in args.kinds or KINDS:
        whole = make(args.directory, kind, TRAFFIC[kind].count, args.scale)
        pieces = cut(Path(whole), args.files)
        table += measured(kind, whole, pieces, args.jobs, args.runs)
    print("\n".join(aligned(table, markdown=True)))
    return 0


def cut(capture: Path, count: int) -> Path:
    """Cut a pcap file at arbitrary packets, the same in every run; return the directory of the files."""
    directory = capture.with_suffix(f".{count}")
    if directory.exists():
        return directory
    size = capture.stat().st_size
    places = sorted(Random(count).sample(range(PCAP_HEADER, size), count - 1))
    unfinished = capture.with_suffix(".cut")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    with open(capture, "rb") as file:
        header = file.read(PCAP_HEADER)
        for number, place in enumerate([*places, size]):
            with open(unfinished / f"{number:03}.pcap", "wb") as piece:
                piece.write(header)
                while file.tell() < place and (record := file.read(RECORD_HEADER)):
                    piece.write(record + file.read(struct.unpack_from("<L", record, 8)[0]))
    unfinished.rename(directory)
    return directory


def measured(kind: str, whole: str, pieces: Path, jobs: list[int], runs: int) -> list[tuple[str, ...]]:
    """Measure surveys, which take turns."""
    read_once(whole)
    call = [sys.executable, "-P", "-m", "dicomsniff", "survey", str(pieces)]
    rows = [_row(f"{number}", call, whole, pieces.with_suffix(f".out{number}"), number) for number in jobs]
    rows.append(Row("known", [*call, "-o", str(pieces.with_suffix(f".out{jobs[-1]}")), "--jobs", "1"], whole))
    timings = measure_rows(rows, runs)
    return [_cells(kind, each, timings[0]) for each in timings]


def _row(name: str, call: list[str], whole: str, output: Path, jobs: int) -> Row:
    begin = 'rm -rf "$0"; exec "$@"'
    return Row(name, ["sh", "-c", begin, str(output), *call, "-o", str(output), "--jobs", str(jobs)], whole)


def _cells(kind: str, timing: Timing, one: Timing) -> tuple[str, ...]:
    per_gb = timing.cpu / (timing.size / 1e9)
    told = f"{timing.size / 1e6:.3g}", timing.row.name, f"{timing.wall:.3g}", f"{timing.cpu:.3g}", f"{per_gb:.3g}"
    return kind, *told, f"{timing.memory / 1e6:.0f}", f"{one.wall / timing.wall:.2f}"


if __name__ == "__main__":
    sys.exit(main())
