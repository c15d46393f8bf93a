"""Findings of some severity -> alerts, handed to somebody in a thread of its own: the analysis waits for nobody."""

import time
from collections.abc import Callable
from contextlib import suppress
from queue import Full, Queue
from threading import Thread
from typing import Any

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import Update
from dicomsniff.comments import CommentReader
from dicomsniff.export.json_text import json_text
from dicomsniff.export.model_json import findings_json
from dicomsniff.findings.finding import SEVERITIES, Finding, Severity
from dicomsniff.findings.fresh import FreshFindings
from dicomsniff.findings.parts import shown, the_party
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate, Privacy
from dicomsniff.quantities import timestamp
from dicomsniff.watching.delivery import Deliver, DeliveryError

MAX_PER_MINUTE = 30
"""Alerts that are sent within a minute; further ones are counted, and the next one tells how many there were."""
MAX_WAITING = 100
"""Alerts that wait to be sent; further ones are counted as well."""
CLOSING = 10.0
"""Seconds to wait at the end for those that are not sent yet."""


class Alerts:
    """Sends an alert for each finding that is at least as bad as asked, whatever is chosen to be shown."""

    def __init__(
        self,
        capture: Capture,
        severity: Severity,
        deliver: Deliver,
        privacy: Privacy,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._capture, self._clock = capture, clock
        self._severities = SEVERITIES[: SEVERITIES.index(severity) + 1]
        self._gate = Gate(privacy, watches=capture.is_live)
        self._comments = CommentReader(capture, self._gate) if not privacy.keep_phi else None
        self._fresh = FreshFindings(capture.found)
        self._sent: list[float] = []
        """When the latest were handed over, up to MAX_PER_MINUTE of them."""
        self._suppressed = self._all_suppressed = 0
        self._outbox = _Outbox(deliver, capture.note)

    def take(self, updates: list[Update], ended: list[Association]) -> None:
        """Take what a block of the capture brought, and hand over what was found in it."""
        if self._comments is not None:
            self._comments.take(updates)
        for association, finding in self._fresh.take(updates, ended):
            if finding.severity in self._severities:
                self._raise(finding, association)

    def end(self) -> None:
        """The capture is over: send what was found about it, and what still waits."""
        for finding in self._capture.analyzer.findings:
            if finding.severity in self._severities:
                self._raise(finding, None)
        unsent = self._outbox.close()
        parts = [f"{self._outbox.sent} sent"]
        parts += [f"{self._all_suppressed} held back"] if self._all_suppressed else []
        parts += [f"{self._outbox.failed} failed"] if self._outbox.failed else []
        parts += [f"{unsent} not sent in time"] if unsent else []
        if len(parts) > 1:
            self._capture.note(f"alerts: {', '.join(parts)}")

    def _raise(self, finding: Finding, association: Association | None) -> None:
        now = self._clock()
        self._sent = [each for each in self._sent if now - each < 60]
        if len(self._sent) < MAX_PER_MINUTE and self._outbox.put(self._alert(finding, association)):
            self._sent.append(now)
            self._suppressed = 0
            return
        if not self._all_suppressed:
            limit = f"no more than {MAX_PER_MINUTE} a minute, and {MAX_WAITING} that wait; further ones are counted"
            self._capture.note(f"alerts are held back: {limit}")
        self._suppressed += 1
        self._all_suppressed += 1

    def _alert(self, finding: Finding, association: Association | None) -> str:
        digits = self._capture.reader.resolution_digits
        number = association.id if association is not None else None
        (said, *_) = findings_json([finding], number, self._gate)
        alert: dict[str, Any] = {
            "kind": "alert",
            "capture": shown(self._capture.marked_name, self._gate),
            "time": timestamp(finding.span.first_time, digits) if finding.span.first_packet else None,
        }
        if association is not None:
            for name, party in (("requestor", association.requestor), ("acceptor", association.acceptor)):
                alert[name] = shown(the_party(party), self._gate)
        return json_text(alert | {"finding": said, "held_back": self._suppressed})


class _Outbox:
    """Alerts that wait, and the thread that sends one after another."""

    def __init__(self, deliver: Deliver, note: Callable[[str], None]) -> None:
        self.sent = self.failed = self._taken = 0
        self._deliver, self._note = deliver, note
        self._waiting: Queue[str | None] = Queue(MAX_WAITING)
        self._closed = False
        self._thread = Thread(target=self._work, name="alerts", daemon=True)
        self._thread.start()

    def put(self, alert: str) -> bool:
        """Take an alert, if there is room."""
        with suppress(Full):
            self._waiting.put_nowait(alert)
            self._taken += 1
            return True
        return False

    def close(self) -> int:
        """Send what waits, as far as that is done in time; return how many are left."""
        self._closed = True
        with suppress(Full):
            self._waiting.put_nowait(None)
        self._thread.join(CLOSING)
        return self._taken - self.sent - self.failed

    def _work(self) -> None:
        while not (self._closed and self._waiting.empty()):
            alert = self._waiting.get()
            if alert is None:
                return
            try:
                self._deliver(alert)
            except DeliveryError as error:
                if not self.failed:  # who is not there for one alert is seldom there for the next
                    self._note(f"an alert could not be sent: {error}; further failures are counted")
                self.failed += 1
            else:
                self.sent += 1
