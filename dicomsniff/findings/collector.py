"""What was found about each association, beside it: an association knows nothing of findings.

They are there as long as the association is. Whoever pickles an association takes them along.
"""

import copyreg
import re
from collections import Counter
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from dicomsniff.association.association import Association
from dicomsniff.findings.finding import Finding
from dicomsniff.side import Side

MAX_FINDINGS = 1000
"""Findings listed of one association; of further ones only the first of each code."""
FINAL_FINDINGS = 100
"""Findings listed beyond those of an association that is over: they are about all of it."""

Repeated = tuple[str, Side | None, str]
"""What a side does again and again: code, side, and text without numbers."""
_NUMBER = re.compile(r"[0-9]+")


class Findings:
    """The findings about one association."""

    __slots__ = ("all", "causes", "codes", "repeated", "unlisted")

    def __init__(self) -> None:
        self.causes: list[Finding] = []
        """Causes, each with what follows from it; once the association is over, by packet."""
        self.all: list[Finding] = []
        """Every finding, causes and consequences alike, in the order found: it only grows."""
        self.codes: set[str] = set()
        """Their codes."""
        self.unlisted: Counter[str] = Counter()
        """How many findings are not listed, by severity; of each code at least the first is."""
        self.repeated: dict[Repeated, int] = {}
        """How often a side did again what is told once."""

    def add(self, found: list[Finding], *, final: bool = False) -> list[Finding]:
        """Take findings, as many as are listed, and return those; `final` ones are about all of the association."""
        most = MAX_FINDINGS + (FINAL_FINDINGS if final else 0)
        listed = []
        for finding in found:
            if len(self.all) < most or finding.code not in self.codes:
                listed.append(finding)
                self.all.append(finding)
                self.codes.add(finding.code)
            else:
                self.unlisted[finding.severity] += 1
        return listed

    def repeats(self, finding: Finding) -> bool:
        """Whether a finding that is told once is told already: then it is only counted."""
        key = _repeated(finding)
        if key in self.repeated:
            self.repeated[key] += 1
            return True
        if len(self.repeated) < MAX_FINDINGS:
            self.repeated[key] = 1
        return False

    def counted(self, finding: Finding) -> Finding:
        """Return a finding with how often it was there, where that is more than once."""
        count = self.repeated.get(_repeated(finding), 1) if self.repeated else 1
        return finding if count == 1 else replace(finding, parts=(*finding.parts, f" ({count} times)"))

    def condense(self) -> None:
        """Give up the messages that findings are about."""
        self.causes = [
            replace(_alone(finding), followers=[_alone(each) for each in finding.followers]) for finding in self.causes
        ]
        self.repeated, self.codes = _NOTHING.repeated, _NOTHING.codes
        self.all = [each for finding in self.causes for each in finding.all()]


def _alone(finding: Finding) -> Finding:
    """Return a finding without the message it is about, but for its number."""
    return replace(finding, about=None, number=finding.message_number)


def _repeated(finding: Finding) -> Repeated:
    return finding.code, finding.side, _NUMBER.sub("", finding.message)


_NOTHING = Findings()
_FOUND: "WeakKeyDictionary[Association, Findings]" = WeakKeyDictionary()


def findings_of(association: Association) -> Findings:
    """Return what was found about an association so far."""
    found = _FOUND.get(association)
    return found if found is not None else Findings()


def collect(association: Association) -> Findings:
    """Return what was found about an association so far, to add to it."""
    return _FOUND.setdefault(association, Findings())


def hand_on(association: Association, again: Association) -> None:
    """Let what was found about an association be found about it once its packets were analyzed again."""
    if association in _FOUND:
        _FOUND[again] = _FOUND[association]


def _reduce(association: Association) -> tuple[Any, ...]:
    return _restore, (_FOUND.get(association),), association.__getstate__()


def _restore(found: Findings | None) -> Association:
    association = Association.__new__(Association)
    if found is not None:
        _FOUND[association] = found
    return association


copyreg.pickle(Association, _reduce)
