"""How the associations of a capture went, taken together: counts, the reasons of trouble, and one sentence."""

from collections import Counter
from collections.abc import Iterator
from enum import Enum, auto

from dicomsniff.association.association import Association, Party
from dicomsniff.association.moves import Move
from dicomsniff.dictionary.statuses import find_status
from dicomsniff.findings.collector import findings_of
from dicomsniff.findings.finding import Finding, Severity
from dicomsniff.findings.parts import the_address, the_title
from dicomsniff.findings.retrieve import why_less
from dicomsniff.findings.slowness import slow_part
from dicomsniff.findings.verdicts import BAD, ENDINGS, has_failed, reason
from dicomsniff.quantities import counted

MAX_REASONS = 1000
"""Reasons told apart in an overview."""
MAX_WORST = 5
"""Reasons of trouble that are listed, the most frequent first."""


class Fate(Enum):
    """What became of an association. Trouble and findings of severity error go together."""

    WELL = auto()
    LOOSE = auto()
    """Nothing was lost, but it did not end by a release."""
    UNKNOWN = auto()
    """The capture does not show its end."""
    TROUBLED = auto()


def fate(association: Association) -> Fate:
    """Say what became of an association that is over."""
    errors = findings_of(association).unlisted.get(Severity.ERROR, 0)
    if (
        errors
        or has_failed(association)
        or any(each.worst is Severity.ERROR for each in findings_of(association).causes)
    ):
        return Fate.TROUBLED
    if association.released:
        return Fate.WELL
    if association.abort is not None:
        return Fate.LOOSE
    loose = any(finding.code in ENDINGS for finding in findings_of(association).all)
    return Fate.LOOSE if loose else Fate.UNKNOWN


