"""Shares a time among all targets, some at a time, and ends with what they found; or checks given inputs again."""

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.finds import FOUND, ROOT, Find, Finds
from fuzz.targets import NAMES, load

FOLDER = ROOT / "build" / "fuzz"
_ENDED_BY = re.compile(r"Test unit written to (\S+)")
_STATISTICS = re.compile(r"stat::number_of_executed_units:\s*(\d+)|#(\d+)\s.*\bcov: (\d+)")
_PACKAGE = f"{ROOT}/dicomsniff/"
_INTERRUPTED = 72
"""The exit status of libFuzzer after Ctrl-C."""
_DEATHS = 5
"""How often a worker may end at no input, killed from outside or out of memory, before its target is given up."""
_TAIL = 40
"""Lines of a worker's log that tell why it ended."""


@dataclass
class Result:
    """What came of a target."""

    target: str
    inputs: int = 0
    coverage: int = 0
    found: dict[str, None] = field(default_factory=dict)
    """Lines, one for each kind of find."""


class Run:
    """Runs every target for its share of the time."""

    def __init__(self, seconds: int, seeds: Sequence[Path], folder: Path) -> None:
        self._seconds, self._seeds, self._folder = seconds, seeds, folder
        self.results: list[Result] = []
        self.interrupted = False

    def target(self, name: str) -> None:
        """Fuzz one target, again where something ended it, until its time is over."""
        if self.interrupted:
            return
        result, until = Result(name), time.monotonic() + self._seconds
        self.results.append(result)
        deaths = 0
        while deaths < _DEATHS and not self.interrupted and (left := int(until - time.monotonic())) > 0:
            tail, status = self._worker(name, left, result)
            # Ctrl-C reaches the worker, too, which may say so first.
            self.interrupted = self.interrupted or status == _INTERRUPTED
            if status == 0 or self.interrupted:
                break
            deaths += not self._keep(name, tail, status, result)

    def _worker(self, name: str, seconds: int, result: Result) -> tuple[list[str], int]:
        found, corpus = self._folder / "found", self._folder / "corpus" / name
        before = result.inputs
        command = [sys.executable, "-m", "fuzz.worker", name, "--seconds", str(seconds), "--corpus", str(corpus)]
        command += ["--found", str(found), "--seeds", *map(str, self._seeds)]
        log, tail = self._folder / f"{name}.log", [""]
        log.parent.mkdir(parents=True, exist_ok=True)
        with (
            log.open("a", encoding="utf-8") as file,
            subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
            ) as process,
        ):
            for line in process.stdout or ():
                file.write(line)
                tail = [*tail[-_TAIL:], line]
                if line.startswith(FOUND):
                    self._tell(line.rstrip("\n"), result)
                elif match := _STATISTICS.search(line):
                    result.inputs = before + int(match[1] or match[2])
                    result.coverage = max(result.coverage, int(match[3] or 0))
        return tail, process.returncode

    def _keep(self, name: str, tail: list[str], status: int, result: Result) -> bool:
        """Keep the input that ended a worker; return whether there is one."""
        said = "".join(tail)
        match = _ENDED_BY.search(said)
        if match is None:
            log = self._folder / f"{name}.log"
            self._tell(f"{FOUND}{name}: the worker ended with status {status} at no input; see {log}", result)
            return False
        summary = next((line.strip() for line in tail if line.startswith("SUMMARY:")), f"exit status {status}")
        place = next((line.strip() for line in tail if _PACKAGE in line), "")
        find, finds = Find(name, f"{summary} {place.replace(_PACKAGE, '')}".strip()), Finds(self._folder / "found")
        path = Path(match[1])
        finds.add(find, path.read_bytes(), said)
        path.unlink()
        self._tell(finds.line(find), result)
        return True

    def _tell(self, line: str, result: Result) -> None:
        if line not in result.found:
            result.found[line] = None
            print(line, flush=True)

    def summarize(self) -> int:
        """Print what came of each target; return the exit status."""
        print(f"{'target':16}{'inputs':>10}{'branches':>10}{'found':>8}")
        for each in self.results:
            print(f"{each.target:16}{each.inputs:10}{each.coverage:10}{len(each.found):8}")
        total = sum(len(each.found) for each in self.results)
        print(f"found: {total}; inputs are in {self._folder / 'found'}" if total else "nothing found")
        if total:
            return 1
        return 130 if self.interrupted else 0


def _check(name: str, paths: Sequence[Path]) -> None:
    for path in paths:
        load(name).check(path.read_bytes())
        print(f"{path}: nothing found")


def main() -> int:
    """Fuzz, or check again."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="for all targets together; 600 without")
    parser.add_argument("--jobs", type=int, default=2, help="targets that run at a time; 2 without")
    parser.add_argument("--targets", default=",".join(NAMES), help="which; all without: %(default)s")
    parser.add_argument(
        "--corpora", type=Path, nargs="*", default=[], metavar="DIR", help="folders of further captures"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where inputs, logs and finds are kept")
    parser.add_argument("--check", metavar="TARGET", help="only check INPUTs again")
    parser.add_argument("inputs", type=Path, nargs="*", metavar="INPUT")
    options = parser.parse_args()
    if options.check:
        _check(options.check, options.inputs)
        return 0
    names = options.targets.split(",")
    jobs = max(1, min(options.jobs, len(names)))
    folders = [ROOT / "samples", ROOT / "tests", *(folder.resolve() for folder in options.corpora)]
    run = Run(max(1, options.seconds * jobs // len(names)), folders, options.folder.resolve())
    with ThreadPoolExecutor(jobs) as pool:
        try:
            list(pool.map(run.target, names))
        except KeyboardInterrupt:
            run.interrupted = True
    return run.summarize()


if __name__ == "__main__":
    sys.exit(main())
