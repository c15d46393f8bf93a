"""Associations that may carry the objects of a C-MOVE, as they are remembered (PS3.4 §C.4.2, PS3.7 §9.1.1)."""

from typing import ClassVar

from msgspec import Struct, field

from dicomsniff.association.association import Association
from dicomsniff.association.timeline import TcpEnd
from dicomsniff.dictionary.statuses import status_text
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.operations import Operation
from dicomsniff.pdu.types import Abort
from dicomsniff.side import Side

MAX_FAILURES = 5
"""Different statuses of failure that are remembered of the C-STOREs of a delivery."""
SLOW = 1_000_000_000
"""ns from which on an SCP may tire of waiting for the answer to a C-STORE."""
MAX_LATE = 100
"""C-STOREs of a delivery that were answered so late, of which is remembered when."""
Broken = tuple[Side, str, int]
"""Who broke an association off, by what (`A-ABORT`, `RST` or `FIN`), and when (ns)."""


class Stores(Struct):
    """C-STORE operations counted by how they ended, which asked first and last, and when the first began (ns)."""

    first_time: int = 0
    first_message: int = 0
    last_message: int = 0
    asked: int = 0
    by_category: dict[str, int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    """Statuses of failure in words; up to MAX_FAILURES different ones."""
    unanswered: int = 0
    """C-STOREs of which the capture holds no response."""
    unsent: int = 0
    """Of these, those of which it does not hold the whole request."""
    pending: int = 0
    """Of these, those sent whole on an association that goes on: they may still be answered."""
    waited: int = 0
    """How long (ns) the first of those pending has waited by then."""
    late: list[tuple[int, int]] = field(default_factory=list)
    """Of those answered after SLOW or more, when the request and the answer were whole (ns); MAX_LATE at most."""
    first_unsent: int = 0
    """The message ID of the first of those of which it does not hold the whole request."""
    first_failed: int = 0
    """When the first response with a failure was whole (ns since 1970)."""
    first_unanswered: int = 0
    """When the first request without a response began (ns since 1970)."""

    def add(self, operation: Operation, now: int | None = None) -> None:
        """Count a C-STORE; `now` (ns since 1970) is given where its association goes on."""
        number = operation.request.number
        self.first_message, self.last_message = self.first_message or number, number
        self.first_time = self.first_time or operation.request.span.first_time
        self.asked += 1
        if operation.final is None:
            self._count_unanswered(operation.request, now)
        else:
            self.by_category[operation.category] = self.by_category.get(operation.category, 0) + 1
            asked, answered = operation.request.span.last_time, operation.final.span.last_time
            if answered - asked >= SLOW and len(self.late) < MAX_LATE:
                self.late.append((asked, answered))
            if operation.category == "Failure":
                self.first_failed = self.first_failed or operation.final.span.last_time
                self._count_failure(operation)

    def _count_unanswered(self, request: Message, now: int | None) -> None:
        self.unanswered += 1
        self.first_unanswered = self.first_unanswered or request.span.first_time
        if not request.ended:
            self.first_unsent = self.first_unsent if self.unsent else request.command.message_id or 0
            self.unsent += 1
        elif now is not None:
            self.pending += 1
            self.waited = max(self.waited, now - request.span.last_time)

    def _count_failure(self, operation: Operation) -> None:
        text = status_text(operation.name, operation.request.command.sop_class_uid, operation.status or 0)
        if text in self.failures or len(self.failures) < MAX_FAILURES:
            self.failures[text] = self.failures.get(text, 0) + 1

    @property
    def kept(self) -> int:
        """Objects the destination took: stored, or stored with a warning."""
        return self.by_category.get("Success", 0) + self.by_category.get("Warning", 0)


class Delivery(Struct, frozen=True):
    """An association that may carry the objects of a C-MOVE; `how` and `guessed` say why the two are linked."""

    association: int
    source: str
    target: str
    called_ae_title: str | None
    start: int
    outcome: str
    contexts: int
    """Presentation contexts proposed."""
    accepted: int
    stores: Stores
    originator: tuple[str, int] | None = None
    how: str = ""
    guessed: bool = False
    partial: bool = False
    """Whether it has more operations than are remembered, so that there may be more C-STOREs."""
    answered: bool = True
    """Whether A-ASSOCIATE-AC or -RJ came."""
    refused: tuple[int, int] | None = None
    """Source and reason of an A-ASSOCIATE-RJ."""
    broken: Broken | None = None
    """How it was broken off; None where it was released or goes on."""
    end: int = 0
    """Its last packet (ns), as far as the capture goes."""

    name: ClassVar[str] = "delivery"

    @property
    def message(self) -> int:
        """The number of its first C-STORE-RQ; 0 where it has none."""
        return self.stores.first_message

    def holds(self, message: Message | None) -> bool:
        """Whether a message of its association, or (None) the association itself, has part in it."""
        if message is None:
            return True
        within = self.stores.first_message <= message.number <= self.stores.last_message
        return within and self.originator == move_originator(message)


def find_deliveries(association: Association, now: int | None = None) -> list[Delivery]:
    """Return what an association may have delivered, by Move Originator; one without C-STOREs if it carried nothing.

    `now` (ns since 1970) is given where its connection is still followed.
    """
    if association.ended_by_capture:
        now = association.watched_until
    broken = _broken(association)
    if association.outcome != "unfinished" or broken is not None:
        now = None
    stores: dict[tuple[str, int] | None, Stores] = {}
    for operation in association.operations.operations:
        if operation.name == "C-STORE" and operation.side is Side.REQUESTOR:
            stores.setdefault(move_originator(operation.request), Stores()).add(operation, now)
    if not stores and (association.outcome != "released" or not association.message_counts.requests):
        stores[None] = Stores()
    return [_delivery(association, broken, originator, counted) for originator, counted in stores.items()]


def _delivery(
    association: Association, broken: Broken | None, originator: tuple[str, int] | None, stores: Stores
) -> Delivery:
    return Delivery(
        association=association.id,
        source=association.requestor.endpoint.address,
        target=str(association.acceptor.endpoint),
        called_ae_title=association.acceptor.ae_title,
        start=association.start_time,
        outcome=association.outcome,
        contexts=len(association.contexts),
        accepted=sum(context.accepted for context in association.contexts.values()),
        stores=stores,
        originator=originator,
        partial=association.operations.unlisted > 0,
        answered=association.accept is not None or association.rejection is not None,
        refused=(association.rejection.source, association.rejection.reason) if association.rejection else None,
        broken=broken,
        end=association.end_time,
    )


def _broken(association: Association) -> Broken | None:
    """Return who broke an association off, by what, and when."""
    if association.outcome in ("released", "rejected"):
        return None
    for entry in association.timeline:
        if isinstance(entry.event, Abort):
            return entry.side, "A-ABORT", entry.span.last_time
        if isinstance(entry.event, TcpEnd) and association.abort is None:
            return entry.side, entry.event.how, entry.span.last_time
    return (association.abort.side, "A-ABORT", association.end_time) if association.abort is not None else None


def move_originator(request: Message) -> tuple[str, int] | None:
    """Return Move Originator AE Title and Message ID (0000,1030), (0000,1031) of a C-STORE-RQ, where it has both."""
    command = request.command
    if b"\0\0\x30\x10" not in command.raw:  # spares most captures the search for it
        return None
    title, number = command.text(0x00001030), command.uint(0x00001031)
    return (title, number) if title is not None and number is not None else None