class Overview:
    """How all associations of a capture went; takes each when it is over, keeps counts only."""

    def __init__(self, *, watches: bool = False) -> None:
        self._watches = watches
        """Whether somebody stopped the capture, in the middle of whatever was going on."""
        self._going_on = 0
        self.fates: Counter[Fate] = Counter()
        self.reasons: dict[Fate, Counter[str]] = {Fate.TROUBLED: Counter(), Fate.LOOSE: Counter()}
        """Why associations were in trouble or ended without release, up to MAX_REASONS."""
        self.other_reasons = 0
        """Associations in trouble for further reasons."""
        self.requests: Counter[str] = Counter()
        self.bad: Counter[str] = Counter()
        """Operations that failed, by service."""
        self.slow: Counter[str] = Counter()
        """Associations that were slow, by what took most of their time."""
        self.findings: Counter[str] = Counter()
        """Findings, causes and consequences, listed or not, by severity."""
        self._first: dict[str, tuple[int, str]] = {}
        """The first association of each reason of trouble: its number and who called whom."""

    @property
    def associations(self) -> int:
        """Associations that are over."""
        return self.fates.total()

    def feed(self, association: Association) -> str:
        """Count an association that is over; return why it was in trouble, empty where it was not."""
        became = fate(association)
        self.fates[became] += 1
        self._going_on += self._watches and became is Fate.UNKNOWN and association.ended_by_capture
        why = reason(association) if became in self.reasons else ""
        if why:
            self._take_reason(association, became, why)
        self.requests.update(association.message_counts.requests)
        for (service, sop_class, status), count in association.message_counts.statuses.items():
            if find_status(service, sop_class, status).category in BAD:
                self.bad[service] += count
        if slow := slow_part(association):
            self.slow[slow] += 1
        self.findings.update(finding.severity for finding in findings_of(association).all)
        self.findings.update(findings_of(association).unlisted)
        return why if became is Fate.TROUBLED else ""

    def _take_reason(self, association: Association, became: Fate, why: str) -> None:
        reasons = self.reasons[became]
        if why not in reasons and len(reasons) >= MAX_REASONS:
            self.other_reasons += became is Fate.TROUBLED
            return
        reasons[why] += 1
        if became is Fate.TROUBLED and why not in self._first:
            ends = (association.requestor, association.acceptor)
            who = " -> ".join(_end(party) for party in ends)
            self._first[why] = association.id, who

    def worst(self) -> Iterator[str]:
        """Yield the most frequent reasons of trouble, a line with marks each; nothing for one association alone."""
        if self.associations < 2:
            return
        common = self.reasons[Fate.TROUBLED].most_common()
        for why, count in common[:MAX_WORST]:
            more = f" and {count - 1} more" if count > 1 else ""
            first, who = self._first[why]
            yield f"association {first} ({who}){more}: {why}"
        others = sum(count for _, count in common[MAX_WORST:]) + self.other_reasons
        if others:
            yield f"and {counted(others, 'association')} in trouble for other reasons"

    def text(self, moves: list[Move], findings: list[Finding]) -> str:
        """Say in one sentence, with marks, how the capture went.

        `moves` are its C-MOVEs, `findings` those about the whole of it.
        """
        parts = [*self._how(findings)]
        warnings = self.findings[Severity.WARNING] + sum(each.severity is Severity.WARNING for each in findings)
        if warnings:
            parts[0] += f", with {counted(warnings, 'warning')}"
        explained = [
            f"C-MOVE to {the_title(move.destination or '?')}: {why}" for move in moves if (why := why_less(move))
        ]
        if explained:
            parts.append(explained[0] + (f", and {len(explained) - 1} more" if len(explained) > 1 else ""))
        if self.slow:
            (what, count), *more = self.slow.most_common()
            others = f", {sum(each for _, each in more)} for other reasons" if more else ""
            parts.append(f"{counted(count, 'association')} slow, mostly {what}{others}")
        if exchanged := self._exchanged():
            parts.append(exchanged)
        return "; ".join(parts)

    def _how(self, findings: list[Finding]) -> Iterator[str]:
        """Yield the parts that say how it went: trouble first, then what ended otherwise than it should."""
        total, troubled = self.associations, self.fates[Fate.TROUBLED]
        errors = [each.line for cause in findings for each in cause.all() if each.severity is Severity.ERROR]
        if troubled:
            yield f"{self._of(troubled)} {'is' if troubled == 1 else 'are'} in trouble: {self._why(Fate.TROUBLED)}"
        if errors:
            more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
            yield f"{'' if troubled else 'in trouble: '}{errors[0]}{more}"
        if not total:
            yield "no DICOM association"
        elif not troubled and not errors and self.fates[Fate.WELL] == total:
            yield f"{_all(total)} went well"
        elif not troubled and not self.fates[Fate.LOOSE] and self.fates[Fate.WELL]:
            yield f"{self.fates[Fate.WELL]} of {counted(total, 'association')} ended well"
        if loose := self.fates[Fate.LOOSE]:
            but = "" if troubled or errors else "nothing was lost, but "
            yield f"{but}{self._of(loose)} did not end by a release: {self._why(Fate.LOOSE)}"
        if going_on := self._going_on:
            was = "was" if going_on == 1 else "were"
            yield f"{counted(going_on, 'association')} {was} going on when the capture ended"
        if unknown := self.fates[Fate.UNKNOWN] - going_on:
            yield f"{counted(unknown, 'association')} without an end in the capture"

    def _of(self, count: int) -> str:
        total = self.associations
        return _all(total) if count == total else f"{count} of {counted(total, 'association')}"

    def _why(self, became: Fate) -> str:
        """`refused: called AE title not recognized (3 times), and 2 other reasons`."""
        common = self.reasons[became].most_common()
        (why, count), *more = common
        often = f" ({count} times)" if count > 1 else ""
        least = "more than " if became is Fate.TROUBLED and self.other_reasons else ""
        return why + often + (f", and {least}{counted(len(more), 'other reason')}" if more else "")

    def _exchanged(self) -> str:
        """`40 C-STORE, 3 of them failed`."""
        said = []
        for service, count in self.requests.items():
            failed = self.bad[service]
            said.append(f"{count} {service}" + (f", {failed} of them failed" if failed else ""))
        return ", ".join(said)


def _end(party: Party) -> str:
    return the_title(party.ae_title) if party.ae_title else the_address(party.endpoint)


def _all(total: int) -> str:
    return {1: "the association", 2: "both associations"}.get(total, f"all {total} associations")
