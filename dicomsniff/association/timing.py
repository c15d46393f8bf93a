"""Where the time of an association went: every moment of it under one heading, in numbers that do not grow."""

from collections import Counter
from enum import Enum
from typing import NamedTuple

from dicomsniff.association.latency import Latencies
from dicomsniff.dimse.message import Message
from dicomsniff.tcp.pauses import Cause

IDLE = 5_000_000_000
"""Time (ns) without anything sent or asked from which on an association is idle, not about to go on."""

MEASURABLE = 1 << 16
"""Bytes of messages below which a rate says more of single packets than of the path."""


class Part(Enum):
    """What a moment was spent on. With a side (True: the requestor): who thinks, or whose bytes are on their way."""

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


def operation_time(request: Message, first: Message | None, final: Message | None) -> OperationTime:
    """Divide an operation's time by its request, first response and final response."""
    return OperationTime(
        request.span.last_time - request.span.first_time,
        first.span.first_time - request.span.last_time if first is not None else None,
        final.span.last_time - first.span.first_time if first is not None and final is not None else None,
    )


class Wait(NamedTuple):
    """The longest time (ns) that a side had the word, and the request it was for: its name, id and number."""

    length: int = 0
    name: str = ""
    message_id: int | None = None
    number: int = 0
    answered: bool = True


class Timing:
    """The account of one association, kept as it goes: `spent` (ns) adds up to the time from `start` to `until`.

    Thinking as told apart from the network, and the causes of pauses, are estimates: a capture shows when packets
    passed it, not when they were sent.
    """

    __slots__ = ("bytes", "latencies", "longest_answer", "longest_request", "pauses", "spent", "start", "until")

    def __init__(self, start: int) -> None:
        self.start = self.until = start
        self.spent: Counter[tuple[Part, bool | None]] = Counter()
        """Time (ns) by part and side."""
        self.pauses: Counter[tuple[Part, bool | None]] = Counter()
        """How many pauses that time is made of, for the parts that are pauses."""
        self.latencies = Latencies()
        """From the last byte of a request to the first byte of its first response, as captured."""
        self.longest_answer: dict[bool, Wait] = {}
        """The longest that each side (True: the requestor) thought about one request."""
        self.longest_request: dict[bool, Wait] = {}
        """The longest that each side thought before a request of its own."""
        self.bytes = {True: 0, False: 0}
        """Bytes of the messages that each side sent."""

    @property
    def total(self) -> int:
        """The time (ns) accounted for."""
        return self.until - self.start

    def part(self, part: Part, *sides: bool | None) -> int:
        """Return the time (ns) spent on a part, of all sides unless some are named."""
        return sum(time for (each, side), time in self.spent.items() if each is part and (not sides or side in sides))

    def transfer_time(self, *, from_requestor: bool) -> int:
        """Return the time (ns) in which one side's messages were on their way, pauses included."""
        return sum(self.spent[part, from_requestor] for part in IN_TRANSFER)

    def throughput(self, *, from_requestor: bool) -> float | None:
        """Return the bytes of messages per second of transfer; None for too few to tell."""
        time = self.transfer_time(from_requestor=from_requestor)
        return self.bytes[from_requestor] * 1e9 / time if time and self.bytes[from_requestor] >= MEASURABLE else None

    def spend(self, part: Part, side: bool | None, time: int) -> None:
        """Account for a time (ns) that has passed."""
        if time > 0:
            self.spent[part, side] += time

    def add_message(self, message: Message) -> None:
        """Count a message's bytes."""
        data = message.data_set
        self.bytes[message.from_requestor] += len(message.command.raw) + (data.length if data is not None else 0)

    def add_wait(self, request: Message, thinker: bool, length: int, *, answered: bool = True) -> None:
        """Take note of how long (ns) a side thought about a request, or before it."""
        longest = self.longest_answer if thinker is not request.from_requestor else self.longest_request
        if length > longest.get(thinker, Wait()).length:
            longest[thinker] = Wait(length, request.name, request.command.message_id, request.number, answered)

    def condense(self) -> None:
        """Keep no more than what is shown of it."""
        self.latencies.condense()
