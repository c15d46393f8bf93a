"""How garbage is looked for while a capture is watched for a month: in steps that nobody notices."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

AT_A_TIME = 10_000
"""Objects that are looked through in one step, about; four such steps are looked through once more."""
_NEVER = 1_000_000
"""Looking through all takes half a second where much is kept, and finds nothing: what is given up leaves no cycles."""


@contextmanager
def short_pauses() -> Iterator[None]:
    """Look for garbage among what is new only, and never in what is there by now."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(AT_A_TIME, 4, _NEVER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
