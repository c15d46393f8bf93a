"""What Prometheus scrapes: numbers of a capture since it began, under few labels, and no word of a peer in them."""

from wsgiref.simple_server import WSGIServer

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.capture.losses import Losses
from dicomsniff.findings.fresh import FreshFindings
from dicomsniff.library import Capture
from dicomsniff.watching.endings import Endings
from dicomsniff.watching.operations import category_of, ended_operations, service_of

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Latencies (s) up to which operations are counted together."""


class MetricsError(Exception):
    """No metrics can be offered; the message says why, and what to do."""


class Metrics:
    """Counts what comes, and offers the counts over HTTP at an address, until it is closed.

    Raises MetricsError where prometheus-client is not installed, or the port cannot be had.
    """

    def __init__(self, capture: Capture, address: str, port: int) -> None:
        try:
            from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
        except ImportError:
            raise MetricsError("prometheus-client is not installed: pip install 'dicomsniff[metrics]'") from None
        self._capture = capture
        self._fresh = FreshFindings(capture.found)
        self._losses = Losses()
        self._endings = Endings()
        self._packets = 0
        registry = CollectorRegistry()  # without the numbers of the process, which are not the capture's
        prefix = "dicomsniff_"
        self._associations = Counter(
            f"{prefix}associations", "Associations that are over.", ["outcome"], registry=registry
        )
        self._open = Gauge(f"{prefix}associations_open", "Associations that are going on.", registry=registry)
        self._operations = Counter(
            f"{prefix}operations", "DIMSE operations by their final status.", ["service", "status"], registry=registry
        )
        self._latencies = Histogram(
            f"{prefix}operation_latency_seconds",
            "From the end of a request to its final response.",
            ["service"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._findings = Counter(f"{prefix}findings", "Findings.", ["code", "severity"], registry=registry)
        self._packet_count = Counter(f"{prefix}packets", "Packets captured.", registry=registry)
        self._lost = Counter(f"{prefix}lost_packets", "Packets lost while capturing.", ["by"], registry=registry)
        self._away = Counter(f"{prefix}away_seconds", "Time in which nothing was captured.", registry=registry)
        try:
            server, self._thread = start_http_server(port, address, registry)
        except OSError as error:
            raise MetricsError(f"{address}:{port}: {error.strerror or error}") from None
        self._server: WSGIServer = server
        self.port: int = server.server_port
        """Where it is offered."""

    def take(self, updates: list[Update], ended: list[Association]) -> None:
        """Count what a block of the capture brought."""
        for operation in ended_operations(updates):
            service, latency = service_of(operation), operation.final_latency
            self._operations.labels(service, category_of(operation)).inc()
            if latency is not None and latency >= 0:
                self._latencies.labels(service).observe(latency / 1e9)
        for _, finding in self._fresh.take(updates, ended):
            self._findings.labels(finding.code, str(finding.severity)).inc()
        for association in self._endings.take(updates, ended):
            self._associations.labels(association.outcome).inc()
        analyzer = self._capture.analyzer
        self._open.set(analyzer.association_count - self._endings.count)
        self._packet_count.inc(analyzer.packets - self._packets)
        self._packets = analyzer.packets
        self._count_losses(self._capture.losses)

    def end(self) -> None:
        """The capture is over: stop offering the counts."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _count_losses(self, losses: Losses) -> None:
        known = self._losses.by
        for by, count in losses.by.items():
            self._lost.labels(by).inc(max(count - known.get(by, 0), 0))
        self._away.inc(max(losses.away - self._losses.away, 0))
        self._losses = losses
