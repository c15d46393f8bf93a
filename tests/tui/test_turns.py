"""Who may hold the interpreter: while the interface draws, whoever reads waits longer than a redraw takes."""

import asyncio
import selectors
import socket
import sys
from collections.abc import Iterator

import pytest

from dicomsniff.tui import slices, turns
from dicomsniff.tui.slices import go_on
from dicomsniff.tui.turns import ANSWERED, BUSY, SETTLED, SOON, SWITCH, Keys, attentive_loop, fair_turns

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="there the loop is another one")


@pytest.fixture(autouse=True)
def interval() -> Iterator[None]:
    """Leave the interpreter as it was."""
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


@posix_only
def test_what_the_interface_does_is_not_interrupted_at_every_turn() -> None:
    async def work() -> list[float]:
        found = []
        for _ in range(3):
            await asyncio.sleep(0)
            found.append(sys.getswitchinterval())
        return found

    with asyncio.Runner(loop_factory=attentive_loop) as runner:
        assert runner.run(work()) == pytest.approx([BUSY] * 3)


@posix_only
def test_where_something_is_to_be_read_it_gets_the_interpreter_back_soon() -> None:
    async def hear() -> float:
        loop, ours, theirs = asyncio.get_running_loop(), *socket.socketpair()
        heard: asyncio.Future[float] = loop.create_future()
        with ours, theirs:
            loop.add_reader(ours, lambda: heard.done() or heard.set_result(sys.getswitchinterval()))
            theirs.send(b"key")
            found = await heard
            loop.remove_reader(ours)
        return found

    with asyncio.Runner(loop_factory=attentive_loop) as runner:
        assert runner.run(hear()) == pytest.approx(SWITCH)


def test_while_it_waits_it_is_to_have_the_interpreter_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []

    def nothing(_: object, timeout: float | None = None) -> list[object]:
        found.append(sys.getswitchinterval())
        return []

    monkeypatch.setattr(selectors.DefaultSelector, "select", nothing)
    with turns._Selector() as selector:
        assert selector.select(0) == []
    assert found == [pytest.approx(SOON)]
    assert sys.getswitchinterval() == pytest.approx(BUSY)


def test_what_no_key_waits_for_leaves_others_their_turns() -> None:
    found = []

    def steps() -> Iterator[None]:
        found.append(sys.getswitchinterval())
        yield

    sys.setswitchinterval(BUSY)
    assert go_on(steps())
    assert found == [pytest.approx(SWITCH)]
    assert sys.getswitchinterval() == pytest.approx(BUSY)
    with pytest.raises(ZeroDivisionError), fair_turns():
        found.append(1 / 0)
    assert sys.getswitchinterval() == pytest.approx(BUSY)


class _Clock:
    """A time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    clock = _Clock()

    async def sleep(seconds: float) -> None:
        clock.sleep(seconds)

    for module in (turns, slices):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(slices.asyncio, "sleep", sleep)
    monkeypatch.setattr(slices, "KEYS", Keys())
    monkeypatch.setattr(slices._Queue, "free", 0.0)
    return clock


def test_who_can_wait_does_so_until_the_answer_to_a_key_is_drawn(clock: _Clock) -> None:
    keys = Keys()
    assert keys.left() == 0
    keys.press()
    assert keys.left() == pytest.approx(ANSWERED)
    keys.draw()
    keys.pass_by(1)
    assert clock.now == pytest.approx(100 + SETTLED)
    assert keys.left() == 0


def test_a_key_that_draws_nothing_and_keys_that_come_all_the_time_stop_nobody(clock: _Clock) -> None:
    keys = Keys()
    keys.press()
    keys.pass_by(1)
    assert clock.now == pytest.approx(100 + ANSWERED)
    keys.press()
    keys.pass_by(0.01)
    assert clock.now == pytest.approx(100 + ANSWERED + 0.01)


def test_slices_of_all_work_have_pauses_between_them_and_wait_for_keys(clock: _Clock) -> None:
    def steps() -> Iterator[None]:
        clock.sleep(1)
        yield

    done: list[float] = []

    async def work() -> None:
        await slices.turn()
        done.append(clock.now)
        go_on(steps())

    async def both() -> None:
        await work()
        await work()
        slices.KEYS.press()
        await work()

    asyncio.run(both())
    assert done == pytest.approx([100, 101 + slices.PAUSE, 102 + slices.PAUSE + ANSWERED])
