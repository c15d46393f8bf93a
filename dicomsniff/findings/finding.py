"""A finding, its severity, and what follows from it."""

from collections.abc import Callable, Iterator
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from dicomsniff.dimse.message import Message
from dicomsniff.findings.parts import Part, marked, told
from dicomsniff.side import Side
from dicomsniff.span import Span


class Severity(StrEnum):
    """How bad it is: data lost or an exchange failed; a breach or risk that still worked; worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


LAST_PACKET = 1 << 62
"""No packet has a greater number: a cause may come until the end."""
SEVERITIES = tuple(Severity)
"""The severities, the worst first."""


class Finding(Struct, frozen=True):
    """One thing found, where it was found, and the clause of the standard it is judged by.

    `side` says whose doing it is, None where it is nobody's or both sides'. `earliest_cause` and `latest_cause` are the
    packets between which its cause lies. `followers` are the findings that are mere consequences of this one.
    Of one about the whole capture, `association` and `number` name the association and message it is seen in.
    """

    code: str
    severity: Severity
    parts: tuple[Part, ...]
    """What was seen: text, values that a peer sent, and references."""
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
    only: tuple[str, ...] = ()
    """The codes of which alone it may be a consequence, where these are fewer than its rule says."""
    amount: int = 0
    """Bytes that it is about, where those of findings like it are summed."""

    def __repr__(self) -> str:
        return f"<Finding: {self.severity} {self.code}, packet {self.packet}>"

    @property
    def message(self) -> str:
        """What was seen, in one line."""
        return told(self.parts)

    @property
    def line(self) -> str:
        """The same, with the marks by which a view withholds what it may not show."""
        return marked(self.parts)

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

    def renumbered(self, number: Callable[[int], int]) -> "Finding":
        """Return it, without followers, with other numbers of packets, but for those of its span."""
        return replace(
            self,
            earliest_cause=self.earliest_cause and number(self.earliest_cause),
            latest_cause=self.latest_cause if self.latest_cause == LAST_PACKET else number(self.latest_cause),
            listed_at=self.listed_at and number(self.listed_at),
            followers=[],
        )

    @property
    def worst(self) -> Severity:
        """The worst severity among the finding and its followers."""
        return min((each.severity for each in self.all()), key=SEVERITIES.index)
