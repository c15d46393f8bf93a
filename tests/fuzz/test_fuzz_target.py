"""What the fuzzer checks holds for every sample, for damaged ones, and for what it has found before."""

import importlib.util
import sys
import tracemalloc
from pathlib import Path
from random import Random

import pytest

ROOT = Path(__file__).parent.parent.parent
CASES = sorted((Path(__file__).parent / "cases").glob("*"))
MAX_MEMORY = 64 << 20


def load():
    spec = importlib.util.spec_from_file_location("fuzz_capture", ROOT / "fuzz" / "fuzz_capture.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fuzz_capture = load()
SEEDS = dict(fuzz_capture.seeds())


@pytest.mark.parametrize("name", SEEDS)
def test_every_sample_passes(name):
    fuzz_capture.check(SEEDS[name])


@pytest.mark.parametrize("name", SEEDS)
def test_samples_with_damage_pass(name):
    rng = Random(name)
    for _ in range(4):
        data = bytearray(SEEDS[name])
        for _ in range(rng.randrange(1, 5)):
            at = rng.randrange(1, len(data))
            data[at : at + rng.randrange(4)] = rng.randbytes(rng.randrange(4))
        fuzz_capture.check(bytes(data[: rng.randrange(1, len(data))]))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_what_was_found_before_passes(path):
    fuzz_capture.check(path.read_bytes())


def test_every_form_takes_anything_in_bounded_memory():
    rng = Random(1)
    tracemalloc.start()
    for form in range(len(fuzz_capture.FORMS)):
        fuzz_capture.check(bytes([form]))
        fuzz_capture.check(bytes([form]) + b"\xff" * fuzz_capture.MAX_LENGTH)
        fuzz_capture.check(bytes([form]) + rng.randbytes(2000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MAX_MEMORY


def test_a_conversation_holds_what_its_connection_sent():
    data = b"".join(sent for _, sent in fuzz_capture.steps(SEEDS["c-echo-conversation"][1:]))
    assert b"1.2.840.10008.1.1" in data
    assert "atheris" not in sys.modules
