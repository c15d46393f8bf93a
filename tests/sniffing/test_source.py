"""Live capture as a source of packets: what it tells while nothing comes."""

import re
import socket
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from dicomsniff.capture import silence
from dicomsniff.capture.notices import Notices
from dicomsniff.sniffing import capturer
from dicomsniff.sniffing.movers import MoverError
from dicomsniff.sniffing.notes import Channel
from dicomsniff.sniffing.plan import Plan
from dicomsniff.sniffing.process import CapturerProcess
from dicomsniff.sniffing.source import LiveSource
from sniffers import needs_sniffing


class Orders(Channel):
    """The capturer's end of the connection, by which its notes come at once to a process that never began."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        self.process = object.__new__(CapturerProcess)
        self.process._notices, self.process.away = Notices(), ""

    def send(self, kind: str, *, file: int | None = None, **told: Any) -> None:
        self.process._take({"is": kind, **told})


class Interfaces:
    """Interfaces that go down, disappear and come back while they are captured from."""

    mover: Any = SimpleNamespace(writes_losses=True, tick=1)
    """What moves packets: it is asked for nothing else."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, connection: socket.socket, *names: str) -> None:
        self.down: set[str] = set()
        self.gone: set[str] = set()
        monkeypatch.setattr(capturer, "is_down", lambda name: name in self.down)
        monkeypatch.setattr(capturer, "is_up", lambda name: name not in self.down | self.gone)
        monkeypatch.setattr(capturer, "RETRY", 0.0)
        orders = Orders(connection)
        self.process = orders.process
        self.capturer = capturer.Capturer(Plan(names), orders)
        monkeypatch.setattr(self.capturer, "_writer", SimpleNamespace(add=bool, tell=bool))
        monkeypatch.setattr(self.capturer, "_open", self._open)

    def _open(self, plan: Plan) -> Any:
        if self.gone & set(plan.interfaces):
            raise MoverError("no such device")
        self.capturer._present = plan.interfaces
        return self.mover

    def look(self, *, down: str = "", gone: str = "") -> str:
        """Have some be down and some be gone; return what the screen says of it a moment later."""
        before, self.down, self.gone = self.gone, set(down.split()), set(gone.split())
        if self.gone - before:
            self.capturer._resume("it disappeared", self.mover)
        elif any(map(capturer.is_up, self.capturer._missing)):
            self.capturer._resume("", self.mover)
        self.capturer._look_at_interfaces(self.mover)
        return self.process.away

    def said(self) -> list[str]:
        """Return what has happened, without how long it took."""
        return [re.sub(r" after .* nothing is known", "", line) for line in self.process.pop_notices()]


@pytest.fixture
def interfaces(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Interfaces]]:
    """Make interfaces of some names."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield partial(Interfaces, monkeypatch, ours)


def test_as_long_as_an_interface_is_away_it_is_known(interfaces) -> None:
    eth = interfaces("eth0")
    assert eth.look() == ""
    assert eth.look(down="eth0") == "eth0 is down: nothing is captured"
    assert eth.look() == ""
    assert eth.said() == ["eth0 is down; waiting for it to come back", "capturing from eth0 again"]


def test_of_several_interfaces_that_are_down_one_that_comes_back_hides_none(interfaces) -> None:
    eth = interfaces("eth1", "eth2", "eth3")
    assert eth.look(down="eth1") == "eth1 is down"
    assert eth.look(down="eth1 eth2") == "eth1, eth2 are down"
    assert eth.look(down="eth1 eth2 eth3") == "eth1, eth2, eth3 are down: nothing is captured"
    eth.said()
    assert eth.look(down="eth1 eth3") == "eth1, eth3 are down"
    assert eth.said() == ["capturing from eth2 again; without eth1, eth3, still down"]
    assert eth.look(down="eth3") == "eth3 is down"
    assert eth.look() == ""
    assert eth.said()[-1] == "capturing from eth3 again"


def test_what_is_away_is_told_beside_what_is_down(interfaces) -> None:
    eth = interfaces("eth1", "eth2", "eth3")
    assert eth.look(gone="eth3") == "eth3 is away"
    assert eth.said() == ["it disappeared; waiting for it to come back", "capturing again; without eth3, still away"]
    assert eth.look(down="eth1", gone="eth3") == "eth1 is down, eth3 is away"
    assert eth.look(down="eth1 eth2", gone="eth3") == "eth1, eth2 are down, eth3 is away: nothing is captured"
    assert eth.look(down="eth2", gone="eth3") == "eth2 is down, eth3 is away"
    assert eth.said()[-1] == "capturing from eth1 again; without eth2, still down, and eth3, still away"


def test_one_that_is_down_is_known_as_soon_as_another_one_is_back(interfaces) -> None:
    eth = interfaces("eth1", "eth2", "eth3")
    eth.look(gone="eth3")
    eth.look(down="eth1", gone="eth3")
    eth.said()
    assert eth.look(down="eth1") == "eth1 is down"
    assert eth.said() == ["capturing from eth3 again; without eth1, still down"]
    assert eth.look() == ""


@pytest.mark.slow
@needs_sniffing
def test_time_in_which_several_interfaces_were_away_is_lost_once(interfaces, monkeypatch) -> None:
    now = 100.0
    monkeypatch.setattr(capturer, "time", SimpleNamespace(monotonic=lambda: now, time_ns=lambda: 0))
    eth = interfaces("eth1", "eth2", "eth3")
    course = ((10, "eth1", ""), (2, "eth1 eth2", ""), (5, "eth1", "eth3"), (1, "eth1", "eth3"), (4, "", ""))
    for seconds, down, gone in course:
        eth.look(down=down, gone=gone)
        now += seconds
    eth.look()
    assert eth.capturer._gaps.seconds == 18


def test_what_may_be_the_reason_of_a_silence_is_told_once(monkeypatch):
    monkeypatch.setattr(silence, "PATIENCE", 0.0)
    source = LiveSource(Plan(("lo",), bpf="tcp port 1", capturer="builtin"))
    said: list[str] = []
    batches = source.batches()
    while not any("no packet" in line for line in said):
        next(batches)
        said += source.pop_notices()
    for _ in range(3):
        next(batches)
    source.close()
    said += source.pop_notices()
    (told,) = [line for line in said if "no packet" in line]
    assert told.endswith(
        "from lo; is there traffic, and is it the right interface (`dicomsniff interfaces`), and does -f fit?"
    )
