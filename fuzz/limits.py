"""Bounds on what an input may cost: processor time, memory, and, where that has to be exact, calls."""

import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

MAX_SECONDS = 20.0
"""Processor time for one input. The code runs some three times slower than usual, for its branches are counted."""
MAX_MEMORY = 400 << 20
"""Bytes that one input may add to what the process holds."""
MAX_CALLS = 30_000_000
"""Calls for one input of any length."""
CALLS_PER_BYTE = 500
"""Further calls for each byte of it."""


class TooSlow(BaseException):
    """An input costs too much time. No handler of ordinary exceptions may take it for a defect of the bytes."""


@contextmanager
def limited_time(seconds: float = MAX_SECONDS) -> Iterator[None]:
    """Raise TooSlow, wherever the program is then, after `seconds` of processor time."""

    def stop(_: int, __: FrameType | None) -> None:
        raise TooSlow(f"more than {seconds:g} s of processor time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def limited_calls(length: int) -> Iterator[None]:
    """Raise TooSlow after more calls, of Python and of C, than an input of `length` bytes may cause.

    The same input is always stopped at the same place; but counting slows the program down.
    """
    left = MAX_CALLS + CALLS_PER_BYTE * length

    def count(_: FrameType, event: str, __: Any) -> None:
        nonlocal left
        if event in ("call", "c_call"):
            left -= 1
            if left < 0:
                raise TooSlow(f"more than {MAX_CALLS + CALLS_PER_BYTE * length} calls")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)


def limit_memory(more: int = MAX_MEMORY) -> None:
    """From now on the process gets a MemoryError where it asks for `more` bytes than it holds now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        data = int(file.read().split()[5]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (data + more, hard))
