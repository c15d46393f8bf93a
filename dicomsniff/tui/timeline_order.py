"""A growing timeline -> its entries as they are listed: some are found only when the association is over."""

from bisect import bisect_left, insort

from dicomsniff.association.association import Association
from dicomsniff.association.entry_order import Order, span_order
from dicomsniff.association.timeline import Entry
from dicomsniff.dimse.message import Message
from dicomsniff.findings.finding import Finding
from dicomsniff.span import Span


class TimelineOrder:
    """The entries of one association by time, or by packets where its clock was set back, kept up as they come."""

    def __init__(self, association: Association) -> None:
        self.association = association
        self.entries: list[Entry] = []
        self._source = association.timeline
        self._taken = 0
        self._last: Entry | None = None
        self.order: Order = span_order(association)
        """What the spans of entries are listed by."""
        self.grow()

    def grow(self) -> None:
        """Take the entries that came since."""
        timeline = self.association.timeline
        if timeline is not self._source:  # it was given up to bound memory
            self._source, self._taken, self.entries = timeline, 0, []
        count = len(timeline)
        if count < self._taken:  # its last entry is just being replaced
            return
        if self._taken and timeline[self._taken - 1] is not self._last:
            place = self.find(self._last) if self._last is not None else None
            if place is not None:
                del self.entries[place]
            self._taken -= 1
        order = span_order(self.association)
        if order is not self.order:  # the clock was set back just now
            self.order, self._taken = order, 0
        if not self._taken:
            self.entries = sorted(timeline[:count], key=self.key)
        for entry in timeline[self._taken : count] if self._taken else ():
            insort(self.entries, entry, key=self.key)
        self._taken, self._last = count, timeline[count - 1] if count else None

    def key(self, entry: Entry) -> tuple[int, int]:
        """Return what an entry is listed by."""
        return self.order(entry.event.span)

    def _from(self, span: Span) -> range:
        """Return the places of entries from the first that is listed where a span is."""
        return range(bisect_left(self.entries, self.order(span), key=self.key), len(self.entries))

    def find(self, entry: Entry) -> int | None:
        """Return an entry's place."""
        key = self.key(entry)
        for place in self._from(entry.span):
            if self.entries[place] is entry:
                return place
            if self.key(self.entries[place]) != key:
                return None
        return None

    def like(self, entry: Entry) -> Entry | None:
        """Return an entry that is here, or else the one that is the same in what is listed here: a copy, say."""
        if self.find(entry) is not None:
            return entry
        key, name = self.key(entry), entry.event.name
        for place in self._from(entry.span):
            each = self.entries[place]
            if self.key(each) != key:
                return None
            if each.side is entry.side and each.event.name == name and each.span == entry.span:
                return each
        return None

    def find_message(self, message: Message) -> Entry | None:
        """Return a message's entry."""
        key = self.order(message.span)
        for place in self._from(message.span):
            event = self.entries[place].event
            if event is message or (isinstance(event, Message) and 0 < event.number == message.number):
                return self.entries[place]
            if self.key(self.entries[place]) != key:
                return None
        return None

    def find_cause(self, finding: Finding) -> Entry | None:
        """Return the entry that a finding is about: its own, else the first that ends no earlier."""
        if finding.about is not None and (entry := self.find_message(finding.about)) is not None:
            return entry
        for entry in self.entries:
            if entry.span == finding.span:
                return entry
        for entry in self.entries:
            if entry.span.last_packet >= finding.span.first_packet:
                return entry
        return None
