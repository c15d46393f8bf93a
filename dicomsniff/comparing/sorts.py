"""The sorts of associations that a capture holds: those that propose the same between the same titles."""

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from dicomsniff.association.association import Association
from dicomsniff.comparing.subject import Subject
from dicomsniff.findings.overview import Fate

MAX_SORTS = 200
"""Sorts of associations of a capture that are compared; the associations of further ones are counted."""
_BEST_FIRST = (Fate.WELL, Fate.UNKNOWN, Fate.LOOSE, Fate.UNREAD, Fate.TROUBLED)
_TITLE, _CLASSES, _NEAR = 1.0, 2.0, 1.5
"""What equal titles and proposals that are alike count for, and from what sum on two sorts are the same thing."""

Signature = tuple[str | None, str | None, frozenset[str]]
"""Calling and called AE title, and the SOP classes proposed or, where that is unknown, used."""


class Sort(Struct):
    """Associations of one sort: how many met which fate, and the first one of each."""

    signature: Signature
    fates: Counter[Fate] = field(default_factory=Counter)
    first: dict[Fate, Subject] = field(default_factory=dict)

    def add(self, subject: Subject) -> None:
        """Count an association."""
        self.fates[subject.fate] += 1
        self.first.setdefault(subject.fate, subject)

    @property
    def best(self) -> Subject:
        """The first association of those that fared best."""
        return next(self.first[each] for each in _BEST_FIRST if each in self.first)

    @property
    def worst(self) -> Subject:
        """The first association of those that fared worst."""
        return next(self.first[each] for each in reversed(_BEST_FIRST) if each in self.first)

    @property
    def usual(self) -> Subject:
        """The first association of those that fared as most did."""
        return self.first[self.fates.most_common(1)[0][0]]


class Sorts:
    """Sorts the associations of a capture as they come; keeps a few of each sort, whatever their number."""

    def __init__(self) -> None:
        self.all: dict[Signature, Sort] = {}
        self.unsorted = 0
        """Associations of further sorts."""

    def add(self, subject: Subject) -> None:
        """Take an association that is over."""
        signature = _signature(subject.association)
        sort = self.all.get(signature)
        if sort is None:
            if len(self.all) >= MAX_SORTS:
                self.unsorted += 1
                return
            sort = self.all[signature] = Sort(signature)
        sort.add(subject)


def pairs(good: Iterable[Sort], bad: Iterable[Sort]) -> Iterator[tuple[Sort | None, Sort | None]]:
    """Yield the sorts that belong together, most alike first, then those that nothing is like on the other side."""
    goods, bads = list(good), list(bad)
    if len(goods) == len(bads) == 1:
        yield goods[0], bads[0]
        return
    scored = [(-_likeness(one.signature, other.signature), here, there)
              for here, one in enumerate(goods) for there, other in enumerate(bads)]  # fmt: skip
    taken_good, taken_bad = set[int](), set[int]()
    for score, here, there in sorted(scored):
        if -score >= _NEAR and here not in taken_good and there not in taken_bad:
            taken_good.add(here)
            taken_bad.add(there)
            yield goods[here], bads[there]
    yield from ((each, None) for here, each in enumerate(goods) if here not in taken_good)
    yield from ((None, each) for there, each in enumerate(bads) if there not in taken_bad)


def examples(good: Sort, bad: Sort) -> tuple[Subject, Subject]:
    """Choose an association of either sort: of those that fared alike the usual one, else the best and the worst."""
    if good.fates == bad.fates:
        return good.usual, bad.first[good.usual.fate]
    return good.best, bad.worst


def _signature(association: Association) -> Signature:
    classes = {each.abstract_syntax for each in association.contexts.values() if each.abstract_syntax}
    if not classes:
        classes = {uid for each in association.operations.operations if (uid := each.request.sop_class_uid)}
    return association.requestor.ae_title, association.acceptor.ae_title, frozenset(classes)


def _likeness(one: Signature, other: Signature) -> float:
    shared, all_of_both, fewer = len(one[2] & other[2]), len(one[2] | other[2]), min(len(one[2]), len(other[2]))
    # One system proposes the one class it needs, another one every class that there is: both count.
    alike = shared / all_of_both + shared / fewer if fewer else 0.0
    return _TITLE * (one[0] == other[0]) + _TITLE * (one[1] == other[1]) + _CLASSES * alike
