"""The messages of an association that is over, paired into operations, for the rules on them (PS3.7 §7, §9, §10)."""

from dataclasses import dataclass, field

from dicomsniff.association.association import Association
from dicomsniff.dimse.message import Message

CANCEL = 0x0FFF
PENDING = (0xFF00, 0xFF01)
_COUNTERS = (0x00001020, 0x00001021, 0x00001022, 0x00001023)
UNLIMITED = 1 << 16


@dataclass(slots=True)
class Counters:
    """Sub-operation counters as one response gives them; None where it does not (PS3.7 §9.1.3, §9.1.4)."""

    message: Message
    remaining: int | None
    completed: int | None
    failed: int | None
    warning: int | None

    @property
    def done(self) -> int:
        """Sub-operations that are over."""
        return (self.completed or 0) + (self.failed or 0) + (self.warning or 0)


@dataclass(slots=True)
class Operations:
    """What one walk over the messages shows. Sides are told by `from_requestor`."""

    repeated: list[Message] = field(default_factory=list)
    """Requests whose message id was that of an outstanding one."""
    most: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    """The most operations a side had outstanding."""
    crowded: dict[bool, Message] = field(default_factory=dict)
    """The first request with which a side went beyond what was negotiated."""
    answers: list[tuple[Message, Message]] = field(default_factory=list)
    """Responses that differ from their request in service or context, each with it."""
    cancels: list[Message] = field(default_factory=list)
    """C-CANCEL of what was never asked."""
    counted: dict[int, list[Counters]] = field(default_factory=dict)
    """Sub-operation counters by the number of the request."""


def walk_operations(association: Association) -> Operations:
    """Pair requests and responses in the order in which they ended."""
    found = Operations()
    asked: dict[bool, dict[int, Message]] = {True: {}, False: {}}
    ever: dict[bool, set[int]] = {True: set(), False: set()}
    for message in association.messages:
        command, side = message.command, message.from_requestor
        if not message.ended:
            continue
        if command.field == CANCEL:
            answered = command.message_id_being_responded_to
            if answered is not None and answered not in ever[side]:
                found.cancels.append(message)
        elif command.is_response:
            _answer(found, message, asked[not side])
        elif command.message_id is not None:
            open_now = asked[side]
            if command.message_id in open_now:
                found.repeated.append(message)
            open_now[command.message_id] = message
            ever[side].add(command.message_id)
            count = len(open_now) + (message in found.repeated[-1:])
            found.most[side] = max(found.most[side], count)
            if side not in found.crowded and count > window(association, from_requestor=side):
                found.crowded[side] = message
    return found


def _answer(found: Operations, message: Message, asked: dict[int, Message]) -> None:
    command = message.command
    number = command.message_id_being_responded_to
    request = asked.get(number) if number is not None else None
    if request is None or number is None:
        return
    if request.command.service != command.service or request.context_id != message.context_id:
        found.answers.append((message, request))
    if command.service in ("C-MOVE", "C-GET"):
        elements = command.elements
        if any(tag in elements for tag in _COUNTERS):
            counts = [int.from_bytes(elements[tag][:2], "little") if tag in elements else None for tag in _COUNTERS]
            found.counted.setdefault(request.number, []).append(Counters(message, *counts))
    if command.status not in PENDING:
        del asked[number]


def window(association: Association, *, from_requestor: bool) -> int:
    """Return how many operations a side may have outstanding; UNLIMITED also where it is unknown (PS3.7 §D.3.3.3)."""
    request, accept = association.request, association.accept
    if request is None or accept is None or request.problem or accept.problem:
        return UNLIMITED
    asked = request.user_information.asynchronous_operations_window
    given = accept.user_information.asynchronous_operations_window
    if asked is None or given is None:
        return 1
    return (given.invoked if from_requestor else given.performed) or UNLIMITED
