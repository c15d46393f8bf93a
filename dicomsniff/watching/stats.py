"""A line each period on what the capture brought in it, in the words of the format that it stands in."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import IO, Any

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.association.latency import Latency
from dicomsniff.export.json_text import json_text
from dicomsniff.findings.finding import SEVERITIES
from dicomsniff.findings.fresh import FreshFindings
from dicomsniff.library import Capture
from dicomsniff.quantities import counted, duration, in_seconds
from dicomsniff.watching.endings import Endings
from dicomsniff.watching.operations import category_of, ended_operations, service_of


class Stats:
    """Writes what came in each period of so many seconds by the clock, also where nothing came.

    The last period is shorter. Whatever is chosen to be shown, all is counted.
    """

    def __init__(
        self, capture: Capture, out: IO[str], seconds: float, form: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._capture, self._out, self._seconds, self._clock = capture, out, seconds, clock
        self._line = {"text": stats_text, "jsonl": stats_json}[form]
        self._fresh = FreshFindings(capture.found)
        self._endings = Endings()
        self._known = (0, 0, 0)
        """Associations, packets and losses when the period began."""
        self._begin()

    def take(self, updates: list[Update], ended: list[Association]) -> None:
        """Take what a block of the capture brought; write what the period held, if it is over."""
        for operation in ended_operations(updates):
            service = service_of(operation)
            self._operations[service, category_of(operation)] += 1
            latency = operation.final_latency
            if latency is not None and latency >= 0:
                self._latencies.setdefault(service, Latency()).add(latency, 0)
        self._findings.update(finding.severity for _, finding in self._fresh.take(updates, ended))
        self._outcomes.update(association.outcome for association in self._endings.take(updates, ended))
        if self._clock() >= self._due:
            self._write()

    def end(self) -> None:
        """The capture is over: write what the period holds until now."""
        self._write()

    def _begin(self) -> None:
        self._since = self._clock()
        self._due = self._since + self._seconds
        self._outcomes: Counter[str] = Counter()
        self._operations: Counter[tuple[str, str]] = Counter()
        self._latencies: dict[str, Latency] = {}
        self._findings: Counter[str] = Counter()

    def _write(self) -> None:
        analyzer = self._capture.analyzer
        known = (analyzer.association_count, analyzer.packets, self._capture.losses.packets)
        opened, packets, lost = (now - before for now, before in zip(known, self._known, strict=True))
        seconds = max(self._clock() - self._since, 1e-9)
        said: dict[str, Any] = {
            "kind": "stats",
            "seconds": round(seconds, 1),
            "associations": {
                "opened": opened,
                "ended": dict(sorted(self._outcomes.items())),
                "open": known[0] - self._endings.count,
            },
            "operations": [
                {"service": service, "status": category, "count": count}
                for (service, category), count in sorted(self._operations.items())
            ],
            "latency": {
                service: {
                    "count": latency.count,
                    "median": in_seconds(latency.median),
                    "worst": in_seconds(latency.worst),
                }
                for service, latency in sorted(self._latencies.items())
            },
            "findings": {str(severity): self._findings[severity] for severity in SEVERITIES},
            "packets": packets,
            "packets_per_second": round(packets / seconds, 1),
            "lost": lost,
        }
        self._out.write(self._line(said) + "\n")
        self._known = known
        self._begin()


def stats_json(said: dict[str, Any]) -> str:
    """Return a period's numbers as a line of JSON; times are in seconds."""
    return json_text(said)


def stats_text(said: dict[str, Any]) -> str:
    """Return a period's numbers as a line of text."""
    return f"-- in {said['seconds']:g} s: " + "; ".join(_parts(said))


def _parts(said: dict[str, Any]) -> Iterator[str]:
    associations, findings = said["associations"], said["findings"]
    ended = ", ".join(f"{count} {outcome}" for outcome, count in associations["ended"].items())
    total = sum(associations["ended"].values())
    how = f" ({ended})" if ended else ""
    yield f"{counted(associations['opened'], 'association')} opened, {total} ended{how}, {associations['open']} open"
    if said["operations"]:
        yield ", ".join(f"{each['count']} {each['service']} {each['status']}" for each in said["operations"])
    for service, latency in said["latency"].items():
        median, worst = (duration(round(latency[which] * 1e9)) for which in ("median", "worst"))
        yield f"{service} latency median {median}, worst {worst}"
    if any(findings.values()):
        yield ", ".join(counted(count, severity) for severity, count in findings.items() if count)
    yield f"{said['packets_per_second']:,} packets/s"
    if said["lost"]:
        yield f"{counted(said['lost'], 'packet')} lost"
