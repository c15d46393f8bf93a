"""Work that takes long, done a little at a time, so that no key waits for it."""

import asyncio
import time
from collections.abc import Callable, Iterator

from dicomsniff.tui.turns import KEYS, fair_turns

SLICE = 0.01
"""Seconds of work after which keys are looked at."""
PAUSE = 0.002
"""Seconds in which they are, whoever goes on then."""
PATIENCE = 0.5
"""Seconds for which a slice waits for the answers to keys: they may come all the time."""
AT_ONCE, LONGEST = 100, 0.03
"""Steps that are done even where they take longer, but not longer than so many seconds."""


class _Queue:
    """When the next slice may be done, of whatever work: what is done for several views is done in turns."""

    free = 0.0


async def turn() -> None:
    """Wait until some work may be done: keys were looked at, and none is being answered."""
    end = time.monotonic() + PATIENCE
    while (wait := max(_Queue.free - (now := time.monotonic()), min(KEYS.left(), end - now))) > 0:
        await asyncio.sleep(wait)


def go_on(steps: Iterator[None]) -> bool:
    """Do some steps; return whether those were the last."""
    begun = time.monotonic()
    try:
        with fair_turns():
            for done, _ in enumerate(steps, start=1):
                spent = time.monotonic() - begun
                if spent >= (SLICE if done >= AT_ONCE else LONGEST):
                    return False
        return True
    finally:
        _Queue.free = time.monotonic() + PAUSE


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
            await turn()

    def _go_on(self) -> bool:
        if self._steps is not None and go_on(self._steps):
            self._steps = self._begin() if self._again else None
            self._again = False
        return self._steps is not None
