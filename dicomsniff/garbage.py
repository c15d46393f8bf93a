"""How garbage is looked for: seldom, and while somebody looks on, perhaps for a month, in steps that nobody notices."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

AT_A_TIME = 3_000
"""Objects that are looked through in one step, about; four such steps are looked through once more."""
SELDOM = 60
"""After so many of those all that is new since the beginning is looked through: what is drawn leaves cycles, what is
analyzed does not."""


def look_seldom() -> None:
    """Look for garbage seldom: what captures make is mostly kept, and rarely cyclic; a third of the time is saved."""
    gc.set_threshold(100_000, 10, 10)


@contextmanager
def none_while_loading() -> Iterator[None]:
    """Look for no garbage while modules are imported: what they make stays, and it takes time to start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def short_pauses() -> Iterator[None]:
    """Look for garbage mostly among what is new, and never in what is there by now."""
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    gc.freeze()
    gc.set_threshold(AT_A_TIME, 4, SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if not frozen:  # what somebody else froze stays so; one cannot thaw a part
            gc.unfreeze()


@contextmanager
def nothing_but_new() -> Iterator[None]:
    """Look for garbage only in what is new: what was looked through twice and is still there is left alone from now on.

    For as long as something is read that stays: looking through all of it again and again stops everything else.
    """
    gc.callbacks.append(_leave_alone)
    try:
        yield
    finally:
        gc.callbacks.remove(_leave_alone)
        gc.collect(1)
        gc.freeze()


def _leave_alone(phase: str, info: dict[str, Any]) -> None:
    if phase == "stop" and info["generation"] > 0:
        gc.freeze()
