"""What the reading thread tells, and when."""

import threading
from pathlib import Path

import pytest

from dicomsniff.capture.packets import CaptureError
from dicomsniff.engine.analyzer import Analyzer
from dicomsniff.library import Capture
from dicomsniff.privacy.gate import Gate
from dicomsniff.tui.messages import CaptureAdvanced, CaptureEnded
from dicomsniff.tui.reading import read_capture


class Scripted:
    """A capture whose reading goes as a test wants."""

    def __init__(self, *steps: object) -> None:
        self.steps = steps
        self.analyzer = Analyzer()

    def updates(self):
        for step in self.steps:
            if isinstance(step, Exception):
                raise step
            yield step() if callable(step) else step


def test_every_association_is_told_once_and_the_end_last(samples: Path) -> None:
    told: list[object] = []
    with Capture(str(samples / "association-rejected.pcap")) as capture:
        read_capture(capture, Gate(), None, threading.Event(), told.append)
    numbers = [each.id for message in told if isinstance(message, CaptureAdvanced) for each in message.associations]
    assert numbers == list(range(1, 11))
    assert isinstance(told[-1], CaptureEnded)
    assert told[-1].problem == ""


def test_idle_updates_are_not_told() -> None:
    capture = Scripted(*[[]] * 1000)
    told: list[object] = []
    read_capture(capture, Gate(), None, threading.Event(), told.append)
    assert len(told) == 2, "the counts once, and the end"


def test_associations_given_up_to_bound_memory_are_told(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicomsniff.tui.reading.MANY", 3)
    with Capture(str(samples / "association-rejected.pcap")) as capture:
        associations = capture.associations

    def recognize(first: int, last: int):
        def step() -> list[object]:
            reading.analyzer._kept.associations = {each.id: each for each in associations[first:last]}
            reading.analyzer._repeating.count = last
            reading.analyzer.packets += 1
            latest = associations[last - 1]
            return [(latest, latest.timeline[-1])]

        return step

    reading = Scripted(recognize(0, 4), recognize(3, 8))
    told: list[object] = []
    read_capture(reading, Gate(), None, threading.Event(), told.append)
    first, last, _ = told
    assert (len(first.associations), first.kept) == (4, None)
    assert [each.id for each in last.associations] == [5, 6, 7, 8]
    assert [each.id for each in last.kept] == [4, 5, 6, 7, 8]


def test_stopping_ends_it_in_silence() -> None:
    stopped = threading.Event()
    capture = Scripted(lambda: stopped.set() or [], AssertionError("read on"))
    told: list[object] = []
    read_capture(capture, Gate(), None, stopped, told.append)
    assert told == []


def test_what_went_wrong_is_told_in_words() -> None:
    for error, words in (
        (CaptureError("x.pcap: no such device"), "x.pcap: no such device"),
        (KeyError("x"), "internal error, please report: KeyError: 'x'"),
    ):
        capture = Scripted(error)
        told: list[object] = []
        read_capture(capture, Gate(), None, threading.Event(), told.append)
        assert told[-1].problem == words
