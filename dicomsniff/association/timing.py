"""Where the time of an association went: every moment of it under one heading, in numbers that do not grow."""

from enum import StrEnum
from typing import NamedTuple

from dicomsniff.association.latency import Latency
from dicomsniff.dimse.message import Message
from dicomsniff.dimse.operations import Operation
from dicomsniff.side import SIDES, Side
from dicomsniff.tcp.pauses import Cause

IDLE = 5_000_000_000
"""Time (ns) without anything sent or asked from which on an association is idle, not about to go on."""

MAX_SERVICES = 32
"""Services told apart in one association; a peer may invent command fields (PS3.7 knows 11)."""
MEASURABLE = 1 << 16
"""Bytes of messages below which a rate says more of single packets than of the path."""


class Part(StrEnum):
    """What a moment was spent on. Its side, if any, is the one that thinks, or whose bytes travel."""

    HANDSHAKE = "handshake"
    """TCP: from the first SYN until both sides know the connection open."""
    NEGOTIATION = "negotiation"
    """The acceptor has the A-ASSOCIATE-RQ and has not begun to answer."""
    THINKING = "thinking"
    """One side has the word: a request to answer or, where nothing is asked, the next request to make."""
    NETWORK = "network"
    """Of the time between one side's bytes and the other's answer, what a round trip takes: an estimate."""
    TRANSFER = "transfer"
    """From the first to the last byte of a message or PDU, where nothing below explains it."""
    RETRANSMISSION = "retransmission"
    WINDOW = "window"
    DELAYED_ACK = "delayed_acknowledgement"
    ROUND_TRIP = "round_trip"
    """Within a transfer: pauses until an acknowledgement arrived, in no more than its time on the way."""
    PAUSE = "pause"
    """Within a transfer: nothing hindered its sender."""
    IDLE = "idle"
    """Nothing is asked, nothing is sent."""
    RELEASE = "release"
    """A-RELEASE-RQ is not answered yet."""
    AFTER = "after"
    """The association is over, the connection is not."""


_Key = tuple[Part, Side | None]
_KEYS: dict[Part, dict[Side | None, _Key]] = {part: {side: (part, side) for side in (*SIDES, None)} for part in Part}
"""Every key there can be, once: a capture may hold a hundred thousand associations."""
STALLS = {
    Cause.RETRANSMISSION: Part.RETRANSMISSION,
    Cause.WINDOW: Part.WINDOW,
    Cause.DELAYED_ACK: Part.DELAYED_ACK,
    Cause.ROUND_TRIP: Part.ROUND_TRIP,
    Cause.SENDER: Part.PAUSE,
}
"""Pauses as the TCP stage explains them."""
IN_TRANSFER = (Part.TRANSFER, *STALLS.values())


class OperationTime(NamedTuple):
    """Where the time (ns) of one operation went; later parts are None while, or where, they are not known."""

    request: int
    """From the first to the last byte of the request."""
    waiting: int | None
    """From there to the first byte of the first response, the way included; negative if that came earlier."""
    responses: int | None
    """From there to the last byte of the final response, what the responder thought between pending ones included."""


def operation_time(operation: Operation) -> OperationTime:
    """Divide an operation's time by its request, first response and final response."""
    asked, first, final = operation.request.span, operation.first_response, operation.final
    answered = final.span.last_time - first.span.first_time if first is not None and final is not None else None
    return OperationTime(asked.last_time - asked.first_time, operation.latency, answered)


class Wait(NamedTuple):
    """The longest time (ns) that a side had the word, and what for: a request (name, id, number), or a PDU by name."""

    length: int = 0
    name: str = ""
    message_id: int | None = None
    number: int = 0
    answered: bool = True


_NO_WAIT = Wait()


