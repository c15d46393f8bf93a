"""Messages -> operations: a request, its responses, its cancellation and its sub-operations (PS3.7 §7, §9, §10)."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from dicomsniff.dictionary.commands import NORMALIZED_REQUESTS
from dicomsniff.dictionary.statuses import PENDING, find_status
from dicomsniff.dimse.contents import Content, ContentReader
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.queries import Query, QueryReader
from dicomsniff.dimse.sub_operations import RETRIEVALS, Progress, read_counters
from dicomsniff.side import SIDES, Side

MAX_UNMATCHED = 1000
"""Responses without a request that are kept: the end of what they answer may still come; and cancels of nothing."""
MAX_SAME_ID = 64
"""Outstanding requests with one Message ID; beyond, the oldest is no longer waited for."""


class Operation(Struct, eq=False):
    """One request and everything that belongs to it, as far as it came. Times are in ns."""

    request: Message
    parent: "Operation | None" = None
    """The C-GET of which this C-STORE is a sub-operation."""
    responses: int = 0
    pending: int = 0
    first_response: Message | None = None
    final: Message | None = None
    """The response with a status other than pending."""
    unread: bool = False
    """Whether the capture lacks the status of its latest response, which may be the final one."""
    cancel: Message | None = None
    reuses_id: bool = False
    """Whether a request with the same Message ID was outstanding when it came (PS3.7 §9.1, Message ID)."""
    waiting: int = 0
    """How many requests of its side were outstanding when it came, itself included; 0 where it never ended."""
    progress: Progress | None = None
    """What its responses counted of its sub-operations (C-MOVE and C-GET only); None before the first."""
    query: Query | None = None
    """What its identifiers ask for and give (C-FIND, C-MOVE and C-GET only); None where that is not looked at."""
    content: Content | None = None
    """What its data sets lack and say (normalized services only); None where nothing is asked of them."""
    sub_operations: int = 0
    """C-STORE sub-operations seen on the same association (C-GET only)."""
    stored: Counter[str] | None = None
    """Final statuses of those sub-operations, by category; None before the first."""

    def __repr__(self) -> str:
        how = "no final response" if self.final is None else self.category or "a status that is not known"
        return f"<{self.name} of message {self.request.number}: {how}>"

    @property
    def name(self) -> str:
        """The DIMSE service: `C-FIND`."""
        return self.request.command.service

    @property
    def side(self) -> Side:
        """Who invoked it."""
        return self.request.side

    @property
    def status(self) -> int | None:
        """The final status; None while there is none."""
        return self.final.command.status if self.final is not None else None

    @property
    def latency(self) -> int | None:
        """From the last byte of the request to the first byte of the first response; negative if that came earlier."""
        return None if self.first_response is None else self.first_response.latency

    @property
    def final_latency(self) -> int | None:
        """From the last byte of the request to the first byte of the final response."""
        return None if self.final is None else self.final.latency

    @property
    def announced(self) -> int:
        """Sub-operations in all, as pending responses counted; 0 where none did."""
        return (self.progress.total or 0) if self.progress is not None else 0

    @property
    def over(self) -> int:
        """Sub-operations that were over, as any response counted."""
        return self.progress.done if self.progress is not None else 0

    @property
    def counters(self) -> dict[str, int]:
        """What the final response counted of its sub-operations, by name; what that left out is absent."""
        return {} if self.final is None else read_counters(self.final.command).given()

    @property
    def category(self) -> str:
        """The final status's category: `Success`, `Warning`, `Failure`, `Cancel`; empty while or where unknown."""
        if self.final is None or self.status is None:
            return ""
        command = self.request.command
        return find_status(command.service, command.sop_class_uid, self.status).category


Key = tuple[Side, int]
"""The side that asked, and the Message ID of its request."""


MAX_OPERATIONS_BEFORE = 256
"""Operations before a packet that are looked at for the one that it may be about."""


def operations_before(operations: Sequence[Operation], packet: int) -> Sequence[Operation]:
    """Return the latest operations, listed as they began, whose requests had come whole before a packet."""
    before = bisect_left(operations, packet, key=lambda each: each.request.span.last_packet)
    return operations[max(before - MAX_OPERATIONS_BEFORE, 0) : before]


