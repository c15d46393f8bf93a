"""A filter as it is typed -> the associations that it chooses."""

from collections.abc import Callable, Generator

from msgspec import Struct

from dicomsniff.association.association import Association
from dicomsniff.engine.kept import MAX_ASSOCIATIONS
from dicomsniff.filter.errors import FilterError
from dicomsniff.filter.filter import Filter
from dicomsniff.filter.searched import Searched
from dicomsniff.filter.selection import EVERYTHING, Selection
from dicomsniff.findings.collector import Collector, Findings


class _Judged(Struct, frozen=True):
    """What was said of an association when it was as it is: only those that grew are asked about again."""

    size: tuple[bool, int, int]
    chosen: bool

    @property
    def is_final(self) -> bool:
        """Whether it was over."""
        return self.size[0]


class AssociationFilter:
    """Chooses by what is typed, as long as that can be understood, among what the program was asked to show."""

    def __init__(self, collector: Collector, selection: Selection = EVERYTHING) -> None:
        self._collector = collector
        self._asked = selection
        self._searched = Searched(MAX_ASSOCIATIONS)
        self.typed: Filter | None = None
        """What is typed, as it was understood last."""
        self._judged: dict[int, _Judged] = {}
        self.text = ""
        """What is typed."""
        self.problem = ""
        """What is wrong with what is typed; what was chosen before stays."""
        self.wrong_from: int | None = None
        """From which character (from 0) on it is wrong, where that is one place."""

    @property
    def is_all(self) -> bool:
        """Whether it leaves nothing out."""
        return self.typed is None and self._asked.is_all

    def take(self, text: str) -> None:
        """Take what is typed."""
        self.text, self.problem, self.wrong_from = text, "", None
        try:
            typed = Filter(text, self._searched) if text.strip() else None
        except FilterError as error:
            self.problem = f"{error.problem}, at character {error.at + 1}" if error.expression else error.problem
            self.wrong_from = error.at if error.expression else None
            return
        if typed is not None and typed.reads_data:
            self.problem = "data[…] takes reading all data sets again: `show --filter` does that"
            return
        self.typed = typed
        self._judged.clear()

    def keep(self, numbers: set[int]) -> None:
        """Let go of what is known of other associations."""
        self._judged = {number: each for number, each in self._judged.items() if number in numbers}
        self._searched.keep(numbers)

    def judging(
        self, association: Association, look: Callable[[Association], Association]
    ) -> Generator[None, None, bool]:
        """Return whether an association is chosen; find that out a message a step. `look` gives its details."""
        if self.is_all:
            return True
        found = self._collector.of(association)
        size = association.closed, len(association.timeline), len(found.all)
        judged = self._judged.get(association.id)
        is_known = judged is not None and (judged.size == size or (association.condensed and judged.is_final))
        if judged is None or not is_known:
            asks_words = self._asked.is_all and self.typed is not None and self.typed.knows(association)
            whole = association if asks_words else look(association)
            is_chosen = yield from self._chooses(whole, self._collector.of(whole))
            judged = self._judged[association.id] = _Judged(size, is_chosen)
        return judged.chosen

    def _chooses(self, association: Association, found: Findings) -> Generator[None, None, bool]:
        if self.typed is not None:
            for is_chosen in self.typed.choosing(association, found):
                if is_chosen:
                    break
                yield
            else:
                return False
        return self._asked.choose(association, found) is not None
