"""What is searched for a word: what a reader sees of an association or message, and the UIDs behind it."""

from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from dicomsniff.association.association import Association
from dicomsniff.filter.fields import FIELDS, Subject
from dicomsniff.findings.collector import Findings
from dicomsniff.findings.parts import plain
from dicomsniff.findings.verdicts import verdict

_OF_MESSAGES = [FIELDS[name] for name in ("command", "sop_class", "transfer_syntax", "status_class")]
_PROPOSED = FIELDS["sop_class"]


class _Known(Struct):
    """What is searched of one association. Messages are looked at once each, and say few different things."""

    size: tuple[bool, int, int] | None = None
    heading: str = ""
    messages: int = 0
    texts: set[str] = field(default_factory=set)
    is_read: bool = False
    """Whether all messages that came so far were looked at."""

    @property
    def is_final(self) -> bool:
        """Whether the association was over."""
        return self.size is not None and self.size[0]


class Searched:
    """The texts of associations; those of the latest `room` that were asked about are remembered."""

    def __init__(self, room: int = 1) -> None:
        self._room = room
        self._known: dict[int, _Known] = {}

    def occurs(self, word: str, subject: Subject) -> bool:
        """Whether a word occurs in a message or in what stands above all of them; of an association, in any of both."""
        message, known = subject.message, self._of(subject)
        if word in known.heading:
            return True
        if message is not None:
            return word in _message_text(subject)
        for _ in self.reading(subject):
            pass
        return any(word in text for text in known.texts)

    def knows(self, association: Association) -> bool:
        """Whether all that there is to be searched of an association that is over is remembered."""
        known = self._known.get(association.id)
        return known is not None and known.is_final and known.is_read

    def reading(self, subject: Subject) -> Iterator[None]:
        """Look at the messages of an association that came since, one a step."""
        known = self._of(subject)
        known.is_read = False
        for each in subject.association.messages[known.messages :]:
            known.messages += 1
            known.texts.add(_message_text(replace(subject, message=each)))
            yield
        known.is_read = True

    def keep(self, numbers: set[int]) -> None:
        """Let go of what is known of other associations."""
        self._known = {number: each for number, each in self._known.items() if number in numbers}

    def _of(self, subject: Subject) -> _Known:
        association = subject.association
        known = self._known.get(association.id)
        if known is None:
            if len(self._known) >= self._room:
                self._known.pop(next(iter(self._known)))
            known = self._known[association.id] = _Known()
        size = association.closed, len(association.timeline), len(subject.found.all)
        # One that has given up its details since says less, but nothing else.
        if size != known.size and not (association.condensed and known.is_final):
            known.size, known.heading = size, _heading(association, subject.found)
        return known


def _heading(association: Association, found: Findings) -> str:
    """Of SOP classes, those proposed where no message names one; the verdict once there is one to stay."""
    parties = [f"{each.ae_title or ''} {each.endpoint}" for each in (association.requestor, association.acceptor)]
    judged = [plain(verdict(association, found))] if association.closed else []
    known = [*parties, f"#{association.id}", association.outcome, *judged, *found.codes]
    severities = sorted({str(finding.severity) for finding in found.all})
    proposed = [] if association.messages else map(str, _PROPOSED.values(Subject(association, found, None)))
    return "\n".join([*known, *severities, *proposed]).casefold()


def _message_text(subject: Subject) -> str:
    found = [str(value) for each in _OF_MESSAGES for value in each.values(subject)]
    status = subject.message.command.status if subject.message is not None else None
    return "\n".join([*found, f"0x{status:04X} {status:04X}H" if status is not None else ""]).casefold()
