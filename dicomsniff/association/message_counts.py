"""What was exchanged, in numbers: kept of every association, however much of it is listed."""

from dicomsniff.dictionary.statuses import PENDING
from dicomsniff.dimse.message import UNREADABLE, Message
from dicomsniff.tally import Tally

_WITHOUT_FIELD = "message without a Command Field"


class MessageCounts:
    """Counts messages, requests by service, matches of C-FIND, final statuses by (service, SOP class UID, status)."""

    __slots__ = ("matches", "messages", "requests", "statuses")

    def __init__(self) -> None:
        self.matches = self.messages = 0
        self.requests: Tally[str] = Tally()
        self.statuses: Tally[tuple[str, str | None, int]] = Tally()

    def add(self, message: Message) -> None:
        """Count a message."""
        self.messages += 1
        command = message.command
        if not command.is_response:
            if command.name != "C-CANCEL-RQ":
                self.requests[command.service or _unnamed(message)] += 1
        elif command.status in PENDING:
            self.matches += command.service == "C-FIND"
        elif command.status is not None:
            self.statuses[command.service, message.sop_class_uid, command.status] += 1


def _unnamed(message: Message) -> str:
    return _WITHOUT_FIELD if message.has_whole_command else UNREADABLE


def asked_for(count: int, service: str) -> str:
    """`3 C-STORE`, `3 unknown messages`."""
    named = service not in (_WITHOUT_FIELD, UNREADABLE)
    return f"{count} {service if named or count == 1 else service.replace('message', 'messages')}"


def is_unknown(service: str) -> bool:
    """Whether what counts as a request of this service may be anything, were it a response."""
    return service == UNREADABLE
