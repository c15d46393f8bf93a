"""A finding, its severity, and the rules behind findings, as data."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from dicomsniff.association.association import Association
from dicomsniff.association.handshakes import FailedHandshake
from dicomsniff.association.links import Linker
from dicomsniff.association.neighbours import Neighbours
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.findings.review import Review
from dicomsniff.side import Side
from dicomsniff.span import Span


class Severity(StrEnum):
    """How bad it is: data lost or an exchange failed; a breach or risk that still worked; worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


SEVERITIES = tuple(Severity)
"""The severities, the worst first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, where it was found, and the clause of the standard it is judged by.

    `side` says whose doing it is, None where it is nobody's or both sides'. `earliest_cause` and `latest_cause` are the
    packets between which its cause lies. `followers` are the findings that are mere consequences of this one.
    Of one about the whole capture, `association` and `number` name the association and message it is seen in.
    """

    code: str
    severity: Severity
    message: str
    reference: str
    span: Span
    about: Message | None = None
    side: Side | None = None
    earliest_cause: int = 0
    latest_cause: int = 0
    listed_at: int = 0
    """The packet it is listed by, where that is not the first of its span."""
    followers: list["Finding"] = field(default_factory=list)
    association: int | None = None
    number: int | None = None

    @property
    def packet(self) -> int:
        """The packet that shows it."""
        return self.listed_at or self.span.first_packet

    @property
    def message_number(self) -> int | None:
        """The number of the DIMSE message it is about; an unended message has one when the association is over."""
        return (self.about.number or None) if self.about is not None else self.number

    def all(self) -> Iterator["Finding"]:
        """Yield the finding, then what follows from it."""
        yield self
        yield from self.followers

    @property
    def worst(self) -> Severity:
        """The worst severity among the finding and its followers."""
        return min((each.severity for each in self.all()), key=SEVERITIES.index)


class Hit(NamedTuple):
    """What a rule saw: one line of text, and what differs from where the rule was asked to look.

    `earliest_cause` is the earliest packet that its cause may lie in, `latest_cause` the latest (-1: the
    association's end). A rule on a whole capture may name the `association` and the message's `number` in it.
    `severity` is told where it is less than the rule's.
    """

    text: str
    span: Span | None = None
    about: Message | None = None
    side: Side | None = None
    earliest_cause: int = 0
    latest_cause: int = 0
    association: int | None = None
    number: int | None = None
    listed_at: int = 0
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What is common to all rules: a row of the catalogue.

    `title` says in a line what is wrong, `meaning` in a paragraph what that means, `remedy` what to do. `follows`
    names the codes of which this is a mere consequence when they are found before it: `own:CODE` where the same
    side must have caused it, `peer:CODE` where the other side must, `CODE` where either may.
    """

    code: str
    severity: Severity
    reference: str
    title: str
    meaning: str
    remedy: str


@dataclass(frozen=True, slots=True)
class EntryRule(Rule):
    """A rule asked about every timeline entry of certain types, as it comes.

    Messages are many, and most are as they should be: where it has a `condition`, it is asked about those only that
    meet it. Rules that share one cost no more than one of them. With `once`, what a side does again and again is one
    finding: those that differ in nothing but numbers are counted in the first.
    """

    events: tuple[type, ...]
    check: Callable[[Association, Entry], Iterable[Hit]]
    follows: tuple[str, ...] = ()
    condition: Callable[[Association, Message], bool] | None = None
    once: bool = False


@dataclass(frozen=True, slots=True)
class FinalRule(Rule):
    """A rule asked once about an association, when nothing more can come."""

    check: Callable[[Review], Iterable[Hit]]
    follows: tuple[str, ...] = ()


class CaptureFacts(Protocol):
    """What rules on a whole capture are asked about: the analyzer, at its end."""

    @property
    def foreign(self) -> dict[str, int]:
        """Connections without DICOM, by protocol where it is known, else under an empty name."""

    @property
    def association_count(self) -> int:
        """Associations recognized."""

    @property
    def given_up(self) -> int:
        """Connections no longer followed because too many were open at a time."""

    @property
    def links(self) -> Linker:
        """What belongs together across associations."""

    @property
    def handshakes(self) -> list[FailedHandshake]:
        """TLS handshakes that failed in sight."""

    @property
    def neighbours(self) -> Neighbours:
        """Associations that can be held against one another."""


@dataclass(frozen=True, slots=True)
class CaptureRule(Rule):
    """A rule asked once about a capture, when it is over."""

    check: Callable[[CaptureFacts], Iterable[Hit]]
    follows: tuple[str, ...] = ()
