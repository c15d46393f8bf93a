"""Which entries of the selected association the filter lets through: all but messages that it does not match."""

from collections.abc import Iterator

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.findings.collector import Findings
from dicomsniff.tui.association_filter import AssociationFilter
from dicomsniff.tui.slices import go_on


class Sight:
    """Judges the messages of one association, a slice at a time; until that is done, what was known before holds."""

    def __init__(self) -> None:
        self._hidden: frozenset[int] = frozenset()
        self._steps: Iterator[None] | None = None
        self._state: tuple[object, ...] = ()

    @property
    def is_busy(self) -> bool:
        """Whether it is not done."""
        return self._steps is not None

    @property
    def shows_all(self) -> bool:
        """Whether nothing is hidden."""
        return not self._hidden

    def shows(self, entry: Entry) -> bool:
        """Whether an entry is shown."""
        return id(entry) not in self._hidden

    def look(self, chosen: AssociationFilter, association: Association | None, found: Findings | None) -> None:
        """Begin to judge an association, unless that is done, or is being done."""
        length = len(association.timeline) if association is not None else 0
        state = (association, chosen.typed, length, association.closed if association is not None else True)
        is_same = state[:2] == self._state[:2]
        if state == self._state or (is_same and self._steps is not None):
            return
        if not is_same:
            self._hidden = frozenset()
        self._state, self._steps = state, None
        typed = chosen.typed
        if association is None or found is None or typed is None or not typed.asks_messages:
            self._hidden = frozenset()
            return
        self._steps = self._judge(chosen, association, found, association.timeline[:length])
        self.go_on()

    def go_on(self) -> None:
        """Judge some more."""
        if self._steps is not None and go_on(self._steps):
            self._steps = None

    def _judge(
        self, chosen: AssociationFilter, association: Association, found: Findings, entries: list[Entry]
    ) -> Iterator[None]:
        typed, hidden, messages = chosen.typed, set[int](), 0
        for entry in entries:
            if typed is not None and isinstance(entry.event, Message):
                messages += 1
                if not typed.matches(association, found, entry.event):
                    hidden.add(id(entry))
            yield
        # Words may be those of the association as a whole: then each message says a part of them, or none.
        said_elsewhere = typed is not None and not typed.compares_messages and len(hidden) == messages
        self._hidden = frozenset() if said_elsewhere else frozenset(hidden)
