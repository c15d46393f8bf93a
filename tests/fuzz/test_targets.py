"""What the fuzzers check holds for every sample, for changed ones, and for what was found before."""

import sys
import tracemalloc
from functools import cache
from pathlib import Path
from random import Random

import pytest

from fuzz.limits import limited_calls
from fuzz.seeds import Material, materials
from fuzz.targets import NAMES, load

SAMPLES = Path(__file__).parent.parent.parent / "samples"
CASES = sorted(path for path in (Path(__file__).parent / "cases").glob("*/*"))
MAX_MEMORY = 128 << 20


@cache
def samples() -> list[Material]:
    return list(materials([SAMPLES]))


@cache
def seeds(name: str) -> list[bytes]:
    target = load(name)
    found = [data for material in samples() for data in target.seeds(material)]
    return [data for data in found if len(data) <= target.max_length]


def check(name: str, data: bytes) -> None:
    with limited_calls(len(data)):
        load(name).check(data)


def damage(rng: Random):
    """Stands in for libFuzzer's own mutations."""

    def havoc(data: bytes) -> bytes:
        at = rng.randint(0, len(data))
        return data[:at] + rng.randbytes(rng.randrange(4)) + data[at + rng.randrange(4) :]

    return havoc


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_seed_passes(name):
    found = seeds(name)
    assert len(found) > 10
    for data in found:
        check(name, data)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_seeds_that_were_changed_pass(name):
    target, rng = load(name), Random(name)
    found = seeds(name)
    for data in found:
        check(name, target.mutate(data, rng, damage(rng)))
        check(name, target.cross(data, rng.choice(found), rng))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_before_passes(path):
    check(path.parent.name, path.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_anything_is_taken_in_bounded_memory(name):
    rng, target = Random(1), load(name)
    tracemalloc.start()
    for data in (b"", b"\0", bytes(300), b"\xff" * target.max_length, rng.randbytes(2000)):
        check(name, data)
        check(name, target.mutate(data, rng, damage(rng)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MAX_MEMORY


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_is_told_apart_without_loss(name):
    target = load(name)
    for data in seeds(name):
        assert b"".join(piece.render() for piece in target.parse(data)) == data


def test_nothing_here_needs_atheris():
    assert "atheris" not in sys.modules
