"""What was found about each association, beside it: an association knows nothing of findings."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from weakref import WeakKeyDictionary

from msgspec.structs import replace

from dicomsniff.association.association import Association
from dicomsniff.association.consumer import associations_of
from dicomsniff.findings.finding import Finding
from dicomsniff.quantities import counted
from dicomsniff.side import Side
from dicomsniff.tcp.connection import Connection

MAX_FINDINGS = 1000
"""Findings listed of one association; of further ones only the first of each code."""
FINAL_FINDINGS = 100
"""Findings listed beyond those of an association that is over: they are about all of it."""

LONGEST_SOUND, MAX_SOUND = 1 << 14, 256
"""Bytes of a negotiation that is remembered as sound, and how many are."""

Said = tuple[bytes, ...]
"""What two sides said, byte for byte."""
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
        """Every finding, causes and consequences alike, in the order found; once the association is over, perhaps each
        behind its cause."""
        self.codes: set[str] = set()
        """Their codes."""
        self.unlisted: Counter[str] = Counter()
        """How many findings are not listed, by severity; of each code at least the first is."""
        self.repeated: dict[Repeated, tuple[int, int]] = {}
        """How often a side did again what is told once, and how many bytes that was about."""

    @property
    def counts(self) -> Counter[str]:
        """How many findings there are of each severity, listed or not."""
        counts: Counter[str] = Counter(finding.severity for finding in self.all)
        counts.update(self.unlisted)
        return counts

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
        if (before := self.repeated.get(key)) is not None:
            self.repeated[key] = (before[0] + 1, before[1] + finding.amount)
            return True
        if len(self.repeated) < MAX_FINDINGS:
            self.repeated[key] = (1, finding.amount)
        return False

    def counted(self, finding: Finding) -> Finding:
        """Return a finding with how often it was there, where that is more than once."""
        count, amount = self.repeated.get(_repeated(finding), (1, 0)) if self.repeated else (1, 0)
        in_all = f", {counted(amount, 'byte')} in all" if amount else ""
        return (
            finding if count == 1 else replace(finding, parts=(*finding.parts, f" (and {count - 1} like it{in_all})"))
        )

    def renumber(self, number: Callable[[int], int]) -> None:
        """Give packets other numbers, but for those of spans; for an association that rules will look at as a whole."""
        others = {id(finding): finding.renumbered(number) for finding in self.all}
        for finding in self.all:
            others[id(finding)].followers.extend(others[id(each)] for each in finding.followers)
        self.causes = [others[id(finding)] for finding in self.causes]
        self.all = [others[id(finding)] for finding in self.all]

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


class Collector:
    """The findings about each association of a capture, as long as the association is there.

    Pickle it together with the associations: by itself, it has nothing left to tell of once it is loaded.
    """

    def __init__(self) -> None:
        self._found: WeakKeyDictionary[Association, Findings] = WeakKeyDictionary()
        self._sound: set[Said] = set()

    def __getstate__(self) -> list[tuple[Association, Findings]]:
        return list(self._found.items())

    def __setstate__(self, found: Iterable[tuple[Association, Findings]]) -> None:
        self._found = WeakKeyDictionary(dict(found))
        self._sound = set()

    def of(self, association: Association) -> Findings:
        """Return what was found about an association so far, to look at; `collect` returns it to add to."""
        return self._found.get(association, _NOTHING)

    def is_sound(self, said: Said) -> bool:
        """Whether nothing was to be found in what was said, when it was said before."""
        return said in self._sound

    def note_sound(self, said: Said) -> None:
        """Remember that nothing was to be found in what was said: systems negotiate the same again and again."""
        if sum(map(len, said)) <= LONGEST_SOUND:
            if len(self._sound) >= MAX_SOUND:
                self._sound.clear()
            self._sound.add(said)

    def collect(self, association: Association) -> Findings:
        """Return what was found about an association so far, to add to it."""
        return self._found.setdefault(association, Findings())

    def take(self, association: Association, found: Findings) -> None:
        """Take what was found about an association elsewhere."""
        self._found[association] = found

    def update(self, others: "Collector") -> None:
        """Take what was found about other associations."""
        self._found.update(others._found)

    def pack(self, connection: Connection) -> list[Findings]:
        """Return what is to leave memory with a connection: what was found about its associations, in their order."""
        return [self.of(association) for association in associations_of(connection)]

    def unpack(self, connection: Connection, packed: list[Findings]) -> None:
        """Take back what left memory with a connection, whose associations are other objects by now."""
        for association, found in zip(associations_of(connection), packed, strict=True):
            if found.all:
                self.take(association, found)
