"""A finding, its severity, and the rule behind it."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.provenance import Span


class Severity(StrEnum):
    """How bad it is: data lost or an exchange failed; a breach or risk that still worked; worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(NamedTuple):
    """One thing found, where it was found, and the clause of the standard it is judged by."""

    code: str
    severity: Severity
    message: str
    reference: str
    span: Span
    about: Message | None = None

    @property
    def message_number(self) -> int | None:
        """The number of the DIMSE message it is about; an unended message has one when the association is over."""
        return (self.about.number or None) if self.about is not None else None


class Hit(NamedTuple):
    """What a rule saw: one line of text; where and in which message, if not where the rule was asked to look."""

    text: str
    span: Span | None = None
    about: Message | None = None


class EntryRule(NamedTuple):
    """A rule asked about every timeline entry of certain types, as it comes."""

    code: str
    severity: Severity
    reference: str
    advice: str
    events: tuple[type, ...]
    check: Callable[[Association, Entry], Iterable[Hit]]


class FinalRule(NamedTuple):
    """A rule asked once about an association, when nothing more can come."""

    code: str
    severity: Severity
    reference: str
    advice: str
    check: Callable[[Association], Iterable[Hit]]
