"""What is searched for a word: what a reader sees of an association or message, and the UIDs behind it."""

from dicomsniff.association.association import Association
from dicomsniff.dimse.message import Message
from dicomsniff.filter.fields import FIELDS, Subject
from dicomsniff.findings.collector import findings_of
from dicomsniff.findings.parts import plain
from dicomsniff.findings.verdicts import verdict

_OF_MESSAGES = [FIELDS[name] for name in ("command", "sop_class", "instance", "transfer_syntax", "status_class")]
_PROPOSED = FIELDS["sop_class"]


class Searched:
    """The text of the latest association asked about: the verdict in it takes looking at all messages."""

    def __init__(self) -> None:
        self._latest: Association | None = None
        self._size = (False, 0, 0)
        self._heading = ""

    def occurs(self, word: str, subject: Subject) -> bool:
        """Whether a word occurs in a message or in what stands above all of them; of an association, in any of both."""
        association, message = subject.association, subject.message
        asked = association.messages if message is None else [message]
        return word in self._above(association) or any(word in _message_text(association, each) for each in asked)

    def _above(self, association: Association) -> str:
        size = association.closed, len(association.timeline), len(findings_of(association).all)
        if association is not self._latest or size != self._size:
            self._latest, self._size, self._heading = association, size, _heading(association)
        return self._heading


def _heading(association: Association) -> str:
    """Of SOP classes, those proposed where no message names one."""
    found = findings_of(association)
    parties = [f"{each.ae_title or ''} {each.endpoint}" for each in (association.requestor, association.acceptor)]
    known = [*parties, f"#{association.id}", association.outcome, plain(verdict(association)), *found.codes]
    severities = sorted({str(finding.severity) for finding in found.all})
    proposed = [] if association.messages else map(str, _PROPOSED.values(Subject(association, None)))
    return "\n".join([*known, *severities, *proposed]).casefold()


def _message_text(association: Association, message: Message) -> str:
    subject = Subject(association, message)
    found = [str(value) for field in _OF_MESSAGES for value in field.values(subject)]
    status = message.command.status
    return "\n".join([*found, f"0x{status:04X} {status:04X}H" if status is not None else ""]).casefold()
