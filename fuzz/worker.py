"""Fuzzes one target with atheris for a time; goes on after what it finds, which it keeps and says in a line.

It is a process of its own, started by the runner: `python -m fuzz.worker TARGET --seconds N …`.
"""

import argparse
import hashlib
import sys
import time
import traceback
import warnings
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["dicomsniff"]):
    from fuzz.targets import Target, load

from fuzz.finds import Find, Finds, key_of, shorten
from fuzz.limits import TooSlow, limit_memory, limited_calls, limited_time
from fuzz.seeds import materials

SLOW = 5.0
"""Seconds of processor time after which an input's calls are counted."""
GROWTH = 64
"""Bytes that a blind change of a piece may add."""
_DICTIONARY = Path(__file__).with_name("dicom.dict")
_HANG_SECONDS, _MEMORY_MB = 120, 3000
"""Beyond these, libFuzzer ends the process: something did not stop at its own limits."""


class Worker:
    """Checks inputs and keeps what is found."""

    def __init__(self, name: str, found: Path) -> None:
        with atheris.instrument_imports(include=["dicomsniff"]):
            self.target: Target = load(name)
        self._name, self._finds = name, Finds(found)

    def check(self, data: bytes) -> None:
        """Check an input; what it shows is kept."""
        error = self._error(data)
        if error is None:
            return
        find = Find(self._name, key_of(error))
        first = find not in self._finds.counts
        self._finds.add(find, data, "".join(traceback.format_exception(error)))
        if first:
            if not isinstance(error, TooSlow | MemoryError):
                shorter = shorten(data, lambda tried: self._shows(tried, find))
                self._finds.add(find, shorter, "".join(traceback.format_exception(self._error(shorter))))
            print(self._finds.line(find), flush=True)

    def _shows(self, data: bytes, find: Find) -> bool:
        error = self._error(data)
        return error is not None and key_of(error) == find.key

    def _error(self, data: bytes) -> BaseException | None:
        start = time.process_time()
        try:
            with limited_time():
                self.target.check(data)
            if time.process_time() - start > SLOW:
                with limited_time(), limited_calls(len(data)):
                    self.target.check(data)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  whatever it is, it is what is searched
            return error
        return None

    def mutate(self, data: bytes, max_size: int, seed: int) -> bytes:
        """Change an input, as libFuzzer asks for it."""
        return self.target.mutate(bytes(data), Random(seed), _havoc)[:max_size]

    def cross(self, data: bytes, other: bytes, max_size: int, seed: int) -> bytes:
        """Mix two inputs, as libFuzzer asks for it."""
        return self.target.cross(bytes(data), bytes(other), Random(seed))[:max_size]


def _havoc(data: bytes) -> bytes:
    return bytes(atheris.Mutate(data, len(data) + GROWTH))


def _plant(target: Target, corpus: Path, folders: list[Path]) -> None:
    """Put the seeds that are not there yet among the inputs."""
    corpus.mkdir(parents=True, exist_ok=True)
    for material in materials(folders):
        for data in target.seeds(material):
            if len(data) <= target.max_length:
                (corpus / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)


def main() -> None:
    """Fuzz one target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--corpus", type=Path, required=True, help="where its inputs are kept")
    parser.add_argument("--found", type=Path, required=True, help="where finds are kept")
    parser.add_argument("--seeds", type=Path, nargs="*", default=[], help="folders of captures")
    options = parser.parse_args()
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", ResourceWarning)  # it comes later, with an input that has no part in it
    options.found.mkdir(parents=True, exist_ok=True)
    worker = Worker(options.target, options.found)
    _plant(worker.target, options.corpus, options.seeds)
    limit_memory()
    arguments = [
        sys.argv[0],
        f"-max_total_time={options.seconds}",
        f"-max_len={worker.target.max_length}",
        f"-timeout={_HANG_SECONDS}",
        f"-rss_limit_mb={_MEMORY_MB}",
        f"-dict={_DICTIONARY}",
        f"-artifact_prefix={options.found}/{options.target}-",
        "-print_final_stats=1",
        "-report_slow_units=3600",
        str(options.corpus),
    ]
    atheris.Setup(arguments, worker.check, custom_mutator=worker.mutate, custom_crossover=worker.cross)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