class OperationTracker:
    """Pairs the messages of one association, per direction, whatever the order of the responses.

    A response is paired by Message ID; where several requests with that ID are outstanding, one on the response's own
    presentation context goes before the others, then the oldest.
    """

    __slots__ = (
        "_contents",
        "_early",
        "_gets",
        "_outstanding",
        "_waiting",
        "count",
        "most_outstanding",
        "normalized",
        "operations",
        "queries",
        "reader",
        "unmatched_cancels",
        "unmatched_responses",
    )

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        """In the order in which the requests were whole."""
        self.count = 0
        self.unmatched_responses: list[Message] = []
        """Responses to nothing that was outstanding."""
        self.unmatched_cancels: list[Message] = []
        """C-CANCEL-RQs of nothing that was outstanding; those that cross a final response are among them."""
        self.most_outstanding = dict.fromkeys(SIDES, 0)
        """The most whole requests of one side that waited for a final response at a time, sub-operations included."""
        self._outstanding: dict[Key, list[Operation]] = {}
        self._waiting = dict.fromkeys(SIDES, 0)
        self._gets: list[Operation] = []
        self.queries: list[Operation] = []
        """Those of which the identifiers are read."""
        self.normalized: list[Operation] = []
        """Those of normalized services (PS3.7 §10)."""
        self.reader = QueryReader()
        self._contents = ContentReader()
        self._early: dict[Key, Message] = {}

    @property
    def outstanding(self) -> list[Operation]:
        """Operations without a final response, in the order in which they were invoked."""
        return [operation for waiting in self._outstanding.values() for operation in waiting]

    @property
    def has_outstanding(self) -> bool:
        """Whether an operation is without a final response."""
        return bool(self._outstanding)

    @property
    def unlisted(self) -> int:
        """Operations that are over and not listed, of an association that is not condensed."""
        return self.count - len(self.operations)

    def feed(self, message: Message, *, listed: bool = True) -> Operation | None:
        """Take a message; return the operation it belongs to, None for one that belongs to none.

        One that is not `listed` is paired and counted; its operation is not kept once it is over.
        """
        command = message.command
        if command.name == "C-CANCEL-RQ":
            return self._cancel(message)
        operation = self._respond(message) if command.is_response else self._invoke(message, listed=listed)
        if message.data_set is not None:
            message.data_set.identifier = None  # as far as it counts, it is read by now
        return operation

    def shorten(self, listed: set[int]) -> None:
        """Keep only the operations whose requests are listed (given by `id`)."""
        self.operations = [operation for operation in self.operations if id(operation.request) in listed]
        self.queries = [operation for operation in self.queries if id(operation.request) in listed]
        self.normalized = [operation for operation in self.normalized if id(operation.request) in listed]

    def _invoke(self, message: Message, *, listed: bool) -> Operation | None:
        number = message.command.message_id
        if number is None:
            return None
        operation = message.operation = Operation(message)
        self.count += 1
        if listed:
            self.operations.append(operation)
            operation.query = self.reader.ask(message)
            if operation.query is not None:
                self.queries.append(operation)
            if message.command.field in NORMALIZED_REQUESTS:
                operation.content = self._contents.ask(message)
                self.normalized.append(operation)
        key = (message.side, number)
        waiting = self._outstanding.setdefault(key, [])
        waiting.append(operation)
        if message.ended:
            self._count(operation, any(each.request.ended for each in waiting[:-1]))
        if len(waiting) > MAX_SAME_ID:
            self._stop_waiting(waiting[0])
        if operation.name == "C-GET":
            self._gets.append(operation)
        elif operation.name == "C-STORE":
            parent = next((get for get in self._gets if get.side is not message.side), None)
            if parent is not None:
                operation.parent = parent
                parent.sub_operations += 1
        # A peer may answer before it has the whole request: refuse a data set, say, while it is still being sent.
        early = self._early.pop(key, None)
        if early is not None and _answers(early, operation):
            self.unmatched_responses.remove(early)
            self._pair(early, operation)
        return operation

    def _count(self, operation: Operation, reuses_id: bool) -> None:
        side = operation.side
        self._waiting[side] += 1
        operation.reuses_id, operation.waiting = reuses_id, self._waiting[side]
        self.most_outstanding[side] = max(self.most_outstanding[side], operation.waiting)

    def _respond(self, message: Message) -> Operation | None:
        key = (message.side.other, message.command.message_id_being_responded_to or 0)
        waiting = self._outstanding.get(key)
        if not waiting or message.command.message_id_being_responded_to is None:
            if len(self.unmatched_responses) < MAX_UNMATCHED:
                self.unmatched_responses.append(message)
                self._early[key] = message
            return None
        same_context = (each for each in waiting if each.request.context_id == message.context_id)
        operation = next(same_context, waiting[0])
        self._pair(message, operation)
        return operation

    def _pair(self, response: Message, operation: Operation) -> None:
        response.operation = operation
        operation.responses += 1
        operation.first_response = operation.first_response or response
        status = response.command.status
        operation.unread = status is None and not response.has_whole_command
        if operation.name in RETRIEVALS:
            operation.progress = operation.progress or Progress()
            operation.progress.add(response)
        if operation.query is not None:
            self.reader.answer(operation.query, response)
        if operation.content is not None:
            self._contents.answer(operation.content, response)
        if status in PENDING:
            operation.pending += 1
        elif status is not None:
            operation.final = response
            self._stop_waiting(operation)
            if operation.parent is not None:
                parent = operation.parent
                parent.stored = parent.stored or Counter()
                parent.stored[operation.category] += 1

    def _stop_waiting(self, operation: Operation) -> None:
        key = (operation.side, operation.request.command.message_id or 0)
        waiting = self._outstanding[key]
        waiting.remove(operation)
        self._waiting[operation.side] -= operation.request.ended
        if not waiting:
            del self._outstanding[key]
        if operation.name == "C-GET":
            self._gets.remove(operation)

    def _cancel(self, message: Message) -> Operation | None:
        answered = message.command.message_id_being_responded_to
        waiting = self._outstanding.get((message.side, answered)) if answered is not None else None
        if not waiting:
            if len(self.unmatched_cancels) < MAX_UNMATCHED:
                self.unmatched_cancels.append(message)
            return None
        operation = message.operation = waiting[0]
        operation.cancel = operation.cancel or message
        return operation


def _answers(response: Message, operation: Operation) -> bool:
    asked = operation.request
    return (
        response.context_id == asked.context_id
        and response.command.message_id_being_responded_to == asked.command.message_id
        and response.command.service == asked.command.service
        and response.span.last_time >= asked.span.first_time
    )
