"""An association that went as another one did on a connection that was not followed: what was told of that one counts.

Two such associations differ in their ports, and in when and in which packets everything came. `Exchange` knows where
times stand in what is told of them; nothing else hangs on these as long as all is over soon (`tcp/repeats.py`).
"""

from array import array

from msgspec import Struct

from dicomsniff.association.association import Association, Party
from dicomsniff.association.timeline import Entry
from dicomsniff.capture.segments import flow_ends
from dicomsniff.dimse.message import Message
from dicomsniff.span import Span


class Told(Struct, frozen=True):
    """An entry of a timeline, and the places of its first packet among those of its connection."""

    entry: Entry
    first: int
    asked: int | None
    """Of a response: the place of the last packet of its request."""


class Exchange:
    """What was told of an association: `first` is told in full, others say where they differ."""

    __slots__ = ("_first_end", "_operations", "end", "entries", "first")

    def __init__(self, first: Association, packets: list[int]) -> None:
        places = {number: place for place, number in enumerate(packets)}
        self.first = first
        self.entries = [Told(entry, places[entry.span.first_packet], _asked(entry, places)) for entry in first.timeline]
        self.end = max(places[entry.span.last_packet] for entry in first.timeline)
        """The place of the packet with which it ended."""
        self._first_end = places[first.timeline[0].span.last_packet]
        self._operations = [(message, message.operation) for message in first.messages]

    def span(self, marks: "array[int]") -> Span:
        """Return the packets of the first entry, of an association whose packets are `marks`."""
        first, last = 3 * self.entries[0].first, 3 * self._first_end
        return Span(marks[first], marks[last], marks[first + 1], marks[last + 1], marks[first + 2])

    def restore(self) -> None:
        """Undo what dissolved the association."""
        for message, operation in self._operations:
            message.operation = operation


class Repeated(Association):
    """An association that went as the first one of an exchange did; what they have in common is that one's."""

    __slots__ = ("exchange", "marks")

    def __init__(self, number: int, exchange: Exchange, flow: bytes, marks: "array[int]") -> None:
        first, (here, there) = exchange.first, flow_ends(flow)
        self.id = number
        self.exchange, self.marks = exchange, marks
        self.requestor = Party(here, first.requestor.ae_title, first.requestor.information)
        self.acceptor = Party(there, first.acceptor.ae_title, first.acceptor.information)
        self.start_time, self.end_time = marks[1], marks[3 * exchange.end + 1]
        self.timeline, self.contexts, self.messages = first.timeline, first.contexts, first.messages

    def time(self, place: int) -> int:
        """When the packet at a place was captured (ns since 1970)."""
        return self.marks[3 * place + 1]

    def dissolve(self) -> None:
        """What refers to each other belongs to the exchange."""


def _asked(entry: Entry, places: dict[int, int]) -> int | None:
    request = entry.event.request if isinstance(entry.event, Message) else None
    return places[request.span.last_packet] if request is not None else None
