"""What happens to a capture while it comes, for the user to know: lines of text that wait to be told."""

from collections import deque

MAX_NOTICES = 1000
"""Lines that wait; of more, the latest ones."""


class Notices:
    """Takes lines, from any thread, and hands over those that came since the last time."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque(maxlen=MAX_NOTICES)

    def note(self, notice: str) -> None:
        """Take a line."""
        self._waiting.append(notice)

    def pop(self) -> list[str]:
        """Hand over what came since the last time."""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]
