"""Metrics: what Prometheus is told, under labels that nobody on the network can add to."""

import socket
import urllib.request

import pytest

from dicomsniff.capture.losses import Losses
from dicomsniff.library import Capture
from dicomsniff.watching.metrics import Metrics, MetricsError
from replayed import echo, rejected, replay

pytest.importorskip("prometheus_client")


@pytest.fixture
def port() -> int:
    """A port of this machine that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def scraped(capture: Capture, port: int) -> list[str]:
    """Watch a capture through, and return what is told then, before its end."""
    metrics = Metrics(capture, "127.0.0.1", port)
    capture.add_watcher(metrics)
    for _ in capture.blocks():
        pass
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics.port}/metrics", timeout=30) as answer:
        said = answer.read().decode()
    capture.end_watchers()
    return said.splitlines()


def test_what_was_seen_is_counted(port: int) -> None:
    told = scraped(replay(echo().packets, echo(0x0122, client=40003).packets, rejected().packets, lost=3), port)
    for line in (
        'dicomsniff_associations_total{outcome="released"} 2.0',
        'dicomsniff_associations_total{outcome="rejected"} 1.0',
        "dicomsniff_associations_open 0.0",
        'dicomsniff_operations_total{service="C-ECHO",status="Success"} 1.0',
        'dicomsniff_operations_total{service="C-ECHO",status="Failure"} 1.0',
        'dicomsniff_operation_latency_seconds_bucket{le="0.001",service="C-ECHO"} 2.0',
        'dicomsniff_findings_total{code="association-rejected",severity="error"} 1.0',
        "dicomsniff_packets_total 32.0",
        'dicomsniff_lost_packets_total{by="kernel"} 3.0',
    ):
        assert line in told


def test_time_in_which_nothing_was_captured_counts_once_however_often_it_is_told(port: int) -> None:
    capture = replay(echo().packets, echo(client=40003).packets, echo(client=40004).packets)
    capture.reader.losses.note(Losses(away=2.5))
    assert "dicomsniff_away_seconds_total 2.5" in scraped(capture, port)


def test_no_word_of_a_peer_is_among_the_labels(port: int) -> None:
    told = "\n".join(scraped(replay(rejected().packets), port))
    assert "STORESCU" not in told
    assert "10.0.0" not in told


def test_a_port_that_is_taken_is_said() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        pytest.raises(MetricsError, match=r"127\.0\.0\.1:.*in use"),
    ):
        Metrics(replay(), "127.0.0.1", listening.getsockname()[1])


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "prometheus_client", None)
    with pytest.raises(MetricsError, match=r"pip install 'dicomsniff\[metrics\]'"):
        Metrics(replay(), "127.0.0.1", 1)
