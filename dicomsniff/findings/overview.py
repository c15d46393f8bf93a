"""How the associations of a capture went, taken together: counts, the reasons of trouble, and one sentence."""

from collections import Counter
from collections.abc import Iterator, Mapping
from enum import Enum, auto

from msgspec import Struct, field

from dicomsniff.association.association import Association, Party
from dicomsniff.association.message_counts import asked_for
from dicomsniff.association.moves import Move
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.finding import Finding, Severity
from dicomsniff.findings.parts import the_address, the_title
from dicomsniff.findings.retrieve import move_name, why_less
from dicomsniff.findings.slowness import slow_part
from dicomsniff.findings.verdicts import ENDINGS, failed_operations, has_failed, reason, warned_of
from dicomsniff.quantities import counted, of_all
from dicomsniff.tally import Tally

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
    UNREAD = auto()
    """It is presumed inside TLS that could not be read."""
    TROUBLED = auto()


_REASONED = (Fate.TROUBLED, Fate.LOOSE)
"""What there is a reason of."""


def fate(association: Association, found: Findings) -> Fate:
    """Say what became of an association that is over."""
    errors = found.unlisted.get(Severity.ERROR, 0)
    if errors or has_failed(association) or any(each.worst is Severity.ERROR for each in found.causes):
        return Fate.TROUBLED
    if association.released:
        return Fate.WELL
    if association.tls is not None and association.tls.is_unread:
        return Fate.UNREAD
    if association.abort is not None:
        return Fate.LOOSE
    loose = any(finding.code in ENDINGS for finding in found.all)
    return Fate.LOOSE if loose else Fate.UNKNOWN


class Course(Struct, frozen=True):
    """How one association went that is over, as far as an overview asks."""

    association: int
    fate: Fate
    goes_on: bool
    """Whether the capture ended before it."""
    why: str
    """Why it was in trouble or ended without release; empty where neither is so."""
    who: str
    """Who called whom, with marks; empty where nobody asks."""
    requests: Mapping[str, int]
    failed: Mapping[str, int]
    """Operations that failed, by service."""
    slow: str
    """What took most of its time, where it was slow."""
    findings: Mapping[str, int]
    """By severity."""
    has_holes: bool = False
    """Whether the capture lacks bytes of it: nobody knows all that was asked."""
    warning: str = ""
    """Its first warning, but for what the capture lacks; empty where it has worse, or none."""

    @classmethod
    def of(cls, association: Association, found: Findings) -> "Course":
        """Find it."""
        became = fate(association, found)
        why = reason(association, found) if became in _REASONED else ""
        warning = "" if became is Fate.TROUBLED else warned_of(association, found)
        asked_of = became is Fate.TROUBLED or warning
        who = _ends(association.requestor, association.acceptor) if asked_of else ""
        requests, failed = association.message_counts.requests, failed_operations(association)
        return cls(
            association.id,
            became,
            association.ended_by_capture,
            why,
            who,
            requests,
            failed,
            slow_part(association),
            found.counts if found.all else {},
            association.has_holes,
            warning,
        )

    @property
    def trouble(self) -> str:
        """Why it was in trouble; empty where it was not."""
        return self.why if self.fate is Fate.TROUBLED else ""


