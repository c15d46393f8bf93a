"""Findings that say the same, told once: `5 × …`."""

import re
from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct, field

from dicomsniff.findings.finding import Finding

MAX_NUMBERS = 100
"""Messages named by number among those that findings which are alike are about; further ones are counted."""
_WORD = re.compile(r"\([0-9A-Fa-f]{4},[0-9A-Fa-f]{4}\)|[\w.]*\w")
_UNIT = re.compile(r"(?<=\d )(?:ns|µs|ms|s)\b")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Alike(Struct):
    """A finding, and how often it is there with other message ids, lengths or times; what follows from it or them."""

    finding: Finding
    count: int = 1
    same: bool = True
    """Whether all of them say it in the same words."""
    numbers: list[int] = field(default_factory=list)
    """The messages they are about, by number, up to MAX_NUMBERS."""
    associations: list[int] = field(default_factory=list)
    """The associations that findings about a whole capture are seen in, each once, up to MAX_NUMBERS."""
    followers: list["Alike"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What they say, in one sentence, with marks."""
        line = self.finding.line
        if self.count == 1:
            return line
        return f"{self.count} × {line}" if self.same else f"{line} ({self._others})"

    @property
    def _others(self) -> str:
        return f"and {self.count - 1} like it"

    def add(self, finding: Finding) -> None:
        """Take another one."""
        self.count += 1
        self.same = self.same and finding.message == self.finding.message
        self.note(finding)

    def note(self, finding: Finding) -> None:
        """Keep which message a finding is about."""
        number, association = finding.message_number, finding.association
        if association is not None:
            if association not in self.associations and len(self.associations) < MAX_NUMBERS:
                self.associations.append(association)
        elif number is not None and len(self.numbers) < MAX_NUMBERS:
            self.numbers.append(number)


def fold(findings: Iterable[Finding]) -> list[Alike]:
    """Return findings in their order, those that differ in numbers only as one, and likewise what follows from them."""
    folded: dict[tuple[object, ...], tuple[Alike, list[Finding]]] = {}
    for finding in findings:
        key = (finding.code, finding.severity, finding.side, gist(finding.message))
        known = folded.get(key)
        if known is None:
            alike = Alike(finding)
            alike.note(finding)
            folded[key] = (alike, list(finding.followers))
        else:
            known[0].add(finding)
            known[1].extend(finding.followers)
    for alike, followers in folded.values():
        alike.followers = fold(followers)
    return [alike for alike, _ in folded.values()]


@lru_cache(maxsize=64)
def gist(text: str) -> str:
    """Return a text without its plain numbers and the units of its times; tags, UIDs and statuses stay."""
    return _WORD.sub(lambda word: "#" if _NUMBER.fullmatch(word[0]) else word[0], _UNIT.sub("time", text))
