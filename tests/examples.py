"""How many examples a property is tried on: all in `make check`, a share of them in the quick loop."""

from hypothesis import settings

WHOLE = 100
"""Hypothesis's own number, which profiles change."""


def examples(count: int) -> int:
    """Return the share of `count` examples that the profile in use asks for; at least one."""
    return max(1, count * settings.default.max_examples // WHOLE)
