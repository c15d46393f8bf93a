"""The options about what watches a live capture, which the command takes as `watching`."""

from collections.abc import Callable
from functools import wraps
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import click

from dicomsniff.amounts import read_span
from dicomsniff.commands.command_line import understood

if TYPE_CHECKING:
    from dicomsniff.findings.finding import Severity
    from dicomsniff.library import Capture
    from dicomsniff.privacy.gate import Privacy
    from dicomsniff.watching.delivery import Deliver

LOOPBACK = "127.0.0.1"

_OPTIONS = (
    click.option("--alert", type=click.Choice(["error", "warning", "note"]),
                 help="Send each finding that is at least as bad, by one of the next two."),
    click.option("--alert-command", metavar="COMMAND",
                 help="Run COMMAND, without a shell, with each such finding as JSON on its standard input."),
    click.option("--alert-url", metavar="URL", help="POST each such finding to URL as JSON."),
    click.option("--stats", metavar="TIME", help="Print a line of statistics each TIME, such as 60s."),
    click.option("--metrics", metavar="[ADDRESS:]PORT",
                 help="Offer numbers to Prometheus there; without an address, to this machine only."),
)  # fmt: skip


class Watching(NamedTuple):
    """What is to watch a live capture."""

    severity: "Severity | None" = None
    deliver: "Deliver | None" = None
    stats: float = 0
    """Seconds between two lines of statistics; 0 is never."""
    metrics: tuple[str, int] | None = None
    """The address and port where metrics are offered."""

    def add_to(self, capture: "Capture", privacy: "Privacy", form: str | None, out: IO[str]) -> None:
        """Let it watch a capture that is shown in a format, which statistics are written in, too; None is the UI."""
        if self.metrics is not None:
            from dicomsniff.watching.metrics import Metrics, MetricsError

            try:
                capture.add_watcher(Metrics(capture, *self.metrics))
            except MetricsError as error:
                raise click.UsageError(f"--metrics: {error}") from None
        if self.severity is not None and self.deliver is not None:
            from dicomsniff.watching.alerts import Alerts

            capture.add_watcher(Alerts(capture, self.severity, self.deliver, privacy))
        if self.stats and form is not None:
            from dicomsniff.watching.stats import Stats

            capture.add_watcher(Stats(capture, out, self.stats, form))


NOBODY = Watching()


def watching_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options, which the command takes as `watching`."""

    @wraps(command)
    def call(
        *args: Any,
        alert: str | None,
        alert_command: str | None,
        alert_url: str | None,
        stats: str | None,
        metrics: str | None,
        **options: Any,
    ) -> Any:
        if (alert is None) != (alert_command is None and alert_url is None):
            raise click.UsageError("--alert SEVERITY goes with --alert-command or --alert-url, which say how")
        if alert_command is not None and alert_url is not None:
            raise click.UsageError("--alert-command and --alert-url: one of them")
        severity, deliver = None, None
        if alert is not None:
            from dicomsniff.findings.finding import Severity
            from dicomsniff.watching.delivery import to_command, to_url

            severity = Severity(alert)
            if alert_command is not None:
                deliver = understood("--alert-command", to_command, alert_command)
            elif alert_url is not None:
                deliver = understood("--alert-url", to_url, alert_url)
        watching = Watching(
            severity,
            deliver,
            understood("--stats", read_span, stats) if stats is not None else 0,
            understood("--metrics", read_address, metrics) if metrics is not None else None,
        )
        if watching != NOBODY and not options.get("follow", True):
            raise click.UsageError("--alert, --stats and --metrics watch a capture that grows: add --follow")
        return command(*args, watching=watching, **options)

    for option in reversed(_OPTIONS):
        call = option(call)
    return call


def read_address(text: str) -> tuple[str, int]:
    """Return the address and port that `9100`, `0.0.0.0:9100` or `[::1]:9100` says; ValueError where it says none."""
    address, _, port = text.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise ValueError(f"expected a port such as 9100, or ADDRESS:PORT, not {text!r}")
    return address.strip("[]") or LOOPBACK, int(port)