class Timing:
    """The account of one association, kept as it goes: `spent` (ns) adds up to the time from `start` to `until`.

    Thinking as told apart from the network, and the causes of pauses, are estimates: a capture shows when packets
    passed it, not when they were sent.
    """

    __slots__ = ("_longest", "bytes", "first_latencies", "latencies", "pauses", "spent", "start", "until")

    def __init__(self, start: int) -> None:
        self.start = self.until = start
        self.spent: dict[_Key, int] = {}
        """Time (ns) by part and side."""
        self.pauses: dict[_Key, int] = {}
        """How many pauses that time is made of, for the parts that are pauses."""
        self.latencies: dict[str, Latency] = {}
        """By service, from the last byte of a request to the first byte of its final response, as captured.

        Those beyond MAX_SERVICES services are counted under an empty name.
        """
        self.first_latencies: dict[str, Latency] = {}
        """The same up to the first response, of operations whose first response was not the final one."""
        self._longest: dict[tuple[Side, Side], Wait] = {}
        """By who had the word and whose the request was."""
        self.bytes = dict.fromkeys(SIDES, 0)
        """Bytes of the messages that each side sent."""

    @property
    def total(self) -> int:
        """The time (ns) accounted for."""
        return self.until - self.start

    def part(self, part: Part, *sides: Side | None) -> int:
        """Return the time (ns) spent on a part, of all sides unless some are named."""
        return sum(time for (each, side), time in self.spent.items() if each is part and (not sides or side in sides))

    def transfer_time(self, side: Side) -> int:
        """Return the time (ns) in which one side's messages were on their way, pauses included."""
        return sum(self.spent.get((part, side), 0) for part in IN_TRANSFER)

    def throughput(self, side: Side) -> float | None:
        """Return the bytes of messages per second of transfer; None for too few to tell."""
        time = self.transfer_time(side)
        return self.bytes[side] * 1e9 / time if time and self.bytes[side] >= MEASURABLE else None

    def count(self, part: Part, *sides: Side | None) -> int:
        """Return how many pauses a part is made of, of all sides unless some are named."""
        return sum(
            count for (each, side), count in self.pauses.items() if each is part and (not sides or side in sides)
        )

    def longest_answer(self, side: Side) -> Wait:
        """Return the longest that a side thought about one request."""
        return self._longest.get((side, side.other), _NO_WAIT)

    def longest_request(self, side: Side) -> Wait:
        """Return the longest that a side thought before a request of its own."""
        return self._longest.get((side, side), _NO_WAIT)

    @property
    def longest(self) -> tuple[Side, Wait] | None:
        """The longest that either side had the word, and which; None before either had it."""
        every = [(side, wait) for (side, _), wait in self._longest.items()]
        return max(every, key=lambda each: each[1].length, default=None)

    def spend(self, part: Part, side: Side | None, time: int, pauses: int = 0) -> None:
        """Account for a time (ns) that has passed, in so many pauses."""
        key = _KEYS[part][side]
        if time > 0:
            self.spent[key] = self.spent.get(key, 0) + time
        if pauses:
            self.pauses[key] = self.pauses.get(key, 0) + pauses

    def rebook(self, part: Part, other: Part, side: Side, time: int) -> None:
        """Account for a time (ns) of one side, spent on one part as it seemed, under another one that is nobody's."""
        key = _KEYS[part][side]
        time = min(time, self.spent.get(key, 0))
        if time > 0:
            self.spent[key] -= time
            if not self.spent[key]:
                del self.spent[key]
            self.spend(other, None, time)

    def add_latency(self, service: str, latency: int, message: int, *, final: bool) -> None:
        """Count an answer, the final or a first one, which has this number among the association's messages."""
        latencies = self.latencies if final else self.first_latencies
        if service not in latencies and len(latencies) >= MAX_SERVICES:
            service = ""
        found = latencies.get(service)
        if found is None:
            found = latencies[service] = Latency()
        found.add(latency, message)

    def add_message(self, message: Message) -> None:
        """Count a message's bytes."""
        data = message.data_set
        self.bytes[message.side] += len(message.command.raw) + (data.length if data is not None else 0)

    def add_wait(self, request: Message, side: Side, length: int, *, answered: bool = True) -> None:
        """Take note of how long (ns) a side thought about a request, or before it."""
        key = side, request.side
        if length > self._longest.get(key, _NO_WAIT).length:
            self._longest[key] = Wait(length, request.name, request.command.message_id, request.number, answered)

    def add_end(self, name: str, side: Side, length: int) -> None:
        """Take note of how long (ns) a side thought before it ended the association by a PDU of that name."""
        if length > self._longest.get((side, side), _NO_WAIT).length:
            self._longest[side, side] = Wait(length, name)
