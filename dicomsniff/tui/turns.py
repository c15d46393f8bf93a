"""Who may hold the interpreter, and for how long: the thread that reads, or that of the interface; and who waits."""

import asyncio
import selectors
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH = 0.001
"""Seconds that a thread may hold the interpreter while another one waits for it."""
SOON = 0.0001
"""The same while the interface waits for what is to be done: an answer to one key is done in dozens of steps."""
BUSY = 0.02
"""The same while the interface answers a key: a redraw that is interrupted at each turn takes twice as long."""

ANSWERED = 0.5
"""Seconds after a key for which whatever can wait does, unless its answer is drawn before."""
SETTLED = 0.02
"""Seconds after a frame in which another one may follow that belongs to the same answer."""


class Keys:
    """Knows whether a key is being answered: that takes dozens of steps, and others could go on between any two."""

    def __init__(self) -> None:
        self._until = 0.0

    def press(self) -> None:
        """Take note of a key, in whichever thread it comes."""
        self._until = time.monotonic() + ANSWERED

    def draw(self) -> None:
        """Take note of a frame."""
        self._until = min(self._until, time.monotonic() + SETTLED)

    def left(self) -> float:
        """Return the seconds for which others have to wait; 0 where no key is being answered."""
        return max(0.0, self._until - time.monotonic())

    def pass_by(self, patience: float) -> None:
        """Wait until no key is being answered, but not longer than `patience` seconds: keys may come all the time."""
        end = time.monotonic() + patience
        while (left := min(self.left(), end - time.monotonic())) > 0:
            time.sleep(left)


KEYS = Keys()
"""Those of the one terminal that there is."""


class _Selector(selectors.DefaultSelector):
    """Waits for what is to be done; then whoever reads has to wait until some of that is done."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready to be read."""
        sys.setswitchinterval(SOON)
        ready = super().select(timeout)
        # To read is to let go of the interpreter, and to wait for it afterwards.
        sys.setswitchinterval(SWITCH if ready else BUSY)
        return ready


def attentive_loop() -> asyncio.AbstractEventLoop:
    """Return a loop for an interface beside which another thread reads."""
    return asyncio.new_event_loop() if sys.platform == "win32" else asyncio.SelectorEventLoop(_Selector())


@contextmanager
def fair_turns() -> Iterator[None]:
    """Let whoever reads have its turns while the interface does what no key waits for."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
