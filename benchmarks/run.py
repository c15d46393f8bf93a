#!/usr/bin/env python3
"""Measure dicomsniff on captures: time and memory beside tshark's and a bare loop's, and whether all of it was found.

run.py CAPTURE... [--tshark] [--runs 3] [--markdown]

Run it with the Python that dicomsniff is installed in.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from checks import Check, check_capture
from expectation import find_expectation
from machine import machine_lines, missing_memory
from measure import Row, cut_capture, measure_rows, read_once
from tables import findings_line, table_lines

HERE = Path(__file__).parent
SIDE_BY_SIDE = 100_000_000
"""Bytes of the capture that are exported."""
TSHARK = ["tshark", "-d", "tcp.port==11112,dicom", "-Y", "dicom", "-r"]
TSHARK_ALL = ["tshark", "-d", "tcp.port==11112,dicom", "-r"]


def main() -> int:
    """Measure every capture; 1 where something was not found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captures", metavar="CAPTURE", nargs="+", help="as make_capture.py makes them")
    parser.add_argument("--tshark", action="store_true", help="measure tshark too; it takes its time")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="runs of each; the median counts (3)")
    parser.add_argument("--markdown", action="store_true", help="print tables as Markdown")
    parser.add_argument("--expect", metavar="FILE", help="the expectation, where it is not beside the capture")
    args = parser.parse_args()
    if args.runs < 1:
        parser.error("--runs is at least 1")
    for line in machine_lines(with_tshark=args.tshark):
        print(f"- {line}" if args.markdown else line)
    failed = False
    for capture in args.captures:
        checks = measure_capture(capture, args)
        failed |= any(not check.passed for check in checks)
    return 1 if failed else 0


def measure_capture(capture: str, args: argparse.Namespace) -> list[Check]:
    """Measure one capture, and print its table and checks."""
    size = Path(capture).stat().st_size
    print(f"\n{Path(capture).name}: {size / 1e6:.1f} MB, median of {args.runs}\n", flush=True)
    if warning := missing_memory(size):
        print(f"{warning}\n")
    with tempfile.TemporaryDirectory() as work:
        first = capture
        if size > SIDE_BY_SIDE:
            first = f"{work}/first.pcap"
            cut_capture(capture, first, SIDE_BY_SIDE)
        rows = rows_of(capture, first, Path(work), with_tshark=args.tshark)
        for path in {capture, first}:
            read_once(path)
        timings = measure_rows(rows, args.runs)
        for line in table_lines(timings, markdown=args.markdown):
            print(line)
        print(f"\n{findings_line(timings)}")
        # Only now: a child's peak memory counts from what this process holds when it starts.
        expectation = args.expect or find_expectation(capture)
        if expectation is None:
            print("\nno expectation beside the capture: nothing checked")
            return []
        print()
        checks = check_capture(expectation, Path(work), Path(first).stat().st_size, whole=first == capture)
    for check in checks:
        print(f"{'- ' if args.markdown else ''}{'ok' if check.passed else 'WRONG'}: {check.text}", flush=True)
    return checks


def rows_of(capture: str, first: str, work: Path, *, with_tshark: bool) -> list[Row]:
    """List what is measured on a capture and on its first part."""
    python = sys.executable
    dicomsniff = [python, "-m", "dicomsniff"]
    rows = [
        Row("floor", [python, str(HERE / "floor.py"), capture], capture),
        Row("index", [python, str(HERE / "index.py"), capture], capture, output=work / "index.json"),
        Row("index, no findings", [python, str(HERE / "index.py"), capture, "--no-findings"], capture),
        Row("show", [*dicomsniff, "show", capture], capture, output=work / "show.txt"),
        Row("export json", [*dicomsniff, "export", first, "--format", "json"], first, output=work / "export.json"),
    ]
    if with_tshark:
        fields = ["-T", "fields", "-e", "frame.number", "-e", "dicom.pdu.type"]
        rows += [
            Row("tshark fields", [*TSHARK, capture, *fields], capture, beside=("index", "show")),
            Row("tshark json", [*TSHARK, first, "-T", "json"], first, beside=("export json",)),
            Row("tshark json, all", [*TSHARK_ALL, first, "-T", "json"], first),
        ]
    return rows


if __name__ == "__main__":
    sys.exit(main())
