"""Commands -> what they took: wall clock, processor and memory, as the kernel counted them."""

import os
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
BLOCK = 1 << 20
PCAP_HEADER, RECORD_HEADER = 24, 16


@dataclass(frozen=True)
class Row:
    """A command to measure on `capture`; it is the yardstick of the rows named in `beside`."""

    name: str
    command: list[str]
    capture: str
    output: Path | None = None
    beside: tuple[str, ...] = ()
    limit: int = 0
    """CPU seconds after which it is stopped; 0 is never."""
    statuses: tuple[int, ...] = (0, 3)
    """Exit statuses that are as they should be: 3 is a capture that is cut off, as a first part may be."""


@dataclass(frozen=True)
class Timing:
    """What a row took: medians, except for `memory`, the highest peak (bytes) of all runs."""

    row: Row
    size: int
    wall: float
    cpu: float
    memory: int
    was_stopped: bool = False
    """Whether it took all the time that it was given, and would have taken more."""

    @property
    def speed(self) -> float:
        """Megabytes per second."""
        return self.size / self.wall / 1e6


def measure_rows(rows: list[Row], runs: int) -> list[Timing]:
    """Measure every row `runs` times, in turn, so that a busy moment of the machine does not hit one row alone."""
    samples: dict[str, list[tuple[float, float, int, bool]]] = {row.name: [] for row in rows}
    for number in range(runs):
        for row in rows:
            _say(f"run {number + 1} of {runs}: {row.name}")
            samples[row.name].append(_run(row))
    _say("")
    return [_timing(row, samples[row.name]) for row in rows]


def _timing(row: Row, samples: list[tuple[float, float, int, bool]]) -> Timing:
    walls, cpus, memories, stopped = zip(*samples, strict=True)
    size = os.path.getsize(row.capture)
    return Timing(row, size, statistics.median(walls), statistics.median(cpus), max(memories), any(stopped))


def _run(row: Row) -> tuple[float, float, int, bool]:
    with open(row.output or os.devnull, "wb") as output, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        command = ["prlimit", f"--cpu={row.limit}", *row.command] if row.limit else row.command
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        was_stopped = row.limit > 0 and process.returncode in (-signal.SIGXCPU, -signal.SIGKILL)
        if process.returncode not in row.statuses and not was_stopped:
            sys.exit(f"{' '.join(row.command)}: exit status {process.returncode}\n{errors.read().decode()[-2000:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * MAXRSS_UNIT, was_stopped


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def read_once(path: str) -> None:
    """Bring a file into the page cache."""
    for _ in _blocks(path):
        pass


def _blocks(path: str) -> Iterable[bytes]:
    with open(path, "rb", buffering=0) as file:
        while block := file.read(BLOCK):
            yield block


def cut_capture(path: str, to: str, size: int) -> None:
    """Copy the records of a little-endian pcap that lie within its first `size` bytes."""
    length_of = struct.Struct("<8xL").unpack_from
    with open(path, "rb") as file, open(to, "wb") as out:
        out.write(file.read(PCAP_HEADER))
        at = PCAP_HEADER
        while len(header := file.read(RECORD_HEADER)) == RECORD_HEADER:
            (length,) = length_of(header)
            at += RECORD_HEADER + length
            if at > size:
                break
            out.write(header + file.read(length))
