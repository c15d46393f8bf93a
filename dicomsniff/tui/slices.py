"""Work that takes long, done a little at a time, so that no key waits for it."""

import asyncio
import time
from collections.abc import Callable, Iterator

from dicomsniff.tui.turns import fair_turns

SLICE = 0.01
"""Seconds of work after which keys are looked at."""
PAUSE = 0.002
"""Seconds in which they are."""
AT_ONCE, LONGEST = 100, 0.03
"""Steps that are done even where they take longer, but not longer than so many seconds."""


def go_on(steps: Iterator[None]) -> bool:
    """Do some steps; return whether those were the last."""
    begun = time.perf_counter()
    with fair_turns():
        for done, _ in enumerate(steps, start=1):
            spent = time.perf_counter() - begun
            if spent >= (SLICE if done >= AT_ONCE else LONGEST):
                return False
    return True


class Chore:
    """Such work that is done whenever it is asked for: asked for while it goes on, it is done once more after that."""

    def __init__(self, steps: Callable[[], Iterator[None]]) -> None:
        self._begin = steps
        self._steps: Iterator[None] | None = None
        self._again = False

    def ask(self) -> bool:
        """Have it done, as much as can be at once; return whether `finish` is to be awaited, too."""
        self._again = self._steps is not None
        if self._again:
            return False
        self._steps = self._begin()
        return self._go_on()

    def stop(self) -> None:
        """Leave it as it is."""
        self._steps = None

    async def finish(self) -> None:
        """Do the rest of it between keys."""
        while self._go_on():
            await asyncio.sleep(PAUSE)

    def _go_on(self) -> bool:
        if self._steps is not None and go_on(self._steps):
            self._steps = self._begin() if self._again else None
            self._again = False
        return self._steps is not None
