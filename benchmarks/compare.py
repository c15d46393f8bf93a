#!/usr/bin/env python3
"""Measure `dicomsniff show` beside tshark on every kind of traffic, and print one table.

compare.py DIRECTORY [KIND...] [--runs 3] [--program PYTHON...] [--no-tshark] [--scale 1.0]

Captures are made in DIRECTORY where they are not there yet, 6 GB of them, and stay there. Without KIND, all are
measured. Each --program is the Python of an environment that dicomsniff is installed in: several are compared.
"""

import argparse
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from machine import machine_lines
from measure import Row, Timing, measure_rows, read_once
from tables import aligned
from traffic import TRAFFIC, Traffic

HERE = Path(__file__).parent
FIELDS = ["-Y", "dicom", "-T", "fields", "-e", "frame.number", "-e", "dicom.pdu.type"]
TSHARK = ["tshark", "-d", "tcp.port==11112,dicom", *FIELDS, "-r"]
SHORT_RUNS = 7
"""How often what takes a moment is measured at least."""


@dataclass(frozen=True)
class Measured:
    """What `show` of one program took on a kind of traffic, and what both took on what tshark was given of it."""

    shown: Timing
    beside: Timing
    tshark: Timing | None

    @property
    def ratio(self) -> str:
        """How many times longer tshark takes."""
        if self.tshark is None:
            return ""
        return f"{self.tshark.cpu / self.beside.cpu:.3g}"


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", metavar="DIRECTORY", type=Path)
    parser.add_argument("kinds", metavar="KIND", nargs="*", help=", ".join(TRAFFIC))
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="runs of each; the median counts (3)")
    parser.add_argument("--program", action="append", metavar="PYTHON", help="this one unless given")
    parser.add_argument("--no-tshark", action="store_true", help="measure dicomsniff only")
    parser.add_argument("--whole", action="store_true", help="let tshark read all of what takes it minutes, too")
    parser.add_argument("--scale", type=float, default=1, metavar="X", help="make captures that much smaller (1)")
    args = parser.parse_args()
    unknown = set(args.kinds) - set(TRAFFIC)
    if unknown or args.runs < 1 or not 0 < args.scale <= 1:
        parser.error(f"unknown: {', '.join(sorted(unknown))}" if unknown else "--runs is at least 1, --scale at most")
    args.directory.mkdir(parents=True, exist_ok=True)
    for line in machine_lines(with_tshark=not args.no_tshark):
        print(f"- {line}")
    print()
    programs = args.program or [sys.executable]
    table = [heading(programs)]
    for name in args.kinds or TRAFFIC:
        kind = replace(TRAFFIC[name], beside=None) if args.whole else TRAFFIC[name]
        whole = make(args.directory, name, kind.count, args.scale)
        part = make(args.directory, name, kind.beside, args.scale) if kind.beside else whole
        measured = measure(programs, whole, part, args.runs, with_tshark=not args.no_tshark)
        table.append(cells(kind, measured, args.scale))
        print(" ".join(table[-1]), file=sys.stderr, flush=True)
    print("\n".join(aligned(table, markdown=True)))
    return 0


def make(directory: Path, name: str, count: int, scale: float) -> str:
    """Make a capture, unless it is there."""
    scaled = max(1, round(count * scale))
    path = directory / f"{name}-{scaled}.pcap"
    if not path.exists():
        unfinished = path.with_suffix(".part")
        # In a process of its own: what this one holds is the least that those it measures seem to take.
        maker = [sys.executable, str(HERE / "make_capture.py"), str(unfinished), "--kind", name, "--count", str(scaled)]
        subprocess.run(maker, check=True, stdout=subprocess.DEVNULL)
        unfinished.rename(path)
    return str(path)


def measure(programs: list[str], whole: str, part: str, runs: int, *, with_tshark: bool) -> list[Measured]:
    """Measure every program on a capture, and beside tshark on the part that is given to it."""
    if Path(whole).stat().st_size < 1_000_000:
        runs = max(runs, SHORT_RUNS)
    rows = {
        (number, path): _show(number, program, path)
        for number, program in enumerate(programs)
        for path in (whole, part)
    }
    tshark = [Row("tshark", [*TSHARK, part], part)] if with_tshark else []
    for path in {whole, part}:
        read_once(path)
    timings = {timing.row.name: timing for timing in measure_rows([*rows.values(), *tshark], runs)}
    return [
        Measured(timings[rows[number, whole].name], timings[rows[number, part].name], timings.get("tshark"))
        for number in range(len(programs))
    ]


def _show(number: int, program: str, path: str) -> Row:
    return Row(f"{number} {Path(path).name}", [program, "-P", "-m", "dicomsniff", "show", path], path)


def heading(programs: list[str]) -> list[str]:
    """Return what stands above the columns."""
    each = ["show CPU s", "MB", "tshark ÷"]
    return ["traffic", "MB", "tshark CPU s", *(each * len(programs))]


def cells(kind: Traffic, measured: list[Measured], scale: float) -> list[str]:
    """Return a row of the table."""
    tshark = measured[0].tshark
    said = f"{tshark.cpu:.3g}" if tshark is not None else ""
    if tshark is not None and kind.beside:
        said += f" of {kind.beside / kind.count:.0%}"
    row = [kind.name + (f" × {scale:g}" if scale < 1 else ""), f"{measured[0].shown.size / 1e6:.3g}", said]
    for each in measured:
        row += [f"{each.shown.cpu:.3g}", f"{each.shown.memory / 1e6:.0f}", each.ratio]
    return row


if __name__ == "__main__":
    sys.exit(main())
