"""Work that takes long, done a little at a time, so that no key waits for it."""

import time
from collections.abc import Iterator
from itertools import islice

SLICE = 0.01
"""Seconds of work after which keys are looked at."""
PAUSE = 0.002
"""Seconds in which they are."""
AT_ONCE = 100
"""Steps that are always done, however long they take."""


def go_on(steps: Iterator[None]) -> bool:
    """Do some steps; return whether those were the last."""
    until = time.perf_counter() + SLICE
    done = sum(1 for _ in islice(steps, AT_ONCE))
    if done < AT_ONCE:
        return True
    return all(time.perf_counter() < until for _ in steps)
