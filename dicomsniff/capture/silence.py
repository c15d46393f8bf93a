"""Nothing comes: for how long that may be before it is said, once."""

import time

PATIENCE = 5.0
"""Seconds."""
BUFFERED = "whoever captures may keep packets back: `tcpdump -U` writes each at once"
"""What the reason may be where another program captures."""


def silence_text(source: str, doubt: str) -> str:
    """Say that nothing has come from a source, and what the reason may be."""
    return f"no packet has come in {PATIENCE:.0f} s from {source}; {doubt}"


class Silence:
    """The time since somebody began to wait for the first packet."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._is_over = False

    def end(self) -> None:
        """A packet has come, or it has been said that none has."""
        self._is_over = True

    def is_long(self) -> bool:
        """Whether it is time to say it, which is once; the first call begins to wait."""
        if self._is_over:
            return False
        now = time.monotonic()
        if self._since is None:
            self._since = now
        self._is_over = now - self._since >= PATIENCE
        return self._is_over