class Ranking(Struct):
    """Counts, with where in the capture each thing comes first: association, and place in it; and who met there."""

    counts: Tally[str] = field(default_factory=Tally[str])
    _first: dict[str, tuple[int, int]] = field(default_factory=dict)
    _who: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything was counted."""
        return bool(self.counts)

    def has_room(self, what: str) -> bool:
        """Whether something may be counted: known, or among the first MAX_REASONS."""
        return what in self.counts or len(self.counts) < MAX_REASONS

    def see(self, what: str, association: int, place: int = 0, *, times: int = 1, who: str = "") -> None:
        """Count something. Associations may come in any order; `who` is who called whom."""
        self.counts[what] += times
        known = self._first.get(what)
        if known is None or (association, place) < known:
            self._first[what], self._who[what] = (association, place), who

    def where(self, what: str) -> str:
        """Name the association where something comes first: `association 3 (CT1 -> ARCHIVE)`."""
        return f"association {self._first[what][0]} ({self._who[what]})"

    def ranked(self) -> list[tuple[str, int]]:
        """Return what is most frequent first; of what is as frequent, what came first in the capture."""
        return sorted(self.counts.items(), key=lambda each: (-each[1], self._first[each[0]]))

    def in_order(self) -> list[tuple[str, int]]:
        """Return what came first in the capture first."""
        return sorted(self.counts.items(), key=lambda each: self._first[each[0]])


class Overview:
    """How all associations of a capture went; takes each when it is over, keeps counts only."""

    def __init__(self, *, watches: bool = False) -> None:
        self._watches = watches
        """Whether somebody stopped the capture, in the middle of whatever was going on."""
        self._going_on = 0
        self._loose_with_holes = 0
        self.fates: Counter[Fate] = Counter()
        self.reasons: dict[Fate, Ranking] = {fate: Ranking() for fate in _REASONED}
        """Why associations were in trouble or ended without release, up to MAX_REASONS."""
        self.other_reasons = 0
        """Associations in trouble for further reasons."""
        self.warnings = Ranking()
        """What others are warned of first, up to MAX_REASONS."""
        self.other_warnings = 0
        """Associations that are warned of first of something further."""
        self.requests = Ranking()
        self.bad: Counter[str] = Counter()
        """Operations that failed, by service."""
        self.slow = Ranking()
        """Associations that were slow, by what took most of their time."""
        self.findings: Counter[str] = Counter()
        """Findings, causes and consequences, listed or not, by severity."""

    @property
    def associations(self) -> int:
        """Associations that are over."""
        return self.fates.total()

    def feed(self, association: Association, found: Findings) -> str:
        """Count an association that is over; return why it was in trouble, empty where it was not."""
        course = Course.of(association, found)
        self.take(course)
        return course.trouble

    def take(self, course: Course) -> None:
        """Count one, of which it is known how it went."""
        self.fates[course.fate] += 1
        self._loose_with_holes += course.fate is Fate.LOOSE and course.has_holes
        self._going_on += self._watches and course.fate is Fate.UNKNOWN and course.goes_on
        if course.why:
            self._take_reason(course)
        if course.warning and not self.warnings.has_room(course.warning):
            self.other_warnings += 1
        elif course.warning:
            self.warnings.see(course.warning, course.association, who=course.who)
        for place, (service, count) in enumerate(course.requests.items()):
            self.requests.see(service, course.association, place, times=count)
        for service, count in course.failed.items():
            self.bad[service] += count
        if course.slow:
            self.slow.see(course.slow, course.association)
        if course.findings:
            self.findings.update(course.findings)

    def _take_reason(self, course: Course) -> None:
        reasons, why = self.reasons[course.fate], course.why
        if not reasons.has_room(why):
            self.other_reasons += course.fate is Fate.TROUBLED
            return
        reasons.see(why, course.association, who=course.who)

    def worst(self) -> Iterator[str]:
        """Yield the most frequent reasons of trouble, a line with marks each; nothing for one association alone.

        Where none was in trouble, what most of them are warned of.
        """
        if self.associations < 2:
            return
        common = self.reasons[Fate.TROUBLED] or self.warnings
        ranked = common.ranked()
        for why, count in ranked[:MAX_WORST]:
            more = f" and {count - 1} more" if count > 1 else ""
            yield f"{common.where(why)}{more}: {why}"
        others = sum(count for _, count in ranked[MAX_WORST:])
        others += self.other_reasons if self.reasons[Fate.TROUBLED] else self.other_warnings
        if others:
            how = "in trouble for other reasons" if self.reasons[Fate.TROUBLED] else "with other warnings"
            yield f"and {counted(others, 'association')} {how}"

    def text(self, moves: list[Move], findings: list[Finding]) -> str:
        """Say in one sentence, with marks, how the capture went.

        `moves` are its C-MOVEs, `findings` those about the whole of it.
        """
        parts = [*self._how(findings)]
        explained = [f"{move_name(move)}: {why}" for move in moves if (why := why_less(move))]
        explained = [each for each in explained if each not in self.reasons[Fate.TROUBLED].counts]
        if explained:
            parts.append(explained[0] + (f", and {len(explained) - 1} more" if len(explained) > 1 else ""))
        undelivered = [each.line for each in findings if each.code == "commitment-not-reported" and _is_warning(each)]
        parts += undelivered[:1]
        if self.slow:
            (what, count), *more = self.slow.ranked()
            others = f", {sum(each for _, each in more)} for other reasons" if more else ""
            parts.append(f"{counted(count, 'association')} slow, mostly {what}{others}")
        if exchanged := self._exchanged():
            parts.append(exchanged)
        return "; ".join(parts)

    def _how(self, findings: list[Finding]) -> Iterator[str]:
        """Yield the parts that say how it went: trouble first, then what ended otherwise than it should."""
        total, troubled = self.associations, self.fates[Fate.TROUBLED]
        errors = [each.line for cause in findings for each in cause.all() if each.severity is Severity.ERROR]
        warnings = self.findings[Severity.WARNING] + sum(map(_is_warning, findings))
        if troubled:
            yield f"{self._of(troubled)} {'is' if troubled == 1 else 'are'} in trouble: {self._why(Fate.TROUBLED)}"
        if errors:
            more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
            yield f"{'' if troubled else 'in trouble: '}{errors[0]}{more}"
        if not total:
            yield "no DICOM association"
        elif not troubled and not errors and self.fates[Fate.WELL] == total:
            yield f"{_all(total)} {'ended' if warnings else 'went'} well"
        elif not troubled and not self.fates[Fate.LOOSE] and self.fates[Fate.WELL]:
            yield f"{of_all(self.fates[Fate.WELL], total, 'association')} ended well"
        if loose := self.fates[Fate.LOOSE]:
            but = "" if troubled or errors or self._loose_with_holes else "nothing was lost, but "
            yield f"{but}{self._of(loose)} did not end by a release: {self._why(Fate.LOOSE)}"
        if going_on := self._going_on:
            was = "was" if going_on == 1 else "were"
            yield f"{counted(going_on, 'association')} {was} going on when the capture ended"
        if unknown := self.fates[Fate.UNKNOWN] - going_on:
            yield f"{counted(unknown, 'association')} without an end in the capture"
        if unread := self.fates[Fate.UNREAD]:
            yield f"{counted(unread, 'TLS connection')} that could not be read, of DICOM presumably"
        if warnings:
            yield counted(warnings, "warning")

    def _of(self, count: int) -> str:
        total = self.associations
        return _all(total) if count == total else f"{count} of {counted(total, 'association')}"

    def _why(self, became: Fate) -> str:
        """`rejected: called AE title not recognized (3 times, and 2 other reasons)`."""
        common = self.reasons[became].ranked()
        (why, count), *more = common
        least = "more than " if became is Fate.TROUBLED and self.other_reasons else ""
        often = f"{count} times" if count > 1 else ""
        others = f"and {least}{counted(len(more), 'other reason')}" if more else ""
        further = ", ".join(filter(None, (often, others)))
        return f"{why} ({further})" if further else why

    def _exchanged(self) -> str:
        """`40 C-STORE (3 failed), 1 N-SET (failed)`."""
        said = []
        for service, count in self.requests.in_order():
            failed = self.bad[service]
            how = f"{failed} failed" if failed < count else "failed" if count == 1 else "all failed"
            said.append(asked_for(count, service) + (f" ({how})" if failed else ""))
        return ", ".join(said)


def _is_warning(finding: Finding) -> bool:
    return finding.severity is Severity.WARNING


def _ends(requestor: Party, acceptor: Party) -> str:
    calling, called = requestor.ae_title, acceptor.ae_title
    caller = the_title(calling) if calling else the_address(requestor.endpoint.address)  # its port differs each time
    return f"{caller} -> {the_title(called) if called else the_address(acceptor.endpoint)}"


def _all(total: int) -> str:
    return {1: "the association", 2: "both associations"}.get(total, f"all {total} associations")
