"""Signals that end the program, whenever they come: nothing unfinished is left behind, the exit status is 130."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

INTERRUPTED = 130
"""The exit status of a program that was interrupted: by Ctrl-C, a SIGTERM, or a terminal that went away."""

UNFINISHED: set[str] = set()
"""Paths of files that are to go unless they are finished: added before they are made, taken out when they are whole.

One may be a directory, which goes with all that is in it.
"""

_ENDING = tuple(signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


def guard() -> None:
    """Leave at once when such a signal comes; one that is ignored from the start, as by nohup, stays ignored."""
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, leave_at_once)


def ignore() -> None:
    """Let no such signal disturb what is nearly done, such as the interpreter's own end."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def taken_over(leave: Callable[[], object]) -> Iterator[None]:
    """Have such signals call `leave` instead, for what ends in an order of its own."""

    def handle(_: int, __: FrameType | None) -> None:
        leave()

    before = {}
    for number in _ENDING:
        # SIGINT is ignored in what a script starts in the background; a sniffer there is ended by it all the same.
        if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def remove(path: str) -> None:
    """Remove a file, or a directory with all that is in it, as far as that can be done."""
    with suppress(OSError):
        os.unlink(path)
        return
    for directory, _, files in os.walk(path, topdown=False):
        for each in files:
            with suppress(OSError):
                os.unlink(os.path.join(directory, each))
        with suppress(OSError):
            os.rmdir(directory)


def leave_at_once(_: int = 0, __: FrameType | None = None) -> None:
    """End the process from here; what is unfinished goes, what was printed arrives.

    An exception would be no certain way out: it is lost in a destructor, taken for damage, or cuts a clean-up short.
    """
    ignore()
    for path in tuple(UNFINISHED):
        remove(path)
    for number in _ENDING:
        signal.signal(number, _leave_without_more)  # what follows may wait for somebody who does not read
    with suppress(AttributeError, OSError, RuntimeError, ValueError):  # it may be closed, full, or at work right now
        sys.stdout.flush()
    _leave_without_more()


def _leave_without_more(_: int = 0, __: FrameType | None = None) -> None:
    os._exit(INTERRUPTED)
