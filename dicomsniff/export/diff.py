"""A comparison -> text and JSON; what differs first, and the cause in the first line."""

from collections.abc import Iterator
from itertools import groupby
from typing import IO, Any

from dicomsniff.comparing.comparison import Compared, Comparison
from dicomsniff.comparing.difference import Difference, Weight
from dicomsniff.comparing.subject import Subject
from dicomsniff.export.json_text import list_text, members_text
from dicomsniff.export.text import association_line
from dicomsniff.findings.parts import shown
from dicomsniff.findings.verdicts import verdict
from dicomsniff.printable import printed
from dicomsniff.privacy.gate import Gate

SCHEMA = "dicomsniff.diff/1"
MAX_PAIRS = 20
"""Pairs of associations that text names; further ones are counted."""
NOTHING = "nothing differs that could matter"
SWAPPED = "GOOD is in trouble and BAD is not: were they named the wrong way round?"
_FIRST_WORDS = {Weight.DECISIVE: "likely cause", Weight.TELLING: "most telling"}


class Diff:
    """One format: it writes a comparison of two captures, known by these names, to `out`."""

    def __init__(self, comparison: Comparison, names: tuple[str, str], gate: Gate, out: IO[str]) -> None:
        self.comparison, self.names, self.gate, self.out = comparison, names, gate, out

    def write(self) -> None:
        """Write it."""
        raise NotImplementedError

    def shown(self, line: str) -> str:
        """Return a line with marks as it is shown."""
        return shown(line, self.gate)

    @property
    def first_line(self) -> str:
        """The cause, as far as differences tell, with marks."""
        cause, others = self.comparison.cause, len(self.comparison.differences)
        if cause is not None:
            return f"{_FIRST_WORDS[cause.weight]}: {cause.line}"
        return NOTHING + (f"; slight differences: {others}" if others else "")


class DiffText(Diff):
    """Lines to read."""

    def write(self) -> None:
        """Write the cause, what was compared, and everything else that differs."""
        self.out.write(printed(self.shown(line) for line in self._lines()))

    def _lines(self) -> Iterator[str]:
        yield self.first_line
        if self.comparison.looks_swapped:
            yield SWAPPED
        for compared in self.comparison.compared[:MAX_PAIRS]:
            yield from self._pair_lines(compared)
        if (more := len(self.comparison.compared) - MAX_PAIRS) > 0:
            yield f"and {more} more pairs of associations"
        rest = self.comparison.differences[self.comparison.cause is not None :]
        several = len(self.comparison.compared) > 1
        for weight, differences in groupby(rest, key=lambda each: each.weight):
            yield f"{weight.name.lower()}:"
            yield from (f"  {_place(each) if several else ''}{each.line}" for each in differences)

    def _pair_lines(self, compared: Compared) -> Iterator[str]:
        sides = (("GOOD", compared.good, compared.good_count, 0), ("BAD ", compared.bad, compared.bad_count, 1))
        for side, subject, count, place in sides:
            if subject is not None:
                yield f"{side} {self.names[place]}, {subject_text(subject, count)}"


def subject_text(subject: Subject, count: int) -> str:
    """Say in a line, with marks, which association it is, how it went, and that there are `count` of its sort."""
    like = f" ({count - 1} more like it)" if count > 1 else ""
    return association_line(subject.association, subject.found) + like


def _place(difference: Difference) -> str:
    """Say between which associations it is."""
    good, bad = difference.associations
    return f"associations {good} and {bad}: " if None not in difference.associations else ""


class DiffJson(Diff):
    """One object: `dicomsniff.diff/1`."""

    def write(self) -> None:
        """Write everything."""
        said = {
            "schema": SCHEMA,
            "good": self.shown(self.names[0]),
            "bad": self.shown(self.names[1]),
            "privacy": self.gate.privacy.said,
            "cause": self.shown(self.first_line) if self.comparison.cause is not None else None,
        }
        compared = list_text(map(self._compared, self.comparison.compared), 2)
        differences = list_text(map(self._difference, self.comparison.differences), 2)
        self.out.write(f'{{\n{members_text(said)} "compared": {compared},\n "differences": {differences}\n}}\n')

    def _compared(self, compared: Compared) -> dict[str, Any]:
        return {
            "good": self._subject(compared.good, compared.good_count),
            "bad": self._subject(compared.bad, compared.bad_count),
        }

    def _subject(self, subject: Subject | None, count: int) -> dict[str, Any] | None:
        if subject is None:
            return None
        told = self.shown(verdict(subject.association, subject.found))
        return {"association": subject.association.id, "like_it": count, "verdict": told}

    def _difference(self, difference: Difference) -> dict[str, Any]:
        return {
            "kind": difference.kind.value,
            "weight": difference.weight.name.lower(),
            "about": self.shown(difference.about),
            "good": self.shown(difference.good),
            "bad": self.shown(difference.bad),
            "good_association": difference.associations[0],
            "bad_association": difference.associations[1],
            "good_message": difference.messages[0],
            "bad_message": difference.messages[1],
        }
