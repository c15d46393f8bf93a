"""A survey on a Dask cluster: real workers, each in a process of its own, write what one process writes."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="needs pyarrow")

from dicomsniff.commands.cli import run
from dicomsniff.surveying.tables import SURVEYED
from surveying.pieces import cut, rows

MOVE = Path(__file__).parents[2] / "samples" / "c-move.pcap"
CLUSTER = """
import sys
from dask.distributed import LocalCluster

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """A scheduler and two workers; they end when nobody holds on to their standard input."""
    pytest.importorskip("dask.distributed", reason="needs dask.distributed")
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER)
    with subprocess.Popen([sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, cwd=tmp_path) as process:  # fmt: skip
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_cluster_writes_the_same_tables(cluster, tmp_path):
    key = tmp_path / "key"
    key.write_text("a key of the test")
    pieces = cut(MOVE, tmp_path / "pieces", [10, 20, 30])
    call = ["survey", *pieces, "--pseudonym-key", str(key)]
    assert run([*call, "-o", str(tmp_path / "one"), "--jobs", "1"]) == 0
    assert run([*call, "-o", str(tmp_path / "many"), "--scheduler", cluster]) == 0
    for table in SURVEYED:
        assert rows(tmp_path / "many", table) == rows(tmp_path / "one", table)


def test_a_cluster_that_is_not_there_is_said(tmp_path, capfd):
    dask = pytest.importorskip("dask", reason="needs dask.distributed")
    pytest.importorskip("dask.distributed", reason="needs dask.distributed")
    with dask.config.set({"distributed.comm.timeouts.connect": "100ms"}):
        assert run(["survey", str(MOVE), "-o", str(tmp_path / "out"), "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert "--scheduler tcp://127.0.0.1:1: " in capfd.readouterr().err


def test_processes_and_a_cluster_exclude_each_other(tmp_path, capsys):
    call = ["survey", str(MOVE), "-o", str(tmp_path), "--jobs", "2", "--scheduler", "tcp://127.0.0.1:1"]
    assert run(call) == 2
    assert "exclude each other" in capsys.readouterr().err
