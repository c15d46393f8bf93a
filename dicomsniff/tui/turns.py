"""Who may hold the interpreter, and for how long: the thread that reads, or that of the interface."""

import asyncio
import selectors
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH = 0.001
"""Seconds that a thread may hold the interpreter while another one waits for it."""
SOON = 0.0001
"""The same while the interface waits for what is to be done: an answer to one key is done in dozens of steps."""
BUSY = 0.02
"""The same while the interface answers a key: a redraw that is interrupted at each turn takes twice as long."""


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
