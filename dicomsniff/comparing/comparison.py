"""Two captures, or two associations of them -> what differs, most telling first."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from dicomsniff.association.consumer import Update
from dicomsniff.capture.packets import CaptureError
from dicomsniff.comparing.contexts import compare_contexts
from dicomsniff.comparing.difference import Difference, Kind, Weight, limit, most_telling_first
from dicomsniff.comparing.ends import compare_captures, compare_ends
from dicomsniff.comparing.exchange import compare_exchanges
from dicomsniff.comparing.proposal import compare_proposals
from dicomsniff.comparing.sorts import Sort, Sorts, examples, pairs
from dicomsniff.comparing.subject import Subject
from dicomsniff.comparing.times import compare_times
from dicomsniff.filter.selection import EVERYTHING, Selection
from dicomsniff.findings.finding import Finding
from dicomsniff.findings.overview import Fate
from dicomsniff.findings.parts import the_association, the_peers
from dicomsniff.library import Capture
from dicomsniff.quantities import counted

_NUMBERED = re.compile(r"(.+)#([1-9][0-9]*)", re.DOTALL)


@dataclass
class Compared:
    """A pair of associations that were compared, one of each side; or one that has no counterpart."""

    good: Subject | None
    bad: Subject | None
    good_count: int = 0
    bad_count: int = 0
    """How many associations there are of that sort."""


@dataclass
class Comparison:
    """What was compared, and the differences, most telling first."""

    compared: list[Compared] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)

    @property
    def cause(self) -> Difference | None:
        """The most telling difference; None where none could matter."""
        first = next(iter(self.differences), None)
        return first if first is not None and first.weight is not Weight.SLIGHT else None

    @property
    def looks_swapped(self) -> bool:
        """Whether the good one is in trouble where the bad one is not, and nowhere the other way round."""
        troubled = [(each.good.fate is Fate.TROUBLED, each.bad.fate is Fate.TROUBLED)
                    for each in self.compared if each.good is not None and each.bad is not None]  # fmt: skip
        return (True, False) in troubled and (False, True) not in troubled


def compare_associations(good: Subject, bad: Subject) -> list[Difference]:
    """Return what differs between two associations that could matter, most telling first.

    Hidden is what differs each time: ids, times, UIDs of instances, addresses, ports, and how many instances there are.
    """
    return most_telling_first(_differences(good, bad))


def _differences(good: Subject, bad: Subject) -> Iterator[Difference]:
    numbers = good.association.id, bad.association.id
    given_up = [each.association.condensed for each in (good, bad)]
    compared = (compare_ends,) if any(given_up) else _ALL
    for compare in compared:
        yield from (replace(difference, associations=numbers) for difference in compare(good, bad))
    if any(given_up):
        yield limit(f"associations {numbers[0]} and {numbers[1]}", "details were given up to bound memory")


_ALL: tuple[Callable[[Subject, Subject], Iterator[Difference]], ...] = (
    compare_proposals,
    compare_contexts,
    compare_exchanges,
    compare_times,
    compare_ends,
)


class Side:
    """A capture, or one association of it, read to be compared: a few associations of each sort are kept.

    Of a selection counts which associations it chooses; those are compared whole.
    """

    def __init__(self, number: int | None = None, selection: Selection = EVERYTHING) -> None:
        self._number, self._selection = number, selection
        self.sorts = Sorts()
        self.found: list[Finding] = []
        """What was found about the capture as a whole."""
        self.rereads = True
        """Whether data sets can be read again, to be compared."""

    def read(self, capture: Capture, learn: Callable[[list[Update]], None] = lambda _: None) -> None:
        """Read a capture to its end; `learn` gets to know its entries as they come.

        Raises CaptureError where the association that was asked for is not in it.
        """
        self.rereads = not capture.is_pipe
        read = capture.data_set if self.rereads else None
        for updates, closed in capture.blocks():
            learn(updates)
            for association in closed:
                found = capture.found.of(association)
                is_asked_for = self._number in (None, association.id)
                if is_asked_for and self._selection.choose(association, found, read) is not None:
                    self.sorts.add(Subject(association, found, read))
        if self._number is None and self._selection.is_all:
            self.found = capture.analyzer.findings
        elif not self.sorts.all:
            held = counted(capture.analyzer.association_count, "association")
            missing = "none is chosen" if self._number is None else f"there is no association {self._number}"
            raise CaptureError(f"{capture.reader.name}: {missing}; it holds {held}", wrong_call=True)


def compare(good: Side, bad: Side) -> Comparison:
    """Compare what was read of two captures."""
    comparison = Comparison()
    found = list(compare_captures(good.found, bad.found, is_silent=not bad.sorts.all))
    for one, other in pairs(good.sorts.all.values(), bad.sorts.all.values()):
        if one is None or other is None:
            comparison.compared.append(_alone(one, other))
            found.append(_without_counterpart(one, other, bad))
        else:
            chosen = examples(one, other)
            comparison.compared.append(Compared(*chosen, one.fates.total(), other.fates.total()))
            found += _differences(*chosen)
    for name, side in (("GOOD", good), ("BAD", bad)):
        if not side.rereads:
            found.append(limit(f"data sets of {name}", "read from a pipe and not compared"))
        if side.sorts.unsorted:
            left = f"{counted(side.sorts.unsorted, 'association')} of further sorts not compared"
            found.append(limit(f"associations of {name}", left))
    comparison.differences = most_telling_first(found)
    return comparison


def _alone(good: Sort | None, bad: Sort | None) -> Compared:
    return Compared(
        good.best if good else None,
        bad.worst if bad else None,
        good.fates.total() if good else 0,
        bad.fates.total() if bad else 0,
    )


def _without_counterpart(good: Sort | None, bad: Sort | None, bad_side: Side) -> Difference:
    """Say that nothing on the other side is like associations of one sort."""
    sort = good or bad
    assert sort is not None
    association = sort.best.association
    about = f"associations like {the_association(association.id)}, {the_peers(association)}"
    there = counted(sort.fates.total(), "association")
    if good is None:
        return Difference(Kind.ASSOCIATION, Weight.SLIGHT, about, "none", there, (None, association.id))
    troubled = not bad_side.sorts.all or any(each.fates[Fate.TROUBLED] for each in bad_side.sorts.all.values())
    weight = Weight.DECISIVE if troubled else Weight.TELLING
    return Difference(Kind.ASSOCIATION, weight, about, there, "none", (association.id, None))


def file_and_number(text: str) -> tuple[str, int | None]:
    """Take `file#association` apart; a file that is named so is a file."""
    found = _NUMBERED.fullmatch(text)
    return (text, None) if found is None or os.path.lexists(text) else (found[1], int(found[2]))
