"""Who may hold the interpreter: while the interface draws, whoever reads waits longer than a redraw takes."""

import asyncio
import selectors
import socket
import sys
from collections.abc import Iterator

import pytest

from dicomsniff.tui import turns
from dicomsniff.tui.slices import go_on
from dicomsniff.tui.turns import BUSY, SOON, SWITCH, attentive_loop, fair_turns

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
