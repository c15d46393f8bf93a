"""How the responses to a C-MOVE or C-GET count its sub-operations (PS3.7 §9.1.3, §9.1.4)."""

from typing import NamedTuple

from msgspec import Struct

from dicomsniff.dictionary.statuses import PENDING
from dicomsniff.dimse.command import Command
from dicomsniff.dimse.message import Message

RETRIEVALS = ("C-MOVE", "C-GET")
"""Services whose operations have sub-operations."""
COUNTER_TAGS = (0x00001020, 0x00001021, 0x00001022, 0x00001023)
"""Number of Remaining, Completed, Failed and Warning Sub-operations."""
_SUCCESS, _SOME_FAILED = 0x0000, 0xB000


class Counters(NamedTuple):
    """Number of … Sub-operations as one response gives them; None for those it leaves out."""

    remaining: int | None
    completed: int | None
    failed: int | None
    warning: int | None

    @property
    def done(self) -> int:
        """Sub-operations that are over."""
        return (self.completed or 0) + (self.failed or 0) + (self.warning or 0)

    def given(self) -> dict[str, int]:
        """Return the counters that are there, by name."""
        return {name: count for name, count in self._asdict().items() if count is not None}


_NONE = Counters(None, None, None, None)


def read_counters(command: Command) -> Counters:
    """Return a response's counters."""
    if command.is_ordinary:
        return _NONE
    elements = command.elements
    values = (elements.get(tag, b"") for tag in COUNTER_TAGS)
    return Counters(*(int.from_bytes(value[:2], "little") if len(value) >= 2 else None for value in values))


class Progress(Struct):
    """What the responses to one operation counted so far, and the first of them that contradicts those before."""

    total: int | None = None
    done: int = 0
    contradiction: str = ""
    contradicting: Message | None = None

    def add(self, response: Message) -> None:
        """Take the next response."""
        counters = read_counters(response.command)
        if self.contradiction or counters is _NONE or not counters.given():
            return
        self.contradiction = self._contradiction(counters, response.command.status)
        if self.contradiction:
            self.contradicting = response
        elif response.command.status in PENDING and counters.remaining is not None:
            self.total = counters.remaining + counters.done
        self.done = max(self.done, counters.done)

    def _contradiction(self, counters: Counters, status: int | None) -> str:
        done, total = counters.done, self.total
        if done < self.done:
            return f"{done} sub-operations are over, after {self.done} were"
        if status in PENDING:
            now = None if counters.remaining is None else counters.remaining + done
            differs = None not in (now, total) and now != total
            return f"{now} sub-operations in all, where there were {total}" if differs else ""
        if status == _SUCCESS and counters.remaining:
            return f"the final response says success and {counters.remaining} remaining"
        # Some leave the one under way out of both, so that one more is over at the end.
        if status in (_SUCCESS, _SOME_FAILED) and total is not None and not 0 <= done - total <= 1:
            return f"{done} sub-operations are over at the end, of {total}"
        return ""
