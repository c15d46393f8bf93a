"""Alerts: each bad finding is handed over once, no more than may be, with nothing of a patient in it."""

import json
import threading

import pytest

import build
from dicomsniff.findings.finding import Severity
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Privacy
from dicomsniff.watching import alerts
from dicomsniff.watching.alerts import Alerts
from dicomsniff.watching.delivery import Deliver, DeliveryError
from replayed import echo, rejected, replay


def alerted(
    capture: Capture,
    severity: Severity = Severity.ERROR,
    privacy: Privacy | None = None,
    deliver: Deliver | None = None,
    clock: float = 0.0,
) -> tuple[list[dict[str, object]], list[str]]:
    """Watch a capture to its end; return the alerts that were handed over, and what was said of it."""
    taken: list[str] = []
    capture.add_watcher(Alerts(capture, severity, deliver or taken.append, privacy or Privacy(), lambda: clock))
    for _ in capture.blocks():
        pass
    capture.end_watchers()
    return [json.loads(each) for each in taken], capture.pop_notices()


def test_a_finding_is_handed_over_with_who_is_concerned() -> None:
    (alert,), said = alerted(replay(rejected().packets, echo().packets))
    assert alert["kind"] == "alert"
    assert (alert["requestor"], alert["acceptor"]) == ("STORESCU (10.0.0.1:40002)", "STORESCP (10.0.0.2:104)")
    assert alert["finding"]["code"] == "association-rejected"
    assert alert["finding"]["association"] == 1
    assert said == []


def test_what_is_less_bad_than_asked_is_passed_over() -> None:
    assert alerted(replay(echo().packets)) == ([], [])


def test_a_finding_is_handed_over_before_its_association_is_over() -> None:
    taken: list[str] = []
    capture = replay(rejected().packets[:5], [])
    capture.add_watcher(Alerts(capture, Severity.ERROR, taken.append, Privacy()))
    next(capture.blocks())
    capture.end_watchers()
    assert len(taken) == 1


def test_of_too_many_in_a_minute_the_rest_is_counted_and_that_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "MAX_PER_MINUTE", 2)
    many = [rejected(client=40_000 + number).packets for number in range(5)]
    found, said = alerted(replay(*many))
    assert len(found) == 2
    assert said == [
        "alerts are held back: no more than 2 a minute, and 100 that wait; further ones are counted",
        "alerts: 2 sent, 3 held back",
    ]


def test_the_next_alert_tells_how_many_were_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "MAX_PER_MINUTE", 1)
    times = iter([0.0, 1.0, 2.0, 61.0, 122.0])
    taken: list[str] = []
    capture = replay(*[rejected(client=40_000 + number).packets for number in range(5)])
    capture.add_watcher(Alerts(capture, Severity.ERROR, taken.append, Privacy(), lambda: next(times)))
    for _ in capture.blocks():
        pass
    capture.end_watchers()
    assert [json.loads(each)["held_back"] for each in taken] == [0, 2, 0]


def test_who_does_not_take_alerts_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "MAX_WAITING", 1)
    monkeypatch.setattr(alerts, "CLOSING", 0.0)
    stuck = threading.Event()
    many = [rejected(client=40_000 + number).packets for number in range(4)]
    try:
        _, said = alerted(replay(*many), deliver=lambda _: stuck.wait())
    finally:
        stuck.set()
    assert "not sent in time" in said[-1]


def test_failures_are_said_once_and_counted() -> None:
    def refuse(_: str) -> None:
        raise DeliveryError("the server answers 503 Busy")

    many = [rejected(client=40_000 + number).packets for number in range(3)]
    _, said = alerted(replay(*many), deliver=refuse)
    assert said == [
        "an alert could not be sent: the server answers 503 Busy; further failures are counted",
        "alerts: 0 sent, 3 failed",
    ]


def test_what_is_withheld_elsewhere_is_withheld_in_alerts() -> None:
    (alert,), _ = alerted(replay(rejected().packets), privacy=Privacy(redact_network=True))
    assert "10.0.0" not in json.dumps(alert)
    assert "STORESCU" not in json.dumps(alert)


def test_the_comment_of_a_failure_names_no_patient() -> None:
    talk = build.Talk().open()
    talk.client(build.associate_rq())
    talk.server(build.associate_ac())
    talk.client(build.message(1, build.echo_rq()))
    failed = {0x00000002: "1.2.840.10008.1.1", 0x00000100: 0x8030, 0x00000120: 1, 0x00000800: 0x0101}
    comment = {0x00000900: 0xC001, 0x00000902: "no DOE^JOHN here"}
    talk.server(build.message(1, build.command_set(failed | comment)))
    found, _ = alerted(replay(talk.packets))
    said = json.dumps(found)
    assert "status-failure" in said
    assert "DOE" not in said
