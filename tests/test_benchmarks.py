"""The captures that benchmarks are run on hold what their expectation says, and dicomsniff finds all of it."""

import json
import shutil
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest

from dicomsniff import open_capture
from dicomsniff.capture.reader import CaptureReader
from dicomsniff.library import Capture

pytestmark = pytest.mark.slow

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
STORES = ("store-1000", "store", "vlan", "ipv6", "vlan-ipv6", "cooked", "loopback", "segments", "doubled", "reordered")


COMPARED_ONCE = f"import sys; sys.path[0] = {str(BENCHMARKS)!r}; import compare; compare.SHORT_RUNS = 1"
COMPARED_ONCE += "; sys.exit(compare.main())"
"""Compares programs, and measures once what takes a moment, too."""


def run(program: str, *arguments: object) -> str:
    return printed(str(BENCHMARKS / program), *arguments)


def printed(*arguments: object) -> str:
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make(capture: Path, *arguments: object) -> dict:
    run("make_capture.py", capture, *arguments)
    return json.loads(Path(f"{capture}.expect.json").read_text())


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """A synthetic capture, and what is expected of it."""
    path = tmp_path_factory.mktemp("synthetic") / "small.pcap"
    return path, make(path, "--synthetic", "--size", 0.2)


def test_a_synthetic_capture_is_found_whole(small: tuple[Path, dict]) -> None:
    path, expected = small
    assert 150_000 < path.stat().st_size < 250_000
    with Capture(CaptureReader(str(path)), collect=True) as capture:
        associations = capture.associations
        assert capture.analyzer.packets == expected["packets"]
        assert not capture.reader.truncated
        assert not capture.analyzer.undecoded
    assert [association.outcome for association in associations] == ["released"] * expected["associations"]
    assert not [finding for association in associations for finding in capture.found.of(association).causes]
    messages = [message for association in associations for message in association.messages]
    assert len(messages) == expected["messages"]
    assert sum(message.command.status == 0 for message in messages) == expected["stored"] > 0
    found = {
        message.command.affected_sop_instance_uid: (message.data_set.length, message.data_set.sha256)
        for message in messages
        if message.data_set is not None
    }
    assert found == {each["sop_instance"]: (each["length"], each["sha256"]) for each in expected["objects"]}
    for message in messages:
        if message.data_set is not None and message.data_set.content is not None:
            message.data_set.content.close()


def test_associations_of_a_synthetic_capture_are_interleaved(small: tuple[Path, dict]) -> None:
    with open_capture(str(small[0])) as capture:
        starts = [association.start_time for association in capture.associations]
        ends = [association.end_time for association in capture.associations]
    assert max(starts) < min(ends)


@pytest.mark.parametrize(
    ("kind", "count", "associations", "messages", "outcome"),
    [
        ("short-associations", 30, 30, 60, "released"),
        ("one-byte-segments", 500, 1, 2, "released"),
        ("many-messages", 200, 1, 200, "released"),
        ("never-closed", 30, 30, 60, "unfinished"),
    ],
)
def test_a_hostile_capture_is_found_whole(
    tmp_path: Path, kind: str, count: int, associations: int, messages: int, outcome: str
) -> None:
    path = tmp_path / "hostile.pcap"
    expected = make(path, "--kind", kind, "--count", count)
    assert (expected["associations"], expected["messages"]) == (associations, messages)
    with open_capture(str(path)) as capture:
        found = capture.associations
        assert capture.analyzer.packets == expected["packets"]
    assert [association.outcome for association in found] == [outcome] * associations
    assert sum(len(association.messages) for association in found) == messages
    for each in expected["objects"]:
        lengths = [message.data_set.length for message in found[0].messages if message.data_set is not None]
        assert lengths == [each["length"]]


def test_one_byte_segments_are_of_one_byte(tmp_path: Path) -> None:
    path = tmp_path / "hostile.pcap"
    expected = make(path, "--kind", "one-byte-segments", "--count", 500)
    assert expected["packets"] > 500


def test_the_run_compares_what_was_found(small: tuple[Path, dict]) -> None:
    said = run("run.py", small[0], "--runs", 1, "--markdown")
    assert said.count("- ok: ") == 3
    for row in ("floor", "index", "index, no findings", "show", "export json"):
        assert f"| {row} |" in said


def test_the_run_fails_where_something_was_not_found(small: tuple[Path, dict], tmp_path: Path) -> None:
    path = shutil.copy(small[0], tmp_path)
    expected = deepcopy(small[1])
    expected["messages"] += 1
    expected["objects"][0]["sha256"] = "0" * 64
    Path(f"{path}.expect.json").write_text(json.dumps(expected))
    command = [sys.executable, str(BENCHMARKS / "run.py"), str(path), "--runs", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.count("WRONG: ") == 3


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        *((kind, 50_000) for kind in STORES),
        *(("short", 10), ("echo", 40), ("find", 20), ("web", 400_000), ("small", 400), ("open", 10), ("many", 10)),
    ],
)
def test_every_kind_of_traffic_is_found(tmp_path: Path, kind: str, count: int) -> None:
    path = tmp_path / "traffic.pcap"
    expected = make(path, "--kind", kind, "--count", count)
    with open_capture(str(path)) as capture:
        associations = capture.associations
        assert len(associations) == expected["associations"]
        assert not capture.analyzer.undecoded
        assert sum(len(association.messages) for association in associations) == expected["messages"]


def test_programs_are_compared_in_one_table(tmp_path: Path) -> None:
    said = printed("-c", COMPARED_ONCE, tmp_path, "tiny", "small", "--runs", 1, "--scale", 0.0001, "--no-tshark")
    assert "| a capture of 2 kB × 0.0001 | 0.00162 |" in said
    assert said.count("\n|") == 4
