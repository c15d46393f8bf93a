"""Sniffing with a socket that needs no network: what scapy's sockets promise on every system."""

from typing import Any

import pytest
from scapy.all import conf

import build
from dicomsniff.sniffing.interfaces import interface_names
from dicomsniff.sniffing.movers import Counts, MoverError
from dicomsniff.sniffing.plan import Plan
from dicomsniff.sniffing.sockets import ScapySockets
from sniffing.test_translation import read

FRAMES = [build.ethernet(build.ipv4(b"\1" * 4, b"\2" * 4, bytes([number]) * 20)) for number in range(3)]
SECOND = 1_700_000_000


class HeldBack:
    """Like scapy's sockets of BPF and Npcap: packets it holds make no file descriptor ready, and there may be none."""

    LL = conf.l2types.num2layer[1]

    def __init__(self, **_: Any) -> None:
        self.held: list[bytes | None] = [FRAMES[0], None, *FRAMES[1:]]

    @staticmethod
    def select(sockets: "list[HeldBack]", remain: float | None = None) -> "list[HeldBack]":
        return [each for each in sockets if each.held]

    def recv_raw(self, size: int) -> tuple[Any, bytes | None, float | None]:
        frame = self.held.pop(0)
        return (self.LL, frame, SECOND + 0.25) if frame is not None else (None, None, None)

    def close(self) -> None:
        self.held.clear()


class Broken(HeldBack):
    def recv_raw(self, size: int) -> Any:
        raise OSError(100, "Network is down")


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setattr(conf, "L2listen", HeldBack)
    return Plan((interface_names()[0],))


def test_the_socket_itself_is_asked_what_has_come(plan: Plan) -> None:
    sockets = ScapySockets(plan)
    head, first, second = (sockets.take(100) for _ in range(3))
    assert read(head.data + first.data + second.data) == [(SECOND * 10**9 + 250_000_000, frame) for frame in FRAMES]
    assert (head.packets, first.packets, second.packets) == (0, 3, 0)
    assert sockets.losses() == {0: Counts(received=3)}


def test_no_more_is_taken_than_is_asked_for(plan: Plan) -> None:
    sockets = ScapySockets(plan)
    assert [sockets.take(2).packets for _ in range(2)] == [0, 2]


def test_an_interface_that_goes_away_is_named(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conf, "L2listen", Broken)
    sockets = ScapySockets(plan)
    sockets.take(100)
    with pytest.raises(MoverError, match=f"{plan.interfaces[0]}: Network is down"):
        sockets.take(100)


def test_interfaces_that_there_are_not_are_said_with_those_that_there_are(plan: Plan) -> None:
    with pytest.raises(MoverError, match=f"nix0: no such interface; there are .*{plan.interfaces[0]}"):
        ScapySockets(Plan(("nix0",)))
